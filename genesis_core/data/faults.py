"""All the faults of candles: the rules that reading keeps, applied again behind each fault they find."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from genesis_core.candles.columns import Columns, Source
from genesis_core.candles.timeframe import Timeframe
from genesis_core.candles.validate import check_candles, check_order
from genesis_core.errors import CandleError

_WINDOW = 256  # rows checked at a time, so that many faults do not cost the square of the rows


@dataclass(frozen=True)
class Fault:
    """One thing for which `Candles` would refuse a file.

    Attributes
    ----------
    place : str
        ``"line 5"`` of a text, ``"row 3"`` (from 0) of a Parquet file, ``""`` for the whole file.
    text : str
        What is wrong, and with which values.
    """

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}" if self.place else self.text


def broken_candles(columns: Columns, frame: Timeframe, source: Source) -> dict[int, Fault]:
    """Find every candle that breaks a rule by itself, and the first rule that it breaks.

    Parameters
    ----------
    columns : Columns
        None or more rows.
    frame : Timeframe
        Their grid.
    source : Source
        Names their places.

    Returns
    -------
    dict of int to Fault
        By row, in order.
    """

    def check(rows: slice, window: _Window) -> None:
        numbers = (column[rows] for column in columns.numbers())
        check_candles(Columns(columns.timestamp[rows], *numbers), frame, window)

    return dict(_every(check, len(columns.timestamp), source, overlap=0))


def backward_steps(columns: Columns, source: Source) -> dict[int, Fault]:
    """Find every row that is earlier than the one before it.

    Parameters
    ----------
    columns : Columns
        None or more rows.
    source : Source
        Names their places.

    Returns
    -------
    dict of int to Fault
        By row, in order.
    """

    def check(rows: slice, window: _Window) -> None:
        check_order(columns.timestamp[rows], window)

    return dict(_every(check, len(columns.timestamp), source, overlap=1))


class _RowError(CandleError):
    """A fault that knows its row."""

    def __init__(self, row: int, text: str) -> None:
        super().__init__(text)
        self.row = row


@dataclass(frozen=True)
class _Window(Source):
    """The rows of a source from `start` on."""

    start: int = 0

    def place(self, row: int) -> str:
        return super().place(row + self.start)

    def error(self, row: int, text: str) -> CandleError:
        return _RowError(row + self.start, text)


def _every(
    check: Callable[[slice, _Window], None], count: int, source: Source, overlap: int
) -> Iterator[tuple[int, Fault]]:
    """Run a check that stops at the first fault until it finds no more.

    Parameters
    ----------
    check : callable
        Raises for the first fault of some rows.
    count : int
        Rows in all.
    source : Source
        Names them.
    overlap : int
        How many rows before a row the check looks at.
    """
    for window in range(0, count, _WINDOW):
        at, end = max(window - overlap, 0), min(window + _WINDOW, count)
        while at + overlap < end:
            error = _first_fault(check, slice(at, end), _Window(source.name, source.unit, source.lines, at))
            if error is None:
                break
            yield error.row, Fault(source.place(error.row), str(error))
            at = error.row + 1 - overlap


def _first_fault(check: Callable[[slice, _Window], None], rows: slice, window: _Window) -> _RowError | None:
    try:
        check(rows, window)
    except _RowError as error:
        return error
    return None
