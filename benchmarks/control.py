"""The bare control loop: what the EMA/RSI example would cost if somebody wrote only it, and nothing else.

One pass in one function with every value in a register, the three indicators at every bar: no engine code, no reasons,
no ledger, no metrics. It is the yardstick that tells a slow machine from a slow engine: all costs a bar are also stated
as multiples of its cost.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]

FAST, SLOW, RSI = 12, 26, 14
OVERBOUGHT, FEE, CASH = 70.0, 0.001, 1_000_000.0


def bare(o, c, fast_n, slow_n, rsi_n, limit, fee, cash, equity):  # type: ignore[no-untyped-def]
    """Trade one unit on an EMA cross with the RSI as a brake; return the number of trades.

    Decided on the close, filled at the next open, liquidated at the last close. The averages' seeds and Wilder's RSI
    are those of TA-Lib.

    Parameters
    ----------
    o, c : ndarray, shape (n,)
        Opens and closes.
    fast_n, slow_n, rsi_n : int
        Periods; the fast one is the least and the slow one the greatest.
    limit, fee, cash : float
        The RSI that forbids an entry, the share of each fill's worth that it costs, and the money at the start.
    equity : ndarray, shape (n + 1,)
        Is filled: the equity at each close, and after liquidation.
    """
    n = len(c)
    k_fast, k_slow = 2.0 / (fast_n + 1.0), 2.0 / (slow_n + 1.0)
    fast = slow = gain = loss = units = above = 0.0
    wanted = 0.0
    trades = 0
    for t in range(n):
        price = c[t]
        if wanted != units:
            worth = (wanted - units) * o[t]
            cash = cash - worth - abs(worth) * fee
            if wanted == 0.0:
                trades += 1
            units = wanted
        if t < fast_n:
            fast += price / fast_n
        else:
            fast += k_fast * (price - fast)
        if t < slow_n:
            slow += price / slow_n
        else:
            slow += k_slow * (price - slow)
        if t > 0:
            change = price - c[t - 1]
            up = change if change > 0.0 else 0.0
            down = -change if change < 0.0 else 0.0
            if t <= rsi_n:
                gain += up / rsi_n
                loss += down / rsi_n
            else:
                gain = (gain * (rsi_n - 1.0) + up) / rsi_n
                loss = (loss * (rsi_n - 1.0) + down) / rsi_n
        both = gain + loss
        rsi = 100.0 * (gain / both) if both > 0.0 else 50.0
        if t >= slow_n - 1:
            side = 1.0 if fast > slow else -1.0
            if side > 0.0 and above < 0.0:
                if rsi < limit:
                    wanted = 1.0
            elif side < 0.0 and above > 0.0:
                wanted = 0.0
            above = side
        equity[t] = cash + units * price
    equity[n] = equity[n - 1] - units * c[n - 1] * fee
    return trades + int(units)


@lru_cache(maxsize=1)
def compiled_bare() -> Callable[..., Any]:
    """Compile the loop by Numba, with what the engine's own code is compiled with."""
    import numba

    compiled: Callable[..., Any] = numba.njit(error_model="numpy")(bare)
    return compiled


def control(o: Column, c: Column) -> tuple[int, Column]:
    """Run the compiled loop with the example's numbers; return trades and equity."""
    equity = np.empty(len(c) + 1)
    return int(compiled_bare()(o, c, FAST, SLOW, RSI, OVERBOUGHT, FEE, CASH, equity)), equity
