"""One canonical byte encoding for values, and its BLAKE2b digest.

Every value is written with a type tag and a length, so that two different values
cannot have the same encoding. Floats are their eight IEEE-754 bytes: ``-0.0`` differs
from ``0.0`` and NaN payloads count.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from typing import Protocol

import numpy as np

DIGEST_BYTES = 16


class _Sink(Protocol):
    def update(self, data: bytes | memoryview[int], /) -> None: ...


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
    _feed(sink, value)
    return sink.hexdigest()


def _feed(sink: _Sink, value: object) -> None:
    if value is None:
        sink.update(b"N")
    elif isinstance(value, bool):
        sink.update(b"T" if value else b"F")
    elif isinstance(value, int):
        _tagged(sink, b"I", str(value).encode())
    elif isinstance(value, float):
        sink.update(b"D" + struct.pack("<d", value))
    elif isinstance(value, str):
        _tagged(sink, b"S", value.encode())
    elif isinstance(value, bytes):
        _tagged(sink, b"B", value)
    elif isinstance(value, (tuple, list)):
        sink.update(b"L" + struct.pack("<q", len(value)))
        for item in value:
            _feed(sink, item)
    elif isinstance(value, Mapping):
        sink.update(b"M" + struct.pack("<q", len(value)))
        for key, item in value.items():
            _feed(sink, key)
            _feed(sink, item)
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        little = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
        _tagged(sink, b"A", f"{little.dtype.str}{little.shape}".encode())
        sink.update(little.data if little.size else b"")
    else:
        raise TypeError(f"no canonical encoding for {type(value).__qualname__}")


def _tagged(sink: _Sink, tag: bytes, data: bytes) -> None:
    sink.update(tag + struct.pack("<q", len(data)) + data)
