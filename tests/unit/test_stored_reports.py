"""``genesis-perf show`` and ``genesis-perf compare``, run as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_genesis_perf.report.json import write
from pytest_genesis_perf.report.model import Report
from tests.unit.program import run_program as run
from tests.unit.rendered import rendered
from tests.unit.reports import HERE, comparison, failing, report


def stored(folder: Path, told: Report) -> Path:
    folder.mkdir()
    write(folder, told)
    return folder


def test_show_prints_what_the_run_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stored(tmp_path / "report", report(comparison(), failing(), errors=("broken",)))
    code, out, err = run(capsys, monkeypatch, "show", folder)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"{folder}: {HERE.text()}; seed 42"
    assert lines[1].split() == [
        "verdict",
        "comparison",
        "identical",
        "speedup",
        "baseline",
        "optimized",
        "work",
    ]
    assert lines[2].startswith("REGRESSED  test_it.py::test_failing  yes        0.900x [0.890, 0.910]")
    assert lines[3].startswith("PASS       test_it.py::test_fast     yes           3.00x [2.95, 3.05]")
    assert lines[4:] == [
        "genesis-perf: 1 REGRESSED, 1 PASS (2 judged; chance of any false alarm among them at most 2e-05)",
        "genesis-perf: ERROR: broken",
    ]


def test_show_tells_more_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stored(tmp_path / "report", report(comparison()))
    _, out, _ = run(capsys, monkeypatch, "show", folder, "-v")
    assert 'tests/test_it.py::test_fast: PASS: the claim "not slower by more than 2%" holds' in out
    assert (
        "    claim: not slower by more than 2%; 32 blocks, a slice is 1 baseline calls, 3 optimized calls"
        in out
    )


def test_several_reports_are_shown_one_after_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [stored(tmp_path / name, report(comparison())) for name in ("a", "b")]
    _, out, _ = run(capsys, monkeypatch, "show", *folders)
    assert [line.split(":")[0] for line in out.splitlines() if "; seed 42" in line] == list(map(str, folders))
    assert "\n\n" in out


def test_show_as_markdown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stored(tmp_path / "report", report(comparison()))
    _, out, _ = run(capsys, monkeypatch, "show", folder, "--format", "markdown")
    assert rendered(out).headings[0].startswith("genesis-perf: 1 PASS")


def test_a_report_of_identity_alone_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = {"timed": False, "speedup": None, "interval": None, "seconds": None, "blocks": (), "work": None}
    folder = stored(tmp_path / "report", report(comparison(**bare), mode="identity", gates=0))
    _, out, _ = run(capsys, monkeypatch, "show", folder)
    assert "verdict  comparison             identical\nPASS     test_it.py::test_fast  yes\n" in out
    assert "genesis-perf: 1 PASS (identity only; add --genesis-perf to judge speed)" in out


@pytest.mark.parametrize(("color", "coloured"), [("always", True), ("never", False), ("auto", False)])
def test_colour_is_the_users_choice(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    color: str,
    coloured: bool,
) -> None:
    folder = stored(tmp_path / "report", report(failing()))
    for command in (["show", folder], ["compare", folder, folder]):
        _, out, _ = run(capsys, monkeypatch, *command, "--color", color)
        assert ("\033[1m" in out) is coloured
    _, out, _ = run(capsys, monkeypatch, "show", folder, "--color", color)
    assert ("\033[31mREGRESSED\033[0m" in out) is coloured


def test_compare_says_what_changed_and_how_far_to_trust_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored(tmp_path / "before", report(comparison(), comparison("same"), comparison("gone")))
    now = comparison(speedup=1.5, interval=(1.4, 1.6), digest="11ee")
    after = stored(
        tmp_path / "after",
        report(
            now, comparison("same"), environment=HERE.__class__("CPython 3.12", "x86_64", "Some CPU", 2, ())
        ),
    )
    code, out, err = run(capsys, monkeypatch, "compare", before, after)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["change", "comparison", "before", "after", "after/before"]
    told = "other results, slower test_it.py::test_fast 3.00x [2.95, 3.05] 1.500x [1.400, 1.600] -50.0%"
    assert lines[1].split() == told.split()
    assert lines[2].split()[:2] == ["gone", "test_it.py::test_gone"]
    assert lines[3].split()[-1] == "+0.0%"
    assert lines[4] == "test_it.py::test_fast: digest: 00ff before, 11ee after"
    assert lines[5] == "another environment class: python is CPython 3.12 after, CPython 3.11 before"
    assert lines[-2] == "genesis-perf: 1 other results, 1 gone, 1 same"
    assert lines[-1].endswith("A change between runs is a hint, not a verdict.")


def test_compare_as_json_is_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored(tmp_path / "before", report(comparison()))
    after = stored(tmp_path / "after", report(comparison(speedup=1.5, interval=(1.4, 1.6)), failing("new")))
    _, out, _ = run(capsys, monkeypatch, "compare", before, after, "--json", "-")
    plain = json.loads(out)
    assert plain["schema"] == 1
    slower, new = plain["comparisons"]
    assert (slower["changes"], slower["ratio"]) == (["slower"], 0.5)
    assert slower["after"] == {"verdict": "PASS", "speedup": 1.5, "interval": [1.4, 1.6], "digest": "00ff"}
    assert (new["changes"], new["before"]) == (["new"], None)


def test_the_tolerance_decides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored(tmp_path / "before", report(comparison()))
    after = stored(tmp_path / "after", report(comparison(speedup=2.0, interval=(1.99, 2.01))))
    assert "1 slower" in run(capsys, monkeypatch, "compare", before, after)[1]
    assert "1 same" in run(capsys, monkeypatch, "compare", before, after, "--tolerance", 0.6)[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["show"], "Missing argument 'REPORT...'"),
        (
            ["show", "nowhere"],
            "nowhere: No such file or directory; a report is written by --genesis-perf-report=DIR",
        ),
        (["compare", "nowhere"], "Missing argument 'AFTER'"),
        (["compare", ".", "."], "genesis-perf.json: No such file or directory"),
        (
            ["compare", "a", "b", "--tolerance", "0"],
            "must be a share over 0 and under 10, such as 0.10, not 0",
        ),
        (
            ["compare", "a", "b", "--tolerance", "nan"],
            "must be a share over 0 and under 10, such as 0.10, not nan",
        ),
        (["show", "a", "--format", "pdf"], "'pdf' is not one of 'text', 'markdown'"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, monkeypatch, *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert told in err


def test_the_program_itself_shows_a_report(tmp_path: Path) -> None:
    """In a process of its own: what it imports, and that standard output alone is written."""
    folder = stored(tmp_path / "report", report(comparison()))
    code = "from pytest_genesis_perf.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "show", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "PASS" in done.stdout
