"""Frames, series, indexes, arrays and scalars of pandas, by their values.

Part of a value: dtypes, names, the kind of index, ``freq``, ``attrs``, categories and their order. No part of it: how
columns lie in blocks, how strings are stored, unused levels of a MultiIndex, the slots of missing values.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np

from pytest_genesis_perf.identity.arrays import array_bulk
from pytest_genesis_perf.identity.columns import ArrayColumn, Chunk, SlicedColumn
from pytest_genesis_perf.identity.errors import UnknownTypeError
from pytest_genesis_perf.identity.leaves import zone_bytes
from pytest_genesis_perf.identity.parts import (
    MISSING,
    Bulk,
    Fields,
    Items,
    Labelled,
    Leaf,
    Pairs,
    Part,
    Ready,
    type_name,
)
from pytest_genesis_perf.identity.place import Place
from pytest_genesis_perf.identity.rows import Rows


def pandas_part(value: Any, place: Place) -> Part:
    """Return the part of a value of pandas.

    Raises
    ------
    UnknownTypeError
        For what is neither frame, series, index, array nor scalar.
    """
    name = type(value).__name__
    if name == "DataFrame":
        return _frame(value, place)
    if name == "Series":
        named = {"index": value.index, "name": value.name, **_extras(value)}
        return Labelled("pandas.Series", named, Ready(_array(value.array, place)))
    if name == "Index" or name.endswith("Index"):
        return _index(value, place)
    scalar = _SCALARS.get(name)
    if scalar is not None:
        try:
            return scalar(value)
        except TypeError as error:
            raise UnknownTypeError(type_name(type(value)), str(place), str(error)) from None
    return _array(value, place)


def _frame(frame: Any, place: Place) -> Part:
    labels = tuple(frame.columns)
    columns = (Ready(_array(frame.iloc[:, i].array, place.at(label))) for i, label in enumerate(labels))
    named = {"index": frame.index, "columns": Ready(_header(frame.columns)), **_extras(frame)}
    return Labelled(
        "pandas.DataFrame", named, Ready(Pairs("columns", tuple(zip(labels, columns, strict=True))))
    )


def _extras(value: Any) -> dict[str, object]:
    return {"attrs": dict(value.attrs), "flags": value.flags.allows_duplicate_labels}


def _header(index: Any) -> Part:
    """Return what column labels are beside their values, which are the keys of the columns."""
    fields = {"names": list(index.names), "dtype": str(index.dtype), "freq": getattr(index, "freqstr", None)}
    return Fields(f"pandas.{type(index).__name__}", fields)


def _index(index: Any, place: Place) -> Part:
    name = type(index).__name__
    kind = f"pandas.{name}"
    if name == "RangeIndex":
        return Fields(kind, {field: getattr(index, field) for field in ("start", "stop", "step", "name")})
    if name == "MultiIndex":
        levels = tuple(index.get_level_values(i) for i in range(index.nlevels))
        return Fields(kind, {"names": list(index.names), "levels": levels})
    fields = {"name": index.name, "freq": getattr(index, "freqstr", None)}
    return Labelled(kind, fields, Ready(_array(index.array, place)))


def _array(array: Any, place: Place) -> Part:
    name = type(array).__name__
    rule = _ARRAYS.get(name)
    if rule is None or type(array).__module__.partition(".")[0] != "pandas":
        raise UnknownTypeError(type_name(type(array)), str(place))
    return rule(array, place)


def _of_numpy(array: Any, place: Place) -> Part:
    return array_bulk(array.to_numpy())


def _masked(array: Any, place: Place) -> Part:
    column = ArrayColumn((), array._data, array._mask, nullable=True)
    return Bulk("pandas array", str(array.dtype), (len(array),), (column,))


def _moments(array: Any, place: Place) -> Part:
    letter = "M" if type(array).__name__ == "DatetimeArray" else "m"
    return array_bulk(array.view("i8").view(f"{letter}8[{array.unit}]"), "pandas array", str(array.dtype))


def _periods(array: Any, place: Place) -> Part:
    column = ArrayColumn((), array.view("i8"), show=array.__getitem__)
    return Bulk("pandas array", str(array.dtype), (len(array),), (column,))


def _intervals(array: Any, place: Place) -> Part:
    return Fields(f"pandas array of {array.dtype}", {"left": array.left, "right": array.right})


def _categories(array: Any, place: Place) -> Part:
    codes = Bulk(
        "pandas codes",
        str(array.codes.dtype),
        (len(array),),
        (ArrayColumn((), array.codes, show=array.__getitem__),),
    )
    return Labelled(
        "pandas.Categorical", {"categories": array.categories, "ordered": array.ordered}, Ready(codes)
    )


def _sparse(array: Any, place: Place) -> Part:
    def take(start: int, stop: int) -> Chunk:
        return np.ascontiguousarray(array[start:stop].to_dense()), None

    return Bulk("pandas array", str(array.dtype), (len(array),), (SlicedColumn(len(array), take),))


def _strings(array: Any, place: Place) -> Part:
    def take(start: int, stop: int) -> list[object]:
        values = array[start:stop].to_numpy(dtype=object, na_value=None)
        return [MISSING if value is None else value for value in values]

    return Items(f"pandas array of str, missing as {array.dtype.na_value}", Rows(len(array), take))


def _of_arrow(array: Any, place: Place) -> Part:
    from pytest_genesis_perf.identity.arrow_values import column_part

    return column_part(array.__arrow_array__(), "pandas array", str(array.dtype), place)


_Rule = Callable[[Any, Place], Part]
_ARRAYS: MappingProxyType[str, _Rule] = MappingProxyType(
    {
        **dict.fromkeys(("NumpyExtensionArray", "PandasArray"), _of_numpy),
        **dict.fromkeys(("IntegerArray", "FloatingArray", "BooleanArray"), _masked),
        **dict.fromkeys(("DatetimeArray", "TimedeltaArray"), _moments),
        "PeriodArray": _periods,
        "IntervalArray": _intervals,
        "Categorical": _categories,
        "SparseArray": _sparse,
        **dict.fromkeys(
            (
                "StringArray",
                "StringArrayNumpySemantics",
                "ArrowStringArray",
                "ArrowStringArrayNumpySemantics",
            ),
            _strings,
        ),
        "ArrowExtensionArray": _of_arrow,
    }
)


def _timestamp(value: Any) -> Part:
    stamp = f"{value.asm8.view('i8')} {value.unit}{'+' if value.fold else '-'}"
    zone = b"" if value.tzinfo is None else zone_bytes(value.tzinfo)
    return Leaf("pandas.Timestamp", stamp.encode() + zone)


def _timedelta(value: Any) -> Part:
    return Leaf("pandas.Timedelta", f"{value.asm8.view('i8')} {value.unit}".encode())


_SCALARS: MappingProxyType[str, Callable[[Any], Part]] = MappingProxyType(
    {
        "Timestamp": _timestamp,
        "Timedelta": _timedelta,
        "Period": lambda value: Leaf("pandas.Period", f"{value.ordinal} {value.freqstr}".encode()),
        "Interval": lambda value: Fields(
            "pandas.Interval", {"left": value.left, "right": value.right, "closed": value.closed}
        ),
        "NaTType": lambda value: Leaf("pandas.NaT", b""),
        "NAType": lambda value: Leaf("pandas.NA", b""),
    }
)
