"""The 15 features of the default set and the context values by definition, one formula a feature."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from tests.oracles import indicators
from tests.oracles.bars import Bars
from tests.oracles.swings import RATIOS, Leg, legs

#: What `Inputs.fib` weighs: the same order as `RATIOS`.
_PROX_WEIGHTS = (0.6, 1.0, 1.0, 0.7)

#: Bars of ATR14 that the volatility zone looks at, its own included.
ZONE_WINDOW = 56


@dataclass(frozen=True)
class FeatureLaw:
    """One row of the table.

    Attributes
    ----------
    formula
        The unclipped value at bar `t`; None where there are no levels.
    neutral
        The value before `first_valid`, and without levels.
    first_valid
        As the table says it; not derived from the formula.
    clip
        Closed interval of the value.
    """

    formula: Callable[[Inputs, int], float | None]
    neutral: float
    first_valid: int
    clip: tuple[float, float] = (-math.inf, math.inf)

    def at(self, inputs: Inputs, t: int) -> float:
        """Return the feature at bar `t`."""
        if t < self.first_valid:
            return self.neutral
        value = self.formula(inputs, t)
        return self.neutral if value is None else clip(value, *self.clip)


class Inputs:
    """Every column that a feature's formula names, computed once for a series and only when asked for."""

    def __init__(self, bars: Bars, *, depth: int = 3, min_swing_atr: float = 1.0) -> None:
        self.bars = bars
        self.depth = depth
        self.min_swing_atr = min_swing_atr

    @cached_property
    def rsi(self) -> list[float]:
        return indicators.rsi(self.bars.close, 14)[0]

    @cached_property
    def atr(self) -> list[float]:
        return indicators.atr(self.bars.high, self.bars.low, self.bars.close, 14)[0]

    @cached_property
    def adx(self) -> list[float]:
        return indicators.adx(self.bars.high, self.bars.low, self.bars.close, 14)[0]

    @cached_property
    def shift(self) -> list[float]:
        return indicators.volatility_shift(self.bars.high, self.bars.low, self.bars.close)[0]

    @cached_property
    def position(self) -> list[float]:
        return indicators.bollinger(self.bars.close, 20, 2.0)[2]

    @cached_property
    def slope(self) -> list[float]:
        return indicators.ema_slope(self.bars.close, 20, 5)[0]

    @cached_property
    def legs(self) -> list[Leg]:
        return legs(self.bars, self.depth, self.min_swing_atr)

    def gaps(self, t: int) -> list[float] | None:
        """Return close minus level for each level, or None where there is nothing to measure."""
        if not self.legs[t].exists or self.atr[t] == 0.0:
            return None
        return [self.bars.close[t] - level for level in self.legs[t].levels]

    def prox(self, t: int, ratio: float) -> float | None:
        """Return ``exp(-abs(c - level) / (0.6 * ATR14))`` of one level."""
        gaps = self.gaps(t)
        if gaps is None:
            return None
        return math.exp(-abs(gaps[RATIOS.index(ratio)]) / (0.6 * self.atr[t]))

    def prox_score(self, t: int) -> float | None:
        """Return the weighted mean of the four proximities."""
        parts = [self.prox(t, ratio) for ratio in RATIOS]
        total = 0.0
        for weight, part in zip(_PROX_WEIGHTS, parts, strict=True):
            if part is None:
                return None
            total += weight * part
        return total / 3.3


def clip(x: float, low: float, high: float) -> float:
    """Return `x` moved into ``[low, high]``."""
    return min(max(x, low), high)


def _dist_min(x: Inputs, t: int) -> float | None:
    gaps = x.gaps(t)
    return None if gaps is None else min(abs(gap) for gap in gaps) / x.atr[t]


def _dist_signed(x: Inputs, t: int) -> float | None:
    gaps = x.gaps(t)
    # `min` keeps the first of equal ones: the order of the ratios.
    return None if gaps is None else min(gaps, key=abs) / x.atr[t]


def _retrace_depth(x: Inputs, t: int) -> float | None:
    if x.gaps(t) is None:
        return None
    leg, close = x.legs[t], x.bars.close[t]
    assert leg.high is not None
    assert leg.low is not None
    height = leg.high.price - leg.low.price
    return (leg.high.price - close) / height if leg.is_up else (close - leg.low.price) / height


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


