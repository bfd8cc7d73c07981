"""The decision of one bar, read off the law one step at a time: from features to the bar's candidate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Side: TypeAlias = Literal["long", "short"]


@dataclass(frozen=True)
class Logistic:
    """One side's model: intercept, one weight a feature, and the calibration ``(a, b)`` of each regime."""

    intercept: float
    weights: tuple[float, ...]
    calibration: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def probability(self, row: Sequence[float], regime: str) -> float:
        """Return ``sigmoid(a*z + b)`` of one bar's features."""
        z = self.intercept
        for weight, value in zip(self.weights, row, strict=True):
            z += weight * value
        a, b = self.calibration.get(regime, (1.0, 0.0))
        return sigmoid(a * z + b)


@dataclass(frozen=True)
class Settings:
    """What the simulator can be told; rates and fractions are plain ratios.

    Attributes
    ----------
    trend
        Sides that may be taken: ``"both"``, ``"long"`` or ``"short"``.
    thresholds
        Least probability of a side, per regime.
    fraction
        The part of equity put into an entry.
    fill
        ``"next_open"`` or ``"close"``.
    """

    buy: Logistic
    sell: Logistic
    risk_reward: float = 1.8
    trend: str = "both"
    thresholds: Mapping[str, float] = field(default_factory=dict)
    entry_confidence: float = 0.0
    minimum_edge: float = 0.0
    hysteresis: int = 2
    cooldown: int = 0
    fraction: float = 1.0
    fill: str = "next_open"
    fee: float = 0.0
    slippage: float = 0.0
    cash: float = 10_000.0


def sigmoid(x: float) -> float:
    """Return ``1 / (1 + exp(-x))`` without overflow."""
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def probabilities(settings: Settings, row: Sequence[float], regime: str) -> tuple[float, float]:
    """Step 1: return the probabilities of buy and sell, which sum to 1 with that of holding."""
    buy = settings.buy.probability(row, regime)
    sell = settings.sell.probability(row, regime)
    hold = max(0.0, 1.0 - buy - sell)
    total = buy + sell + hold
    return buy / total, sell / total


def candidate(
    settings: Settings, p_buy: float, p_sell: float, regime: str, quality: float, held_last: Side | None
) -> tuple[Side | None, str]:
    """Steps 2 to 9: return the side that is left, or None, and the reason when none is."""
    value_long = p_buy * settings.risk_reward - p_sell
    value_short = p_sell * settings.risk_reward - p_buy
    if value_long <= 0.0 and value_short <= 0.0:
        return None, "EV_NEG"

    threshold = settings.thresholds[regime]
    p = {"long": p_buy, "short": p_sell}
    likely: list[Side] = [side for side in ("long", "short") if p[side] >= threshold]
    if not likely:
        return None, "THRESHOLD"
    # The trend policy removes sides before the threshold is asked; it is named where it made the difference.
    passing = [side for side in likely if settings.trend in ("both", side)]
    if not passing:
        return None, "TREND_POLICY"
    side = passing[0]
    if len(passing) == 2:
        if p_buy != p_sell:
            side = "long" if p_buy > p_sell else "short"
        elif held_last is not None:
            side = held_last
        elif regime != "ranging":
            side = "long" if regime == "bull" else "short"
        else:
            return None, "TIE"

    if p[side] * quality < settings.entry_confidence:
        return None, "CONFIDENCE"
    if abs(p_buy - p_sell) < settings.minimum_edge:
        return None, "EDGE"
    return side, ""
