"""Candles as CSV text: a header, one line a candle, floats written so that their bits come back."""

from __future__ import annotations

import csv
import io
import os
from typing import BinaryIO

import numpy as np

from genesis_core.candles.columns import NAMES, NUMBERS, Columns, FloatColumn, Source, brief, match_columns
from genesis_core.candles.files import read_bytes, write_atomically
from genesis_core.candles.timestamps import from_text
from genesis_core.errors import CandleError


def read_csv(path: str | os.PathLike[str]) -> tuple[Columns, Source]:
    """Read the six columns of a CSV file, unchecked but for their form.

    Parameters
    ----------
    path : path-like
        UTF-8 text (a byte order mark is accepted), comma separated, the first line a header.

    Returns
    -------
    Columns
        The columns.
    Source
        Knows the line of each row.

    Raises
    ------
    CandleError
        If the file cannot be read, is not such a text, or has a cell that is not a number.

    Notes
    -----
    A file cut within its last number, and one that merely lacks the newline at its end, look the same: both are read.
    """
    name = os.fspath(path)
    text = _decode(read_bytes(path), name)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for cells in reader:
            if cells:  # a blank line holds no candle
                rows.append(cells)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise CandleError(f"{name}, line {reader.line_num}: not readable as CSV: {error}") from None
    if not rows:
        raise CandleError(f"{name}: no header and no candles")
    header = rows.pop(0)
    source = Source(name, "line", lines[1:])
    position = match_columns(header, source)
    for row, cells in enumerate(rows):
        if len(cells) != len(header):
            hint = "; is the file cut off?" if len(cells) < len(header) and row == len(rows) - 1 else ""
            raise source.error(row, f"{len(cells)} cells, but the header names {len(header)} columns{hint}")
    table = list(zip(*rows, strict=True)) or [()] * len(header)
    timestamp = from_text(table[position["timestamp"]], source)
    numbers = (_floats(table[position[column]], column, source) for column in NUMBERS)
    return Columns(timestamp, *numbers), source


def write_csv(path: str | os.PathLike[str], columns: Columns) -> None:
    """Write columns as a CSV file, atomically.

    Parameters
    ----------
    path : path-like
        The file.
    columns : Columns
        What to write; floats are written as the shortest text that reads back as the same bits.

    Raises
    ------
    CandleError
        If the file cannot be written.
    """

    def write(file: BinaryIO) -> None:
        with io.TextIOWrapper(file, encoding="ascii", newline="\n") as text:
            text.write(",".join(NAMES) + "\n")
            cells = (map(repr, column.tolist()) for column in columns)
            text.writelines(",".join(row) + "\n" for row in zip(*cells, strict=True))

    write_atomically(path, write)


def _decode(data: bytes, name: str) -> str:
    if b"\0" in data:
        raise CandleError(f"{name}: not a text file (it has a NUL byte at offset {data.index(0)})")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = f"0x{data[error.start]:02x}"
        raise CandleError(f"{name}: not UTF-8 text (byte {byte} at offset {error.start})") from None


def _floats(cells: tuple[str, ...], column: str, source: Source) -> FloatColumn:
    # float() also reads 1_000 and digits of other scripts, which no CSV writer means.
    text = "".join(cells)
    if text.isascii() and "_" not in text:
        try:
            return np.array(list(map(float, cells)), dtype=np.float64)
        except ValueError:
            pass  # found and named below
    for row, cell in enumerate(cells):
        if not _is_number(cell):
            raise source.error(row, f"column {column} has {brief(cell)}, which is not a number")
    raise AssertionError("a column that does not convert has a cell that does not")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell.isascii() and "_" not in cell
