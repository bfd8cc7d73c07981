"""What a decision looks at each bar, and which feature of a strategy gives it.

A slot that nothing of the strategy reads is not computed: its value is then a constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from genesis_core.candles.timeframe import Timeframe
from genesis_core.strategy.code import CONFIDENCE, EXIT, SIDE

if TYPE_CHECKING:
    from genesis_core.strategy.config import Config

SLOTS = (
    ("first", 0.0),
    ("second", 0.0),
    ("leaving", 0.0),
    ("regime", 0.0),
    ("zone", 0.0),
    ("quality", 1.0),
    ("atr", 0.0),
    ("higher", -1.0),
    ("lower", -1.0),
    ("up_first", 0.0),
    ("up_second", 0.0),
    ("down_first", 0.0),
    ("down_second", 0.0),
)
"""The arguments of ``trade_bar`` in their order, with the constant that stands for one that is not computed.

first, second
    Probabilities of buy and sell by a model; side and confidence by a decide step.
leaving
    Not 0: a decide step wants the position left.
regime, zone, quality
    Regime (-1 bear, 0, 1 bull), volatility zone (-1 low, 0, 1 high), data quality.
atr
    ATR(14).
higher, lower
    Distance to the nearest level of the higher timeframe, and of the candles' own, in ATRs; -1 without levels.
up_first, up_second, down_first, down_second
    The two nearest levels of the higher timeframe above and below the close; 0 without.
"""

_LEVELS = ("higher_above", "higher_above_next", "higher_below", "higher_below_next")
_FEATURES = (
    "regime",
    "volatility_zone",
    "data_quality",
    "atr_14",
    "higher_fib_atr",
    "lower_fib_atr",
    *_LEVELS,
)


Choice = tuple[str, Mapping[str, float]]
"""A feature of the package by name, and its parameters that differ from the defaults."""


def context(config: Config) -> list[Choice]:
    """Return the features that decisions and exits of a strategy look at besides its own; see `Config.context`."""
    decision, exits = config.decision, config.exits
    by_model = config.model is not None
    zones, sizes = decision.zone_thresholds, decision.zone_size
    wanted: list[Choice] = []
    if by_model or exits.regime_flip or not _same(decision.regime_size):
        wanted.append(("regime", {}))
    wanted.append(("data_quality", {}))  # a part of every confidence, which trades and updates tell
    if not _same(sizes) or any(
        t.long is not None or t.short is not None for t in (zones.low, zones.mid, zones.high)
    ):
        wanted.append(("volatility_zone", {}))
    if exits.unit == "atr" and (exits.stop or exits.target or exits.trailing):
        wanted.append(("atr_14", {}))
    if decision.lower_fib.missing != "off":
        wanted.append(("lower_fib_atr", {}))
    if decision.higher_fib.missing != "off":
        wanted.append(("higher_fib_atr", _higher(config)))
    if exits.partials:
        wanted.extend((name, _higher(config)) for name in _LEVELS)
    return wanted


def sources(config: Config) -> tuple[int | None, ...]:
    """Return for each slot the position among the asked features, None where it is a constant.

    By a model the first two slots are computed from the features, and None here.
    """
    names = config.asked_features.names
    signal = (None, None, None) if config.model is not None else (SIDE, CONFIDENCE, EXIT)
    given = [name for name, _ in config.context]
    wanted = (*signal, *(name if name in given else None for name in _FEATURES))
    return tuple(names.index(name) if name in names else None for name in wanted)


def _higher(config: Config) -> dict[str, float]:
    higher = config.higher
    timeframe = Timeframe.parse(higher.timeframe)
    return {
        "depth": float(higher.depth),
        "min_swing_atr": higher.min_swing_atr,
        "span_ms": float(timeframe.ms),
        "origin_ms": float(timeframe.origin),
        "days": higher.days,
    }


def _same(sizes: object) -> bool:
    return all(getattr(sizes, name) == 1.0 for name in sizes.__struct_fields__)  # type: ignore[attr-defined]
