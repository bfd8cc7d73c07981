from __future__ import annotations

import gc
import math
from collections.abc import Callable

import pytest

from pytest_genesis_perf.arms import ArmRaisedError
from pytest_genesis_perf.sampling import Sampler
from pytest_genesis_perf.slice_plan import LONG_NS, LONG_SHARE
from pytest_genesis_perf.timing import (
    SLICE_NS,
    ClockTooCoarseError,
    calibrate,
    garbage_held,
    time_calls,
    timer_tick,
)
from tests.unit.fake_clock import FakeClock


def logged(clock: FakeClock, cost: int, name: str, log: list[str]) -> Callable[[], object]:
    def call() -> object:
        log.append(name)
        clock.now += cost
        return None

    return call


def test_a_slice_counts_exactly_the_calls_it_was_asked_for() -> None:
    clock, log = FakeClock(), []
    elapsed = time_calls(logged(clock, 70, "a", log), 5, clock)
    assert log == ["a"] * 5
    assert elapsed == 5 * 70 + clock.tick


@pytest.mark.parametrize("tick", [1, 40, 100])
def test_the_tick_is_the_smallest_step_of_the_clock(tick: int) -> None:
    assert timer_tick(FakeClock(tick)) == tick


def test_a_clock_that_stands_still_has_a_tick_of_one() -> None:
    assert timer_tick(lambda: 7) == 1


@pytest.mark.parametrize("cost", [25, 300, 7_000, 33_000, 99_000])
def test_slices_of_short_calls_last_about_100_us(cost: int) -> None:
    clock = FakeClock()
    calls, seconds = calibrate(clock.arm(cost), clock, tick=1)
    assert SLICE_NS <= calls * cost < 2 * SLICE_NS
    assert math.isclose(seconds, cost * 1e-9, rel_tol=0.05)


@pytest.mark.parametrize("cost", [SLICE_NS, 3_000_000, 2_000_000_000])
def test_a_call_that_is_longer_than_a_slice_is_the_slice(cost: int) -> None:
    clock = FakeClock()
    assert calibrate(clock.arm(cost), clock, tick=1)[0] == 1


def test_a_coarse_clock_makes_slices_of_a_thousand_ticks() -> None:
    clock = FakeClock(tick=1_000)
    calls, _ = calibrate(clock.arm(10_000), clock, timer_tick(clock))
    assert 1_000 <= calls * 10_000 / clock.tick < 1_100


def test_a_disturbed_calibration_does_not_make_slices_short() -> None:
    clock = FakeClock()
    # The call that ends the doubling takes a hundred times as long as all the others.
    costs = iter([1_000] * 127 + [100_000] + [1_000] * 10_000)
    calls, _ = calibrate(clock.arm(costs), clock, tick=1)
    assert calls >= 98


def test_a_long_call_is_calibrated_by_a_single_one() -> None:
    clock, log = FakeClock(), []
    calibrate(logged(clock, LONG_NS, "a", log), clock, tick=1)
    assert log == ["a"]


@pytest.mark.parametrize("exchanged", [False, True])
def test_blocks_are_abba_or_baab_and_the_coin_is_fair(exchanged: bool) -> None:
    clock, log = FakeClock(), []
    # 100 us a call: one call is a slice.
    a, b = (logged(clock, SLICE_NS, name, log) for name in "ab")
    sampler = Sampler(a, b, "seed", clock, exchanged=exchanged)
    orders = []
    for _ in range(4_000):
        log.clear()
        sampler.draw_block()
        orders.append("".join(log))
    assert set(orders) == {"abba", "baab"}
    assert 1_850 < orders.count("abba") < 2_150


def test_the_order_follows_from_the_seed_and_exchanging_roles_mirrors_it() -> None:
    def orders(seed: str, *, exchanged: bool = False) -> list[str]:
        clock, log = FakeClock(), []
        sampler = Sampler(*(logged(clock, SLICE_NS, n, log) for n in "ab"), seed, clock, exchanged=exchanged)
        drawn = []
        for _ in range(50):
            log.clear()
            sampler.draw_block()
            drawn.append(log[0])
        return drawn

    assert orders("one") == orders("one")
    assert orders("one") != orders("two")
    mirror = {"a": "b", "b": "a"}
    assert orders("one", exchanged=True) == [mirror[first] for first in orders("one")]


