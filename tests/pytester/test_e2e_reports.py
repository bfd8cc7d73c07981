"""What a run says: terminal at all verbosities and widths, JSON, chart, colour."""

from __future__ import annotations

import json
import math
from statistics import median

import pytest

from pytest_genesis_perf.record import Comparison

TESTS = """
from arms import *

class Planned:
    def __init__(self, path, **counters):
        self.plan = {"path": path, **counters}
    def __genesis_identity__(self):
        return work(20)
    def __genesis_plan__(self):
        return self.plan

def test_fast(genesis_perf):
    def baseline():
        work(4000)
        return Planned("recompute", steps=4000)
    def optimized():
        return Planned("cached(recompute)", hits=400)
    genesis_perf.compare(baseline=baseline, optimized=optimized, work="400 bars")

def test_failing(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=other, label="other arms")
"""


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    project.makepyfile(test_it=TESTS)
    return project.runpytest_subprocess("--genesis-perf", *arguments)


def test_the_report_holds_all_that_is_needed_to_judge_again(project: pytest.Pytester) -> None:
    result = run(project, "--genesis-perf-report=out/report", "--genesis-perf-seed=42")
    folder = project.path / "out" / "report"
    assert sorted(path.name for path in folder.iterdir()) == [
        "genesis-perf-blocks.png",
        "genesis-perf-blocks.svg",
        "genesis-perf-speedup.png",
        "genesis-perf-speedup.svg",
        "genesis-perf.html",
        "genesis-perf.json",
        "genesis-perf.md",
    ]
    page = folder / "genesis-perf.html"
    result.stdout.fnmatch_lines([f"report: {page}, beside it .json, .md and 2 charts (.svg, .png)"])
    report = json.loads((folder / "genesis-perf.json").read_text(encoding="utf-8"))
    assert report["schema"] == 2
    assert report["seed"] == 42
    assert report["mode"] == "speed"
    assert set(report["environment"]) == {"python", "machine", "cpu", "cores", "libraries", "more"}
    assert report["gates"] == {"judged": 1, "family_bound": 1e-5}

    failing, fast = map(Comparison.from_plain, report["comparisons"])
    assert (failing.verdict, failing.label, failing.speedup) == ("DIFFERENT", "other arms", None)
    assert fast.verdict == "NO-BASELINE"
    assert fast.work == "400 bars"
    assert fast.seed == "42 test_it.py::test_fast comparison"
    assert fast.plans == {
        "baseline": {"path": "recompute", "steps": 4000},
        "optimized": {"path": "cached(recompute)", "hits": 400},
    }
    # The samples give the printed numbers.
    assert len(fast.blocks) >= 32
    assert fast.speedup == pytest.approx(math.exp(-median(fast.blocks)))
    assert fast.interval is not None
    assert fast.interval[0] <= fast.speedup <= fast.interval[1]
    assert min(fast.calls.values()) >= 1
    assert fast.seconds is not None
    assert fast.seconds["baseline"] > fast.seconds["optimized"]


def test_identity_alone_is_reported_too(project: pytest.Pytester) -> None:
    project.makepyfile(test_it=TESTS)
    project.runpytest_subprocess("--genesis-perf-report=report")
    report = json.loads((project.path / "report" / "genesis-perf.json").read_text(encoding="utf-8"))
    assert report["mode"] == "identity"
    assert [c["verdict"] for c in report["comparisons"]] == ["DIFFERENT", "PASS"]


def test_a_run_without_comparisons_says_so_and_leaves_no_older_report_standing(
    project: pytest.Pytester,
) -> None:
    run(project, "--genesis-perf-report=report")
    project.makepyfile(test_it="def test_it(): pass")
    result = project.runpytest_inprocess("--genesis-perf", "--genesis-perf-report=report")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["genesis-perf: no comparison"])
    report = json.loads((project.path / "report" / "genesis-perf.json").read_text(encoding="utf-8"))
    assert report["comparisons"] == []
    assert not list((project.path / "report").glob("*.svg"))
    project.makepyfile(test_it="syntax error")
    project.runpytest_inprocess("--genesis-perf-report=again")
    assert (project.path / "again" / "genesis-perf.html").is_file()


def test_looking_up_what_there_is_writes_no_report(project: pytest.Pytester) -> None:
    run(project, "--collect-only", "--genesis-perf-report=report")
    assert not (project.path / "report").exists()


SURROGATE = """
def test_it(genesis_perf):
    def arm():
        raise ValueError("caf\\udce9")
    genesis_perf.compare(baseline=arm, optimized=arm)
"""


