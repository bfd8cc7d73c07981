"""The loop over the bars, interpreted and compiled: two ways to call the same trading law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genesis_core.candles import Candles
from genesis_core.compiler.run import compiled_model, compiled_trade
from genesis_core.features import compute_columns
from genesis_core.features.paths import Counters, FeaturePath
from genesis_core.kernels.trading.bar import trade_bar
from genesis_core.kernels.trading.books import close_books, open_books
from genesis_core.kernels.trading.layout import EVENTS, MOST_EVENTS, ROW_SIZE, STATE_SIZE
from genesis_core.kernels.trading.model import WEIGHTS, probabilities
from genesis_core.strategy import Config
from genesis_core.strategy.encode import model_vector, parameter_vector
from genesis_core.strategy.inputs import SLOTS, sources

Column = NDArray[np.float64]
_CONSTANTS = tuple(constant for _, constant in SLOTS)
_REGIME = [name for name, _ in SLOTS].index("regime")


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
        self._params = parameter_vector(config)
        self._model = model_vector(config)
        self._inputs = len(config.feature_set) if self._model else 0
        self._sources = sources(config)
        self._events = [0.0] * (MOST_EVENTS * ROW_SIZE)
        open_books(self.state, self._params)

    def slots(self, f: Sequence[float]) -> list[float]:
        """Return what a decision looks at, in the order of the slots, from the asked features of a bar."""
        x = [c if at is None else f[at] for at, c in zip(self._sources, _CONSTANTS, strict=True)]
        if self._model:
            x[0], x[1] = probabilities(self._model, f[: self._inputs], x[_REGIME])  # type: ignore[arg-type]
        return x

    def bar(self, candle: Sequence[float], x: Sequence[float], ready: bool, last: bool) -> tuple[float, int]:
        """Trade one bar and return its equity and reason; `candle` is open, high, low, close."""
        self.state[EVENTS] = 0.0
        return trade_bar(self.state, self._params, self._events, *candle, *x, ready, last)  # type: ignore[misc, arg-type]

    def finish(self, close: float) -> float:
        """Liquidate what is open at the last close, and return the final equity."""
        self.state[EVENTS] = 0.0
        return close_books(self.state, self._params, self._events, close)

    def rows(self) -> list[list[float]]:
        """Return the fills of the last bar."""
        return [self._events[i * ROW_SIZE : (i + 1) * ROW_SIZE] for i in range(int(self.state[EVENTS]))]


def trade_interpreted(candles: Candles, config: Config, path: FeaturePath) -> Books:
    """Run bar by bar in plain Python; `path` gives the features as of each bar that decides."""
    bars = len(candles)
    trader = InterpretedTrader(config)
    ledger: list[list[float]] = []
    equity: list[float] = []
    reasons: list[int] = []
    columns = (candles.open, candles.high, candles.low, candles.close)
    for t, candle in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        ready = t >= config.ready
        x = trader.slots(path.at(t).values_tuple) if ready else _CONSTANTS
        value, reason = trader.bar(candle, x, ready, t + 1 == bars)
        ledger.extend(trader.rows())
        equity.append(value)
        reasons.append(reason)
    equity.append(trader.finish(candles.close.item(bars - 1)))
    ledger.extend(trader.rows())
    rows = np.array(ledger).reshape(len(ledger), ROW_SIZE)
    return Books(rows, np.array(equity), np.array(reasons, dtype=np.int8))


def trade_compiled(candles: Candles, config: Config, counters: Counters) -> Books:
    """Run features, decisions and fills of the whole series in compiled passes."""
    columns = compute_columns(candles, config.asked_features.graph)
    counters.compiled_calls += 1
    counters.bars += len(candles)
    return trade_columns(candles, config, slot_columns(config, columns, len(candles)))


def slot_columns(config: Config, columns: Sequence[Column], bars: int) -> tuple[Column, ...]:
    """Return the columns a decision looks at, in the order of the slots, from those of the asked features."""
    constants: dict[float, Column] = {}
    x = []
    for at, constant in zip(sources(config), _CONSTANTS, strict=True):
        if at is None and constant not in constants:
            constants[constant] = np.full(bars, constant)
        x.append(constants[constant] if at is None else columns[at])
    if config.model is not None:
        x[0], x[1] = _model_columns(config, columns, x[_REGIME], bars)
    return tuple(x)


def trade_columns(candles: Candles, config: Config, x: tuple[Column, ...]) -> Books:
    """Trade the whole series by the compiled loop, given the columns of the slots."""
    bars = len(candles)
    p = np.array(parameter_vector(config))
    s = np.zeros(STATE_SIZE)
    open_books(s, p)
    equity = np.empty(bars + 1)
    reasons = np.empty(bars, dtype=np.int8)
    page = np.empty((bars // 8 + 2 * MOST_EVENTS) * ROW_SIZE)
    prices = (candles.open, candles.high, candles.low, candles.close)
    trade = compiled_trade()
    pages = []
    t = 0
    while t < bars:
        s[EVENTS] = 0.0
        t = trade(s, p, prices, x, config.ready, t, equity, reasons, page)
        pages.append(page[: int(s[EVENTS]) * ROW_SIZE].copy())
    s[EVENTS] = 0.0
    equity[bars] = close_books(s, p, page, candles.close.item(bars - 1))
    pages.append(page[: int(s[EVENTS]) * ROW_SIZE].copy())
    return Books(np.concatenate(pages).reshape(-1, ROW_SIZE), equity, reasons)


def _model_columns(config: Config, columns: Sequence[Column], regime: Column, bars: int) -> tuple[Column, Column]:
    m = np.array(model_vector(config))
    add, finish = compiled_model()
    inputs = len(config.feature_set)
    scores = []
    for at in (WEIGHTS, WEIGHTS + 1 + inputs):
        z = np.full(bars, m[at])
        for i in range(inputs):
            add(z, m[at + 1 + i], columns[i], bars)
        scores.append(z)
    buy, sell = scores
    finish(m, buy, sell, regime, bars)
    return buy, sell
