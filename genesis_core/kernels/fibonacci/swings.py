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
    d = int(p[0])
    size = 2 * d + 1
    at = int(s[AT])
    s[AT] = float(at + 1) if at + 1 < size else 0.0
    s[RING + at] = high
    s[RING + size + at] = low
    if s[BARS] < 2.0 * p[0]:
        s[BARS] = s[BARS] + 1.0
        return 0.0, 0.0
    middle = at - d if at >= d else at - d + size
    top = s[RING + middle]
    bottom = s[RING + size + middle]
    is_high = True
    is_low = True
    before = middle
    after = middle
    for _ in range(d):
        before = before - 1 if before > 0 else size - 1
        after = after + 1 if after + 1 < size else 0
        if s[RING + before] >= top or s[RING + after] > top:
            is_high = False
        if s[RING + size + before] <= bottom or s[RING + size + after] < bottom:
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
    s[NOW] = s[NOW] + 1.0
    least = p[0] * atr
    if high > 0.0 and (s[BOTTOM] == 0.0 or high - s[BOTTOM] >= least):
        if s[KIND] != HIGH or high > s[TOP]:
            s[TOP] = high
            s[TOP_BAR] = s[NOW]
            s[KIND] = HIGH
    if low > 0.0 and (s[TOP] == 0.0 or s[TOP] - low >= least):
        if s[KIND] != LOW or low < s[BOTTOM]:
            s[BOTTOM] = low
            s[BOTTOM_BAR] = s[NOW]
            s[KIND] = LOW
    leg_up = 1.0 if s[TOP_BAR] >= s[BOTTOM_BAR] else 0.0
    return s[TOP], s[BOTTOM], leg_up


SWINGS = Kernel(
    name="swings",
    step=swings,
    inputs=("high", "low", "atr"),
    params=(Param("min_swing_atr", 0.0, 1e6),),
    outputs=("high", "low", "leg_up"),
    neutral=(0.0, 0.0, 0.0),
    state=lambda p: 6,
)
