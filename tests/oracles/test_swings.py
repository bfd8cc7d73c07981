"""Swings: the cases in which one bar early, one late or one bound wrong shows, by hand and in the engine."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core.features.defaults import FEATURES
from genesis_core.features.graph import Value, node
from tests.oracles.bars import Bars, adversarial, from_high_low, random_walk, whole_dollars
from tests.oracles.engine import columns
from tests.oracles.indicators import atr
from tests.oracles.swings import Leg, Swing, accept, legs, swings


def shaped(highs: dict[int, float] | None = None, lows: dict[int, float] | None = None, n: int = 60) -> Bars:
    """Return bars with highs of 110 and lows of 90, but for the bars named.

    A level stretch has no swing points at all: no high in it is greater than the one before.
    """
    high, low = [110.0] * n, [90.0] * n
    for bar, price in (highs or {}).items():
        high[bar] = price
    for bar, price in (lows or {}).items():
        low[bar] = price
    return from_high_low(high, low, [100.0] * n)


def bars_of_points(bars: Bars, d: int = 3) -> list[tuple[int, str]]:
    return [(point.bar, "high" if point.is_high else "low") for point in swings(bars, d)]


def ends(leg: Leg) -> tuple[int | None, int | None]:
    return leg.high.bar if leg.high else None, leg.low.bar if leg.low else None


class TestPoints:
    def test_a_level_stretch_has_none(self) -> None:
        assert bars_of_points(shaped()) == []

    def test_a_plateau_belongs_to_its_first_bar(self) -> None:
        assert bars_of_points(shaped({20: 120.0, 21: 120.0, 22: 120.0})) == [(20, "high")]
        assert bars_of_points(shaped(lows={20: 80.0, 21: 80.0})) == [(20, "low")]

    @pytest.mark.parametrize("distance", [1, 2, 3])
    def test_a_higher_bar_within_the_depth_on_either_side_hides_it(self, distance: int) -> None:
        assert bars_of_points(shaped({30: 120.0, 30 + distance: 121.0})) == [(30 + distance, "high")]
        assert bars_of_points(shaped({30: 120.0, 30 - distance: 121.0})) == [(30 - distance, "high")]

    def test_a_higher_bar_beyond_the_depth_does_not(self) -> None:
        assert bars_of_points(shaped({30: 120.0, 34: 121.0})) == [(30, "high"), (34, "high")]

    @pytest.mark.parametrize("distance", [1, 2, 3])
    def test_an_equal_bar_within_the_depth_counts_only_before(self, distance: int) -> None:
        assert bars_of_points(shaped({30: 120.0, 30 + distance: 120.0})) == [(30, "high")]

    def test_none_before_atr_is_valid(self) -> None:
        assert bars_of_points(shaped({13: 120.0})) == []
        assert bars_of_points(shaped({14: 120.0})) == [(14, "high")]

    def test_one_bar_can_be_both(self) -> None:
        assert bars_of_points(shaped({30: 120.0}, {30: 80.0})) == [(30, "high"), (30, "low")]

    @pytest.mark.parametrize("d", [3, 6])
    def test_none_of_the_last_d_bars(self, d: int) -> None:
        assert bars_of_points(shaped({40: 120.0}, n=40 + d), d) == []
        assert bars_of_points(shaped({40: 120.0}, n=40 + d + 1), d) == [(40, "high")]


class TestKnowledge:
    @pytest.mark.parametrize("d", [3, 6])
    def test_a_point_is_known_d_bars_later_not_earlier_not_later(self, d: int) -> None:
        as_of = [ends(leg) for leg in legs(shaped({20: 130.0}, {40: 70.0}), d)]
        assert as_of == ([(None, None)] * (20 + d) + [(20, None)] * 20 + [(20, 40)] * (60 - 40 - d))

    def test_the_past_does_not_change(self) -> None:
        bars = whole_dollars(3, 150)
        whole = legs(bars, 3)
        for stop in (30, 77, 120):
            assert legs(bars.upto(stop), 3) == whole[:stop]


class TestAcceptance:
    """Points are given; ATR is 10 everywhere."""

    ATR = [10.0] * 100

    def accepted(self, *points: tuple[int, str, float], min_swing_atr: float = 1.0) -> list[tuple[int, str]]:
        given = [Swing(bar, price, is_high=kind == "high") for bar, kind, price in points]
        left = accept(given, self.ATR, min_swing_atr)
        return [(point.bar, "high" if point.is_high else "low") for point in left]

    def test_the_first_of_each_kind_needs_no_height_against_nothing(self) -> None:
        assert self.accepted((20, "high", 100.0)) == [(20, "high")]
        assert self.accepted((20, "low", 100.0)) == [(20, "low")]

    def test_the_height_is_a_closed_bound(self) -> None:
        assert self.accepted((20, "low", 100.0), (25, "high", 110.0)) == [(20, "low"), (25, "high")]
        assert self.accepted((20, "low", 100.0), (25, "high", 109.99)) == [(20, "low")]
        assert self.accepted((20, "high", 110.0), (25, "low", 100.0)) == [(20, "high"), (25, "low")]
        assert self.accepted((20, "high", 110.0), (25, "low", 100.01)) == [(20, "high")]

    def test_the_height_scales_with_the_setting(self) -> None:
        points = (20, "low", 100.0), (25, "high", 119.0)
        assert self.accepted(*points, min_swing_atr=1.9) == [(20, "low"), (25, "high")]
        assert self.accepted(*points, min_swing_atr=2.0) == [(20, "low")]

    def test_a_further_point_replaces_only_if_it_goes_further(self) -> None:
        high = (20, "high", 150.0)
        assert self.accepted(high, (25, "high", 150.0)) == [(20, "high")]
        assert self.accepted(high, (25, "high", 150.5)) == [(20, "high"), (25, "high")]
        low = (20, "low", 100.0)
        assert self.accepted(low, (25, "low", 100.0)) == [(20, "low")]
        assert self.accepted(low, (25, "low", 99.5)) == [(20, "low"), (25, "low")]

    def test_after_a_low_in_between_a_lower_high_is_new(self) -> None:
        points = (20, "high", 150.0), (25, "low", 100.0), (30, "high", 120.0)
        assert self.accepted(*points) == [(20, "high"), (25, "low"), (30, "high")]

    def test_a_rejected_low_in_between_changes_nothing(self) -> None:
        points = (20, "high", 150.0), (25, "low", 145.0), (30, "high", 149.0)
        assert self.accepted(*points) == [(20, "high")]

    def test_height_is_measured_from_the_last_accepted_opposite(self) -> None:
        points = (20, "low", 100.0), (22, "low", 90.0), (25, "high", 105.0)
        assert self.accepted(*points) == [(20, "low"), (22, "low"), (25, "high")]
        assert self.accepted((20, "low", 100.0), (22, "low", 101.0), (25, "high", 109.0)) == [(20, "low")]


class TestLevels:
    def test_down(self) -> None:
        leg = Leg(high=Swing(20, 200.0, True), low=Swing(30, 100.0, False))
        assert leg.levels == (100.0 + 100.0 * 0.382, 150.0, 100.0 + 100.0 * 0.618, 100.0 + 100.0 * 0.786)

    def test_up(self) -> None:
        leg = Leg(high=Swing(30, 200.0, True), low=Swing(20, 100.0, False))
        assert leg.levels == (200.0 - 100.0 * 0.382, 150.0, 200.0 - 100.0 * 0.618, 200.0 - 100.0 * 0.786)

    def test_one_bar_that_is_both_ends_is_a_leg_up(self) -> None:
        assert Leg(high=Swing(20, 200.0, True), low=Swing(20, 100.0, False)).is_up

    @pytest.mark.parametrize("high", [100.0, 90.0])
    def test_none_unless_the_high_is_above_the_low(self, high: float) -> None:
        assert Leg(high=Swing(20, high, True), low=Swing(30, 100.0, False)).levels == ()

    def test_none_before_both_exist(self) -> None:
        assert Leg(high=Swing(20, 200.0, True), low=None).levels == ()
        assert Leg(high=None, low=Swing(20, 200.0, False)).levels == ()


LEVELS = ("level_382", "level_500", "level_618", "level_786")


def engine_columns(bars: Bars, d: int, min_swing_atr: float = 1.0) -> dict[str, list[float]]:
    """Return the engine's last accepted high and low, whether the leg is up, and its levels."""
    true_range = node("true_range", "high", "low", "close").value
    atr_then = node("lag", node("wilder", true_range, n=14).value, k=d).value
    pivots = node("pivots", "high", "low", depth=d)
    ends = pivots.output("high"), pivots.output("low")
    points = node("swings", *ends, atr_then, min_swing_atr=min_swing_atr)
    values: dict[str, Value] = {name: points.output(name) for name in ("high", "low", "leg_up")}
    levels = node("fib_levels", *values.values())
    values.update((name, levels.output(name)) for name in LEVELS)
    return {name: column for name, (column, _) in columns(bars, values).items()}


