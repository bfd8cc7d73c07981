"""Which part of a log axis a chart shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_genesis_perf.record import Comparison

LEFT_OUT = 0.02
"""On each side this share of the blocks may lie outside: one interrupted block would flatten all others."""


def speedup_limits(records: Sequence[Comparison]) -> tuple[float, float]:
    """Return the ends of an axis for all speedups, intervals, claims and stored speeds, and for 1."""
    shown = [1.0]
    for record in records:
        if record.speedup is not None:
            shown += [record.speedup, record.claim_limit, *(record.interval or ())]
        if record.stored is not None:
            shown.append(record.stored[1])
    return with_room(shown, 1.03)


def block_limits(record: Comparison, speedups: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis for nearly all blocks of a comparison, and the lines near them.

    Parameters
    ----------
    record : Comparison
        Its claim, interval and stored speed; 3x claimed where 600x is measured would flatten the blocks.
    speedups : sequence of float
        Of the blocks, at least one.
    """
    ordered = sorted(speedups)
    out = int(len(ordered) * LEFT_OUT)
    shown = [ordered[out], ordered[-1 - out], *(record.interval or ())]
    low, high = min(shown), max(shown)
    near = max(high / low, 1.02) ** 2
    lines = [record.claim_limit, *([record.stored[1]] if record.stored is not None else [])]
    return with_room(shown + [line for line in lines if low / near <= line <= high * near], 1.01)


def with_room(shown: Sequence[float], least: float) -> tuple[float, float]:
    """Return the smallest and the largest value with room beside them, a factor of `least` or more."""
    low, high = min(shown), max(shown)
    room = max((high / low) ** 0.06, least)
    return low / room, high * room
