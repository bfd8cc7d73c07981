"""``--genesis-perf-update``: what is recorded, what is refused, and what is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_genesis_perf.baseline_files import (
    SpeedEntry,
    SpeedFile,
    read_digests,
    read_speeds,
    write_digests,
    write_speeds,
)
from pytest_genesis_perf.baselines import Store
from pytest_genesis_perf.environment import current
from pytest_genesis_perf.evidence import StoredSpeed
from pytest_genesis_perf.identity import digest

GOOD = """
from arms import *

def test_good(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=middle, label="a")
    genesis_perf.compare(baseline=slow, optimized=middle, label="b")
"""
BAD = """
def test_bad(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=other)

def test_bad_later(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=fast)
    assert False
"""
KEY_A, KEY_B = ("test_it.py::test_good", "a"), ("test_it.py::test_good", "b")
SAME = digest([1.5, "same"])


def paths(project: pytest.Pytester) -> tuple[Path, Path]:
    store = Store(project.path / "baselines")
    return store.digests_path, store.speed_path(current())


def update(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess(*(arguments or ("--genesis-perf-update",)))


def test_an_update_records_digests_and_the_speeds_of_five_processes_of_what_passed(
    clocked_arms: pytest.Pytester,
) -> None:
    clocked_arms.makepyfile(test_it=GOOD + BAD)
    digests_path, speed_path = paths(clocked_arms)
    write_digests(digests_path, {KEY_A: "0" * 32, ("kept.py::test", "x"): "1" * 32})
    here = current()
    # The tripwire is far below what the arms do, the median above it.
    old = SpeedEntry(StoredSpeed(1.5, 3.0, 3.0), 5, memory_bytes={"baseline": 1, "optimized": 2})
    write_speeds(speed_path, SpeedFile(here, {KEY_A: old}))
    result = update(clocked_arms, "--genesis-perf-update", "--junitxml=junit.xml")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=1, failed=2)

    digests = read_digests(digests_path)
    assert digests == {KEY_A: SAME, KEY_B: SAME, ("kept.py::test", "x"): "1" * 32}
    entries = read_speeds(speed_path).entries
    assert set(entries) == {KEY_A, KEY_B}
    assert entries[KEY_A].processes == 5
    assert 1.0 < entries[KEY_A].speedup.median < 3.0
    assert entries[KEY_A].memory_bytes == {"baseline": 1, "optimized": 2}
    seconds = entries[KEY_B].seconds
    assert seconds is not None
    assert seconds["baseline"] > seconds["optimized"] > 0.0
    result.stdout.fnmatch_lines(
        [
            "genesis-perf: recording: fresh process 5 of 5",
            f"digest CHANGED: test_it.py::test_good / a: {'0' * 32} -> {SAME}",
            "speed LOWER: test_it.py::test_good / a: 3.00x * -> *x of the stored speed",
            "speed: test_it.py::test_good / b: none -> *",
            f"digest recorded: test_it.py::test_good / b: {SAME}",
            "recorded 2 speeds and 2 digests (0 digests unchanged); 1 speeds LOWER; 1 digests CHANGED",
            "genesis-perf: ERROR: not recorded, the test failed: test_it.py::test_bad / comparison",
            "genesis-perf: ERROR: not recorded, the test failed: test_it.py::test_bad_later / comparison",
        ]
    )
    # The children ran with the same arguments, and left this run's files alone.
    assert "test_bad" in (clocked_arms.path / "junit.xml").read_text(encoding="utf-8")


def test_new_adds_what_is_missing_and_leaves_the_rest(clocked_arms: pytest.Pytester) -> None:
    clocked_arms.makepyfile(test_it=GOOD)
    digests_path, speed_path = paths(clocked_arms)
    entry = SpeedEntry(StoredSpeed(7.0, 7.0, 7.0), 5)
    write_digests(digests_path, {KEY_A: "0" * 32})
    write_speeds(speed_path, SpeedFile(current(), {KEY_A: entry}))
    result = update(clocked_arms, "--genesis-perf-update=new")
    assert result.ret == pytest.ExitCode.OK
    assert read_digests(digests_path) == {KEY_A: "0" * 32, KEY_B: SAME}
    entries = read_speeds(speed_path).entries
    assert entries[KEY_A] == entry
    assert set(entries) == {KEY_A, KEY_B}
    assert "CHANGED" not in str(result.stdout)


def test_new_adds_the_half_of_an_entry_that_is_missing(clocked_arms: pytest.Pytester) -> None:
    clocked_arms.makepyfile(test_it=GOOD)
    digests_path, speed_path = paths(clocked_arms)
    entry = SpeedEntry(StoredSpeed(7.0, 7.0, 7.0), 5)
    write_digests(digests_path, {KEY_A: "0" * 32})
    write_speeds(speed_path, SpeedFile(current(), {KEY_B: entry}))
    assert update(clocked_arms, "--genesis-perf-update=new").ret == pytest.ExitCode.OK
    assert read_digests(digests_path) == {KEY_A: "0" * 32, KEY_B: SAME}
    entries = read_speeds(speed_path).entries
    assert entries[KEY_B] == entry
    assert entries[KEY_A].processes == 5


def test_recording_processes_run_what_is_recorded_and_nothing_else(clocked_arms: pytest.Pytester) -> None:
    clocked_arms.makepyfile(
        test_it="""
        from arms import *

        def ran(name):
            with open("ran", "a") as file:
                file.write(name + " ")

        def test_recorded(genesis_perf):
            ran("recorded")
            genesis_perf.compare(baseline=slow, optimized=fast)

        def test_other():
            ran("other")
        """
    )
    assert update(clocked_arms).ret == pytest.ExitCode.OK
    ran = (clocked_arms.path / "ran").read_text(encoding="utf-8").split()
    assert (ran.count("recorded"), ran.count("other")) == (6, 1)


def test_new_runs_no_process_where_nothing_is_missing(project: pytest.Pytester) -> None:
    project.makepyfile(test_it="def test_it(genesis_perf): genesis_perf.compare(baseline=int, optimized=int)")
    digests_path, speed_path = paths(project)
    key = ("test_it.py::test_it", "comparison")
    write_digests(digests_path, {key: "0" * 32})
    write_speeds(speed_path, SpeedFile(current(), {key: SpeedEntry(StoredSpeed(7.0, 7.0, 7.0), 5)}))
    before = digests_path.read_bytes(), speed_path.read_bytes()
    result = update(project, "--genesis-perf-update=new")
    assert result.ret == pytest.ExitCode.OK
    assert (digests_path.read_bytes(), speed_path.read_bytes()) == before
    assert "fresh process" not in str(result.stdout)


def test_what_fails_in_a_recording_process_is_not_recorded(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        from arms import *
        import os

        def test_it(genesis_perf):
            # Differs between its calls: seen only where the arms are called more than once.
            calls = []
            def unstable():
                calls.append(1)
                return len(calls)
            genesis_perf.compare(baseline=lambda: 1, optimized=unstable)
        """
    )
    result = update(project)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert not any(path.exists() for path in paths(project))
    result.stdout.fnmatch_lines(
        ["genesis-perf: ERROR: not recorded: test_it.py::test_it / comparison: *call*differ*"]
    )


