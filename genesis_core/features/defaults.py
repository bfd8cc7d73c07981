"""The features of the package, declared in one place: parameters, and the nodes they are made of.

The formulas stand in ``kernels/``; this module only wires them. Neutral values and first valid bars follow from the
kernels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from genesis_core.errors import FeatureError
from genesis_core.features.graph import Node, Value, node

Params = Mapping[str, float]


@dataclass(frozen=True)
class Feature:
    """A named value of the graph.

    Attributes
    ----------
    name : str
        Unique in a feature set.
    defaults : tuple of (str, float)
        Its parameters and their default values.
    build : callable
        Parameters -> the value, as a wired graph.
    """

    name: str
    defaults: tuple[tuple[str, float], ...]
    build: Callable[[Params], Value]


def _atr(n: float) -> Value:
    return node("wilder", node("true_range", "high", "low", "close").value, n=n).value


def _shift(p: Params) -> Value:
    return node("volatility_shift", _atr(p["fast"]), _atr(p["slow"])).value


def _rsi(p: Params) -> Value:
    return node("rsi", "close", n=p["rsi"]).value


def _swings(p: Params) -> Node:
    pivots = node("pivots", "high", "low", depth=p["depth"])
    atr_then = node("lag", _atr(p["atr"]), k=p["depth"]).value
    return node(
        "swings", pivots.output("high"), pivots.output("low"), atr_then, min_swing_atr=p["min_swing_atr"]
    )


def _leg(p: Params) -> tuple[Value, Value, Value]:
    swings = _swings(p)
    return swings.output("high"), swings.output("low"), swings.output("leg_up")


def _levels(p: Params) -> tuple[Value, ...]:
    levels = node("fib_levels", *_leg(p))
    return tuple(levels.output(name) for name in levels.kernel.outputs)


def _distance(p: Params) -> Node:
    return node("fib_distance", "close", _atr(p["atr"]), *_levels(p))


def _proximity(p: Params, level: int) -> Value:
    return node("fib_proximity", "close", _atr(p["atr"]), _levels(p)[level]).value


def _score(p: Params) -> Value:
    return node("fib_prox_score", *(_proximity(p, level) for level in range(4))).value


def _bands(p: Params) -> Value:
    window = node("mean_std", "close", n=p["n"])
    return node("bollinger_position", "close", window.output("mean"), window.output("std"), m=p["m"]).value


def _ema_slope(p: Params) -> Value:
    return node("slope", node("ema", "close", n=p["ema"]).value, k=p["k"]).value


_RSI = (("rsi", 14.0),)
_SHIFT = (("fast", 14.0), ("slow", 50.0))
_FIB = (("depth", 3.0), ("min_swing_atr", 1.0), ("atr", 14.0))

DEFAULT_FEATURES = (
    Feature("rsi_inv_lag1", _RSI, lambda p: node("rsi_inv_lag1", _rsi(p)).value),
    Feature("volatility_shift_ma3", _SHIFT, lambda p: node("volatility_shift_ma3", _shift(p)).value),
    Feature(
        "bb_position_inv_ma3",
        (("n", 20.0), ("m", 2.0)),
        lambda p: node("bb_position_inv_ma3", _bands(p)).value,
    ),
    Feature(
        "rsi_vol_interaction", _RSI + _SHIFT, lambda p: node("rsi_vol_interaction", _rsi(p), _shift(p)).value
    ),
    Feature("vol_regime", _SHIFT, lambda p: node("vol_regime", _shift(p)).value),
    Feature("atr_14", (("n", 14.0),), lambda p: _atr(p["n"])),
    Feature("fib_dist_min_atr", _FIB, lambda p: _distance(p).output("absolute")),
    Feature("fib_dist_signed_atr", _FIB, lambda p: _distance(p).output("signed")),
    Feature("fib_prox_score", _FIB, _score),
    Feature("fib0618_prox_atr", _FIB, lambda p: _proximity(p, 2)),
    Feature("fib05_prox_atr", _FIB, lambda p: _proximity(p, 1)),
    Feature(
        "swing_retrace_depth",
        _FIB,
        lambda p: node("swing_retrace_depth", "close", *_leg(p), _atr(p["atr"])).value,
    ),
    Feature(
        "fib05_x_ema_slope",
        (*_FIB, ("ema", 20.0), ("k", 5.0)),
        lambda p: node("fib05_x_ema_slope", _proximity(p, 1), _ema_slope(p)).value,
    ),
    Feature(
        "fib_prox_x_adx",
        (*_FIB, ("adx", 14.0)),
        lambda p: (
            node(
                "fib_prox_x_adx",
                _score(p),
                node(
                    "adx", "high", "low", node("true_range", "high", "low", "close").value, n=p["adx"]
                ).value,
            ).value
        ),
    ),
    Feature(
        "fib05_x_rsi_inv", _FIB + _RSI, lambda p: node("fib05_x_rsi_inv", _proximity(p, 1), _rsi(p)).value
    ),
)
"""The 15 features of the default set, in their order."""


def _zone(p: Params) -> Value:
    if not 0.0 < p["low"] <= p["high"] <= 1.0:
        raise FeatureError(f"low = {p['low']!r}, high = {p['high']!r}; 0 < low <= high <= 1 is needed")
    # The nearest rank of the number as it is written: 0.55 * 100 is 55.00000000000001 in float64.
    low, high = (float(math.ceil(Fraction(repr(p[name])) * Fraction(p["n"]))) for name in ("low", "high"))
    return node("volatility_zone", _atr(p["atr"]), n=p["n"], low_rank=low, high_rank=high).value


def _context_levels(p: Params) -> tuple[Value, ...]:
    """Wire the levels of the candles' own timeframe, or, where a span is given, of a higher one."""
    if not p.get("span_ms"):
        return _levels(p)
    swings = node(
        "higher_swings",
        "opened_at",
        "closed_at",
        "high",
        "low",
        "close",
        span=p["span_ms"],
        origin=p["origin_ms"],
        depth=p["depth"],
        min_swing_atr=p["min_swing_atr"],
        atr=p["atr"],
        age=p["days"] * 86_400_000.0,
    )
    levels = node("fib_levels", swings.output("high"), swings.output("low"), swings.output("leg_up"))
    return tuple(levels.output(name) for name in levels.kernel.outputs)


