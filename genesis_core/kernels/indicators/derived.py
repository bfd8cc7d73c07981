"""Indicators of indicators: a lag, the volatility shift, the slope of an average."""

from __future__ import annotations

from genesis_core.kernels.base import Kernel, Vector, window


def lag(s: Vector, p: Vector, x: float) -> float:
    """Return the value of k bars ago."""
    return lag_at(s, 0, int(p[0]), x)


def lag_at(s: Vector, base: int, k: int, x: float) -> float:
    """Return the value of k bars ago; from `base` on `s` is a position and a ring of k values behind it."""
    at = base + 1 + int(s[base])
    before = s[at]
    s[at] = x
    following = s[base] + 1.0
    s[base] = following if following < float(k) else 0.0
    return before


LAG = Kernel(
    name="lag",
    step=lag,
    inputs=("x",),
    params=(window("k"),),
    state=lambda p: 1 + int(p[0]),
    warmup=lambda p: int(p[0]),
)


def volatility_shift(s: Vector, p: Vector, fast: float, slow: float) -> float:
    """Return ATR(fast)/ATR(slow), 1 where the slow one is 0."""
    if slow == 0.0:
        return 1.0
    return fast / slow


VOLATILITY_SHIFT = Kernel(
    name="volatility_shift", step=volatility_shift, inputs=("fast", "slow"), neutral=(1.0,)
)


def slope(s: Vector, p: Vector, x: float) -> float:
    """Return ``(x[t]-x[t-k])/x[t-k]``, 0 where the value before is 0."""
    before = lag(s, p, x)
    if before == 0.0:
        return 0.0
    return (x - before) / before


SLOPE = Kernel(
    name="slope",
    step=slope,
    inputs=("x",),
    params=(window("k"),),
    state=lambda p: 1 + int(p[0]),
    warmup=lambda p: int(p[0]),
)


def clip(x: float, low: float, high: float) -> float:
    """Return `x` limited to [low, high]."""
    if x < low:
        return low
    if x > high:
        return high
    return x
