"""The rules every candle must keep; the first one broken becomes one error that names row and values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from genesis_core.candles.columns import NUMBERS, PRICES, Columns, IntColumn, Source
from genesis_core.candles.timeframe import Timeframe
from genesis_core.candles.timestamps import utc_text
from genesis_core.errors import CandleError

_Check = tuple[npt.NDArray[np.bool_], Callable[[int], str]]


def check_symbol(symbol: str) -> None:
    """Check a symbol's name.

    Parameters
    ----------
    symbol : str
        Such as ``"tBTCUSD"``.

    Raises
    ------
    CandleError
        If it is no text, is empty, or has blanks around it or control characters.
    """
    if not isinstance(symbol, str) or not symbol or not symbol.isprintable() or symbol != symbol.strip():
        raise CandleError(f"symbol {symbol!r} must be a name such as 'tBTCUSD', without blanks around it")


def check_lengths(columns: Columns, source: Source) -> None:
    """Check that there are candles, and as many values in each column.

    Parameters
    ----------
    columns : Columns
        Converted columns.
    source : Source
        For messages.

    Raises
    ------
    CandleError
        If lengths differ or are 0.
    """
    lengths = {name: len(column) for name, column in columns._asdict().items()}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise source.fault(f"columns differ in length: {counts}")
    if not len(columns.timestamp):
        raise source.fault("no candles; a series has at least one")


def check_candles(columns: Columns, timeframe: Timeframe, source: Source) -> None:
    """Check each candle by itself: finite, positive, bracketed, on the timeframe's grid.

    Parameters
    ----------
    columns : Columns
        At least one row.
    timeframe : Timeframe
        The grid.
    source : Source
        For messages.

    Raises
    ------
    CandleError
        For the first row that breaks a rule.
    """
    checks = [*_finite(columns), *_signs(columns), *_brackets(columns), _grid(columns.timestamp, timeframe)]
    broken = [(int(np.argmax(mask)), order) for order, (mask, _) in enumerate(checks) if mask.any()]
    if broken:
        row, order = min(broken)
        raise source.error(row, checks[order][1](row))


def check_order(timestamp: IntColumn, source: Source) -> None:
    """Check that time never runs backwards; equal times are left to the policy on duplicates.

    Parameters
    ----------
    timestamp : ndarray of int64, shape (n,)
        Epoch ms UTC.
    source : Source
        For messages.

    Raises
    ------
    CandleError
        For the first row that is earlier than the one before it.
    """
    backwards = timestamp[1:] < timestamp[:-1]
    if backwards.any():
        row = int(np.argmax(backwards)) + 1
        raise source.error(
            row,
            f"timestamp {_time(timestamp[row])} is before {source.place(row - 1)}'s "
            f"{_time(timestamp[row - 1])}; candles must stand in increasing order of time",
        )


SMALLEST, LARGEST = 1e-30, 1e30
"""Prices, and volumes that are not 0, lie between these."""


def _finite(columns: Columns) -> list[_Check]:
    def check(name: str) -> _Check:
        column = getattr(columns, name)
        return ~np.isfinite(
            column
        ), lambda row: f"{name} is {float(column[row])!r}; it must be a finite number"

    return [check(name) for name in NUMBERS]


def _signs(columns: Columns) -> list[_Check]:
    def price(name: str) -> _Check:
        column = getattr(columns, name)
        return column <= 0.0, lambda row: f"{name} is {float(column[row])!r}; a price must be above 0"

    # Squares and products of what lies between can neither overflow nor vanish, so no kernel makes an infinity.
    def size(name: str) -> _Check:
        column = getattr(columns, name)
        outside = (column > LARGEST) | ((column < SMALLEST) & (column > 0.0))
        return (
            outside,
            lambda row: (
                f"{name} is {float(column[row])!r}; it must lie between {SMALLEST:g} and {LARGEST:g}: "
                "choose another unit"
            ),
        )

    volume = columns.volume
    return [
        *(price(name) for name in PRICES),
        (volume < 0.0, lambda row: f"volume is {float(volume[row])!r}; it must not be negative"),
        *(size(name) for name in NUMBERS),
    ]


def _brackets(columns: Columns) -> list[_Check]:
    def high(name: str) -> _Check:
        too_low = columns.high < getattr(columns, name)
        return too_low, lambda row: f"high is below {name} ({columns.row(row)}); it must be the highest price"

    def low(name: str) -> _Check:
        too_high = columns.low > getattr(columns, name)
        return too_high, lambda row: f"low is above {name} ({columns.row(row)}); it must be the lowest price"

    return [high("open"), high("close"), low("open"), low("close")]


def _grid(timestamp: IntColumn, timeframe: Timeframe) -> _Check:
    def message(row: int) -> str:
        past = int((timestamp[row] - timeframe.origin) % timeframe.ms)
        before = int(timestamp[row]) - past
        return (
            f"timestamp {_time(timestamp[row])} is not on the {timeframe.name} grid (its neighbours: "
            f"{utc_text(before)}, {utc_text(before + timeframe.ms)}); a candle is stamped with its open time"
        )

    return (timestamp - timeframe.origin) % timeframe.ms != 0, message


def _time(ms: np.int64) -> str:
    return f"{ms} ({utc_text(int(ms))})"
