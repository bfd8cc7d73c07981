"""What a stream says after each candle: named values out of the trading law's state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genesis_core.backtesting.records import LedgerRow, ledger_rows
from genesis_core.features import FeatureVector
from genesis_core.kernels.trading import layout as at
from genesis_core.kernels.trading.reasons import FILL_REASONS, FINAL_CLOSE, NOT_FILLED, OPENED

SIDES = {at.LONG: "long", at.SHORT: "short", at.FLAT: "flat"}


@dataclass(frozen=True)
class Position:
    """What is held after a bar.

    Attributes
    ----------
    side : str
        ``long`` or ``short``.
    units, entry_price : float
        Base units still held, and the entry's price after slippage.
    stop, target, trailing : float or None
        Prices that stand against it during the next bar; None where there is none.
    """

    side: str
    units: float
    entry_price: float
    stop: float | None
    target: float | None
    trailing: float | None


@dataclass(frozen=True)
class PendingOrder:
    """What the open of the next bar will fill, whatever its price: parts, then the exit, then the entry.

    Attributes
    ----------
    entry : str or None
        ``long`` or ``short``; a position of the other side is left first.
    size : float or None
        Of the entry, in the unit of :attr:`Update.size_unit`.
    exit : str or None
        Why the position is to be left, such as ``max_hold``.
    partials : int
        Parts of the position to take off.
    """

    entry: str | None
    size: float | None
    exit: str | None
    partials: int


@dataclass(frozen=True)
class Update:
    """What one more candle brought: the same bits as a backtest gives for that bar.

    Attributes
    ----------
    bar, timestamp : int
        The candle's number in the stream, and its open time in epoch ms UTC.
    features : FeatureVector
        The strategy's features and the context that its decisions look at, as of this bar.
    side : str
        ``long`` or ``short``: the candidate of this bar's decision; ``flat`` where there is none.
    reason : str
        What became of the decision, as :meth:`Result.reason <genesis_core.Result.reason>`: ``ENTRY``, ``THRESHOLD``...
    confidence : float
        Of the candidate; 0 where there is none.
    size : float or None
        Of the entry decided as of this bar, with the reason ``ENTRY``.
    size_unit : str
        ``units``: base units. ``worth``: quote currency, whatever the price of the fill will be.
    order : PendingOrder or None
        What fills at the next open. None where nothing does, and always with ``fill="close"``.
    fills : tuple of LedgerRow
        What happened within this bar, in order.
    position : Position or None
        What is held after it.
    equity : float
        Marked at this close.
    """

    bar: int
    timestamp: int
    features: FeatureVector
    side: str
    reason: str
    confidence: float
    size: float | None
    size_unit: str
    order: PendingOrder | None
    fills: tuple[LedgerRow, ...]
    position: Position | None
    equity: float


def position_of(s: Sequence[float]) -> Position | None:
    """Return what the state of the trading law holds."""
    if s[at.SIDE] == at.FLAT:
        return None
    return Position(
        side=SIDES[s[at.SIDE]],
        units=s[at.UNITS],
        entry_price=s[at.ENTRY_PRICE],
        stop=s[at.STOP] or None,
        target=s[at.TARGET] or None,
        trailing=s[at.TRAIL] or None,
    )


def pending_order(s: Sequence[float]) -> PendingOrder | None:
    """Return what the state of the trading law will fill at the next open."""
    entry = s[at.PENDING_SIDE] != at.FLAT
    held = s[at.SIDE] != at.FLAT
    leaves = held and s[at.PENDING_EXIT] != NOT_FILLED
    partials = int(s[at.PENDING_PARTS]) if held else 0
    if not (entry or leaves or partials):
        return None
    return PendingOrder(
        entry=SIDES[s[at.PENDING_SIDE]] if entry else None,
        size=s[at.PENDING_VALUE] if entry else None,
        exit=FILL_REASONS[int(s[at.PENDING_EXIT])] if leaves else None,
        partials=partials,
    )


def fills_of(rows: Sequence[Sequence[float]], timestamp: int, held: bool) -> tuple[LedgerRow, ...]:
    """Name the fills of one bar.

    Parameters
    ----------
    rows : sequence of rows
        In the layout of the trading kernels.
    timestamp : int
        Of the bar.
    held : bool
        Whether a position is open after them.
    """
    if not rows:
        return ()
    # Whether a row is an exit or a part of one shows in what stands around it: the entry before, and what follows.
    around = [0.0] * at.ROW_SIZE
    before, after = list(around), list(around)
    before[at.KIND], after[at.KIND] = OPENED, FINAL_CLOSE
    table = np.array([before, *rows, *([after] if held else [])])
    named = ledger_rows(table, np.full(len(table), timestamp, dtype=np.int64))
    return named[1 : len(rows) + 1]
