"""Accounting: what must hold of every run, whatever the candles and the strategy."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core import CandleError, Candles, Config, ConfigError, Result, Trade, backtest
from tests.oracles.bars import adversarial, random_walk, whole_dollars
from tests.oracles.engine import candles_of

FEATURES = ("rsi_inv_lag1", "bb_position_inv_ma3")
WARMUP = 21


class Case(NamedTuple):
    """A series and a strategy, as hypothesis prints them."""

    kind: str
    seed: int
    n: int
    values: dict[str, Any]

    @property
    def candles(self) -> Candles:
        if self.kind == "walk":
            return candles_of(random_walk(self.seed, self.n, step=0.02))
        if self.kind == "dollars":
            return candles_of(whole_dollars(self.seed, self.n, start=30))
        return candles_of(adversarial(max(self.n, 24))[self.kind])

    @property
    def config(self) -> Config:
        return config_of(**self.values)

    def run(self, **values: Any) -> Result:
        return backtest(self.candles, config_of(**{**self.values, **values}), compiled=True)


def config_of(weight: float = 4.0, **values: Any) -> Config:
    """Return a strategy that changes sides often: buy what fell, sell what rose."""
    execution = ("initial_equity", "fill", "fee", "slippage")

    def side(sign: float) -> dict[str, Any]:
        return {
            "bias": -sign * weight / 2.0,
            "weights": dict(zip(FEATURES, (-sign, sign * weight), strict=True)),
        }

    return Config.from_dict(
        {
            "features": {name: {} for name in FEATURES},
            "model": {"buy": side(1.0), "sell": side(-1.0)},
            "decision": {k: v for k, v in values.items() if k not in execution},
            "execution": {k: v for k, v in values.items() if k in execution},
        }
    )


cases = st.builds(
    Case,
    st.sampled_from(("walk", "walk", "dollars", "dollars", *sorted(adversarial()))),
    st.integers(0, 10_000),
    st.integers(WARMUP + 1, 160),
    st.fixed_dictionaries(
        {
            "weight": st.sampled_from((1.0, 4.0, 9.0)),
            "threshold": st.sampled_from((0.0, 0.5, 0.6)),
            "edge": st.sampled_from((0.0, 0.2)),
            "confidence": st.just(0.0),
            "side": st.sampled_from(("both", "both", "long", "short")),
            "hysteresis": st.integers(0, 3),
            "cooldown_bars": st.integers(0, 6),
            "size": st.sampled_from((0.1, 0.5, 1.0)),
            "fill": st.sampled_from(("next_open", "close")),
            "fee": st.sampled_from((0.0, 0.002, 0.03)),
            "slippage": st.sampled_from((0.0, 0.0005, 0.01)),
            "initial_equity": st.sampled_from((10_000.0, 0.1)),
        }
    ),
)
by_property = settings(max_examples=120, deadline=None, derandomize=True, database=None)

BUSY = Case("walk", 1, 160, {"threshold": 0.5, "edge": 0.0, "hysteresis": 0, "cooldown_bars": 0})


def test_the_strategy_is_busy_enough_for_these_tests() -> None:
    trades = BUSY.run().trades
    assert len(trades) > 10
    assert {trade.side for trade in trades} == {"long", "short"}
    assert {trade.exit_reason for trade in trades} == {"reversal", "final_close"}


@given(case=cases)
@by_property
def test_cash_is_the_running_sum_of_the_ledger_to_the_bit(case: Case) -> None:
    result = case.run()
    cash = case.values["initial_equity"]
    for row in result.ledger:
        cash = cash + row.cash_flow
    assert result.equity.item(-1).hex() == cash.hex()


@given(case=cases)
@by_property
def test_what_was_earned_is_the_sum_of_the_trades(case: Case) -> None:
    result = case.run()
    initial = case.values["initial_equity"]
    flows = sum(abs(row.cash_flow) for row in result.ledger)
    earned = math.fsum(trade.net_pnl for trade in result.trades)
    assert abs(result.equity.item(-1) - initial - earned) <= 1e-9 * max(initial, flows)
    for trade in result.trades:
        sign = 1.0 if trade.side == "long" else -1.0
        gross = sign * trade.units * (trade.exit_price - trade.entry_price)
        assert trade.gross_pnl == pytest.approx(gross, rel=1e-12)
        assert trade.net_pnl == trade.gross_pnl - trade.entry_fee - trade.exit_fee


@given(case=cases)
@by_property
def test_each_ledger_row_adds_up(case: Case) -> None:
    fee = case.values["fee"]
    for row in case.run().ledger:
        buys = (row.side == "long") == (row.kind == "entry")
        value = row.units * row.price
        assert row.units > 0.0
        assert row.fee == pytest.approx(value * fee, rel=1e-12)
        assert row.cash_flow == pytest.approx(-value - row.fee if buys else value - row.fee, rel=1e-12)


@given(case=cases)
@by_property
def test_a_fill_is_a_price_of_its_bar_moved_against_us_by_the_slippage(case: Case) -> None:
    candles, slippage = case.candles, case.values["slippage"]
    for row in case.run().ledger:
        bar = candles[row.bar]
        buys = (row.side == "long") == (row.kind == "entry")
        price = row.price / (1.0 + slippage if buys else 1.0 - slippage)
        at_open = case.values["fill"] == "next_open" and row.kind != "final_close"
        assert price == pytest.approx(bar.open if at_open else bar.close, rel=1e-12)
        assert bar.low * (1.0 - 1e-12) <= price <= bar.high * (1.0 + 1e-12)
        assert row.timestamp == bar.timestamp


@given(case=cases)
@by_property
def test_one_position_at_a_time_and_each_exit_follows_its_entry(case: Case) -> None:
    result = case.run()
    kinds = [row.kind for row in result.ledger]
    assert kinds[::2] == ["entry"] * len(result.trades)
    assert set(kinds[1:-1:2]) <= {"exit"}
    for entry, left, trade in zip(result.ledger[::2], result.ledger[1::2], result.trades, strict=True):
        assert (entry.side, entry.units) == (left.side, left.units) == (trade.side, trade.units)
        assert (entry.bar, left.bar) == (trade.entry_bar, trade.exit_bar)
        assert (entry.timestamp, left.timestamp) == (trade.entry_time, trade.exit_time)
        assert (entry.price, left.price) == (trade.entry_price, trade.exit_price)
        assert (entry.fee, left.fee) == (trade.entry_fee, trade.exit_fee)
        assert entry.bar <= left.bar
        assert trade.exit_reason == ("reversal" if left.kind == "exit" else "final_close")
    for before, after in pairwise(result.trades):
        assert before.exit_bar == after.entry_bar
        assert before.side != after.side


@given(case=cases)
@by_property
def test_nothing_is_filled_before_it_could_be_decided(case: Case) -> None:
    result = case.run()
    first = WARMUP + 1 if case.values["fill"] == "next_open" else WARMUP
    assert all(row.bar >= first for row in result.ledger)
    assert result.reasons["WARMUP"] == WARMUP
    assert sum(result.reasons.values()) == len(case.candles)
    assert result.reasons.get("ENTRY", 0) == len(result.trades)


@given(case=cases)
@by_property
def test_the_curve_has_a_point_a_bar_and_one_after_the_liquidation(case: Case) -> None:
    """Equity recomputed from the ledger: cash plus position at each close."""
    candles, result = case.candles, case.run()
    assert len(result.equity) == len(candles) + 1
    cash, signed = case.values["initial_equity"], 0.0
    rows = [row for row in result.ledger if row.kind != "final_close"]
    scale = max(1.0, float(np.abs(result.equity).max()))
    for t, close in enumerate(candles.close.tolist()):
        while rows and rows[0].bar == t:
            row = rows.pop(0)
            cash += row.cash_flow
            signed = 0.0 if row.kind == "exit" else row.units if row.side == "long" else -row.units
        assert abs(result.equity.item(t) - (cash + signed * close)) <= 1e-9 * scale
    assert rows == []


@given(case=cases)
@by_property
def test_what_is_open_at_the_end_is_liquidated_once(case: Case) -> None:
    result = case.run()
    final = [row for row in result.ledger if row.kind == "final_close"]
    assert len(final) == (1 if result.trades else 0)
    if final:
        assert final[0] is result.ledger[-1]
        assert final[0].bar == len(case.candles) - 1
        lost = final[0].fee + final[0].units * abs(final[0].price - case.candles[-1].close)
        step = result.equity.item(-1) - result.equity.item(-2)
        assert abs(step + lost) <= 1e-9 * max(abs(result.equity.item(-2)), lost)
    else:
        assert set(result.equity.tolist()) == {case.values["initial_equity"]}


@given(case=cases, cut=st.integers(1, 100))
@by_property
def test_the_past_does_not_change(case: Case, cut: int) -> None:
    candles, config = case.candles, case.config
    k = max(WARMUP + 1, len(candles) - cut)
    whole = backtest(candles, config, compiled=True)
    part = backtest(candles[:k], config, compiled=True)
    assert part.equity[:k].tobytes() == whole.equity[:k].tobytes()

    def closed(result: Result) -> list[Trade]:
        return [t for t in result.trades if t.exit_bar < k - 1 and t.exit_reason == "reversal"]

    assert closed(part) == closed(whole)
    kept = [row for row in part.ledger if row.kind != "final_close"]
    assert kept == [row for row in whole.ledger if row.bar < k and row.kind != "final_close"]


@given(case=cases)
@by_property
def test_metrics_by_brute_force(case: Case) -> None:
    result = case.run()
    initial, metrics = case.values["initial_equity"], result.metrics
    curve = [initial, *result.equity.tolist()]
    assert metrics.total_return == curve[-1] / initial - 1.0
    net = [trade.net_pnl for trade in result.trades]
    won, lost = [x for x in net if x > 0.0], [x for x in net if x <= 0.0]
    assert metrics.trades == len(net)
    assert metrics.win_rate == (len(won) / len(net) if net else None)
    if sum(lost) < 0.0:
        assert metrics.profit_factor == pytest.approx(sum(won) / -sum(lost), rel=1e-12)
    else:
        assert metrics.profit_factor is None
    falls = [(max(curve[: i + 1]) - x) / max(curve[: i + 1]) for i, x in enumerate(curve)]
    assert metrics.max_drawdown == max(falls)
    returns = np.array([b / a - 1.0 for a, b in pairwise(curve) if a > 0.0])
    deviation = float(np.std(returns, ddof=1))
    if len(set(curve)) == 1:
        assert metrics.sharpe is None
    else:
        sharpe = float(np.mean(returns)) / deviation * math.sqrt(365 * 24)
        assert metrics.sharpe == pytest.approx(sharpe, rel=1e-9, abs=1e-9)


def test_without_warm_up_the_first_bar_trades_and_its_fee_is_a_fall_from_the_initial_equity() -> None:
    def side(bias: float) -> dict[str, Any]:
        return {"bias": bias, "weights": {"data_quality": 0.0}}

    config = Config.from_dict(
        {
            "features": {"data_quality": {}},
            "model": {"buy": side(3.0), "sell": side(-3.0)},
            "decision": {"hysteresis": 0, "size": 1.0},
            "execution": {"fill": "close", "fee": 0.01, "slippage": 0.0, "initial_equity": 1_000.0},
        }
    )
    still = candles_of(adversarial(24)["constant"])
    for flags in ({"compiled": True}, {"precompute_features": True}, {}):
        result = backtest(still[:3], config, **flags)
        assert [row.bar for row in result.ledger] == [0, 2]
        assert result.equity.tolist() == [990.0, 990.0, 990.0, 980.0]
        assert result.metrics.max_drawdown == 0.02
        assert "WARMUP" not in result.reasons
    one = backtest(still[:1], config, compiled=True)
    assert one.equity.tolist() == [990.0, 980.0]


def test_without_trades_ratios_are_undefined() -> None:
    metrics = BUSY.run(edge=1.0).metrics
    assert (metrics.total_return, metrics.trades, metrics.max_drawdown) == (0.0, 0, 0.0)
    assert (metrics.win_rate, metrics.profit_factor, metrics.sharpe) == (None, None, None)


def test_costs_only_cost() -> None:
    free = BUSY.run(fee=0.0, slippage=0.0)
    fee, slippage = BUSY.run(fee=0.01, slippage=0.0), BUSY.run(fee=0.0, slippage=0.01)
    assert all(row.fee == 0.0 for row in free.ledger)
    assert len(free.ledger) == len(fee.ledger) == len(slippage.ledger)
    assert fee.equity[-1] < free.equity[-1]
    assert slippage.equity[-1] < free.equity[-1]


def test_the_size_is_the_worth_of_the_position_at_the_decision() -> None:
    result = BUSY.run(size=0.5, fee=0.0, slippage=0.0, fill="close")
    for trade in result.trades[:-1]:
        equity = result.equity.item(trade.entry_bar)
        assert trade.units * trade.entry_price == pytest.approx(0.5 * equity, rel=1e-12)


def test_at_the_close_of_the_last_bar_a_position_opens_and_is_liquidated() -> None:
    whole = BUSY.run(fill="close")
    last = whole.trades[-1].entry_bar
    result = backtest(BUSY.candles[: last + 1], config_of(**{**BUSY.values, "fill": "close"}), compiled=True)
    assert (result.trades[-1].entry_bar, result.trades[-1].exit_bar) == (last, last)
    assert result.equity[: last + 1].tobytes() == whole.equity[: last + 1].tobytes()


@pytest.mark.parametrize("flags", [{}, {"compiled": True}, {"precompute_features": True}])
def test_too_few_bars_say_how_many_are_needed(flags: dict[str, bool]) -> None:
    config = config_of()
    with pytest.raises(CandleError, match=r"21 bars are too few: .* need 21 bars of warm-up, so at least 22"):
        backtest(BUSY.candles[:WARMUP], config, **flags)
    result = backtest(BUSY.candles[: WARMUP + 1], config, **flags)
    assert len(result.equity) == WARMUP + 2


def test_a_config_of_another_type_is_named() -> None:
    with pytest.raises(ConfigError, match="config is a str; a Config, a mapping or None is needed"):
        backtest(BUSY.candles, "default.toml")  # type: ignore[arg-type]


def test_results_compare_and_hash_by_digest() -> None:
    result, same, other = BUSY.run(), BUSY.run(), BUSY.run(fee=0.0)
    assert result == same
    assert hash(result) == hash(same)
    assert result.identical_to(same)
    assert result != other
    assert result.summary_digest == same.summary_digest != other.summary_digest
    assert result != result.digest
    assert result.digest in {result.digest, same.digest}


def test_the_digest_covers_the_config_even_where_it_changed_nothing() -> None:
    """No trade: another fee gives the same books, and yet another run."""
    one, other = BUSY.run(edge=1.0, fee=0.001), BUSY.run(edge=1.0, fee=0.002)
    assert one.equity.tobytes() == other.equity.tobytes()
    assert one.summary_digest == other.summary_digest
    assert one.digest != other.digest


def test_the_equity_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        BUSY.run().equity[0] = 1.0
