"""The digest that a single run and a sweep share."""

from __future__ import annotations

import struct
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from genesis_core.backtesting.records import Metrics
from genesis_core.digest import DIGEST_BYTES
from genesis_core.kernels.trading.layout import SUMMARY_SIZE


def summary_digest(rows: NDArray[np.float64], metrics: Metrics, final_equity: float) -> str:
    """Return the digest of a ledger, the figures and the final equity.

    Written out instead of handed to :func:`genesis_core.digest.digest`: a sweep computes it ten thousand times a
    second. A figure that is not defined is told by its flag.
    """
    figures = (
        metrics.total_return,
        metrics.win_rate,
        metrics.profit_factor,
        metrics.max_drawdown,
        metrics.sharpe,
    )
    defined = [figure is not None for figure in figures]
    head = struct.pack(
        "<2q5?6d",
        len(rows),
        metrics.trades,
        *defined,
        *[0.0 if figure is None else figure for figure in figures],
        final_equity,
    )
    sink = blake2b(head, digest_size=DIGEST_BYTES)
    sink.update(np.ascontiguousarray(rows[:, :SUMMARY_SIZE], dtype="<f8").ravel().data)
    return sink.hexdigest()
