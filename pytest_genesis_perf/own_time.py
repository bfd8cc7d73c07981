"""Time that is a thread's own: the wall's, without the time in which it could run and was not let to.

Beside others on one core wall time says how often the scheduler chose somebody else. CPU time leaves out what a call
waits for (a sleep, a file, another thread), and would call it free. The kernel keeps what lies between: how long a
thread that was ready to run had to wait for its core.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from pytest_genesis_perf.arms import SideBySideError

SCHEDSTAT = Path("/proc/thread-self/schedstat")
"""Nanoseconds on a core, nanoseconds ready and waiting for one, turns. Linux."""
ALONE = 0.95
"""Share of an arm's own time that its thread must compute, and that no other thread may compute beside it."""


class OwnClock:
    """A clock in nanoseconds of the thread that made it.

    Raises
    ------
    SideBySideError
        If the system does not keep such times.
    """

    def __init__(self) -> None:
        try:
            self._descriptor = os.open(SCHEDSTAT, os.O_RDONLY)
        except OSError as error:
            raise SideBySideError(f"{SCHEDSTAT} cannot be read: {error.strerror}") from error
        fields = os.pread(self._descriptor, 128, 0).split()
        if len(fields) != 3 or int(fields[0]) == 0:
            self.close()
            raise SideBySideError(f"{SCHEDSTAT} keeps no times")

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


@dataclass(frozen=True)
class Reading:
    """What three clocks said at one moment.

    Parameters
    ----------
    own, thread, process : int
        Nanoseconds: the thread's own time, its CPU time, the CPU time of the whole process.
    """

    own: int
    thread: int
    process: int

    @classmethod
    def now(cls, own: OwnClock) -> Reading:
        """Read the clocks."""
        return cls(own(), time.thread_time_ns(), time.process_time_ns())

    def computed_alone_since(self, before: Reading) -> bool:
        """Say whether this thread computed all the while, waited for nobody, and no other thread computed."""
        own, thread = self.own - before.own, self.thread - before.thread
        others = self.process - before.process - thread
        return thread >= ALONE * own and others <= (1.0 - ALONE) * thread
