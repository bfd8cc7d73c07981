"""From probabilities, or a strategy's own signal, to a side: the steps in their order, each with its rejection."""

from __future__ import annotations

from genesis_core.kernels.base import Vector
from genesis_core.kernels.trading.layout import (
    ACCEPTED,
    BLOCK,
    BY_SIGNAL,
    CONFIDENCE,
    COOLDOWN,
    EDGE,
    ENTRIES,
    ENTRY_BAR,
    FLAT,
    HIGHER_MISSING,
    HIGHER_TOLERANCE,
    HYSTERESIS,
    LAST_SIDE,
    LONG,
    LONG_ONLY,
    LOWER_MISSING,
    LOWER_TOLERANCE,
    NOW,
    OFF,
    POLICY,
    REWARD_RISK,
    RUN_LENGTH,
    RUN_SIDE,
    SHORT,
    SHORT_ONLY,
    SOURCE,
    THRESHOLDS,
)
from genesis_core.kernels.trading.reasons import (
    BELOW_THRESHOLD,
    COOLDOWN_WAIT,
    ENTERED,
    EV_NEG,
    HIGHER_FIB,
    HYSTERESIS_WAIT,
    LOW_CONFIDENCE,
    LOW_EDGE,
    LOWER_FIB,
    NO_SIGNAL,
    POLICY_BLOCK,
    TIE,
)


def allowed(p: Vector, side: float) -> bool:
    """Return whether the trend policy lets this side be taken."""
    return not (p[POLICY] == LONG_ONLY and side == SHORT) and not (p[POLICY] == SHORT_ONLY and side == LONG)


def choose(s: Vector, p: Vector, buy: float, sell: float, regime: float, zone: float) -> tuple[float, int]:
    """Return the side that passes value, policy and the threshold of zone and regime, or FLAT and why none does.

    Both pass: the larger; a tie: the side held last, else the regime's side.
    """
    if buy * p[REWARD_RISK] - sell <= 0.0 and sell * p[REWARD_RISK] - buy <= 0.0:
        return FLAT, EV_NEG
    at = THRESHOLDS + 2 * (3 * int(zone + 1.0) + int(regime + 1.0))
    long_passes = buy >= p[at]
    short_passes = sell >= p[at + 1]
    if not long_passes and not short_passes:
        return FLAT, BELOW_THRESHOLD
    long_passes = long_passes and allowed(p, LONG)
    short_passes = short_passes and allowed(p, SHORT)
    if not long_passes and not short_passes:
        return FLAT, POLICY_BLOCK
    if long_passes and (not short_passes or buy > sell):
        return LONG, ENTERED
    if short_passes and (not long_passes or sell > buy):
        return SHORT, ENTERED
    if s[LAST_SIDE] != FLAT:
        return s[LAST_SIDE], ENTERED
    if regime != FLAT:
        return regime, ENTERED
    return FLAT, TIE


def blocked(missing: float, tolerance: float, distance: float) -> bool:
    """Return whether a fibonacci gate rejects a close that lies `distance` ATRs from the nearest level.

    A negative distance says that there are no levels: `missing` tells whether that passes or blocks.
    """
    if missing == OFF:
        return False
    if distance < 0.0:
        return missing == BLOCK
    return distance > tolerance


def candidate(
    s: Vector,
    p: Vector,
    first: float,
    second: float,
    regime: float,
    zone: float,
    quality: float,
    higher: float,
    lower: float,
) -> tuple[float, int, float]:
    """Return the bar's candidate side, or FLAT, with the reason and the confidence in it.

    By a model, `first` and `second` are the probabilities of buy and sell; by a strategy's own signal, its side and
    its confidence. `higher` and `lower` are the distances to the nearest fibonacci level of that timeframe.
    """
    if p[SOURCE] == BY_SIGNAL:
        side = LONG if first > 0.0 else (SHORT if first < 0.0 else FLAT)
        reason = ENTERED if side != FLAT else NO_SIGNAL
        if side != FLAT and not allowed(p, side):
            return FLAT, POLICY_BLOCK, 0.0
        confidence = second * quality
        edge = p[EDGE]
    else:
        side, reason = choose(s, p, first, second, regime, zone)
        confidence = (first if side == LONG else second) * quality
        edge = abs(first - second)
    if side == FLAT:
        return FLAT, reason, 0.0
    if blocked(p[HIGHER_MISSING], p[HIGHER_TOLERANCE], higher):
        return FLAT, HIGHER_FIB, 0.0
    if blocked(p[LOWER_MISSING], p[LOWER_TOLERANCE], lower):
        return FLAT, LOWER_FIB, 0.0
    if confidence < p[CONFIDENCE]:
        return FLAT, LOW_CONFIDENCE, 0.0
    if edge < p[EDGE]:
        return FLAT, LOW_EDGE, 0.0
    return side, ENTERED, confidence


def accept(s: Vector, p: Vector, side: float) -> int:
    """Return whether a candidate is accepted as of this bar, or what it waits for.

    Hysteresis: a side other than that of the last accepted decision needs so many bars in a row with that
    candidate; a bar without a candidate resets the count. Cooldown: so many bars since the last entry's fill.
    """
    if side == FLAT:
        if s[RUN_SIDE] != FLAT:
            s[RUN_SIDE] = FLAT
        return ENTERED
    s[RUN_LENGTH] = s[RUN_LENGTH] + 1.0 if s[RUN_SIDE] == side else 1.0
    s[RUN_SIDE] = side
    if side != s[ACCEPTED] and s[RUN_LENGTH] < p[HYSTERESIS]:
        return HYSTERESIS_WAIT
    if s[ENTRIES] > 0.0 and s[NOW] - s[ENTRY_BAR] < p[COOLDOWN]:
        return COOLDOWN_WAIT
    s[ACCEPTED] = side
    return ENTERED
