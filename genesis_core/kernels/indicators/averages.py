"""Moving averages: SMA, EMA and Wilder's, the one ATR and RSI use."""

from __future__ import annotations

from genesis_core.kernels.base import Kernel, Vector, window

# State of `sma`: bars in the current block, their sum, suffix sums of the block before (n), the block itself (n).
SMA_COUNT, SMA_SUM, SMA_SUFFIX = 0, 1, 2


def sma(s: Vector, p: Vector, x: float) -> float:
    """Mean of the last n values, by sums of two blocks aligned to the first bar: nothing is ever subtracted."""
    n = int(p[0])
    j = int(s[SMA_COUNT])
    block = SMA_SUFFIX + n
    s[block + j] = x
    j = j + 1
    if j < n:
        s[SMA_COUNT] = float(j)
        s[SMA_SUM] = s[SMA_SUM] + x
        return (s[SMA_SUFFIX + j] + s[SMA_SUM]) / p[0]
    total = 0.0
    for i in range(n - 1, -1, -1):
        total = total + s[block + i]
        s[SMA_SUFFIX + i] = total
    s[SMA_COUNT] = 0.0
    s[SMA_SUM] = 0.0
    return total / p[0]


SMA = Kernel(
    name="sma",
    step=sma,
    inputs=("x",),
    params=(window("n"),),
    state=lambda p: 2 + 2 * int(p[0]),
    warmup=lambda p: int(p[0]) - 1,
)


# State of `ema` and `wilder`: bars seen while seeding, the running sum and then the average.
SEED_COUNT, AVERAGE = 0, 1


def ema(s: Vector, p: Vector, x: float) -> float:
    """Exponential mean, ``e + k*(x - e)`` with ``k = 2/(n+1)``, seeded by the SMA of the first n values."""
    n = p[0]
    if s[SEED_COUNT] < n:
        return seed(s, 0, n, x)
    e = s[AVERAGE]
    e = e + 2.0 / (n + 1.0) * (x - e)
    s[AVERAGE] = e
    return e


def wilder(s: Vector, p: Vector, x: float) -> float:
    """Wilder's mean, ``(prev*(n-1) + x)/n``, seeded by the mean of the first n values."""
    return wilder_at(s, 0, p[0], x)


def wilder_at(s: Vector, base: int, n: float, x: float) -> float:
    """Wilder's mean, whose state stands from `base` on."""
    if s[base + SEED_COUNT] < n or n <= 0.0:
        return seed(s, base, n, x)
    average = (s[base + AVERAGE] * (n - 1.0) + x) / n
    s[base + AVERAGE] = average
    return average


def seed(s: Vector, base: int, n: float, x: float) -> float:
    """Add one of the first n values; the n-th turns the sum into their mean."""
    s[base + SEED_COUNT] = s[base + SEED_COUNT] + 1.0
    total = s[base + AVERAGE] + x
    if s[base + SEED_COUNT] == n and n > 0.0:
        total = total / n
    s[base + AVERAGE] = total
    return total


EMA = Kernel(
    name="ema",
    step=ema,
    inputs=("x",),
    params=(window("n"),),
    state=lambda p: 2,
    warmup=lambda p: int(p[0]) - 1,
    forgets=lambda p: 22 * int(p[0]),
)

WILDER = Kernel(
    name="wilder",
    step=wilder,
    inputs=("x",),
    params=(window("n"),),
    state=lambda p: 2,
    warmup=lambda p: int(p[0]) - 1,
    forgets=lambda p: 42 * int(p[0]),
)
