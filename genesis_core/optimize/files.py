"""Write a file so that it is whole or absent, whatever happens meanwhile."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import msgspec

from genesis_core.durable import flush_folder
from genesis_core.errors import SearchError

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
"""How a temporary file is opened."""


def write_text(path: Path, text: str) -> None:
    """Write a text, see :func:`write_bytes`."""
    write_bytes(path, text.encode())


def write_struct(path: Path, value: msgspec.Struct) -> None:
    """Write a struct as JSON that a person can read, see :func:`write_bytes`."""
    write_bytes(path, msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file of the study atomically and durably.

    Raises
    ------
    SearchError
        If it cannot be written.
    """
    temporary = path.parent / f".{path.name}.{secrets.token_hex(6)}.tmp"
    try:
        try:
            _write_durably(temporary, content)
            temporary.replace(path)
            flush_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as fault:
        raise SearchError(f"{path}: cannot be written: {fault.strerror or fault}") from None


def _write_durably(path: Path, content: bytes) -> None:
    file = os.open(path, NEW, 0o666)
    try:
        write_whole(file, content)
        os.fsync(file)
    finally:
        os.close(file)


def write_whole(file: int, content: bytes) -> None:
    """Write all of it to an open file."""
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]
