"""Swings of a higher timeframe, bar by bar of the lower one: its candles are seen once they have closed.

Two kernels that differ in where the higher candles are from: `higher_swings` joins them from the bars, as
:meth:`genesis_core.candles.Candles.resample` does; `given_higher_swings` reads them from a table. What a candle then
does is one law: the steps from true range to swings are those of the lower timeframe, each called from the candle on at
which a graph of nodes would call it.
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

# State of both, behind that of their own: how many candles have closed, and the last swings with when they became
# known; then the states of true range (1), ATR (2), swings (6), lag (1 + depth) and pivots (2 + 2*(2*depth + 1)).
CLOSED, TOP, BOTTOM, LEG_UP, KNOWN_AT = 0, 1, 2, 3, 4
TR_STATE, ATR_STATE, SWING_STATE, LAG_STATE = 5, 6, 8, 14


def see_candle(
    s: Vector,
    base: int,
    depth: int,
    least: float,
    n: float,
    high: float,
    low: float,
    close: float,
    now: float,
) -> None:
    """Let the swings see a higher candle that has closed; what it tells is known at `now`.

    Parameters: depth and least leg of the swings, and the window of their ATR. The state stands from `base` on.
    """
    k = int(s[base + CLOSED])
    s[base + CLOSED] = s[base + CLOSED] + 1.0
    reach = true_range_at(s, base + TR_STATE, high, low, close)
    atr = wilder_at(s, base + ATR_STATE, n, reach) if k >= 1 else 0.0
    atr_then = lag_at(s, base + LAG_STATE, depth, atr) if k >= int(n) else 0.0
    top, bottom = pivots_at(s, base + LAG_STATE + 1 + depth, depth, high, low)
    if k >= 2 * depth and k >= int(n) + depth:
        swing = base + SWING_STATE
        s[base + TOP], s[base + BOTTOM], s[base + LEG_UP] = swings_at(s, swing, top, bottom, least * atr_then)
        if s[swing + NOW] == s[swing + TOP_BAR] or s[swing + NOW] == s[swing + BOTTOM_BAR]:
            s[base + KNOWN_AT] = now


def fresh_swings(s: Vector, base: int, now: float, age: float) -> tuple[float, float, float]:
    """Return swing high, swing low and leg as of `now`; 0, 0, 0 while one is missing, and once they are stale."""
    if s[base + TOP] == 0.0 or s[base + BOTTOM] == 0.0 or now - s[base + KNOWN_AT] > age:
        return 0.0, 0.0, 0.0
    return s[base + TOP], s[base + BOTTOM], s[base + LEG_UP]


def seen_size(depth: float) -> int:
    """Return the length of the state of both."""
    return LAG_STATE + 1 + int(depth) + 2 + 2 * (2 * int(depth) + 1)


# Parameters of `higher_swings`: length and origin of the higher candles in ms, depth and least leg of swings, ATR, age
# of levels in ms. State of its own: the candle that grows.
SPAN, ORIGIN, DEPTH, LEAST, ATR, AGE = 0, 1, 2, 3, 4, 5
PHASE, BUCKET, HIGH, LOW, CLOSE, SEEN = 0, 1, 2, 3, 4, 5
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
    return fresh_swings(s, SEEN, closed, p[AGE])


def close_candle(s: Vector, p: Vector, now: float) -> None:
    """Let the swings see the candle that grew."""
    whole = s[PHASE] == GROWING
    s[PHASE] = BETWEEN
    if whole:
        see_candle(s, SEEN, int(p[DEPTH]), p[LEAST], p[ATR], s[HIGH], s[LOW], s[CLOSE], now)


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
    state=lambda p: SEEN + seen_size(p[DEPTH]),
)

# Parameters of `given_higher_swings`, the same by name, and how many rows stand behind them. State of its own: how many
# of the rows it has read.
GIVEN_DEPTH, GIVEN_LEAST, GIVEN_ATR, GIVEN_AGE, ROWS, TABLE = 0, 1, 2, 3, 4, 5
READ, GIVEN_SEEN = 0, 1
ROW = ("end", "high", "low", "close")
"""What a row of the table says of a given candle: when it has closed, in epoch ms UTC, and its prices."""
WIDTH = 4


def given_higher_swings(s: Vector, p: Vector, closed: float) -> tuple[float, float, float]:
    """Return what :func:`higher_swings` does, of higher candles that are given, a row of the table each.

    A candle is seen at the first bar that closes at its end or later: several at one bar where that lies behind a gap,
    and at the first bar all the history there is. What it tells is known at its end.
    """
    row = TABLE + WIDTH * int(s[READ])
    while s[READ] < p[ROWS] and p[row] <= closed:
        see_candle(
            s,
            GIVEN_SEEN,
            int(p[GIVEN_DEPTH]),
            p[GIVEN_LEAST],
            p[GIVEN_ATR],
            p[row + 1],
            p[row + 2],
            p[row + 3],
            p[row],
        )
        s[READ] = s[READ] + 1.0
        row = row + WIDTH
    return fresh_swings(s, GIVEN_SEEN, closed, p[GIVEN_AGE])


GIVEN_HIGHER_SWINGS = Kernel(
    name="given_higher_swings",
    step=given_higher_swings,
    inputs=("closed",),
    params=(
        window("depth"),
        Param("min_swing_atr", 0.0, 1e6),
        window("atr"),
        Param("age", 0.0, 1e15),
        Param("rows", 0.0, 1e9, whole=True),
    ),
    outputs=HIGHER_SWINGS.outputs,
    neutral=HIGHER_SWINGS.neutral,
    state=lambda p: GIVEN_SEEN + seen_size(p[GIVEN_DEPTH]),
)
"""Not in the registry: nobody wires it by name. It takes the place of `higher_swings` where candles are given, see
:mod:`genesis_core.features.given`."""
