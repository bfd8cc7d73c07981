"""The compiled run: the trading law over all bars in one loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from genesis_core.compiler.jit import compile_law
from genesis_core.kernels.trading.bar import trade_bar
from genesis_core.kernels.trading.layout import EVENTS, MOST_EVENTS, ROW_SIZE
from genesis_core.kernels.trading.metrics import summarize


def _trade(s, p, rows, context, open_, close, ready, begin, equity, reasons, events, ledger):  # type: ignore[no-untyped-def]
    """Trade from bar `begin` until the end or until the ledger is full; return the bar reached and the rows written."""
    written = 0
    t = begin
    while t < len(close) and written + MOST_EVENTS <= len(ledger):
        equity[t], reasons[t] = trade_bar(
            s,
            p,
            rows[t],
            events,
            context[0][t],
            context[1][t],
            open_[t],
            close[t],
            t >= ready,
            t + 1 == len(close),
        )
        for i in range(int(s[EVENTS])):
            for j in range(ROW_SIZE):
                ledger[written, j] = events[i * ROW_SIZE + j]
            written = written + 1
        t = t + 1
    return t, written


@lru_cache(maxsize=1)
def compiled_trade() -> Callable[..., tuple[int, int]]:
    """Compile the trading loop, or load it.

    Returns
    -------
    callable
        ``trade(s, p, rows, context, open, close, ready, begin, equity, reasons, events, ledger)``; `rows` holds
        the model's inputs, one row a bar, `context` the columns of regime and data quality.
    """
    import numba

    vector = numba.float64[::1]
    column = numba.types.Array(numba.float64, 1, "C", readonly=True)
    signature = numba.types.UniTuple(numba.int64, 2)(
        vector,
        vector,
        numba.types.Array(numba.float64, 2, "C", readonly=True),
        numba.types.UniTuple(column, 2),
        column,
        column,
        numba.int64,
        numba.int64,
        vector,
        numba.int8[::1],
        vector,
        numba.float64[:, ::1],
    )
    return compile_law(_trade, signature)


@lru_cache(maxsize=1)
def compiled_summarize() -> Callable[..., Any]:
    """Compile the kernel of the metrics, or load it."""
    import numba

    column = numba.types.Array(numba.float64, 1, "C", readonly=True)
    signature = numba.void(
        column, numba.int64, column, numba.int64, numba.float64, numba.float64, numba.float64[::1]
    )
    return compile_law(summarize, signature)
