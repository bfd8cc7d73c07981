"""Stops and targets of an open position, tested inside a bar or on its close, in a pessimistic order."""

from __future__ import annotations

from genesis_core.kernels.base import Vector
from genesis_core.kernels.trading.books import beyond, leave, reduce
from genesis_core.kernels.trading.layout import (
    BEST,
    DECIDED,
    ENTRY_PRICE,
    ENTRY_UNITS,
    FIRST_LEVEL,
    FIRST_PART,
    FLAT,
    LONG,
    NOW,
    PARTS,
    PENDING_PARTS,
    SECOND_LEVEL,
    SECOND_PART,
    SIDE,
    STOP,
    TARGET,
    TRAIL,
    TRAIL_GAP,
    UNITS,
)
from genesis_core.kernels.trading.reasons import (
    NOT_FILLED,
    PARTIAL_FIRST,
    PARTIAL_SECOND,
    STOP_GAP,
    STOP_HIT,
    TARGET_HIT,
    TRAILING_STOP,
)


def reached(level: float, price: float, direction: float) -> bool:
    """Return whether `price` is at a level or beyond it, looking up (1) or down (-1); a level of 0 is none."""
    return level > 0.0 and direction * (price - level) >= 0.0


def protect(s: Vector, p: Vector, events: Vector, open_: float, high: float, low: float) -> None:
    """Test stops and targets inside a bar.

    Pessimistic: a gap through a stop fills at the open; then the stop, before the target, the parts, and the trailing
    stop as it stood before this bar.
    """
    side = s[SIDE]
    worst = low if side == LONG else high
    best = high if side == LONG else low
    if reached(s[STOP], open_, -side) or reached(s[TRAIL], open_, -side):
        leave(s, p, events, STOP_GAP, open_, s[NOW])
        return
    if reached(s[STOP], worst, -side):
        leave(s, p, events, STOP_HIT, s[STOP], s[NOW])
        return
    if reached(s[TARGET], best, side):
        price = open_ if reached(s[TARGET], open_, side) else s[TARGET]
        leave(s, p, events, TARGET_HIT, price, s[NOW])
        return
    if s[PARTS] == 0.0 and reached(s[FIRST_LEVEL], best, side):
        price = open_ if reached(s[FIRST_LEVEL], open_, side) else s[FIRST_LEVEL]
        take_part(s, p, events, price, s[NOW])
    if s[PARTS] == 1.0 and reached(s[SECOND_LEVEL], best, side):
        price = open_ if reached(s[SECOND_LEVEL], open_, side) else s[SECOND_LEVEL]
        take_part(s, p, events, price, s[NOW])
    if s[SIDE] == FLAT:
        return
    if reached(s[TRAIL], worst, -side):
        leave(s, p, events, TRAILING_STOP, s[TRAIL], s[NOW])
        return
    follow(s, best)


def on_close(s: Vector, close: float) -> float:
    """Test stops and targets on a close, and return the reason to leave; parts that are due are counted as pending."""
    side = s[SIDE]
    if reached(s[STOP], close, -side):
        return STOP_HIT
    if reached(s[TARGET], close, side):
        return TARGET_HIT
    if s[PARTS] == 0.0 and reached(s[FIRST_LEVEL], close, side):
        s[PENDING_PARTS] = 1.0
    if s[PARTS] + s[PENDING_PARTS] == 1.0 and reached(s[SECOND_LEVEL], close, side):
        s[PENDING_PARTS] = s[PENDING_PARTS] + 1.0
    if reached(s[TRAIL], close, -side):
        return TRAILING_STOP
    follow(s, close)
    return NOT_FILLED


def follow(s: Vector, best: float) -> None:
    """Move the trailing stop behind the best price since entry; it never moves back."""
    if s[TRAIL_GAP] > 0.0 and s[SIDE] * (best - s[BEST]) > 0.0:
        s[BEST] = best
        s[TRAIL] = beyond(best, -s[SIDE], s[TRAIL_GAP])


def take_part(s: Vector, p: Vector, events: Vector, raw: float, decided: float) -> None:
    """Take the next part of the position off at `raw`: after the first the stop moves to entry, then to its level."""
    first = s[PARTS] == 0.0
    share = p[FIRST_PART] if first else p[SECOND_PART]
    kind = PARTIAL_FIRST if first else PARTIAL_SECOND
    stop = s[ENTRY_PRICE] if first else s[FIRST_LEVEL]
    s[PARTS] = s[PARTS] + 1.0
    whole = share >= 1.0 or (not first and p[FIRST_PART] + share >= 1.0)
    units = share * s[ENTRY_UNITS]
    if whole or units >= s[UNITS]:
        leave(s, p, events, kind, raw, decided)
        return
    row = reduce(s, p, events, kind, units, raw)
    events[row + DECIDED] = decided
    if s[STOP] == 0.0 or s[SIDE] * (stop - s[STOP]) > 0.0:
        s[STOP] = stop
