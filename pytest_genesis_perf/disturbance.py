"""What else the machine did while a pair was measured: recorded beside the blocks, never part of a verdict."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

_STAT = Path("/proc/stat")
_STEAL = 7
"""The field of a line ``cpu`` that counts time a hypervisor gave to others."""


@dataclass(frozen=True)
class Disturbance:
    """What was seen from the beginning to the end of a measurement.

    Parameters
    ----------
    wall_seconds : float
        How long it took.
    cpu_share : float
        CPU time of this process and of those it made / wall time: far below 1 where they had to wait for a core.
    load : float or None
        Load average of the last minute at the end; None where the system has none.
    steal_share : float or None
        Share of all cores' time that a hypervisor gave to other machines; None where that is not told.
    """

    wall_seconds: float
    cpu_share: float
    load: float | None
    steal_share: float | None

    @property
    def text(self) -> str:
        """The figures for people."""
        told = [f"CPU {self.cpu_share:.0%} of {self.wall_seconds:.2g} s"]
        if self.load is not None:
            told.append(f"load {self.load:.1f}")
        if self.steal_share is not None:
            told.append(f"steal {self.steal_share:.1%}")
        return ", ".join(told)


class Watch:
    """Reads the counters when made, and says at the end what changed."""

    def __init__(self) -> None:
        self._wall = time.perf_counter()
        self._cpu = _cpu_seconds()
        self._jiffies = cpu_jiffies()

    def seen(self) -> Disturbance:
        """Return what was seen since this was made."""
        wall = max(time.perf_counter() - self._wall, 1e-9)
        cpu = _cpu_seconds() - self._cpu
        return Disturbance(wall, cpu / wall, load_average(), _steal(self._jiffies, cpu_jiffies()))


def _cpu_seconds() -> float:
    # Of processes that were made, the time of those that have ended.
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def load_average() -> float | None:
    """Return the load average of the last minute, None where the system has none."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def cpu_jiffies() -> tuple[int, ...] | None:
    """Return the counters of all cores together from ``/proc/stat``, None where there is none."""
    try:
        first = _STAT.read_text(encoding="ascii").partition("\n")[0].split()
        return tuple(int(field) for field in first[1:])
    except (OSError, ValueError):
        return None


def _steal(before: tuple[int, ...] | None, after: tuple[int, ...] | None) -> float | None:
    if before is None or after is None or min(len(before), len(after)) <= _STEAL:
        return None
    # The last two fields, time of guests, are contained in the first two.
    passed = sum(after[: _STEAL + 1]) - sum(before[: _STEAL + 1])
    return (after[_STEAL] - before[_STEAL]) / passed if passed > 0 else 0.0
