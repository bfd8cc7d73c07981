from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator
from itertools import count
from random import Random

import pytest

from pytest_genesis_perf.confirm import InProcessConfirmer, Suspicion
from pytest_genesis_perf.measure import Measurement, Pair, Terms, measure
from pytest_genesis_perf.statistics import ClaimState
from pytest_genesis_perf.verdict import Claim, StoredSpeed, StoredState
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
    first_look_only: bool = False,
    tick: int = 1,
) -> Measurement:
    clock = FakeClock(tick)
    arms = clock.arm(noisy(baseline, spread, 1)), clock.arm(noisy(optimized, spread, 2))
    terms = Terms(claim or Claim(), stored, budget, cap, first_look_only)
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


def test_long_arms_get_their_sixteen_pairs_whatever_the_budget() -> None:
    found = run(400_000 * US, 100_000 * US, budget=0.001)
    assert found.plan.long
    assert len(found.xs) == 16
    assert found.claim is ClaimState.HOLDS


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
    assert "after 0 blocks" in str(found.reason)


def test_beside_a_stored_speed_sampling_goes_on_until_the_interval_is_narrow() -> None:
    without = run(300 * US, 100 * US, spread=0.2)
    beside = run(300 * US, 100 * US, spread=0.2, stored=StoredSpeed(2.9, 3.0, 3.1))
    assert without.interval is not None
    assert beside.interval is not None
    assert without.interval[1] / without.interval[0] > 1.1 > beside.interval[1] / beside.interval[0]
    assert without.claim is beside.claim is ClaimState.HOLDS
    assert beside.against(StoredSpeed(2.9, 3.0, 3.1)) is StoredState.INSIDE


def test_recording_stops_at_the_first_look_decided_or_not() -> None:
    found = run(100 * US, 102 * US, spread=0.03, first_look_only=True)
    assert len(found.xs) == 32


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


def changing(clock: FakeClock, before: int, after: int, calls: int) -> Callable[[], object]:
    left = [calls]

    def call() -> object:
        left[0] -= 1
        clock.now += before if left[0] >= 0 else after
        return None

    return call


def suspicious(after: int) -> tuple[Measurement, bool | None, str]:
    """Measure an arm that is 20% slow at first and costs `after` when measured again."""
    clock = FakeClock()
    terms = Terms(Claim(), None, 4.0, 60.0)
    arms = clock.arm(noisy(100 * US, 0.01, 1)), changing(clock, 120 * US, after, 68)
    pair = Pair("t", "c", *arms, "seed", clock)
    first = measure(pair, terms)
    again = InProcessConfirmer().confirm(pair, terms, Suspicion.CLAIM_FAILS)
    assert len(again.speedups) == 1
    return first, again.reproduced, again.why


def test_a_slowdown_that_stays_is_confirmed() -> None:
    first, reproduced, _ = suspicious(after=120 * US)
    assert first.claim is ClaimState.FAILS
    assert reproduced is True


def test_a_slowdown_that_goes_away_is_not_confirmed_and_says_what_was_found() -> None:
    first, reproduced, why = suspicious(after=100 * US)
    assert first.claim is ClaimState.FAILS
    assert reproduced is False
    assert "not reproduced (measured again: speedup 1" in why


def test_measuring_again_exchanges_the_roles_of_the_arms_and_draws_another_coin() -> None:
    clock, log = FakeClock(), []

    def arm(name: str) -> Callable[[], object]:
        def call() -> object:
            log.append(name)
            clock.now += 100 * US
            return None

        return call

    pair = Pair("t", "c", arm("a"), arm("b"), "seed", clock)
    terms = Terms(Claim(), None, 4.0, 60.0, first_look_only=True)
    measure(pair, terms)
    first, again = log[:], log
    log.clear()
    InProcessConfirmer().confirm(pair, terms, Suspicion.CLAIM_FAILS)
    assert (first[0], again[0]) == ("a", "b")
    mirror = {"a": "b", "b": "a"}
    assert again != [mirror[name] for name in first]


@pytest.mark.parametrize(("low", "crossed"), [(3.4, True), (3.1, False)])
def test_a_crossed_stored_speed_is_confirmed_by_the_same_rule(low: float, crossed: bool) -> None:
    clock = FakeClock()
    stored = StoredSpeed(low, low, low)
    arms = clock.arm(noisy(300 * US, 0.01, 1)), clock.arm(noisy(100 * US, 0.01, 2))
    pair, terms = Pair("t", "c", *arms, "seed", clock), Terms(Claim(), stored, 4.0, 60.0)
    assert (measure(pair, terms).against(stored) is StoredState.CROSSED) is crossed
    assert InProcessConfirmer().confirm(pair, terms, Suspicion.STORED_CROSSED).reproduced is crossed
