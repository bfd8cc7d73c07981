"""The books: every fill is one ledger row, and cash is the running sum of its rows."""

from __future__ import annotations

from genesis_core.kernels.base import Vector
from genesis_core.kernels.trading.layout import (
    BAR,
    BEST,
    CASH,
    CASH_FLOW,
    DECIDED,
    ENTRIES,
    ENTRY_BAR,
    ENTRY_FEE,
    ENTRY_PRICE,
    ENTRY_UNITS,
    EVENTS,
    EXIT_FEES,
    FEE,
    FEE_SUM,
    FIRST_LEVEL,
    FLAT,
    GROSS,
    GROSS_SUM,
    HELD_REGIME,
    IN_UNITS,
    INITIAL,
    KIND,
    LAST_SIDE,
    NET,
    NOW,
    PARTS,
    PEAK,
    PENDING_BAR,
    PENDING_CONFIDENCE,
    PENDING_FIRST,
    PENDING_REGIME,
    PENDING_SECOND,
    PENDING_SIDE,
    PENDING_STOP,
    PENDING_TARGET,
    PENDING_TRAIL,
    PENDING_VALUE,
    PENDING_ZONE,
    PRICE,
    RAW_PRICE,
    ROW_CONFIDENCE,
    ROW_FEE,
    ROW_REGIME,
    ROW_SIDE,
    ROW_SIZE,
    ROW_STOP,
    ROW_TARGET,
    ROW_UNITS,
    ROW_ZONE,
    SECOND_LEVEL,
    SIDE,
    SLIPPAGE,
    STOP,
    TARGET,
    TRAIL,
    TRAIL_GAP,
    UNITS,
)
from genesis_core.kernels.trading.reasons import FINAL_CLOSE, OPENED


def open_books(s: Vector, p: Vector) -> None:
    """Put the initial equity into an account whose state is all zero."""
    s[CASH] = p[INITIAL]
    s[PEAK] = p[INITIAL]


def marked(s: Vector, price: float) -> float:
    """Return the equity with the position valued at `price`."""
    return s[CASH] + s[SIDE] * s[UNITS] * price


def post(s: Vector, events: Vector, kind: float, units: float, raw: float, price: float, fee: float) -> int:
    """Write one ledger row, move the cash, and return where the row stands.

    An entry pays for its units, an exit is paid for them; both pay the fee.
    """
    row = int(s[EVENTS]) * ROW_SIZE
    s[EVENTS] = s[EVENTS] + 1.0
    side = s[SIDE]
    toward = -side if kind == OPENED else side
    flow = toward * (units * price) - fee
    s[CASH] = s[CASH] + flow
    events[row + BAR] = s[NOW]
    events[row + KIND] = kind
    events[row + ROW_SIDE] = side
    events[row + ROW_UNITS] = units
    events[row + PRICE] = price
    events[row + ROW_FEE] = fee
    events[row + CASH_FLOW] = flow
    events[row + NET] = 0.0
    events[row + GROSS] = 0.0
    events[row + EXIT_FEES] = 0.0
    events[row + RAW_PRICE] = raw
    events[row + DECIDED] = s[NOW]
    events[row + ROW_CONFIDENCE] = 0.0
    events[row + ROW_REGIME] = 0.0
    events[row + ROW_ZONE] = 0.0
    events[row + ROW_STOP] = s[STOP]
    events[row + ROW_TARGET] = s[TARGET]
    return row


def reduce(s: Vector, p: Vector, events: Vector, kind: float, units: float, raw: float) -> int:
    """Sell `units` of the position at `raw`, slippage against it, and return the ledger row."""
    side = s[SIDE]
    price = raw * (1.0 - side * p[SLIPPAGE])
    fee = units * price * p[FEE]
    gross = side * units * (price - s[ENTRY_PRICE])
    s[GROSS_SUM] = s[GROSS_SUM] + gross
    s[FEE_SUM] = s[FEE_SUM] + fee
    row = post(s, events, kind, units, raw, price, fee)
    s[UNITS] = s[UNITS] - units
    events[row + GROSS] = s[GROSS_SUM]
    events[row + EXIT_FEES] = s[FEE_SUM]
    return row


def leave(s: Vector, p: Vector, events: Vector, kind: float, raw: float, decided: float) -> None:
    """Close what is left of the position at `raw`; its net profit counts all its parts and fees once."""
    row = reduce(s, p, events, kind, s[UNITS], raw)
    events[row + DECIDED] = decided
    events[row + NET] = s[GROSS_SUM] - s[ENTRY_FEE] - s[FEE_SUM]
    s[SIDE] = FLAT
    s[UNITS] = 0.0


def enter(s: Vector, p: Vector, events: Vector, raw: float) -> None:
    """Open the position that was decided, at `raw` with slippage against it, and place its stops."""
    side = s[PENDING_SIDE]
    s[PENDING_SIDE] = FLAT
    price = raw * (1.0 + side * p[SLIPPAGE])
    if price <= 0.0:
        return
    units = s[PENDING_VALUE] if p[IN_UNITS] > 0.0 else s[PENDING_VALUE] / price
    fee = units * price * p[FEE]
    s[SIDE] = side
    s[UNITS] = units
    s[ENTRY_UNITS] = units
    s[ENTRY_PRICE] = price
    s[ENTRY_FEE] = fee
    s[ENTRY_BAR] = s[NOW]
    s[HELD_REGIME] = s[PENDING_REGIME]
    s[ENTRIES] = s[ENTRIES] + 1.0
    s[LAST_SIDE] = side
    s[GROSS_SUM] = 0.0
    s[FEE_SUM] = 0.0
    s[PARTS] = 0.0
    s[BEST] = raw
    s[STOP] = beyond(price, -side, s[PENDING_STOP])
    s[TARGET] = beyond(price, side, s[PENDING_TARGET])
    s[TRAIL_GAP] = s[PENDING_TRAIL]
    s[TRAIL] = beyond(raw, -side, s[PENDING_TRAIL])
    s[FIRST_LEVEL] = s[PENDING_FIRST]
    s[SECOND_LEVEL] = s[PENDING_SECOND]
    row = post(s, events, OPENED, units, raw, price, fee)
    events[row + DECIDED] = s[PENDING_BAR]
    events[row + ROW_CONFIDENCE] = s[PENDING_CONFIDENCE]
    events[row + ROW_REGIME] = s[PENDING_REGIME]
    events[row + ROW_ZONE] = s[PENDING_ZONE]


def beyond(price: float, direction: float, distance: float) -> float:
    """Return the price `distance` away; 0, which means none, without a distance or where that price is not positive."""
    if distance <= 0.0:
        return 0.0
    level = price + direction * distance
    return level if level > 0.0 else 0.0


def close_books(s: Vector, p: Vector, events: Vector, price: float) -> float:
    """Liquidate what is open after the last bar, at its close, and return the final equity."""
    if s[SIDE] != FLAT:
        s[NOW] = s[NOW] - 1.0
        leave(s, p, events, FINAL_CLOSE, price, s[NOW])
        s[NOW] = s[NOW] + 1.0
    return s[CASH]
