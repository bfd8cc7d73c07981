"""``--genesis-perf-history``: each measured comparison leaves a line, and a run that cannot leave it fails."""

from __future__ import annotations

import pytest

from pytest_genesis_perf.history import read

TESTS = """
from arms import *

def test_fast(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=fast, work="4000 turns")

def test_different(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=other)
"""


@pytest.fixture
def tested(project: pytest.Pytester) -> pytest.Pytester:
    """Return a project with a comparison that is measured, and one that is not because results differ."""
    project.makepyfile(test_it=TESTS)
    return project


def test_every_run_appends_what_it_measured(tested: pytest.Pytester) -> None:
    file = tested.path / "kept" / "history.jsonl"
    for _ in range(2):
        result = tested.runpytest_subprocess("--genesis-perf", "--genesis-perf-history=kept/history.jsonl")
        result.stdout.fnmatch_lines([f"history: 1 line appended to {file}"])
    first, second = read(file)
    assert first.test == "test_it.py::test_fast"
    assert (first.verdict, first.work, first.commit) == ("NO-BASELINE", "4000 turns", None)
    assert first.interval is not None
    assert first.interval[0] <= first.speedup <= first.interval[1]
    assert first.speedup != second.speedup


def test_the_ini_key_does_the_same_and_says_nothing_where_nothing_is_measured(
    tested: pytest.Pytester,
) -> None:
    tested.makeini("[pytest]\ngenesis_perf_history = history.jsonl\n")
    result = tested.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert not (tested.path / "history.jsonl").exists()
    tested.runpytest_subprocess("--genesis-perf", "-k", "fast")
    assert len(read(tested.path / "history.jsonl")) == 1


def test_asked_for_where_nothing_is_measured_it_is_a_mistake(tested: pytest.Pytester) -> None:
    result = tested.runpytest_subprocess("--genesis-perf-history=history.jsonl")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --genesis-perf-history: add --genesis-perf, without which nothing is measured"]
    )


def test_recording_baselines_appends_nothing(tested: pytest.Pytester) -> None:
    tested.runpytest_subprocess("--genesis-perf-update", "--genesis-perf-history=history.jsonl", "-k", "fast")
    assert not (tested.path / "history.jsonl").exists()


def test_a_history_that_cannot_be_written_fails_the_run(tested: pytest.Pytester) -> None:
    (tested.path / "file").touch()
    result = tested.runpytest_subprocess(
        "--genesis-perf", "-k", "fast", "--genesis-perf-history=file/history.jsonl", "--junitxml=junit.xml"
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["genesis-perf: ERROR: the history could not be written: *"])
    assert "the history could not be written" in (tested.path / "junit.xml").read_text(encoding="utf-8")
