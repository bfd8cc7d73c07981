"""The report as Markdown: where it goes, and what a reviewer reads there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pytester.project_files import SAME, store
from tests.unit.rendered import rendered

TESTS = """
import pytest
from arms import *

@pytest.mark.parametrize("name", ["a|b", "*c*"])
def test_same(genesis_perf, name):
    genesis_perf.compare(baseline=slow, optimized=slow)

def test_other(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=lambda: [1.5, "other"])
"""


@pytest.fixture
def tested(project: pytest.Pytester) -> pytest.Pytester:
    """Return a project in which two comparisons pass and one differs."""
    project.makepyfile(test_it=TESTS)
    names = ("test_same[a|b]", "test_same[*c*]", "test_other")
    store(project, {}, digests=dict.fromkeys(names, SAME))
    return project


def test_the_worst_stands_first_with_its_reason_and_the_rest_is_folded(tested: pytest.Pytester) -> None:
    result = tested.runpytest_subprocess("--genesis-perf-markdown=out/report.md", "--genesis-perf-seed=7")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["report: *out*report.md"])
    page = (tested.path / "out" / "report.md").read_text(encoding="utf-8")
    seen = rendered(page)
    assert seen.headings == [
        "genesis-perf: 1 DIFFERENT, 2 PASS (identity only; add --genesis-perf to judge speed)"
    ]
    head = ["verdict", "comparison", "identical", "work"]
    assert seen.tables == [
        [head, ["DIFFERENT", "test_it.py::test_other", "NO", ""]],
        [
            head,
            ["PASS", "test_it.py::test_same[*c*]", "yes", ""],
            ["PASS", "test_it.py::test_same[a|b]", "yes", ""],
        ],
    ]
    assert page.index("<details><summary>2 PASS</summary>") < page.index("test_same[*c*]")
    told = "DIFFERENT test_it.py::test_other: the arms differ result[1]: "
    assert told in seen.text
    assert "    pytest test_it.py::test_other\n" in page


def test_measured_speeds_stand_in_the_table(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="from arms import *\n"
        "def test_it(genesis_perf):\n"
        "    genesis_perf.compare(baseline=slow, optimized=middle, min_speedup=1.1, work='4000 turns')\n"
    )
    project.runpytest_subprocess("--genesis-perf", "--genesis-perf-report=report", "--genesis-perf-seed=7")
    page = (project.path / "report" / "genesis-perf.md").read_text(encoding="utf-8")
    seen = rendered(page)
    ((head, row),) = seen.tables
    assert head == ["verdict", "comparison", "identical", "speedup", "stored", "work"]
    assert row[:3] == ["NO-BASELINE", "test_it.py::test_it", "yes"]
    assert row[3].startswith(("1.", "2."))
    assert "x [" in row[3]
    assert row[4:] == ["-", "4000 turns"]
    assert "; seed 7" in seen.text


def test_what_many_warnings_share_is_said_once(project: pytest.Pytester) -> None:
    project.makepyfile(test_it=TESTS)
    store(project, {}, digests={"test_other": SAME})
    project.runpytest_subprocess(
        "--genesis-perf-markdown=r.md", "-o", "genesis_perf_no_digest=warn", "-k", "test_same"
    )
    seen = rendered((project.path / "r.md").read_text(encoding="utf-8"))
    (told,) = [line for line in seen.text.splitlines() if line.startswith("NO-BASELINE test_it")]
    assert told.startswith("NO-BASELINE test_it.py::test_same[*c*], test_it.py::test_same[a|b]: ")


def test_it_is_appended_and_the_option_goes_before_the_ini_key(tested: pytest.Pytester) -> None:
    file = tested.path / "log.md"
    file.write_text("before", encoding="utf-8")
    tested.makeini("[pytest]\ngenesis_perf_markdown = log.md\n")
    for _ in range(2):
        tested.runpytest_subprocess()
    seen = rendered(file.read_text(encoding="utf-8"))
    assert len(seen.headings) == 2
    assert seen.text.startswith("before")
    tested.runpytest_subprocess("--genesis-perf-markdown=other.md")
    assert len(rendered(file.read_text(encoding="utf-8")).headings) == 2
    assert (tested.path / "other.md").is_file()


def test_github_shows_it_as_the_summary_of_the_job(
    tested: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tested.path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    tested.runpytest_subprocess()
    assert len(rendered(summary.read_text(encoding="utf-8")).tables) == 2


def test_a_summary_that_cannot_be_written_is_a_warning(
    tested: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tested.path))
    result = tested.runpytest_subprocess("-k", "test_same")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["genesis-perf: WARNING: no summary of this job: GITHUB_STEP_SUMMARY: *"])


def test_a_folder_is_refused_before_anything_runs(tested: pytest.Pytester) -> None:
    result = tested.runpytest_subprocess("--genesis-perf-markdown=.")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--genesis-perf-markdown: * is a folder, not a file"])


def test_a_file_that_cannot_be_written_fails_the_run(
    tested: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tested.path / "summary.md"))
    (tested.path / "file").write_text("", encoding="utf-8")
    result = tested.runpytest_subprocess("-k", "test_same", "--genesis-perf-markdown=file/report.md")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["genesis-perf: ERROR: the report could not be written: *"])
    # What went wrong is told where people look.
    assert "the report could not be written" in (tested.path / "summary.md").read_text(encoding="utf-8")


def test_workers_of_xdist_write_one_report(tested: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tested.path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    tested.runpytest_subprocess("-p", "xdist", "-n2")
    assert len(rendered(summary.read_text(encoding="utf-8")).headings) == 1


def test_without_a_comparison_nothing_is_written(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = Path(project.path / "summary.md")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    project.makepyfile(test_it="def test_it(): pass")
    project.runpytest_subprocess().assert_outcomes(passed=1)
    assert not summary.exists()
