"""What an update stores, refuses and says: decided from old and new entries alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_genesis_perf.baseline_files import SpeedEntry
from pytest_genesis_perf.baseline_recording import MOST_SPREAD, merged
from pytest_genesis_perf.changes import Changes, Mode, Recorded, changes
from pytest_genesis_perf.child_request import Measured
from pytest_genesis_perf.evidence import StoredSpeed
from pytest_genesis_perf.notation import times
from pytest_genesis_perf.statistics import FRESH_LONG_ARMS, SHORT_ARMS

Key = tuple[str, str]
A, B, C = ("test_a.py::test", "x"), ("test_b.py::test", "x"), ("test_c.py::test", "x")


def speed(low: float, median: float, high: float) -> SpeedEntry:
    return SpeedEntry(StoredSpeed(low, median, high), 5)


def band(median: float) -> SpeedEntry:
    return speed(median * 0.99, median, median * 1.01)


def decide(
    old: dict[Key, SpeedEntry], new: dict[Key, SpeedEntry], mode: Mode = "all", **digest: str
) -> Changes:
    """Decide with the digest "d" everywhere, or another old one."""
    before = Recorded(dict.fromkeys(old, digest.get("old_digest", "d")), old)
    return changes(before, Recorded(dict.fromkeys(new, "d"), new), mode)


def test_changes_are_told_worst_first_and_changed_digests_before_all() -> None:
    stored = speed(9.5, 10.0, 10.5)
    new = {A: speed(11.0, 12.0, 13.0), B: speed(9.5, 9.9, 10.0), C: speed(9.0, 9.3, 9.4)}
    found = decide(dict.fromkeys(new, stored), new, old_digest="e")
    assert found.refused == ()
    assert found.alarming == (
        "digest CHANGED: test_a.py::test / x: e -> d",
        "digest CHANGED: test_b.py::test / x: e -> d",
        "digest CHANGED: test_c.py::test / x: e -> d",
        "speed LOWER: test_c.py::test / x: 10.0x [9.50, 10.5] -> 9.30x [9.00, 9.40], 0.930x of the stored speed",
        "speed LOWER: test_b.py::test / x: 10.0x [9.50, 10.5] -> 9.90x [9.50, 10.0], 0.990x of the stored speed",
    )
    assert found.told == (
        "speed: test_a.py::test / x: 10.0x [9.50, 10.5] -> 12.0x [11.0, 13.0], 1.200x of the stored speed",
        "recorded 3 speeds and 3 digests (0 digests unchanged); 2 speeds LOWER; 3 digests CHANGED",
    )
    assert found.store == Recorded(dict.fromkeys(new, "d"), new)


def test_what_is_new_is_no_alarm() -> None:
    found = decide({}, {A: band(0.5)})
    assert found.alarming == found.refused == ()
    assert found.told[:2] == (
        "speed: test_a.py::test / x: none -> 0.500x [0.495, 0.505]",
        "digest recorded: test_a.py::test / x: d",
    )


def test_a_lowest_process_that_falls_is_said_too_for_the_tripwire_hangs_on_it() -> None:
    found = decide({A: speed(9.9, 10.0, 10.1)}, {A: speed(9.5, 10.0, 10.1)})
    assert found.alarming[0].startswith(
        "speed LOWER: test_a.py::test / x: 10.0x [9.90, 10.1] -> 10.0x [9.50,"
    )
    assert decide({A: speed(9.9, 10.0, 10.1)}, {A: speed(9.9, 10.0, 10.0)}).alarming == ()


@pytest.mark.parametrize(("median", "stored"), [(10.001, True), (10.0, True), (9.999, False), (1.0, False)])
def test_below_the_tripwire_a_comparison_is_refused_whole(median: float, stored: bool) -> None:
    old = {A: speed(11.0, 12.0, 13.0), B: band(1.0)}
    new = {A: speed(median, median, median), B: band(1.0)}
    found = decide(old, new, old_digest="e")
    assert (A in found.store.speeds, A in found.store.digests) == (stored, stored)
    assert set(found.store.speeds) - {A} == {B}
    assert len(found.refused) == (not stored)
    if not stored:
        (line,) = found.refused
        assert line.startswith("not recorded: test_a.py::test / x: 12.0x [11.0, 13.0] -> ")
        assert f"{times(median / 12.0)} of the stored speed" in line
        assert "--genesis-perf-update=lower" in line
        assert not any("test_a" in told for told in (*found.alarming, *found.told))


def test_the_tripwire_is_where_the_run_has_it() -> None:
    before = speed(11.0, 12.0, 13.0)
    wide = replace(before, speedup=replace(before.speedup, tolerance=0.375))
    narrow = replace(before, speedup=replace(before.speedup, tolerance=0.05))
    assert decide({A: wide}, {A: band(8.01)}).refused == ()
    (line,) = decide({A: wide}, {A: band(7.99)}).refused
    assert "the lowest stored process / 1.38;" in line
    assert decide({A: narrow}, {A: band(10.5)}).refused == ()
    (line,) = decide({A: narrow}, {A: band(10.4)}).refused
    assert "the lowest stored process / 1.05;" in line


def test_refusals_are_worst_first() -> None:
    old = {A: band(10.0), B: band(10.0), C: band(10.0)}
    found = decide(old, {A: band(5.0), B: band(2.0), C: band(7.0)})
    assert [line.split()[2] for line in found.refused] == [B[0], A[0], C[0]]


def test_lower_stores_what_is_far_below_and_still_says_it() -> None:
    found = decide({A: band(10.0)}, {A: band(2.0)}, "lower")
    assert found.refused == ()
    assert found.store.speeds == {A: band(2.0)}
    assert found.alarming[0].endswith("0.200x of the stored speed")


def test_new_touches_nothing_that_is_stored() -> None:
    old = Recorded({A: "e"}, {B: band(10.0)})
    new = Recorded({A: "d", B: "d"}, {A: band(3.0), B: band(1.0)})
    found = changes(old, new, "new")
    assert found.store == Recorded({B: "d"}, {A: band(3.0)})
    assert found.alarming == found.refused == ()


def test_costs_that_were_not_recorded_again_are_kept() -> None:
    old = replace(
        band(10.0),
        memory_bytes={"baseline": 1, "optimized": 2},
        instructions={"baseline": 3, "optimized": 4, "tool": "t"},
    )
    kept = decide({A: old}, {A: band(11.0)}).store.speeds[A]
    assert (kept.memory_bytes, kept.instructions) == (old.memory_bytes, old.instructions)
    assert kept.speedup == band(11.0).speedup
    newer = replace(band(11.0), memory_bytes={"baseline": 5, "optimized": 6})
    assert decide({A: old}, {A: newer}).store.speeds[A].memory_bytes == newer.memory_bytes


def process(speedup: float, *, blocks: int = SHORT_ARMS.looks[0], long: bool = False) -> list[Measured]:
    seconds = {"baseline": speedup, "optimized": 1.0}
    one = Measured(
        nodeid=A[0], label=A[1], blocks=(0.0,) * blocks, long=long, speedup=speedup, seconds=seconds
    )
    return [Measured(nodeid=B[0], label=B[1], why="another"), one]


def test_an_entry_is_lowest_median_and_highest_process() -> None:
    entry = merged(A, [process(x) for x in (2.3, 2.1, 2.2, 2.04449, 2.25)])
    assert entry == SpeedEntry(StoredSpeed(2.04, 2.2, 2.3), 5, {"baseline": 2.2, "optimized": 1.0})


@pytest.mark.parametrize(("high", "stored"), [(MOST_SPREAD - 1e-9, True), (MOST_SPREAD + 1e-9, False)])
def test_processes_that_are_too_far_apart_are_inconclusive(high: float, stored: bool) -> None:
    entry = merged(A, [process(x) for x in (1.0, 1.1, 1.1, 1.1, high)])
    assert isinstance(entry, SpeedEntry) is stored
    if not stored:
        assert str(entry).startswith(
            "INCONCLUSIVE: 5 processes gave 1.000x to 1.250x, further apart than 1.25 times"
        )


@pytest.mark.parametrize(("long", "needed"), [(False, SHORT_ARMS.looks[0]), (True, FRESH_LONG_ARMS.looks[0])])
def test_a_process_that_ran_out_of_time_is_inconclusive(long: bool, needed: int) -> None:
    whole = [process(2.0, blocks=needed, long=long) for _ in range(4)]
    assert isinstance(merged(A, [*whole, process(2.0, blocks=needed, long=long)]), SpeedEntry)
    why = merged(A, [*whole, process(2.0, blocks=needed - 1, long=long)])
    assert isinstance(why, str)
    assert why.startswith(f"INCONCLUSIVE in fresh process 5: {needed - 1} of {needed} blocks")


def test_a_process_that_did_not_measure_is_named() -> None:
    assert merged(A, [process(2.0), []]) == "it did not run in fresh process 2"
    assert merged(B, [process(2.0)]) == "not measured in fresh process 1: another"
