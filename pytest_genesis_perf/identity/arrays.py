"""NumPy arrays and scalars: bits by the chunk, in the order of their indices.

Imported only when somebody else has imported NumPy. Memory layout is not part of a value: order, strides and
padding between the fields of a structure are ignored. Byte order is, as part of the dtype.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pytest_genesis_perf.identity.errors import UnknownTypeError
from pytest_genesis_perf.identity.parts import Bulk, Leaf, Part, type_name
from pytest_genesis_perf.identity.place import Place
from pytest_genesis_perf.identity.render import float_text, short, ulp_distance

Array = np.ndarray[Any, Any]
DType = np.dtype[Any]

CHUNK_BYTES = 1 << 18
"""Extra memory of a comparison, however large the arrays are."""

_ARRAYS = (np.ndarray, np.memmap, np.recarray)


@dataclass(frozen=True)
class Column:
    """All values of one field of an array, or the array itself.

    Parameters
    ----------
    names : tuple of str
        The field's name inside each structure, outermost first; empty for a plain array.
    array : ndarray
        View of the values; a field that holds an array adds dimensions.
    objects : bool
        Whether the values are Python objects, to be compared one by one.
    """

    names: tuple[str, ...]
    array: Array
    objects: bool


def array_part(value: object, place: Place) -> Part | None:
    """Return the part of an array or NumPy scalar, None for anything else.

    Raises
    ------
    UnknownTypeError
        For other subclasses of ndarray, such as masked arrays, and dtypes whose bytes are not their value.
    """
    cls = type(value)
    if isinstance(value, np.generic):
        if cls is not value.dtype.type:
            raise UnknownTypeError(type_name(cls), str(place))
        if isinstance(value, np.str_):
            return Leaf("numpy.str_", str(value).encode("utf-8", "surrogatepass"))
        if isinstance(value, np.bytes_):
            return Leaf("numpy.bytes_", bytes(value))
        _refuse_unknown(value.dtype, place)
        kind = "void" if value.dtype.kind == "V" else value.dtype.name
        return Bulk(f"numpy.{kind}", np.asarray(value))
    if isinstance(value, np.ndarray):
        if cls not in _ARRAYS:
            raise UnknownTypeError(type_name(cls), str(place))
        _refuse_unknown(value.dtype, place)
        return Bulk(f"numpy.{cls.__name__}", value.view(np.ndarray))
    return None


def dtype_text(dtype: DType) -> str:
    """Return the canonical text of a dtype, as it reads on a little-endian machine."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return f"{dtype_text(base)}{shape}"
    if dtype.names is not None:
        inner = ", ".join(f"{name!r}: {dtype_text(dtype[name])}" for name in dtype.names)
        return f"{'record' if dtype.type is np.record else 'struct'}{{{inner}}}"
    if dtype.kind in "OT":
        return str(dtype)
    text: str = dtype.str
    return text.translate({60: 62, 62: 60}) if sys.byteorder == "big" else text


def columns(array: Array) -> Iterator[Column]:
    """Yield the plain columns of an array, fields in order, fields of fields unfolded."""
    yield from _columns((), array)


def _columns(names: tuple[str, ...], array: Array) -> Iterator[Column]:
    if array.dtype.names is None:
        yield Column(names, array, array.dtype.kind in "OT")
        return
    for name in array.dtype.names:
        yield from _columns((*names, name), array[name])


def canonical_chunks(array: Array) -> Iterator[bytes]:
    """Yield the bytes of a plain array in the order of its indices, as on a little-endian machine."""
    for chunk in _chunks(array):
        yield (chunk.byteswap() if sys.byteorder == "big" else chunk).tobytes()


def first_difference(a: Array, b: Array) -> tuple[int, int]:
    """Return how many values of two plain arrays of one shape and dtype differ in any bit, and where first.

    Returns
    -------
    count, first : int
        Number of values, and the flat index (last axis fastest) of the first; -1 without any.
    """
    count, first, start = 0, -1, 0
    for x, y in zip(_chunks(a), _chunks(b), strict=True):
        wrong = (x.view(np.uint8) != y.view(np.uint8)).reshape(len(x), -1).any(axis=1)
        found = int(np.count_nonzero(wrong))
        if found and first < 0:
            first = start + int(wrong.argmax())
        count += found
        start += len(x)
    return count, first


def place_in(place: Place, shape: tuple[int, ...], column: Column, flat: int) -> Place:
    """Return the place of one value of a column of an array of a shape."""
    index = np.unravel_index(flat, column.array.shape)
    outer = tuple(int(i) for i in index[: len(shape)])
    inner = tuple(int(i) for i in index[len(shape) :])
    if outer:
        place = place.at(outer)
    for name in column.names:
        place = place.at(name)
    return place.at(inner) if inner else place


def value_texts(a: Array, b: Array, flat: int) -> tuple[str, str, int | None]:
    """Return both values at a flat index, and their distance in ulps if they are floats."""
    x, y = _scalar(a, flat), _scalar(b, flat)
    text_a, text_b = _text(x), _text(y)
    if text_a == text_b:
        raw_a, raw_b = (array.flat[flat : flat + 1].tobytes().hex() for array in (a, b))
        text_a, text_b = f"{text_a} (bytes {raw_a})", f"{text_b} (bytes {raw_b})"
    ulps = None
    if isinstance(x, np.floating):
        ulps = ulp_distance(_bits(x), _bits(y), x.dtype.itemsize)
    return text_a, text_b, ulps


def summary(array: Array) -> str:
    """Return what tells an array from a value of another type: a scalar's value, else dtype and shape."""
    if array.shape == () and array.dtype.kind not in "OTV":
        return _text(_scalar(array, 0))
    return f"{dtype_text(array.dtype)} {array.shape}"


def _chunks(array: Array) -> Iterator[Array]:
    itemsize = array.dtype.itemsize
    if itemsize == 0:
        return
    # A flat iterator gives any layout in index order and copies no more than the slice.
    flat: Any = array.reshape(-1) if array.flags.c_contiguous else array.flat
    step = max(1, CHUNK_BYTES // itemsize)
    for start in range(0, array.size, step):
        yield np.ascontiguousarray(flat[start : start + step])


def _scalar(array: Array, flat: int) -> np.generic:
    native: np.generic = array.flat[flat : flat + 1].astype(array.dtype.newbyteorder("="))[0]
    return native


def _bits(value: np.generic) -> int:
    return int.from_bytes(value.tobytes(), sys.byteorder)


def _text(value: np.generic) -> str:
    if isinstance(value, np.complexfloating):
        return f"{_text(value.real)} + {_text(value.imag)} j"
    if isinstance(value, np.floating):
        return float_text(float(value), _bits(value), value.dtype.itemsize)
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return str(value)
    return short(value.item())


def _refuse_unknown(dtype: DType, place: Place) -> None:
    if dtype.subdtype is not None:
        _refuse_unknown(dtype.subdtype[0], place)
        return
    if dtype.names is not None:
        for name in dtype.names:
            _refuse_unknown(dtype[name], place.at(name))
        return
    if dtype.kind == "T":
        return
    if dtype.kind not in "biufcSUMmOV" or not dtype.type.__module__.startswith("numpy"):
        raise UnknownTypeError(f"numpy dtype {dtype}", str(place))
    if dtype.kind in "fc" and dtype.itemsize > (8 if dtype.kind == "f" else 16):
        raise UnknownTypeError(f"numpy dtype {dtype}", str(place), "its bytes contain padding")