def difference(found: dict[str, list[float]], expected: list[Leg]) -> str | None:
    """Return the first bar at which the engine's columns are not exactly the oracle's."""
    for t, leg in enumerate(expected):
        wanted = [
            leg.high.price if leg.high else 0.0,
            leg.low.price if leg.low else 0.0,
            *(leg.levels or (0.0,) * 4),
        ]
        ours = [found[name][t] for name in ("high", "low", *LEVELS)]
        if ours != wanted:
            return f"bar {t}: {ours}, expected {wanted}"
        if leg.exists and (found["leg_up"][t] == 1.0) != leg.is_up:
            return f"bar {t}: leg_up {found['leg_up'][t]}, expected {leg.is_up}"
    return None


def engine_disagreement(bars: Bars, d: int, min_swing_atr: float = 1.0) -> str | None:
    return difference(engine_columns(bars, d, min_swing_atr), legs(bars, d, min_swing_atr))


class TestEngine:
    """Comparisons and levels are exact, so agreement is equality at every bar."""

    @pytest.mark.parametrize("d", [1, 3, 6])
    def test_by_hand(self, d: int) -> None:
        for bars in (
            shaped({20: 130.0}, {40: 70.0}),
            shaped({20: 120.0, 21: 120.0, 24: 125.0}, {30: 80.0, 33: 80.0, 37: 79.0}),
            shaped({14: 120.0, 40: 150.0}, {15: 60.0, 40: 50.0}),
            shaped({13: 120.0}, {13: 80.0}),
        ):
            assert engine_disagreement(bars, d) is None

    @pytest.mark.parametrize("d", [3, 6])
    def test_adversarial(self, d: int) -> None:
        assert {name: engine_disagreement(bars, d) for name, bars in adversarial().items()} == dict.fromkeys(
            adversarial()
        )

    @given(
        seed=st.integers(0, 10_000),
        n=st.integers(1, 250),
        d=st.sampled_from((1, 2, 3, 6)),
        min_swing_atr=st.sampled_from((0.0, 0.5, 1.0, 2.0)),
        spread=st.integers(1, 6),
    )
    @settings(max_examples=60)
    def test_any(self, seed: int, n: int, d: int, min_swing_atr: float, spread: int) -> None:
        assert engine_disagreement(whole_dollars(seed, n, spread=spread), d, min_swing_atr) is None
        assert engine_disagreement(random_walk(seed, n), d, min_swing_atr) is None

    @pytest.mark.parametrize("late", [-1, 1])
    def test_one_bar_early_or_late_is_seen(self, late: int) -> None:
        bars = whole_dollars(1, 200)
        right = engine_columns(bars, 3)
        wrong = {
            name: [0.0, *column[:-1]] if late == 1 else [*column[1:], 0.0] for name, column in right.items()
        }
        assert difference(right, legs(bars, 3)) is None
        assert difference(wrong, legs(bars, 3)) is not None

    def test_when_a_point_appears(self) -> None:
        found = engine_columns(shaped({20: 130.0}, {40: 70.0}), 3)
        assert found["high"] == [0.0] * 23 + [130.0] * 37
        assert found["low"] == [0.0] * 43 + [70.0] * 17
        assert found["level_500"] == [0.0] * 43 + [100.0] * 17

    @pytest.mark.parametrize("up", [True, False])
    def test_the_height_is_a_closed_bound(self, up: bool) -> None:
        bars = shaped({40: 130.0}, {20: 70.0}) if up else shaped({20: 130.0}, {40: 70.0})
        height, atr14 = 60.0, atr(bars.high, bars.low, bars.close, 14)[0][40]
        least = height / atr14
        while least * atr14 < height:
            least = math.nextafter(least, math.inf)
        while least * atr14 > height:
            least = math.nextafter(least, 0.0)
        assert least * atr14 == height
        more = math.nextafter(least, math.inf)
        while more * atr14 == height:
            more = math.nextafter(more, math.inf)
        second = "high" if up else "low"
        assert engine_columns(bars, 3, least)[second][-1] == (130.0 if up else 70.0)
        assert engine_columns(bars, 3, more)[second][-1] == 0.0

    @pytest.mark.parametrize("nearer", [0, 1, 2])
    def test_of_two_equally_near_levels_the_first_counts(self, nearer: int) -> None:
        signed = FEATURES["fib_dist_signed_atr"]
        value = {"signed": signed.build(dict(signed.defaults))}
        ties = 0
        for top in range(120, 160):
            bars = shaped({20: float(top)}, {40: 70.0}, n=52)
            levels = legs(bars, 3)[-1].levels
            close = (levels[nearer] + levels[nearer + 1]) / 2.0
            if close - levels[nearer] != levels[nearer + 1] - close:
                continue  # the middle is not a float: no tie
            ties += 1
            bars.close[-1] = close
            bars.high[-1] = max(bars.high[-1], close)
            # Leg down: the levels ascend, so the first of the two lies below the close.
            assert columns(bars, value)["signed"][0][-1] > 0.0
        assert ties > 3
