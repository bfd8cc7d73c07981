"""The loop over the bars, interpreted and compiled: two ways to call the same trading law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genesis_core.backtesting.model_columns import ModelColumns
from genesis_core.candles import Candles
from genesis_core.compiler.run import compiled_trade
from genesis_core.digest import digest
from genesis_core.features.blocks import BLOCK, BlockProgram
from genesis_core.features.columns import source_columns
from genesis_core.features.given import bound
from genesis_core.features.paths import Counters, FeaturePath
from genesis_core.kernels.trading.bar import trade_bar
from genesis_core.kernels.trading.books import close_books, open_books
from genesis_core.kernels.trading.decision import candidate
from genesis_core.kernels.trading.layout import EVENTS, MOST_EVENTS, ROW_SIZE, STATE_SIZE
from genesis_core.kernels.trading.model import probabilities
from genesis_core.kernels.walk import law_digest
from genesis_core.progress import each_bar
from genesis_core.strategy import Config
from genesis_core.strategy.encode import model_vector
from genesis_core.strategy.inputs import SLOTS

Column = NDArray[np.float64]
_CONSTANTS = tuple(constant for _, constant in SLOTS)
CONSTANT_COLUMNS = tuple(np.frombuffer(np.array([constant]).tobytes()) for constant in _CONSTANTS)
REGIME_SLOT = [name for name, _ in SLOTS].index("regime")


@dataclass(frozen=True)
class Books:
    """What the loop leaves.

    Attributes
    ----------
    ledger : ndarray
        One row per fill, in the layout of the trading kernels.
    equity : ndarray
        n + 1 points.
    reasons : ndarray
        Reason code of each bar, int8.
    """

    ledger: Column
    equity: Column
    reasons: NDArray[np.int8]


class InterpretedTrader:
    """The trading law, bar by bar in plain Python.

    Parameters
    ----------
    config : Config
        The strategy.

    Attributes
    ----------
    state : list of float
        Of the trading law, in the layout of its kernels.
    """

    def __init__(self, config: Config) -> None:
        self.state = [0.0] * STATE_SIZE
        self._params = list(config.vector)
        self._model = model_vector(config)
        self._inputs = len(config.feature_set) if self._model else 0
        self._sources = config.slots
        self._events = [0.0] * (MOST_EVENTS * ROW_SIZE)
        open_books(self.state, self._params)

    def slots(self, f: Sequence[float] | None) -> Sequence[float]:
        """Return what a decision looks at, in the order of the slots, from the asked features of a bar.

        None stands for those of a bar of warm-up, which nothing looks at.
        """
        if f is None:
            return _CONSTANTS
        x = [c if at is None else f[at] for at, c in zip(self._sources, _CONSTANTS, strict=True)]
        if self._model:
            x[0], x[1] = probabilities(self._model, f[: self._inputs], x[REGIME_SLOT])  # type: ignore[arg-type]
        return x

    def bar(self, candle: Sequence[float], x: Sequence[float], ready: bool, last: bool) -> tuple[float, int]:
        """Trade one bar and return its equity and reason; `candle` is open, high, low, close."""
        self.state[EVENTS] = 0.0
        return trade_bar(self.state, self._params, self._events, *candle, *x, ready, last)  # type: ignore[call-arg, arg-type]

    def candidate(self, x: Sequence[float]) -> tuple[float, float]:
        """Return side and confidence of the last bar's candidate, given the slots it decided on.

        Asked after the bar: of the state it reads only which side was held last, for a tie; a fill at this close that
        changed it was of the candidate's own side.
        """
        first, second, _, regime, zone, quality, _, higher, lower, *_ = x
        side, _, confidence = candidate(
            self.state, self._params, first, second, regime, zone, quality, higher, lower
        )
        return side, confidence

    def finish(self, close: float) -> float:
        """Liquidate what is open at the last close, and return the final equity."""
        self.state[EVENTS] = 0.0
        return close_books(self.state, self._params, self._events, close)

    def rows(self) -> list[list[float]]:
        """Return the fills of the last bar."""
        return [self._events[i * ROW_SIZE : (i + 1) * ROW_SIZE] for i in range(int(self.state[EVENTS]))]


def trading_law() -> str:
    """Digest the code of the trading law, as of this Python version; the features have a digest of their own."""
    return digest([law_digest(function) for function in (open_books, trade_bar, probabilities)])


def trade_interpreted(candles: Candles, config: Config, path: FeaturePath) -> Books:
    """Run bar by bar in plain Python; `path` gives the features as of each bar that decides."""
    bars = len(candles)
    trader = InterpretedTrader(config)
    ledger: list[list[float]] = []
    equity: list[float] = []
    reasons: list[int] = []
    columns = (candles.open, candles.high, candles.low, candles.close)
    candles_in_turn = zip(*(column.tolist() for column in columns), strict=True)
    for t, candle in enumerate(each_bar(candles_in_turn, bars)):
        ready = t >= config.ready
        x = trader.slots(path.at(t).values_tuple if ready else None)
        value, reason = trader.bar(candle, x, ready, t + 1 == bars)
        ledger.extend(trader.rows())
        equity.append(value)
        reasons.append(reason)
    equity.append(trader.finish(candles.close.item(bars - 1)))
    ledger.extend(trader.rows())
    rows = np.array(ledger).reshape(len(ledger), ROW_SIZE)
    return Books(rows, np.array(equity), np.array(reasons, dtype=np.int8))


def trade_compiled(candles: Candles, config: Config, counters: Counters) -> Books:
    """Run features, decisions and fills of the whole series in compiled passes, block by block."""
    program = BlockProgram(bound(config.asked_features.graph, candles), source_columns(candles))
    trader = CompiledTrader(candles, config)
    while (block := program.run()) is not None:
        trader.trade(*block)
    counters.compiled_calls += 1
    counters.bars += len(candles)
    return trader.finish()


class CompiledTrader:
    """The compiled trading loop over a series, block by block.

    Parameters
    ----------
    candles : Candles
        The series.
    config : Config
        The strategy.
    """

    def __init__(self, candles: Candles, config: Config) -> None:
        bars = len(candles)
        self._candles = candles
        self._ready = config.ready
        self._params = np.array(config.vector)
        self._model = ModelColumns(config) if config.model is not None else None
        self._sources = config.slots
        self._strides = np.array([at is not None for at in self._sources], dtype=np.int64)
        if self._model is not None:
            self._strides[:2] = 1
        self._state = np.zeros(STATE_SIZE)
        self._equity = np.empty(bars + 1)
        self._reasons = np.empty(bars, dtype=np.int8)
        self._page = np.empty((min(bars, BLOCK) // 8 + 2 * MOST_EVENTS) * ROW_SIZE)
        self._pages: list[Column] = []
        self._trade = compiled_trade()
        open_books(self._state, self._params)

    def trade(self, begin: int, end: int, columns: Sequence[Column]) -> None:
        """Trade the bars `begin` to `end`, given the columns of the asked features for these bars."""
        candles, bars = self._candles, len(self._candles)
        prices = tuple(c[begin:end] for c in (candles.open, candles.high, candles.low, candles.close))
        x = [CONSTANT_COLUMNS[i] if at is None else columns[at] for i, at in enumerate(self._sources)]
        if self._model is not None:
            x[0], x[1] = self._model.columns(
                columns, x[REGIME_SLOT], int(self._strides[REGIME_SLOT]), end - begin
            )
        equity, reasons = self._equity[begin:end], self._reasons[begin:end]
        at = 0
        while at < end - begin:
            self._state[EVENTS] = 0.0
            at = self._trade(
                self._state,
                self._params,
                prices,
                tuple(x),
                self._strides,
                self._ready,
                begin,
                bars,
                at,
                end - begin,
                equity,
                reasons,
                self._page,
            )
            self._keep()

    def finish(self) -> Books:
        """Liquidate what is open at the last close, and return the books."""
        self._state[EVENTS] = 0.0
        close = self._candles.close.item(-1)
        self._equity[-1] = close_books(self._state, self._params, self._page, close)
        self._keep()
        return Books(np.concatenate(self._pages).reshape(-1, ROW_SIZE), self._equity, self._reasons)

    def _keep(self) -> None:
        self._pages.append(self._page[: int(self._state[EVENTS]) * ROW_SIZE].copy())
