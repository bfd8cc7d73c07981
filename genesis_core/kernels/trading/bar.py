"""One bar of a run: fill what was decided, decide, mark."""

from __future__ import annotations

from genesis_core.kernels.base import Vector
from genesis_core.kernels.trading.books import fill, marked
from genesis_core.kernels.trading.decision import decide
from genesis_core.kernels.trading.layout import (
    AT_CLOSE,
    ENTERED,
    EVENTS,
    FLAT,
    IN_POSITION,
    NO_EQUITY,
    NO_NEXT_BAR,
    NOW,
    PENDING_SIDE,
    PENDING_VALUE,
    SIDE,
    SIZE,
    WARMUP,
)


def trade_bar(
    s: Vector,
    p: Vector,
    f: Vector,
    events: Vector,
    regime: float,
    quality: float,
    open_: float,
    close: float,
    ready: bool,
    last: bool,
) -> tuple[float, int]:
    """Run one bar and return the equity at its close and what became of its decision.

    A decision as of bar t fills at the open of bar t+1, or with AT_CLOSE at the close of bar t. `ready` says that
    all inputs of the model are valid, `last` that no bar follows. Fills are written to `events`; their number
    stands in the state.
    """
    s[EVENTS] = 0.0
    fill(s, p, events, open_)
    reason = WARMUP
    if ready:
        reason = order(s, p, f, regime, quality, close, last)
        if p[AT_CLOSE] > 0.0:
            fill(s, p, events, close)
    equity = marked(s, close)
    s[NOW] = s[NOW] + 1.0
    return equity, reason


def order(s: Vector, p: Vector, f: Vector, regime: float, quality: float, close: float, last: bool) -> int:
    """Decide as of this close; an accepted side that is not held becomes pending, worth a fraction of equity."""
    side, reason = decide(s, p, f, regime, quality)
    if side == FLAT:
        return reason
    if side == s[SIDE]:
        return IN_POSITION
    if last and p[AT_CLOSE] == 0.0:
        return NO_NEXT_BAR
    equity = marked(s, close)
    if equity <= 0.0:
        return NO_EQUITY
    s[PENDING_SIDE] = side
    s[PENDING_VALUE] = p[SIZE] * equity
    return ENTERED
