"""``--genesis-perf-update``: what it refuses to store, and that nothing of others is ever lost."""

from __future__ import annotations

from pathlib import Path

import pytest

import pytest_genesis_perf.baselines
import pytest_genesis_perf.update
from pytest_genesis_perf.baseline_files import (
    SpeedEntry,
    SpeedFile,
    read_digests,
    read_speeds,
    write_digests,
    write_speeds,
)
from pytest_genesis_perf.baselines import Store
from pytest_genesis_perf.child_request import Measured, Request
from pytest_genesis_perf.children import Answer
from pytest_genesis_perf.environment import current
from pytest_genesis_perf.evidence import StoredSpeed
from pytest_genesis_perf.identity import digest
from pytest_genesis_perf.toml_files import BaselineError
from tests.pytester.project_files import failures

SAME = digest([1.5, "same"])
KEY_A, KEY_B = ("test_it.py::test_a", "comparison"), ("test_it.py::test_b", "comparison")
OTHER = ("other.py::test", "x")
TWO_TESTS = """
from arms import *

def test_a(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=middle)

def test_b(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=middle)
"""
# The first run is the one that updates, the five after it record.
NUMBERED = """
from pathlib import Path
from arms import *

with open("runs", "a") as file:
    file.write("x")
number = len(Path("runs").read_text()) - 1
"""


def paths(project: pytest.Pytester) -> tuple[Path, Path]:
    store = Store(project.path / "baselines")
    return store.digests_path, store.speed_path(current())


def stored_far_above(project: pytest.Pytester) -> tuple[Path, Path]:
    """Store a speed of test_a that its arms never reach, and an old digest."""
    digests_path, speed_path = paths(project)
    write_digests(digests_path, {KEY_A: "0" * 32})
    write_speeds(speed_path, SpeedFile(current(), {KEY_A: SpeedEntry(StoredSpeed(40.0, 50.0, 60.0), 5)}))
    return digests_path, speed_path


def test_what_cannot_be_trusted_is_refused_and_the_rest_recorded(clocked_arms: pytest.Pytester) -> None:
    clocked_arms.makepyfile(
        test_it=NUMBERED
        + TWO_TESTS
        + f"""
def test_disagreeing(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=middle if number % 2 else taking(50))

def test_others_store_meanwhile(genesis_perf):
    if number == 5:
        from pytest_genesis_perf.baselines import editing
        with editing(Path("baselines")) as store:
            store.write_digests({{**(store.digests or {{}}), {OTHER!r}: "1" * 32}})
    genesis_perf.compare(baseline=slow, optimized=middle)
"""
    )
    digests_path, speed_path = stored_far_above(clocked_arms)
    result = clocked_arms.runpytest_subprocess("--genesis-perf-update", "--junitxml=junit.xml")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=4)
    meanwhile = ("test_it.py::test_others_store_meanwhile", "comparison")
    assert read_digests(digests_path) == {KEY_A: "0" * 32, KEY_B: SAME, meanwhile: SAME, OTHER: "1" * 32}
    entries = read_speeds(speed_path).entries
    assert set(entries) == {KEY_A, KEY_B, meanwhile}
    assert entries[KEY_A].speedup == StoredSpeed(40.0, 50.0, 60.0)
    assert entries[KEY_B].processes == 5
    assert sorted(path.name for path in (clocked_arms.path / "baselines").iterdir()) == [
        "digests.toml",
        "speed",
    ]
    result.stdout.fnmatch_lines(
        [
            "recorded 2 speeds and 2 digests (0 digests unchanged)",
            "genesis-perf: ERROR: not recorded: test_it.py::test_a / comparison: 50.0x [[]40.0, 60.0] -> "
            "*, 0.0*x of the stored speed: below the tripwire*--genesis-perf-update=lower stores it",
            "genesis-perf: ERROR: not recorded: test_it.py::test_disagreeing / comparison: INCONCLUSIVE: 5 processes "
            "gave *",
        ]
    )
    refused = failures(clocked_arms)
    assert list(refused) == ["run 1", "run 2"]
    assert refused["run 1"].startswith("genesis-perf: not recorded: test_it.py::test_a / comparison: ")


def test_lower_stores_it_and_says_so_even_when_quiet(clocked_arms: pytest.Pytester) -> None:
    clocked_arms.makepyfile(test_it=TWO_TESTS)
    digests_path, speed_path = stored_far_above(clocked_arms)
    result = clocked_arms.runpytest_subprocess("--genesis-perf-update=lower", "-q", "-k", "test_a")
    assert result.ret == pytest.ExitCode.OK
    assert read_digests(digests_path) == {KEY_A: SAME}
    assert read_speeds(speed_path).entries[KEY_A].speedup.high < 40.0
    result.stdout.fnmatch_lines(
        [
            f"digest CHANGED: test_it.py::test_a / comparison: {'0' * 32} -> {SAME}",
            "speed LOWER: test_it.py::test_a / comparison: 50.0x [[]40.0, 60.0] -> *x of the stored speed",
        ]
    )


