"""Timestamps of any usual form to int64 epoch milliseconds in UTC, never by a silent guess."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import numpy.typing as npt

from genesis_core.candles.columns import IntColumn, Source, brief, one_dimensional

# 2000-01-01 to 2262-01-01 (where 64-bit nanoseconds end). Within it, the same number cannot be a time
# in two units: 2262 in seconds is below 2000 in milliseconds, and so on.
FIRST_SECOND = 946_684_800
END_SECOND = 9_214_646_400
_RANGE = "between the years 2000 and 2261"
_UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}  # per second

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s?(?:([Zz])|([+-])(\d\d):?(\d\d)?)?)?",
    re.ASCII,
)
_FORMS = "an epoch number (s, ms, us or ns) or an ISO-8601 time such as '2024-01-31T13:00:00Z'"


def utc_text(ms: int) -> str:
    """Write an epoch time in ms for people: ``2019-04-13 14:00 UTC``."""
    time = _EPOCH + ms * _MILLISECOND
    precision = "minutes" if ms % 60_000 == 0 else "seconds" if ms % 1_000 == 0 else "milliseconds"
    return f"{time.replace(tzinfo=None).isoformat(' ', precision)} UTC"


def epoch_ms(values: object, source: Source) -> IntColumn:
    """Convert a column of timestamps.

    Parameters
    ----------
    values : array_like, shape (n,)
        Epoch numbers in s, ms, us or ns (integers or integral floats), ISO-8601 texts, ``datetime64`` of any
        unit, or ``datetime`` objects. A time without a zone is UTC.
    source : Source
        For messages.

    Returns
    -------
    ndarray of int64, shape (n,)
        Epoch ms UTC.

    Raises
    ------
    CandleError
        For a value that is no time, is finer than a millisecond, lies outside the years 2000 to 2261, or
        is of another form or unit than the first.
    """
    array = one_dimensional(values, "timestamp", source)
    kind = array.dtype.kind
    if kind == "M":
        return _from_datetime64(array.astype(array.dtype.newbyteorder("=")), source)
    if kind in "iuf" and array.dtype.itemsize <= 8:
        return _from_numbers(array, source)
    if kind in "TU":  # fixed width, or NumPy 2's own strings
        return from_text(array.tolist(), source)
    if kind == "O":
        return _from_objects(array.tolist(), source)
    raise source.fault(f"column timestamp is of type {array.dtype}; it must be {_FORMS}")


def from_text(cells: Sequence[str], source: Source) -> IntColumn:
    """Convert a column of texts: all of them epoch numbers, or all of them ISO-8601 times.

    Parameters
    ----------
    cells : sequence of str, length n
        The texts.
    source : Source
        For messages.

    Returns
    -------
    ndarray of int64, shape (n,)
        Epoch ms UTC.

    Raises
    ------
    CandleError
        As `epoch_ms`.
    """
    if not cells or _number(cells[0]) is None:
        return np.array([_from_iso(cell, row, source) for row, cell in enumerate(cells)], dtype=np.int64)
    numbers: list[object] = []
    for row, cell in enumerate(cells):
        number = _number(cell)
        if number is None:
            first = f"{source.place(0)} has {brief(cells[0].strip())}"
            raise source.error(row, f"timestamp {brief(cell)} is not an epoch number, while {first}")
        numbers.append(number)
    return _from_objects(numbers, source)


def _number(cell: str) -> int | float | None:
    try:
        if not cell.isascii() or "_" in cell:  # int() reads 1_000 and digits of other scripts
            return None
        return int(cell) if cell.strip().isdecimal() else float(cell)
    except ValueError:
        return None


def _from_iso(cell: str, row: int, source: Source) -> int:
    match = _ISO.fullmatch(cell.strip())
    if match is None:
        raise source.error(row, f"timestamp {brief(cell)} is not a time; it must be {_FORMS}")
    year, month, day, hour, minute, second, fraction, _, sign, zone_hours, zone_minutes = match.groups()
    try:
        time = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            tzinfo=timezone.utc,
        )
    except ValueError as error:
        raise source.error(row, f"timestamp {brief(cell)} is not a time: {error}") from None
    ms, finer = divmod(int((fraction or "0").ljust(9, "0")), 1_000_000)
    if finer:
        raise source.error(row, f"timestamp {brief(cell)} is finer than a millisecond")
    offset = timedelta(hours=int(zone_hours or 0), minutes=int(zone_minutes or 0))
    if offset >= timedelta(hours=24) or int(zone_minutes or 0) > 59:
        raise source.error(row, f"timestamp {brief(cell)} has an impossible zone")
    elapsed = (time - _EPOCH) + (offset if sign == "-" else -offset)
    return _in_range(elapsed // _MILLISECOND + ms, cell, row, source)


def _in_range(ms: int, given: object, row: int, source: Source) -> int:
    if not FIRST_SECOND * 1_000 <= ms < END_SECOND * 1_000:
        raise source.error(row, f"timestamp {brief(given)} is not {_RANGE}")
    return ms


def _from_datetime64(array: npt.NDArray[Any], source: Source) -> IntColumn:
    if np.isnat(array).any():
        raise source.error(int(np.argmax(np.isnat(array))), "timestamp is NaT, not a time")
    seconds = array.astype("M8[s]").astype(np.int64)
    outside = (seconds < FIRST_SECOND) | (seconds >= END_SECOND)
    if outside.any():
        row = int(np.argmax(outside))
        raise source.error(row, f"timestamp {array[row]} is not {_RANGE}")
    times = array.astype("M8[ms]")
    finer = times.astype(array.dtype) != array if np.datetime_data(array.dtype)[0] in ("us", "ns") else None
    if finer is not None and finer.any():
        row = int(np.argmax(finer))
        raise source.error(row, f"timestamp {array[row]} is finer than a millisecond")
    return times.astype(np.int64)


def _from_numbers(array: npt.NDArray[Any], source: Source) -> IntColumn:
    if array.dtype.kind == "i":
        return _from_integers(array.astype(np.int64), source)
    # Unsigned and floats beyond int64 must be refused before the cast, which would wrap them.
    numbers = array if array.dtype.kind == "u" else array.astype(np.float64)
    whole = (numbers >= 0) & (numbers < END_SECOND * _UNITS["ns"])  # false for NaN
    if not whole.all():
        row = int(np.argmin(whole))
        raise source.error(row, _no_unit(array[row]))
    integers = numbers.astype(np.int64)
    if array.dtype.kind == "f" and (integers != numbers).any():
        row = int(np.argmax(integers != numbers))
        raise source.error(row, f"timestamp {array[row]} is not a whole number")
    return _from_integers(integers, source)


def _from_integers(values: IntColumn, source: Source) -> IntColumn:
    if not len(values):
        return values
    unit_of = np.zeros(len(values), dtype=np.int64)
    for number, scale in enumerate(_UNITS.values(), start=1):
        unit_of[(values >= FIRST_SECOND * scale) & (values < END_SECOND * scale)] = number
    if not unit_of.all():
        row = int(np.argmin(unit_of != 0))
        raise source.error(row, _no_unit(values[row]))
    units = ("", *_UNITS)
    unit = units[unit_of[0]]
    other = unit_of != unit_of[0]
    if other.any():
        row = int(np.argmax(other))
        raise source.error(
            row,
            f"timestamp {values[row]} reads as {units[unit_of[row]]}, but {source.place(0)} ({values[0]}) "
            f"as {unit}; all must be of one unit",
        )
    if unit == "s":
        return values * 1_000
    per_ms = _UNITS[unit] // 1_000
    finer = values % per_ms != 0
    if finer.any():
        row = int(np.argmax(finer))
        raise source.error(row, f"timestamp {values[row]} ({unit}) is finer than a millisecond")
    return values // per_ms


def _no_unit(value: object) -> str:
    return f"timestamp {value} is no epoch time in s, ms, us or ns {_RANGE}"


def _from_objects(values: Sequence[object], source: Source) -> IntColumn:
    families = {kind: _family(kind) for kind in set(map(type, values))}
    if len(set(families.values())) > 1 or None in families.values():
        for row, value in enumerate(values):
            if families[type(value)] is None:
                raise source.error(row, f"timestamp {brief(value)} is not a time; it must be {_FORMS}")
            if families[type(value)] != families[type(values[0])]:
                first = f"{source.place(0)}'s {brief(values[0])}"
                raise source.error(row, f"timestamp {brief(value)} is of another form than {first}")
    family = next(iter(families.values()), "number")
    if family == "text":
        return from_text([str(value) for value in values], source)
    if family == "datetime64":
        return _from_datetime64(np.array(values, dtype="M8"), source)
    if family == "datetime":
        return np.array([_from_datetime(v, row, source) for row, v in enumerate(values)], dtype=np.int64)
    integers = np.empty(len(values), dtype=np.int64)
    for row, value in enumerate(values):
        assert isinstance(value, (int, float, np.integer, np.floating))
        if not 0 <= value < END_SECOND * _UNITS["ns"]:  # also true for NaN
            raise source.error(row, _no_unit(brief(value)))
        if int(value) != value:
            raise source.error(row, f"timestamp {value} is not a whole number")
        integers[row] = int(value)
    return _from_integers(integers, source)


def _family(kind: type) -> str | None:
    if issubclass(kind, (bool, np.bool_, np.timedelta64)):  # subclasses of numbers, but no times
        return None
    if issubclass(kind, np.datetime64):
        return "datetime64"
    if issubclass(kind, (int, float, np.integer, np.floating)):
        return "number"
    return "text" if issubclass(kind, str) else "datetime" if issubclass(kind, date) else None


def _from_datetime(value: object, row: int, source: Source) -> int:
    if value != value:  # pandas' NaT is a datetime
        raise source.error(row, f"timestamp is {value}, not a time")
    assert isinstance(value, date)
    time = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    aware = time if time.utcoffset() is not None else time.replace(tzinfo=timezone.utc)
    ms, finer = divmod(aware - _EPOCH, _MILLISECOND)
    # A pandas Timestamp is a datetime that also has nanoseconds.
    if finer or getattr(value, "nanosecond", None):
        raise source.error(row, f"timestamp {value} is finer than a millisecond")
    return _in_range(ms, str(value), row, source)
