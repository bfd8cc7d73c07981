"""The indicators by definition, over whole arrays.

Each function returns ``(values, first_valid)``: one float a bar, and the first bar whose value is defined.
Bars before it hold NaN, so that an oracle which reads one of them by mistake spoils its own result.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

Column: TypeAlias = tuple[list[float], int]

_UNDEFINED = math.nan


def sma(x: Sequence[float], n: int) -> Column:
    """Return the mean of the last `n` values, defined from bar ``n - 1`` on."""
    first = n - 1
    return _column(len(x), first, lambda t: math.fsum(_window(x, t, n)) / n), first


def std(x: Sequence[float], n: int) -> Column:
    """Return the population standard deviation of the last `n` values: two plain passes over each window."""
    first = n - 1

    def at(t: int) -> float:
        window = _window(x, t, n)
        if min(window) == max(window):
            return 0.0  # the rounded mean of equal values need not be that value
        mean = math.fsum(window) / n
        return math.sqrt(math.fsum((value - mean) ** 2 for value in window) / n)

    return _column(len(x), first, at), first


def ema(x: Sequence[float], n: int) -> Column:
    """Return the exponential average: the mean of the first `n` values, then ``e + k*(x - e)``."""
    first = n - 1
    values = [_UNDEFINED] * len(x)
    if len(x) > first:
        k = 2.0 / (n + 1)
        values[first] = math.fsum(x[:n]) / n
        for t in range(first + 1, len(x)):
            values[t] = values[t - 1] + k * (x[t] - values[t - 1])
    return values, first


def rsi(close: Sequence[float], n: int) -> Column:
    """Return Wilder's RSI, defined from bar `n` on; 50 where there is neither gain nor loss."""
    moves = [b - a for a, b in itertools.pairwise(close)]  # moves[0] is that of bar 1
    gain = _wilder([max(move, 0.0) for move in moves], n)
    loss = _wilder([max(-move, 0.0) for move in moves], n)

    def at(t: int) -> float:
        g, lost = gain[t - 1], loss[t - 1]
        return 50.0 if g + lost == 0.0 else 100.0 * (g / (g + lost))

    return _column(len(close), n, at), n


def tr(high: Sequence[float], low: Sequence[float], close: Sequence[float]) -> Column:
    """Return the true range, defined from bar 1 on."""
    return _column(
        len(close),
        1,
        lambda t: max(high[t] - low[t], abs(high[t] - close[t - 1]), abs(low[t] - close[t - 1])),
    ), 1


def atr(high: Sequence[float], low: Sequence[float], close: Sequence[float], n: int) -> Column:
    """Return Wilder's average true range, defined from bar `n` on."""
    ranges, _ = tr(high, low, close)
    average = _wilder(ranges[1:], n)
    return _column(len(close), n, lambda t: average[t - 1]), n


def adx(high: Sequence[float], low: Sequence[float], close: Sequence[float], n: int) -> Column:
    """Return Wilder's average directional index, defined from bar ``2n - 1`` on."""
    bars, first = len(close), 2 * n - 1
    plus, minus = [0.0] * bars, [0.0] * bars
    for t in range(1, bars):
        up, down = high[t] - high[t - 1], low[t - 1] - low[t]
        if up > down and up > 0.0:
            plus[t] = up
        if down > up and down > 0.0:
            minus[t] = down
    ranges, _ = tr(high, low, close)
    plus_sum, minus_sum, range_sum = (_decaying_sum(x, n) for x in (plus, minus, ranges))

    dx = [_UNDEFINED] * bars
    for t in range(n, bars):
        dx[t] = dx[t - 1] if t > n else 0.0
        if range_sum[t] != 0.0:
            p = 100.0 * plus_sum[t] / range_sum[t]
            m = 100.0 * minus_sum[t] / range_sum[t]
            if p + m != 0.0:
                dx[t] = 100.0 * abs(p - m) / (p + m)

    average = _wilder(dx[n:], n)
    return _column(bars, first, lambda t: average[t - n]), first


def bollinger(close: Sequence[float], n: int, m: float) -> tuple[list[float], list[float], list[float], int]:
    """Return lower band, upper band, position of the close between them in [0, 1], and the first valid bar.

    The position is exactly 0.5 where the last `n` closes are all equal.
    """
    first = n - 1
    mean, _ = sma(close, n)
    deviation, _ = std(close, n)
    lower = _column(len(close), first, lambda t: mean[t] - m * deviation[t])
    upper = _column(len(close), first, lambda t: mean[t] + m * deviation[t])

    def at(t: int) -> float:
        window = _window(close, t, n)
        if min(window) == max(window):
            return 0.5
        return min(max((close[t] - lower[t]) / (upper[t] - lower[t]), 0.0), 1.0)

    return lower, upper, _column(len(close), first, at), first


def volatility_shift(high: Sequence[float], low: Sequence[float], close: Sequence[float]) -> Column:
    """Return ATR(14) / ATR(50), defined from bar 50 on; 1 where ATR(50) is 0."""
    short, _ = atr(high, low, close, 14)
    long, first = atr(high, low, close, 50)
    return _column(len(close), first, lambda t: short[t] / long[t] if long[t] != 0.0 else 1.0), first


def ema_slope(close: Sequence[float], n: int, k: int) -> Column:
    """Return the relative move of EMA(n) over the last `k` bars, defined from bar ``n - 1 + k`` on."""
    e, seeded = ema(close, n)
    first = seeded + k
    return _column(len(close), first, lambda t: (e[t] - e[t - k]) / e[t - k]), first


def _window(x: Sequence[float], t: int, n: int) -> Sequence[float]:
    return x[t - n + 1 : t + 1]


def _column(bars: int, first: int, at: Callable[[int], float]) -> list[float]:
    return [at(t) if t >= first else _UNDEFINED for t in range(bars)]


def _wilder(x: Sequence[float], n: int) -> list[float]:
    """Return Wilder's average: the mean of the first `n` values at index ``n - 1``, then the recursion."""
    values = [_UNDEFINED] * len(x)
    if len(x) >= n:
        values[n - 1] = math.fsum(x[:n]) / n
        for i in range(n, len(x)):
            values[i] = (values[i - 1] * (n - 1) + x[i]) / n
    return values


def _decaying_sum(x: Sequence[float], n: int) -> list[float]:
    """Return the plain sum over bars ``1 .. n-1`` at bar ``n - 1``, and ``s - s/n + x`` from bar `n` on."""
    values = [_UNDEFINED] * len(x)
    if len(x) >= n:
        values[n - 1] = math.fsum(x[1:n])
        for t in range(n, len(x)):
            values[t] = values[t - 1] - values[t - 1] / n + x[t]
    return values
