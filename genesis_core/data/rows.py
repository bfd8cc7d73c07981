"""What of a candle file can be read, and why the rest cannot."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genesis_core.candles.columns import Columns, Source
from genesis_core.candles.csv_file import read_csv
from genesis_core.candles.files import read_bytes
from genesis_core.candles.parquet_file import read_parquet
from genesis_core.data.faults import Fault
from genesis_core.data.files import kind_of
from genesis_core.errors import CandleError

_MOST_UNREADABLE = 200  # a text with more such lines is no candle file


@dataclass(frozen=True)
class Rows:
    """A file's readable rows.

    Attributes
    ----------
    columns : Columns or None
        None if not even the header can be read.
    source : Source
        Names the rows' places.
    faults : tuple of Fault
        Why the others cannot be read.
    """

    columns: Columns | None
    source: Source
    faults: tuple[Fault, ...]


def readable_rows(path: Path) -> Rows:
    """Read what can be read of a candle file.

    Parameters
    ----------
    path : Path
        Ends in ``.csv`` or ``.parquet``.

    Returns
    -------
    Rows
        Of a CSV file, every line that is a candle; of a Parquet file, all rows or none.

    Raises
    ------
    CandleError
        If there is no such file, it is empty, or pyarrow is missing.
    """
    kind = kind_of(path)
    data = read_bytes(path)
    try:
        columns, source = read_csv(path) if kind == "csv" else read_parquet(path)
    except CandleError as error:
        if not str(error).startswith(str(path)):  # it is not about the file: pyarrow is missing
            raise
        lines = _readable_lines(path, data) if kind == "csv" else None
        return Rows(None, Source(str(path)), (_as_fault(error, path),)) if lines is None else lines
    return Rows(columns, source, ())


class _Record(NamedTuple):
    """One row of a CSV text: the line at which it ends, counted from 1, and its text."""

    line: int
    text: str


def _readable_lines(path: Path, data: bytes) -> Rows | None:
    """Read a CSV text that has unreadable lines; None if the fault is of the whole text."""
    try:
        records, fault = _records(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return None
    if not records or b"\0" in data:
        return None
    with tempfile.TemporaryDirectory() as folder:
        lines = _Lines(Path(folder) / "lines.csv", records[0].text, records[-1].line)
        if isinstance(lines.attempt([]), Fault):  # the header
            return None
        lines.read(records[1:])
    faults = lines.faults if fault is None else [*lines.faults, fault]
    return Rows(lines.columns(), Source(str(path), "line", lines.numbers), tuple(faults))


def _records(text: str) -> tuple[list[_Record], Fault | None]:
    """Split a CSV text into its rows; a quoted cell may go over several lines."""
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(lines, strict=True)
    records: list[_Record] = []
    start = 0
    try:
        for cells in reader:
            if cells:
                records.append(_Record(reader.line_num, "".join(lines[start : reader.line_num])))
            start = reader.line_num
    except csv.Error as error:  # from here on nobody knows where a row begins
        return records, Fault(f"line {reader.line_num}", f"not readable as CSV: {error}; nor is what follows")
    return records, None


class _Lines:
    """The readable rows of a text, found by the one reader there is: what it refuses is halved and tried again."""

    def __init__(self, draft: Path, header: str, last: int) -> None:
        self._draft = draft
        self._header = header
        self._last = last
        # All times of a file must be of one form; the first readable row says which.
        self._first = ""
        self._parts: list[Columns] = []
        self.numbers: list[int] = []
        self.faults: list[Fault] = []

    def read(self, records: Sequence[_Record]) -> None:
        if not records:
            return
        found = self.attempt(records)
        if isinstance(found, Columns):
            self._first = self._first or _line(records[0].text)
            self._parts.append(found)
            self.numbers.extend(record.line for record in records)
        elif len(self.faults) == _MOST_UNREADABLE:
            text = f"more than {_MOST_UNREADABLE:,} lines cannot be read; what follows was not looked at"
            self.faults.append(Fault(f"line {records[0].line}", text))
        elif len(self.faults) < _MOST_UNREADABLE:
            if len(records) == 1:
                self.faults.append(Fault(f"line {records[0].line}", found.text))
            else:
                half = len(records) // 2
                self.read(records[:half])
                self.read(records[half:])

    def attempt(self, records: Sequence[_Record]) -> Columns | Fault:
        # A row that follows tells the reader that the text is not cut off there.
        behind = self._first if records and records[-1].line != self._last else ""
        rows = "".join(_line(record.text) for record in records)
        self._draft.write_bytes((_line(self._header) + self._first + rows + behind).encode())
        try:
            columns, _ = read_csv(self._draft)
        except CandleError as error:
            return _as_fault(error, self._draft)
        span = slice(1 if self._first else 0, -1 if behind else None)
        return Columns(columns.timestamp[span], *(column[span] for column in columns.numbers()))

    def columns(self) -> Columns:
        none = np.empty(0, dtype=np.int64)
        numbers = zip(*(part.numbers() for part in self._parts), strict=True) if self._parts else [[none]] * 5
        timestamp = np.concatenate([none, *(part.timestamp for part in self._parts)])
        return Columns(timestamp, *(np.concatenate(parts).astype(np.float64) for parts in numbers))


def _line(text: str) -> str:
    return text.rstrip("\r\n") + "\n"


def _as_fault(error: CandleError, path: Path) -> Fault:
    """Take a reader's message apart: ``file: text`` or ``file, place: text``."""
    place, _, text = str(error).removeprefix(str(path)).partition(": ")
    return Fault(place.removeprefix(", "), text)
