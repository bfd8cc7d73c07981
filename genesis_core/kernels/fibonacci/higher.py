"""Swings of a higher timeframe, bar by bar of the lower one: its candles are seen once they have closed.

The candles are those of :meth:`genesis_core.candles.Candles.resample`. The steps from true range to swings are those of
the lower timeframe, each called from the candle on at which a graph of nodes would call it.
"""

from __future__ import annotations

import math

from genesis_core.kernels.base import Kernel, Param, Vector, window
from genesis_core.kernels.fibonacci.swings import (
    BOTTOM_BAR,
    NOW,
    TOP_BAR,
    pivots_at,
    swings_at,
)
from genesis_core.kernels.indicators.averages import wilder_at
from genesis_core.kernels.indicators.derived import lag_at
from genesis_core.kernels.indicators.momentum import true_range_at

# Parameters: length and origin of the higher candles in ms, depth and least leg of swings, ATR, age of levels in ms.
SPAN, ORIGIN, DEPTH, LEAST, ATR, AGE = 0, 1, 2, 3, 4, 5

# State: the candle that grows, how many have closed, and the last swings with when they became known; then the states
# of true range (1), ATR (2), swings (6), lag (1 + depth) and pivots (2 + 2*(2*depth + 1)).
PHASE, BUCKET, HIGH, LOW, CLOSE, CLOSED, TOP, BOTTOM, LEG_UP, KNOWN_AT = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
TR_STATE, ATR_STATE, SWING_STATE, LAG_STATE = 10, 11, 13, 19
BEFORE_ALL, BETWEEN, GROWING, INCOMPLETE = 0.0, 1.0, 2.0, 3.0


def higher_swings(
    s: Vector, p: Vector, opened: float, closed: float, high: float, low: float, close: float
) -> tuple[float, float, float]:
    """Return swing high, swing low and leg of the higher candles that have closed; 0, 0, 0 once they are stale.

    A higher candle closes with its last bar, or, where that is missing, with the first bar after it. One that began
    before the series is left out. Stale: the last swing became known longer ago than the age allowed.
    """
    span = p[SPAN]
    if span <= 0.0:
        return 0.0, 0.0, 0.0
    bucket = float(math.floor((closed - 1.0 - p[ORIGIN]) / span))
    if s[PHASE] >= GROWING and bucket != s[BUCKET]:
        close_candle(s, p, closed)
    if s[PHASE] < GROWING:
        whole = s[PHASE] == BETWEEN or opened == bucket * span + p[ORIGIN]
        s[PHASE] = GROWING if whole else INCOMPLETE
        s[BUCKET] = bucket
        s[HIGH] = high
        s[LOW] = low
    if high > s[HIGH]:
        s[HIGH] = high
    if low < s[LOW]:
        s[LOW] = low
    s[CLOSE] = close
    if closed == (bucket + 1.0) * span + p[ORIGIN]:
        close_candle(s, p, closed)
    if s[TOP] == 0.0 or s[BOTTOM] == 0.0 or closed - s[KNOWN_AT] > p[AGE]:
        return 0.0, 0.0, 0.0
    return s[TOP], s[BOTTOM], s[LEG_UP]


def close_candle(s: Vector, p: Vector, now: float) -> None:
    """Let the swings see the candle that grew."""
    whole = s[PHASE] == GROWING
    s[PHASE] = BETWEEN
    if not whole:
        return
    depth = int(p[DEPTH])
    k = int(s[CLOSED])
    s[CLOSED] = s[CLOSED] + 1.0
    n = int(p[ATR])
    reach = true_range_at(s, TR_STATE, s[HIGH], s[LOW], s[CLOSE])
    atr = wilder_at(s, ATR_STATE, p[ATR], reach) if k >= 1 else 0.0
    atr_then = lag_at(s, LAG_STATE, depth, atr) if k >= n else 0.0
    top, bottom = pivots_at(s, LAG_STATE + 1 + depth, depth, s[HIGH], s[LOW])
    if k >= 2 * depth and k >= n + depth:
        s[TOP], s[BOTTOM], s[LEG_UP] = swings_at(s, SWING_STATE, top, bottom, p[LEAST] * atr_then)
        if (
            s[SWING_STATE + NOW] == s[SWING_STATE + TOP_BAR]
            or s[SWING_STATE + NOW] == s[SWING_STATE + BOTTOM_BAR]
        ):
            s[KNOWN_AT] = now


HIGHER_SWINGS = Kernel(
    name="higher_swings",
    step=higher_swings,
    inputs=("opened", "closed", "high", "low", "close"),
    params=(
        Param("span", 60_000.0, 1e11, whole=True),
        Param("origin", 0.0, 1e11, whole=True),
        window("depth"),
        Param("min_swing_atr", 0.0, 1e6),
        window("atr"),
        Param("age", 0.0, 1e15),
    ),
    outputs=("high", "low", "leg_up"),
    neutral=(0.0, 0.0, 0.0),
    state=lambda p: LAG_STATE + 1 + int(p[DEPTH]) + 2 + 2 * (2 * int(p[DEPTH]) + 1),
)
