"""From features to a side: the decision's steps in their order, each with the reason for a rejection."""

from __future__ import annotations

from genesis_core.kernels.base import Vector
from genesis_core.kernels.exact import sigmoid
from genesis_core.kernels.trading.layout import (
    ACCEPTED,
    BELOW_THRESHOLD,
    BUY_SCALE,
    BUY_SHIFT,
    CONFIDENCE,
    COOLDOWN,
    COOLDOWN_WAIT,
    EDGE,
    ENTERED,
    ENTRIES,
    ENTRY_BAR,
    EV_NEG,
    FLAT,
    HYSTERESIS,
    HYSTERESIS_WAIT,
    INPUTS,
    LAST_SIDE,
    LONG,
    LONG_ONLY,
    LOW_CONFIDENCE,
    LOW_EDGE,
    MODEL,
    NOW,
    POLICY,
    POLICY_BLOCK,
    REWARD_RISK,
    RUN_LENGTH,
    RUN_SIDE,
    SELL_SCALE,
    SELL_SHIFT,
    SHORT,
    SHORT_ONLY,
    THRESHOLD,
    TIE,
)


def linear(p: Vector, f: Vector, at: int, inputs: int) -> float:
    """Return ``((b + w0*f0) + w1*f1) + ...`` of the model that stands at `at`."""
    z = p[at]
    for i in range(inputs):
        z = z + p[at + 1 + i] * f[i]
    return z


def probabilities(p: Vector, f: Vector) -> tuple[float, float]:
    """Return the probabilities of buy and sell: two calibrated logistic models, divided by their sum with hold."""
    inputs = int(p[INPUTS])
    buy = sigmoid(p[BUY_SCALE] * linear(p, f, MODEL, inputs) + p[BUY_SHIFT])
    sell = sigmoid(p[SELL_SCALE] * linear(p, f, MODEL + 1 + inputs, inputs) + p[SELL_SHIFT])
    hold = 1.0 - buy - sell
    if hold < 0.0:
        hold = 0.0
    total = buy + sell + hold
    if total <= 0.0:
        return 0.0, 0.0
    return buy / total, sell / total


def choose(s: Vector, p: Vector, buy: float, sell: float, regime: float) -> tuple[float, int]:
    """Return the side that passes value, policy and threshold, or FLAT and why none does."""
    if buy * p[REWARD_RISK] - sell <= 0.0 and sell * p[REWARD_RISK] - buy <= 0.0:
        return FLAT, EV_NEG
    long_passes = buy >= p[THRESHOLD]
    short_passes = sell >= p[THRESHOLD]
    if not long_passes and not short_passes:
        return FLAT, BELOW_THRESHOLD
    if p[POLICY] == SHORT_ONLY:
        long_passes = False
    if p[POLICY] == LONG_ONLY:
        short_passes = False
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


def candidate(s: Vector, p: Vector, f: Vector, regime: float, quality: float) -> tuple[float, int]:
    """Return the bar's candidate side, after confidence and edge, or FLAT and the reason."""
    buy, sell = probabilities(p, f)
    side, reason = choose(s, p, buy, sell, regime)
    if side == FLAT:
        return FLAT, reason
    chosen = buy if side == LONG else sell
    if chosen * quality < p[CONFIDENCE]:
        return FLAT, LOW_CONFIDENCE
    if abs(buy - sell) < p[EDGE]:
        return FLAT, LOW_EDGE
    return side, ENTERED


def decide(s: Vector, p: Vector, f: Vector, regime: float, quality: float) -> tuple[float, int]:
    """Return the side to take as of this bar, or FLAT and the reason.

    Hysteresis: a side other than that of the last accepted decision needs so many bars in a row with that
    candidate. Cooldown: so many bars since the last entry's fill.
    """
    side, reason = candidate(s, p, f, regime, quality)
    if side == FLAT:
        s[RUN_SIDE] = FLAT
        s[RUN_LENGTH] = 0.0
        return FLAT, reason
    s[RUN_LENGTH] = s[RUN_LENGTH] + 1.0 if s[RUN_SIDE] == side else 1.0
    s[RUN_SIDE] = side
    if side != s[ACCEPTED] and s[RUN_LENGTH] < p[HYSTERESIS]:
        return FLAT, HYSTERESIS_WAIT
    if s[ENTRIES] > 0.0 and s[NOW] - s[ENTRY_BAR] < p[COOLDOWN]:
        return FLAT, COOLDOWN_WAIT
    s[ACCEPTED] = side
    return side, ENTERED
