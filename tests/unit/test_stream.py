"""Candle by candle, a stream says what the backtest says for that bar, bit for bit."""

from __future__ import annotations

import pytest

from genesis_core import (
    backtest,
    synthetic,
)
from tests.unit.stream_cases import STRATEGIES, assert_parity, new


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_bar_of_a_backtest(name: str) -> None:
    config = STRATEGIES[name]
    candles = synthetic(bars=700)
    result = backtest(candles, config, compiled=True)
    assert len(result.trades) >= (5 if name != "default" else 1)
    stream = new(config, candles)
    updates = [stream.update(candle) for candle in candles]
    assert_parity(updates, candles, result, config)
    kinds = {fill.reason for fill in result.ledger}
    if name == "exits":
        assert kinds >= {"stop", "partial_1"}, "the series does not exercise what this test is for"
    reasons = {update.reason for update in updates}
    if name == "gates":
        assert reasons >= {"HIGHER_FIB", "LOWER_FIB"}


def test_positions_and_orders_are_told() -> None:
    config = STRATEGIES["exits"]
    candles = synthetic(bars=700)
    result = backtest(candles, config, compiled=True)
    stream = new(config, candles)
    updates = [stream.update(candle) for candle in candles]
    trade = next(t for t in result.trades if t.exit_bar > t.entry_bar and not t.partials)
    position = updates[trade.entry_bar].position
    assert position is not None
    assert (position.side, position.entry_price, position.target) == (
        trade.side,
        trade.entry_price,
        trade.target,
    )
    assert position.stop == trade.stop
    assert position.trailing is not None
    order = updates[trade.decided].order
    assert order is not None
    assert (order.entry, order.size) == (trade.side, updates[trade.decided].size)
    assert updates[trade.exit_bar].position is None or updates[trade.exit_bar].fills[-1].kind == "entry"
    exits = [u.order.exit for u in updates if u.order is not None and u.order.exit]
    assert set(exits) & {"regime_flip", "max_hold", "confidence_drop"}


def test_no_live_bar_is_the_last() -> None:
    """Where a backtest drops its last decision, the stream has it pending, and fills it at the next open."""
    config = STRATEGIES["eager"]
    candles = synthetic(bars=700)
    whole = backtest(candles, config, compiled=True)
    cut = next(trade.decided for trade in whole.trades) + 1
    short = backtest(candles[:cut], config, compiled=True)
    assert short.reason(cut - 1) == "NO_NEXT_BAR"
    stream = new(config, candles)
    update = [stream.update(candle) for candle in candles[:cut]][-1]
    assert update.reason == "ENTRY"
    assert update.order is not None
    assert update.position is None
    assert stream.update(candles[cut]).fills[0].kind == "entry"
