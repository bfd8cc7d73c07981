"""The live path: one candle at a time through the same law, in O(1) a candle."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from genesis_core.backtesting import saved
from genesis_core.backtesting.arrival import arriving, check_follows, live_sources
from genesis_core.backtesting.engine import check_timeframes, strategy_of
from genesis_core.backtesting.higher_feed import HigherFeed
from genesis_core.backtesting.loop import InterpretedTrader, trading_law
from genesis_core.backtesting.saved import StreamError
from genesis_core.backtesting.update import SIDES, Update, fills_of, pending_order, position_of
from genesis_core.candles import Candle, Candles
from genesis_core.candles.series import check_higher
from genesis_core.candles.timeframe import Timeframe
from genesis_core.candles.validate import check_symbol
from genesis_core.errors import CandleError
from genesis_core.features import FeatureVector
from genesis_core.features.columns import source_columns
from genesis_core.features.given import check_given, given_graph, table_of
from genesis_core.features.interpreter import Interpreter
from genesis_core.features.table import Table
from genesis_core.kernels.fibonacci.higher import WIDTH, given_higher_swings
from genesis_core.kernels.trading.layout import FLAT, PENDING_VALUE, SIDE
from genesis_core.kernels.trading.reasons import ENTERED, REASONS
from genesis_core.kernels.walk import law_digest
from genesis_core.strategy import Config
from genesis_core.version import __version__

GAPS = ("error", "keep")


class _Traded(NamedTuple):
    """What the trading law made of one bar."""

    slots: Sequence[float]
    ready: bool
    equity: float
    reason: int


class Stream:
    """A strategy that is told one candle after the other, live.

    Each :meth:`update` gives the bits that :func:`~genesis_core.backtest` gives for that bar, with one exception: a
    live bar is never the last one. What a backtest does because its series ends does not happen here: no decision is
    dropped for want of a next bar (``NO_NEXT_BAR``), and nothing is liquidated (``final_close``).

    Parameters
    ----------
    strategy : Config or mapping, optional
        As for :func:`~genesis_core.backtest`: the package's default strategy unless told otherwise.
    symbol, timeframe : str
        Of the candles.
    gaps : {"error", "keep"}
        What to do where candles are missing: refuse the candle behind the gap, or go on. So with higher candles that
        are given.
    higher : Candles, optional
        Candles of a higher timeframe, at least the last one that has closed before the first bar. The strategy then
        reads these and those that :meth:`add_higher` tells, as :func:`~genesis_core.backtest` reads those that are
        attached to a series; without, it joins them from the bars.

    Raises
    ------
    CandleError
        For a bad symbol, timeframe or policy, or higher candles that do not fit.
    ConfigError
        For a bad strategy, or one whose higher timeframe does not fit.

    Examples
    --------
    >>> stream = Stream(None, symbol="tBTCUSD", timeframe="1h")
    >>> update = stream.update(
    ...     timestamp="2024-01-31T13:00Z", open=42.0, high=43.0, low=41.5, close=42.5, volume=7.0
    ... )
    >>> update.bar, update.reason
    (0, 'WARMUP')
    """

    def __init__(
        self,
        strategy: Config | Mapping[str, Any] | None = None,
        *,
        symbol: str,
        timeframe: str,
        gaps: str = "error",
        higher: Candles | None = None,
    ) -> None:
        check_symbol(symbol)
        frame = Timeframe.parse(timeframe)
        if gaps not in GAPS:
            raise CandleError(f"gaps={gaps!r} is not a policy of a stream; valid: 'error', 'keep'")
        config = strategy_of(strategy)
        self._config = config
        self._symbol = symbol
        self._frame = frame
        self._gaps = gaps
        self._last: Candle | None = None
        self._torn = False
        self._feed: HigherFeed | None = None
        self._history: str | None = None
        if higher is None:
            check_timeframes(self, config)
            self._features = Interpreter(config.asked_features.graph)
        else:
            check_higher(symbol, frame, higher)
            self._give(
                HigherFeed(Timeframe.parse(higher.timeframe), higher[-1], len(higher)), table_of(higher)
            )
            self._history = higher.fingerprint
        self._trader = InterpretedTrader(config)

    @property
    def config(self) -> Config:
        """The strategy."""
        return self._config

    @property
    def symbol(self) -> str:
        """Of the candles."""
        return self._symbol

    @property
    def timeframe(self) -> str:
        """Of the candles, by its canonical name."""
        return self._frame.name

    @property
    def timeframe_ms(self) -> int:
        """The timeframe's length in milliseconds."""
        return self._frame.ms

    @property
    def bars(self) -> int:
        """How many candles it has seen."""
        return self._features.bars

    @property
    def last(self) -> Candle | None:
        """The newest candle."""
        return self._last

    def update(self, candle: Candle | None = None, **values: object) -> Update:
        """Take the next closed candle.

        Parameters
        ----------
        candle : Candle, optional
            The candle; or its six values as keywords.
        **values
            ``timestamp`` (open time, in any form that candles are read in), ``open``, ``high``, ``low``, ``close``,
            ``volume``.

        Returns
        -------
        Update
            Features, decision, fills and equity as of this bar.

        Raises
        ------
        CandleError
            If the candle breaks a rule of :class:`~genesis_core.Candles`, or does not follow the last one: a gap under
            the policy ``error``, an earlier candle, the same one again. The stream is then as it was before.
        StreamError
            If an earlier update was interrupted half way.
        """
        taken = arriving(candle, values, self._last, self.bars, self._frame, self._gaps)
        self._require_higher(taken)
        with self._whole():
            traded = self._take(taken, live_sources(taken, self._last, self._frame.ms))
        s = self._trader.state
        side, confidence = self._trader.candidate(traded.slots) if traded.ready else (FLAT, 0.0)
        bar = self.bars - 1
        return Update(
            bar=bar,
            timestamp=taken.timestamp,
            features=FeatureVector(self._config.asked_features.layout, bar, self._features.values()),
            side=SIDES[side],
            reason=REASONS[traded.reason],
            confidence=confidence,
            size=s[PENDING_VALUE] if traded.reason == ENTERED else None,
            size_unit="units" if self._config.decision.size_unit == "units" else "worth",
            order=pending_order(s),
            fills=fills_of(self._trader.rows(), taken.timestamp, s[SIDE] != FLAT),
            position=position_of(s),
            equity=traded.equity,
        )

    def add_higher(self, candle: Candle | None = None, **values: object) -> None:
        """Take the next closed candle of the higher timeframe, before the first bar that closes at its end or later.

        Parameters
        ----------
        candle : Candle, optional
            The candle; or its six values as keywords.
        **values
            As for :meth:`update`.

        Raises
        ------
        CandleError
            If it breaks a rule of :class:`~genesis_core.Candles`, does not follow the last one, or comes too late; and
            if the stream was made without higher candles. The stream is then as it was before.
        StreamError
            If an earlier update was interrupted half way.
        """
        if self._feed is None:
            raise CandleError(
                "this stream joins its higher candles from the bars; make it with their history: "
                "Stream(..., higher=candles)"
            )
        closed = None if self._last is None else self._last.timestamp + self._frame.ms
        taken = self._feed.arriving(candle, values, closed, self._gaps)
        with self._whole():
            self._features.tell(self._feed.take(taken))

    def warm(self, candles: Candles) -> None:
        """Take the candles of a series, without saying what each of them brought.

        Parameters
        ----------
        candles : Candles
            Of the same symbol and timeframe; they follow the last candle taken. Higher candles that are attached must
            be those the stream was made with.

        Raises
        ------
        CandleError
            As :meth:`update`. No candle of the series is then taken.
        StreamError
            If an earlier update was interrupted half way.
        """
        if not isinstance(candles, Candles):
            raise CandleError(
                f"candles is a {type(candles).__name__}; a series is needed: Candles.from_arrays, ..."
            )
        if (candles.symbol, candles.timeframe) != (self.symbol, self.timeframe):
            raise CandleError(
                f"candles of {candles.symbol} {candles.timeframe} for a stream of {self.symbol} {self.timeframe}"
            )
        self._check_attached(candles)
        check_follows(candles[0], self._last, self.bars, self._frame, self._gaps)
        self._require_higher(candles[-1])
        for t in np.flatnonzero(candles.elapsed > 1.0).tolist():
            check_follows(candles[t], candles[t - 1], self.bars + t, self._frame, self._gaps)
        with self._whole():
            columns = [column.tolist() for column in source_columns(candles)]
            first = live_sources(candles[0], self._last, self._frame.ms)
            for t, (candle, *sources) in enumerate(zip(candles, *columns, strict=True)):
                self._take(candle, sources if t else first)

    def save(self, path: str | os.PathLike[str] | None = None) -> bytes:
        """Return all that the stream remembers, bit for bit.

        Parameters
        ----------
        path : path-like, optional
            Also write it to this file, atomically.

        Raises
        ------
        StreamError
            If the file cannot be written, or an earlier update was interrupted half way.
        """
        self._refuse_torn()
        last = [] if self._last is None else [float(value) for value in self._last]
        header = {**self._identity(), "gaps": self._gaps, "bars": self.bars, "candle": len(last)}
        told: list[float] = []
        if self._feed is not None:
            told = [*(float(value) for value in self._feed.last), *self._features.rows]
            header |= {
                "higher": self._feed.timeframe.name,
                "higher_law": law_digest(given_higher_swings),
                "higher_count": self._feed.count,
                "higher_told": len(told),
            }
        data = saved.pack(header, [*last, *told, *self._trader.state, *self._features.state])
        if path is not None:
            saved.write(path, data)
        return data

    @classmethod
    def restore(
        cls,
        strategy: Config | Mapping[str, Any] | None,
        source: bytes | str | os.PathLike[str],
        *,
        symbol: str | None = None,
        timeframe: str | None = None,
    ) -> Stream:
        """Return a stream that goes on where another one was saved.

        Parameters
        ----------
        strategy : Config, mapping or None
            The strategy it was saved with.
        source : bytes or path-like
            What :meth:`save` returned, or the file it wrote.
        symbol, timeframe : str, optional
            Checked against those it was saved with.

        Raises
        ------
        StreamError
            If it was cut short or changed, or saved with another strategy, other code of any kernel (which another
            Python version compiles otherwise), another symbol or timeframe.
        """
        name = "saved stream" if isinstance(source, bytes) else os.fspath(source)
        header, values = saved.unpack(source if isinstance(source, bytes) else saved.read(source), name)
        stream = cls(
            strategy,
            symbol=header["symbol"] if symbol is None else symbol,
            timeframe=header["timeframe"] if timeframe is None else timeframe,
            gaps=header["gaps"],
        )
        stream._check_identity(header, name)
        candle, values = values[: header["candle"]], values[header["candle"] :]
        if "higher" in header:
            told, values = values[: header["higher_told"]], values[header["higher_told"] :]
            opened, *numbers = told[: len(Candle._fields)]
            frame = Timeframe.parse(header["higher"])
            rows = np.array(told[len(Candle._fields) :]).reshape(-1, WIDTH)
            feed = HigherFeed(frame, Candle(int(opened), *numbers), header["higher_count"])
            stream._give(feed, Table(rows))
        if candle:
            timestamp, *prices = candle
            stream._last = Candle(int(timestamp), *prices)
        account = len(stream._trader.state)
        stream._trader.state[:] = values[:account]
        stream._features.resume(header["bars"], values[account:])
        return stream

    def __repr__(self) -> str:
        return (
            f"Stream({self.symbol} {self.timeframe}, {self.bars:,} bars, strategy {self._config.digest[:12]})"
        )

    def _give(self, feed: HigherFeed, table: Table) -> None:
        """Let the features read higher candles that are given."""
        check_timeframes(self, self._config, feed.timeframe.name)
        self._feed = feed
        graph = given_graph(self._config.asked_features.graph, feed.timeframe.name, table)
        self._features = Interpreter(graph)

    def _require_higher(self, candle: Candle) -> None:
        """Refuse a bar that comes before a higher candle it must see."""
        if self._feed is not None and self._gaps == "error" and self._features.has_table:
            self._feed.require_told(candle.timestamp + self._frame.ms)

    def _check_attached(self, candles: Candles) -> None:
        higher = candles.higher
        if higher is None or higher.fingerprint == self._history:
            return
        if check_given(self._config.asked_features.graph, higher.timeframe):
            raise CandleError(
                "the series has higher candles attached that are not those the stream was made with; give these by "
                "Stream(..., higher=candles.higher), later ones by add_higher, and the series by with_higher(None)"
            )

    def _take(self, candle: Candle, sources: Sequence[float]) -> _Traded:
        ready = self._features.bars >= self._config.ready
        self._features.advance(sources)
        x = self._trader.slots(self._features.values() if ready else None)
        equity, reason = self._trader.bar(sources[:4], x, ready, last=False)
        self._last = candle
        return _Traded(x, ready, equity, reason)

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Remember if what is done within does not come to its end: the state then is of no bar."""
        self._refuse_torn()
        self._torn = True
        yield
        self._torn = False

    def _refuse_torn(self) -> None:
        if self._torn:
            raise StreamError(
                "an earlier update was interrupted half way: restore the stream from what was saved"
            )

    def _identity(self) -> dict[str, str]:
        return {
            "symbol": self.symbol,
            "timeframe": self.timeframe,
            "strategy": self._config.digest,
            "features": self._config.asked_features.digest,
            "law": trading_law(),
            "version": __version__,
            "python": ".".join(platform.python_version_tuple()[:2]),
        }

    def _check_identity(self, header: Mapping[str, Any], name: str) -> None:
        mine = self._identity()
        for key in ("symbol", "timeframe"):
            if header[key] != mine[key]:
                raise StreamError(f"{name}: saved for the {key} {header[key]}, not {mine[key]}")
        theirs, ours = (f"genesis_core {of['version']} on Python {of['python']}" for of in (header, mine))
        if header["strategy"] != mine["strategy"]:
            raise StreamError(
                f"{name}: saved with another strategy (digest {header['strategy'][:12]} "
                f"by {theirs}; this one has {mine['strategy'][:12]}, {ours}); restore it with that one"
            )
        higher_law = law_digest(given_higher_swings)
        same = header.get("higher_law", higher_law) == higher_law
        if not same or any(header[key] != mine[key] for key in ("features", "law")):
            raise StreamError(
                f"{name}: the code of a kernel was another one when it was saved (by {theirs}; this is {ours}); "
                "make a new stream and feed it the history by warm"
            )
