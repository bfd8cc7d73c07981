"""Who else used CPU time: ``/proc`` of Linux read before and after, None wherever there is none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_genesis_perf.doctor.readings import Others, Used

LEAST_CORES = 0.01
"""A process that used less than 1% of a core is not worth a name."""
_BUSY = (0, 1, 2, 5, 6)
"""Fields of a line ``cpu`` that count work: user, nice, system, irq, softirq. Idle, waiting and steal are not."""
_UTIME, _STIME, _STARTED = 11, 12, 19
"""Fields of ``stat`` of a process, counted behind its name."""


@dataclass(frozen=True)
class Snapshot:
    """CPU time so far, in seconds.

    Parameters
    ----------
    busy : float
        Of everything on all cores.
    own : float
        Of this process.
    others : mapping
        Of every other process that can be seen; its number and when it was started -> its name and time.
    """

    busy: float
    own: float
    others: Mapping[tuple[int, int], tuple[str, float]]


def snapshot(
    root: Path = Path("/"), own_pid: int | None = None, ticks: float | None = None
) -> Snapshot | None:
    """Read the counters of all processes.

    Parameters
    ----------
    root : Path, optional
        Root of the file system.
    own_pid : int, optional
        This process.
    ticks : float, optional
        Counts in a second.
    """
    try:
        line = (root / "proc/stat").read_text(encoding="ascii").partition("\n")[0].split()
        per_second = ticks or float(os.sysconf("SC_CLK_TCK"))
        fields = [int(field) for field in line[1:]]
        busy = sum(fields[index] for index in _BUSY) / per_second
        folders = [each for each in (root / "proc").iterdir() if each.name.isdigit()]
    except (OSError, AttributeError, ValueError, IndexError):
        return None
    own, others = 0.0, {}
    for folder in folders:
        pid = int(folder.name)
        read = _process(folder / "stat", per_second)
        if read is None:
            continue
        name, started, seconds = read
        if pid == (os.getpid() if own_pid is None else own_pid):
            own = seconds
        else:
            others[pid, started] = (name, seconds)
    return Snapshot(busy, own, others)


def used_between(before: Snapshot | None, after: Snapshot | None, wall_seconds: float) -> Others | None:
    """Say what other processes used between two snapshots.

    Parameters
    ----------
    before, after : Snapshot or None
        The snapshots.
    wall_seconds : float
        The time between them.

    Returns
    -------
    Others or None
        None where a snapshot is missing. A process that began meanwhile counts from its beginning; one that began and
        ended meanwhile counts in the sum, and has no name.
    """
    if before is None or after is None or wall_seconds <= 0.0:
        return None
    seen = []
    for (pid, started), (name, seconds) in after.others.items():
        spent = seconds - before.others.get((pid, started), ("", 0.0))[1]
        if spent / wall_seconds > LEAST_CORES:
            seen.append(Used(pid, name, spent / wall_seconds))
    seen.sort(key=lambda process: (-process.cores, process.pid))
    all_cores = (after.busy - before.busy - (after.own - before.own)) / wall_seconds
    # The counters have different ticks, and some containers show the machine's processes but not its sum.
    return Others(max(all_cores, sum(process.cores for process in seen), 0.0), tuple(seen))


def _process(stat: Path, per_second: float) -> tuple[str, int, float] | None:
    try:
        text = stat.read_text(encoding="utf-8", errors="replace")
        # A name may contain blanks and brackets of its own.
        head, _, tail = text.rpartition(")")
        fields = tail.split()
        name = "".join(
            sign if sign.isascii() and sign.isprintable() else "?" for sign in head.partition("(")[2]
        )
        return name, int(fields[_STARTED]), (int(fields[_UTIME]) + int(fields[_STIME])) / per_second
    except (OSError, ValueError, IndexError):
        return None  # it has just ended
