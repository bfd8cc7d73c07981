"""Swing points, known only when they are: d bars after they happened."""

from __future__ import annotations

from genesis_core.kernels.base import Kernel, Param, Vector, window

# State of `pivots`: bars seen, the position in the rings, then rings of the last 2d+1 highs and lows.
BARS, AT, RING = 0, 1, 2


def pivots(s: Vector, p: Vector, high: float, low: float) -> tuple[float, float]:
    """Return the swing high and swing low of d bars ago, 0 where that bar was none.

    A swing high is greater than every high of the d bars before it and not less than every high of the d bars
    after it; a swing low mirrored.
    """
    return pivots_at(s, 0, int(p[0]), high, low)


def pivots_at(s: Vector, base: int, d: int, high: float, low: float) -> tuple[float, float]:
    """Return what :func:`pivots` does; the state stands from `base` on."""
    size = 2 * d + 1
    highs = base + RING
    lows = highs + size
    at = int(s[base + AT])
    following = s[base + AT] + 1.0
    s[base + AT] = following if following < float(size) else 0.0
    s[highs + at] = high
    s[lows + at] = low
    if s[base + BARS] < float(2 * d):
        s[base + BARS] = s[base + BARS] + 1.0
        return 0.0, 0.0
    middle = at - d if at >= d else at - d + size
    top = s[highs + middle]
    bottom = s[lows + middle]
    is_high = True
    is_low = True
    before = middle
    after = middle
    for _ in range(d):
        before = before - 1 if before > 0 else size - 1
        after = after + 1 if after + 1 < size else 0
        if s[highs + before] >= top or s[highs + after] > top:
            is_high = False
        if s[lows + before] <= bottom or s[lows + after] < bottom:
            is_low = False
        if not is_high and not is_low:
            return 0.0, 0.0
    return (top if is_high else 0.0), (bottom if is_low else 0.0)


PIVOTS = Kernel(
    name="pivots",
    step=pivots,
    inputs=("high", "low"),
    params=(window("depth"),),
    outputs=("high", "low"),
    neutral=(0.0, 0.0),
    state=lambda p: 2 + 2 * (2 * int(p[0]) + 1),
    warmup=lambda p: 2 * int(p[0]),
)

# State of `swings`: the last accepted high and low, the bars at which they were accepted, the last kind accepted.
TOP, BOTTOM, TOP_BAR, BOTTOM_BAR, KIND, NOW = 0, 1, 2, 3, 4, 5
NONE, HIGH, LOW = 0.0, 1.0, 2.0


def swings(s: Vector, p: Vector, high: float, low: float, atr: float) -> tuple[float, float, float]:
    """Return the last accepted swing high, swing low (0: none yet), and 1 for a leg up, 0 for a leg down.

    A high is accepted if no low was yet, or if it lies `min_swing_atr` ATRs above the last accepted low; a further
    high before any low replaces the last one only if it is higher. Lows mirrored. A bar that is both: high first.
    `atr` is that of the bar of the swing.
    """
    return swings_at(s, 0, high, low, p[0] * atr)


def swings_at(s: Vector, base: int, high: float, low: float, least: float) -> tuple[float, float, float]:
    """Return what :func:`swings` does, for a leg of `least`; the state stands from `base` on."""
    s[base + NOW] = s[base + NOW] + 1.0
    if high > 0.0 and (s[base + BOTTOM] == 0.0 or high - s[base + BOTTOM] >= least):
        if s[base + KIND] != HIGH or high > s[base + TOP]:
            s[base + TOP] = high
            s[base + TOP_BAR] = s[base + NOW]
            s[base + KIND] = HIGH
    if low > 0.0 and (s[base + TOP] == 0.0 or s[base + TOP] - low >= least):
        if s[base + KIND] != LOW or low < s[base + BOTTOM]:
            s[base + BOTTOM] = low
            s[base + BOTTOM_BAR] = s[base + NOW]
            s[base + KIND] = LOW
    leg_up = 1.0 if s[base + TOP_BAR] >= s[base + BOTTOM_BAR] else 0.0
    return s[base + TOP], s[base + BOTTOM], leg_up


SWINGS = Kernel(
    name="swings",
    step=swings,
    inputs=("high", "low", "atr"),
    params=(Param("min_swing_atr", 0.0, 1e6),),
    outputs=("high", "low", "leg_up"),
    neutral=(0.0, 0.0, 0.0),
    state=lambda p: 6,
)
