"""Where things stand in the vectors of the trading kernels, and the reason codes."""

from __future__ import annotations

# Parameters ``p``. The model follows from MODEL on: bias and weights of the buy side, then of the sell side.
REWARD_RISK, POLICY, THRESHOLD, CONFIDENCE, EDGE, HYSTERESIS, COOLDOWN, SIZE = 0, 1, 2, 3, 4, 5, 6, 7
FEE, SLIPPAGE, AT_CLOSE, INITIAL = 8, 9, 10, 11
BUY_SCALE, BUY_SHIFT, SELL_SCALE, SELL_SHIFT, INPUTS, MODEL = 12, 13, 14, 15, 16, 17

# State ``s``.
NOW, CASH, SIDE, UNITS, ENTRY_PRICE, ENTRY_FEE, LAST_SIDE = 0, 1, 2, 3, 4, 5, 6
ACCEPTED, RUN_SIDE, RUN_LENGTH, ENTRIES, ENTRY_BAR, PENDING_SIDE, PENDING_VALUE, EVENTS = (
    7,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
)
STATE_SIZE = 15

# One row of the ledger, as written to ``events``.
BAR, KIND, ROW_SIDE, ROW_UNITS, PRICE, ROW_FEE, CASH_FLOW, GROSS, NET = 0, 1, 2, 3, 4, 5, 6, 7, 8
ROW_SIZE = 9
MOST_EVENTS = 2  # a reversal closes and opens within one bar

ENTRY, EXIT, FINAL_CLOSE = 1.0, 2.0, 3.0
LONG, SHORT, FLAT = 1.0, -1.0, 0.0
BOTH_SIDES, LONG_ONLY, SHORT_ONLY = 0.0, 1.0, 2.0

# What became of a bar's decision.
ENTERED, WARMUP, EV_NEG, POLICY_BLOCK, BELOW_THRESHOLD, TIE, LOW_CONFIDENCE, LOW_EDGE = 0, 1, 2, 3, 4, 5, 6, 7
HYSTERESIS_WAIT, COOLDOWN_WAIT, IN_POSITION, NO_EQUITY, NO_NEXT_BAR = 8, 9, 10, 11, 12
REASONS = (
    "ENTRY",
    "WARMUP",
    "EV_NEG",
    "TREND_POLICY",
    "THRESHOLD",
    "TIE",
    "CONFIDENCE",
    "EDGE",
    "HYSTERESIS",
    "COOLDOWN",
    "IN_POSITION",
    "NO_EQUITY",
    "NO_NEXT_BAR",
)
"""Names of the codes above, by code."""
