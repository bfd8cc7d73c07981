"""The series of candles that everything else works on: how it is made, taken apart and written."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple, SupportsIndex, cast, final, overload

from genesis_core.candles.columns import Columns, Source, float_column
from genesis_core.candles.csv_file import read_csv, write_csv
from genesis_core.candles.parquet_file import read_parquet, write_parquet
from genesis_core.candles.repair import Repair, check_policies, repair
from genesis_core.candles.resample import fits, resample
from genesis_core.candles.sealed import Sealed, over_bytes
from genesis_core.candles.timeframe import Timeframe
from genesis_core.candles.timestamps import epoch_ms
from genesis_core.candles.validate import check_candles, check_lengths, check_order, check_symbol
from genesis_core.errors import CandleError


class Candle(NamedTuple):
    """One candle, in plain Python numbers; `timestamp` is its open time in epoch ms UTC."""

    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float


@final
class Candles(Sealed):
    """Valid candles of one symbol and timeframe, in order of time; at least one; never changed.

    Made by `from_arrays`, `from_csv`, `from_parquet` or `synthetic`. Two are equal when their content is
    (`fingerprint`), however they were made. Candles of a higher timeframe can be attached: `with_higher`.

    ``candles[t]`` is one `Candle`; ``candles[a:b]`` is a series of its own, a view of the same memory that
    costs about a microsecond. An empty slice, or one with a step, is a `CandleError`.
    """

    __slots__ = ()

    def __init__(self) -> None:
        raise TypeError("make Candles by from_arrays, from_csv, from_parquet or synthetic")

    @classmethod
    def from_arrays(
        cls,
        *,
        timestamp: object,
        open: object,
        high: object,
        low: object,
        close: object,
        volume: object,
        symbol: str,
        timeframe: str,
        duplicates: str = "error",
        gaps: str = "error",
    ) -> Candles:
        """Make a series from columns, which are copied.

        Parameters
        ----------
        timestamp : array_like, shape (n,)
            Open times: epoch s, ms, us or ns, ISO-8601 texts, ``datetime64`` or ``datetime``; a time without
            a zone is UTC.
        open, high, low, close : array_like, shape (n,)
            Prices, above 0.
        volume : array_like, shape (n,)
            Volumes, not negative.
        symbol : str
            Such as ``"tBTCUSD"``.
        timeframe : str
            Such as ``"1h"``.
        duplicates : {"error", "first", "last"}
            What to do where a timestamp stands more than once: which candle to keep.
        gaps : {"error", "keep", "fill"}
            What to do where candles are missing: leave the hole, or fill it with the close before it and
            volume 0.

        Returns
        -------
        Candles

        Raises
        ------
        CandleError
            For the first fault; the message names row and values.
        """
        check_policies(duplicates, gaps)
        source = Source()
        given = {"open": open, "high": high, "low": low, "close": close, "volume": volume}
        floats = {name: float_column(values, name, source) for name, values in given.items()}
        columns = Columns(epoch_ms(timestamp, source), **floats)
        return cls._checked(columns, source, symbol, timeframe, duplicates, gaps)

    @classmethod
    def from_csv(
        cls,
        path: str | os.PathLike[str],
        *,
        symbol: str,
        timeframe: str,
        duplicates: str = "error",
        gaps: str = "error",
    ) -> Candles:
        """Read a series from a CSV file with a header; columns are found by name.

        Parameters
        ----------
        path : path-like
            The file.
        symbol, timeframe, duplicates, gaps : str
            As in `from_arrays`.

        Returns
        -------
        Candles

        Raises
        ------
        CandleError
            If the file cannot be read, or for the first fault; the message names file, line and values.

        Notes
        -----
        Many writers leave out the newline at the end of a file, so its absence is no fault. A file that was cut
        within its very last number can therefore not be told from a whole one: its last candle has a wrong volume
        (or whatever column stands last). A cut anywhere else is refused. Where files travel, compare checksums.
        """
        check_policies(duplicates, gaps)
        return cls._checked(*read_csv(path), symbol, timeframe, duplicates, gaps)

    @classmethod
    def from_parquet(
        cls,
        path: str | os.PathLike[str],
        *,
        symbol: str,
        timeframe: str,
        duplicates: str = "error",
        gaps: str = "error",
    ) -> Candles:
        """Read a series from a Parquet file; needs the extra ``genesis-backtest[data]``.

        Parameters
        ----------
        path : path-like
            The file.
        symbol, timeframe, duplicates, gaps : str
            As in `from_arrays`.

        Returns
        -------
        Candles

        Raises
        ------
        CandleError
            If the file cannot be read, or for the first fault; the message names file, row and values.
        """
        check_policies(duplicates, gaps)
        return cls._checked(*read_parquet(path), symbol, timeframe, duplicates, gaps)

    @classmethod
    def _checked(
        cls, columns: Columns, source: Source, symbol: str, timeframe: str, duplicates: str, gaps: str
    ) -> Candles:
        check_symbol(symbol)
        frame = Timeframe.parse(timeframe)
        check_lengths(columns, source)
        check_candles(columns, frame, source)
        check_order(columns.timestamp, source)
        columns, repairs = repair(columns, frame, source, duplicates=duplicates, gaps=gaps)
        return cls._sealed(columns, symbol, frame, repairs)

    def resample(self, timeframe: str) -> Candles:
        """Join the candles into those of a longer timeframe, on UTC boundaries (weeks: Mondays).

        Parameters
        ----------
        timeframe : str
            A whole multiple of this series' own.

        Returns
        -------
        Candles
            The candles that have closed within the series; an incomplete first or last one is left out. A
            higher candle with no inner one at all is a kept gap; `repairs` tells only of these.

        Raises
        ------
        CandleError
            For a timeframe that is no multiple, or if no candle is complete.
        """
        target = Timeframe.parse(timeframe)
        columns = resample(self._columns, self._timeframe, target)
        columns, repairs = repair(columns, target, Source("resampled"), duplicates="error", gaps="keep")
        return Candles._sealed(columns, self._symbol, target, repairs)

    def with_higher(self, higher: Candles | None) -> Candles:
        """Return the series with candles of a higher timeframe attached, such as the exchange's own.

        What looks at a higher timeframe (gates and exits of a strategy, features) then reads these, instead of joining
        them from this series. A given candle is visible at the first bar that closes at its end or later; how far it
        reaches back before this series is as one likes, and spares the warm-up. Slices keep it whole.

        Parameters
        ----------
        higher : Candles or None
            Of the same symbol, and of a whole multiple of this series' timeframe; may have gaps. None takes away what
            is attached.

        Returns
        -------
        Candles
            A view of the same memory, with a fingerprint of its own.

        Raises
        ------
        CandleError
            For candles of another symbol, of a timeframe that does not fit, or with higher candles of their own.

        Examples
        --------
        >>> from genesis_core import synthetic
        >>> candles = synthetic(bars=1000)
        >>> candles[200:].with_higher(candles.resample("6h")).higher
        Candles(tBTCUSD 6h, 166 bars, 2020-01-01 00:00 to 2020-02-11 06:00 UTC)
        """
        if higher is not None:
            check_higher(self._symbol, self._timeframe, higher)
        return Candles._assembled(
            self._columns,
            self._symbol,
            self._timeframe,
            self._repairs,
            repairs_cut=self._repairs_cut,
            higher=higher,
        )

    @property
    def higher(self) -> Candles | None:
        """The candles of a higher timeframe that are attached, None without; see `with_higher`."""
        return cast("Candles | None", self._higher)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the series as CSV, atomically; reading it back gives the same bits.

        Parameters
        ----------
        path : path-like
            The file; an existing one is replaced.

        Raises
        ------
        CandleError
            If it cannot be written.
        """
        write_csv(path, self._columns)

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write the series as Parquet, atomically; reading it back gives the same bits.

        Parameters
        ----------
        path : path-like
            The file; an existing one is replaced.

        Raises
        ------
        CandleError
            If it cannot be written, or pyarrow (the extra ``genesis-backtest[data]``) is missing.
        """
        write_parquet(path, self._columns)

    @overload
    def __getitem__(self, index: SupportsIndex) -> Candle: ...
    @overload
    def __getitem__(self, index: slice) -> Candles: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Candle | Candles:
        if not isinstance(index, slice):
            return self._candle(operator.index(index))
        timestamp, open_, high, low, close, volume = self._columns
        start, stop, step = index.indices(len(timestamp))
        if step != 1:
            raise CandleError(
                f"candles cannot be sliced by a step of {step}; use resample for a longer timeframe"
            )
        if stop <= start:
            raise CandleError(
                f"slice [{start}:{stop}] of {len(timestamp):,} candles is empty; a series has at least one"
            )
        span = slice(start, stop)
        columns = Columns(timestamp[span], open_[span], high[span], low[span], close[span], volume[span])
        # The repairs are selected only if they are asked for: slicing stays cheap.
        cut = not self._repairs
        return Candles._assembled(
            columns, self._symbol, self._timeframe, self._repairs, repairs_cut=cut, higher=self._higher
        )

    def _candle(self, bar: int) -> Candle:
        columns = self._columns
        try:
            return Candle(
                int(columns.timestamp[bar]),
                float(columns.open[bar]),
                float(columns.high[bar]),
                float(columns.low[bar]),
                float(columns.close[bar]),
                float(columns.volume[bar]),
            )
        except IndexError:
            raise IndexError(f"bar {bar} of a series of {len(self):,} candles") from None

    def __iter__(self) -> Iterator[Candle]:
        return map(Candle, *(column.tolist() for column in self._columns))

    def __reduce__(self) -> tuple[object, ...]:
        # A slice pickles its own bars only. Arrays would come back writable, bytes do not.
        raw = tuple(column.tobytes() for column in self._columns)
        return _unpickled, (raw, self._symbol, self._timeframe, self.repairs, self._higher)


def _unpickled(
    raw: Sequence[bytes],
    symbol: str,
    timeframe: Timeframe,
    repairs: tuple[Repair, ...],
    higher: Candles | None = None,
) -> Candles:
    return Candles._assembled(over_bytes(raw), symbol, timeframe, repairs, repairs_cut=True, higher=higher)


def check_higher(symbol: str, timeframe: Timeframe, higher: Candles) -> None:
    """Check that candles are of a higher timeframe than others, and of the same symbol.

    Parameters
    ----------
    symbol, timeframe
        Of the others.
    higher : Candles
        What is checked.

    Raises
    ------
    CandleError
        See `Candles.with_higher`.
    """
    if not isinstance(higher, Candles):
        raise CandleError(f"higher is a {type(higher).__name__}; candles of a higher timeframe are needed")
    if higher.symbol != symbol:
        raise CandleError(f"higher candles of {higher.symbol} for candles of {symbol}; one symbol is needed")
    if not fits(timeframe, higher._timeframe):
        raise CandleError(
            f"higher candles of {higher.timeframe} for candles of {timeframe.name}: a whole multiple of "
            f"{timeframe.name}, longer and with boundaries on its own, is needed"
        )
    if higher.higher is not None:
        raise CandleError(
            f"the higher candles of {higher.timeframe} have candles of {higher.higher.timeframe} attached; "
            "one higher timeframe is read: take them away by with_higher(None)"
        )
