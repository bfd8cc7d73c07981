"""Reading and writing whole files, with errors a user understands."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from genesis_core.durable import flush_file, flush_folder
from genesis_core.errors import CandleError


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Read a file.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    bytes
        At least one byte.

    Raises
    ------
    CandleError
        If the file is missing, empty, a directory, or cannot be read.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise CandleError(f"{os.fspath(path)}: cannot be read: {error.strerror}") from None
    if not data:
        raise CandleError(f"{os.fspath(path)}: the file is empty")
    return data


def write_atomically(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Write a file so that it is the old one or the whole new one, for a reader as after a power cut.

    Parameters
    ----------
    path : path-like
        The file; an existing one is replaced.
    write : callable
        Is given the open temporary file, which stands beside `path`.

    Raises
    ------
    CandleError
        If it cannot be written; nothing is left behind.
    """
    target = Path(path)
    temporary = target.parent / f".{target.name}.{secrets.token_hex(8)}.tmp"
    try:
        try:
            with temporary.open("xb") as file:
                write(file)
            flush_file(temporary)  # before the rename, else the new name may hold nothing
            temporary.replace(target)
            flush_folder(target.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise CandleError(f"{os.fspath(path)}: cannot be written: {error.strerror}") from None
