"""One bar of a run: fill what was decided, test stops and targets, decide, mark."""

from __future__ import annotations

from genesis_core.kernels.base import Vector
from genesis_core.kernels.trading.books import enter, leave, marked
from genesis_core.kernels.trading.decision import accept, candidate
from genesis_core.kernels.trading.layout import (
    AT_CLOSE,
    BUSY,
    BY_SIGNAL,
    CONFIDENCE_BELOW,
    ENTRY_BAR,
    FIRST_PART,
    FLAT,
    HELD_REGIME,
    IN_ATR,
    IN_UNITS,
    INTRABAR,
    LONG,
    MAX_BARS,
    NOW,
    ON_REGIME_FLIP,
    PEAK,
    PENDING_BAR,
    PENDING_CONFIDENCE,
    PENDING_EXIT,
    PENDING_FIRST,
    PENDING_PARTS,
    PENDING_REGIME,
    PENDING_SECOND,
    PENDING_SIDE,
    PENDING_STOP,
    PENDING_TARGET,
    PENDING_TRAIL,
    PENDING_VALUE,
    PENDING_ZONE,
    RUN_SIDE,
    SECOND_PART,
    SIDE,
    SOURCE,
    STOP_DISTANCE,
    TARGET_DISTANCE,
    TRAIL_DISTANCE,
    WATCHED,
)
from genesis_core.kernels.trading.protection import on_close, protect, take_part
from genesis_core.kernels.trading.reasons import (
    CONFIDENCE_DROP,
    ENTERED,
    IN_POSITION,
    MAX_HOLD,
    NO_EQUITY,
    NO_NEXT_BAR,
    NO_SIZE,
    NOT_FILLED,
    REGIME_FLIP,
    REVERSAL,
    SIGNAL_EXIT,
    WARMUP,
)
from genesis_core.kernels.trading.sizing import size


def trade_bar(
    s: Vector,
    p: Vector,
    events: Vector,
    open_: float,
    high: float,
    low: float,
    close: float,
    first: float,
    second: float,
    leaving: float,
    regime: float,
    zone: float,
    quality: float,
    atr: float,
    higher: float,
    lower: float,
    up_first: float,
    up_second: float,
    down_first: float,
    down_second: float,
    ready: bool,
    last: bool,
) -> tuple[float, int]:
    """Run one bar and return the equity at its close and what became of its decision.

    A decision as of bar t fills at the open of bar t+1, or with AT_CLOSE at the close of bar t. `ready` says that
    all inputs of the decision are valid, `last` that no bar follows. Fills are appended to `events`, from the row
    whose number stands in the state. For the other values see :mod:`genesis_core.strategy.inputs`.
    """
    fill(s, p, events, open_)
    if s[SIDE] != FLAT and p[INTRABAR] > 0.0:
        protect(s, p, events, open_, high, low)
    reason = WARMUP
    if ready:
        if s[SIDE] != FLAT:
            s[PENDING_EXIT] = exit_reason(s, p, close, first, second, leaving, regime, quality)
        reason = order(s, p, close, first, second, regime, zone, quality, higher, lower, last)
        if s[PENDING_EXIT] != NOT_FILLED or s[PENDING_PARTS] > 0.0:
            s[PENDING_BAR] = s[NOW]
        if reason == ENTERED:
            s[PENDING_BAR] = s[NOW]
            distance = atr if p[IN_ATR] > 0.0 else close
            s[PENDING_REGIME] = regime
            s[PENDING_ZONE] = zone
            s[PENDING_STOP] = p[STOP_DISTANCE] * distance
            s[PENDING_TARGET] = p[TARGET_DISTANCE] * distance
            s[PENDING_TRAIL] = p[TRAIL_DISTANCE] * distance
            up = s[PENDING_SIDE] == LONG
            s[PENDING_FIRST] = 0.0
            s[PENDING_SECOND] = 0.0
            if p[FIRST_PART] > 0.0:
                s[PENDING_FIRST] = up_first if up else down_first
            if p[SECOND_PART] > 0.0:
                s[PENDING_SECOND] = up_second if up else down_second
        if p[AT_CLOSE] > 0.0:
            fill(s, p, events, close)
    waits = s[PENDING_SIDE] != FLAT or s[PENDING_EXIT] != NOT_FILLED or s[PENDING_PARTS] > 0.0
    watched = s[SIDE] != FLAT and p[WATCHED] > 0.0
    s[BUSY] = 1.0 if waits or watched or s[RUN_SIDE] != FLAT else 0.0
    return mark(s, close), reason


