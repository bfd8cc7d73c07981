"""Frames and series of polars, by their values; how they are cut into chunks is no part of them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from pytest_genesis_perf.identity.columns import Chunk, SlicedColumn
from pytest_genesis_perf.identity.errors import UnknownTypeError
from pytest_genesis_perf.identity.parts import MISSING, Bulk, Items, Labelled, Pairs, Part, Ready, type_name
from pytest_genesis_perf.identity.place import Place
from pytest_genesis_perf.identity.rows import Rows

_AS_NUMPY = frozenset(
    {*(f"{u}Int{bits}" for u in ("", "U") for bits in (8, 16, 32, 64)), "Float32", "Float64", "Boolean"}
)
_TEMPORAL = frozenset({"Date", "Datetime", "Duration", "Time"})
_AS_PYTHON = frozenset(
    {"String", "Binary", "Decimal", "Categorical", "Enum", "Null", "Object", "Int128", "UInt128"}
)
"""Types whose values polars gives as Python's without any loss."""


def polars_part(value: Any, place: Place) -> Part:
    """Return the part of a value of polars.

    Raises
    ------
    UnknownTypeError
        For what is neither frame nor series, and for frames that have not been computed.
    """
    name = type(value).__name__
    if name == "DataFrame":
        columns = tuple((label, Ready(_column(value[label], place.at(label)))) for label in value.columns)
        return Labelled("polars.DataFrame", {"height": value.height}, Ready(Pairs("columns", columns)))
    if name == "Series":
        return Labelled("polars.Series", {"name": value.name}, Ready(_column(value, place)))
    why = "it has not been computed: return its collect()" if name == "LazyFrame" else ""
    raise UnknownTypeError(type_name(type(value)), str(place), why)


def _column(series: Any, place: Place) -> Part:
    _refuse_unknown(series.dtype, place)
    dtype, size = str(series.dtype), len(series)
    if _base(series.dtype) in _AS_NUMPY | _TEMPORAL:
        return Bulk("polars.Series", dtype, (size,), (SlicedColumn(size, partial(_take, series)),))
    return Items(
        f"polars.Series of {dtype}", Rows(size, lambda start, stop: _rows(series.slice(start, stop - start)))
    )


def _base(dtype: Any) -> str:
    return str(dtype.base_type().__name__)


def _take(series: Any, start: int, stop: int) -> Chunk:
    piece = series.slice(start, stop - start)
    dtype = piece.dtype
    base = _base(dtype)
    missing = None
    if base in _TEMPORAL:
        piece = piece.to_physical()
    if piece.null_count():
        missing = piece.is_null().to_numpy()
        # Without it polars would write NaN for them, and integers as floats.
        piece = piece.fill_null(False if base == "Boolean" else 0)
    values = np.ascontiguousarray(piece.to_numpy())
    if base == "Date":
        values = values.astype("i8").view("M8[D]")
    elif base in ("Datetime", "Duration"):
        values = values.view(f"{'M' if base == 'Datetime' else 'm'}8[{dtype.time_unit}]")
    return values, missing


def _rows(piece: Any) -> list[object]:
    """Return the values of a series, nested ones as parts."""
    base = _base(piece.dtype)
    if base in _AS_NUMPY | _TEMPORAL:
        values, missing = _take(piece, 0, len(piece))
        return (
            list(values)
            if missing is None
            else [MISSING if gone else v for v, gone in zip(values, missing, strict=True)]
        )
    if base in ("List", "Array"):
        inner = (piece[i] for i in range(len(piece)))
        return [MISSING if values is None else Ready(Items("list", _rows(values))) for values in inner]
    if base == "Struct":
        frame = piece.struct.unnest()
        names = frame.columns
        rows = zip(*(_rows(frame[name]) for name in names), strict=True) if names else iter(() for _ in piece)
        parts = (Ready(Pairs("struct", tuple(zip(names, row, strict=True)))) for row in rows)
        return [
            MISSING if null else part for part, null in zip(parts, piece.is_null().to_list(), strict=True)
        ]
    return [MISSING if value is None else value for value in piece.to_list()]


def _refuse_unknown(dtype: Any, place: Place) -> None:
    base = _base(dtype)
    if base in ("List", "Array"):
        _refuse_unknown(dtype.inner, place)
    elif base == "Struct":
        for field in dtype.fields:
            _refuse_unknown(field.dtype, place)
    elif base not in _AS_NUMPY | _TEMPORAL | _AS_PYTHON:
        raise UnknownTypeError(f"polars dtype {dtype}", str(place), "cast it to a plain type in both arms")
