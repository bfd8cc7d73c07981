"""What has to reach the disk so that a power cut does not undo a rename."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def flush_folder(folder: Path) -> None:
    """Bring to the disk which names a folder has.

    Parameters
    ----------
    folder : Path
        An existing one.

    Raises
    ------
    OSError
        If it cannot be opened or flushed.
    """
    if sys.platform != "win32":  # a folder cannot be opened there; renames are journalled
        _flush(folder, os.O_RDONLY)


def flush_file(file: Path) -> None:
    """Bring to the disk what was written to a file, whoever wrote it.

    Parameters
    ----------
    file : Path
        An existing one.

    Raises
    ------
    OSError
        If it cannot be opened or flushed.
    """
    _flush(file, os.O_RDWR)


def _flush(path: Path, how: int) -> None:
    opened = os.open(path, how)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
