"""The loop over the bars, interpreted and compiled: two ways to call the same trading law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genesis_core.candles import Candles
from genesis_core.compiler.run import compiled_trade
from genesis_core.features import FeatureSet, compute_columns
from genesis_core.features.paths import Counters, FeaturePath
from genesis_core.kernels.trading.bar import trade_bar
from genesis_core.kernels.trading.books import close_books, open_books
from genesis_core.kernels.trading.layout import EVENTS, MOST_EVENTS, ROW_SIZE, STATE_SIZE
from genesis_core.strategy.config import CONTEXT


@dataclass(frozen=True)
class Books:
    """What the loop leaves.

    Attributes
    ----------
    ledger : list of list of float
        Rows in the layout of the trading kernels.
    equity : ndarray
        n + 1 points.
    reasons : ndarray
        Reason code of each bar, int8.
    """

    ledger: list[list[float]]
    equity: NDArray[np.float64]
    reasons: NDArray[np.int8]


def trade_interpreted(
    candles: Candles, features: FeatureSet, ready: int, params: list[float], path: FeaturePath
) -> Books:
    """Run bar by bar in plain Python; `path` gives the features as of each bar from `ready` on."""
    bars = len(candles)
    s = [0.0] * STATE_SIZE
    events = [0.0] * (MOST_EVENTS * ROW_SIZE)
    open_books(s, params)
    regime_at, quality_at = (features.names.index(name) for name in CONTEXT)
    no_features = [0.0] * len(features)
    ledger: list[list[float]] = []
    equity: list[float] = []
    reasons: list[int] = []
    for t, (open_, close) in enumerate(zip(candles.open.tolist(), candles.close.tolist(), strict=True)):
        f = list(path.at(t).values_tuple) if t >= ready else no_features
        value, reason = trade_bar(
            s, params, f, events, f[regime_at], f[quality_at], open_, close, t >= ready, t + 1 == bars
        )
        ledger.extend(_rows(events, int(s[EVENTS])))
        equity.append(value)
        reasons.append(reason)
    equity.append(close_books(s, params, events, candles.close.item(bars - 1)))
    ledger.extend(_rows(events, int(s[EVENTS])))
    return Books(ledger, np.array(equity), np.array(reasons, dtype=np.int8))


def trade_compiled(
    candles: Candles, features: FeatureSet, ready: int, params: list[float], counters: Counters
) -> Books:
    """Run features, decisions and fills of the whole series in compiled passes."""
    bars = len(candles)
    columns = dict(zip(features.names, compute_columns(candles, features.graph), strict=True))
    rows = np.column_stack(list(columns.values()))
    rows.flags.writeable = False
    p = np.array(params)
    s = np.zeros(STATE_SIZE)
    events = np.zeros(MOST_EVENTS * ROW_SIZE)
    open_books(s, p)
    equity = np.empty(bars + 1)
    reasons = np.empty(bars, dtype=np.int8)
    page = np.empty((max(64, bars // 16), ROW_SIZE))
    context = tuple(columns[name] for name in CONTEXT)
    trade = compiled_trade()
    ledger: list[list[float]] = []
    t = 0
    while t < bars:
        t, written = trade(
            s, p, rows, context, candles.open, candles.close, ready, t, equity, reasons, events, page
        )
        ledger.extend(page[:written].tolist())
    equity[bars] = close_books(s, p, events, candles.close.item(bars - 1))
    ledger.extend(_rows(events.tolist(), int(s[EVENTS])))
    counters.compiled_calls += 1
    counters.bars += bars
    return Books(ledger, equity, reasons)


def _rows(events: list[float], count: int) -> list[list[float]]:
    return [events[i * ROW_SIZE : (i + 1) * ROW_SIZE] for i in range(count)]
