"""The compiled run: the trading law over all bars in one loop, the model over whole columns, the figures."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from genesis_core.compiler.jit import compile_law
from genesis_core.kernels.trading.bar import mark, quiet, trade_bar
from genesis_core.kernels.trading.books import close_books, open_books
from genesis_core.kernels.trading.layout import EVENTS, INITIAL, MOST_EVENTS, ROW_SIZE
from genesis_core.kernels.trading.metrics import summarize
from genesis_core.kernels.trading.model import add_column, add_five_columns, finish_columns
from genesis_core.kernels.trading.reasons import NO_SIGNAL

PRICE_COLUMNS = 4
INPUT_COLUMNS = 13


def _trade(s, p, prices, x, strides, ready, begin, bars, at, block, equity, reasons, ledger):  # type: ignore[no-untyped-def]
    """Trade a block from its bar `at` until its end or until the ledger could be full; return the bar reached."""
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
        ``trade(s, p, prices, x, strides, ready, begin, bars, at, block, equity, reasons, ledger)`` for a block of
        that many bars, of which the first is `begin` of `bars`. `prices` are the columns open, high, low, close; `x`
        those of :data:`genesis_core.strategy.inputs.SLOTS`, each with stride 1, or a single constant with stride 0;
        `ledger` is a flat run of rows.
    """
    import numba

    count = numba.int64
    signature = count(*_account(numba), *[count] * 5, *_books(numba))
    return compile_law(_trade, signature)


def _sweep(s, p, prices, x, strides, ready, bars, bars_a_year, equity, reasons, ledger, out):  # type: ignore[no-untyped-def]
    """Run a whole series and sum it up; return the rows of its ledger, or -1 if that has not enough room."""
    for i in range(len(s)):
        s[i] = 0.0
    for i in range(len(out)):
        out[i] = 0.0
    open_books(s, p)
    if _trade(s, p, prices, x, strides, ready, 0, bars, 0, bars, equity, reasons, ledger) < bars:
        return -1
    if int(s[EVENTS]) * ROW_SIZE > len(ledger) - MOST_EVENTS * ROW_SIZE:
        return -1
    equity[bars] = close_books(s, p, ledger, prices[3][bars - 1])
    rows = int(s[EVENTS])
    summarize(equity, bars + 1, ledger, rows, p[INITIAL], bars_a_year, out)
    return rows


@lru_cache(maxsize=1)
def compiled_sweep() -> Callable[..., int]:
    """Compile a whole run with its figures, or load it.

    Returns
    -------
    callable
        ``sweep(s, p, prices, x, strides, ready, bars, bars_a_year, equity, reasons, ledger, out)``: one call for one
        parameter set; `equity` has ``bars + 1`` points.
    """
    import numba

    count = numba.int64
    signature = count(*_account(numba), count, count, numba.float64, *_books(numba), numba.float64[::1])
    return compile_law(_sweep, signature)


def _account(numba: Any) -> tuple[Any, ...]:
    """Return the types of state, parameters, prices, inputs and their strides."""
    column = numba.types.Array(numba.float64, 1, "C", readonly=True)
    return (
        numba.float64[::1],
        column,
        numba.types.UniTuple(column, PRICE_COLUMNS),
        numba.types.UniTuple(column, INPUT_COLUMNS),
        numba.types.Array(numba.int64, 1, "C", readonly=True),
    )


def _books(numba: Any) -> tuple[Any, ...]:
    """Return the types of equity, reasons and ledger."""
    return numba.float64[::1], numba.int8[::1], numba.float64[::1]


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