FEATURES: dict[str, FeatureLaw] = {
    "rsi_inv_lag1": FeatureLaw(lambda x, t: (x.rsi[t - 1] - 50.0) / 50.0, 0.0, 15, (-1.0, 1.0)),
    "volatility_shift_ma3": FeatureLaw(
        lambda x, t: math.fsum(x.shift[t - 2 : t + 1]) / 3.0, 1.0, 52, (0.5, 2.0)
    ),
    "bb_position_inv_ma3": FeatureLaw(
        lambda x, t: math.fsum(1.0 - p for p in x.position[t - 2 : t + 1]) / 3.0, 0.5, 21, (0.0, 1.0)
    ),
    "rsi_vol_interaction": FeatureLaw(
        lambda x, t: (x.rsi[t] - 50.0) / 50.0 * clip(x.shift[t], 0.5, 2.0), 0.0, 50, (-2.0, 2.0)
    ),
    "vol_regime": FeatureLaw(lambda x, t: 1.0 if x.shift[t] > 1.0 else 0.0, 0.0, 50, (0.0, 1.0)),
    "atr_14": FeatureLaw(lambda x, t: x.atr[t], 0.0, 14),
    "fib_dist_min_atr": FeatureLaw(_dist_min, 10.0, 14, (0.0, 10.0)),
    "fib_dist_signed_atr": FeatureLaw(_dist_signed, 0.0, 14, (-10.0, 10.0)),
    "fib_prox_score": FeatureLaw(lambda x, t: x.prox_score(t), 0.0, 14, (0.0, 1.0)),
    "fib0618_prox_atr": FeatureLaw(lambda x, t: x.prox(t, 0.618), 0.0, 14, (0.0, 1.0)),
    "fib05_prox_atr": FeatureLaw(lambda x, t: x.prox(t, 0.5), 0.0, 14, (0.0, 1.0)),
    "swing_retrace_depth": FeatureLaw(_retrace_depth, 0.0, 14, (0.0, 1.0)),
    "fib05_x_ema_slope": FeatureLaw(
        lambda x, t: _times(x.prox(t, 0.5), clip(x.slope[t], -0.1, 0.1)), 0.0, 24, (-0.1, 0.1)
    ),
    "fib_prox_x_adx": FeatureLaw(lambda x, t: _times(x.prox_score(t), x.adx[t] / 100.0), 0.0, 27, (0.0, 1.0)),
    "fib05_x_rsi_inv": FeatureLaw(
        lambda x, t: _times(x.prox(t, 0.5), -(x.rsi[t] - 50.0) / 50.0), 0.0, 14, (-1.0, 1.0)
    ),
}


def features(bars: Bars, *, depth: int = 3, min_swing_atr: float = 1.0) -> dict[str, list[float]]:
    """Return all 15 columns, neutral values included."""
    inputs = Inputs(bars, depth=depth, min_swing_atr=min_swing_atr)
    return {name: [law.at(inputs, t) for t in range(len(bars))] for name, law in FEATURES.items()}


def volatility_zone(bars: Bars) -> tuple[list[str], int]:
    """Return ``"low"``, ``"mid"`` or ``"high"`` for each bar, and the first bar whose window is full.

    The window is the last 56 values of ATR14, this bar's included. It is full at bar 14 + 55; before,
    the zone is ``"mid"``.
    """
    values, atr_valid = indicators.atr(bars.high, bars.low, bars.close, 14)
    first = atr_valid + ZONE_WINDOW - 1
    zones = ["mid"] * len(bars)
    for t in range(first, len(bars)):
        ranked = sorted(values[t - ZONE_WINDOW + 1 : t + 1])
        if values[t] < nearest_rank(ranked, 40):
            zones[t] = "low"
        elif values[t] > nearest_rank(ranked, 80):
            zones[t] = "high"
    return zones, first


def nearest_rank(ranked: list[float], percent: int) -> float:
    """Return the ``ceil(percent/100 * n)``-th smallest of the sorted list `ranked`, in integers."""
    return ranked[-(-percent * len(ranked) // 100) - 1]


def regime(bars: Bars) -> tuple[list[str], int]:
    """Return ``"bull"``, ``"bear"`` or ``"ranging"`` for each bar, and the first bar of EMA50."""
    e, first = indicators.ema(bars.close, 50)
    out = ["ranging"] * len(bars)
    for t in range(first, len(bars)):
        distance = (bars.close[t] - e[t]) / e[t]
        if distance > 0.02:
            out[t] = "bull"
        elif distance < -0.02:
            out[t] = "bear"
    return out, first


def data_quality(bars: Bars) -> list[float]:
    """Return 1.0 for each bar, halved after a hole of more than 3 timeframes and halved without volume."""
    out = []
    for t in range(len(bars)):
        after_hole = t > 0 and bars.timestamp[t] - bars.timestamp[t - 1] > 3 * bars.timeframe_ms
        empty = bars.volume[t] == 0.0
        out.append((0.5 if after_hole else 1.0) * (0.5 if empty else 1.0))
    return out