def _away(p: Params) -> Value:
    return node("level_distance", "close", _atr(p["atr"]), *_context_levels(p)).value


def _next_level(output: str) -> Callable[[Params], Value]:
    return lambda p: node("levels_beyond", "close", *_context_levels(p)).output(output)


_OWN = (("depth", 6.0), ("min_swing_atr", 1.0), ("atr", 14.0))
_HIGHER = (*_OWN, ("span_ms", 21_600_000.0), ("origin_ms", 0.0), ("days", 30.0))

CONTEXT_FEATURES = (
    Feature(
        "regime",
        (("n", 50.0), ("band", 0.02)),
        lambda p: node("regime", "close", node("ema", "close", n=p["n"]).value, band=p["band"]).value,
    ),
    Feature("data_quality", (), lambda p: node("data_quality", "elapsed", "volume").value),
    Feature("volatility_zone", (("atr", 14.0), ("n", 56.0), ("low", 0.4), ("high", 0.8)), _zone),
    Feature("lower_fib_atr", _OWN, _away),
    Feature("higher_fib_atr", _HIGHER, _away),
    Feature("higher_above", _HIGHER, _next_level("up_first")),
    Feature("higher_above_next", _HIGHER, _next_level("up_second")),
    Feature("higher_below", _HIGHER, _next_level("down_first")),
    Feature("higher_below_next", _HIGHER, _next_level("down_second")),
)
"""What decisions and exits look at besides the model's inputs."""

FEATURES: Mapping[str, Feature] = MappingProxyType(
    {feature.name: feature for feature in DEFAULT_FEATURES + CONTEXT_FEATURES}
)
"""All features of the package by name."""
