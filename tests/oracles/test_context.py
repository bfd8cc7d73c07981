"""What gates and exits look at, against definitions over whole arrays: zones, levels of both timeframes, their age."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core.features.defaults import FEATURES
from genesis_core.features.graph import Value, node
from genesis_core.kernels.registry import KERNELS
from tests.oracles import features, higher
from tests.oracles.agreement import disagreement
from tests.oracles.bars import HOUR_MS, START_MS, Bars, adversarial, from_high_low, random_walk, whole_dollars
from tests.oracles.engine import candles_of, columns
from tests.oracles.higher import HigherLegs, beyond, distance, join
from tests.oracles.indicators import atr
from tests.oracles.swings import Leg, legs

ZONES = {"low": -1.0, "mid": 0.0, "high": 1.0}
by_property = settings(max_examples=60)


def picked(bars: Bars, kept: Sequence[int]) -> Bars:
    """Return some bars of a series, at the times they had."""
    names = ("timestamp", "open", "high", "low", "close", "volume")
    columns: dict[str, Any] = {name: [getattr(bars, name)[t] for t in kept] for name in names}
    return dataclasses.replace(bars, **columns)


def holed(bars: Bars, seed: int, share: float, skip: int = 0) -> Bars:
    """Leave out the first `skip` bars and a share of the others, now and then some hours in a row."""
    rng = random.Random(seed)
    kept, hole = [], 0
    for t in range(skip, len(bars)):
        hole = hole - 1 if hole else rng.randint(1, 9) if rng.random() < share else 0
        if not hole:
            kept.append(t)
    return picked(bars, kept or [skip])


def feature(name: str, **params: float) -> Value:
    return FEATURES[name].build({**dict(FEATURES[name].defaults), **params})


class TestVolatilityZone:
    @staticmethod
    def fault(bars: Bars) -> str | None:
        column, first = columns(bars, {"zone": feature("volatility_zone")})["zone"]
        zones, first_valid = features.volatility_zone(bars)
        if first != min(first_valid, len(bars)):
            return f"first valid bar {first}"
        return disagreement(column, [ZONES[zone] for zone in zones])

    @pytest.mark.parametrize("series", ["constant", "alternating", "tiny prices", "huge prices"])
    def test_adversarial(self, series: str) -> None:
        assert self.fault(adversarial()[series]) is None

    @given(seed=st.integers(0, 10_000), n=st.integers(60, 220))
    @by_property
    def test_any(self, seed: int, n: int) -> None:
        assert self.fault(random_walk(seed, n)) is None

    @given(values=st.lists(st.integers(0, 6), min_size=1, max_size=40), n=st.integers(1, 12), data=st.data())
    @by_property
    def test_of_few_values_with_ties_by_sorting(self, values: list[int], n: int, data: st.DataObject) -> None:
        """Ranks as drawn: below the low-th smallest of the window, above the high-th smallest."""
        low = data.draw(st.integers(1, n))
        high = data.draw(st.integers(low, n))
        kernel = KERNELS["volatility_zone"]
        p = (float(n), float(low), float(high))
        s = [0.0] * kernel.state(p)
        for t, value in enumerate(values):
            found = kernel.step(s, p, float(value))
            if t >= kernel.warmup(p):
                ranked = sorted(values[t - n + 1 : t + 1])
                wanted = -1.0 if value < ranked[low - 1] else 1.0 if value > ranked[high - 1] else 0.0
                assert found == wanted

    def test_every_zone_occurs(self) -> None:
        assert set(features.volatility_zone(random_walk(1, 200))[0]) == set(ZONES)


class TestLowerLevels:
    @staticmethod
    def fault(bars: Bars) -> str | None:
        column, first = columns(bars, {"away": feature("lower_fib_atr")})["away"]
        atr14, first_valid = atr(bars.high, bars.low, bars.close, 14)
        expected = [-1.0] * len(bars)
        for t, leg in list(enumerate(legs(bars, 6)))[first_valid:]:
            away = distance(bars.close[t], atr14[t], leg.levels)
            expected[t] = -1.0 if away is None else away
        if first != min(first_valid, len(bars)):
            return f"first valid bar {first}"
        return disagreement(column, expected, relative=1e-9, absolute=1e-9)

    @pytest.mark.parametrize("series", sorted(adversarial()))
    def test_adversarial(self, series: str) -> None:
        assert self.fault(adversarial()[series]) is None

    @given(seed=st.integers(0, 10_000), n=st.integers(15, 220), spread=st.integers(1, 6))
    @by_property
    def test_any(self, seed: int, n: int, spread: int) -> None:
        assert self.fault(random_walk(seed, n)) is None
        assert self.fault(whole_dollars(seed, n, spread=spread)) is None


def higher_node(hours: int, depth: int, least: float, origin: int, days: float) -> dict[str, Value]:
    points = node(
        "higher_swings",
        *("opened_at", "closed_at", "high", "low", "close"),
        span=float(hours * HOUR_MS),
        origin=float(origin),
        depth=depth,
        min_swing_atr=least,
        atr=14,
        age=days * higher.DAY_MS,
    )
    return {name: points.output(name) for name in ("high", "low", "leg_up")}


def higher_fault(
    bars: Bars,
    hours: int,
    depth: int,
    least: float = 1.0,
    origin: int = 0,
    days: float = 30.0,
    given: Bars | None = None,
) -> str | None:
    """Return the first bar at which the engine's higher leg is not exactly the oracle's."""
    found = columns(bars, higher_node(hours, depth, least, origin, days), given=given)
    expected = HigherLegs(bars, hours * HOUR_MS, depth, least, origin, given).fresh(days)
    for t, leg in enumerate(expected):
        ours = [found[name][0][t] for name in ("high", "low", "leg_up")]
        wanted = [leg.high.price, leg.low.price, float(leg.is_up)] if leg.high and leg.low else [0.0] * 3
        if ours != wanted:
            return f"bar {t}: {ours}, expected {wanted}"
    return None


class TestHigherTimeframe:
    @given(
        seed=st.integers(0, 10_000),
        n=st.integers(1, 260),
        hours=st.sampled_from((2, 3, 4, 6, 24)),
        depth=st.sampled_from((1, 2, 3, 6)),
        least=st.sampled_from((0.0, 0.5, 1.0, 2.0)),
        origin=st.sampled_from((0, HOUR_MS, 345_600_000)),
        days=st.sampled_from((0.1, 0.5, 1.0, 30.0)),
        share=st.sampled_from((0.0, 0.05, 0.3)),
        skip=st.integers(0, 7),
        dollars=st.booleans(),
    )
    @settings(max_examples=150)
    def test_any(
        self,
        seed: int,
        n: int,
        hours: int,
        depth: int,
        least: float,
        origin: int,
        days: float,
        share: float,
        skip: int,
        dollars: bool,
    ) -> None:
        bars = whole_dollars(seed, n + skip) if dollars else random_walk(seed, n + skip, step=0.02)
        assert higher_fault(holed(bars, seed, share, skip), hours, depth, least, origin, days) is None

    @pytest.mark.parametrize("series", sorted(adversarial()))
    def test_adversarial(self, series: str) -> None:
        for hours, depth in ((2, 1), (3, 2)):
            assert higher_fault(adversarial()[series], hours, depth) is None

    def test_six_hours_and_days_with_their_defaults(self) -> None:
        bars = random_walk(3, 1_200, step=0.01)
        found = {
            name: columns(bars, {"x": feature(name)})["x"][0] for name in ("higher_fib_atr", "higher_above")
        }
        atr14, _ = atr(bars.high, bars.low, bars.close, 14)
        fresh = HigherLegs(bars, 6 * HOUR_MS).fresh()
        away = [distance(bars.close[t], atr14[t], leg.levels) for t, leg in enumerate(fresh)]
        above = [beyond(bars.close[t], leg.levels, up=True) for t, leg in enumerate(fresh)]
        assert sum(x is not None for x in away) > 500
        wanted = [-1.0 if x is None else x for x in away]
        assert disagreement(found["higher_fib_atr"], wanted, relative=1e-9, absolute=1e-9) is None
        assert found["higher_above"][14:] == [levels[0] if levels else 0.0 for levels in above][14:]
        days = {"span_ms": 24.0 * HOUR_MS}
        daily = columns(bars, {"x": feature("higher_fib_atr", **days)})["x"][0]
        legs_of_days = HigherLegs(bars, 24 * HOUR_MS).fresh()
        assert [x >= 0.0 for x in daily] == [leg.exists for leg in legs_of_days]

    def test_what_the_engine_joins_is_what_is_joined_here(self) -> None:
        bars = holed(whole_dollars(5, 300), 5, 0.1, skip=3)
        mine, theirs = join(bars, 6 * HOUR_MS), candles_of(bars).resample("6h")
        count = len(theirs)
        assert len(mine.ends) - count in (0, 1)  # the last one may not have ended
        for name in ("timestamp", "open", "high", "low", "close"):
            assert getattr(mine.bars, name)[:count] == getattr(theirs, name).tolist()

    def test_a_candle_is_seen_with_its_last_bar_and_not_before(self) -> None:
        """Two-hour candles with one peak, in the 20th: known once the 21st has closed."""
        high = [101.0 + (9.0 if t in (38, 39) else 0.0) for t in range(60)]
        low = [99.0 - (9.0 if t in (44, 45) else 0.0) for t in range(60)]
        bars = from_high_low(high, low)
        found = columns(bars, higher_node(2, 1, 0.0, 0, 30.0))
        # The trough is in candle 22 (bars 44, 45), known with the last bar of candle 23: bar 47.
        assert [t for t in range(60) if found["low"][0][t] == 90.0] == list(range(47, 60))
        assert found["high"][0][46:48] == [0.0, 110.0]
        # Without that last bar, the first bar after it tells that the candle has ended.
        late = columns(picked(bars, [t for t in range(60) if t != 47]), higher_node(2, 1, 0.0, 0, 30.0))
        assert late["low"][0][45:49] == [0.0, 0.0, 90.0, 90.0]

    def test_a_first_candle_that_began_earlier_is_left_out(self) -> None:
        """The peak stands in the incomplete candle's only bar, and would be a swing high if that counted."""
        high = [150.0] + [101.0] * 79
        bars = from_high_low(high, [99.0] * 80)
        bars = dataclasses.replace(bars, timestamp=[stamp + HOUR_MS for stamp in bars.timestamp])
        found = columns(bars, higher_node(2, 1, 0.0, 0, 30.0))
        assert 150.0 not in found["high"][0]
        assert join(bars, 2 * HOUR_MS).bars.high == [101.0] * 40

    def test_levels_grow_stale_to_the_millisecond(self) -> None:
        """Known with bar 47, and 12 hours old with bar 59: one more and they are gone."""
        high = [101.0 + (9.0 if t in (38, 39) else 0.0) for t in range(70)]
        low = [99.0 - (9.0 if t in (44, 45) else 0.0) for t in range(70)]
        found = columns(from_high_low(high, low), higher_node(2, 1, 0.0, 0, 0.5))["high"][0]
        assert [t for t, x in enumerate(found) if x] == list(range(47, 60))

    def test_a_new_swing_makes_them_fresh(self) -> None:
        """The age counts from the last swing, be it the high or the low."""
        bars = random_walk(11, 260, step=0.02)
        fresh = HigherLegs(bars, 2 * HOUR_MS, 1).fresh(0.5)
        assert higher_fault(bars, 2, 1, days=0.5) is None
        flips = sum(a.exists != b.exists for a, b in pairwise(fresh))
        assert flips >= 4

    @pytest.mark.parametrize("late", [-1, 1])
    def test_one_bar_early_or_late_is_seen(self, late: int) -> None:
        bars = random_walk(2, 200, step=0.02)
        found = columns(bars, higher_node(2, 2, 1.0, 0, 30.0))["high"][0]
        expected = [leg.high.price if leg.high else 0.0 for leg in HigherLegs(bars, 2 * HOUR_MS, 2).fresh()]
        assert found == expected
        assert ([0.0, *found[:-1]] if late == 1 else [*found[1:], found[-1]]) != expected


