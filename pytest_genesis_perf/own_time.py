"""Time that is a thread's own: the wall's, without the time in which it could run and was not let to.

Beside others on one core wall time says how often the scheduler chose somebody else. CPU time leaves out what a call
waits for (a sleep, a file, another thread), and would call it free. The kernel keeps what lies between: how long a
thread that was ready to run had to wait for its core.
"""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path

SCHEDSTAT = Path("/proc/thread-self/schedstat")
"""Nanoseconds on a core, nanoseconds ready and waiting for one, turns. Linux."""
ALONE = 0.95
"""Share of an arm's own time that its thread must compute, and that no other thread may compute beside it."""
LEAST_NS = 1_000_000
"""What other threads do in less, or a wait that is shorter, says nothing of the arm: some thread of the test runner."""


def own_time_missing() -> str | None:
    """Return why this system has no such times, or cannot keep a process on a core; None if it can do both."""
    if not hasattr(os, "sched_setaffinity"):
        return "this system cannot keep a process on one core"
    try:
        fields = SCHEDSTAT.read_text(encoding="ascii").split()
    except OSError as error:
        return f"{SCHEDSTAT} cannot be read ({error.strerror})"
    return None if len(fields) == 3 and int(fields[0]) > 0 else f"{SCHEDSTAT} keeps no times"


class OwnClock:
    """A clock in nanoseconds of the thread that made it."""

    def __init__(self) -> None:
        self._descriptor = os.open(SCHEDSTAT, os.O_RDONLY)

    def __call__(self) -> int:
        """Return nanoseconds; only differences have a meaning."""
        waited = self._waited()
        while True:
            now = time.perf_counter_ns()
            again = self._waited()
            if again == waited:
                return now - waited
            # The core was taken away between the two readings.
            waited = again

    def _waited(self) -> int:
        return int(os.pread(self._descriptor, 128, 0).split()[1])

    def close(self) -> None:
        """Let the file go."""
        os.close(self._descriptor)


def not_alone(own: int, thread: int, process: int, waits: int) -> str | None:
    """Return what a thread did besides computing alone; None if nothing.

    Parameters
    ----------
    own : int
        Nanoseconds of its own time.
    thread, process : int
        Nanoseconds that it computed, and all threads of its process.
    waits : int
        How often it gave its core away.
    """
    if process - thread > max((1.0 - ALONE) * thread, LEAST_NS):
        return "computes in several threads"
    # Time that a hypervisor took is the thread's own, too: only with waits it was spent waiting.
    return "waits for something" if waits and own - thread > max((1.0 - ALONE) * own, LEAST_NS) else None


class ComputesAlone:
    """Watches whether this thread computes, alone and without waiting, from when it is made."""

    def __init__(self) -> None:
        self._before = self._read()

    def fault(self) -> str | None:
        """Return what the thread did besides computing alone; None if nothing."""
        return not_alone(*(b - a for a, b in zip(self._before, self._read(), strict=True)))

    def _read(self) -> tuple[int, int, int, int]:
        import resource

        with closing(OwnClock()) as own:
            return (
                own(),
                time.thread_time_ns(),
                time.process_time_ns(),
                resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw,
            )
