"""The decision of one bar, read off the law one step at a time: from features to the bar's candidate and its size."""

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
class Gate:
    """A fibonacci gate: what it says without levels (``pass``, ``block``), and how far a level may be."""

    missing: str
    within_atr: float


@dataclass(frozen=True)
class Exits:
    """When a position is left; distances and counts of 0 are none.

    Attributes
    ----------
    on_close
        Stops and targets are tested on closes, else inside each bar.
    in_atr
        Distances are in ATR14, else fractions of the close; both as of the decision.
    """

    on_close: bool = False
    in_atr: bool = False
    stop: float = 0.0
    target: float = 0.0
    trailing: float = 0.0
    partials: tuple[float, ...] = ()
    max_bars: int = 0
    confidence_below: float = 0.0
    regime_flip: bool = False


@dataclass(frozen=True)
class Settings:
    """What the simulator can be told; rates and fractions are plain ratios.

    Attributes
    ----------
    trend
        Sides that may be taken: ``"both"``, ``"long"`` or ``"short"``.
    threshold
        Least probability of a side, where neither its regime nor its volatility zone has one of its own.
    thresholds
        ``(regime or zone, side)`` -> the one of its own.
    sizes
        Steps ``(confidence, size)``, rising.
    in_units
        A size is base units, else a fraction of equity.
    multipliers
        Regime or zone -> what the size is multiplied by, 1 where left out.
    drawdowns
        Steps ``(depth, multiplier)``, rising.
    fill
        ``"next_open"`` or ``"close"``.
    """

    risk_reward: float = 1.8
    trend: str = "both"
    threshold: float = 0.0
    thresholds: Mapping[tuple[str, str], float] = field(default_factory=dict)
    higher_gate: Gate | None = None
    lower_gate: Gate | None = None
    entry_confidence: float = 0.0
    minimum_edge: float = 0.0
    hysteresis: int = 2
    cooldown: int = 0
    sizes: tuple[tuple[float, float], ...] = ((0.0, 1.0),)
    in_units: bool = False
    multipliers: Mapping[str, float] = field(default_factory=dict)
    drawdowns: tuple[tuple[float, float], ...] = ()
    exits: Exits = Exits()
    fill: str = "next_open"
    fee: float = 0.0
    slippage: float = 0.0
    cash: float = 10_000.0


@dataclass(frozen=True)
class Signal:
    """What a strategy in code says: a side or None, how sure it is, and whether to leave."""

    side: Side | None
    confidence: float = 1.0
    leave: bool = False


@dataclass(frozen=True)
class AsOf:
    """What is known at one bar's close, besides prices.

    Attributes
    ----------
    said
        Probabilities of buy and sell, or the signal of a strategy in code.
    regime, zone
        ``bull``, ``bear``, ``ranging``; ``low``, ``mid``, ``high``.
    higher, lower
        How many ATR14 the nearest level of that timeframe is away; None without levels.
    above, below
        The levels of the higher timeframe beyond the close, the nearest first.
    """

    said: tuple[float, float] | Signal
    regime: str = "ranging"
    zone: str = "mid"
    quality: float = 1.0
    atr: float = 0.0
    higher: float | None = None
    lower: float | None = None
    above: tuple[float, ...] = ()
    below: tuple[float, ...] = ()


def sigmoid(x: float) -> float:
    """Return ``1 / (1 + exp(-x))`` without overflow."""
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def probabilities(buy: Logistic, sell: Logistic, row: Sequence[float], regime: str) -> tuple[float, float]:
    """Step 1: return the probabilities of buy and sell, which sum to 1 with that of holding."""
    p_buy, p_sell = (model.probability(row, regime) for model in (buy, sell))
    hold = max(0.0, 1.0 - p_buy - p_sell)
    total = p_buy + p_sell + hold
    return p_buy / total, p_sell / total


def threshold(settings: Settings, side: Side, regime: str, zone: str) -> float:
    """Return the least probability of a side: that of the zone, else of the regime, else the general one."""
    own = settings.thresholds
    return own.get((zone, side), own.get((regime, side), settings.threshold))


def candidate(settings: Settings, seen: AsOf, held_last: Side | None) -> tuple[Side | None, str, float]:
    """Steps 2 to 9: return the side that is left with its confidence, or None and the reason when none is."""
    if isinstance(seen.said, Signal):
        side, reason, sure = _signalled(settings, seen.said)
    else:
        side, reason, sure = _likely(settings, seen.said, seen, held_last)
    if side is None:
        return None, reason, 0.0
    confidence = sure * seen.quality
    if not _open(settings.higher_gate, seen.higher):
        return None, "HIGHER_FIB", 0.0
    if not _open(settings.lower_gate, seen.lower):
        return None, "LOWER_FIB", 0.0
    if confidence < settings.entry_confidence:
        return None, "CONFIDENCE", 0.0
    if not isinstance(seen.said, Signal) and abs(seen.said[0] - seen.said[1]) < settings.minimum_edge:
        return None, "EDGE", 0.0
    return side, "", confidence


def size(settings: Settings, seen: AsOf, confidence: float, equity: float, peak: float) -> float:
    """Step 12: return the fraction of equity, or the base units, of an entry."""
    reached = [amount for least, amount in settings.sizes if confidence >= least]
    amount = reached[-1] if reached else 0.0
    for name in (seen.regime, seen.zone):
        amount *= settings.multipliers.get(name, 1.0)
    fallen = [factor for depth, factor in settings.drawdowns if (peak - equity) / peak >= depth]
    return amount * fallen[-1] if fallen else amount


def _signalled(settings: Settings, said: Signal) -> tuple[Side | None, str, float]:
    if said.side is None:
        return None, "NO_SIGNAL", 0.0
    if settings.trend not in ("both", said.side):
        return None, "TREND_POLICY", 0.0
    return said.side, "", said.confidence


def _likely(
    settings: Settings, said: tuple[float, float], seen: AsOf, held_last: Side | None
) -> tuple[Side | None, str, float]:
    p: dict[Side, float] = {"long": said[0], "short": said[1]}
    value_long = p["long"] * settings.risk_reward - p["short"]
    value_short = p["short"] * settings.risk_reward - p["long"]
    if value_long <= 0.0 and value_short <= 0.0:
        return None, "EV_NEG", 0.0

    likely = [side for side in p if p[side] >= threshold(settings, side, seen.regime, seen.zone)]
    if not likely:
        return None, "THRESHOLD", 0.0
    # The trend policy removes sides before the threshold is asked; it is named where it made the difference.
    passing = [side for side in likely if settings.trend in ("both", side)]
    if not passing:
        return None, "TREND_POLICY", 0.0
    side = passing[0]
    if len(passing) == 2:
        if p["long"] != p["short"]:
            side = "long" if p["long"] > p["short"] else "short"
        elif held_last is not None:
            side = held_last
        elif seen.regime != "ranging":
            side = "long" if seen.regime == "bull" else "short"
        else:
            return None, "TIE", 0.0
    return side, "", p[side]


def _open(gate: Gate | None, distance: float | None) -> bool:
    if gate is None:
        return True
    return gate.missing == "pass" if distance is None else distance <= gate.within_atr
