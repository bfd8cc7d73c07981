"""Instructions from marked segments: the arithmetic, the limits, and the marks, with a callgrind of known counts."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from pytest_genesis_perf.arms import Arm, ArmRaisedError, running
from pytest_genesis_perf.callgrind_file import CallgrindError, Dump
from pytest_genesis_perf.costs import Counted
from pytest_genesis_perf.counting import TestCounts, callgrind_options, repeatable
from pytest_genesis_perf.instructions import (
    MOST_CALLS,
    MOST_INSTRUCTIONS,
    MOST_SECONDS,
    TARGET,
    count_instructions,
    marked,
    switched,
)

AROUND = 12_345
"""Instructions of a segment that belong to no call."""
TOOL = "valgrind 3.19"


class Callgrind:
    """A callgrind that counts so many instructions for a call of each arm, when it is on."""

    def __init__(self, costs: dict[Arm, int]) -> None:
        self.costs = costs
        self.on = False
        self.switched: list[bool] = []
        self.calls: list[tuple[Arm, tuple[int, ...]]] = []

    def switch(self, on: bool) -> None:
        self.on = on
        self.switched.append(on)

    def segments(self, role: str, arm: Arm, calls: tuple[int, ...]) -> list[Dump]:
        assert self.on
        self.calls.append((arm, calls))
        with running(role):
            arm()
        return [Dump(AROUND + n * self.costs[arm], TOOL) for n in calls]


def slow() -> None:
    """Be an arm."""


def fast() -> None:
    """Be another."""


def counted(baseline: int, optimized: int) -> tuple[Counted, Callgrind]:
    callgrind = Callgrind({slow: baseline, fast: optimized})
    return count_instructions(slow, fast, callgrind.switch, callgrind.segments), callgrind


@pytest.mark.parametrize(
    ("baseline", "optimized"), [(7, 3), (50_000, 1), (TARGET, 2 * TARGET), (MOST_INSTRUCTIONS - AROUND, 0)]
)
def test_what_is_no_call_drops_out(baseline: int, optimized: int) -> None:
    found, callgrind = counted(baseline, optimized)
    assert found == Counted({"baseline": baseline, "optimized": optimized}, TOOL)
    assert callgrind.switched == [True, False]


def test_segments_have_n_and_3n_calls_and_short_calls_are_repeated() -> None:
    _, callgrind = counted(2 * TARGET, 100)
    assert [calls for arm, calls in callgrind.calls if arm is slow] == [(1,), (1, 3)]
    first, warm, (few, many) = [calls for arm, calls in callgrind.calls if arm is fast]
    assert first == (1,)
    assert warm == (few,)
    assert 1 < few <= MOST_CALLS
    assert many == 3 * few
    assert few * (100 + AROUND) <= TARGET


def test_a_call_that_would_take_minutes_is_not_counted_and_the_rest_is_spared() -> None:
    found, callgrind = counted(100, MOST_INSTRUCTIONS)
    assert found == Counted(why="a call of the optimized arm takes over 2,000,000,000 instructions")
    assert [calls for arm, calls in callgrind.calls if arm is fast] == [(1,)]
    assert callgrind.switched == [True, False]


def test_a_call_that_is_far_too_long_is_not_even_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(0, int((MOST_SECONDS + 1.0) * 1e9))
    monkeypatch.setattr(time, "perf_counter_ns", lambda: next(clock))
    found, callgrind = counted(1, 1)
    assert found == Counted(why="a call of the baseline arm takes 21 s even without being counted")
    assert callgrind.switched == []


def test_an_arm_that_raises_is_named_and_callgrind_turned_off() -> None:
    calls = []

    def raising() -> None:
        calls.append(1)
        if len(calls) > 1:
            raise ValueError("no more")

    callgrind = Callgrind({slow: 1, raising: 1})
    with pytest.raises(ArmRaisedError, match="the optimized arm raised ValueError: no more"):
        count_instructions(slow, raising, callgrind.switch, callgrind.segments)
    assert callgrind.switched == [True, False]


def test_a_switch_that_fails_is_a_reason() -> None:
    def broken(on: bool) -> None:
        raise CallgrindError("vgdb could not turn callgrind on or off: exit code 1")

    found = count_instructions(slow, fast, broken, Callgrind({}).segments)
    assert found == Counted(why="vgdb could not turn callgrind on or off: exit code 1")


@pytest.fixture
def dumping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Replace ``getppid`` by one that leaves a dump, as it does under callgrind: 1,000 instructions, 1,001, ..."""
    written = []

    def getppid() -> int:
        written.append(1)
        text = f"creator: callgrind-3.19.0\nevents: Ir\nsummary: {999 + len(written)}\n"
        (tmp_path / f"callgrind.{os.getpid()}.{len(written)}").write_text(text, encoding="utf-8")
        return 1

    monkeypatch.setattr(os, "getppid", getppid)
    return getppid


