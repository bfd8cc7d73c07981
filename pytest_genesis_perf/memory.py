"""Peak memory of a call, as ``tracemalloc`` sees it: what Python, NumPy and Numba take from Python's allocators.

Nearly deterministic: three warm calls of each of ten arms (lists, dicts, sets of strings, cycles, NumPy, Numba) in four
processes with other hash seeds and other heaps gave the same bytes but for a sorted set of strings (24 of 262,298).
Arms of C code that looks methods up by name vary more: 181,509 to 184,093 bytes. What a library takes from ``malloc``
itself is not seen.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from pytest_genesis_perf.arms import ROLES, Arm, running
from pytest_genesis_perf.costs import Counted
from pytest_genesis_perf.prepared import PreparedArm
from pytest_genesis_perf.timing import garbage_held, time_calls

CALLS = 3
"""The lowest of so many: what one call remembers, or imports, is there for the next."""


def count_memory(baseline: Arm, optimized: Arm) -> Counted:
    """Return the peak memory of a call of each arm, above the level before the call.

    Parameters
    ----------
    baseline, optimized : callable
        The arms, called before: what they keep is not counted. Inputs that `setup` makes are not, either.

    Raises
    ------
    ArmRaisedError
        If an arm raises.
    """
    if find_spec("_tracemalloc") is None:
        return Counted(why="this Python has no tracemalloc")
    import tracemalloc

    # Calls are slowed while memory is traced, so nothing is timed here.
    with garbage_held(), _others_frozen():
        tracemalloc.start()
        try:
            nothing = _peak(_nothing)
            peaks = {}
            for role, arm in zip(ROLES, (baseline, optimized), strict=True):
                with running(role):
                    peaks[role] = max(0, _peak(arm) - nothing)
        finally:
            tracemalloc.stop()
    return Counted(peaks)


@contextmanager
def _others_frozen() -> Iterator[None]:
    """Spare the collections inside what is there already: in a process with large libraries, a tenth of the time."""
    # What somebody else froze is theirs to release (the interpreter itself does in Python 3.12).
    mine = gc.get_freeze_count() == 0
    if mine:
        gc.freeze()
    try:
        yield
    finally:
        if mine:
            gc.unfreeze()


def _nothing() -> None:
    """Be an arm that takes no memory: what the counting itself takes is seen here."""


def _peak(arm: Arm) -> int:
    from tracemalloc import get_traced_memory, reset_peak

    lowest = None
    for _ in range(CALLS):
        if isinstance(arm, PreparedArm):
            arm.renew()
        # Also empties the free lists of Python's types, whose objects no allocator would see.
        gc.collect()
        before = get_traced_memory()[0]
        reset_peak()
        time_calls(arm, 1, time.perf_counter_ns)
        peak = get_traced_memory()[1] - before
        lowest = peak if lowest is None else min(lowest, peak)
    return lowest or 0
