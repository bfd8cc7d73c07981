"""Figures of a run: sums from left to right over the equity curve and the trades."""

from __future__ import annotations

import math

from genesis_core.kernels.base import Vector

TOTAL_RETURN, WIN_RATE, PROFIT_FACTOR, MAX_DRAWDOWN, SHARPE = 0, 1, 2, 3, 4
HAS_WIN_RATE, HAS_PROFIT_FACTOR, HAS_SHARPE = 5, 6, 7
SIZE = 8


def summarize(
    equity: Vector, points: int, net: Vector, trades: int, initial: float, bars_a_year: float, out: Vector
) -> None:
    """Write the figures of a run to `out`.

    Total return; share of trades won; net profit of winners over net loss of losers; the largest fall from a peak as a
    fraction of it; mean over sample standard deviation of the returns from bar to bar, times the root of the bars in a
    year. Where a figure is not defined, its HAS_ flag stays 0.
    """
    if initial > 0.0:
        out[TOTAL_RETURN] = equity[points - 1] / initial - 1.0
    wins = 0.0
    profit = 0.0
    loss = 0.0
    for i in range(trades):
        if net[i] > 0.0:
            wins = wins + 1.0
            profit = profit + net[i]
        else:
            loss = loss - net[i]
    closed = float(trades)
    if closed > 0.0:
        out[WIN_RATE] = wins / closed
        out[HAS_WIN_RATE] = 1.0
    if loss > 0.0:
        out[PROFIT_FACTOR] = profit / loss
        out[HAS_PROFIT_FACTOR] = 1.0
    peak = initial
    deepest = 0.0
    total = 0.0
    count = 0
    before = initial
    for t in range(points):
        now = equity[t]
        if now > peak:
            peak = now
        if peak > 0.0:
            fall = (peak - now) / peak
            if fall > deepest:
                deepest = fall
        if before > 0.0:
            total = total + (now / before - 1.0)
            count = count + 1
        before = now
    out[MAX_DRAWDOWN] = deepest
    if count > 1:
        number = float(count)
        if number > 1.0:
            mean = total / number
            squares = 0.0
            before = initial
            for t in range(points):
                now = equity[t]
                if before > 0.0:
                    away = now / before - 1.0 - mean
                    squares = squares + away * away
                before = now
            deviation = math.sqrt(squares / (number - 1.0))
            if deviation > 0.0:
                out[SHARPE] = mean / deviation * math.sqrt(bars_a_year)
                out[HAS_SHARPE] = 1.0
