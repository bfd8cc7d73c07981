"""The tables of a strategy file, as frozen structs; :class:`~genesis_core.strategy.config.Config` holds them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from genesis_core.strategy.strict import FrozenDict

Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Rate = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Step = tuple[Fraction, NotNegative]


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calibration of a score z before the logistic function: ``scale*z + shift``."""

    scale: float = 1.0
    shift: float = 0.0


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``scale`` and ``shift`` of every regime, but for those regimes that have their own.

    Attributes
    ----------
    scale, shift : float
        ``p = sigmoid(scale*z + shift)``.
    bear, ranging, bull : Line or None
        What stands in for them in that regime.
    """

    scale: float = 1.0
    shift: float = 0.0
    bear: Line | None = None
    ranging: Line | None = None
    bull: Line | None = None


class Side(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One logistic model: a bias and a weight for each feature of the strategy."""

    bias: float
    weights: dict[str, float]
    calibration: Calibration = Calibration()

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "weights", FrozenDict(self.weights))


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The two models whose probabilities are weighed against each other."""

    buy: Side
    sell: Side


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Least probabilities of the sides; a side left out keeps the threshold it has otherwise."""

    long: Fraction | None = None
    short: Fraction | None = None


class RegimeThresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Thresholds of a regime."""

    bear: Thresholds = Thresholds()
    ranging: Thresholds = Thresholds()
    bull: Thresholds = Thresholds()


class ZoneThresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Thresholds of a volatility zone; they override those of the regime."""

    low: Thresholds = Thresholds()
    mid: Thresholds = Thresholds()
    high: Thresholds = Thresholds()


class RegimeSize(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the size is multiplied by in each regime."""

    bear: NotNegative = 1.0
    ranging: NotNegative = 1.0
    bull: NotNegative = 1.0


class ZoneSize(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the size is multiplied by in each volatility zone."""

    low: NotNegative = 1.0
    mid: NotNegative = 1.0
    high: NotNegative = 1.0


class FibGate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Entries only near a fibonacci level.

    Attributes
    ----------
    missing : str
        ``off``: no gate. ``pass`` or ``block``: what happens where there are no levels.
    within_atr : float
        How many ATR(14) the close may lie away from the nearest level.
    """

    missing: Literal["off", "pass", "block"] = "off"
    within_atr: NotNegative = 2.0


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What turns probabilities, or a strategy's own signal, into orders.

    Attributes
    ----------
    reward_risk : float
        R of the expected value, ``p_buy*R - p_sell`` for a long. Models only.
    side : str
        Which sides may be taken: ``both``, ``long`` or ``short``.
    threshold : float
        Least probability of a side. Models only, as are the next two.
    regime_thresholds, zone_thresholds : table
        Other thresholds in a regime, and in a volatility zone.
    higher_fib, lower_fib : FibGate
        Entries only near levels of the higher timeframe, and of the candles' own.
    confidence : float
        Least confidence: the side's probability, or the signal's own, times data quality.
    edge : float
        Least difference of the two probabilities. Models only.
    hysteresis : int
        Bars in a row that a side other than the last accepted one must be the candidate.
    cooldown_bars : int
        Bars between an entry's fill and the next accepted decision.
    size : float or list of (confidence, size)
        A fraction of the equity at the decision's close, or base units; a list is a monotone map: the highest step
        reached counts.
    size_unit : str
        ``equity`` or ``units``.
    regime_size, zone_size : table
        Multipliers of the size.
    drawdown_size : list of (drawdown, multiplier)
        Up to two steps; drawdown of the equity at the decision's close against its peak.
    """

    reward_risk: Positive = 1.8
    side: Literal["both", "long", "short"] = "both"
    threshold: Fraction = 0.55
    regime_thresholds: RegimeThresholds = RegimeThresholds()
    zone_thresholds: ZoneThresholds = ZoneThresholds()
    higher_fib: FibGate = FibGate()
    lower_fib: FibGate = FibGate()
    confidence: Fraction = 0.5
    edge: Fraction = 0.1
    hysteresis: Count = 2
    cooldown_bars: Count = 3
    size: Positive | tuple[Step, ...] = 0.2
    size_unit: Literal["equity", "units"] = "equity"
    regime_size: RegimeSize = RegimeSize()
    zone_size: ZoneSize = ZoneSize()
    drawdown_size: tuple[tuple[Fraction, NotNegative], ...] = ((0.03, 0.75), (0.06, 0.5))


class Higher(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The higher timeframe of gates and exits.

    Attributes
    ----------
    timeframe : str
        Such as ``6h`` or ``1D``; a whole multiple of the candles' own.
    depth : int
        Bars on each side of a swing.
    min_swing_atr : float
        Least leg between swings, in ATRs.
    days : float
        After how many days without a new swing the levels are stale.
    """

    timeframe: str = "6h"
    depth: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 6
    min_swing_atr: NotNegative = 1.0
    days: Positive = 30.0


class Exits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a position is left, besides an entry of the other side. 0 is none.

    Attributes
    ----------
    test : str
        ``intrabar``: stops and targets fill inside a bar, at their price. ``close``: they are tested on a close and
        fill like a decision.
    unit : str
        Of the three distances below: ``atr`` (ATR(14) as of the decision) or ``price`` (fractions of the close of
        the decision).
    stop, target, trailing : float
        Distance from the entry price against us, in our favour, and behind the best price since entry.
    partials : list of float
        Fractions of the position to take off at the next one or two levels of the higher timeframe; after the first
        the stop moves to the entry price, after the second to the first level.
    max_bars : int
        Bars after the entry's fill.
    confidence_below : float
        Leave when the confidence in the side held falls below this.
    regime_flip : bool
        Leave when the regime turns against the side held.
    """

    test: Literal["intrabar", "close"] = "intrabar"
    unit: Literal["atr", "price"] = "atr"
    stop: NotNegative = 0.0
    target: NotNegative = 0.0
    trailing: NotNegative = 0.0
    partials: tuple[Fraction, ...] = ()
    max_bars: Count = 0
    confidence_below: Fraction = 0.0
    regime_flip: bool = False


class Execution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How orders are filled and what that costs. These are the one place with default costs.

    Attributes
    ----------
    initial_equity : float
        In quote currency.
    fill : str
        ``next_open`` or ``close``.
    fee : float
        Of the notional, on every fill. Bitfinex takes 0.2% from takers.
    slippage : float
        By which a fill's price moves against us.
    """

    initial_equity: Positive = 10_000.0
    fill: Literal["next_open", "close"] = "next_open"
    fee: Rate = 0.002
    slippage: Rate = 0.0005