def test_exchanged_roles_warm_the_optimized_arm_up_first() -> None:
    first = []
    for exchanged in (False, True):
        clock, log = FakeClock(), []
        Sampler(*(logged(clock, SLICE_NS, name, log) for name in "ab"), "seed", clock, exchanged=exchanged)
        first.append(log[0])
    assert first == ["a", "b"]


def test_long_arms_are_measured_in_pairs() -> None:
    clock, log = FakeClock(), []
    a, b = logged(clock, 1_000, "a", log), logged(clock, LONG_NS + 1_000, "b", log)
    sampler = Sampler(a, b, "seed", clock)
    assert sampler.samples.plan.long
    orders = set()
    for _ in range(20):
        log.clear()
        sampler.draw_block()
        orders.add("".join(dict.fromkeys(log)))
        assert log.count("b") == 1
        assert log.count("a") == sampler.samples.plan.baseline_calls
    assert orders == {"ab", "ba"}


@pytest.mark.parametrize("swapped", [False, True])
def test_beside_a_long_arm_the_other_fills_a_share_of_it(swapped: bool) -> None:
    clock = FakeClock()
    arms = [clock.arm(400_000_000), clock.arm(600_000)]
    plan = Sampler(*(reversed(arms) if swapped else arms), "seed", clock).samples.plan
    few, many = (
        (plan.optimized_calls, plan.baseline_calls)
        if swapped
        else (plan.baseline_calls, plan.optimized_calls)
    )
    assert (few, many) == (1, math.ceil(LONG_SHARE * 400_000_000 / 600_000))


def test_arms_of_50_ms_are_not_long_yet() -> None:
    clock = FakeClock()
    assert not Sampler(clock.arm(1_000), clock.arm(LONG_NS - 1_000), "seed", clock).samples.plan.long


def test_a_block_is_the_difference_of_mean_logs_of_the_time_of_one_call() -> None:
    clock = FakeClock()
    sampler = Sampler(clock.arm(2_000), clock.arm(500), "seed", clock)
    sampler.draw_block()
    samples = sampler.samples
    assert samples.xs[0] == pytest.approx(math.log(500 / 2_000), abs=1e-4)
    assert samples.baseline_seconds[0] == pytest.approx(2e-6, rel=1e-3)
    assert samples.optimized_seconds[0] == pytest.approx(5e-7, rel=1e-3)


def test_a_steady_drift_within_a_block_cancels() -> None:
    clock = FakeClock()
    speed = [1.0]

    def drifting() -> object:
        clock.now += round(10_000_000 * speed[0])
        speed[0] *= 1.01
        return None

    sampler = Sampler(drifting, drifting, "seed", clock)
    for _ in range(5):
        sampler.draw_block()
    # AB alone would be off by 1%.
    assert max(map(abs, sampler.samples.xs)) < 1e-6


def test_a_slice_without_time_is_an_error_not_an_infinite_speedup() -> None:
    clock = FakeClock()
    sampler = Sampler(clock.arm(SLICE_NS), clock.arm(SLICE_NS), "seed", clock)
    clock.stopped = True
    with pytest.raises(ClockTooCoarseError, match="too coarse"):
        sampler.draw_block()
    assert sampler.samples.xs == []


def test_an_arm_that_raises_while_sampled_is_named() -> None:
    clock = FakeClock()
    calls = iter(range(8))

    def breaks() -> object:
        clock.now += SLICE_NS
        return 1 // (7 - next(calls))

    sampler = Sampler(clock.arm(SLICE_NS), breaks, "seed", clock)
    sampler.draw_block()
    with pytest.raises(ArmRaisedError, match=r"^the optimized arm raised ZeroDivisionError"):
        sampler.draw_block()


@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_is_held_and_restored_even_after_an_error(enabled: bool) -> None:
    before = gc.isenabled()
    try:
        gc.enable() if enabled else gc.disable()
        with garbage_held():
            assert not gc.isenabled()
        assert gc.isenabled() is enabled
        with pytest.raises(KeyError), garbage_held():
            raise KeyError
        assert gc.isenabled() is enabled
    finally:
        gc.enable() if before else gc.disable()


def test_garbage_is_collected_before_it_is_held() -> None:
    collected = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            collected.append(info["generation"])

    gc.callbacks.append(note)
    try:
        with garbage_held():
            pass
    finally:
        gc.callbacks.remove(note)
    assert 2 in collected
