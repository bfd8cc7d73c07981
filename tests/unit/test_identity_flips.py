"""Single-bit flips in random nested results: each is found at its place, and only if it is part of the value."""

from __future__ import annotations

import gc
from itertools import count
from random import Random

import pytest

from benchmarks.comparator import PEAK_BYTES, Cost, cost, fault_of, main, pairs
from benchmarks.flips import FRAMES, Spot, installed_frames, masked_spot, nested_spot

COUNTER = count()
FRAMES_HERE = installed_frames()


@pytest.mark.parametrize("part", range(5))
def test_a_flipped_bit_is_found_where_it_is(part):
    spots = [nested_spot(Random(f"{part} {number}"), FRAMES_HERE) for number in range(100)]
    assert [fault for spot in spots if (fault := fault_of(spot))] == []
    # Most bits are part of a value, and some are not: both sides of the promise are tried.
    assert 50 < sum(spot.counts for spot in spots) < 100


@pytest.mark.parametrize("name", [name for name in FRAMES if name in FRAMES_HERE])
def test_a_flipped_bit_of_a_frame_is_found_where_it_is(name):
    spots = [FRAMES[name](Random(f"{name} {number}")) for number in range(50)]
    assert [fault for spot in spots if (fault := fault_of(spot))] == []


def test_a_flipped_bit_of_a_masked_array_is_found_where_it_is():
    spots = [masked_spot(Random(f"masked {number}")) for number in range(100)]
    assert [fault for spot in spots if (fault := fault_of(spot))] == []
    assert 10 < sum(spot.counts for spot in spots) < 95


@pytest.mark.parametrize(
    ("spot", "word"),
    [
        (Spot(lambda flip: [1, 2]), "not found"),
        (Spot(lambda flip: [1, 2 + flip], "[0]"), "result[1] (1 places) instead of result[0]"),
        (Spot(lambda flip: [1 + flip, 2 + flip], "[0]"), "result[0] (2 places) instead of result[0]"),
        (Spot(lambda flip: [1 + flip], "[0]", False), "bits that do not count are found"),
        (Spot(lambda flip: next(COUNTER)), "differs from itself"),
    ],
)
def test_a_comparator_that_is_wrong_would_be_seen(spot, word):
    assert word in str(fault_of(spot))


@pytest.fixture
def few_objects():
    """Let the collector see the objects of a test alone: in a worker with all modules each collection takes 50 ms."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def test_results_are_checked_before_they_are_timed(few_objects):
    for what, a, b in pairs(20_000):
        assert cost(what, a, b, 1).peak <= PEAK_BYTES
    with pytest.raises(SystemExit, match="equal values are found different"):
        cost("two numbers", 1.0, 2.0, 1)
    with pytest.raises(SystemExit, match="found equal to None"):
        cost("nothing", None, None, 1)


def test_a_cost_beyond_the_limits_is_marked():
    assert Cost("x", 1.0, 2.0, 0.5, PEAK_BYTES).holds
    for missed in (
        Cost("x", 1.0, 2.1, 0.5, 0),
        Cost("x", 1.0, 0.5, 2.1, 0),
        Cost("x", 1.0, 1.0, 1.0, PEAK_BYTES + 1),
    ):
        assert not missed.holds
        assert missed.row().endswith("MISSED")


def test_the_program_counts_and_fails(monkeypatch, capsys):
    assert main(["--megabytes", "0", "--flips", "20"]) == 0
    assert "0 wrong" in capsys.readouterr().out
    monkeypatch.setattr("benchmarks.comparator.fault_of", lambda spot: "missed")
    assert main(["--megabytes", "0", "--flips", "20"]) == 1
    assert "20 wrong" in capsys.readouterr().out