@pytest.mark.usefixtures("dumping")
def test_the_dump_before_the_first_call_is_not_counted(tmp_path: Path) -> None:
    calls: list[int] = []
    segments = marked(tmp_path)
    assert segments("baseline", lambda: calls.append(1), (2, 6)) == [Dump(1001, TOOL), Dump(1002, TOOL)]
    assert len(calls) == 8
    assert list(tmp_path.iterdir()) == []
    assert segments("baseline", lambda: None, (1,)) == [Dump(1004, TOOL)]


@pytest.mark.usefixtures("dumping")
def test_an_arm_that_raises_between_marks_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArmRaisedError, match="the optimized arm raised ZeroDivisionError"):
        marked(tmp_path)("optimized", lambda: 1 // 0, (1,))


def test_an_arm_that_leaves_marks_itself_is_not_counted(dumping: Callable[[], int], tmp_path: Path) -> None:
    with pytest.raises(CallgrindError, match="an arm calls getppid itself"):
        marked(tmp_path)("baseline", dumping, (1, 3))


def test_without_callgrind_there_are_no_dumps(tmp_path: Path) -> None:
    with pytest.raises(CallgrindError, match="callgrind wrote no dump when getppid was called"):
        marked(tmp_path)("baseline", slow, (1, 3))


@pytest.mark.skipif(shutil.which("false") is None, reason="needs a program that fails, which Windows has not")
def test_who_turns_callgrind_on_must_succeed() -> None:
    with pytest.raises(CallgrindError, match="vgdb could not turn callgrind on or off: exit code 1"):
        switched(str(shutil.which("false")), "prefix")(True)


def test_who_turns_callgrind_on_must_exist(tmp_path: Path) -> None:
    with pytest.raises(CallgrindError, match="vgdb could not be started"):
        switched(str(tmp_path / "vgdb"), "prefix")(True)


def test_a_percent_sign_in_the_folder_is_not_a_placeholder() -> None:
    options = callgrind_options(Path("100%p"))
    assert "--callgrind-out-file=100%%p/callgrind.%p" in options
    assert "--dump-before=getppid" in options


def test_nothing_is_left_to_chance_and_the_users_tunables_are_kept() -> None:
    variables = repeatable({"GLIBC_TUNABLES": "glibc.rtld.nns=8", "HOME": "/"})
    assert variables["GLIBC_TUNABLES"] == "glibc.rtld.nns=8:glibc.malloc.tcache_count=65535"
    assert repeatable({})["GLIBC_TUNABLES"] == "glibc.malloc.tcache_count=65535"
    assert variables["PYTHONHASHSEED"] == "0"
    assert variables["OPENBLAS_NUM_THREADS"] == variables["NUMBA_NUM_THREADS"] == "1"
    assert "HOME" not in variables


def test_a_comparison_that_did_not_run_under_valgrind_is_not_counted() -> None:
    one = Counted({"baseline": 2, "optimized": 1}, TOOL)
    counts = TestCounts({"here": one})
    assert counts.of("here") is one
    assert counts.of("there").why == "the comparison did not run under valgrind"
    assert TestCounts(fault="valgrind was not found").of("here").why == "valgrind was not found"
