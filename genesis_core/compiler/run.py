"""The compiled run: the trading law over all bars in one loop, the model over whole columns, the figures."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from genesis_core.compiler.jit import compile_law
from genesis_core.kernels.trading.bar import mark, quiet, trade_bar
from genesis_core.kernels.trading.layout import EVENTS, MOST_EVENTS, ROW_SIZE
from genesis_core.kernels.trading.metrics import summarize
from genesis_core.kernels.trading.reasons import NO_SIGNAL
from genesis_core.kernels.trading.model import add_column, add_five_columns, finish_columns

PRICE_COLUMNS = 4
INPUT_COLUMNS = 13


def _trade(s, p, prices, x, strides, ready, begin, bars, at, equity, reasons, ledger):  # type: ignore[no-untyped-def]
    """Trade a block from its bar `at` until its end or until the ledger could be full; return the bar reached."""
    block = len(equity)
    room = len(ledger) - MOST_EVENTS * ROW_SIZE
    t = at
    while t < block and int(s[EVENTS]) * ROW_SIZE <= room:
        while t < block and begin + t >= ready and quiet(s, p, x[0][t * strides[0]], x[2][t * strides[2]]):
            equity[t] = mark(s, prices[3][t])
            reasons[t] = NO_SIGNAL
            t = t + 1
        if t == block:
            return t
        equity[t], reasons[t] = trade_bar(
            s,
            p,
            ledger,
            prices[0][t],
            prices[1][t],
            prices[2][t],
            prices[3][t],
            x[0][t * strides[0]],
            x[1][t * strides[1]],
            x[2][t * strides[2]],
            x[3][t * strides[3]],
            x[4][t * strides[4]],
            x[5][t * strides[5]],
            x[6][t * strides[6]],
            x[7][t * strides[7]],
            x[8][t * strides[8]],
            x[9][t * strides[9]],
            x[10][t * strides[10]],
            x[11][t * strides[11]],
            x[12][t * strides[12]],
            begin + t >= ready,
            begin + t + 1 == bars,
        )
        t = t + 1
    return t


@lru_cache(maxsize=1)
def compiled_trade() -> Callable[..., int]:
    """Compile the trading loop, or load it.

    Returns
    -------
    callable
        ``trade(s, p, prices, x, strides, ready, begin, bars, at, equity, reasons, ledger)`` for a block of bars of
        which the first is `begin` of `bars`. `prices` are the columns open, high, low, close; `x` those of
        :data:`genesis_core.strategy.inputs.SLOTS`, each with stride 1, or a single constant with stride 0; `ledger`
        is a flat run of rows.
    """
    import numba

    vector = numba.float64[::1]
    column = numba.types.Array(numba.float64, 1, "C", readonly=True)
    signature = numba.int64(
        vector,
        column,
        numba.types.UniTuple(column, PRICE_COLUMNS),
        numba.types.UniTuple(column, INPUT_COLUMNS),
        numba.types.Array(numba.int64, 1, "C", readonly=True),
        numba.int64,
        numba.int64,
        numba.int64,
        numba.int64,
        vector,
        numba.int8[::1],
        vector,
    )
    return compile_law(_trade, signature)


@lru_cache(maxsize=1)
def compiled_model() -> tuple[Callable[..., None], Callable[..., None], Callable[..., None]]:
    """Compile the model for whole columns, or load it.

    Returns
    -------
    add, add_five, finish : callable
        ``add_column``, ``add_five_columns`` and ``finish_columns`` of :mod:`genesis_core.kernels.trading.model`.
    """
    import numba

    vector = numba.float64[::1]
    column = numba.types.Array(numba.float64, 1, "C", readonly=True)
    number, count = numba.float64, numba.int64
    return (
        compile_law(add_column, numba.void(vector, number, column, count)),
        compile_law(add_five_columns, numba.void(vector, column, count, *[column] * 5, count)),
        compile_law(finish_columns, numba.void(column, vector, vector, column, count, count)),
    )


@lru_cache(maxsize=1)
def compiled_summarize() -> Callable[..., Any]:
    """Compile the kernel of the metrics, or load it."""
    import numba

    column = numba.types.Array(numba.float64, 1, "C", readonly=True)
    signature = numba.void(
        column, numba.int64, column, numba.int64, numba.float64, numba.float64, numba.float64[::1]
    )
    return compile_law(summarize, signature)
