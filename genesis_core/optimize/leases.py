"""Whether anybody else has a file open for writing, or mapped: asked of the system by a read lease (Linux)."""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum


class Writers(Enum):
    """What the system says."""

    NONE = "none"
    SOME = "some"
    UNKNOWN = "unknown"
    """Another system, a file system without leases, or a file of somebody else."""


@contextmanager
def lease(file: int) -> Iterator[Writers]:
    """Hold a read lease on an open file: meanwhile nobody begins to write to it.

    Parameters
    ----------
    file : int
        A descriptor, open for reading only.

    Yields
    ------
    Writers
        ``NONE`` if the lease is held.
    """
    if sys.platform != "linux":
        yield Writers.UNKNOWN
        return
    import fcntl

    try:
        # A writer that waits for the lease announces itself by a signal: one that nobody minds.
        fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as fault:
        yield Writers.SOME if fault.errno == errno.EAGAIN else Writers.UNKNOWN
        return
    try:
        yield Writers.NONE
    finally:
        with suppress(OSError):  # the system took it away from a holder that slept too long
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def is_held(file: int) -> bool:
    """Say whether a lease is held still: a writer waits for it some 45 seconds only."""
    if sys.platform != "linux":
        return False
    import fcntl

    return fcntl.fcntl(file, fcntl.F_GETLEASE) == fcntl.F_RDLCK
