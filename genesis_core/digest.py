"""One canonical byte encoding for values, and its BLAKE2b digest.

Every value is written with a type tag and a length, so that two different values
cannot have the same encoding. Floats are their eight IEEE-754 bytes: ``-0.0`` differs
from ``0.0`` and NaN payloads count.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

import numpy as np

DIGEST_BYTES = 16


_length = struct.Struct("<cq").pack
_double = struct.Struct("<cd").pack


class Encoded(bytes):
    """A value's encoding, which stands for the value within another one; see :func:`encoded`."""


def encoded(value: object) -> Encoded:
    """Encode a value once that is digested as a part of many.

    Parameters
    ----------
    value
        As of :func:`digest`.

    Returns
    -------
    Encoded
        A value that holds it has the digest of one that holds `value`.

    Raises
    ------
    TypeError
        As :func:`digest`.
    """
    sink = _Kept()
    parts: list[bytes] = []
    _encode(sink, parts, value)
    return Encoded(b"".join([*sink.kept, *parts]))


class _Kept:
    """Keeps what is encoded."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    def update(self, data: bytes | memoryview) -> None:
        self.kept.append(bytes(data))


class _Sink(Protocol):
    def update(self, data: bytes | memoryview, /) -> None:
        """Take the next bytes."""


def digest(value: object) -> str:
    """Digest a nested value.

    Parameters
    ----------
    value : None, bool, int, float, str, bytes, tuple, list, mapping or ndarray
        Arrays must be C-contiguous and of a plain numeric dtype; the order of a mapping counts.

    Returns
    -------
    str
        32 hexadecimal digits.

    Raises
    ------
    TypeError
        For a type that has no canonical encoding.
    """
    sink = hashlib.blake2b(digest_size=DIGEST_BYTES)
    parts: list[bytes] = []
    _encode(sink, parts, value)
    sink.update(b"".join(parts))
    return sink.hexdigest()


def _encode(sink: _Sink, parts: list[bytes], value: object) -> None:
    """Add a value to the parts that the sink is given next; by the exact type first, because searches digest much."""
    kind = type(value)
    if kind is float:
        parts.append(_double(b"D", value))
    elif kind is str:
        parts.append(_text(value))
    elif kind is dict:
        _encode_mapping(sink, parts, value)  # type: ignore[arg-type]
    elif kind is Encoded:
        parts.append(value)  # type: ignore[arg-type]
    elif value is None:
        parts.append(b"N")
    elif isinstance(value, bool):
        parts.append(b"T" if value else b"F")
    elif isinstance(value, int):
        parts.append(_tagged(b"I", str(value).encode()))
    elif isinstance(value, float):
        parts.append(_double(b"D", value))
    elif isinstance(value, str):
        parts.append(_tagged(b"S", value.encode()))
    elif isinstance(value, bytes):
        parts.append(_tagged(b"B", value))
    elif isinstance(value, (tuple, list)):
        parts.append(_length(b"L", len(value)))
        for item in value:
            _encode(sink, parts, item)
    elif isinstance(value, Mapping):
        _encode_mapping(sink, parts, value)
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        little = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
        parts.append(_tagged(b"A", f"{little.dtype.str}{little.shape}".encode()))
        sink.update(b"".join(parts))
        parts.clear()
        sink.update(little.data if little.size else b"")  # not copied: it may be large
    else:
        raise TypeError(f"no canonical encoding for {kind.__qualname__}")


def _encode_mapping(sink: _Sink, parts: list[bytes], value: Mapping[object, object]) -> None:
    parts.append(_length(b"M", len(value)))
    for key, item in value.items():
        _encode(sink, parts, key)
        _encode(sink, parts, item)


@lru_cache(maxsize=4096)
def _text(value: str) -> bytes:
    """Encode a text; the names of parameters come again and again."""
    return _tagged(b"S", value.encode())


def _tagged(tag: bytes, data: bytes) -> bytes:
    return _length(tag, len(data)) + data
