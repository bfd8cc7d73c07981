"""The live path says what the backtest says on every bar of the real series, through saves and restores."""

from __future__ import annotations

from typing import Any

import pytest

from genesis_core import Candles, Config, backtest, run_features
from genesis_core.backtesting.stream import Stream
from tests.equality.series import FULL, Sizes

GATES_AND_EXITS: dict[str, Any] = {
    "decision": {
        "threshold": 0.3,
        "confidence": 0.2,
        "edge": 0.05,
        "higher_fib": {"missing": "pass"},
        "lower_fib": {"missing": "block", "within_atr": 3.0},
        "size": [[0.2, 0.1], [0.6, 0.2]],
    },
    "exits": {
        "stop": 2.0,
        "target": 4.0,
        "trailing": 3.0,
        "partials": [0.4, 0.3],
        "max_bars": 30,
        "confidence_below": 0.2,
        "regime_flip": True,
    },
}
STRATEGIES = {"default": Config.default(), "gates and exits": Config.default().updated(GATES_AND_EXITS)}
SAVES = 20
"""How often the stream is saved and restored on its way."""


@pytest.fixture(scope="module")
def followed(whole: Candles, sizes: Sizes) -> Candles:
    """All of the real series at full size; else a stretch of it that has a hole."""
    return whole if sizes == FULL else whole[12_600:14_600]


@pytest.mark.parametrize("name", STRATEGIES)
def test_stream_is_the_backtest(followed: Candles, name: str) -> None:
    config = STRATEGIES[name]
    bars = len(followed)
    assert (followed.elapsed > 1.0).any()
    result = backtest(followed, config, compiled=True)
    vectors = run_features("precomputed", followed, feature_set=config.asked_features).vectors
    stream = Stream(config, symbol=followed.symbol, timeframe=followed.timeframe, gaps="keep")
    fills = []
    for t, (candle, expected, equity) in enumerate(
        zip(followed, vectors, result.equity.tolist(), strict=False)
    ):
        if t % (bars // SAVES) == bars // SAVES // 2:
            stream = Stream.restore(config, stream.save())
        update = stream.update(candle)
        assert (update.bar, update.features) == (t, expected)
        assert update.equity.hex() == equity.hex()
        if t + 1 < bars:
            assert update.reason == result.reason(t)
        fills.extend(update.fills)
    expected_fills = [fill for fill in result.ledger if fill.reason != "final_close"]
    assert repr(fills) == repr(expected_fills)  # equal texts of floats are equal bits
    assert len(fills) > bars // 200
    assert stream.bars == bars
