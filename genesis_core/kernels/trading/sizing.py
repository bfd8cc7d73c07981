"""How large a position is: a monotone map of the confidence, times what regime, zone and drawdown leave of it."""

from __future__ import annotations

from genesis_core.kernels.base import Vector
from genesis_core.kernels.trading.layout import (
    DRAWDOWN,
    DRAWDOWN_SIZE,
    PEAK,
    REGIME_SIZE,
    STEP_CONFIDENCE,
    STEP_SIZE,
    STEPS,
    ZONE_SIZE,
)


def size(s: Vector, p: Vector, confidence: float, regime: float, zone: float, equity: float) -> float:
    """Return the size of the highest step reached times the multipliers; 0 where no step is reached.

    The drawdown is that of the equity at this close against its peak; the deeper of two multipliers replaces the other.
    """
    reached = 0.0
    for i in range(int(p[STEPS])):
        if confidence >= p[STEP_CONFIDENCE + i]:
            reached = p[STEP_SIZE + i]
    reached = reached * p[REGIME_SIZE + int(regime + 1.0)]
    reached = reached * p[ZONE_SIZE + int(zone + 1.0)]
    peak = s[PEAK]
    if peak > 0.0:
        fall = (peak - equity) / peak
        if fall >= p[DRAWDOWN + 1]:
            reached = reached * p[DRAWDOWN_SIZE + 1]
        elif fall >= p[DRAWDOWN]:
            reached = reached * p[DRAWDOWN_SIZE]
    return reached
