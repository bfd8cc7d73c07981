"""Accounting: what must hold of every run, whatever the candles and the strategy."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core import (
    CandleError,
    Candles,
    Config,
    ConfigError,
    Result,
    Trade,
    backtest,
    backtest_many,
    synthetic,
)
from genesis_core.backtesting.records import LedgerRow
from tests.oracles.bars import adversarial, random_walk, whole_dollars
from tests.oracles.draws import configs
from tests.oracles.engine import candles_of

FEATURES = ("rsi_inv_lag1", "bb_position_inv_ma3")
WARMUP = 21


class Case(NamedTuple):
    """A series and a strategy, as hypothesis prints them."""

    kind: str
    seed: int
    n: int
    weight: float
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
        return config_of(self.weight, **self.values)

    def of(self, name: str) -> Any:
        """Return a value of execution."""
        return getattr(self.config.execution, name)

    def run(self, **changes: dict[str, Any]) -> Result:
        return backtest(self.candles, self.config.updated(changes), compiled=True)


def config_of(weight: float = 4.0, **values: Any) -> Config:
    """Return a strategy that changes sides often: buy what fell, sell what rose."""

    def side(sign: float) -> dict[str, Any]:
        return {
            "bias": -sign * weight / 2.0,
            "weights": dict(zip(FEATURES, (-sign, sign * weight), strict=True)),
        }

    return Config.from_dict(
        {
            "features": {name: {} for name in FEATURES},
            "model": {"buy": side(1.0), "sell": side(-1.0)},
            **values,
        }
    )


def _eager(values: dict[str, Any]) -> dict[str, Any]:
    """Return a drawn config with what rejects most candidates turned off: these tests need fills."""
    decision = {**values["decision"], "confidence": 0.0, "edge": 0.0, "threshold": 0.45, "reward_risk": 1.8}
    decision.update({"regime_size": {}, "zone_size": {}, "drawdown_size": [[0.0101, 0.5]]})
    for name in ("higher_fib", "lower_fib"):
        decision[name] = {
            "missing": "off" if decision[name]["missing"] == "block" else decision[name]["missing"]
        }
    return {**values, "decision": decision}


cases = st.builds(
    Case,
    st.sampled_from(("walk", "walk", "walk", "dollars", "dollars", *sorted(adversarial()))),
    st.integers(0, 10_000),
    st.integers(WARMUP + 1, 160),
    st.sampled_from((1.0, 4.0, 9.0)),
    configs().map(_eager),
)
by_property = settings(max_examples=120)

PLAIN = {"threshold": 0.5, "edge": 0.0, "hysteresis": 0, "cooldown_bars": 0, "confidence": 0.0}
BUSY = Case("walk", 1, 160, 4.0, {"decision": PLAIN})
PROTECTED = Case(
    *("walk", 1, 160, 4.0),
    {
        "decision": PLAIN,
        "higher": {"timeframe": "2h", "depth": 1},
        "exits": {"stop": 1.0, "target": 2.0, "trailing": 1.5, "partials": [0.3, 0.3], "max_bars": 9},
    },
)


def positions(result: Result) -> list[list[LedgerRow]]:
    """Return the rows of each position, its entry first."""
    found: list[list[LedgerRow]] = []
    for row in result.ledger:
        if row.kind == "entry":
            found.append([])
        found[-1].append(row)
    return found


def buys(row: LedgerRow) -> bool:
    return (row.side == "long") == (row.kind == "entry")


def test_the_strategies_are_busy_enough_for_these_tests() -> None:
    trades = BUSY.run().trades
    assert len(trades) > 10
    assert {trade.side for trade in trades} == {"long", "short"}
    assert {trade.exit_reason for trade in trades} == {"reversal", "final_close"}
    trades = PROTECTED.run().trades
    assert {trade.partials for trade in trades} == {0, 1, 2}
    assert {trade.exit_reason for trade in trades} >= {"stop", "stop_gap", "target", "trailing_stop"}


@given(case=cases)
@by_property
def test_cash_is_the_running_sum_of_the_ledger_to_the_bit(case: Case) -> None:
    result = case.run()
    cash = case.of("initial_equity")
    for row in result.ledger:
        cash = cash + row.cash_flow
    assert result.equity.item(-1).hex() == cash.hex()


@given(case=cases)
@by_property
def test_while_nothing_is_held_equity_is_cash_to_the_bit(case: Case) -> None:
    """On whichever bar of the run, not only after its end."""
    result = case.run()
    cash, held, rows = case.of("initial_equity"), False, list(result.ledger)
    for t, equity in enumerate(result.equity.tolist()[:-1]):
        while rows and rows[0].bar == t and rows[0].kind != "final_close":
            row = rows.pop(0)
            cash, held = cash + row.cash_flow, row.kind in ("entry", "partial")
        if not held:
            assert equity.hex() == cash.hex()


@given(case=cases)
@by_property
def test_what_was_earned_is_the_sum_of_the_trades(case: Case) -> None:
    result = case.run()
    initial = case.of("initial_equity")
    flows = sum(abs(row.cash_flow) for row in result.ledger)
    earned = math.fsum(trade.net_pnl for trade in result.trades)
    assert abs(result.equity.item(-1) - initial - earned) <= 1e-9 * max(initial, flows)


@given(case=cases)
@by_property
def test_a_trade_is_the_sum_of_its_fills_each_counted_once(case: Case) -> None:
    """Profit of parts, fees of the entry and of every exit; units come out as they went in."""
    result = case.run()
    for trade, (entry, *exits) in zip(result.trades, positions(result), strict=True):
        sign = 1.0 if trade.side == "long" else -1.0
        worth = entry.units * max(entry.price, *(row.price for row in exits))
        gross = math.fsum(sign * row.units * (row.price - entry.price) for row in exits)
        assert abs(trade.gross_pnl - gross) <= 1e-12 * worth
        assert trade.entry_fee == entry.fee
        assert trade.exit_fee == pytest.approx(math.fsum(row.fee for row in exits), rel=1e-12)
        assert trade.net_pnl == trade.gross_pnl - trade.entry_fee - trade.exit_fee
        flows = math.fsum(row.cash_flow for row in (entry, *exits))
        assert abs(trade.net_pnl - flows) <= 1e-9 * worth
        assert math.fsum(row.units for row in exits) == pytest.approx(entry.units, rel=1e-12)
        assert trade.partials == len(exits) - 1


@given(case=cases)
@by_property
def test_each_ledger_row_adds_up(case: Case) -> None:
    fee = case.of("fee")
    for row in case.run().ledger:
        value = row.units * row.price
        assert row.units > 0.0
        assert row.fee == value * fee
        assert row.cash_flow == (-value - row.fee if buys(row) else value - row.fee)


@given(case=cases)
@by_property
def test_a_fill_is_a_price_of_its_bar_moved_against_us_by_exactly_the_slippage(case: Case) -> None:
    candles, slippage, result = case.candles, case.of("slippage"), case.run()
    fill = case.of("fill")
    inside = {"stop", "stop_gap", "target", "trailing_stop", "partial_1", "partial_2"}
    for row in result.ledger:
        bar = candles[row.bar]
        assert bar.low <= row.raw_price <= bar.high
        assert row.price == row.raw_price * (1.0 + slippage if buys(row) else 1.0 - slippage)
        assert row.timestamp == bar.timestamp
        if row.reason == "final_close":
            assert row.raw_price == bar.close
        elif row.reason not in inside or case.config.exits.test == "close":
            assert row.raw_price == (bar.close if fill == "close" else bar.open)
        elif row.reason == "stop_gap":
            assert row.raw_price == bar.open


@given(case=cases)
@by_property
def test_one_position_at_a_time_and_its_exits_follow_its_entry(case: Case) -> None:
    result = case.run()
    for trade, (entry, *exits) in zip(result.trades, positions(result), strict=True):
        assert [row.kind for row in exits[:-1]] == ["partial"] * (len(exits) - 1)
        last = exits[-1]
        assert last.kind == ("final_close" if last.reason == "final_close" else "exit")
        assert {row.side for row in (entry, *exits)} == {trade.side}
        assert (entry.bar, last.bar) == (trade.entry_bar, trade.exit_bar)
        assert (entry.timestamp, last.timestamp) == (trade.entry_time, trade.exit_time)
        assert (entry.price, last.price, entry.units) == (trade.entry_price, trade.exit_price, trade.units)
        assert (entry.decided, last.reason) == (trade.decided, trade.exit_reason)
    bars = [row.bar for row in result.ledger]
    assert bars == sorted(bars)
    for before, after in pairwise(result.trades):
        assert before.exit_bar <= after.entry_bar
        if before.exit_reason == "reversal":
            assert (before.exit_bar, before.side != after.side) == (after.entry_bar, True)


@given(case=cases)
@by_property
def test_nothing_is_filled_before_it_was_decided(case: Case) -> None:
    """At the next open it is the bar before that decided, at a close that bar; inside a bar the bar itself."""
    result, later = case.run(), 1 if case.of("fill") == "next_open" else 0
    inside = {"stop_gap", "final_close"}
    if case.config.exits.test == "intrabar":
        inside |= {"stop", "target", "trailing_stop", "partial_1", "partial_2"}
    for row in result.ledger:
        assert row.decided == row.bar - (0 if row.reason in inside else later)
        assert row.decided >= WARMUP
    assert result.reasons["WARMUP"] == WARMUP
    assert len(result.bar_reasons) == len(case.candles)
    entered = [t for t in range(len(case.candles)) if result.reason(t) == "ENTRY"]
    assert entered == [trade.decided for trade in result.trades]


@given(case=cases)
@by_property
def test_the_curve_has_a_point_a_bar_and_one_after_the_liquidation(case: Case) -> None:
    """Equity recomputed from the ledger: cash plus position at each close."""
    candles, result = case.candles, case.run()
    assert len(result.equity) == len(candles) + 1
    cash, signed = case.of("initial_equity"), 0.0
    rows = [row for row in result.ledger if row.kind != "final_close"]
    turned = sum(row.units * row.price for row in rows)
    for t, close in enumerate(candles.close.tolist()):
        while rows and rows[0].bar == t:
            row = rows.pop(0)
            cash += row.cash_flow
            signed += row.units if buys(row) else -row.units
            if row.kind == "exit":
                signed = 0.0
        assert abs(result.equity.item(t) - (cash + signed * close)) <= 1e-9 * max(cash, turned)
    assert rows == []


@given(case=cases)
@by_property
def test_what_is_open_at_the_end_is_liquidated_once(case: Case) -> None:
    result = case.run()
    final = [row for row in result.ledger if row.kind == "final_close"]
    assert final == [row for row in result.ledger[-1:] if row.kind == "final_close"]
    if final:
        (row,) = final
        assert (row.bar, row.raw_price) == (len(case.candles) - 1, case.candles[-1].close)
        lost = row.fee + row.units * abs(row.price - row.raw_price)
        step = result.equity.item(-1) - result.equity.item(-2)
        assert abs(step + lost) <= 1e-9 * max(abs(result.equity.item(-2)), row.units * row.price)
    else:
        assert result.equity.item(-1) == result.equity.item(-2)


@given(case=cases, cut=st.integers(1, 100))
@by_property
def test_the_past_does_not_change(case: Case, cut: int) -> None:
    candles, config = case.candles, case.config
    k = max(WARMUP + 1, len(candles) - cut)
    whole = backtest(candles, config, compiled=True)
    part = backtest(candles[:k], config, compiled=True)
    assert part.equity[:k].tobytes() == whole.equity[:k].tobytes()
    # The last bar of the part has no next open, which is all that it can know of its end.
    assert part.bar_reasons[: k - 1].tobytes() == whole.bar_reasons[: k - 1].tobytes()

    def closed(result: Result) -> list[Trade]:
        return [t for t in result.trades if t.exit_bar < k and t.exit_reason != "final_close"]

    assert closed(part) == closed(whole)

    def kept(result: Result) -> list[LedgerRow]:
        return [row for row in result.ledger if row.bar < k and row.kind != "final_close"]

    assert kept(part) == kept(whole)


@given(case=cases)
@by_property
def test_metrics_by_brute_force(case: Case) -> None:
    result = case.run()
    initial, metrics = case.of("initial_equity"), result.metrics
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
    metrics = BUSY.run(decision={"edge": 1.0}).metrics
    assert (metrics.total_return, metrics.trades, metrics.max_drawdown) == (0.0, 0, 0.0)
    assert (metrics.win_rate, metrics.profit_factor, metrics.sharpe) == (None, None, None)


def test_costs_only_cost() -> None:
    free = BUSY.run(execution={"fee": 0.0, "slippage": 0.0})
    fee = BUSY.run(execution={"fee": 0.01, "slippage": 0.0})
    slippage = BUSY.run(execution={"fee": 0.0, "slippage": 0.01})
    assert all(row.fee == 0.0 for row in free.ledger)
    assert len(free.ledger) == len(fee.ledger) == len(slippage.ledger)
    assert fee.equity[-1] < free.equity[-1]
    assert slippage.equity[-1] < free.equity[-1]


def test_the_size_is_the_worth_of_the_position_at_the_decision() -> None:
    result = BUSY.run(
        decision={"size": 0.5, "drawdown_size": []}, execution={"fee": 0.0, "slippage": 0.0, "fill": "close"}
    )
    for trade in result.trades[:-1]:
        equity = result.equity.item(trade.entry_bar)
        assert trade.units * trade.entry_price == pytest.approx(0.5 * equity, rel=1e-12)


def test_at_the_close_of_the_last_bar_a_position_opens_and_is_liquidated() -> None:
    whole = BUSY.run(execution={"fill": "close"})
    last = whole.trades[-1].entry_bar
    config = BUSY.config.updated({"execution": {"fill": "close"}})
    result = backtest(BUSY.candles[: last + 1], config, compiled=True)
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


@pytest.mark.parametrize("partials", [[], [0.5, 0.25]])
def test_fees_are_those_of_every_fill_in_a_run_and_in_a_sweep(partials: list[float]) -> None:
    candles = synthetic(bars=1_500)
    config = Config.default().updated({"exits": {"partials": partials}})
    result = backtest(candles, config, compiled=True)
    total = 0.0
    for row in result.ledger:
        total += row.price * row.units * config.execution.fee
    assert math.isclose(result.fees, total, rel_tol=1e-12)
    assert result.fees > 0.0
    assert any(trade.partials for trade in result.trades) == bool(partials)
    assert math.isclose(result.fees, sum(t.entry_fee + t.exit_fee for t in result.trades), rel_tol=1e-12)
    assert backtest_many(candles, [config])[0].fees == result.fees
    assert backtest(candles[:200], config).fees == backtest_many(candles[:200], [config])[0].fees


def test_without_a_fill_there_is_no_fee() -> None:
    assert BUSY.run(decision={"edge": 1.0}).fees == 0.0


def test_results_compare_and_hash_by_digest() -> None:
    result, same, other = BUSY.run(), BUSY.run(), BUSY.run(execution={"fee": 0.0})
    assert result == same
    assert hash(result) == hash(same)
    assert result.identical_to(same)
    assert result != other
    assert result.summary_digest == same.summary_digest != other.summary_digest
    assert result != result.digest
    assert result.digest in {result.digest, same.digest}


def test_the_digest_covers_the_config_even_where_it_changed_nothing() -> None:
    """No trade: another fee gives the same books, and yet another run."""
    one, other = (BUSY.run(decision={"edge": 1.0}, execution={"fee": fee}) for fee in (0.001, 0.003))
    assert one.equity.tobytes() == other.equity.tobytes()
    assert one.summary_digest == other.summary_digest
    assert one.digest != other.digest


def test_the_equity_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        BUSY.run().equity[0] = 1.0
