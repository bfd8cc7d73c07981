"""The immutable series of candles that everything else works on."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple, NoReturn, SupportsIndex, final, overload

import numpy as np

from genesis_core.candles.columns import Columns, FloatColumn, IntColumn, Source, float_column
from genesis_core.candles.csv_file import read_csv, write_csv
from genesis_core.candles.parquet_file import read_parquet, write_parquet
from genesis_core.candles.repair import Repair, check_policies, repair, repairs_within
from genesis_core.candles.resample import resample
from genesis_core.candles.timeframe import Timeframe
from genesis_core.candles.timestamps import epoch_ms, utc_text
from genesis_core.candles.validate import check_candles, check_lengths, check_order, check_symbol
from genesis_core.digest import digest
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
class Candles:
    """Valid candles of one symbol and timeframe, in order of time; at least one; never changed.

    Made by `from_arrays`, `from_csv`, `from_parquet` or `synthetic`. Two are equal when their content is
    (`fingerprint`), however they were made.

    ``candles[t]`` is one `Candle`; ``candles[a:b]`` is a series of its own, a view of the same memory that
    costs about a microsecond. An empty slice, or one with a step, is a `CandleError`.
    """

    __slots__ = (
        "__weakref__",
        "_columns",
        "_closed_at",
        "_opened_at",
        "_elapsed",
        "_fingerprint",
        "_repairs",
        "_repairs_cut",
        "_symbol",
        "_timeframe",
    )

    _columns: Columns
    _closed_at: FloatColumn | None
    _opened_at: FloatColumn | None
    _elapsed: FloatColumn | None
    _fingerprint: str | None
    _repairs: tuple[Repair, ...]
    _repairs_cut: bool
    _symbol: str
    _timeframe: Timeframe

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
        """Read a series from a Parquet file; needs the extra ``genesis-core[data]``.

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

    @classmethod
    def _sealed(
        cls, columns: Columns, symbol: str, timeframe: Timeframe, repairs: tuple[Repair, ...] = ()
    ) -> Candles:
        """Copy valid columns into memory that nothing can write to again."""
        # Not setflags: whoever holds the array could set it back. An array over bytes stays read-only.
        sealed = _over_bytes([column.tobytes() for column in columns])
        return cls._assembled(sealed, symbol, timeframe, repairs, repairs_cut=True)

    @classmethod
    def _assembled(
        cls,
        columns: Columns,
        symbol: str,
        timeframe: Timeframe,
        repairs: tuple[Repair, ...],
        *,
        repairs_cut: bool,
    ) -> Candles:
        self = object.__new__(cls)
        _set(self, "_columns", columns)
        _set(self, "_symbol", symbol)
        _set(self, "_timeframe", timeframe)
        _set(self, "_repairs", repairs)
        _set(self, "_repairs_cut", repairs_cut)
        _set(self, "_fingerprint", None)
        _set(self, "_closed_at", None)
        _set(self, "_opened_at", None)
        _set(self, "_elapsed", None)
        return self

    @property
    def timestamp(self) -> IntColumn:
        """Open times, epoch ms UTC, int64, shape (n,), strictly increasing."""
        return self._columns.timestamp

    @property
    def open(self) -> FloatColumn:
        """First prices, float64, shape (n,)."""
        return self._columns.open

    @property
    def high(self) -> FloatColumn:
        """Highest prices, float64, shape (n,)."""
        return self._columns.high

    @property
    def low(self) -> FloatColumn:
        """Lowest prices, float64, shape (n,)."""
        return self._columns.low

    @property
    def close(self) -> FloatColumn:
        """Last prices, float64, shape (n,)."""
        return self._columns.close

    @property
    def volume(self) -> FloatColumn:
        """Volumes, float64, shape (n,)."""
        return self._columns.volume

    @property
    def symbol(self) -> str:
        """The symbol, such as ``"tBTCUSD"``."""
        return self._symbol

    @property
    def timeframe(self) -> str:
        """The timeframe's canonical name, such as ``"1h"``."""
        return self._timeframe.name

    @property
    def timeframe_ms(self) -> int:
        """The timeframe's length in milliseconds."""
        return self._timeframe.ms

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """What was repaired or left open in these candles, in order of time."""
        if not self._repairs_cut:
            first, last = int(self.timestamp[0]), int(self.timestamp[-1])
            _set(self, "_repairs", repairs_within(self._repairs, first, last, self._timeframe))
            _set(self, "_repairs_cut", True)
        return self._repairs

    @property
    def elapsed(self) -> FloatColumn:
        """Timeframes since the candle before, float64, shape (n,): 1.0 without a gap, and at bar 0."""
        if self._elapsed is None:
            steps = np.ones(len(self), dtype=np.float64)
            steps[1:] = np.diff(self.timestamp) // self._timeframe.ms
            _set(self, "_elapsed", np.frombuffer(steps.tobytes(), dtype=np.float64))
        assert self._elapsed is not None
        return self._elapsed

    @property
    def opened_at(self) -> FloatColumn:
        """When each candle opened, epoch ms UTC as float64, shape (n,): exact, far below 2**53."""
        if self._opened_at is None:
            _set(self, "_opened_at", np.frombuffer(self.timestamp.astype(np.float64).tobytes()))
        assert self._opened_at is not None
        return self._opened_at

    @property
    def closed_at(self) -> FloatColumn:
        """When each candle has closed, epoch ms UTC as float64, shape (n,)."""
        if self._closed_at is None:
            _set(self, "_closed_at", np.frombuffer((self.opened_at + float(self._timeframe.ms)).tobytes()))
        assert self._closed_at is not None
        return self._closed_at

    @property
    def fingerprint(self) -> str:
        """Digest of symbol, timeframe and all columns: 32 hexadecimal digits, the same on every machine."""
        if self._fingerprint is None:
            _set(self, "_fingerprint", digest(self.__genesis_identity__()))
        assert self._fingerprint is not None
        return self._fingerprint

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
            If it cannot be written, or pyarrow (the extra ``genesis-core[data]``) is missing.
        """
        write_parquet(path, self._columns)

    def __len__(self) -> int:
        return len(self._columns.timestamp)

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
        return Candles._assembled(columns, self._symbol, self._timeframe, self._repairs, repairs_cut=cut)

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

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Candles):
            return NotImplemented
        return self is other or self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __genesis_identity__(self) -> tuple[object, ...]:
        """Give what two equal series have in common: symbol, timeframe and the columns."""
        return (self._symbol, self._timeframe.name, *self._columns)

    def __repr__(self) -> str:
        first, last = utc_text(int(self.timestamp[0])), utc_text(int(self.timestamp[-1]))
        span = first if len(self) == 1 else f"{first.removesuffix(' UTC')} to {last}"
        bars = f"{len(self):,} bar{'s' if len(self) > 1 else ''}"
        return f"Candles({self.symbol} {self.timeframe}, {bars}, {span})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Candles are immutable: {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"Candles are immutable: {name} cannot be deleted")

    def __copy__(self) -> Candles:
        return self

    def __deepcopy__(self, memo: object) -> Candles:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        # A slice pickles its own bars only. Arrays would come back writable, bytes do not.
        raw = tuple(column.tobytes() for column in self._columns)
        return _unpickled, (raw, self._symbol, self._timeframe, self.repairs)


_set = object.__setattr__  # past the guard, for this module only


def _over_bytes(raw: Sequence[bytes]) -> Columns:
    timestamp, *numbers = raw
    return Columns(
        np.frombuffer(timestamp, dtype=np.int64),
        *(np.frombuffer(column, dtype=np.float64) for column in numbers),
    )


def _unpickled(
    raw: Sequence[bytes], symbol: str, timeframe: Timeframe, repairs: tuple[Repair, ...]
) -> Candles:
    return Candles._assembled(_over_bytes(raw), symbol, timeframe, repairs, repairs_cut=True)
