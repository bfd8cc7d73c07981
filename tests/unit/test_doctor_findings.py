"""What the doctor concludes from blocks: synthetic ones, whose answer is known by counting."""

from __future__ import annotations

import math
from random import Random

import pytest

from pytest_genesis_perf.doctor.findings import Fitness, compare_slices, conclude
from pytest_genesis_perf.doctor.series import (
    GateCount,
    Series,
    effect_after,
    judge,
    same_code_gates,
    seconds_to_resolve,
)
from pytest_genesis_perf.statistics import SHORT_ARMS, ClaimState, critical_count

BLOCK = 0.001
FIRST, LAST = SHORT_ARMS.looks[0], SHORT_ARMS.looks[-1]


def series(xs: list[float], slice_us: int = 100, kind: str = "loop", block: float = BLOCK) -> Series:
    return Series(kind, slice_us, tuple(xs), len(xs) * block)


def noise(spread: float, blocks: int = 1_000, seed: str = "noise") -> list[float]:
    random = Random(seed)
    return [random.gauss(0.0, spread) for _ in range(blocks)]


def spoiled(every: int, by: float, blocks: int) -> list[float]:
    """Return blocks of which each so-many-th is too fast by so much, and the one after it too slow."""
    return [-by if i % every == 0 else by if i % every == every // 2 else 0.0 for i in range(blocks)]


def test_an_effect_beyond_all_blocks_resolves_at_the_first_look() -> None:
    quiet = series([0.001, -0.001] * 100)
    assert seconds_to_resolve(quiet, 0.01) == pytest.approx(FIRST * BLOCK)


def test_an_effect_within_the_noise_never_resolves() -> None:
    loud = series([0.02, -0.02] * 3_000)
    assert seconds_to_resolve(loud, 0.01) is None
    assert seconds_to_resolve(loud, 0.03) == pytest.approx(FIRST * BLOCK)


@pytest.mark.parametrize("every", [4, 5, 8])
def test_between_them_the_first_look_decides_at_which_the_outliers_are_few_enough(every: int) -> None:
    # The fail side is the stricter one: so many blocks of each look lie beyond the limit on the wrong side.
    error = SHORT_ARMS.a_bad / len(SHORT_ARMS.looks)
    look = next(n for n in SHORT_ARMS.looks if math.ceil(n / every) <= critical_count(n, error))
    assert look > FIRST
    found = seconds_to_resolve(series(spoiled(every, 0.05, 2_000)), 0.02)
    assert found == pytest.approx(look * BLOCK)


def test_what_the_blocks_drawn_do_not_decide_is_estimated_from_their_shares() -> None:
    few, many = (seconds_to_resolve(series(spoiled(5, 0.05, n)), 0.02) for n in (40, 4_000))
    assert few == many
    assert few is not None
    assert few > 40 * BLOCK


def test_an_estimate_beyond_the_last_look_is_none() -> None:
    # 49% on the wrong side: tens of thousands of blocks.
    xs = [-0.05 if i % 100 < 49 else 0.0 for i in Random("order").sample(range(200), 200)]
    assert seconds_to_resolve(series(xs), 0.02) is None


def test_an_estimate_for_the_wrong_side_is_no_estimate() -> None:
    # Two of three blocks lie below -2%: more of them would pass the slower arm, and never fail it.
    xs = Random("order").sample([-0.05] * 26 + [0.0] * 14, 40)
    assert judge(xs, -math.log1p(0.02))[0] is ClaimState.UNDECIDED
    assert seconds_to_resolve(series(xs), 0.02) is None


def test_both_sides_must_be_decided() -> None:
    # Nothing lies below -2%, so a slowdown always fails; but equal arms do not pass a margin of 2%.
    one_sided = series([0.0, 0.05] * 500)
    assert judge(one_sided.xs, -math.log1p(0.02))[0] is ClaimState.FAILS
    assert seconds_to_resolve(one_sided, 0.02) is None


def test_blocks_that_move_together_resolve_nothing() -> None:
    # 10% of outliers are few enough, were they not all neighbours.
    assert seconds_to_resolve(series([-0.05] * 100 + [0.0] * 400 + [0.05] * 100 + [0.0] * 400), 0.02) is None
    assert seconds_to_resolve(series(spoiled(10, 0.05, 1_000)), 0.02) is not None


def test_no_number_of_blocks_that_move_together_is_estimated() -> None:
    together = ([0.0] * 16 + [-0.05] * 4) * 2
    assert seconds_to_resolve(series(together), 0.02) is None
    apart = Random("order").sample(together, 40)
    assert seconds_to_resolve(series(apart), 0.02) is not None


def test_the_slowest_gates_but_one_in_ten_count() -> None:
    # A disturbance of 5% of the run delays one gate of twenty, and one of 40% delays many.
    def disturbed(share: float) -> Series:
        xs = [0.001, -0.001] * 1_000
        for i in range(int(len(xs) * share)):
            xs[i] *= 50.0
        return series(xs)

    calm = seconds_to_resolve(disturbed(0.0), 0.02)
    short, long = seconds_to_resolve(disturbed(0.05), 0.02), seconds_to_resolve(disturbed(0.4), 0.02)
    assert calm is not None
    assert short == calm
    assert long is None or long > calm


@pytest.mark.parametrize("blocks", [0, 1, FIRST - 1])
def test_fewer_blocks_than_a_look_say_nothing(blocks: int) -> None:
    few = series([0.0001, -0.0001] * 16)
    few = Series(few.kind, few.slice_us, few.xs[:blocks], blocks * BLOCK)
    assert seconds_to_resolve(few, 0.05) is None
    assert effect_after(few) is None


def test_gates_on_equal_arms_run_back_to_back_and_the_unfinished_one_does_not_count() -> None:
    assert same_code_gates(series([0.001, -0.001] * 50), 0.02) == GateCount(passed=3)
    assert same_code_gates(series([0.05] * 70), 0.02) == GateCount(false_alarms=2)
    undecided = [0.05, -0.05] * (LAST // 2)
    assert same_code_gates(series(undecided), 0.02) == GateCount(undecided=1)
    mixed = same_code_gates(series([0.0] * 32 + undecided + [0.05] * 32 + [0.0] * 31), 0.02)
    assert mixed == GateCount(passed=1, false_alarms=1, undecided=1)
    assert mixed.total == 3


def test_equal_arms_raise_no_false_alarm_however_loud_the_noise() -> None:
    counted = sum((same_code_gates(series(noise(s, 20_000)), 0.02) for s in (0.005, 0.05, 0.5)), GateCount())
    assert counted.false_alarms == 0
    assert counted.total > 500


def test_the_effect_after_a_second_is_the_distance_that_the_rule_needs() -> None:
    # Blocks spread evenly over 2%, a thousand of them in a second: the rule counts off so many from the fast end.
    even = series([0.02 * i / 1_000 - 0.01 for i in range(1_001)])
    rank = critical_count(1_000, SHORT_ARMS.a_bad / len(SHORT_ARMS.looks))
    assert effect_after(even) == pytest.approx(math.expm1(0.02 * (500 - rank) / 1_000), rel=0.01)


def test_the_effect_does_not_depend_on_how_much_was_drawn_but_on_the_time_there_is() -> None:
    few, many = series(noise(0.01, 400)), series(noise(0.01, 8_000))
    assert effect_after(few) == pytest.approx(effect_after(many), rel=0.25)
    after = [effect_after(many, seconds) for seconds in (0.1, 1.0, 4.0)]
    assert after == sorted(after, reverse=True)
    assert effect_after(many, 10 * BLOCK) is None, "ten blocks cannot fail any claim"
    slow = series(noise(0.01, 8_000), block=4 * BLOCK)
    assert effect_after(slow, 4.0) == effect_after(many, 1.0)


def test_a_clock_that_cannot_tell_blocks_apart_says_nothing_about_their_spread() -> None:
    assert effect_after(series([0.0, 0.0, 0.0, 0.04, -0.04] * 100)) is None
    assert series([]).too_coarse is False


def slices(effects: dict[int, float], kinds: tuple[str, ...] = ("loop", "sum")) -> list[Series]:
    # The same noise at each length, scaled: ratios are exact.
    return [
        series([x * scale for x in noise(0.01)], us, kind) for kind in kinds for us, scale in effects.items()
    ]


def test_the_best_slice_length_stands_beside_the_default() -> None:
    found = compare_slices(slices({25: 2.0, 100: 1.0, 500: 3.0}))
    assert (found.best, found.ratio, found.clear) == (100, 1.0, False)
    assert "the default, is the best" in found.text

    found = compare_slices(slices({50: 0.9, 100: 1.0, 500: 3.0}))
    assert (found.best, found.clear) == (50, False)
    assert "the default is fine" in found.text

    found = compare_slices(slices({50: 0.5, 100: 1.0, 500: 3.0}))
    assert (found.best, found.clear) == (50, True)
    assert found.ratio == pytest.approx(0.5, rel=0.02)
    assert "the default is fine" not in found.text
    assert found.effects["sum"][500] == pytest.approx(3.0 * (found.effects["sum"][100] or 0.0), rel=0.05)


def test_a_length_that_is_better_in_half_of_the_run_only_is_no_reason_to_leave_the_default() -> None:
    xs = noise(0.01)
    lucky = [x * (0.1 if i < 500 else 1.0) for i, x in enumerate(xs)]
    found = compare_slices([series(xs), series(lucky, 50)])
    assert found.best == 50
    assert found.ratio is not None
    assert found.ratio < 0.8
    assert not found.clear


def test_lengths_are_compared_over_the_same_kinds() -> None:
    drawn = slices({50: 0.5, 100: 1.0})
    drawn[-2] = series(noise(0.001, 10), 50, "sum")
    found = compare_slices(drawn)
    assert (found.best, found.clear) == (100, False)
    assert found.effects["sum"][50] is None


def test_without_the_default_length_nothing_is_best() -> None:
    for drawn in ([], slices({50: 1.0}), [series(noise(0.01), 50), series([0.0] * 5)]):
        found = compare_slices(drawn)
        assert (found.best, found.ratio, found.clear) == (None, None, False)
        assert "not known" in found.text


@pytest.mark.parametrize(
    ("budget", "fitness", "effect"),
    [
        (0.6, Fitness.FIT, 0.02),
        (0.4, Fitness.LIMITED, 0.03),
        (0.2, Fitness.LIMITED, 0.05),
        (0.1, Fitness.NOT_FIT, None),
    ],
)
def test_the_verdict_is_the_smallest_effect_that_resolves_within_a_comparison(
    budget: float, fitness: Fitness, effect: float | None
) -> None:
    # Of such noise 2%, 3% and 5% resolve in 512, 256 and 128 blocks.
    verdict = conclude([series(noise(0.05, 4_000))], budget).verdict
    assert (verdict.fitness, verdict.effect) == (fitness, effect)


def test_the_worst_kind_decides() -> None:
    quiet, loud = series(noise(0.002)), series(noise(3.0), kind="sum")
    assert conclude([quiet], 4.0).verdict.fitness is Fitness.FIT
    assert conclude([quiet, loud], 4.0).verdict.fitness is Fitness.NOT_FIT


def test_what_does_not_fit_into_the_time_of_a_comparison_does_not_resolve() -> None:
    assert conclude([series(noise(0.002), block=0.1)], budget=4.0).verdict.fitness is Fitness.FIT
    found = conclude([series(noise(0.002), block=0.2)], budget=4.0).verdict
    assert found.fitness is Fitness.NOT_FIT
    assert "4 s of a comparison" in found.text


def test_the_verdict_says_what_and_in_which_time() -> None:
    found = conclude(
        [series([0.001, -0.001] * 500), series([0.001, -0.001] * 500, kind="sum", block=0.01)], 4.0
    )
    assert found.verdict.text == "fit to judge 2% in 0.32 s"
    assert found.verdict.seconds == pytest.approx(0.32)
    other_order = conclude(
        [series([0.001, -0.001] * 500, block=0.01), series([0.001, -0.001] * 500, kind="sum")], 4.0
    )
    assert other_order.verdict.text == found.verdict.text
    limited = conclude([series([0.04, -0.04] * 500)], 4.0).verdict
    assert limited.text == "fit to judge 5% only, in 0.032 s"


def test_a_false_alarm_a_tracer_and_too_few_blocks_come_before_everything() -> None:
    quiet = series(noise(0.001))
    alarm = conclude([quiet, series([0.05] * 40, 50)], 4.0).verdict
    assert alarm.fitness is Fitness.NOT_FIT
    assert "called the same code slower than itself" in alarm.text
    traced = conclude([quiet], 4.0, tracer="a trace function of coverage").verdict
    assert traced.fitness is Fitness.NOT_FIT
    assert "coverage" in traced.text
    unknown = conclude([quiet, series([0.0] * 10, kind="sum")], 4.0).verdict
    assert unknown.fitness is Fitness.UNKNOWN
    assert "with sum" in unknown.text
    assert conclude([], 4.0).verdict.fitness is Fitness.UNKNOWN


def test_only_the_default_length_is_judged_and_all_lengths_raise_alarms() -> None:
    found = conclude([series(noise(0.001, 320)), series([0.5, -0.5] * 500, 1_500)], 4.0)
    assert [each.kind for each in found.resolutions] == ["loop"]
    assert found.resolutions[0].blocks == 320
    assert found.verdict.fitness is Fitness.FIT
    assert found.gates == GateCount(passed=10)
