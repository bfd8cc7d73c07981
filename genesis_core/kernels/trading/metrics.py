"""Figures of a run: sums from left to right over the equity curve and the trades."""

from __future__ import annotations

import math

from genesis_core.kernels.base import Vector
from genesis_core.kernels.trading.layout import KIND, NET, ROW_FEE, ROW_SIZE
from genesis_core.kernels.trading.reasons import OPENED

TOTAL_RETURN, WIN_RATE, PROFIT_FACTOR, MAX_DRAWDOWN, SHARPE = 0, 1, 2, 3, 4
HAS_WIN_RATE, HAS_PROFIT_FACTOR, HAS_SHARPE, TRADES, FEES = 5, 6, 7, 8, 9
SIZE = 10


def summarize(
    equity: Vector, points: int, ledger: Vector, rows: int, initial: float, bars_a_year: float, out: Vector
) -> None:
    """Write the figures of a run to `out`; `ledger` is a flat run of so many rows.

    Total return; share of trades won; net profit of winners over net loss of losers; the largest fall from a peak as a
    fraction of it; mean over sample standard deviation of the returns from bar to bar, times the root of the bars in a
    year. Where a figure is not defined, its HAS_ flag stays 0.

    The deviation comes from the sums of returns and of their squares, in one pass: bars without a change add nothing to
    either, and between trades there are many. What cancels is the squared mean against the mean square, whose ratio is
    far below 1 for returns from bar to bar.
    """
    if initial > 0.0:
        out[TOTAL_RETURN] = equity[points - 1] / initial - 1.0
    wins = 0.0
    profit = 0.0
    loss = 0.0
    trades = 0
    for i in range(rows):
        # The last row of a position: an entry follows, or nothing.
        if i + 1 == rows or ledger[(i + 1) * ROW_SIZE + KIND] == OPENED:
            net = ledger[i * ROW_SIZE + NET]
            trades = trades + 1
            if net > 0.0:
                wins = wins + 1.0
                profit = profit + net
            else:
                loss = loss - net
    closed = float(trades)
    out[TRADES] = closed
    out[FEES] = fees_paid(ledger, rows)
    if closed > 0.0:
        out[WIN_RATE] = wins / closed
        out[HAS_WIN_RATE] = 1.0
    if loss > 0.0:
        out[PROFIT_FACTOR] = profit / loss
        out[HAS_PROFIT_FACTOR] = 1.0
    total = 0.0
    squares = 0.0
    count = 0
    before = initial
    peak = initial
    deepest = 0.0
    level = peak
    for t in range(points):
        now = equity[t]
        if before > 0.0:
            count = count + 1
        if now != before:
            if before > 0.0:
                change = now / before - 1.0
                total = total + change
                squares = squares + change * change
            if now > peak:
                peak = now
                level = never_above(peak, deepest)
            elif now < level and peak > 0.0:
                fall = (peak - now) / peak
                if fall > deepest:
                    deepest = fall
                    level = never_above(peak, deepest)
            before = now
    out[MAX_DRAWDOWN] = deepest
    number = float(count)
    free = number - 1.0
    if free > 0.0 and number > 0.0:
        variance = (squares - total * total / number) / free
        if variance > 0.0:
            deviation = math.sqrt(variance)
            if deviation > 0.0:
                out[SHARPE] = total / number / deviation * math.sqrt(bars_a_year)
                out[HAS_SHARPE] = 1.0


def fees_paid(ledger: Vector, rows: int) -> float:
    """Return the fees of all fills together, in quote currency."""
    fees = 0.0
    for i in range(rows):
        fees = fees + ledger[i * ROW_SIZE + ROW_FEE]
    return fees


def never_above(peak: float, deepest: float) -> float:
    """Return an equity that no deeper fall from the peak lies above: it saves the division of most bars.

    Four units in the last place more than the exact product, so that rounding cannot hide a deeper fall. One below all
    equity leaves nothing to save: every lower equity is looked at.
    """
    if deepest >= 1.0:
        return peak
    return peak * (1.0 - deepest) * 1.0000000000000009
