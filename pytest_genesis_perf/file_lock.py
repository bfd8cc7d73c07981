"""A lock between processes, held on an open file: the system frees it when its holder dies, however it dies.

A copy of the holder (`fork`) holds it too, until it ends.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

PATIENCE = 10.0
"""Seconds after which a lock is given up; its holders read, merge and write small files."""
_PAUSE = 0.01
_FAR = 1 << 20
"""Where Windows locks a byte: what is locked cannot be read, and the holder's number must be."""


class LockHeldError(TimeoutError):
    """Another process holds the lock: names the file and that process."""


@contextmanager
def exclusive(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold a lock, as the only one of all processes and threads.

    Parameters
    ----------
    path : Path
        A file of its own, in a folder that exists; made here, and removed when the lock is free again. One that a
        killed process left behind locks nobody out.
    patience : float, optional
        Seconds to wait for it.

    Raises
    ------
    LockHeldError
        If another one holds it all that time.
    OSError
        If the file cannot be made or locked.
    """
    deadline = time.monotonic() + patience
    while (descriptor := _taken(path)) is None:
        if time.monotonic() >= deadline:
            raise LockHeldError(f"{path}: locked for over {patience:g} s by {_holder(path)}")
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        _release(path, descriptor)


def _taken(path: Path) -> int | None:
    """Return the descriptor of the locked file, None if another one has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    taken = False
    try:
        # Whoever had it may have removed it since it was opened here: then the lock is on a file nobody else sees.
        taken = _try_lock(descriptor) and _is_at(path, descriptor)
        if not taken:
            return None
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, f"{os.getpid()}\n".encode())
    finally:
        if not taken:
            os.close(descriptor)
    return descriptor


def _release(path: Path, descriptor: int) -> None:
    # Removed while still locked, so that nobody can lock a file that is about to go. Windows removes no open file:
    # there it goes after, and only where no other process has it open. A file that stays locks nobody out.
    if sys.platform != "win32":
        with suppress(OSError):
            if _is_at(path, descriptor):
                path.unlink()
    os.close(descriptor)
    if sys.platform == "win32":
        with suppress(OSError):
            path.unlink()


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(descriptor))


def _try_lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, _FAR, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        # Linux and macOS say the first, Windows and some network drives the second.
        return False
    return True


def _holder(path: Path) -> str:
    with suppress(OSError, ValueError):
        return f"process {int(path.read_text(encoding='ascii'))}"
    return "another process"
