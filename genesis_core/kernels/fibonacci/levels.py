"""Retracement levels of the last swing, and how near the close is to them."""

from __future__ import annotations

from genesis_core.kernels.base import Kernel, Vector
from genesis_core.kernels.exact import exp
from genesis_core.kernels.indicators.derived import clip

LEVELS = ("level_382", "level_500", "level_618", "level_786")


def fib_levels(
    s: Vector, p: Vector, high: float, low: float, leg_up: float
) -> tuple[float, float, float, float]:
    """Return the levels 0.382, 0.5, 0.618, 0.786 of the leg; all 0 while there is no leg."""
    if high <= low or low == 0.0:
        return 0.0, 0.0, 0.0, 0.0
    size = high - low
    if leg_up > 0.0:
        return high - size * 0.382, high - size * 0.5, high - size * 0.618, high - size * 0.786
    return low + size * 0.382, low + size * 0.5, low + size * 0.618, low + size * 0.786


FIB_LEVELS = Kernel(
    name="fib_levels",
    step=fib_levels,
    inputs=("high", "low", "leg_up"),
    outputs=LEVELS,
    neutral=(0.0, 0.0, 0.0, 0.0),
    early=("high", "low", "leg_up"),
)


def fib_distance(
    s: Vector, p: Vector, close: float, atr: float, l382: float, l500: float, l618: float, l786: float
) -> tuple[float, float]:
    """Return the distance to the nearest level in ATRs, absolute and signed; 10 and 0 where there is none."""
    if l500 == 0.0 or atr == 0.0:
        return 10.0, 0.0
    signed = from_nearest(close, l382, l500, l618, l786)
    return clip(abs(signed) / atr, 0.0, 10.0), clip(signed / atr, -10.0, 10.0)


def from_nearest(close: float, l382: float, l500: float, l618: float, l786: float) -> float:
    """Return how far the close is above the nearest level; of two that are as near, the first."""
    signed = close - l382
    if abs(close - l500) < abs(signed):
        signed = close - l500
    if abs(close - l618) < abs(signed):
        signed = close - l618
    if abs(close - l786) < abs(signed):
        signed = close - l786
    return signed


FIB_DISTANCE = Kernel(
    name="fib_distance",
    step=fib_distance,
    inputs=("close", "atr", *LEVELS),
    outputs=("absolute", "signed"),
    neutral=(10.0, 0.0),
    early=LEVELS,
)


def fib_proximity(s: Vector, p: Vector, close: float, atr: float, level: float) -> float:
    """Return ``exp(-abs(c-L)/(0.6*ATR))``, 0 where there is no level or no range."""
    usable = atr if atr > 0.0 else 1.0
    near = exp(-abs(close - level) / (0.6 * usable))
    return near if level > 0.0 and atr > 0.0 else 0.0


FIB_PROXIMITY = Kernel(
    name="fib_proximity", step=fib_proximity, inputs=("close", "atr", "level"), early=("level",)
)


def fib_prox_score(s: Vector, p: Vector, p382: float, p500: float, p618: float, p786: float) -> float:
    """Return the weighted mean of the four proximities."""
    return (0.6 * p382 + p500 + p618 + 0.7 * p786) / 3.3


FIB_PROX_SCORE = Kernel(name="fib_prox_score", step=fib_prox_score, inputs=("p382", "p500", "p618", "p786"))


def swing_retrace_depth(
    s: Vector, p: Vector, close: float, high: float, low: float, leg_up: float, atr: float
) -> float:
    """Return how much of the leg is retraced, in [0, 1]; 0 while there is no leg or no range."""
    size = high - low
    if size <= 0.0 or low == 0.0 or atr == 0.0:
        return 0.0
    back = high - close if leg_up > 0.0 else close - low
    return clip(back / size, 0.0, 1.0)


SWING_RETRACE_DEPTH = Kernel(
    name="swing_retrace_depth",
    step=swing_retrace_depth,
    inputs=("close", "high", "low", "leg_up", "atr"),
    early=("high", "low", "leg_up"),
)


def level_distance(
    s: Vector, p: Vector, close: float, atr: float, l382: float, l500: float, l618: float, l786: float
) -> float:
    """Return how many ATRs away the nearest level is, -1 where there is none or no range."""
    if l500 == 0.0 or atr == 0.0:
        return -1.0
    return clip(abs(from_nearest(close, l382, l500, l618, l786)) / atr, 0.0, 1e9)


LEVEL_DISTANCE = Kernel(
    name="level_distance",
    step=level_distance,
    inputs=("close", "atr", *LEVELS),
    neutral=(-1.0,),
    early=LEVELS,
)


def levels_beyond(
    s: Vector, p: Vector, close: float, l382: float, l500: float, l618: float, l786: float
) -> tuple[float, float, float, float]:
    """Return the nearest and second nearest level above the close, then below it; 0 where there is none."""
    up, up_next = nearer(close, 0.0, 0.0, l382, 1.0)
    up, up_next = nearer(close, up, up_next, l500, 1.0)
    up, up_next = nearer(close, up, up_next, l618, 1.0)
    up, up_next = nearer(close, up, up_next, l786, 1.0)
    down, down_next = nearer(close, 0.0, 0.0, l382, -1.0)
    down, down_next = nearer(close, down, down_next, l500, -1.0)
    down, down_next = nearer(close, down, down_next, l618, -1.0)
    down, down_next = nearer(close, down, down_next, l786, -1.0)
    return up, up_next, down, down_next


def nearer(close: float, first: float, second: float, level: float, direction: float) -> tuple[float, float]:
    """Put a level that lies beyond the close, looking up (1) or down (-1), among the two nearest; 0 is none."""
    if level == 0.0 or direction * (level - close) <= 0.0:
        return first, second
    if first == 0.0 or direction * (level - first) < 0.0:
        return level, first
    if second == 0.0 or direction * (level - second) < 0.0:
        return first, level
    return first, second


LEVELS_BEYOND = Kernel(
    name="levels_beyond",
    step=levels_beyond,
    inputs=("close", *LEVELS),
    outputs=("up_first", "up_second", "down_first", "down_second"),
    neutral=(0.0, 0.0, 0.0, 0.0),
    early=LEVELS,
)
