"""Text files replaced in one step: a reader, and a crash at any moment, meet the old one or the new one."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

_SUFFIX = ".tmp"
_NEW_FILE_MODE = 0o644


def replace_file(path: Path, text: str) -> None:
    """Replace a file; folders above it are made.

    What is written is on the disk before it takes the place of the old file. A process killed meanwhile leaves a
    hidden file beside it, see :func:`remove_leftovers`.

    Parameters
    ----------
    path : Path
        The file, or a link to it.
    text : str
        The new content.

    Raises
    ------
    OSError
        If it cannot be written; the old file is then as it was.
    """
    # Of a link, the file behind it is replaced.
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=_SUFFIX)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes private files; this one is committed and read by others.
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    finally:
        # Once it took the target's place it is not there any more.
        with suppress(FileNotFoundError):
            os.unlink(temporary)
    _sync_folder(target.parent)


def remove_leftovers(folder: Path, suffix: str) -> None:
    """Remove what killed writers left in a folder.

    Parameters
    ----------
    folder : Path
        The folder, in which no other process may be writing now; it need not exist.
    suffix : str
        Of the files that were to be replaced, such as ".toml".

    Raises
    ------
    OSError
        If one cannot be removed.
    """
    for path in folder.glob(f".*{suffix}.*{_SUFFIX}"):
        path.unlink(missing_ok=True)


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return _NEW_FILE_MODE


def _sync_folder(folder: Path) -> None:
    """Put the new name on the disk too, where the system can."""
    if os.name != "posix":
        return
    # Some network drives cannot; the file is whole either way, and only a power failure brings the old one back.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
