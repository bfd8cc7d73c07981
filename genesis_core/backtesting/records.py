"""Named records of a run: fills, trades, figures. No arithmetic here, the law has done it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genesis_core.backtesting.loop import Books
from genesis_core.compiler.run import compiled_summarize
from genesis_core.kernels.trading import layout as at
from genesis_core.kernels.trading import metrics as figures
from genesis_core.kernels.trading.metrics import summarize
from genesis_core.kernels.trading.reasons import FILL_REASONS, OPENED, REASONS

YEAR_MS = 365 * 24 * 3600 * 1000
_REGIMES = {-1.0: "bear", 0.0: "ranging", 1.0: "bull"}
_ZONES = {-1.0: "low", 0.0: "mid", 1.0: "high"}


@dataclass(frozen=True)
class LedgerRow:
    """One fill.

    Attributes
    ----------
    bar, timestamp : int
        Where and when (the candle's open time, epoch ms UTC) it happened.
    kind : str
        ``entry``, ``partial``, ``exit`` or ``final_close``.
    reason : str
        Why: ``entry``, or what closed the position or a part of it.
    side : str
        ``long`` or ``short``: of the position, not of the order.
    units, price, fee : float
        Base units, price after slippage, fee in quote currency.
    cash_flow : float
        What it added to cash; cash is the running sum of these.
    raw_price : float
        Price before slippage, within the bar's low and high.
    decided : int
        Bar as of whose close it was decided; the bar of the fill itself for stops and targets inside a bar.
    """

    bar: int
    timestamp: int
    kind: str
    reason: str
    side: str
    units: float
    price: float
    fee: float
    cash_flow: float
    raw_price: float
    decided: int


@dataclass(frozen=True)
class Trade:
    """One position from entry to its last exit.

    Attributes
    ----------
    side : str
        ``long`` or ``short``.
    entry_bar, exit_bar, entry_time, exit_time : int
        Bars, and the open times of their candles in epoch ms UTC.
    units, entry_price, exit_price : float
        Base units at entry, and prices after slippage; the last exit's where parts were taken off before.
    entry_fee, exit_fee, gross_pnl, net_pnl : float
        In quote currency, all exits together; net is gross less all fees.
    exit_reason : str
        Why the last exit happened, such as ``reversal``, ``stop`` or ``final_close``.
    partials : int
        Parts taken off before that.
    decided : int
        Bar as of whose close the entry was decided.
    confidence : float
        Of the entry's decision: the side's probability, or what the decide step returned, times the data quality.
    regime, zone : str or None
        As of it: ``bear``, ``ranging``, ``bull``; ``low``, ``mid``, ``high``; None where the strategy looks at neither.
    stop, target : float or None
        Prices placed at the entry.
    """

    side: str
    entry_bar: int
    exit_bar: int
    entry_time: int
    exit_time: int
    units: float
    entry_price: float
    exit_price: float
    entry_fee: float
    exit_fee: float
    gross_pnl: float
    net_pnl: float
    exit_reason: str
    partials: int
    decided: int
    confidence: float
    regime: str | None
    zone: str | None
    stop: float | None
    target: float | None


@dataclass(frozen=True)
class Metrics:
    """Figures of a run; None where one is not defined.

    Attributes
    ----------
    total_return : float
        Final equity over initial equity, less 1.
    trades : int
        Closed positions, the liquidation at the end included.
    win_rate : float or None
        Share of trades with a net profit; None without trades.
    profit_factor : float or None
        Net profit of winners over net loss of losers; None without losers.
    max_drawdown : float
        Largest fall of equity from a peak, as a fraction of the peak.
    sharpe : float or None
        Mean over sample standard deviation of the returns from bar to bar, times the root of the number of bars in a
        year of 365 days; no risk-free rate. None where the deviation is 0.
    """

    total_return: float
    trades: int
    win_rate: float | None
    profit_factor: float | None
    max_drawdown: float
    sharpe: float | None


def positions(rows: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return for each position where its entry and its last exit stand among the rows of a ledger."""
    entries = np.flatnonzero(rows[:, at.KIND] == OPENED)
    return entries, np.append(entries[1:], len(rows))[: len(entries)] - 1


def ledger_rows(rows: NDArray[np.float64], times: NDArray[np.int64]) -> tuple[LedgerRow, ...]:
    """Name the rows of a ledger; `times` are the open times of their candles."""
    lasts = set(positions(rows)[1].tolist())
    made = []
    for i, (row, time) in enumerate(zip(rows.tolist(), times.tolist(), strict=True)):
        reason = FILL_REASONS[int(row[at.KIND])]
        whole = reason if reason in ("entry", "final_close") else "exit"
        made.append(
            LedgerRow(
                bar=int(row[at.BAR]),
                timestamp=time,
                kind=whole if i in lasts or whole == "entry" else "partial",
                reason=reason,
                side=_side(row),
                units=row[at.ROW_UNITS],
                price=row[at.PRICE],
                fee=row[at.ROW_FEE],
                cash_flow=row[at.CASH_FLOW],
                raw_price=row[at.RAW_PRICE],
                decided=int(row[at.DECIDED]),
            )
        )
    return tuple(made)


def trades_of(
    rows: NDArray[np.float64], times: NDArray[np.int64], *, regimes: bool, zones: bool
) -> tuple[Trade, ...]:
    """Put entries and last exits of a ledger together; `regimes` and `zones` say whether these were looked at."""
    entries, lasts = positions(rows)
    made = []
    plain, when = rows.tolist(), times.tolist()
    for first, last in zip(entries.tolist(), lasts.tolist(), strict=True):
        entry, left = plain[first], plain[last]
        made.append(
            Trade(
                side=_side(entry),
                entry_bar=int(entry[at.BAR]),
                exit_bar=int(left[at.BAR]),
                entry_time=when[first],
                exit_time=when[last],
                units=entry[at.ROW_UNITS],
                entry_price=entry[at.PRICE],
                exit_price=left[at.PRICE],
                entry_fee=entry[at.ROW_FEE],
                exit_fee=left[at.EXIT_FEES],
                gross_pnl=left[at.GROSS],
                net_pnl=left[at.NET],
                exit_reason=FILL_REASONS[int(left[at.KIND])],
                partials=last - first - 1,
                decided=int(entry[at.DECIDED]),
                confidence=entry[at.ROW_CONFIDENCE],
                regime=_REGIMES[entry[at.ROW_REGIME]] if regimes else None,
                zone=_ZONES[entry[at.ROW_ZONE]] if zones else None,
                stop=entry[at.ROW_STOP] or None,
                target=entry[at.ROW_TARGET] or None,
            )
        )
    return tuple(made)


def metrics_of(books: Books, timeframe_ms: int, initial: float, compiled: bool) -> Metrics:
    """Compute the figures of a run, by the same kernel interpreted or compiled."""
    bars_a_year = YEAR_MS / timeframe_ms
    points, rows = len(books.equity), len(books.ledger)
    ledger = books.ledger.ravel()
    if compiled:
        column = np.zeros(figures.SIZE)
        compiled_summarize()(books.equity, points, ledger, rows, initial, bars_a_year, column)
        return named_metrics(column.tolist())
    out = [0.0] * figures.SIZE
    summarize(books.equity.tolist(), points, ledger.tolist(), rows, initial, bars_a_year, out)
    return named_metrics(out)


def named_metrics(out: Sequence[float]) -> Metrics:
    """Name the figures that the kernel of the metrics wrote."""
    return Metrics(
        total_return=out[figures.TOTAL_RETURN],
        trades=int(out[figures.TRADES]),
        win_rate=out[figures.WIN_RATE] if out[figures.HAS_WIN_RATE] else None,
        profit_factor=out[figures.PROFIT_FACTOR] if out[figures.HAS_PROFIT_FACTOR] else None,
        max_drawdown=out[figures.MAX_DRAWDOWN],
        sharpe=out[figures.SHARPE] if out[figures.HAS_SHARPE] else None,
    )


def reason_counts(bar_reasons: NDArray[np.int8], rows: NDArray[np.float64]) -> dict[str, int]:
    """Count the bars by what became of their decision, then the exits by their reason (``exit:stop``)."""
    bars = np.bincount(bar_reasons, minlength=len(REASONS)).tolist()
    fills = np.bincount(rows[:, at.KIND].astype(np.int64), minlength=len(FILL_REASONS)).tolist()
    counted = {name: count for name, count in zip(REASONS, bars, strict=True) if count}
    exits = list(zip(FILL_REASONS, fills, strict=True))[int(OPENED) + 1 :]
    return counted | {f"exit:{name}": count for name, count in exits if count}


def _side(row: list[float]) -> str:
    return "long" if row[at.ROW_SIDE] == at.LONG else "short"