@pytest.mark.parametrize("which", [0, 1])
def test_a_corrupt_file_is_never_overwritten(project: pytest.Pytester, which: int) -> None:
    project.makepyfile(test_it=GOOD)
    path = paths(project)[which]
    path.parent.mkdir(parents=True)
    path.write_text("schema = 1\n<<<<<<< ours\n", encoding="utf-8")
    result = update(project)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert path.read_text(encoding="utf-8") == "schema = 1\n<<<<<<< ours\n"
    assert not paths(project)[1 - which].exists()
    result.stdout.fnmatch_lines(
        [f"genesis-perf: ERROR: nothing was recorded: {path}: line 2: an unresolved merge*"]
    )


@pytest.mark.parametrize("value", ["1", "true"])
def test_an_update_is_refused_in_ci(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("CI", value)
    project.makepyfile(test_it=GOOD)
    result = project.runpytest_inprocess("--genesis-perf-update")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*--genesis-perf-update: refused because CI is set*--genesis-perf-update-force*"]
    )
    assert not (project.path / "baselines").exists()


def test_an_update_in_ci_can_be_forced(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    project.makepyfile(test_it="def test_nothing(): pass")
    result = project.runpytest_inprocess("--genesis-perf-update", "--genesis-perf-update-force")
    assert result.ret == pytest.ExitCode.OK


@pytest.mark.parametrize(("tolerance", "stored"), [("0.1", False), ("0.6", True)])
def test_an_update_refuses_what_the_tripwire_of_the_run_would_catch(
    clocked_arms: pytest.Pytester, tolerance: str, stored: bool
) -> None:
    clocked_arms.makepyfile(test_it=GOOD)
    digests_path, speed_path = paths(clocked_arms)
    write_digests(digests_path, {})
    # The arms are twice as fast.
    write_speeds(speed_path, SpeedFile(current(), {KEY_A: SpeedEntry(StoredSpeed(3.0, 3.0, 3.0), 5)}))
    result = update(clocked_arms, "--genesis-perf-update", "-o", f"genesis_perf_stored_tolerance={tolerance}")
    assert (result.ret == pytest.ExitCode.OK) == stored
    assert (KEY_A in read_digests(digests_path)) == stored
    assert KEY_B in read_digests(digests_path)
    assert read_speeds(speed_path).entries[KEY_A].speedup.median == (2.0 if stored else 3.0)
