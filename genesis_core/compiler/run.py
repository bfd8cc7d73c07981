"""The compiled run: the trading law over all bars in one loop, the model over whole columns, the figures."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from genesis_core.compiler.jit import compile_law
from genesis_core.kernels.trading.bar import trade_bar
from genesis_core.kernels.trading.layout import EVENTS, MOST_EVENTS, ROW_SIZE
from genesis_core.kernels.trading.metrics import summarize
from genesis_core.kernels.trading.model import add_column, finish_columns

CANDLE_COLUMNS = 4
INPUT_COLUMNS = 13


def _trade(s, p, candles, x, ready, begin, equity, reasons, ledger):  # type: ignore[no-untyped-def]
    """Trade from bar `begin` until the end or until the ledger could be full; return the bar reached."""
    bars = len(candles[0])
    room = len(ledger) - MOST_EVENTS * ROW_SIZE
    t = begin
    while t < bars and int(s[EVENTS]) * ROW_SIZE <= room:
        equity[t], reasons[t] = trade_bar(
            s,
            p,
            ledger,
            candles[0][t],
            candles[1][t],
            candles[2][t],
            candles[3][t],
            x[0][t],
            x[1][t],
            x[2][t],
            x[3][t],
            x[4][t],
            x[5][t],
            x[6][t],
            x[7][t],
            x[8][t],
            x[9][t],
            x[10][t],
            x[11][t],
            x[12][t],
            t >= ready,
            t + 1 == bars,
        )
        t = t + 1
    return t


@lru_cache(maxsize=1)
def compiled_trade() -> Callable[..., int]:
    """Compile the trading loop, or load it.

    Returns
    -------
    callable
        ``trade(s, p, candles, x, ready, begin, equity, reasons, ledger)``; `candles` are the columns open, high, low,
        close, `x` those of :data:`genesis_core.strategy.inputs.SLOTS`, `ledger` a flat run of rows.
    """
    import numba

    vector = numba.float64[::1]
    column = numba.types.Array(numba.float64, 1, "C", readonly=True)
    signature = numba.int64(
        vector,
        column,
        numba.types.UniTuple(column, CANDLE_COLUMNS),
        numba.types.UniTuple(column, INPUT_COLUMNS),
        numba.int64,
        numba.int64,
        vector,
        numba.int8[::1],
        vector,
    )
    return compile_law(_trade, signature)


@lru_cache(maxsize=1)
def compiled_model() -> tuple[Callable[..., None], Callable[..., None]]:
    """Compile the model for whole columns, or load it.

    Returns
    -------
    add, finish : callable
        See :func:`~genesis_core.kernels.trading.model.add_column` and ``finish_columns``.
    """
    import numba

    vector = numba.float64[::1]
    column = numba.types.Array(numba.float64, 1, "C", readonly=True)
    add = compile_law(add_column, numba.void(vector, numba.float64, column, numba.int64))
    finish = compile_law(finish_columns, numba.void(column, vector, vector, column, numba.int64))
    return add, finish


@lru_cache(maxsize=1)
def compiled_summarize() -> Callable[..., Any]:
    """Compile the kernel of the metrics, or load it."""
    import numba

    column = numba.types.Array(numba.float64, 1, "C", readonly=True)
    signature = numba.void(
        column, numba.int64, column, numba.int64, numba.float64, numba.float64, numba.float64[::1]
    )
    return compile_law(summarize, signature)
