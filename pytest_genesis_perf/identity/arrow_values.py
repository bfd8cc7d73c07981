"""Tables, arrays and scalars of pyarrow, by their values.

No part of a value: how a column is cut into chunks, the slots of nulls, unused entries of a dictionary, the padding of
buffers, and the metadata of a schema (it names versions of libraries; ``Table.equals`` leaves it out too).
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import numpy as np

from pytest_genesis_perf.identity.columns import Chunk, SlicedColumn
from pytest_genesis_perf.identity.errors import UnknownTypeError
from pytest_genesis_perf.identity.parts import (
    MISSING,
    Alias,
    Bulk,
    Items,
    Labelled,
    Pairs,
    Part,
    Ready,
    type_name,
)
from pytest_genesis_perf.identity.place import Place
from pytest_genesis_perf.identity.rows import Rows

_FRAMES = ("Table", "RecordBatch")


def arrow_part(value: Any, place: Place) -> Part:
    """Return the part of a value of pyarrow.

    Raises
    ------
    UnknownTypeError
        For what is neither table, record batch, array nor scalar, and types such as unions.
    """
    name = type(value).__name__
    if name in _FRAMES:
        names = value.schema.names
        columns = tuple(
            (
                label,
                Ready(
                    _column(value.column(i), f"pyarrow.{name} column", place.at(label), value.schema.field(i))
                ),
            )
            for i, label in enumerate(names)
        )
        body = Ready(Pairs("columns", columns))
        return Labelled(f"pyarrow.{name}", {"num_rows": value.num_rows}, body)
    if name == "ChunkedArray" or name.endswith("Array"):
        return _column(value, "pyarrow.ChunkedArray" if name == "ChunkedArray" else "pyarrow.Array", place)
    if name.endswith("Scalar"):
        one = sys.modules["pyarrow"].repeat(value, 1)
        _refuse_unknown(one.type, place)
        return Alias(f"pyarrow.Scalar[{one.type}]", _rows(one)[0])
    raise UnknownTypeError(type_name(type(value)), str(place))


def column_part(values: Any, kind: str, dtype: str, place: Place) -> Part:
    """Return the part of an array or chunked array that another library holds.

    Parameters
    ----------
    values : pyarrow.Array or pyarrow.ChunkedArray
        The values.
    kind : str
        Type name of what holds them.
    dtype : str
        That library's name for their type.
    place : Place
        For errors.
    """
    _refuse_unknown(values.type, place)
    if _is_plain(values.type):
        return Bulk(kind, dtype, (len(values),), (SlicedColumn(len(values), partial(_take, values)),))
    return Items(
        f"{kind} of {dtype}", Rows(len(values), lambda start, stop: _rows(_piece(values, start, stop)))
    )


def _column(values: Any, kind: str, place: Place, field: Any = None) -> Part:
    dtype = _type_text(values.type)
    return column_part(values, kind, dtype if field is None or field.nullable else f"{dtype} not null", place)


def _type_text(dtype: Any) -> str:
    is_extension = isinstance(dtype, sys.modules["pyarrow"].BaseExtensionType)
    return f"{dtype} of {dtype.storage_type}" if is_extension else str(dtype)


def _piece(values: Any, start: int, stop: int) -> Any:
    """Return a slice as one array, whatever the chunks are."""
    piece = values.slice(start, stop - start)
    if not hasattr(piece, "chunks"):
        return piece
    return piece.chunk(0) if piece.num_chunks == 1 else piece.combine_chunks()


def _is_plain(dtype: Any) -> bool:
    types = sys.modules["pyarrow.types"]
    return bool(
        types.is_integer(dtype)
        or types.is_floating(dtype)
        or types.is_boolean(dtype)
        or (types.is_temporal(dtype) and not types.is_interval(dtype))
    )


def _take(values: Any, start: int, stop: int) -> Chunk:
    piece = _piece(values, start, stop)
    missing = None
    if piece.null_count:
        missing = ~piece.is_valid().to_numpy(zero_copy_only=False)
    return _bits(piece), missing


def _bits(piece: Any) -> np.ndarray[Any, Any]:
    """Return the bits of the slots of an array of a plain type, those of nulls included."""
    types, dtype, size = sys.modules["pyarrow.types"], piece.type, len(piece)
    buffer = piece.buffers()[1]
    if types.is_boolean(dtype):
        if buffer is None:
            return np.zeros(size, np.bool_)
        raw = np.frombuffer(buffer, np.uint8)[piece.offset // 8 : (piece.offset + size + 7) // 8]
        bits = np.unpackbits(raw, bitorder="little")
        return bits[piece.offset % 8 :][:size].astype(np.bool_)
    width = dtype.bit_width // 8
    kind = "f" if types.is_floating(dtype) else "u" if types.is_unsigned_integer(dtype) else "i"
    plain = np.dtype(f"{kind}{width}")
    if buffer is None:
        values = np.zeros(size, plain)
    else:
        values = np.frombuffer(buffer, plain, count=size, offset=piece.offset * width)
    if types.is_date(dtype):
        return values.astype("i8").view("M8[D]" if types.is_date32(dtype) else "M8[ms]")
    if types.is_timestamp(dtype):
        return values.view(f"M8[{dtype.unit}]")
    return values.view(f"m8[{dtype.unit}]") if types.is_duration(dtype) else values


def _rows(piece: Any) -> list[object]:
    """Return the values of an array, nested ones as parts."""
    types, dtype = sys.modules["pyarrow.types"], piece.type
    if _is_plain(dtype):
        values, missing = _take(piece, 0, len(piece))
        return (
            list(values)
            if missing is None
            else [MISSING if gone else v for v, gone in zip(values, missing, strict=True)]
        )
    if hasattr(dtype, "storage_type"):
        return _rows(piece.storage)
    if types.is_dictionary(dtype):
        return _rows(piece.dictionary_decode())
    if types.is_struct(dtype):
        names = [dtype.field(i).name for i in range(dtype.num_fields)]
        rows = (
            zip(*(_rows(piece.field(i)) for i in range(dtype.num_fields)), strict=True)
            if names
            else iter(() for _ in piece)
        )
        parts = (Ready(Pairs("struct", tuple(zip(names, row, strict=True)))) for row in rows)
        return [
            part if valid else MISSING
            for part, valid in zip(parts, piece.is_valid().to_pylist(), strict=True)
        ]
    if types.is_nested(dtype):
        inner = (scalar.values if scalar.is_valid else None for scalar in piece)
        return [MISSING if values is None else Ready(Items("list", _rows(values))) for values in inner]
    return [MISSING if value is None else value for value in piece.to_pylist()]


def _refuse_unknown(dtype: Any, place: Place) -> None:
    types = sys.modules["pyarrow.types"]
    if hasattr(dtype, "storage_type"):
        _refuse_unknown(dtype.storage_type, place)
    elif types.is_dictionary(dtype):
        _refuse_unknown(dtype.value_type, place)
    elif types.is_union(dtype) or "run_end" in str(dtype):
        raise UnknownTypeError(f"pyarrow type {dtype}", str(place), "cast it to a plain type in both arms")
    elif types.is_nested(dtype):
        for i in range(dtype.num_fields):
            _refuse_unknown(dtype.field(i).type, place)
