"""The candles of trial runs: a little of every kind of market."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import repeat

from genesis_core.candles import Candles

SPAN = 45
"""Bars of each kind of market in the sample."""

Column = Sequence[float]


@cache
def sample() -> Candles:
    """Return the sample candles: valid ones, the same on every machine."""
    noise, irregular = 1, []
    for _ in range(SPAN):
        noise = (noise * 1103515245 + 12345) % 2**31
        irregular.append(50.0 + (noise >> 16) % 100)
    markets = [
        list(repeat(100.0, SPAN)),
        [100.0 + t for t in range(SPAN)],
        [150.0 - 2.0 * t for t in range(SPAN)],
        [90.0 + 20.0 * (t % 2) for t in range(SPAN)],
        irregular,
        [7e29 - 2e29 * (t % 2) for t in range(SPAN)],
        [2e-30 + 2e-30 * (t % 3) for t in range(SPAN)],
        list(repeat(1.0, SPAN)),
    ]
    close = [price for market in markets for price in market]
    # No volume in the flat markets, and none at times in the others.
    volume = [
        1e30 if price > 1e6 else 1e-30 if price < 1e-6 else float(t % 7) if SPAN <= t < 7 * SPAN else 0.0
        for t, price in enumerate(close)
    ]
    open_ = [close[0], *close[:-1]]
    wick = [1.25 if t % 3 == 0 and SPAN <= t < 7 * SPAN else 1.0 for t in range(len(close))]
    hour = 3_600_000
    gaps = [0 if t < 100 else 7 for t in range(len(close))]
    return Candles.from_arrays(
        timestamp=[1_600_000_000_000 // hour * hour + (t + gap) * hour for t, gap in enumerate(gaps)],
        open=open_,
        high=[max(pair) * out for *pair, out in zip(open_, close, wick, strict=True)],
        low=[min(pair) / out for *pair, out in zip(open_, close, wick, strict=True)],
        close=close,
        volume=volume,
        symbol="sample",
        timeframe="1h",
        gaps="keep",
    )


@cache
def sample_column(name: str) -> Column:
    """Return a column of the sample candles as plain floats.

    Parameters
    ----------
    name : str
        A name of :data:`~genesis_core.features.nodes.SOURCES`.
    """
    return tuple(getattr(sample(), name).tolist())