FAULTS = {
    "conflict": ("schema = 1\n<<<<<<< ours\n", "line 2: an unresolved merge conflict, at the key schema"),
    "truncated": ("schema = 1\n\n[entry.", "line 3: *at the key schema"),
    "no end": ("schema = 1", "line 1: the last line does not end*at the key schema"),
    "newer": ("schema = 2\n", "line 1: schema: must be 1, not 2: *a newer one: upgrade genesis-backtest*"),
    "unknown key": ("schema = 1\nnote = 'by hand'\n", "line 2: note: unknown key*"),
}


@pytest.mark.parametrize("which", [0, 1], ids=["digests", "speeds"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_is_never_overwritten(project: pytest.Pytester, fault: str, which: int) -> None:
    project.makepyfile(test_it=TWO_TESTS)
    text, told = FAULTS[fault]
    path = paths(project)[which]
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode())
    result = project.runpytest_inprocess("--genesis-perf-update", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert path.read_bytes() == text.encode()
    assert not paths(project)[1 - which].exists()
    result.stdout.fnmatch_lines([f"genesis-perf: ERROR: nothing was recorded: {path}: *{told}*"])
    # It is found before five processes are started for nothing.
    assert "fresh process" not in str(result.stdout)


def test_a_file_that_becomes_faulty_while_recording_is_left_as_it_is(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it=NUMBERED
        + """
def test_a(genesis_perf):
    if number == 5:
        Path("baselines").mkdir()
        Path("baselines/digests.toml").write_text("schema = 1\\n<<<<<<< ours\\n")
    genesis_perf.compare(baseline=slow, optimized=middle)
"""
    )
    result = project.runpytest_subprocess("--genesis-perf-update")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    digests_path, speed_path = paths(project)
    assert digests_path.read_text(encoding="utf-8") == "schema = 1\n<<<<<<< ours\n"
    assert not speed_path.exists()
    result.stdout.fnmatch_lines(
        [f"genesis-perf: ERROR: nothing was recorded: {digests_path}: line 2: an unresolved merge conflict*"]
    )


def test_an_update_under_two_workers_records_all_from_processes_of_their_own(
    clocked_arms: pytest.Pytester,
) -> None:
    clocked_arms.makepyfile(test_it=TWO_TESTS)
    result = clocked_arms.runpytest_subprocess("-p", "xdist", "-n", "2", "--genesis-perf-update")
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=2)
    digests_path, speed_path = paths(clocked_arms)
    assert read_digests(digests_path) == {KEY_A: SAME, KEY_B: SAME}
    entries = read_speeds(speed_path).entries
    assert {key: entry.processes for key, entry in entries.items()} == {KEY_A: 5, KEY_B: 5}
    result.stdout.fnmatch_lines(
        ["genesis-perf: recording: fresh process 5 of 5", "recorded 2 speeds and 2 digests*"]
    )


def test_a_recording_process_that_hangs_is_killed_and_nothing_is_recorded(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it=NUMBERED
        + """
def test_a(genesis_perf):
    while number:
        pass
    genesis_perf.compare(baseline=slow, optimized=middle)
"""
    )
    result = project.runpytest_subprocess("--genesis-perf-update", "-o", "genesis_perf_child_timeout=1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert not any(path.exists() for path in paths(project))
    result.stdout.fnmatch_lines(
        [
            "genesis-perf: ERROR: nothing was recorded: fresh process 1 of 5: it did not end within 1 s and was "
            "killed (it may take 1 s: ini genesis_perf_child_timeout for each of 1 tests)"
        ]
    )


def test_a_disk_that_fills_up_between_the_two_files_is_told_as_it_is(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answered(config: pytest.Config, request: Request, timeout: float) -> Answer:
        seconds = {"baseline": 2.0, "optimized": 1.0}
        (nodeid, label) = KEY_A
        one = Measured(nodeid=nodeid, label=label, blocks=(-0.7,) * 32, speedup=2.0, seconds=seconds)
        return Answer((one,))

    def full(path: Path, digests: object) -> None:
        raise BaselineError(f"{path}: cannot be written: No space left on device")

    monkeypatch.setattr(pytest_genesis_perf.update, "ask_child", answered)
    monkeypatch.setattr(pytest_genesis_perf.baselines, "write_digests", full)
    project.makepyfile(test_it=TWO_TESTS)
    result = project.runpytest_inprocess("--genesis-perf-update", "-k", "test_a")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    digests_path, speed_path = paths(project)
    assert set(read_speeds(speed_path).entries) == {KEY_A}
    result.stdout.fnmatch_lines(
        [
            f"genesis-perf: ERROR: the digests were not recorded, the speeds were: {digests_path}: cannot be "
            "written: No space left on device"
        ]
    )


def test_a_result_that_depends_on_the_hash_seed_is_not_recorded(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        from arms import *

        def test_seed(genesis_perf):
            genesis_perf.compare(baseline=lambda: hash("a"), optimized=lambda: hash("a"))
        """
    )
    result = project.runpytest_subprocess("--genesis-perf-update")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*not recorded: *test_seed*: DIFFERENT: the result has other bits*"])
    assert not (project.path / "baselines" / "digests.toml").exists()
