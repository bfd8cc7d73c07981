"""How the doctor measures: in turns, as long as it was told, until Ctrl-C."""

from __future__ import annotations

from collections import Counter
from importlib.util import find_spec

import pytest

from pytest_genesis_perf.doctor import pairs
from pytest_genesis_perf.doctor.pairs import SLICES_US, draw, kinds
from pytest_genesis_perf.sampling import Sampler
from pytest_genesis_perf.timing import SLICE_NS, calibrate
from tests.unit.fake_clock import FakeClock


@pytest.mark.parametrize("slice_ns", [25_000, 100_000, 1_500_000])
def test_slices_have_the_length_asked_for_whatever_the_tick(slice_ns: int) -> None:
    clock = FakeClock()
    assert calibrate(clock.arm(1_000), clock, 40, slice_ns)[0] == slice_ns // 1_000
    sampler = Sampler(clock.arm(1_000), clock.arm(500), "seed", clock, slice_ns=slice_ns)
    assert sampler.samples.plan.baseline_calls == slice_ns // 1_000
    assert sampler.samples.plan.optimized_calls == pytest.approx(slice_ns // 500, rel=0.01)


def test_without_a_length_slices_are_those_of_the_rule() -> None:
    clock = FakeClock()
    assert calibrate(clock.arm(1_000), clock, 1)[0] == SLICE_NS // 1_000
    assert calibrate(clock.arm(1_000), clock, 200)[0] == 2 * SLICE_NS // 1_000


def test_every_kind_is_drawn_at_every_length_in_the_time_given() -> None:
    clock = FakeClock()
    arms = {"a": clock.arm(5_000), "b": clock.arm(10_000)}
    drawn = draw(arms, 2.0, "seed", slices_us=(50, 100, 200), clock=clock)
    assert [(s.kind, s.slice_us) for s in drawn.series] == [(k, us) for k in "ab" for us in (50, 100, 200)]
    assert drawn.seconds == pytest.approx(2.0, rel=0.01)
    assert not drawn.interrupted
    for series in drawn.series:
        assert len(series.xs) * 4 * series.slice_us * 1e-6 == pytest.approx(series.seconds, rel=0.02)
        assert series.calls[0] == pytest.approx(series.slice_us / (5 if series.kind == "a" else 10), abs=1)


def test_the_default_length_gets_three_times_the_time() -> None:
    clock = FakeClock()
    drawn = draw({"a": clock.arm(5_000)}, 2.0, "seed", slices_us=(50, 100, 200), clock=clock)
    times = {series.slice_us: series.seconds for series in drawn.series}
    assert times[100] == pytest.approx(3 * times[50], rel=0.05)
    assert times[200] == pytest.approx(times[50], rel=0.05)


def test_turns_come_round_in_an_order_of_their_own_each_time() -> None:
    clock = FakeClock()
    told: list[tuple[float, str]] = []
    arms = {"a": clock.arm(5_000), "b": clock.arm(10_000)}
    draw(arms, 0.5, "seed", slices_us=(50, 100, 200), clock=clock, tell=lambda *each: told.append(each))
    names = [what for _, what in told]
    assert len(set(names)) == 6
    rounds = [names[i : i + 6] for i in range(0, len(names), 6)]
    assert len(rounds) >= 4
    assert all(len(set(each)) == len(each) for each in rounds)
    assert len({tuple(each) for each in rounds}) > 1
    assert [passed for passed, _ in told] == sorted(passed for passed, _ in told)


def test_a_turn_that_is_held_up_makes_the_others_shorter_not_the_whole_longer() -> None:
    clock = FakeClock()
    calls = Counter[str]()

    def held_up() -> None:
        calls["a"] += 1
        clock.now += 1_000_000_000 if calls["a"] == 2_000 else 10_000

    drawn = draw({"a": held_up}, 3.0, "seed", slices_us=(50, 100), clock=clock)
    assert calls["a"] > 2_000
    assert drawn.seconds == pytest.approx(3.0, rel=0.01)


def test_nothing_begins_when_the_time_is_over() -> None:
    clock = FakeClock()
    calls = Counter[str]()
    told: list[tuple[float, str]] = []

    def held_up() -> None:
        calls["a"] += 1
        clock.now += 9_000_000_000 if calls["a"] == 2_000 else 10_000

    draw({"a": held_up}, 3.0, "seed", slices_us=(50, 100), clock=clock, tell=lambda *each: told.append(each))
    assert told
    assert all(passed < 3.0 for passed, _ in told)


def test_ctrl_c_leaves_what_was_drawn() -> None:
    clock = FakeClock()
    calls = Counter[str]()

    def interrupted() -> None:
        clock.now += 10_000
        calls["a"] += 1
        if calls["a"] == 20_000:
            raise KeyboardInterrupt

    drawn = draw({"a": interrupted}, 60.0, "seed", slices_us=(50, 100), clock=clock)
    assert drawn.interrupted
    assert calls["a"] == 20_000
    assert drawn.seconds == pytest.approx(0.2, rel=0.01)
    assert sum(len(series.xs) for series in drawn.series) > 100
    assert all(series.seconds > 0 for series in drawn.series if series.xs)


def test_ctrl_c_while_calibrating_leaves_nothing() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    drawn = draw({"a": interrupted}, 60.0, "seed")
    assert drawn.interrupted
    assert drawn.series == ()


def test_a_clock_that_stands_still_in_slices_leaves_no_blocks_and_no_error() -> None:
    clock = FakeClock()
    calls = Counter[str]()

    def stops() -> None:
        calls["a"] += 1
        # Calibrated by a fine clock that then becomes too coarse for a slice, not for the run.
        clock.tick = 1 if calls["a"] < 200 else 10_000_000
        clock.now += 10_000

    def read() -> int:
        return clock.now // clock.tick * clock.tick

    drawn = draw({"a": stops}, 1.0, "seed", slices_us=(50,), clock=read)
    (series,) = drawn.series
    assert calls["a"] > 200
    assert series.xs == ()


def test_short_runs_measure_few_lengths_and_the_default_is_among_them() -> None:
    clock = FakeClock()
    lengths = [
        {series.slice_us for series in draw({"a": clock.arm(20_000)}, seconds, "s", clock=clock).series}
        for seconds in (1.0, 6.0)
    ]
    assert 100 in lengths[0] < lengths[1] == set(SLICES_US)


def test_the_kinds_are_interpreted_code_bytes_and_numpy_where_it_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, arm in kinds().items():
        assert isinstance(arm(), float if name.startswith("NumPy") else int)
    assert len(kinds()) == 3
    monkeypatch.setattr(pairs, "find_spec", lambda name: None if name == "numpy" else find_spec(name))
    assert list(kinds()) == ["Python loop", "bytes, crc32"]