def quiet(s: Vector, p: Vector, first: float, leaving: float) -> bool:
    """Return whether a bar that can decide comes to no more than its mark and NO_SIGNAL.

    Nothing waits, nothing is watched and nothing is signalled. The compiled loop asks this first, which saves it three
    quarters of the time of most bars; the interpreted one takes all steps.
    """
    return s[BUSY] == 0.0 and first == 0.0 and leaving == 0.0 and p[SOURCE] == BY_SIGNAL


def mark(s: Vector, close: float) -> float:
    """End the bar: return the equity at its close, and remember the highest."""
    equity = marked(s, close)
    if equity > s[PEAK]:
        s[PEAK] = equity
    s[NOW] = s[NOW] + 1.0
    return equity


def fill(s: Vector, p: Vector, events: Vector, price: float) -> None:
    """Carry out what was decided, at `price`: parts, then the exit, then the entry; an opposite position goes first."""
    if s[SIDE] != FLAT:
        while s[PENDING_PARTS] > 0.0 and s[SIDE] != FLAT:
            s[PENDING_PARTS] = s[PENDING_PARTS] - 1.0
            take_part(s, p, events, price, s[PENDING_BAR])
        if s[SIDE] != FLAT and s[PENDING_EXIT] != NOT_FILLED:
            leave(s, p, events, s[PENDING_EXIT], price, s[PENDING_BAR])
        if s[SIDE] != FLAT and s[PENDING_SIDE] != FLAT:
            leave(s, p, events, REVERSAL, price, s[PENDING_BAR])
        s[PENDING_PARTS] = 0.0
        s[PENDING_EXIT] = NOT_FILLED
    if s[PENDING_SIDE] != FLAT:
        enter(s, p, events, price)


def exit_reason(
    s: Vector,
    p: Vector,
    close: float,
    first: float,
    second: float,
    leaving: float,
    regime: float,
    quality: float,
) -> float:
    """Return why the position is to be left as of this close, the first reason that applies, or NOT_FILLED."""
    side = s[SIDE]
    if p[INTRABAR] == 0.0:
        reason = on_close(s, close)
        if reason != NOT_FILLED:
            return reason
    if p[MAX_BARS] > 0.0 and s[NOW] - s[ENTRY_BAR] >= p[MAX_BARS]:
        return MAX_HOLD
    if p[CONFIDENCE_BELOW] > 0.0 and held_confidence(p, side, first, second) * quality < p[CONFIDENCE_BELOW]:
        return CONFIDENCE_DROP
    turned = regime == -side and s[HELD_REGIME] != -side
    s[HELD_REGIME] = regime
    if p[ON_REGIME_FLIP] > 0.0 and turned:
        return REGIME_FLIP
    if p[SOURCE] == BY_SIGNAL and leaving != 0.0:
        return SIGNAL_EXIT
    return NOT_FILLED


def held_confidence(p: Vector, side: float, first: float, second: float) -> float:
    """Return the probability of the side held; a signal for no or the other side says nothing about it: 1."""
    if p[SOURCE] == BY_SIGNAL:
        return second if first * side > 0.0 else 1.0
    return first if side == LONG else second


def order(
    s: Vector,
    p: Vector,
    close: float,
    first: float,
    second: float,
    regime: float,
    zone: float,
    quality: float,
    higher: float,
    lower: float,
    last: bool,
) -> int:
    """Decide as of this close; an accepted side that is not held becomes pending, with its size."""
    side, reason, confidence = candidate(s, p, first, second, regime, zone, quality, higher, lower)
    waits = accept(s, p, side)
    if side == FLAT:
        return reason
    if waits != ENTERED:
        return waits
    if side == s[SIDE]:
        return IN_POSITION
    equity = marked(s, close)
    if equity <= 0.0:
        return NO_EQUITY
    amount = size(s, p, confidence, regime, zone, equity)
    if amount <= 0.0:
        return NO_SIZE
    if last and p[AT_CLOSE] == 0.0:
        return NO_NEXT_BAR
    s[PENDING_SIDE] = side
    s[PENDING_VALUE] = amount if p[IN_UNITS] > 0.0 else amount * equity
    s[PENDING_CONFIDENCE] = confidence
    return ENTERED
