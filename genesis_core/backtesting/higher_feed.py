"""The higher candles that a stream is told: which come next, and which would come too late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from genesis_core.backtesting.arrival import arriving
from genesis_core.candles import Candle, Candles
from genesis_core.candles.timeframe import Timeframe
from genesis_core.candles.timestamps import utc_text
from genesis_core.errors import CandleError


class HigherFeed:
    """What a stream knows of its higher candles besides what its features remember.

    Parameters
    ----------
    timeframe : Timeframe
        Theirs.
    last : Candle
        The newest one.
    count : int
        How many were told.
    """

    def __init__(self, timeframe: Timeframe, last: Candle, count: int) -> None:
        self.timeframe = timeframe
        self.last = last
        self.count = count

    def arriving(
        self, candle: Candle | None, values: Mapping[str, object], closed: int | None, gaps: str
    ) -> Candle:
        """Return the next candle as plain numbers; :meth:`take` takes it.

        Parameters
        ----------
        candle, values
            The candle, or its six values by name.
        closed : int or None
            When the stream's newest bar closed; None before the first.
        gaps : str
            ``error`` or ``keep``.

        Raises
        ------
        CandleError
            If it is no valid candle, does not follow the last one, or a bar that would have seen it was taken.
        """
        taken = arriving(candle, values, self.last, self.count, self.timeframe, gaps, "higher candle")
        end = taken.timestamp + self.timeframe.ms
        if closed is not None and end <= closed:
            raise CandleError(
                f"higher candle of {utc_text(taken.timestamp)}: too late; it closed at {utc_text(end)}, and the "
                f"stream has taken the bar that closed at {utc_text(closed)}, where it would have been seen. Tell it "
                "before that bar"
            )
        return taken

    def take(self, candle: Candle) -> tuple[float, ...]:
        """Take a candle that :meth:`arriving` returned, and return its row for the kernels' table."""
        self.last = candle
        self.count += 1
        return row_of(candle, self.timeframe.ms)

    def require_told(self, closed: int) -> None:
        """Check that no higher candle is missing as of a bar's close.

        Raises
        ------
        CandleError
            If the candle after the newest one has closed by then.
        """
        opened = self.last.timestamp + self.timeframe.ms
        end = opened + self.timeframe.ms
        if end <= closed:
            raise CandleError(
                f"the higher candle of {utc_text(opened)} closed at {utc_text(end)} and has not been told: this bar "
                f"closes at {utc_text(closed)}. Tell it by add_higher first, or make the stream with gaps='keep' "
                "where there is none"
            )


def row_of(candle: Candle, timeframe_ms: int) -> tuple[float, ...]:
    """Return the row of a candle of some length, see :data:`~genesis_core.kernels.fibonacci.higher.ROW`."""
    return float(candle.timestamp + timeframe_ms), candle.high, candle.low, candle.close


def as_of(candles: Candles, bars: int) -> Candles:
    """Return the first `bars` candles, and of the higher ones attached those that the last of these bars sees.

    Where it sees none, the first higher candle is left: a series is never empty.
    """
    past = candles[:bars]
    if candles.higher is None:
        return past
    return past.with_higher(candles.higher[: max(1, _seen(past)[-1])])


def news(candles: Candles) -> Iterator[list[Candle]]:
    """Yield for each bar the higher candles that it is the first to see, besides those of ``as_of(candles, 1)``."""
    higher = candles.higher
    told = 0 if higher is None else max(1, _seen(candles[:1])[0])
    for count in _seen(candles):
        yield [] if higher is None or count <= told else list(higher[told:count])
        told = max(told, count)


def _seen(candles: Candles) -> list[int]:
    """Return for each bar how many of the attached higher candles it sees."""
    if candles.higher is None:
        return [0] * len(candles)
    counts: list[int] = np.searchsorted(candles.higher.closed_at, candles.closed_at, side="right").tolist()
    return counts
