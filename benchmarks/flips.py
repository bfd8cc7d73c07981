"""Random nested results of which one bit is flipped, and where the comparator must find it.

A :class:`Spot` makes its value afresh for each side, so that the two sides share nothing. Some flips are of bytes that
are no part of a value: padding of structures and long doubles, slots of missing values. Those must not be found.
"""

from __future__ import annotations

import string
import struct
import sys
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from random import Random
from typing import Any, NamedTuple

import msgspec
import numpy as np

Make = Callable[[bool], Any]
"""Makes the value, with the bit flipped or not."""


class Spot(NamedTuple):
    """A value with one bit that can be flipped.

    Parameters
    ----------
    make : callable
        Makes the value.
    path : str
        Where the difference is, from the value itself; "" for a value that is one place.
    counts : bool
        Whether the bit is part of the value.
    """

    make: Make
    path: str = ""
    counts: bool = True


@dataclass
class Trade:
    """A dataclass of anything."""

    entry: object
    exit: object


class Point(NamedTuple):
    """A named tuple of anything."""

    x: object
    y: object


class Bar(msgspec.Struct):
    """A msgspec struct of anything."""

    close: object
    volume: object


def float_spot(rng: Random) -> Spot:
    """Make any double, any bit: NaN payloads, subnormals and the sign of zero included."""
    bits, bit = rng.choice([rng.getrandbits(64), rng.getrandbits(52), 0, 0x7FF8 << 48]), rng.randrange(64)
    return Spot(lambda flip: struct.unpack("<d", struct.pack("<Q", bits ^ flip << bit))[0])


def complex_spot(rng: Random) -> Spot:
    """Make a complex number, either part."""
    first, second = float_spot(rng), float_spot(rng)
    return Spot(lambda flip: complex(first.make(flip), second.make(False)))


def int_spot(rng: Random) -> Spot:
    """Make an int of up to 200 bits."""
    value, bit = rng.getrandbits(rng.randrange(1, 200)), rng.randrange(210)
    return Spot(lambda flip: value ^ flip << bit)


def bytes_spot(rng: Random) -> Spot:
    """Make some bytes."""
    data, bit = rng.randbytes(rng.randrange(1, 20)), rng.randrange(8)
    at = rng.randrange(len(data))
    kind = rng.choice([bytes, bytes, bytearray])
    return Spot(lambda flip: kind(c ^ (flip and i == at) << bit for i, c in enumerate(data)))


def text_spot(rng: Random) -> Spot:
    """Make some text, lone surrogates included."""
    codes, bit = (
        [rng.choice([97, rng.randrange(1 << 16)]) for _ in range(rng.randrange(1, 9))],
        rng.randrange(16),
    )
    at = rng.randrange(len(codes))
    return Spot(lambda flip: "".join(chr(c ^ (flip and i == at) << bit) for i, c in enumerate(codes)))


PLAIN_DTYPES = (
    *(
        "?",
        "i1",
        "u1",
        "<i2",
        ">i2",
        "<u4",
        ">i4",
        "<i8",
        "<u8",
        ">i8",
        "<f2",
        ">f2",
        "<f4",
        ">f4",
        "<f8",
        ">f8",
    ),
    *(
        "<c8",
        ">c8",
        "<c16",
        ">c16",
        "<M8[s]",
        ">M8[ns]",
        "<m8[us]",
        "<U3",
        ">U2",
        "S5",
        "V7",
        "V16",
        "g",
        "G",
    ),
)
STRUCTURES = (
    np.dtype([("bar", "<i4"), ("price", "<f8"), ("name", "<U3")]),
    np.dtype([("flag", "i1"), ("price", "<f8"), ("side", "<u2")], align=True),
    np.dtype([("id", "<i2"), ("leg", [("in", ">f4"), ("out", "<f8", (2, 2))])]),
    np.dtype({"names": ["a", "b"], "formats": ["u1", "<f4"], "offsets": [3, 9], "itemsize": 20}),
    np.dtype([("long", "g"), ("short", "<f2")]),
)


