"""Strategies that the tests of live streams share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from genesis_core import (
    Candle,
    Candles,
    Config,
    Decide,
    Kernel,
    Param,
    Vector,
    indicator,
    make_path,
)
from genesis_core.backtesting import Result
from genesis_core.backtesting.stream import Stream
from genesis_core.backtesting.update import Update
from tests.oracles.bars import HOUR_MS


def cross(s: Vector, p: Vector, fast: float, slow: float, rsi: float) -> tuple[float, float, float]:
    above = 1.0 if fast > slow else -1.0
    before = s[0]
    s[0] = above
    if above > 0.0 and before < 0.0 and rsi < p[0]:
        return 1.0, 0.8, 0.0
    if above < 0.0 and before > 0.0:
        return 0.0, 0.0, 1.0
    return 0.0, 0.0, 0.0


def in_code(step: Any, **tables: Mapping[str, Any]) -> Config:
    outputs = ("side", "confidence", "exit")
    kernel = Kernel(
        "cross",
        step,
        ("fast", "slow", "rsi"),
        (Param("most", 0.0, 100.0),),
        outputs,
        (0.0, 0.0, 0.0),
        state=lambda p: 1,
    )
    features = [
        indicator("fast", "ema", "close", n=5),
        indicator("slow", "ema", "close", n=13),
        indicator("rsi", "rsi", "close", n=7),
    ]
    return Config.from_code(features, Decide(kernel, ("fast", "slow", "rsi"), {"most": 80.0}), **tables)


EAGER: dict[str, Any] = {
    "decision": {"threshold": 0.2, "confidence": 0.1, "edge": 0.01, "hysteresis": 1, "cooldown_bars": 1}
}
GATES: dict[str, Any] = {
    "decision": {
        **EAGER["decision"],
        "higher_fib": {"missing": "pass", "within_atr": 3.0},
        "lower_fib": {"missing": "pass", "within_atr": 3.0},
        "size": [[0.1, 0.1], [0.55, 0.2], [0.7, 0.4]],
        "regime_size": {"bear": 0.5},
        "zone_thresholds": {"high": {"long": 0.4}},
    }
}
EXITS: dict[str, Any] = {
    **EAGER,
    "higher": {"timeframe": "4h", "depth": 2},
    "exits": {
        "stop": 1.5,
        "target": 4.0,
        "trailing": 2.5,
        "partials": [0.4, 0.3],
        "max_bars": 25,
        "confidence_below": 0.15,
        "regime_flip": True,
    },
}
STRATEGIES = {
    "default": Config.default(),
    "eager": Config.default().updated(EAGER),
    "gates": Config.default().updated(GATES),
    "exits": Config.default().updated(EXITS),
    "exits on close": Config.default().updated({**EXITS, "exits": {**EXITS["exits"], "test": "close"}}),
    "fills at close": Config.default().updated({**EXITS, "execution": {"fill": "close"}}),
    "code": in_code(cross, decision={"size": 1.5, "size_unit": "units"}, exits={"stop": 2.0}),
}


def new(config: Config | None, candles: Candles, gaps: str = "keep") -> Stream:
    return Stream(config, symbol=candles.symbol, timeframe=candles.timeframe, gaps=gaps)


def hexed(value: Any) -> str:
    """Write a record so that equal texts are equal bits."""
    return repr(value)


def assert_parity(updates: list[Update], candles: Candles, result: Result, config: Config) -> None:
    """Compare every bar with the backtest; its last bar is the last one, and no live bar is."""
    vectors = make_path("precomputed", candles, config.asked_features)
    fills = [fill for fill in result.ledger if fill.reason != "final_close"]
    assert len(updates) == len(candles)
    for t, update in enumerate(updates):
        expected = vectors.at(t)
        assert update.features == expected
        assert update.features.bar == update.bar == t
        assert update.timestamp == candles[t].timestamp
        assert update.equity.hex() == result.equity.item(t).hex()
        dropped = t + 1 == len(candles) and result.reason(t) == "NO_NEXT_BAR"
        assert update.reason == ("ENTRY" if dropped else result.reason(t))
    assert hexed([fill for update in updates for fill in update.fills]) == hexed(fills)
    by_bar = {trade.decided: trade for trade in result.trades}
    for update in updates:
        trade = by_bar.get(update.bar)
        assert (update.size is not None) == (update.reason == "ENTRY")
        if trade is None:
            continue
        assert update.reason == "ENTRY"
        assert (update.side, update.confidence.hex()) == (trade.side, trade.confidence.hex())
        assert update.size is not None
        price = trade.entry_price
        assert (
            trade.units.hex() == (update.size if update.size_unit == "units" else update.size / price).hex()
        )
    # What is said to be pending is what the next bar does, at its open.
    at_open = [{f.kind: f for f in u.fills if f.decided == u.bar - 1} for u in updates]
    for update, opened in zip(updates, at_open[1:], strict=False):
        order = update.order
        if order is None:
            assert not opened
            continue
        assert set(opened) >= ({"entry"} if order.entry else set())
        if order.entry:
            assert (opened["entry"].side, order.size) == (order.entry, update.size)
        if order.exit:
            assert opened["exit"].reason == order.exit
        assert ("partial" in opened) <= (order.partials > 0)
    for update, before in zip(updates[1:], updates, strict=False):
        held = before.position.units if before.position else 0.0
        for fill in update.fills:
            held = fill.units if fill.kind == "entry" else 0.0 if fill.kind == "exit" else held - fill.units
        assert held.hex() == (update.position.units if update.position else 0.0).hex()


series = st.tuples(st.integers(0, 10_000), st.integers(90, 160), st.integers(0, 6))


# ---------------------------------------------------------------- candles


GOOD = {"open": 100.0, "high": 103.0, "low": 99.0, "close": 101.0, "volume": 5.0}
START = 1_700_000_000_000 // HOUR_MS * HOUR_MS


def candle_at(hour: int, **changed: Any) -> Candle:
    return Candle(**({"timestamp": START + hour * HOUR_MS} | GOOD | changed))
