"""What is done about duplicates and gaps, by the caller's policy, and the record of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from genesis_core.candles.columns import Columns, IntColumn, Source
from genesis_core.candles.timeframe import Timeframe
from genesis_core.candles.timestamps import utc_text
from genesis_core.errors import CandleError

DUPLICATE_POLICIES = ("error", "first", "last")
GAP_POLICIES = ("error", "keep", "fill")


@dataclass(frozen=True)
class Repair:
    """One place at which a series is not what its source said, or not contiguous.

    Attributes
    ----------
    kind : str
        ``"duplicate-dropped"``, ``"gap-kept"`` or ``"gap-filled"``.
    timestamp : int
        Epoch ms UTC of the candle that stood more than once, or of the first missing one.
    count : int
        Candles dropped, missing or filled in.
    detail : str
        The values dropped, or the price filled in. It does not depend on where the data was read from.
    """

    kind: str
    timestamp: int
    count: int
    detail: str


def check_policies(duplicates: str, gaps: str) -> None:
    """Check the names of the two policies.

    Parameters
    ----------
    duplicates : str
        One of `DUPLICATE_POLICIES`.
    gaps : str
        One of `GAP_POLICIES`.

    Raises
    ------
    CandleError
        For another name.
    """
    for key, policy, valid in (("duplicates", duplicates, DUPLICATE_POLICIES), ("gaps", gaps, GAP_POLICIES)):
        if policy not in valid:
            raise CandleError(f"{key}={policy!r} is not a policy; valid: {', '.join(map(repr, valid))}")


def repair(
    columns: Columns, timeframe: Timeframe, source: Source, *, duplicates: str, gaps: str
) -> tuple[Columns, tuple[Repair, ...]]:
    """Apply both policies to checked columns whose time does not decrease.

    Parameters
    ----------
    columns : Columns
        At least one row, each valid by itself.
    timeframe : Timeframe
        Their grid.
    source : Source
        For messages.
    duplicates, gaps : str
        The policies.

    Returns
    -------
    Columns
        Strictly increasing in time, without gaps unless they are kept.
    tuple of Repair
        In order of time.

    Raises
    ------
    CandleError
        For a duplicate or a gap under the policy ``"error"``.
    """
    rows = np.arange(len(columns.timestamp), dtype=np.int64)
    repairs: list[Repair] = []
    repeats = columns.timestamp[1:] == columns.timestamp[:-1]
    if repeats.any():
        if duplicates == "error":
            raise _duplicate_error(columns, int(np.argmax(repeats)), source)
        starts = np.flatnonzero(np.concatenate(([True], ~repeats)))
        ends = np.append(starts[1:], len(rows))  # one past each group of equal times
        repairs.extend(_dropped(columns, starts, ends, duplicates))
        rows = starts if duplicates == "first" else ends - 1
        columns = columns.take(rows)
    missing = np.diff(columns.timestamp) // timeframe.ms - 1
    if missing.any():
        if gaps == "error":
            raise _gap_error(columns.timestamp, missing, rows, timeframe, source)
        repairs.extend(_gaps(columns, missing, timeframe, gaps))
        if gaps == "fill":
            columns = _filled(columns, missing, timeframe)
    return columns, tuple(sorted(repairs, key=lambda one: one.timestamp))


def repairs_within(
    repairs: tuple[Repair, ...], first: int, last: int, timeframe: Timeframe
) -> tuple[Repair, ...]:
    """Select the repairs that concern a stretch of a series.

    Parameters
    ----------
    repairs : tuple of Repair
        Of the whole series.
    first, last : int
        Open times of the stretch's first and last candle, epoch ms.
    timeframe : Timeframe
        The series' own.

    Returns
    -------
    tuple of Repair
        Kept gaps with a candle on both sides, dropped duplicates of the stretch's candles, and filled
        gaps as far as their candles stand in it.
    """

    def cut() -> Iterator[Repair]:
        for one in repairs:
            if one.kind != "gap-filled":
                if first <= one.timestamp <= last:
                    yield one
                continue
            start = max(one.timestamp, first)
            end = min(one.timestamp + one.count * timeframe.ms, last + timeframe.ms)
            if start < end:
                yield replace(one, timestamp=start, count=(end - start) // timeframe.ms)

    return tuple(cut())


def _duplicate_error(columns: Columns, row: int, source: Source) -> CandleError:
    time = int(columns.timestamp[row])
    return source.error(
        row + 1,
        f"timestamp {time} ({utc_text(time)}) stands already in {source.place(row)}: "
        f"{columns.row(row)} there, {columns.row(row + 1)} here; "
        "correct the data, or keep one by duplicates='first' or duplicates='last'",
    )


def _dropped(columns: Columns, starts: IntColumn, ends: IntColumn, policy: str) -> Iterator[Repair]:
    for group in np.flatnonzero(ends - starts > 1).tolist():
        start, end = int(starts[group]), int(ends[group])
        dropped = range(start + 1, end) if policy == "first" else range(start, end - 1)
        values = "; ".join(columns.row(row) for row in dropped)
        yield Repair("duplicate-dropped", int(columns.timestamp[start]), len(dropped), f"dropped {values}")


def _gap_error(
    timestamp: IntColumn, missing: IntColumn, rows: IntColumn, timeframe: Timeframe, source: Source
) -> CandleError:
    before = int(np.argmax(missing > 0))
    count = int(missing[before])
    text = (
        f"{count:,} candle{'s' if count > 1 else ''} of {timeframe.name} missing between "
        f"{source.place(int(rows[before]))} ({utc_text(int(timestamp[before]))}) and here "
        f"({utc_text(int(timestamp[before + 1]))}); choose gaps='keep' or gaps='fill' to go on"
    )
    if len(missing) > 1 and missing.all():  # not one step is the timeframe's: more likely another timeframe
        text += f"; no two candles are {timeframe.name} apart: is the timeframe right?"
    return source.error(int(rows[before + 1]), text)


def _gaps(columns: Columns, missing: IntColumn, timeframe: Timeframe, policy: str) -> Iterator[Repair]:
    for row in np.flatnonzero(missing).tolist():
        before = int(columns.timestamp[row])
        if policy == "fill":
            detail = f"prices {float(columns.close[row])!r}, the close before the gap; volume 0.0"
        else:
            detail = f"no candle between {utc_text(before)} and {utc_text(int(columns.timestamp[row + 1]))}"
        yield Repair(
            f"gap-{'filled' if policy == 'fill' else 'kept'}",
            before + timeframe.ms,
            int(missing[row]),
            detail,
        )


def _filled(columns: Columns, missing: IntColumn, timeframe: Timeframe) -> Columns:
    copies = np.append(missing, 0) + 1  # each candle, then its close for each one missing behind it
    rows = np.repeat(np.arange(len(copies)), copies)
    filled = np.ones(len(rows), dtype=np.bool_)
    filled[np.cumsum(copies) - copies] = False
    timestamp = columns.timestamp[0] + timeframe.ms * np.arange(len(rows), dtype=np.int64)
    open_, high, low, close, volume = (column[rows] for column in columns.numbers())
    open_, high, low = (np.where(filled, close, column) for column in (open_, high, low))
    return Columns(timestamp, open_, high, low, close, np.where(filled, 0.0, volume))