def test_text_that_no_file_can_hold_is_shown_by_its_number(project: pytest.Pytester) -> None:
    project.makepyfile(test_it=SURROGATE)
    result = project.runpytest_subprocess("--genesis-perf-report=report", "--genesis-perf-markdown=more.md")
    result.assert_outcomes(failed=1)
    assert "INTERNALERROR" not in str(result.stdout)
    for file in ("report/genesis-perf.html", "report/genesis-perf.json", "more.md"):
        assert "udce9" in (project.path / file).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            ("--genesis-perf-markdown=same", "--genesis-perf-history=same"),
            "--genesis-perf-history: *same is also the file of --genesis-perf-markdown",
        ),
        (
            ("--genesis-perf-report=r", "--genesis-perf-history=r/genesis-perf.json"),
            "--genesis-perf-history: *genesis-perf.json is a file of the report in *r",
        ),
    ],
)
def test_files_that_would_be_written_over_each_other_are_a_mistake(
    project: pytest.Pytester, options: tuple[str, ...], told: str
) -> None:
    result = run(project, *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {told}"])


def test_the_table_is_worst_first_and_the_seed_is_printed(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")  # room for the names, however wide an interval gets
    result = run(project, "--genesis-perf-seed=42")
    result.stdout.fnmatch_lines(
        [
            "genesis-perf: *; seed 42; speed baselines: 0 of 0 active",
            "=* genesis-perf =*",
            "verdict * comparison * identical * speedup * work",
            "DIFFERENT * test_it.py::test_failing / other arms * NO * -*",
            "NO-BASELINE * test_it.py::test_fast * yes *x [[]*]* 400 bars, 400 hits",
            "genesis-perf: 1 DIFFERENT, 1 NO-BASELINE (1 judged; * at most 1e-05)",
        ]
    )


def test_without_a_seed_every_run_draws_its_own(project: pytest.Pytester) -> None:
    project.makepyfile(test_it="def test_it(): pass")
    headers = {
        next(line for line in project.runpytest_inprocess("--genesis-perf").outlines if "; seed " in line)
        for _ in range(3)
    }
    assert len(headers) == 3


def test_details_come_with_verbosity(project: pytest.Pytester) -> None:
    result = run(project, "-v")
    result.stdout.fnmatch_lines(
        [
            "test_it.py::test_fast: NO-BASELINE: *",
            "    claim: not slower by more than 2%; * blocks, a slice is * baseline calls, * optimized calls",
            "    plans: baseline ran recompute, steps 4000; optimized ran cached(recompute), hits 400",
            "    digest: *",
        ]
    )


def test_quiet_leaves_the_verdict_line(project: pytest.Pytester) -> None:
    result = run(project, "-q")
    told = [line for line in result.outlines if "genesis-perf" in line and not line.startswith("reproduce")]
    assert len(told) == 1
    assert told[0].startswith("genesis-perf: 1 DIFFERENT, 1 NO-BASELINE")
    assert not any(line.startswith("verdict ") for line in result.outlines)


@pytest.mark.parametrize("width", [72, 100, 160])
def test_the_table_fits_the_terminal(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = run(project).outlines
    head = next(number for number, line in enumerate(lines) if line.startswith("verdict "))
    table = lines[head : head + 3]
    assert max(map(len, table)) <= width
    assert "test_i" in table[1]
    assert "other arms" in table[1]
    assert "speedup" in table[0]


@pytest.mark.parametrize(("choice", "coloured"), [("yes", True), ("no", False)])
def test_colour_is_pytests_choice(project: pytest.Pytester, choice: str, coloured: bool) -> None:
    result = run(project, f"--color={choice}")
    assert ("\x1b[31mDIFFERENT\x1b[0m" in str(result.stdout)) is coloured
    assert ("\x1b[" in str(result.stdout)) is coloured


def test_no_color_is_heeded_where_pytest_would_colour(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PY_COLORS")  # set by pytester
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[31mDIFFERENT\x1b[0m" in str(run(project).stdout)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in str(run(project).stdout)


def test_a_report_that_cannot_be_written_is_an_error_not_a_crash(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        def test_it(genesis_perf):
            genesis_perf.compare(baseline=int, optimized=int)
            # The folder was free when the run began.
            open("report", "w").close()
        """
    )
    result = project.runpytest_inprocess("--genesis-perf-report=report")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["genesis-perf: ERROR: the report could not be written: *report*"])
