"""Timing calls of one arm: the clock's step, how many calls make a slice, and the garbage collector held back."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise, repeat

from pytest_genesis_perf.arms import Arm
from pytest_genesis_perf.prepared import PreparedArm
from pytest_genesis_perf.slice_plan import LONG_NS

Clock = Callable[[], int]
"""Returns nanoseconds; only differences have a meaning."""

SLICE_NS = 100_000
"""Slices of 50-150 us resolve 1% in under 0.05 s; with 1-3 ms, 9 of 20 slowdowns of 3% were found."""
SLICE_TICKS = 1_000
"""A slice of fewer timer ticks is quantised by more than 0.1%."""
_CALIBRATION_ROUNDS = 3
_TICK_READS = 200


class ClockTooCoarseError(Exception):
    """A slice took no time at all by this clock: its logarithm does not exist."""


def timer_tick(clock: Clock) -> int:
    """Return the smallest step of a clock that was seen, in nanoseconds, at least 1.

    Parameters
    ----------
    clock : callable
        The clock.
    """
    reads = [clock() for _ in range(_TICK_READS)]
    steps = [b - a for a, b in pairwise(reads) if b > a]
    return max(1, min(steps, default=1))


def time_calls(arm: Arm, calls: int, clock: Clock) -> int:
    """Return the nanoseconds that `calls` calls of an arm take, results thrown away.

    Parameters
    ----------
    arm : callable
        Called without arguments.
    calls : int
        At least 1.
    clock : callable
        The clock.
    """
    if isinstance(arm, PreparedArm):
        return arm.time(calls, clock)
    start = clock()
    for _ in repeat(None, calls):
        arm()
    return clock() - start


def calibrate(arm: Arm, clock: Clock, tick: int, slice_ns: int | None = None) -> tuple[int, float]:
    """Find how many calls make a slice; the calls made for it are also the arm's warm-up.

    Parameters
    ----------
    arm : callable
        The arm.
    clock : callable
        The clock.
    tick : int
        Step of the clock, from :func:`timer_tick`.
    slice_ns : int, optional
        Length of a slice in nanoseconds, whatever the tick; by default 100 us, never under 1,000 ticks.

    Returns
    -------
    calls : int
        Calls in a slice of about that length; 1 where one call is longer.
    seconds : float
        Of one call, the fastest seen: a disturbed calibration must not make slices too short.
    """
    target = max(SLICE_NS, SLICE_TICKS * tick) if slice_ns is None else slice_ns
    calls = 1
    elapsed = time_calls(arm, calls, clock)
    while elapsed < target:
        calls *= 2
        elapsed = time_calls(arm, calls, clock)
    fastest = elapsed
    # A long call speaks for itself, and costs: more rounds only where a slice has to be sized.
    if elapsed < LONG_NS:
        fastest = min(elapsed, *(time_calls(arm, calls, clock) for _ in range(_CALIBRATION_ROUNDS)))
    per_call = max(fastest, 1) / calls
    return max(1, math.ceil(target / per_call)), per_call * 1e-9


def sweep_young() -> None:
    """Collect what was allocated since the last sweep: cheap, and cycles of the arms cannot pile up."""
    gc.collect(0)


@contextmanager
def garbage_held() -> Iterator[None]:
    """Collect garbage, keep the collector off inside, and restore it whatever happens."""
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
