"""Candles from the exchange into a file, continued where an earlier run stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from genesis_core.candles import Candles
from genesis_core.candles.columns import Source
from genesis_core.candles.repair import check_policies, repair
from genesis_core.candles.timeframe import Timeframe
from genesis_core.candles.timestamps import epoch_ms, utc_text
from genesis_core.data.download import Download
from genesis_core.data.exchange import Bitfinex, check_pair
from genesis_core.data.files import kind_of, read
from genesis_core.data.merge import columns_of, joined, source_of, without_open_last
from genesis_core.data.partial import Partial, Span, missing, read_page
from genesis_core.data.storage import store
from genesis_core.errors import CandleError

PAGE = 10_000
"""The most candles that the exchange gives for one request."""


@dataclass(frozen=True)
class Fetched:
    """What a call of `fetch` did.

    Attributes
    ----------
    path : Path
        The file.
    candles : Candles
        All that it now holds; `repairs` names its gaps.
    added : int
        Candles that it did not hold before.
    until : int
        Up to where candles were asked for, epoch ms: the end wanted, or where the first candle opens that
        has not closed yet.
    requests, retried : int
        Requests sent, and how many of them for a second or later time.
    """

    path: Path
    candles: Candles
    added: int
    until: int
    requests: int
    retried: int


def fetch(
    symbol: str,
    timeframe: str,
    start: object,
    end: object | None,
    target: str | os.PathLike[str],
    *,
    url: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    notify: Callable[[str], None] | None = None,
    duplicates: str = "error",
    page: int = PAGE,
    timeout: float = 30.0,
    retries: int = 8,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Fetched:
    """Fetch a pair's candles from Bitfinex into a file; needs the extra ``genesis-backtest[data]``.

    Each page is stored as soon as it is there, in the folder ``{target}.partial``. A run that was stopped, in
    whatever way, is continued by the same call, which asks only for what is missing. An existing target is
    continued too: by what lies before its first candle, and from its last candle on; its gaps are believed.

    Parameters
    ----------
    symbol : str
        As Bitfinex writes it: ``"tBTCUSD"``.
    timeframe : str
        Such as ``"1h"``.
    start : int, str or datetime
        No candle opens before it; any form of time that candle files may have.
    end : int, str, datetime or None
        All candles open before it; None: now. A candle that has not closed yet is never stored.
    target : path-like
        Ends in ``.csv`` or ``.parquet``.
    url : str, optional
        Another address than the exchange's own.
    progress : callable, optional
        Is told at first, and after each page, how much of the time is done: ``progress(done_ms, total_ms)``.
    notify : callable, optional
        Is given one sentence each time a request has to be sent again.
    duplicates : {"error", "first", "last"}
        What to do where one time has two different candles; equal ones are one.
    page : int
        Candles a request, at most 10,000.
    timeout : float
        Seconds without an answer after which a request has failed.
    retries : int
        How often a failed request is sent again, after 1, 2, 4, ... up to 60 seconds.
    clock, sleep : callable
        Give the time, and wait, in seconds.

    Returns
    -------
    Fetched

    Raises
    ------
    CandleError
        If an argument is not valid, ccxt is missing, the exchange refuses or does not answer in the end, it
        has no candles there or broken ones, or a file cannot be read or written. Nothing stored is lost.
    """
    check_pair(symbol)
    check_policies(duplicates, "keep")
    frame = Timeframe.parse(timeframe)
    _check_whole("page", page, 1, PAGE)
    _check_whole("retries", retries, 0, 1_000)
    if not 0 < timeout < float("inf"):
        raise CandleError(f"timeout={timeout!r} must be a number of seconds above 0")
    path = Path(target)
    kind_of(path)
    if not path.parent.is_dir():
        raise CandleError(f"{path}: cannot be written: {path.parent} is no folder")
    span = _span(start, end, frame, int(clock() * 1_000))

    stored = None
    if path.exists():
        stored = read(path, symbol=symbol, timeframe=frame.name, gaps="keep", duplicates=duplicates)
    partial = Partial(path, symbol, frame.name)
    covered = [(one.start, one.until) for one in partial.pages()]
    spans = missing(span, covered if stored is None else [*covered, _covered(stored, span)])

    def report(left: int) -> None:
        if progress is not None:
            progress(span[1] - span[0] - left, span[1] - span[0])

    report(sum(until - at for at, until in spans))
    requests = retried = 0
    if spans:
        download = Download(symbol, frame, page, duplicates)
        exchange = Bitfinex(
            url=url, timeout=timeout, retries=retries, clock=clock, sleep=sleep, notify=notify
        )
        with exchange:
            try:
                download.run(exchange, spans, partial, report)
            except CandleError as error:
                kept = f"; what was fetched is kept in {partial.folder}, and the same call goes on from there"
                raise CandleError(f"{error}{kept if partial.pages() else ''}") from None
            requests, retried = exchange.requests, exchange.retried
    candles = _merged(path, stored, partial, symbol, frame, duplicates)
    if candles is not None and candles != stored:
        store(path, candles)
    partial.discard()
    if candles is None:
        between = f"between {utc_text(span[0])} and {utc_text(span[1])}"
        raise CandleError(f"Bitfinex has no candles of {symbol} {frame.name} {between}")
    added = len(candles) - (0 if stored is None else len(stored))
    return Fetched(path, candles, added, span[1], requests, retried)


def _merged(
    path: Path, stored: Candles | None, partial: Partial, symbol: str, frame: Timeframe, duplicates: str
) -> Candles | None:
    pages = [read_page(one) for one in partial.pages()]
    parts = list(pages)
    if stored is not None:
        before = columns_of(stored)
        if duplicates == "error":
            before = without_open_last(before, pages, str(path))
        parts.insert(0, before)
    if not sum(len(part.timestamp) for part in parts):
        return None
    columns = joined(parts)
    source = source_of(columns, f"{path} and {partial.folder}")
    columns, _ = repair(columns, frame, source, duplicates=duplicates, gaps="keep")
    named = columns._asdict()
    return Candles.from_arrays(**named, symbol=symbol, timeframe=frame.name, gaps="keep")


def _covered(stored: Candles, span: Span) -> Span:
    # The last candle is asked for again where more follows: it may have been stored before it closed, and
    # it shows whether file and exchange speak of the same market.
    first, last = int(stored.timestamp[0]), int(stored.timestamp[-1])
    end = last + stored.timeframe_ms
    return first, end if span[1] <= end else last


def _span(start: object, end: object | None, frame: Timeframe, now: int) -> Span:
    """Give the first open time that is wanted, and the first one that is not."""

    def at_or_after(ms: int) -> int:
        return ms + (frame.origin - ms) % frame.ms

    first = at_or_after(_time("start", start))
    closed = now - (now - frame.origin) % frame.ms  # the candle that opens there is still open
    last = closed if end is None else min(at_or_after(_time("end", end)), closed)
    if first >= last:
        limit = f"has closed by now ({utc_text(now)})" if last == closed else f"opens before {end!r}"
        raise CandleError(f"no candle of {frame.name} that opens at {start!r} or later {limit}")
    return first, last


def _time(name: str, value: object) -> int:
    try:
        return int(epoch_ms([value], Source(name))[0])
    except CandleError as error:
        raise CandleError(str(error).replace(f"{name}, row 0: timestamp", name, 1)) from None


def _check_whole(name: str, value: int, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise CandleError(f"{name}={value!r} must be a whole number from {least} to {most:,}")
