"""The folder of compiled code: kept below a size, oldest files first."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path

MOST_BYTES = 256 * 2**20
"""Size of the folder: thousands of kernels (about 30 KB each), of all versions and projects that share it."""
_ABANDONED_SECONDS = 24 * 3600.0
_ENTRY = re.compile(r"[A-Za-z0-9_.]+-[0-9a-f]{32}-[0-9a-f]{32}\.bin")
_TEMPORARY = re.compile(r"\..+\.tmp")


def prune(folder: Path, most_bytes: int, *, keep: Path) -> None:
    """Delete the entries that were stored first until the rest fits, and what crashed processes left half written.

    Nobody is disturbed: an entry that another process has open stays readable to it (or, on Windows, stays), and one
    that is gone when it is asked for is compiled anew. Files of other names are never touched.

    Parameters
    ----------
    folder : Path
        The folder.
    most_bytes : int
        What its entries may take.
    keep : Path
        The entry that was just stored; it stays, whatever its size.
    """
    entries = []
    for file in folder.iterdir():
        with contextlib.suppress(OSError):
            if _ENTRY.fullmatch(file.name):
                found = file.stat()
                entries.append((file != keep, found.st_mtime_ns, file, found.st_size))
            elif _TEMPORARY.fullmatch(file.name) and time.time() - file.stat().st_mtime > _ABANDONED_SECONDS:
                file.unlink()
    left = sum(size for *_, size in entries)
    for others, _, file, size in sorted(entries, key=lambda entry: (not entry[0], entry[1])):
        if left <= most_bytes or not others:
            return
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
            left -= size
