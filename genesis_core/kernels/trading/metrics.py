"""Figures of a run: sums from left to right over the equity curve and the trades."""

from __future__ import annotations

import math

from genesis_core.kernels.base import Vector

TOTAL_RETURN, WINS, PROFIT, LOSS, MAX_DRAWDOWN, MEAN, DEVIATION = 0, 1, 2, 3, 4, 5, 6
SIZE = 7


def summarize(equity: Vector, points: int, net: Vector, trades: int, initial: float, out: Vector) -> None:
    """Write the figures of a run to `out`.

    Total return; trades won; net profit of winners and net loss of losers, both positive; the largest fall from a
    peak as a fraction of it; mean and sample standard deviation of the returns from bar to bar.
    """
    if initial > 0.0:
        out[TOTAL_RETURN] = equity[points - 1] / initial - 1.0
    wins = 0
    profit = 0.0
    loss = 0.0
    for i in range(trades):
        if net[i] > 0.0:
            wins = wins + 1
            profit = profit + net[i]
        else:
            loss = loss - net[i]
    out[WINS] = float(wins)
    out[PROFIT] = profit
    out[LOSS] = loss
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
            out[MEAN] = mean
            out[DEVIATION] = math.sqrt(squares / (number - 1.0))
