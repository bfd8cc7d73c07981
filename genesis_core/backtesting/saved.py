"""The bytes of a saved stream: exact, versioned, and refused when anything about them was changed."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from genesis_core.candles.files import write_atomically
from genesis_core.errors import CandleError, GenesisError

MAGIC = b"GENESIS-STREAM "
FORMAT = 1
CHECKSUM_BYTES = 16


class StreamError(GenesisError, ValueError):
    """A saved stream that cannot be restored, or a stream that cannot go on."""


def pack(header: Mapping[str, object], values: Sequence[float]) -> bytes:
    """Lay out a saved stream: a line with the format, a line of JSON, the values as float64, a checksum.

    Parameters
    ----------
    header : mapping
        Texts and whole numbers.
    values : sequence of float
        Kept bit for bit, little-endian.
    """
    text = json.dumps({**header, "values": len(values)}, sort_keys=True).encode("ascii")
    body = b"%s%d\n%s\n" % (MAGIC, FORMAT, text) + struct.pack(f"<{len(values)}d", *values)
    return body + _checksum(body)


def unpack(data: bytes, name: str) -> tuple[dict[str, Any], list[float]]:
    """Read what :func:`pack` wrote.

    Parameters
    ----------
    data : bytes
        All of it.
    name : str
        What messages call it.

    Raises
    ------
    StreamError
        If it is something else, of another format, cut short, or changed.
    """
    first, _, rest = data.partition(b"\n")
    if not first.startswith(MAGIC):
        raise StreamError(f"{name}: this is not a saved stream; one is made by Stream.save")
    if first != b"%s%d" % (MAGIC, FORMAT):
        found = first[len(MAGIC) : len(MAGIC) + 20].decode("ascii", "replace")
        raise StreamError(f"{name}: saved in format {found}; this version reads format {FORMAT}")
    body, checksum = data[:-CHECKSUM_BYTES], data[-CHECKSUM_BYTES:]
    if len(checksum) < CHECKSUM_BYTES or checksum != _checksum(body):
        raise StreamError(f"{name}: cut short or changed since it was saved (its checksum does not fit)")
    text, _, packed = rest[:-CHECKSUM_BYTES].partition(b"\n")
    header: dict[str, Any] = json.loads(text)
    return header, list(struct.unpack(f"<{header.pop('values')}d", packed))


def write(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a saved stream to a file, atomically.

    Raises
    ------
    StreamError
        If it cannot be written; an older file is then left as it was.
    """

    def fill(file: BinaryIO) -> None:
        file.write(data)

    try:
        write_atomically(path, fill)
    except CandleError as fault:
        raise StreamError(str(fault)) from None


def read(path: str | os.PathLike[str]) -> bytes:
    """Read a saved stream's file.

    Raises
    ------
    StreamError
        If it cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as fault:
        raise StreamError(f"{os.fspath(path)}: cannot be read: {fault.strerror}") from None


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=CHECKSUM_BYTES).digest()