def handed_in(seed: int, n: int, hours: int, before: int, share: float, *, dollars: bool = False) -> Bars:
    """Return `n` higher candles that have nothing to do with the series, the first so many before it; some missing."""
    bars = whole_dollars(seed, n) if dollars else random_walk(seed, n, step=0.02)
    span = hours * HOUR_MS
    stamps = [START_MS + (i - before) * span for i in range(n)]
    return holed(dataclasses.replace(bars, timestamp=stamps, timeframe_ms=span), seed + 1, share)


class TestGivenHigherTimeframe:
    @given(
        seed=st.integers(0, 10_000),
        n=st.integers(1, 200),
        count=st.integers(1, 120),
        before=st.integers(-12, 100),
        hours=st.sampled_from((2, 3, 6, 24)),
        depth=st.sampled_from((1, 2, 6)),
        least=st.sampled_from((0.0, 1.0, 2.0)),
        days=st.sampled_from((0.1, 0.5, 2.0, 30.0)),
        share=st.sampled_from((0.0, 0.05, 0.3)),
        missing=st.sampled_from((0.0, 0.1)),
        dollars=st.booleans(),
    )
    @settings(max_examples=150)
    def test_any(
        self,
        seed: int,
        n: int,
        count: int,
        before: int,
        hours: int,
        depth: int,
        least: float,
        days: float,
        share: float,
        missing: float,
        dollars: bool,
    ) -> None:
        """History before the series, bars before it, holes in both, levels that grow stale in either."""
        bars = holed(random_walk(seed, n, step=0.02), seed, share)
        higher_ones = handed_in(seed + 7, count, hours, before, missing, dollars=dollars)
        assert higher_fault(bars, hours, depth, least, 0, days, higher_ones) is None

    def test_a_history_ends_the_warm_up(self) -> None:
        """Both ends of a leg are there at bar 0; the same bars without it have none."""
        bars, points = random_walk(5, 40, step=0.02), higher_node(2, 2, 1.0, 0, 30.0)
        history = handed_in(9, 100, 2, 100, 0.0)
        assert columns(bars, points, given=history)["high"][0][0] > 0.0
        assert columns(bars, points)["high"][0] == [0.0] * 40

    def test_bars_before_the_first_given_candle_see_nothing(self) -> None:
        bars = random_walk(5, 60, step=0.02)
        late = handed_in(9, 60, 2, -20, 0.0)
        assert columns(bars, higher_node(2, 1, 0.0, 0, 30.0), given=late)["high"][0] == [0.0] * 60

    def test_a_candle_is_seen_at_its_end_and_several_behind_a_gap(self) -> None:
        """A peak in the given candle 20, a trough in 22: the leg is there once 23 has closed, with bar 47."""
        span = 2 * HOUR_MS
        high = [101.0 + (9.0 if i == 19 else 0.0) for i in range(30)]
        low = [99.0 - (9.0 if i == 22 else 0.0) for i in range(30)]
        higher_ones = dataclasses.replace(
            from_high_low(high, low), timestamp=[START_MS + i * span for i in range(30)], timeframe_ms=span
        )
        bars, points = random_walk(1, 60), higher_node(2, 1, 0.0, 0, 0.5)
        found = columns(bars, points, given=higher_ones)
        # Known at the end of candle 23 and 12 hours old with bar 59: one more and it would be stale.
        assert [t for t in range(60) if found["low"][0][t] == 90.0] == list(range(47, 60))
        assert columns(random_walk(1, 61), points, given=higher_ones)["low"][0][60] == 0.0
        # Bars 40 to 52 are missing: seen with the first bar after them, and not a bit younger for it.
        few = picked(random_walk(1, 61), [t for t in range(61) if not 40 <= t <= 52])
        late = dict(zip(few.timestamp, columns(few, points, given=higher_ones)["low"][0], strict=True))
        hours = [(stamp - START_MS) // HOUR_MS for stamp, price in late.items() if price]
        assert hours == list(range(53, 60))

    @pytest.mark.parametrize("late", [-1, 1])
    def test_one_bar_early_or_late_is_seen(self, late: int) -> None:
        bars, higher_ones = random_walk(2, 200, step=0.02), handed_in(3, 100, 2, 30, 0.0)
        found = columns(bars, higher_node(2, 2, 1.0, 0, 30.0), given=higher_ones)["high"][0]
        fresh = HigherLegs(bars, 2 * HOUR_MS, 2, given=higher_ones).fresh()
        assert found == [leg.high.price if leg.high else 0.0 for leg in fresh]
        assert len(set(found)) > 5
        shifted = [0.0, *found[:-1]] if late == 1 else [*found[1:], found[-1]]
        assert higher_fault(bars, 2, 2, given=higher_ones) is None
        assert shifted != found

    def test_the_compiled_law_is_the_same(self) -> None:
        bars = holed(random_walk(4, 260, step=0.02), 4, 0.1, 1)
        points, higher_ones = higher_node(3, 2, 1.0, 0, 2.0), handed_in(5, 150, 3, 60, 0.05)
        interpreted = columns(bars, points, given=higher_ones)
        assert columns(bars, points, "precomputed", given=higher_ones) == interpreted
        assert len(set(interpreted["high"][0])) > 5


prices = st.integers(1, 12).map(float)


@given(close=prices, levels=st.lists(prices, min_size=4, max_size=4), there=st.booleans())
@settings(max_examples=300)
def test_levels_beyond_the_close(close: float, levels: list[float], there: bool) -> None:
    """Strictly beyond, the nearest first; two that are equal count twice."""
    given_levels = levels if there else [0.0] * 4
    found = KERNELS["levels_beyond"].step([], [], close, *given_levels)
    above, below = (beyond(close, levels if there else (), up=up) for up in (True, False))
    assert found == (*_padded(above), *_padded(below))


def _padded(levels: tuple[float, ...]) -> tuple[float, ...]:
    return (*levels, 0.0, 0.0)[:2]


@given(close=prices, range_=st.sampled_from((0.0, 0.5, 3.0)), levels=st.lists(prices, min_size=4, max_size=4))
@settings(max_examples=200)
def test_distance_to_the_nearest_level(close: float, range_: float, levels: list[float]) -> None:
    found = KERNELS["level_distance"].step([], [], close, range_, *levels)
    away = distance(close, range_, levels)
    assert found == (-1.0 if away is None else away)
    assert KERNELS["level_distance"].step([], [], close, range_, *[0.0] * 4) == -1.0


def test_far_away_is_not_near() -> None:
    """The smallest range there is: the distance stays a finite number, far beyond any gate."""
    step = KERNELS["level_distance"].step
    far = step([], [], 1e8, 5e-324, *[1.0, 2.0, 3.0, 4.0])
    assert math.isfinite(far)
    assert far >= 1e9


def test_the_future_does_not_change_the_oracle() -> None:
    bars = holed(random_walk(4, 260, step=0.02), 4, 0.1, 1)
    whole: list[Any] = HigherLegs(bars, 3 * HOUR_MS, 2).fresh(2.0)
    for stop in (100, 180):
        assert HigherLegs(bars.upto(stop), 3 * HOUR_MS, 2).fresh(2.0) == whole[:stop]
    assert START_MS % (24 * HOUR_MS) == 0
    assert Leg(None, None) in whole
