"""Candles of several sources into one series, each time once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genesis_core.candles import Candles
from genesis_core.candles.columns import Columns, Source
from genesis_core.candles.timestamps import utc_text
from genesis_core.errors import CandleError


def columns_of(candles: Candles) -> Columns:
    """Give a series' columns.

    Parameters
    ----------
    candles : Candles
        The series.

    Returns
    -------
    Columns
        Read-only.
    """
    return Columns(candles.timestamp, candles.open, candles.high, candles.low, candles.close, candles.volume)


def joined(parts: Sequence[Columns]) -> Columns:
    """Put rows in order of time; of rows that are equal in every bit, one stays.

    Parameters
    ----------
    parts : sequence of Columns
        At least one, of any rows in any order.

    Returns
    -------
    Columns
        Time does not decrease; different rows of one time stand as they were given.
    """
    columns = Columns(*map(np.concatenate, zip(*parts, strict=True)))
    columns = columns.take(np.argsort(columns.timestamp, kind="stable"))
    # As integers: every bit counts, and -0.0 is not 0.0.
    bits = np.stack([column.view(np.int64) for column in columns])
    repeated = (bits[:, 1:] == bits[:, :-1]).all(axis=0)
    return columns.take(np.flatnonzero(np.concatenate(([True], ~repeated))[: len(columns.timestamp)]))


def without_open_last(stored: Columns, pages: Sequence[Columns], name: str) -> Columns:
    """Give up the last candle of a file if the exchange now says that it had not closed when it was stored.

    Parameters
    ----------
    stored : Columns
        The file's candles.
    pages : sequence of Columns
        What the exchange served since; the first time in them may be that of the last candle.
    name : str
        The file's, for the message.

    Returns
    -------
    Columns
        `stored`, or all of it but the last row.

    Raises
    ------
    CandleError
        If the exchange has a candle there that cannot have grown out of the stored one.
    """
    last = len(stored.timestamp) - 1
    time = int(stored.timestamp[last])
    for page in pages:
        for row in np.flatnonzero(page.timestamp == time).tolist():
            grown = (  # or is the same
                page.open[row] == stored.open[last]
                and page.high[row] >= stored.high[last]
                and page.low[row] <= stored.low[last]
                and page.volume[row] >= stored.volume[last]
            )
            if not grown:
                raise CandleError(
                    f"{name}: its last candle ({utc_text(time)}) is {stored.row(last)}, but Bitfinex has "
                    f"{page.row(row)}; are they candles of one symbol? Move the file away to fetch anew, or "
                    "choose duplicates='first' or duplicates='last'"
                )
            return stored.take(np.arange(last, dtype=np.int64))
    return stored


def source_of(columns: Columns, name: str) -> Source:
    """Name rows by their time, where they are rows of no file.

    Parameters
    ----------
    columns : Columns
        The rows.
    name : str
        Where they come from.

    Returns
    -------
    Source
    """
    return Source(name, "candle", columns.timestamp.tolist())
