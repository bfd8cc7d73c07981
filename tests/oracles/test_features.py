"""The feature oracles, checked by hand where a number can be followed."""

from __future__ import annotations

import dataclasses
import math

import pytest

from tests.oracles.bars import HOUR_MS, Bars, alternating, constant, random_walk, whole_dollars
from tests.oracles.features import (
    FEATURES,
    Inputs,
    data_quality,
    features,
    nearest_rank,
    regime,
    volatility_zone,
)
from tests.oracles.swings import Leg, Swing

FIB = [name for name in FEATURES if name.startswith("fib") or name == "swing_retrace_depth"]


def drawn(leg: Leg, close: float, atr: float) -> Inputs:
    """Return inputs of one bar, 0, at which this leg, close and ATR14 are known."""
    inputs = Inputs(constant(1, close))
    inputs.__dict__.update(legs=[leg], atr=[atr])
    return inputs


DOWN = Leg(high=Swing(0, 200.0, True), low=Swing(1, 100.0, False))  # levels 138.2, 150, 161.8, 178.6
UP = Leg(high=Swing(1, 200.0, True), low=Swing(0, 100.0, False))  # levels 161.8, 150, 138.2, 121.4


@pytest.mark.parametrize("name", FEATURES)
def test_the_first_valid_bar_is_the_first_at_which_the_formula_is_defined(name: str) -> None:
    law, inputs = FEATURES[name], Inputs(random_walk(1, 80))
    # With levels on every bar, only the indicators decide.
    inputs.__dict__["legs"] = [UP] * 80
    # A comparison does not pass NaN on; a leg needs ATR14 to be accepted at all.
    awaited = {"vol_regime": inputs.shift, "swing_retrace_depth": inputs.atr}.get(name)
    values = [law.formula(inputs, t) if awaited is None else awaited[t] for t in range(2, 80)]
    assert [t for t, value in enumerate(values, 2) if not math.isnan(value or 0.0)] == list(
        range(law.first_valid, 80)
    )


@pytest.mark.parametrize("name", FEATURES)
def test_values_stay_in_their_interval(name: str) -> None:
    law = FEATURES[name]
    for bars in (random_walk(2, 150), whole_dollars(3, 150), alternating(150), constant(150)):
        column = features(bars)[name]
        assert column[: law.first_valid] == [law.neutral] * min(law.first_valid, len(bars))
        assert all(law.clip[0] <= value <= law.clip[1] for value in column)


@pytest.mark.parametrize("name", FIB)
def test_no_levels_and_no_range_are_neutral(name: str) -> None:
    law = FEATURES[name]
    for leg, atr in ((Leg(None, None), 5.0), (UP, 0.0)):
        assert law.formula(drawn(leg, 150.0, atr), 0) is None


def test_far_from_every_level_is_ten() -> None:
    assert {features(constant(20))["fib_dist_min_atr"][t] for t in range(20)} == {10.0}
    far = FEATURES["fib_dist_min_atr"]
    inputs = drawn(UP, 400.0, 0.5)
    assert far.clip == (0.0, 10.0)
    assert far.formula(inputs, 0) == (400.0 - UP.levels[0]) / 0.5


class TestFibonacci:
    def test_distance(self) -> None:
        inputs = drawn(DOWN, 140.0, 2.0)
        assert FEATURES["fib_dist_min_atr"].formula(inputs, 0) == pytest.approx(0.9)
        assert FEATURES["fib_dist_signed_atr"].formula(inputs, 0) == pytest.approx(0.9)
        assert FEATURES["fib_dist_signed_atr"].formula(drawn(DOWN, 130.0, 2.0), 0) == pytest.approx(-4.1)

    @pytest.mark.parametrize(("leg", "sign"), [(DOWN, 1.0), (UP, -1.0)])
    def test_a_tie_goes_to_the_first_ratio(self, leg: Leg, sign: float) -> None:
        close = (leg.levels[0] + leg.levels[1]) / 2.0
        first, second = (close - level for level in leg.levels[:2])
        assert first == -second
        assert math.copysign(1.0, first) == sign
        assert FEATURES["fib_dist_signed_atr"].formula(drawn(leg, close, 10.0), 0) == first / 10.0

    def test_proximity(self) -> None:
        inputs = drawn(DOWN, 150.0, 10.0)
        assert FEATURES["fib05_prox_atr"].formula(inputs, 0) == 1.0
        near = math.exp(-11.8 / 6.0)
        assert FEATURES["fib0618_prox_atr"].formula(inputs, 0) == pytest.approx(near)
        score = (0.6 * near + 1.0 + near + 0.7 * math.exp(-28.6 / 6.0)) / 3.3
        assert FEATURES["fib_prox_score"].formula(inputs, 0) == pytest.approx(score)

    def test_depth_is_measured_from_the_end_of_the_leg(self) -> None:
        depth = FEATURES["swing_retrace_depth"].formula
        assert depth(drawn(UP, 175.0, 1.0), 0) == 0.25
        assert depth(drawn(DOWN, 175.0, 1.0), 0) == 0.75


class TestContext:
    def test_nearest_rank_does_not_interpolate(self) -> None:
        ranked = [float(k) for k in range(1, 57)]
        assert nearest_rank(ranked, 40) == 23.0  # ceil(22.4)
        assert nearest_rank(ranked, 80) == 45.0  # ceil(44.8)

    def test_zone_follows_the_range(self) -> None:
        bars = alternating(200)
        assert volatility_zone(bars) == (["mid"] * 200, 69)
        wider = [
            100.0 + (5.0 if t < 100 else 15.0 if t < 140 else 5.0 if t < 150 else 1.0) for t in range(200)
        ]
        grown = Bars(bars.timestamp, [100.0] * 200, wider, [100.0] * 200, [100.0] * 200, bars.volume)
        zones, _ = volatility_zone(grown)
        assert zones[99:102] == ["mid", "high", "high"]
        assert zones[-1] == "low"

    def test_zone_window_is_56_bars_with_this_one(self) -> None:
        # One wild bar, whose echo in ATR14 fades: each later value is smaller, none as small as those before.
        high = [101.0] * 200
        high[100] = 150.0
        bars = dataclasses.replace(constant(200), high=high)
        zones, first = volatility_zone(bars)
        assert first == 69
        # The 45th smallest of 56 is the 12th largest: bar 111 is that itself, and so not above it.
        # The 23rd smallest: bar 133 is that itself, with the 22 bars 78..99 below it; bar 134 is the 22nd.
        assert zones == ["mid"] * 100 + ["high"] * 11 + ["mid"] * 23 + ["low"] * 66

    def test_regime_needs_more_than_two_percent(self) -> None:
        still = constant(50)
        assert regime(still) == (["ranging"] * 50, 49)
        for close, expected in ((103.0, "bull"), (97.0, "bear"), (101.9, "ranging"), (98.1, "ranging")):
            moved = dataclasses.replace(still, close=[100.0] * 49 + [close])
            assert regime(moved)[0][-1] == expected

    def test_data_quality(self) -> None:
        still = constant(4)
        stamps = [0, 3 * HOUR_MS, 7 * HOUR_MS, 11 * HOUR_MS]
        holes = dataclasses.replace(still, timestamp=stamps, volume=[0.0, 1.0, 1.0, 0.0])
        assert data_quality(holes) == [0.5, 1.0, 0.5, 0.25]


def test_the_past_does_not_change() -> None:
    bars = whole_dollars(4, 150)
    whole = features(bars)
    for stop in (60, 119):
        assert features(bars.upto(stop)) == {name: column[:stop] for name, column in whole.items()}
