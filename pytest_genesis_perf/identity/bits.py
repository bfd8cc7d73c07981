"""The bits of chunks of values: the same on every machine, without padding, and where two columns differ.

Imported only when somebody else has imported NumPy.
"""

from __future__ import annotations

import sys
from types import MappingProxyType
from typing import Any

import numpy as np

from pytest_genesis_perf.identity.columns import Array, Column

_WORDS = MappingProxyType({1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64})


def first_difference(a: Column, b: Column) -> tuple[int, int]:
    """Return how many values of two plain columns of one shape and type differ in any bit, and where first.

    Returns
    -------
    count, first : int
        Number of values, and the flat index (last axis fastest) of the first; -1 without any.
    """
    count, first, start = 0, -1, 0
    for (x, gone_x), (y, gone_y) in zip(a.chunks(), b.chunks(), strict=True):
        size = len(x) if gone_x is None else len(gone_x)
        wrong = _wrong(x, y) if len(x) else None
        if gone_x is not None or gone_y is not None:
            none = np.zeros(size, np.bool_)
            holes = (none if gone_x is None else gone_x) != (none if gone_y is None else gone_y)
            wrong = holes if wrong is None else wrong | holes
        if wrong is not None:
            found = int(np.count_nonzero(wrong))
            if found and first < 0:
                first = start + int(wrong.argmax())
            count += found
        start += size
    return count, first


def canonical(values: Array) -> bytes:
    """Return the bytes of a chunk of values as they are on a little-endian machine."""
    bits = significant(values)
    swap = sys.byteorder == "big" and bits.dtype.kind != "V"
    return (bits.byteswap() if swap else bits).tobytes()


def significant(values: Array) -> Array:
    """Return a chunk without the padding of long doubles; its values may then be void."""
    width = _padded(values.dtype)
    if width is None:
        return values
    part = values.dtype.itemsize // (2 if values.dtype.kind == "c" else 1)
    raw = values.view(np.uint8).reshape(-1, part)
    bits = raw[:, :width] if _little(values.dtype) else raw[:, -width:]
    each = values.dtype.itemsize // part * width
    return np.ascontiguousarray(bits).reshape(-1).view(f"V{each}")


def _little(dtype: np.dtype[Any]) -> bool:
    return dtype.byteorder == "<" or (dtype.byteorder in "=|" and sys.byteorder == "little")


def _padded(dtype: np.dtype[Any]) -> int | None:
    """Return how many bytes of each long double are its value, None if all are."""
    if dtype.kind not in "fc" or dtype.char not in "gG":
        return None
    # Only the 80 bits of the x87 have padding; doubles and quadruples under this name have none.
    return 10 if np.finfo(np.longdouble).nmant == 63 else None


def _wrong(x: Array, y: Array) -> Array | None:
    """Return which values differ in any bit, None if no byte of them does."""
    x, y = significant(x), significant(y)
    word = _WORDS.get(x.dtype.itemsize)
    if word is not None:
        wrong: Array = x.view(word) != y.view(word)
        return wrong if wrong.any() else None
    if x.tobytes() == y.tobytes():
        return None
    raw: Array = (x.view(np.uint8) != y.view(np.uint8)).reshape(len(x), -1).any(axis=1)
    return raw
