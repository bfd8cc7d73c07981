"""Reason codes: what became of each bar's decision, and why each fill happened."""

from __future__ import annotations

# What became of a bar's decision.
ENTERED, WARMUP, EV_NEG, POLICY_BLOCK, BELOW_THRESHOLD, TIE, HIGHER_FIB, LOWER_FIB = 0, 1, 2, 3, 4, 5, 6, 7
LOW_CONFIDENCE, LOW_EDGE, HYSTERESIS_WAIT, COOLDOWN_WAIT, IN_POSITION, NO_SIZE, NO_EQUITY = (
    8,
    9,
    10,
    11,
    12,
    13,
    14,
)
NO_NEXT_BAR, NO_SIGNAL = 15, 16

REASONS = (
    "ENTRY",
    "WARMUP",
    "EV_NEG",
    "TREND_POLICY",
    "THRESHOLD",
    "TIE",
    "HIGHER_FIB",
    "LOWER_FIB",
    "CONFIDENCE",
    "EDGE",
    "HYSTERESIS",
    "COOLDOWN",
    "IN_POSITION",
    "NO_SIZE",
    "NO_EQUITY",
    "NO_NEXT_BAR",
    "NO_SIGNAL",
)
"""Names of the codes above, by code."""

# Why a fill happened. 0 stands for none.
OPENED, REVERSAL, STOP_GAP, STOP_HIT, TARGET_HIT, PARTIAL_FIRST, PARTIAL_SECOND, TRAILING_STOP = (
    1.0,
    2.0,
    3.0,
    4.0,
    5.0,
    6.0,
    7.0,
    8.0,
)
MAX_HOLD, CONFIDENCE_DROP, REGIME_FLIP, SIGNAL_EXIT, FINAL_CLOSE = 9.0, 10.0, 11.0, 12.0, 13.0
NOT_FILLED = 0.0

FILL_REASONS = (
    "none",
    "entry",
    "reversal",
    "stop_gap",
    "stop",
    "target",
    "partial_1",
    "partial_2",
    "trailing_stop",
    "max_hold",
    "confidence_drop",
    "regime_flip",
    "exit_signal",
    "final_close",
)
"""Names of the codes above, by code."""
