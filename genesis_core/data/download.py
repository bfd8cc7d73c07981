"""Page by page through the missing spans of time, each page stored before the next is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from genesis_core.candles.columns import Columns
from genesis_core.candles.repair import repair
from genesis_core.candles.timeframe import Timeframe
from genesis_core.candles.validate import check_candles
from genesis_core.data.exchange import Bitfinex, Row
from genesis_core.data.merge import joined, source_of
from genesis_core.data.partial import Partial, Span


@dataclass(frozen=True)
class Download:
    """What is fetched.

    Attributes
    ----------
    symbol : str
        As Bitfinex writes it.
    frame : Timeframe
        The candles' length.
    page : int
        Candles a request.
    duplicates : str
        The policy on one time with two different candles.
    """

    symbol: str
    frame: Timeframe
    page: int
    duplicates: str

    def run(
        self, exchange: Bitfinex, spans: list[Span], partial: Partial, progress: Callable[[int], None]
    ) -> None:
        """Fetch and store all candles of some spans.

        Parameters
        ----------
        exchange : Bitfinex
            Where from.
        spans : list of Span
            What is missing; on the timeframe's grid.
        partial : Partial
            Where to.
        progress : callable
            Is told after each page how many ms are still missing.

        Raises
        ------
        CandleError
            If the exchange refuses, does not answer in the end, or serves a broken candle; or a page cannot
            be stored.
        """
        timeframe = exchange.timeframe(self.frame)
        pair = exchange.pair(self.symbol)
        left = sum(end - start for start, end in spans)
        for start, end in spans:
            at = start
            while at < end:
                rows = exchange.candles(pair, timeframe, at, end, self.page)
                # Not by the number of rows: the exchange may give fewer than were asked for.
                until = max((row[0] + self.frame.ms for row in rows), default=end)
                partial.add(at, until, self._checked(rows))
                left -= until - at
                at = until
                progress(left)

    def _checked(self, rows: list[Row]) -> Columns:
        timestamp, *numbers = zip(*rows, strict=True) if rows else [()] * 6
        floats = (np.array(cells, dtype=np.float64) for cells in numbers)
        columns = joined([Columns(np.array(timestamp, dtype=np.int64), *floats)])
        if rows:
            source = source_of(columns, f"Bitfinex {self.symbol} {self.frame.name}")
            check_candles(columns, self.frame, source)
            columns, _ = repair(columns, self.frame, source, duplicates=self.duplicates, gaps="keep")
        return columns
