from __future__ import annotations

import math
import random
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_genesis_perf.statistics import (
    A_BAD,
    A_OK,
    LONG_A_BAD,
    LONG_ARMS,
    LONG_LOOKS,
    LOOKS,
    SHORT_ARMS,
    ClaimState,
    Rule,
    blocks_needed,
    critical_count,
    doubt_about,
    interval,
    judge_claim,
    median,
    minimum_detectable_effect,
    sign_correlation,
    tie_share,
)

SMALL = Rule((8, 16), 0.02, 0.1)
"""Loose enough that every state occurs within a few blocks."""


def coarse_blocks(rule: Rule = SMALL) -> st.SearchStrategy[list[float]]:
    """Blocks at a look, from few values, so that ties with a limit are common."""
    values = st.sampled_from([-0.03, -0.01, -0.0, 0.0, 0.01, 0.02, 0.03])
    return st.sampled_from(rule.looks).flatmap(lambda n: st.lists(values, min_size=n, max_size=n))


LIMITS = st.sampled_from([-0.03, -0.02, 0.0, 0.005, 0.01, 0.02, 0.025])


def pascal_tail(n: int) -> list[Fraction]:
    """P(Bin(n, 1/2) <= c) for each c, by adding rows of Pascal's triangle."""
    row = [1]
    for _ in range(n):
        row = [1, *(a + b for a, b in pairwise(row)), 1]
    tail, total = [], 0
    for count in row:
        total += count
        tail.append(Fraction(total, 2**n))
    return tail


def test_the_rule_is_the_one_that_was_measured():
    assert (LOOKS, A_BAD, A_OK) == ((32, 64, 128, 256, 512, 1024, 2048, 4096), 1e-5, 1e-3)
    assert (LONG_LOOKS, LONG_A_BAD) == ((12, 18, 27, 40), 1e-3)
    assert Rule(LOOKS, 1e-5, 1e-3) == SHORT_ARMS
    assert Rule(LONG_LOOKS, 1e-3, 1e-3) == LONG_ARMS


@pytest.mark.parametrize("n", [0, 1, 2, 7, 16, 24, 32, 36, 50, 64, 128, 256])
@pytest.mark.parametrize("a", [0.0, 1e-5 / 8, 1e-3 / 8, 1e-3 / 4, 0.05, 0.5, 1.0])
def test_critical_counts_against_pascals_triangle(n, a):
    below = [c for c, p in enumerate(pascal_tail(n)) if p <= Fraction(a)]
    assert critical_count(n, a) == (below[-1] if below else -1)


def test_a_tail_that_equals_the_error_is_allowed_and_the_next_float_below_is_not():
    assert critical_count(10, 2.0**-10) == 0
    assert critical_count(10, math.nextafter(2.0**-10, 0.0)) == -1


def test_the_table_of_short_and_long_arms():
    assert [SHORT_ARMS.fail_count(n) for n in LOOKS[:4]] == [2, 13, 37, 90]
    assert [SHORT_ARMS.hold_count(n) for n in LOOKS[:4]] == [5, 17, 42, 98]
    assert [LONG_ARMS.fail_count(n) for n in LONG_LOOKS] == [0, 1, 4, 8]
    assert [LONG_ARMS.hold_count(n) for n in LONG_LOOKS] == [0, 1, 4, 8]


def test_the_last_look_is_exact_too():
    c = critical_count(4096, A_BAD / 8)
    tail = sum(math.comb(4096, k) for k in range(c + 1))
    allowed = Fraction(A_BAD / 8) * 2**4096
    assert tail <= allowed < tail + math.comb(4096, c + 1)


@pytest.mark.parametrize(("n", "a"), [(-1, 0.1), (3, -0.1), (3, math.nan), (3, math.inf)])
def test_critical_count_refuses_nonsense(n, a):
    with pytest.raises(ValueError, match="must be"):
        critical_count(n, a)


