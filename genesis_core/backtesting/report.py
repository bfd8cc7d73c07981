"""From the numbers of the books to named records; no arithmetic here, the law has done it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from genesis_core.backtesting.loop import Books
from genesis_core.backtesting.result import LedgerRow, Metrics, Trade
from genesis_core.candles import Candles
from genesis_core.compiler.run import compiled_summarize
from genesis_core.kernels.trading import layout as at
from genesis_core.kernels.trading import metrics as figures
from genesis_core.kernels.trading.metrics import summarize

_KINDS = {at.ENTRY: "entry", at.EXIT: "exit", at.FINAL_CLOSE: "final_close"}
_EXIT_REASONS = {at.EXIT: "reversal", at.FINAL_CLOSE: "final_close"}
_YEAR_MS = 365 * 24 * 3600 * 1000


def ledger_rows(candles: Candles, ledger: Sequence[Sequence[float]]) -> tuple[LedgerRow, ...]:
    """Name the rows of the ledger."""
    return tuple(
        LedgerRow(
            bar=int(row[at.BAR]),
            timestamp=candles.timestamp.item(int(row[at.BAR])),
            kind=_KINDS[row[at.KIND]],
            side=_side(row),
            units=row[at.ROW_UNITS],
            price=row[at.PRICE],
            fee=row[at.ROW_FEE],
            cash_flow=row[at.CASH_FLOW],
        )
        for row in ledger
    )


def trades_of(candles: Candles, ledger: Sequence[Sequence[float]]) -> tuple[Trade, ...]:
    """Pair each exit with its entry; one position at a time, so they alternate."""
    trades = []
    for entry, left in zip(ledger[::2], ledger[1::2], strict=True):
        trades.append(
            Trade(
                side=_side(entry),
                entry_bar=int(entry[at.BAR]),
                exit_bar=int(left[at.BAR]),
                entry_time=candles.timestamp.item(int(entry[at.BAR])),
                exit_time=candles.timestamp.item(int(left[at.BAR])),
                units=entry[at.ROW_UNITS],
                entry_price=entry[at.PRICE],
                exit_price=left[at.PRICE],
                entry_fee=entry[at.ROW_FEE],
                exit_fee=left[at.ROW_FEE],
                gross_pnl=left[at.GROSS],
                net_pnl=left[at.NET],
                exit_reason=_EXIT_REASONS[left[at.KIND]],
            )
        )
    return tuple(trades)


def metrics_of(candles: Candles, books: Books, initial: float, compiled: bool) -> Metrics:
    """Compute the figures of the run, by the same kernel interpreted or compiled."""
    net = [row[at.NET] for row in books.ledger[1::2]]
    bars_a_year = _YEAR_MS / candles.timeframe_ms
    points = len(books.equity)
    if compiled:
        column = np.zeros(figures.SIZE)
        compiled_summarize()(books.equity, points, np.array(net), len(net), initial, bars_a_year, column)
        out = column.tolist()
    else:
        out = [0.0] * figures.SIZE
        summarize(books.equity.tolist(), points, net, len(net), initial, bars_a_year, out)
    return Metrics(
        total_return=out[figures.TOTAL_RETURN],
        trades=len(net),
        win_rate=out[figures.WIN_RATE] if out[figures.HAS_WIN_RATE] else None,
        profit_factor=out[figures.PROFIT_FACTOR] if out[figures.HAS_PROFIT_FACTOR] else None,
        max_drawdown=out[figures.MAX_DRAWDOWN],
        sharpe=out[figures.SHARPE] if out[figures.HAS_SHARPE] else None,
    )


def reason_counts(reasons: NDArray[np.int8]) -> dict[str, int]:
    """Count the bars by reason, in the order of the decision's steps."""
    counts = np.bincount(reasons, minlength=len(at.REASONS)).tolist()
    return {name: count for name, count in zip(at.REASONS, counts, strict=True) if count}


def _side(row: Sequence[float]) -> str:
    return "long" if row[at.ROW_SIDE] == at.LONG else "short"
