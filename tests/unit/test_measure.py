from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator
from itertools import count
from random import Random

import pytest

from pytest_genesis_perf.evidence import Claim, StoredSpeed
from pytest_genesis_perf.measure import measure, measure_asked
from pytest_genesis_perf.measurement import Asked, Measurement, Pair, Terms
from pytest_genesis_perf.statistics import ClaimState
from pytest_genesis_perf.verdict import StoredState
from tests.unit.fake_clock import FakeClock

US = 1_000


def noisy(mean: int, spread: float, seed: int) -> Iterator[int]:
    random = Random(seed)
    while True:
        yield max(1, round(mean * math.exp(random.gauss(0.0, spread))))


def run(
    baseline: int,
    optimized: int,
    *,
    spread: float = 0.01,
    claim: Claim | None = None,
    stored: StoredSpeed | None = None,
    budget: float = 4.0,
    cap: float = 60.0,
    tick: int = 1,
) -> Measurement:
    clock = FakeClock(tick)
    arms = clock.arm(noisy(baseline, spread, 1)), clock.arm(noisy(optimized, spread, 2))
    terms = Terms(claim or Claim(), stored, budget, cap)
    return measure(Pair("test.py::test", "comparison", *arms, "seed", clock), terms)


def test_a_claim_that_clearly_holds_is_decided_at_the_first_look() -> None:
    found = run(300 * US, 100 * US)
    assert found.claim is ClaimState.HOLDS
    assert len(found.xs) == 32
    assert found.speedup == pytest.approx(3.0, rel=0.02)
    assert found.interval is not None
    assert found.interval[0] < found.speedup < found.interval[1]
    assert found.baseline_seconds == pytest.approx(300e-6, rel=0.02)
    assert found.optimized_seconds == pytest.approx(100e-6, rel=0.02)
    assert found.reason is None


def test_a_slowdown_of_five_percent_fails_the_default_claim() -> None:
    found = run(100 * US, 105 * US)
    assert found.claim is ClaimState.FAILS
    assert found.interval is not None
    assert found.interval[1] < 1 / 1.02


def test_identical_arms_hold_the_default_claim() -> None:
    assert run(100 * US, 100 * US).claim is ClaimState.HOLDS


def test_sampling_doubles_until_the_claim_is_decided() -> None:
    found = run(100 * US, 101 * US, spread=0.05, claim=Claim(margin=0.02))
    assert found.claim is ClaimState.HOLDS
    assert len(found.xs) in (64, 128, 256, 512, 1024, 2048, 4096)


def test_a_truth_on_the_limit_stays_undecided_and_says_what_would_help() -> None:
    found = run(100 * US, 102 * US, spread=0.03, budget=0.2)
    assert found.claim is ClaimState.UNDECIDED
    assert found.reason is not None
    assert "undecided after" in found.reason
    assert "the time budget of 0.2 s" in found.reason


def test_the_last_look_ends_sampling() -> None:
    found = run(100 * US, 102 * US, spread=0.05, budget=1e6, cap=1e6)
    if found.claim is ClaimState.UNDECIDED:
        assert len(found.xs) == 4096
        assert "the last look" in str(found.reason)
    else:
        assert len(found.xs) <= 4096


def test_the_budget_does_not_cut_before_the_first_look() -> None:
    found = run(100 * US, 100 * US, budget=1e-6)
    assert len(found.xs) == 32
    assert found.claim is ClaimState.HOLDS


def test_long_arms_get_their_twelve_pairs_whatever_the_budget() -> None:
    found = run(400_000 * US, 100_000 * US, budget=0.001)
    assert found.plan.long
    assert len(found.xs) == 12
    assert found.claim is ClaimState.HOLDS


def test_what_the_run_has_left_cuts_the_budget_of_long_arms_too() -> None:
    clock = FakeClock()
    arms = clock.arm(noisy(400_000 * US, 0.1, 1)), clock.arm(noisy(408_000 * US, 0.1, 2))
    found = measure(Pair("t", "c", *arms, "seed", clock), Terms(Claim(), None, 4.0, 60.0, left=0.5))
    assert found.claim is ClaimState.UNDECIDED
    assert len(found.xs) == 18
    assert "the time budget of 0.5 s" in str(found.reason)


def test_the_hard_cap_cuts_even_before_the_first_look() -> None:
    found = run(5_000_000 * US, 5_000_000 * US, cap=40.0)
    assert found.claim is ClaimState.UNDECIDED
    assert len(found.xs) < 16
    assert "the limit of 40 s per comparison" in str(found.reason)
    assert found.interval is None


def test_a_cap_that_is_over_after_calibration_leaves_no_speedup() -> None:
    found = run(1_000 * US, 1_000 * US, cap=1e-9)
    assert found.speedup is None
    assert found.baseline_seconds is None
    assert "not one block could be drawn: stopped by the limit of" in str(found.reason)


def test_beside_a_stored_speed_sampling_goes_on_until_the_interval_is_narrow() -> None:
    without = run(300 * US, 100 * US, spread=0.2)
    beside = run(300 * US, 100 * US, spread=0.2, stored=StoredSpeed(2.9, 3.0, 3.1))
    assert without.interval is not None
    assert beside.interval is not None
    assert without.interval[1] / without.interval[0] > 1.1 > beside.interval[1] / beside.interval[0]
    assert without.claim is beside.claim is ClaimState.HOLDS
    assert beside.against(StoredSpeed(2.9, 3.0, 3.1)) is StoredState.INSIDE


