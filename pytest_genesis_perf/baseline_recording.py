"""What several fresh processes measured of a comparison, as one entry to store, or why it is not stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from pytest_genesis_perf.baseline_files import Key, SpeedEntry
from pytest_genesis_perf.child_request import Measured
from pytest_genesis_perf.evidence import StoredSpeed
from pytest_genesis_perf.notation import times
from pytest_genesis_perf.statistics import fresh_rule

PROCESSES = 5
"""Fewer do not show how much one commit varies between processes."""
MOST_SPREAD = 1.25
"""Highest / lowest process of a speed that can be stored.

By default the tripwire lies 10% below the lowest process: at this spread it already needs a slowdown of up to 37%
against the fastest one, about what jobs of one commit differ by on shared machines (26%). Of 80 recordings of ordinary
short arms (40 ns to 500 us) on a busy 2-core machine none spread by more than 1.23, but 7 had a process over 10% from
the median; 512 blocks instead of 32 changed that little, for it is the layout of memory that differs.
"""


def merged(key: Key, processes: Sequence[Sequence[Measured]]) -> SpeedEntry | str:
    """Return the entry of a comparison over all fresh processes, or why there is none.

    Parameters
    ----------
    key : tuple of str
        Node id and label.
    processes : sequence of sequences of Measured
        What each process measured, of all comparisons.

    Returns
    -------
    SpeedEntry or str
        Rounded as it is stored. Why not: a process did not run it, could not measure it or had too few blocks for a
        first look; its result has other bits in another process; or the processes are too far apart for a stored
        speed to be of use.
    """
    found: list[tuple[float, Mapping[str, float]]] = []
    digests: set[str | None] = set()
    for number, process in enumerate(processes, start=1):
        mine = next((one for one in process if (one.nodeid, one.label) == key), None)
        if mine is None:
            return f"it did not run in fresh process {number}"
        if mine.speedup is None or mine.seconds is None:
            return f"not measured in fresh process {number}: {mine.why}"
        needed = fresh_rule(mine.long).looks[0]
        if len(mine.blocks) < needed:
            drawn = f"{len(mine.blocks)} of {needed} blocks in the time limit of a comparison (ini genesis_perf_cap)"
            return f"INCONCLUSIVE in fresh process {number}: {drawn}"
        found.append((mine.speedup, mine.seconds))
        digests.add(mine.digest)
    if len(digests) > 1:
        return "DIFFERENT: the result has other bits in another process; does it depend on the hash seed?"
    speedups = sorted(speedup for speedup, _ in found)
    low, middle, high = speedups[0], median(speedups), speedups[-1]
    if high > low * MOST_SPREAD:
        told = f"{times(low)} to {times(high)}, further apart than {MOST_SPREAD:g} times"
        return f"INCONCLUSIVE: {len(found)} processes gave {told}: record on a quieter machine, or with longer arms"
    seconds = {arm: median(arms[arm] for _, arms in found) for arm in ("baseline", "optimized")}
    return SpeedEntry(StoredSpeed(low, middle, high), len(found), seconds).rounded()
