"""Mean and deviation over a sliding window after a million bars, against exact sums."""

from __future__ import annotations

import random

import numpy as np
import pytest

from genesis_core.candles import Candles
from genesis_core.features.columns import compute_columns
from genesis_core.features.graph import Graph, node
from tests.oracles import indicators
from tests.oracles.bars import HOUR_MS, START_MS

BARS = 1_000_000


@pytest.fixture(scope="module")
def candles() -> Candles:
    """A million bars: huge and lively, then small and nearly still, which a running sum does not survive."""
    rng = np.random.default_rng(1)
    lively = 1e8 * (1.0 + 0.05 * rng.random(BARS // 2))
    still = 1.0 + 1e-8 * rng.random(BARS - BARS // 2)
    close = np.concatenate((lively, still))
    return Candles.from_arrays(
        timestamp=START_MS + HOUR_MS * np.arange(BARS),
        open=close,
        high=close,
        low=close,
        close=close,
        volume=np.ones(BARS),
        symbol="tBTCUSD",
        timeframe="1h",
    )


@pytest.mark.parametrize("n", [2, 20, 50, 333])
def test_no_drift(n: int, candles: Candles) -> None:
    window = node("mean_std", "close", n=n)
    wanted = node("sma", "close", n=n).value, window.output("mean"), window.output("std")
    sma, mean, std = compute_columns(candles, Graph.of(wanted))
    close = candles.close.tolist()
    rng = random.Random(n)
    half = BARS // 2
    sample = {n - 1, n, 2 * n - 1, 2 * n, half - 1, *range(half + n - 1, half + 2 * n + 2), BARS - 1}
    sample |= {rng.randrange(n - 1, half) for _ in range(100)}
    sample |= {rng.randrange(half + n, BARS) for _ in range(300)}
    judged = 0
    for t in sorted(sample):
        values = close[t - n + 1 : t + 1]
        exact_mean, exact_std = indicators.sma(values, n)[0][-1], indicators.std(values, n)[0][-1]
        assert abs(sma.item(t) - exact_mean) <= 1e-12 * exact_mean
        assert abs(mean.item(t) - exact_mean) <= 1e-12 * exact_mean
        if exact_std >= 1e-9 * exact_mean:
            judged += 1
            assert abs(std.item(t) - exact_std) <= 1e-10 * exact_std
    assert judged > len(sample) // 2
