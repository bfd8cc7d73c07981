"""Candles as Parquet; pyarrow is optional and imported only here, when asked for."""

from __future__ import annotations

import os
from typing import Any, BinaryIO

import numpy as np

from genesis_core.candles.columns import NAMES, NUMBERS, Columns, Source, float_column, match_columns
from genesis_core.candles.files import read_bytes, write_atomically
from genesis_core.candles.timestamps import epoch_ms
from genesis_core.errors import CandleError


def read_parquet(path: str | os.PathLike[str]) -> tuple[Columns, Source]:
    """Read the six columns of a Parquet file, unchecked but for their form.

    Parameters
    ----------
    path : path-like
        A Parquet file; its timestamps may be numbers, texts, dates, or times with or without a zone.

    Returns
    -------
    Columns
        The columns.
    Source
        For messages; rows count from 0.

    Raises
    ------
    CandleError
        If pyarrow is missing, the file is not Parquet, or a column is missing, has nulls or has
        another type.
    """
    pa, pq = _pyarrow()
    source = Source(os.fspath(path))
    data = read_bytes(path)
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        found = list(file.schema_arrow.names)
        position = match_columns(found, source)
        table = file.read(columns=[found[position[name]] for name in NAMES])
    except (pa.ArrowException, OSError) as error:
        first_line = str(error).strip().splitlines()[0]
        raise source.fault(f"not a readable Parquet file: {first_line}") from None
    columns = {name: table.column(found[position[name]]).combine_chunks() for name in NAMES}
    for name, column in columns.items():
        if column.null_count:
            row = int(np.argmax(column.is_null().to_numpy(zero_copy_only=False)))
            raise source.error(row, f"{name} is null")
    return Columns(
        epoch_ms(_times(pa, columns["timestamp"]), source),
        *(float_column(columns[name].to_numpy(zero_copy_only=False), name, source) for name in NUMBERS),
    ), source


def write_parquet(path: str | os.PathLike[str], columns: Columns) -> None:
    """Write columns as a Parquet file, atomically; timestamps as milliseconds with the zone UTC.

    Parameters
    ----------
    path : path-like
        The file.
    columns : Columns
        What to write.

    Raises
    ------
    CandleError
        If pyarrow is missing, or the file cannot be written.
    """
    pa, pq = _pyarrow()
    arrays = [pa.array(columns.timestamp).cast(pa.timestamp("ms", tz="UTC")), *map(pa.array, columns[1:])]
    table = pa.Table.from_arrays(arrays, names=list(NAMES))

    def write(file: BinaryIO) -> None:
        pq.write_table(table, file)

    write_atomically(path, write)


def _times(pa: Any, column: Any) -> object:
    # As int64 and unit: arrow stores UTC in a column with a zone, and no zone database is needed to say so.
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.int64()).to_numpy().view(f"M8[{column.type.unit}]")
    return column.to_numpy(zero_copy_only=False)


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise CandleError(
            "Parquet files need pyarrow, which is not installed: pip install genesis-backtest[data]"
        ) from None
    return pyarrow, pyarrow.parquet
