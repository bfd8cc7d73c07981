"""Mean and standard deviation of a window, and the Bollinger bands made of them."""

from __future__ import annotations

import math

from genesis_core.kernels.base import Kernel, Param, Vector, window

# State of `mean_std`: bars in the current block; length of the current run of equal values; the value before; the
# reference both blocks are measured from; sum and M2 of the current block; then suffix sums (n), suffix M2 (n) of
# the block before, and the current block's values (n).
COUNT, RUN, LAST, REFERENCE, SUM, M2, SUFFIX = 0, 1, 2, 3, 4, 5, 6


def mean_std(s: Vector, p: Vector, x: float) -> tuple[float, float]:
    """Mean and population standard deviation of the last n values, by aggregates of two blocks.

    Blocks of n bars are aligned to the first bar. The aggregates (sum, M2) of the end of the block before are
    merged with those of the current block (Chan, Golub, LeVeque 1979): O(1) amortised, and as nothing is subtracted
    there is no drift. Values are taken relative to the last one of the block before, which lies in the window, so
    that a small deviation of large prices keeps its digits. A window of equal values has a deviation of exactly 0.
    """
    n = int(p[0])
    j = int(s[COUNT])
    suffix_m2 = SUFFIX + n
    block = suffix_m2 + n
    s[RUN] = s[RUN] + 1.0 if x == s[LAST] else 1.0
    s[LAST] = x
    s[block + j] = x
    j = j + 1
    if j == n:
        reference = x
        s[REFERENCE] = x
        total = 0.0
        m2 = 0.0
        for i in range(n - 1, -1, -1):
            y = s[block + i] - reference
            m2 = m2 + added_m2(float(n - 1 - i), total, y)
            total = total + y
            s[SUFFIX + i] = total
            s[suffix_m2 + i] = m2
        s[COUNT] = 0.0
        s[SUM] = 0.0
        s[M2] = 0.0
    else:
        reference = s[REFERENCE]
        y = x - reference
        before = float(j - 1)
        s[M2] = s[M2] + added_m2(before, s[SUM], y)
        s[SUM] = s[SUM] + y
        s[COUNT] = float(j)
        here = float(j)
        there = p[0] - here
        gap = there * s[SUM] - here * s[SUFFIX + j]
        weight = there * here * p[0]
        m2 = s[suffix_m2 + j] + s[M2]
        if weight > 0.0:
            m2 = m2 + gap * gap / weight
        total = s[SUFFIX + j] + s[SUM]
    if s[RUN] >= p[0]:
        return x, 0.0
    return reference + total / p[0], math.sqrt(m2 / p[0])


def added_m2(count: float, total: float, y: float) -> float:
    """Return what the value `y` adds to the M2 of `count` values whose sum is `total` (Youngs and Cramer 1971)."""
    weight = count * (count + 1.0)
    if weight > 0.0:
        d = count * y - total
        return d * d / weight
    return 0.0


MEAN_STD = Kernel(
    name="mean_std",
    step=mean_std,
    inputs=("x",),
    params=(window("n"),),
    outputs=("mean", "std"),
    neutral=(0.0, 0.0),
    state=lambda p: 6 + 3 * int(p[0]),
    warmup=lambda p: int(p[0]) - 1,
)


def bollinger_bands(s: Vector, p: Vector, mean: float, std: float) -> tuple[float, float]:
    """Return the lower and upper band, ``mean -+ m*std``."""
    return mean - p[0] * std, mean + p[0] * std


BOLLINGER_BANDS = Kernel(
    name="bollinger_bands",
    step=bollinger_bands,
    inputs=("mean", "std"),
    params=(Param("m", 1e-6, 1e6),),
    outputs=("lower", "upper"),
    neutral=(0.0, 0.0),
)


def bollinger_position(s: Vector, p: Vector, close: float, mean: float, std: float) -> float:
    """Return ``(c-lower)/(upper-lower)`` clipped to [0, 1]; 0.5 where the bands have no width."""
    lower, upper = bollinger_bands(s, p, mean, std)
    width = upper - lower
    if width <= 0.0:
        return 0.5
    position = (close - lower) / width
    if position < 0.0:
        return 0.0
    if position > 1.0:
        return 1.0
    return position


BOLLINGER_POSITION = Kernel(
    name="bollinger_position",
    step=bollinger_position,
    inputs=("close", "mean", "std"),
    params=(Param("m", 1e-6, 1e6),),
    neutral=(0.5,),
)
