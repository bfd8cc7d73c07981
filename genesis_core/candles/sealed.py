"""Columns sealed in memory: what they are, when two are the same, and that nothing can change them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn, TypeVar

import numpy as np

from genesis_core.candles.columns import Columns, FloatColumn, IntColumn
from genesis_core.candles.repair import Repair, repairs_within
from genesis_core.candles.timeframe import Timeframe
from genesis_core.candles.timestamps import utc_text
from genesis_core.digest import digest

_Series = TypeVar("_Series", bound="Sealed")


class Sealed:
    """Valid columns of one symbol and timeframe that nothing can write to: what `Candles` are made of.

    Views share memory: a slice costs no copy, and its repairs are selected only if they are asked for.
    """

    __slots__ = (
        "__weakref__",
        "_closed_at",
        "_columns",
        "_elapsed",
        "_fingerprint",
        "_higher",
        "_opened_at",
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
    _higher: Sealed | None
    _repairs: tuple[Repair, ...]
    _repairs_cut: bool
    _symbol: str
    _timeframe: Timeframe

    @classmethod
    def _sealed(
        cls: type[_Series],
        columns: Columns,
        symbol: str,
        timeframe: Timeframe,
        repairs: tuple[Repair, ...] = (),
    ) -> _Series:
        """Copy valid columns into memory that nothing can write to again."""
        # Not setflags: whoever holds the array could set it back. An array over bytes stays read-only.
        sealed = over_bytes([column.tobytes() for column in columns])
        return cls._assembled(sealed, symbol, timeframe, repairs, repairs_cut=True)

    @classmethod
    def _assembled(
        cls: type[_Series],
        columns: Columns,
        symbol: str,
        timeframe: Timeframe,
        repairs: tuple[Repair, ...],
        *,
        repairs_cut: bool,
        higher: Sealed | None = None,
    ) -> _Series:
        self = object.__new__(cls)
        _set(self, "_columns", columns)
        _set(self, "_symbol", symbol)
        _set(self, "_timeframe", timeframe)
        _set(self, "_repairs", repairs)
        _set(self, "_repairs_cut", repairs_cut)
        _set(self, "_higher", higher)
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
        """Digest of symbol, timeframe and all columns: 32 hexadecimal digits, the same on every machine.

        Higher candles that are attached count too, all of them.
        """
        if self._fingerprint is None:
            _set(self, "_fingerprint", digest(self.__genesis_identity__()))
        assert self._fingerprint is not None
        return self._fingerprint

    def __len__(self) -> int:
        return len(self._columns.timestamp)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sealed):
            return NotImplemented
        return self is other or self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __genesis_identity__(self) -> tuple[object, ...]:
        """Give what two equal series have in common: symbol, timeframe, the columns, and higher candles attached."""
        own = (self._symbol, self._timeframe.name, *self._columns)
        return own if self._higher is None else (*own, self._higher.__genesis_identity__())

    def __repr__(self) -> str:
        first, last = utc_text(int(self.timestamp[0])), utc_text(int(self.timestamp[-1]))
        span = first if len(self) == 1 else f"{first.removesuffix(' UTC')} to {last}"
        bars = f"{len(self):,} bar{'s' if len(self) > 1 else ''}"
        given = "" if self._higher is None else f", higher {self._higher.timeframe} given"
        return f"Candles({self.symbol} {self.timeframe}, {bars}, {span}{given})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Candles are immutable: {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"Candles are immutable: {name} cannot be deleted")

    def __copy__(self: _Series) -> _Series:
        return self

    def __deepcopy__(self: _Series, memo: object) -> _Series:
        return self


_set = object.__setattr__  # past the guard, for this module only


def over_bytes(raw: Sequence[bytes]) -> Columns:
    """Return columns over bytes, which stay read-only whoever holds them.

    Parameters
    ----------
    raw : sequence of bytes
        The memory of the six columns.
    """
    timestamp, *numbers = raw
    return Columns(
        np.frombuffer(timestamp, dtype=np.int64),
        *(np.frombuffer(column, dtype=np.float64) for column in numbers),
    )
