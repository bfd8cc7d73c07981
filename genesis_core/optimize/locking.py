"""One process at a time: a lock on a file, which the system frees when its holder dies."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from weakref import ref

from genesis_core.errors import SearchError

LOCK = ".lock"


class _Held:
    """An open lock."""

    def __init__(self, file: int) -> None:
        self.file = file

    def close(self) -> None:
        """Let it go; a second time does nothing."""
        file, self.file = self.file, -1
        if file >= 0:
            os.close(file)


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold a study's lock, so that one optimizer at a time writes; sweep up what one that was killed left.

    Raises
    ------
    SearchError
        If another one holds it.
    """
    with locked(folder / LOCK, f"{folder}: another optimizer is working on this study"):
        for stale in folder.glob(".*.tmp"):
            if stale.is_file():
                stale.unlink(missing_ok=True)
        yield


@contextmanager
def locked(path: Path, taken: str, *, leave: bool = True) -> Iterator[None]:
    """Hold a lock.

    Parameters
    ----------
    path : Path
        A file for nothing else.
    taken : str
        What is said where another process holds it.
    leave : bool
        Whether the file stays.

    Raises
    ------
    SearchError
        If another one holds it, or the file cannot be opened.
    """
    held = _taken(path, taken)
    # Its last holder may have taken the file away between our opening and locking it.
    while not leave and not _stands(path, held):
        held.close()
        held = _taken(path, taken)
    try:
        _not_in_forks(held)
        yield
    finally:
        if not leave:
            with suppress(OSError):
                path.unlink()
        held.close()


def _taken(path: Path, taken: str) -> _Held:
    try:
        held = _Held(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666))
    except OSError as fault:
        raise SearchError(f"{path.parent}: cannot be written: {fault.strerror or fault}") from None
    try:
        _lock(held.file)
    except OSError as fault:
        held.close()
        if fault.errno in (errno.EAGAIN, errno.EACCES):
            raise SearchError(taken) from None
        raise SearchError(f"{path}: cannot be locked: {fault.strerror or fault}") from None
    return held


def _stands(path: Path, held: _Held) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(held.file))
    except FileNotFoundError:
        return False


def _lock(file: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _not_in_forks(held: _Held) -> None:
    """Close it in processes that are forked from now on: a worker that outlives this process would hold it on."""
    if sys.platform == "win32":
        return
    known = ref(held)

    def close() -> None:
        inherited = known()
        if inherited is not None:
            inherited.close()

    os.register_at_fork(after_in_child=close)
