"""Raw columns before they are checked, and where they came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from genesis_core.errors import CandleError

FloatColumn = npt.NDArray[np.float64]
IntColumn = npt.NDArray[np.int64]

PRICES = ("open", "high", "low", "close")
NUMBERS = (*PRICES, "volume")
NAMES = ("timestamp", *NUMBERS)

_EXACT_INTEGERS = 2**53  # the largest integers a float64 can count without holes


def brief(value: object) -> str:
    """Write a value for a message, which a cell of a broken file must not flood."""
    if isinstance(value, np.number):
        value = value.item()  # NumPy 2 would write its type
    if isinstance(value, int) and value.bit_length() > 256:
        return f"an integer of {value.bit_length():,} bits"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


class Columns(NamedTuple):
    """Six columns of equal length; `timestamp` int64 epoch ms UTC, the others float64."""

    timestamp: IntColumn
    open: FloatColumn
    high: FloatColumn
    low: FloatColumn
    close: FloatColumn
    volume: FloatColumn

    def take(self, index: IntColumn) -> Columns:
        """Give the rows of an index, in its order."""
        return Columns(self.timestamp[index], *(column[index] for column in self.numbers()))

    def numbers(self) -> tuple[FloatColumn, FloatColumn, FloatColumn, FloatColumn, FloatColumn]:
        """Give the five float columns, in order."""
        return self.open, self.high, self.low, self.close, self.volume

    def row(self, index: int) -> str:
        """Describe one row's values for a message."""
        return " ".join(f"{name}={float(getattr(self, name)[index])!r}" for name in NUMBERS)


@dataclass(frozen=True)
class Source:
    """Where rows were read from, so that a message can point at one.

    Attributes
    ----------
    name : str
        The file's path, or ``"arrays"``.
    unit : str
        ``"row"`` (counted from 0) or ``"line"`` (of a text file, counted from 1).
    lines : sequence of int, optional
        The line of each row, where rows are lines.
    """

    name: str = "arrays"
    unit: str = "row"
    lines: Sequence[int] | None = None

    def place(self, row: int) -> str:
        """Name a row: ``"row 3"`` or ``"line 5"``."""
        return f"{self.unit} {row if self.lines is None else self.lines[row]}"

    def error(self, row: int, text: str) -> CandleError:
        """Make the error for a fault in one row."""
        return CandleError(f"{self.name}, {self.place(row)}: {text}")

    def fault(self, text: str) -> CandleError:
        """Make the error for a fault of the whole source."""
        return CandleError(f"{self.name}: {text}")


def match_columns(found: Sequence[str], source: Source) -> dict[str, int]:
    """Find the six columns by name, whatever their order and case.

    Parameters
    ----------
    found : sequence of str
        The names the source has; names beyond the six are ignored.
    source : Source
        For messages.

    Returns
    -------
    dict of str to int
        Position of each of the six.

    Raises
    ------
    CandleError
        If a name is missing or stands twice.
    """
    names = [name.strip().lower() for name in found]
    for name in names:
        if name and names.count(name) > 1:
            raise source.fault(f"column {name!r} stands {names.count(name)} times; each name may stand once")
    missing = [name for name in NAMES if name not in names]
    if missing:
        raise source.fault(
            f"missing column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"found: {', '.join(map(repr, found)) or 'none'}; needed, in any order: {', '.join(NAMES)}"
        )
    return {name: names.index(name) for name in NAMES}


def one_dimensional(values: object, name: str, source: Source) -> npt.NDArray[Any]:
    """View a column as an array of one dimension, without losing what its values are.

    Parameters
    ----------
    values : array_like
        An array, anything with ``__array__`` (such as a Series), or a plain sequence.
    name : str
        The column's name, for messages.
    source : Source
        For messages.

    Returns
    -------
    ndarray, shape (n,)
        Of the array's own dtype; of dtype object for a plain sequence, because NumPy would turn
        a mixed one into text or floats silently.

    Raises
    ------
    CandleError
        If it is not one-dimensional, or is masked.
    """
    if hasattr(values, "__array__"):
        if np.ma.is_masked(values):
            raise source.fault(f"column {name} has masked values; drop or fill them first")
        array = np.asarray(values)
    elif isinstance(values, (list, tuple, range)):
        array = np.fromiter(values, dtype=object, count=len(values))
    else:
        raise source.fault(f"column {name} must be a sequence or an array, not {type(values).__name__}")
    if array.ndim != 1:
        raise source.fault(f"column {name} has shape {array.shape}; it must have one dimension")
    return array


def float_column(values: object, name: str, source: Source) -> FloatColumn:
    """Convert a column of numbers to float64, exactly.

    Parameters
    ----------
    values : array_like, shape (n,)
        Integers or floats.
    name : str
        The column's name, for messages.
    source : Source
        For messages.

    Returns
    -------
    ndarray of float64, shape (n,)
        May share memory with `values`.

    Raises
    ------
    CandleError
        For something that is not a number, or an integer that no float64 holds.
    """
    array = one_dimensional(values, name, source)
    if array.dtype == object:
        for row, value in enumerate(array.tolist()):
            if isinstance(value, (bool, np.bool_)) or not isinstance(
                value, (int, float, np.integer, np.floating)
            ):
                raise source.error(row, f"{name} is {brief(value)}, which is not a number")
            if isinstance(value, (int, np.integer)) and abs(int(value)) > _EXACT_INTEGERS:
                raise source.error(
                    row, f"{name} {brief(value)} is beyond 2**53, where a float64 is not exact"
                )
        return array.astype(np.float64)
    if array.dtype.kind not in "iuf" or array.dtype.itemsize > 8:
        raise source.fault(f"column {name} is of type {array.dtype}; it must be of int or float64 numbers")
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
        inexact = array > _EXACT_INTEGERS
        if array.dtype.kind == "i":
            inexact |= array < -_EXACT_INTEGERS
        if inexact.any():
            row = int(np.argmax(inexact))
            raise source.error(row, f"{name} {array[row]} is beyond 2**53, where a float64 is not exact")
    return array.astype(np.float64, copy=False)
