"""The position and the books: every fill is one ledger row, and cash is the running sum of its rows."""

from __future__ import annotations

from genesis_core.kernels.base import Vector
from genesis_core.kernels.trading.layout import (
    BAR,
    CASH,
    CASH_FLOW,
    ENTRIES,
    ENTRY,
    ENTRY_BAR,
    ENTRY_FEE,
    ENTRY_PRICE,
    EVENTS,
    EXIT,
    FEE,
    FINAL_CLOSE,
    FLAT,
    GROSS,
    INITIAL,
    KIND,
    LAST_SIDE,
    NET,
    NOW,
    PENDING_SIDE,
    PENDING_VALUE,
    PRICE,
    ROW_FEE,
    ROW_SIDE,
    ROW_SIZE,
    ROW_UNITS,
    SIDE,
    SLIPPAGE,
    UNITS,
)


def open_books(s: Vector, p: Vector) -> None:
    """Put the initial equity into an account whose state is all zero."""
    s[CASH] = p[INITIAL]


def marked(s: Vector, price: float) -> float:
    """Return the equity with the position valued at `price`."""
    return s[CASH] + s[SIDE] * s[UNITS] * price


def post(s: Vector, events: Vector, kind: float, side: float, price: float, fee: float, flow: float) -> int:
    """Write one ledger row, move the cash, and return where the row stands."""
    row = int(s[EVENTS]) * ROW_SIZE
    s[EVENTS] = s[EVENTS] + 1.0
    s[CASH] = s[CASH] + flow
    events[row + BAR] = s[NOW]
    events[row + KIND] = kind
    events[row + ROW_SIDE] = side
    events[row + ROW_UNITS] = s[UNITS]
    events[row + PRICE] = price
    events[row + ROW_FEE] = fee
    events[row + CASH_FLOW] = flow
    events[row + GROSS] = 0.0
    events[row + NET] = 0.0
    return row


def leave(s: Vector, p: Vector, events: Vector, kind: float, price: float) -> None:
    """Close the position at `price`, slippage against it, and book what it earned."""
    side = s[SIDE]
    at = price * (1.0 - side * p[SLIPPAGE])
    value = s[UNITS] * at
    fee = value * p[FEE]
    gross = side * s[UNITS] * (at - s[ENTRY_PRICE])
    row = post(s, events, kind, side, at, fee, side * value - fee)
    events[row + GROSS] = gross
    events[row + NET] = gross - s[ENTRY_FEE] - fee
    s[SIDE] = FLAT
    s[UNITS] = 0.0


def enter(s: Vector, p: Vector, events: Vector, side: float, worth: float, price: float) -> None:
    """Open a position worth `worth` at `price`, slippage against it."""
    at = price * (1.0 + side * p[SLIPPAGE])
    if at <= 0.0:
        return
    s[SIDE] = side
    s[UNITS] = worth / at
    value = s[UNITS] * at
    fee = value * p[FEE]
    s[ENTRY_PRICE] = at
    s[ENTRY_FEE] = fee
    s[ENTRY_BAR] = s[NOW]
    s[ENTRIES] = s[ENTRIES] + 1.0
    s[LAST_SIDE] = side
    post(s, events, ENTRY, side, at, fee, -side * value - fee)


def fill(s: Vector, p: Vector, events: Vector, price: float) -> None:
    """Carry out the pending decision at `price`: the opposite position is closed first."""
    if s[PENDING_SIDE] == FLAT:
        return
    if s[SIDE] != FLAT:
        leave(s, p, events, EXIT, price)
    enter(s, p, events, s[PENDING_SIDE], s[PENDING_VALUE], price)
    s[PENDING_SIDE] = FLAT


def close_books(s: Vector, p: Vector, events: Vector, price: float) -> float:
    """Liquidate what is open after the last bar, at its close, and return the final equity."""
    s[EVENTS] = 0.0
    if s[SIDE] != FLAT:
        s[NOW] = s[NOW] - 1.0
        leave(s, p, events, FINAL_CLOSE, price)
        s[NOW] = s[NOW] + 1.0
    return s[CASH]