@given(st.integers(0, 300), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_critical_counts_grow_with_the_error_and_by_at_most_one_a_block(n, a, b):
    low, high = sorted((a, b))
    assert critical_count(n, low) <= critical_count(n, high)
    assert 0 <= critical_count(n + 1, low) - critical_count(n, low) <= 1


@pytest.mark.parametrize(
    ("looks", "a_bad", "a_ok"),
    [((), 0.1, 0.1), ((8, 8), 0.1, 0.1), ((0, 8), 0.1, 0.1), ((8,), 0.0, 0.1), ((8,), 0.1, 0.5)],
)
def test_a_rule_refuses_nonsense(looks, a_bad, a_ok):
    with pytest.raises(ValueError, match="must"):
        Rule(looks, a_bad, a_ok)


@pytest.mark.parametrize("n", [0, 31, 33, 4097])
def test_a_claim_is_judged_at_looks_only(n):
    with pytest.raises(ValueError, match=f"32, 64, .* not at {n}"):
        judge_claim([0.0] * n, 0.02, SHORT_ARMS)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_block_that_is_no_number_is_an_error_and_never_a_verdict(bad):
    xs = [0.0] * 31 + [bad]
    for judge in (lambda: judge_claim(xs, 0.02, SHORT_ARMS), lambda: interval(xs, SHORT_ARMS)):
        with pytest.raises(ValueError, match="block 31"):
            judge()
    with pytest.raises(ValueError, match="limit must be finite"):
        judge_claim([0.0] * 32, bad, SHORT_ARMS)


@pytest.mark.parametrize("n", LOOKS)
def test_the_verdict_turns_at_the_critical_counts(n):
    limit, bad, ok = 0.02, SHORT_ARMS.fail_count(n), SHORT_ARMS.hold_count(n)

    def state(below: int) -> ClaimState:
        return judge_claim([0.01] * below + [0.03] * (n - below), limit, SHORT_ARMS)

    assert state(0) is state(bad) is ClaimState.FAILS
    assert state(bad + 1) is state(n - ok - 1) is ClaimState.UNDECIDED
    assert state(n - ok) is state(n) is ClaimState.HOLDS


def test_ties_with_the_limit_count_against_both_sides():
    bad, ok = SHORT_ARMS.fail_count(32), SHORT_ARMS.hold_count(32)
    for ties, far, state in ((bad, 0.03, ClaimState.FAILS), (ok, 0.01, ClaimState.HOLDS)):
        assert judge_claim([0.02] * ties + [far] * (32 - ties), 0.02, SHORT_ARMS) is state
        more = [0.02] * (ties + 1) + [far] * (31 - ties)
        assert judge_claim(more, 0.02, SHORT_ARMS) is ClaimState.UNDECIDED
    assert judge_claim([0.02] * 32, 0.02, SHORT_ARMS) is ClaimState.UNDECIDED


@given(coarse_blocks(), LIMITS)
def test_the_interval_and_the_verdict_are_one_table(xs, limit):
    lower, upper = interval(xs, SMALL)
    state = judge_claim(xs, limit, SMALL)
    assert (state is ClaimState.FAILS) == (lower > limit)
    assert (state is ClaimState.HOLDS) == (upper < limit)
    assert lower <= median(xs) <= upper


@given(coarse_blocks(), LIMITS, LIMITS, st.randoms(use_true_random=False))
def test_a_laxer_limit_never_judges_harder_and_order_does_not_matter(xs, a, b, rng):
    rank = {ClaimState.FAILS: 0, ClaimState.UNDECIDED: 1, ClaimState.HOLDS: 2}
    low, high = sorted((a, b))
    assert rank[judge_claim(xs, low, SMALL)] <= rank[judge_claim(xs, high, SMALL)]
    shuffled = rng.sample(xs, len(xs))
    assert judge_claim(shuffled, a, SMALL) is judge_claim(xs, a, SMALL)


@given(coarse_blocks(), LIMITS, st.integers(0, 7), st.floats(0.0, 0.1))
def test_a_slower_block_never_helps_the_claim(xs, limit, index, slower):
    rank = {ClaimState.FAILS: 0, ClaimState.UNDECIDED: 1, ClaimState.HOLDS: 2}
    worse = [x + slower if i == index else x for i, x in enumerate(xs)]
    assert rank[judge_claim(worse, limit, SMALL)] <= rank[judge_claim(xs, limit, SMALL)]


def test_too_few_blocks_bound_nothing():
    assert interval([0.01] * 8, LONG_ARMS) == (-math.inf, math.inf)
    assert interval([], LONG_ARMS) == (-math.inf, math.inf)
    assert interval([0.01] * 16, LONG_ARMS) == (0.01, 0.01)


def test_error_rates_at_the_limit():
    # At the limit each sign is a fair coin: 20,000 comparisons that look up to eight times.
    rng = random.Random(20_240_229)
    streams, fails, holds = 20_000, 0, 0
    steps = [(n, SHORT_ARMS.fail_count(n), SHORT_ARMS.hold_count(n)) for n in LOOKS]
    for _ in range(streams):
        above = seen = 0
        for n, bad, ok in steps:
            above += rng.getrandbits(n - seen).bit_count()
            seen = n
            if n - above <= bad or above <= ok:
                fails += n - above <= bad
                holds += above <= ok
                break
    assert fails <= 3  # 0.2 expected at most
    assert 2 <= holds <= 20 + 4 * math.sqrt(20)  # 20 at most: discreteness makes it fewer, never zero


def run(rng: random.Random, centre: float, limit: float, rule: Rule) -> ClaimState:
    """Sample a skewed stream with a median at the centre until the claim is decided."""
    xs: list[float] = []
    for look in rule.looks:
        xs += [centre + 0.01 * (rng.expovariate(1.0) - math.log(2.0)) for _ in range(look - len(xs))]
        state = judge_claim(xs, limit, rule)
        if state is not ClaimState.UNDECIDED:
            return state
    return ClaimState.UNDECIDED


def test_errors_of_whole_runs_are_kept_on_skewed_noise():
    rng, rule, streams = random.Random(7), Rule((8, 16, 32), 0.05, 0.1), 3000
    states = [run(rng, 0.02, 0.02, rule) for _ in range(streams)]
    for state, error in ((ClaimState.FAILS, 0.05), (ClaimState.HOLDS, 0.1)):
        found = states.count(state)
        bound = streams * error
        assert bound / 5 < found < bound + 3 * math.sqrt(bound)


def test_clear_effects_are_found_on_both_sides():
    rng = random.Random(11)
    assert all(run(rng, 0.03, 0.02, SHORT_ARMS) is ClaimState.FAILS for _ in range(50))
    assert all(run(rng, 0.01, 0.02, SHORT_ARMS) is ClaimState.HOLDS for _ in range(50))


def test_the_interval_covers_the_median():
    rng, rule = random.Random(3), Rule((24,), 0.05, 0.1)
    misses_low = misses_high = 0
    for _ in range(3000):
        lower, upper = interval([rng.expovariate(1.0) for _ in range(24)], rule)
        misses_low += math.log(2.0) < lower
        misses_high += upper < math.log(2.0)
    assert 30 < misses_low < 150 + 3 * math.sqrt(150)
    assert 100 < misses_high < 300 + 3 * math.sqrt(300)


@pytest.mark.parametrize(
    ("xs", "expected"),
    [([3.0], 3.0), ([3.0, 1.0, 2.0], 2.0), ([4.0, 1.0, 3.0, 2.0], 2.5), ([1e308] * 2, 1e308)],
)
def test_median(xs, expected):
    assert median(xs) == expected


def test_the_median_of_nothing_or_of_nan_is_an_error():
    with pytest.raises(ValueError, match="no blocks"):
        median([])
    with pytest.raises(ValueError, match="block 1"):
        median([0.0, math.nan])


def test_tie_share():
    assert tie_share([], 0.0) == 0.0
    assert tie_share([0.0, -0.0, 0.1, 0.2], 0.0) == 0.5


@pytest.mark.parametrize(
    ("xs", "expected"),
    [
        ([], 0.0),
        ([0.5], 0.0),
        ([0.5] * 9, 0.0),
        ([-0.5] * 9, 0.0),
        ([1.0, 1.0, -1.0, -1.0], 0.25),
        ([1.0, -1.0, 1.0, -1.0], -0.75),
        ([5.0, 0.1, -7.0, -0.2], 0.25),
        ([1.0, 0.0, -1.0], 0.0),
        ([1.0, 1.0, 1.0, -1.0], -0.25 / 3.0),
    ],
)
def test_sign_correlation(xs, expected):
    assert sign_correlation(xs, 0.0) == expected
    assert sign_correlation([x + 4.0 for x in xs], 4.0) == expected


def test_ties_and_correlated_neighbours_are_doubts():
    alternating = [0.01, 0.03] * 20
    assert doubt_about(alternating, 0.02) is None
    assert doubt_about([], 0.02) is None
    assert doubt_about([0.02] * 8 + alternating[:32], 0.02) is None
    assert doubt_about([0.02] * 9 + alternating[:31], 0.02) == (
        "22% of the blocks tie with the limit: the clock is too coarse"
    )
    states = ([0.01] * 10 + [0.03] * 10) * 2
    assert "correlated (0.8" in str(doubt_about(states, 0.02))
    assert doubt_about(states, 0.0) is None


def test_sign_correlation_sees_slow_states_and_not_independent_noise():
    rng = random.Random(5)
    noise = [rng.gauss(0.0, 1.0) for _ in range(2000)]
    states = [x + (3.0 if i // 10 % 2 else -3.0) for i, x in enumerate(noise)]
    assert abs(sign_correlation(noise, 0.0)) < 0.1
    assert sign_correlation(states, 0.0) > 0.7


def share(minority: int, n: int, *, above: bool) -> list[float]:
    """``n`` blocks of which a minority lies above (or below) the limit 0, spread evenly."""
    sign = 1.0 if above else -1.0
    spread = [(i + 1) * minority // n - i * minority // n for i in range(n)]
    return [sign if chosen else -sign for chosen in spread]


@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize("minority", [0, 6, 8, 10, 12])
def test_the_blocks_needed_decide_and_no_earlier_look_does(minority, above):
    xs = share(minority, 32, above=above)
    needed = blocks_needed(xs, 0.0, SHORT_ARMS)
    assert needed in LOOKS
    for look in LOOKS[: LOOKS.index(needed) + 1]:
        state = judge_claim(share(minority * look // 32, look, above=above), 0.0, SHORT_ARMS)
        assert (state is not ClaimState.UNDECIDED) == (look == needed)


def test_the_blocks_needed_beyond_the_last_look():
    needed = blocks_needed(share(490, 1000, above=True), 0.0, SHORT_ARMS)
    assert needed is not None
    assert needed > 4096
    c = critical_count(needed, A_OK / 8)
    assert abs(0.49 * needed - c) < 0.002 * needed
    worse = blocks_needed(share(490, 1000, above=False), 0.0, SHORT_ARMS)
    assert worse is not None
    assert worse > needed  # failing asks for stronger evidence than holding


def test_no_number_of_blocks_is_promised_where_no_side_leads():
    assert blocks_needed([], 0.0, SHORT_ARMS) is None
    assert blocks_needed([1.0, -1.0] * 16, 0.0, SHORT_ARMS) is None
    assert blocks_needed([0.0] * 32, 0.0, SHORT_ARMS) is None
    late = share(4000, 9000, above=True)
    assert (blocks_needed(late, 0.0, SHORT_ARMS) or 0) > 9000


def test_the_detectable_effect_is_where_the_claim_starts_to_fail():
    rng = random.Random(1)
    noise = [rng.gauss(0.0, 0.01) for _ in range(64)]
    effect = minimum_detectable_effect(noise, SHORT_ARMS)
    centred = [x - median(noise) + 0.02 for x in noise]
    assert judge_claim([x + effect + 1e-9 for x in centred], 0.02, SHORT_ARMS) is ClaimState.FAILS
    assert judge_claim([x + effect - 1e-9 for x in centred], 0.02, SHORT_ARMS) is ClaimState.UNDECIDED
    assert minimum_detectable_effect([0.0] * 8, SHORT_ARMS) == math.inf


@settings(max_examples=50)
@given(coarse_blocks(), st.floats(-1.0, 1.0))
def test_the_detectable_effect_does_not_depend_on_where_the_blocks_lie(xs, shift):
    moved = minimum_detectable_effect([x + shift for x in xs], SMALL)
    assert abs(moved - minimum_detectable_effect(xs, SMALL)) < 1e-12


def test_statistics_and_verdict_need_neither_numpy_nor_pytest():
    code = (
        "import sys; sys.modules['numpy'] = sys.modules['pytest'] = None\n"
        "import pytest_genesis_perf.statistics, pytest_genesis_perf.verdict\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