def test_an_interval_that_cannot_become_narrow_in_time_is_not_waited_for() -> None:
    stored = StoredSpeed(2.9, 3.0, 3.1)
    patient = run(300_000 * US, 100_000 * US, spread=0.015, stored=stored)
    assert patient.against(stored) is not StoredState.TOO_WIDE
    hopeless = run(300_000 * US, 100_000 * US, spread=0.3, claim=Claim(min_speedup=1.2), stored=stored)
    assert hopeless.claim is ClaimState.HOLDS
    assert hopeless.against(stored) is StoredState.TOO_WIDE
    # Time is left for the next look: it would not help.
    assert len(hopeless.xs) < 40
    assert len(hopeless.xs) * 0.5 < 24.0


def test_the_same_seed_and_clock_give_the_same_blocks() -> None:
    assert run(100 * US, 90 * US).xs == run(100 * US, 90 * US).xs


def test_tied_blocks_are_a_clock_too_coarse() -> None:
    # Without noise and with equal costs every block is exactly 0, the limit of margin 0.
    found = run(100 * US, 100 * US, spread=0.0, claim=Claim(margin=0.0), budget=0.1)
    assert found.claim is ClaimState.UNDECIDED
    assert "tie with the limit: the clock is too coarse" in str(found.reason)


def test_correlated_blocks_are_not_judged() -> None:
    clock = FakeClock()
    calls = count()

    def slow_but_for_one_run_of_blocks() -> object:
        # Slow in 29 of the first 32 blocks: enough to fail the claim, were the 3 others not neighbours.
        clock.now += (90 if next(calls) in range(24, 30) else 110) * US
        return None

    terms = Terms(Claim(margin=0.0), None, 0.5, 60.0)
    found = measure(Pair("t", "c", clock.arm(100 * US), slow_but_for_one_run_of_blocks, "seed", clock), terms)
    assert sum(x < 0 for x in found.xs) == 3
    assert found.claim is ClaimState.UNDECIDED
    assert "correlated" in str(found.reason)


def test_the_collector_is_off_while_blocks_are_drawn_and_on_again_after() -> None:
    clock, states = FakeClock(), set()

    def watching() -> object:
        clock.now += 100 * US
        states.add(gc.isenabled())
        return None

    assert gc.isenabled()
    measure(Pair("t", "c", watching, watching, "seed", clock), Terms(Claim(), None, 4.0, 60.0))
    assert states == {False}
    assert gc.isenabled()


def asked(
    *,
    blocks: int | None = None,
    long_blocks: int | None = None,
    beyond: float | None = None,
    cap: float = 60.0,
    exchanged: bool = False,
) -> Asked:
    return Asked(blocks, long_blocks, beyond, 4.0, cap, exchanged)


def test_a_child_goes_on_until_its_interval_lies_on_one_side() -> None:
    def drawn(beyond: float | None) -> int:
        clock = FakeClock()
        arms = clock.arm(noisy(100 * US, 0.2, 1)), clock.arm(noisy(105 * US, 0.2, 2))
        return len(measure_asked(Pair("t", "c", *arms, "seed", clock), asked(beyond=beyond)).xs)

    assert drawn(None) == 32
    assert drawn(-1.0) == 32
    assert drawn(1.0) == 32
    assert drawn(0.0) in (128, 256, 512, 1024, 2048)


def test_a_child_does_not_go_on_for_ever() -> None:
    clock = FakeClock()
    arms = clock.arm(noisy(100 * US, 0.2, 1)), clock.arm(noisy(100 * US, 0.2, 2))
    found = measure_asked(Pair("t", "c", *arms, "seed", clock), asked(beyond=0.0))
    assert 32 < len(found.xs) <= 4096
    assert found.reason is None


def test_a_child_draws_as_many_blocks_as_it_is_asked_for_and_judges_nothing() -> None:
    clock = FakeClock()
    arms = clock.arm(noisy(150 * US, 0.01, 1)), clock.arm(noisy(100 * US, 0.01, 2))
    pair = Pair("t", "c", *arms, "seed", clock)
    found = measure_asked(pair, asked(blocks=47))
    assert len(found.xs) == 47
    assert found.claim is ClaimState.UNDECIDED
    assert found.reason is None
    assert found.speedup is not None
    assert 1.4 < found.speedup < 1.6


@pytest.mark.parametrize(("cost", "blocks"), [(100 * US, 32), (100_000 * US, 6)])
def test_a_child_that_is_told_no_number_draws_what_the_first_look_needs(cost: int, blocks: int) -> None:
    clock = FakeClock()
    found = measure_asked(Pair("t", "c", clock.arm(cost), clock.arm(cost), "seed", clock), asked())
    assert len(found.xs) == blocks


def test_a_child_stops_at_the_limit_and_says_so() -> None:
    clock = FakeClock()
    pair = Pair("t", "c", clock.arm(100_000 * US), clock.arm(100_000 * US), "seed", clock)
    found = measure_asked(pair, asked(long_blocks=50, cap=2.0))
    assert 0 < len(found.xs) < 50
    assert found.reason is not None
    assert found.reason.startswith("stopped by the limit of 2 s per comparison (ini genesis_perf_cap) after ")


def test_a_child_exchanges_the_roles_of_the_arms_in_warm_up_and_order() -> None:
    clock, log = FakeClock(), []

    def arm(name: str) -> Callable[[], object]:
        def call() -> object:
            log.append(name)
            clock.now += 100 * US
            return None

        return call

    pair = Pair("t", "c", arm("a"), arm("b"), "seed", clock)
    measure_asked(pair, asked())
    first = log[:]
    log.clear()
    measure_asked(pair, asked(exchanged=True))
    assert (first[0], log[0]) == ("a", "b")
    mirror = {"a": "b", "b": "a"}
    assert log == [mirror[name] for name in first]
