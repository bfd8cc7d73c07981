"""Where things stand in the vectors of the trading kernels."""

from __future__ import annotations

LONG, SHORT, FLAT = 1.0, -1.0, 0.0
BOTH_SIDES, LONG_ONLY, SHORT_ONLY = 0.0, 1.0, 2.0
BY_MODEL, BY_SIGNAL = 0.0, 1.0
OFF, PASS, BLOCK = 0.0, 1.0, 2.0

# Parameters ``p``: the decision.
SOURCE, REWARD_RISK, POLICY, CONFIDENCE, EDGE, HYSTERESIS, COOLDOWN = 0, 1, 2, 3, 4, 5, 6
HIGHER_MISSING, HIGHER_TOLERANCE, LOWER_MISSING, LOWER_TOLERANCE = 7, 8, 9, 10
THRESHOLDS = 11  # zone low, mid, high; in each regime bear, ranging, bull; in each long, short
# The size.
IN_UNITS, STEPS = 29, 30
MOST_STEPS = 8
STEP_CONFIDENCE, STEP_SIZE = 31, 39
REGIME_SIZE, ZONE_SIZE = 47, 50  # multipliers, each below, middle, above
DRAWDOWN, DRAWDOWN_SIZE = 53, 55  # two depths, two multipliers
# Exits.
INTRABAR, STOP_DISTANCE, TARGET_DISTANCE, TRAIL_DISTANCE, IN_ATR = 57, 58, 59, 60, 61
MAX_BARS, CONFIDENCE_BELOW, ON_REGIME_FLIP, FIRST_PART, SECOND_PART = 62, 63, 64, 65, 66
# Execution.
FEE, SLIPPAGE, AT_CLOSE, INITIAL = 67, 68, 69, 70
WATCHED = 71  # whether anything but a signal can end a position
PARAMS_SIZE = 72

# State ``s``: the account, the position (HELD_REGIME: of the bar before), what was decided and waits for its fill, the
# memory of the decision.
NOW, CASH, PEAK, EVENTS = 0, 1, 2, 3
SIDE, UNITS, ENTRY_UNITS, ENTRY_PRICE, ENTRY_FEE, ENTRY_BAR, HELD_REGIME = 4, 5, 6, 7, 8, 9, 10
STOP, TARGET, TRAIL, TRAIL_GAP, BEST, FIRST_LEVEL, SECOND_LEVEL, PARTS = 11, 12, 13, 14, 15, 16, 17, 18
GROSS_SUM, FEE_SUM = 19, 20
PENDING_EXIT, PENDING_SIDE, PENDING_VALUE, PENDING_BAR, PENDING_CONFIDENCE, PENDING_REGIME = (
    21,
    22,
    23,
    24,
    25,
    26,
)
PENDING_ZONE, PENDING_STOP, PENDING_TARGET, PENDING_TRAIL, PENDING_FIRST, PENDING_SECOND = (
    27,
    28,
    29,
    30,
    31,
    32,
)
LAST_SIDE, ACCEPTED, RUN_SIDE, RUN_LENGTH, ENTRIES, PENDING_PARTS = 33, 34, 35, 36, 37, 38
BUSY = 39  # whether the next bar can be more than a mark, see :mod:`genesis_core.kernels.trading.bar`
STATE_SIZE = 40

# One row of the ledger, as written to ``events``: a fill. What a summary is made of comes first.
BAR, KIND, ROW_SIDE, ROW_UNITS, PRICE, ROW_FEE, CASH_FLOW, NET = 0, 1, 2, 3, 4, 5, 6, 7
SUMMARY_SIZE = 8
GROSS, EXIT_FEES, RAW_PRICE, DECIDED, ROW_CONFIDENCE, ROW_REGIME, ROW_ZONE, ROW_STOP, ROW_TARGET = (
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    16,
)
ROW_SIZE = 17
MOST_EVENTS = 8
"""Room for the fills of one bar, of which there are at most five: exit and entry at the open, two parts, the rest."""
