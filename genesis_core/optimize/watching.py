"""A change token: know that no file of a folder was written to since, without looking at any of them.

Linux only, by inotify. Each file is watched itself, so that a write through another name of it is seen too; and it is
first made sure, by a read lease, that nobody has it open for writing, or mapped: such a writer needs no further call
that could be seen. What is opened afterwards is seen when it is opened. Where any of this cannot be had, there is no
token.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

_MODIFY, _ATTRIB, _CLOSE_WRITE, _OPEN = 0x2, 0x4, 0x8, 0x20
_MOVED, _CREATE, _DELETE, _DELETE_SELF, _MOVE_SELF = 0xC0, 0x100, 0x200, 0x400, 0x800
_FILE = _MODIFY | _ATTRIB | _CLOSE_WRITE | _OPEN | _DELETE_SELF | _MOVE_SELF
_FOLDER = _ATTRIB | _MOVED | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF
_EVENT = struct.Struct("iIII")
_NONBLOCK, _CLOEXEC = 0o4000, 0o2000000


class Watch:
    """Is told by the system when anything happens to the files of a folder.

    Parameters
    ----------
    opened : int
        An inotify descriptor; closed with this object.
    counts : callable
        Whether a file of this name is one of those that matter.
    """

    def __init__(self, opened: int, counts: Callable[[str], bool]) -> None:
        self._opened = opened
        self._counts = counts

    @classmethod
    def begin(cls, folder: Path, names: Iterable[str], counts: Callable[[str], bool]) -> Watch | None:
        """Watch a folder and files in it.

        Parameters
        ----------
        folder : Path
            Where.
        names : iterable of str
            The files. What is made later is seen by the folder's own watch.
        counts : callable
            Whether a name that comes, goes or changes in the folder matters; others are nobody's business.

        Returns
        -------
        Watch or None
            None where a change could escape: another system, a file system without leases, a file that is open for
            writing or not ours, or too many files for the user's limit.
        """
        if sys.platform != "linux":
            return None
        libc = ctypes.CDLL(None, use_errno=True)
        opened = libc.inotify_init1(_NONBLOCK | _CLOEXEC)
        if opened < 0:
            return None
        watch = cls(opened, counts)
        if watch._add(libc, folder, _FOLDER) and all(
            watch._begin_file(libc, folder / name) for name in names
        ):
            return watch
        watch.close()
        return None

    def unchanged(self) -> bool:
        """Say whether nothing happened since; once something did, never again."""
        while self._opened >= 0:
            try:
                events = os.read(self._opened, 65_536)
            except BlockingIOError:
                return True
            except OSError:
                break
            if self._any_counts(events):
                break
        self.close()
        return False

    def _any_counts(self, events: bytes) -> bool:
        at = 0
        while at < len(events):
            _, _, _, length = _EVENT.unpack_from(events, at)
            at += _EVENT.size
            name = os.fsdecode(events[at : at + length].rstrip(b"\0"))
            at += length
            if not name or self._counts(
                name
            ):  # without a name: a file itself, the folder, or events that were lost
                return True
        return False

    def close(self) -> None:
        """Stop watching."""
        if self._opened >= 0:
            os.close(self._opened)
            self._opened = -1

    def __del__(self) -> None:
        self.close()

    def _begin_file(self, libc: ctypes.CDLL, path: Path) -> bool:
        import fcntl

        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            # A writer that waits for the lease announces itself by a signal: one that nobody minds.
            fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            added = self._add(libc, path, _FILE)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except OSError:
            return False
        finally:
            os.close(file)
        return added

    def _add(self, libc: ctypes.CDLL, path: Path, mask: int) -> bool:
        return bool(libc.inotify_add_watch(self._opened, os.fsencode(path), mask) >= 0)