def array_spot(rng: Random) -> Spot:
    """Make an array of any dtype, shape and layout."""
    dtype = rng.choice([*map(np.dtype, PLAIN_DTYPES), *STRUCTURES])
    shape = tuple(rng.randrange(1, 5) for _ in range(rng.randrange(4)))
    size = int(np.prod(shape, dtype=int)) * dtype.itemsize
    data, bit = rng.randbytes(size), rng.randrange(8 * size)
    layout = rng.choice(LAYOUTS)

    def make(flip: bool) -> Any:
        raw = bytearray(data)
        raw[bit // 8] ^= flip << bit % 8
        return layout(np.frombuffer(raw, dtype).reshape(shape))

    index = np.unravel_index(bit // 8 // dtype.itemsize, shape) if shape else ()
    inside = _inside(dtype, bit // 8 % dtype.itemsize)
    return Spot(make, _index(index) + (inside or ""), inside is not None)


def scalar_spot(rng: Random) -> Spot:
    """Make a NumPy scalar."""
    dtype = rng.choice([dtype for dtype in map(np.dtype, PLAIN_DTYPES) if dtype.kind not in "USV"])
    data, bit = rng.randbytes(dtype.itemsize), rng.randrange(8 * dtype.itemsize)

    def make(flip: bool) -> Any:
        raw = bytearray(data)
        raw[bit // 8] ^= flip << bit % 8
        # A bool scalar is one of two objects: it has one bit.
        return np.bool_(flip) if dtype.kind == "b" else np.frombuffer(raw, dtype)[0]

    return Spot(make, "", dtype.kind == "b" or _inside(dtype, bit // 8) is not None)


def masked_spot(rng: Random) -> Spot:
    """Make a masked array, of which a value, a value under the mask or the mask itself changes."""
    values = array_spot(rng)
    while values.make(False).dtype.names is not None or values.make(False).ndim == 0:
        values = array_spot(rng)
    shape = values.make(False).shape
    mask = np.array([rng.random() < 0.3 for _ in range(int(np.prod(shape)))]).reshape(shape)
    if rng.random() < 0.3:
        index = tuple(rng.randrange(n) for n in shape)

        def make(flip: bool) -> Any:
            other = mask.copy()
            other[index] ^= flip
            return np.ma.MaskedArray(values.make(False), other)

        return Spot(make, _index(index))
    place = tuple(int(number) for number in values.path.strip("[]").split(","))
    hit = bool(mask[place])
    return Spot(
        lambda flip: np.ma.MaskedArray(values.make(flip), mask), values.path, values.counts and not hit
    )


def objects_spot(rng: Random) -> Spot:
    """Make an array of objects, one of them with a flip inside."""
    inner, others, at = any_spot(rng, 1), [plain_spot(rng) for _ in range(3)], rng.randrange(4)

    def make(flip: bool) -> Any:
        array = np.empty(4, object)
        array[:] = None
        for i, other in enumerate([*others[:at], inner, *others[at:]]):
            array[i] = other.make(flip and i == at)
        return array

    return Spot(make, f"[{at}]{inner.path}", inner.counts)


def pandas_spot(rng: Random) -> Spot:
    """Make a DataFrame or Series of pandas: numbers, moments, missing values."""
    import pandas as pd

    rows, at, bit = 5, rng.randrange(5), rng.randrange(64)
    numbers = [rng.getrandbits(64) for _ in range(rows)]
    kind = rng.choice(["f8", "i8", "M8[ns]", "Int64", "Float64"])
    mask = np.array([rng.random() < 0.4 for _ in range(rows)])

    def column(flip: bool) -> Any:
        raw = np.array(numbers, "u8")
        raw[at] ^= np.uint64(flip << bit)
        if kind == "Int64":
            return pd.arrays.IntegerArray(raw.view("i8"), mask.copy())
        if kind == "Float64":
            return pd.arrays.FloatingArray(raw.view("f8"), mask.copy())
        return raw.view(kind)

    counts = kind not in ("Int64", "Float64") or not mask[at]
    if rng.random() < 0.3:
        return Spot(lambda flip: pd.Series(column(flip), name="close"), f"[{at}]", counts)
    others = {name: [rng.random() for _ in range(rows)] for name in "ab"}
    return Spot(
        lambda flip: pd.DataFrame({"a": others["a"], "close": column(flip), "b": others["b"]}),
        f"['close'][{at}]",
        counts,
    )


def arrow_spot(rng: Random) -> Spot:
    """Make a table or array of pyarrow, built from its buffers: slots of nulls hold anything."""
    import pyarrow as pa

    size, at, bit = rng.randrange(1, 40), 0, rng.randrange(64)
    at = rng.randrange(size)
    numbers = np.array([rng.getrandbits(64) for _ in range(size)], "u8")
    valid = np.array([rng.random() < 0.7 for _ in range(size)])
    kind = rng.choice([pa.float64(), pa.int64(), pa.timestamp("us"), pa.duration("ns")])

    def column(flip: bool) -> Any:
        raw = numbers.copy()
        raw[at] ^= np.uint64(flip << bit)
        bitmap = np.packbits(valid, bitorder="little").tobytes()
        return pa.Array.from_buffers(kind, size, [pa.py_buffer(bitmap), pa.py_buffer(raw.tobytes())])

    if rng.random() < 0.5:
        return Spot(column, f"[{at}]", bool(valid[at]))
    return Spot(lambda flip: pa.table({"close": column(flip)}), f"['close'][{at}]", bool(valid[at]))


def polars_spot(rng: Random) -> Spot:
    """Make a DataFrame or Series of polars."""
    import polars as pl

    size, bit = rng.randrange(1, 20), rng.randrange(64)
    at = rng.randrange(size)
    numbers = np.array([rng.getrandbits(64) for _ in range(size)], "u8")
    kind = rng.choice(["f8", "i8", "u8"])

    def column(flip: bool) -> Any:
        raw = numbers.copy()
        raw[at] ^= np.uint64(flip << bit)
        return pl.Series("close", raw.view(kind))

    if rng.random() < 0.5:
        return Spot(column, f"[{at}]")
    return Spot(lambda flip: pl.DataFrame({"open": numbers, "close": column(flip)}), f"['close'][{at}]")


FRAMES = {"pandas": pandas_spot, "pyarrow": arrow_spot, "polars": polars_spot}


def installed_frames() -> tuple[str, ...]:
    """Return which libraries of frames are here."""
    return tuple(name for name in FRAMES if find_spec(name))


def plain_spot(rng: Random) -> Spot:
    """Make a plain value."""
    return rng.choice([float_spot, float_spot, complex_spot, int_spot, bytes_spot, text_spot])(rng)


def any_spot(rng: Random, depth: int, frames: Sequence[str] = ()) -> Spot:
    """Make a nested value: containers down to some depth, with a plain value, array or frame at the bottom."""
    if depth <= 0:
        makers = [plain_spot, plain_spot, array_spot, array_spot, scalar_spot, masked_spot]
        return rng.choice([*makers, *(FRAMES[name] for name in frames if rng.random() < 0.5)])(rng)
    if rng.random() < 0.05:
        return objects_spot(rng)
    inner = any_spot(rng, depth - 1, frames)
    others = [rng.choice([plain_spot, array_spot])(rng) for _ in range(rng.randrange(4))]
    return _around(rng, inner, others)


def nested_spot(rng: Random, frames: Sequence[str] = ()) -> Spot:
    """Make a random nested result, up to five containers deep."""
    return any_spot(rng, rng.randrange(6), frames)


def _around(rng: Random, inner: Spot, others: list[Spot]) -> Spot:
    at = rng.randrange(len(others) + 1)
    spots = [*others[:at], inner, *others[at:]]

    def items(flip: bool) -> list[Any]:
        return [spot.make(flip and i == at) for i, spot in enumerate(spots)]

    kind = rng.choice(("list", "tuple", "dict", "ordered", "deque", "trade", "point", "bar"))
    if kind in ("dict", "ordered"):
        keys = rng.sample([*string.ascii_lowercase, *range(-9, 9), 0.5, b"k", None, (1, "t")], len(spots))
        build = dict if kind == "dict" else OrderedDict
        step = f"[{keys[at]!r}]"
        return Spot(lambda flip: build(zip(keys, items(flip), strict=True)), step + inner.path, inner.counts)
    if kind in ("list", "tuple", "deque"):
        wrap = {"list": list, "tuple": tuple, "deque": deque}[kind]
        return Spot(lambda flip: wrap(items(flip)), f"[{at}]{inner.path}", inner.counts)
    record, field = {"trade": (Trade, "exit"), "point": (Point, "y"), "bar": (Bar, "volume")}[kind]
    return Spot(
        lambda flip: record([o.make(False) for o in others], inner.make(flip)),
        f".{field}{inner.path}",
        inner.counts,
    )


def _fortran(array: Any) -> Any:
    return np.array(array, order="F")


def _wide(array: Any) -> Any:
    wide = np.zeros((*array.shape, 2), array.dtype)
    wide[..., 0] = array
    return wide[..., 0]


def _backwards(array: Any) -> Any:
    if array.ndim == 0:
        # An index would give a scalar, and a bool scalar is one of two objects.
        return array
    turned = tuple(slice(None, None, -1) for _ in array.shape)
    return np.ascontiguousarray(array[turned])[turned]


LAYOUTS: tuple[Callable[[Any], Any], ...] = (lambda a: a, _fortran, _wide, _backwards)


def _index(index: Sequence[Any]) -> str:
    return f"[{', '.join(str(int(i)) for i in index)}]" if len(index) else ""


def _inside(dtype: np.dtype[Any], offset: int) -> str | None:
    """Return the path inside one value that a byte of it belongs to, None for padding."""
    if dtype.names is not None:
        for name in dtype.names:
            field, start = dtype.fields[name][:2]  # type: ignore[index]
            if start <= offset < start + field.itemsize:
                inner = _inside(field, offset - start)
                return None if inner is None else f"[{name!r}]{inner}"
        return None
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        inner = _inside(base, offset % base.itemsize)
        return None if inner is None else _index(np.unravel_index(offset // base.itemsize, shape)) + inner
    if dtype.char in "gG" and np.finfo(np.longdouble).nmant == 63:
        # The 80 bits of the x87 stand in 12 or 16 bytes.
        part = dtype.itemsize // (2 if dtype.kind == "c" else 1)
        used = offset % part < 10 if sys.byteorder == "little" else offset % part >= part - 10
        return "" if used else None
    return ""
