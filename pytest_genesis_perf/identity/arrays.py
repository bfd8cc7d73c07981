"""NumPy arrays and scalars: which part they are, where their values stand, and how those are written.

Imported only when somebody else has imported NumPy. Memory layout is not part of a value: order, strides and
padding are ignored. Byte order is, as part of the dtype.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from pytest_genesis_perf.identity.bits import significant
from pytest_genesis_perf.identity.columns import Array, ArrayColumn, Column
from pytest_genesis_perf.identity.errors import UnknownTypeError
from pytest_genesis_perf.identity.parts import MISSING, Bulk, Labelled, Leaf, Part, Ready, type_name
from pytest_genesis_perf.identity.place import Place
from pytest_genesis_perf.identity.render import float_text, short, ulp_distance

DType = np.dtype[Any]

_ARRAYS = (np.ndarray, np.memmap, np.recarray)
_LONG = {"g": "longdouble", "G": "clongdouble"}


def array_part(value: object, place: Place) -> Part | None:
    """Return the part of an array or NumPy scalar, None for anything else.

    Raises
    ------
    UnknownTypeError
        For other subclasses of ndarray, and dtypes whose bytes are not their value.
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
        dtype = value.dtype
        kind = "void" if dtype.kind == "V" else _LONG.get(dtype.char, dtype.name)
        return array_bulk(np.asarray(value), f"numpy.{kind}")
    if isinstance(value, np.ndarray):
        if cls is np.ma.MaskedArray:
            return _masked(value, place)
        if value is np.ma.masked:
            return Leaf("numpy.ma.masked", b"")
        if cls not in _ARRAYS:
            raise UnknownTypeError(type_name(cls), str(place))
        _refuse_unknown(value.dtype, place)
        return array_bulk(value.view(np.ndarray), f"numpy.{cls.__name__}")
    return None


def array_bulk(array: Array, kind: str = "numpy.ndarray", dtype: str | None = None) -> Bulk:
    """Return the part of a plain array.

    Parameters
    ----------
    array : ndarray
        Of a known dtype.
    kind : str, optional
        Type name of what holds it.
    dtype : str, optional
        Text of the type of its values, if it says more than the array's dtype.
    """
    columns = tuple(_columns((), array, None, nullable=False))
    return Bulk(kind, dtype_text(array.dtype) if dtype is None else dtype, array.shape, columns)


def _masked(value: Array, place: Place) -> Part:
    _refuse_unknown(value.dtype, place)
    array = np.ma.getdata(value, subok=False)
    mask = np.ma.getmask(value)
    columns = tuple(_columns((), array, mask if isinstance(mask, np.ndarray) else None, nullable=True))
    bulk = Bulk("numpy.ma.MaskedArray", dtype_text(array.dtype), array.shape, columns)
    return Labelled("numpy.ma.MaskedArray", {"fill_value": value.fill_value}, Ready(bulk))  # type: ignore[attr-defined]


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


def _columns(
    names: tuple[str, ...], array: Array, mask: Array | None, *, nullable: bool
) -> Iterator[ArrayColumn]:
    """Yield the plain columns of an array, fields in order, fields of fields unfolded."""
    if array.dtype.names is None:
        yield ArrayColumn(names, array, mask, nullable)
        return
    for name in array.dtype.names:
        inner = None if mask is None else mask[name]
        yield from _columns((*names, name), array[name], inner, nullable=nullable)


def place_in(place: Place, shape: tuple[int, ...], column: Column, flat: int) -> Place:
    """Return the place of one value of a column of an array of a shape."""
    index = np.unravel_index(flat, column.shape)
    outer = tuple(int(i) for i in index[: len(shape)])
    inner = tuple(int(i) for i in index[len(shape) :])
    if outer:
        place = place.at(outer)
    for name in column.names:
        place = place.at(name)
    return place.at(inner) if inner else place


def value_texts(a: Column, b: Column, flat: int) -> tuple[str, str, int | None]:
    """Return both values at a flat index, and their distance in ulps if they are floats."""
    found, texts = [], []
    for column in (a, b):
        values, missing = column.at(flat)
        gone = missing is not None and bool(missing[0])
        found.append(values)
        shown = _shown(values) if column.show is None else short(column.show(flat))
        texts.append(str(MISSING) if gone else shown)
    if texts[0] == texts[1]:
        texts = [f"{text} (bytes {_raw(values)})" for text, values in zip(texts, found, strict=True)]
    ulps = None
    if found[0].dtype.kind == "f" and found[0].dtype.char != "g" and str(MISSING) not in texts:
        x, y = map(_native, found)
        ulps = ulp_distance(_bits(x), _bits(y), x.dtype.itemsize)
    return texts[0], texts[1], ulps


def bulk_text(part: Bulk) -> str:
    """Return what tells an array from a value of another type: a scalar's value, else dtype and shape."""
    if part.shape == () and len(part.columns) == 1 and not part.columns[0].objects:
        values, _ = part.columns[0].at(0)
        if values.dtype.kind != "V":
            return _shown(values)
    return f"{part.dtype} {part.shape}"


def _native(values: Array) -> np.generic:
    native: np.generic = values.astype(values.dtype.newbyteorder("="))[0]
    return native


def _raw(values: Array) -> str:
    return significant(np.ascontiguousarray(values)).tobytes().hex()


def _bits(value: np.generic) -> int:
    return int.from_bytes(value.tobytes(), sys.byteorder)


def _shown(values: Array) -> str:
    """Return one value as text; its bytes where Python has no such value."""
    if values.dtype.kind == "U" and values.itemsize:
        codes = np.ascontiguousarray(values).view(np.dtype("u4").newbyteorder(values.dtype.byteorder))
        if codes.max() > sys.maxunicode:
            return f"no text (bytes {_raw(values)})"
    try:
        return _text(_native(values))
    except (ValueError, OverflowError):
        # A moment beyond the calendar.
        return f"no {values.dtype.name} (bytes {_raw(values)})"


def _text(value: np.generic) -> str:
    if isinstance(value, np.complexfloating):
        return f"{_text(value.real)} + {_text(value.imag)} j"
    if isinstance(value, np.longdouble) and value.dtype.char == "g":
        return str(value)
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
