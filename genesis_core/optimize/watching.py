"""A change token: know that no file of a folder was written to since, without looking at any of them.

Linux only, by inotify. Each file is watched itself, so that a write through another name of it is seen too; and it is
first made sure, by a read lease, that nobody has it open for writing, or mapped: such a writer needs no further call
that could be seen. What is opened afterwards is seen when it is opened. Where any of this cannot be had, there is no
token.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from genesis_core.optimize.leases import Writers, is_held, lease

LOCAL = frozenset({"ext2", "ext3", "ext4", "f2fs", "tmpfs", "xfs"})
"""File systems whose every writer this system sees; of others, a write elsewhere may leave no event."""
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
    folder : Path
        What is watched.
    counts : callable
        Whether a file of this name is one of those that matter.
    """

    def __init__(self, opened: int, folder: Path, counts: Callable[[str], bool]) -> None:
        self._opened = opened
        self._folder = folder
        self._counts = counts
        self._there = _identity(folder)
        self._process = os.getpid()

    @classmethod
    def begin(
        cls, folder: Path, names: Callable[[], Iterable[str]], counts: Callable[[str], bool]
    ) -> Watch | None:
        """Watch a folder and files in it.

        Parameters
        ----------
        folder : Path
            Where.
        names : callable
            Returns the files; asked for them when the folder is watched already, so that none comes unseen.
        counts : callable
            Whether a name that comes, goes or changes in the folder matters; others are nobody's business.

        Returns
        -------
        Watch or None
            None where a change could escape: another system, a file system that others write to unseen or that has no
            leases, a file that is open for writing or not ours, or too many files for the user's limit.
        """
        if sys.platform != "linux" or not _is_local(folder):
            return None
        libc = ctypes.CDLL(None, use_errno=True)
        opened = libc.inotify_init1(_NONBLOCK | _CLOEXEC)
        if opened < 0:
            return None
        watch = cls(opened, folder, counts)
        if watch._add(libc, folder, _FOLDER) and all(
            watch._begin_file(libc, folder / name) for name in names()
        ):
            return watch
        watch.close()
        return None

    def unchanged(self) -> bool:
        """Say whether nothing happened since; once something did, never again."""
        # A fork has the same queue, and what one takes out of it the other does not see.
        if self._process != os.getpid() or _identity(self._folder) != self._there:
            self.close()
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
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            with lease(file) as writers:
                return writers is Writers.NONE and self._add(libc, path, _FILE) and is_held(file)
        finally:
            os.close(file)

    def _add(self, libc: ctypes.CDLL, path: Path, mask: int) -> bool:
        return bool(libc.inotify_add_watch(self._opened, os.fsencode(path), mask) >= 0)


def _identity(folder: Path) -> tuple[int, int] | None:
    """Return which folder a path leads to now."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_local(folder: Path) -> bool:
    """Say whether a folder is of a file system that nobody writes to but through this system."""
    there = _identity(folder)
    if there is None:
        return False
    device = f"{os.major(there[0])}:{os.minor(there[0])}"
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    kinds = {line.partition(" - ")[2].split()[0] for line in mounts if line.split()[2] == device}
    return bool(kinds) and kinds <= LOCAL
