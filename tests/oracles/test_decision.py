"""The plain simulator, checked by hand: numbers small enough to follow with a pencil."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from tests.oracles.bars import Bars, from_high_low
from tests.oracles.decision import Logistic, Settings, Side, candidate, probabilities, sigmoid
from tests.oracles.simulator import Simulation, simulate

#: One feature: above 0 it speaks for buying, below for selling, and at 0 for neither.
PLAIN = Settings(
    buy=Logistic(0.0, (1.0,)),
    sell=Logistic(0.0, (-1.0,)),
    thresholds={"bull": 0.6, "bear": 0.6, "ranging": 0.6},
    hysteresis=1,
)


def series(opens: Sequence[float], closes: Sequence[float]) -> Bars:
    high = [max(pair) for pair in zip(opens, closes, strict=True)]
    low = [min(pair) for pair in zip(opens, closes, strict=True)]
    return dataclasses.replace(from_high_low(high, low, list(closes)), open=list(opens))


def run(settings: Settings, signal: Sequence[float | None], bars: Bars | None = None) -> Simulation:
    n = len(signal)
    bars = bars or series([100.0] * n, [100.0] * n)
    rows = [None if x is None else (x,) for x in signal]
    return simulate(bars, rows, ["ranging"] * n, [1.0] * n, settings)


class TestCandidate:
    def test_probabilities_sum_to_one_with_hold(self) -> None:
        both = dataclasses.replace(PLAIN, buy=Logistic(2.0, (0.0,)), sell=Logistic(2.0, (0.0,)))
        assert probabilities(both, (0.0,), "bull") == (0.5, 0.5)
        neither = dataclasses.replace(PLAIN, buy=Logistic(-2.0, (0.0,)), sell=Logistic(-2.0, (0.0,)))
        assert probabilities(neither, (0.0,), "bull") == (sigmoid(-2.0), sigmoid(-2.0))

    def test_calibration_is_that_of_the_regime(self) -> None:
        model = Logistic(1.0, (2.0,), {"bear": (0.5, -3.0)})
        assert model.probability((4.0,), "bull") == sigmoid(9.0)
        assert model.probability((4.0,), "bear") == sigmoid(1.5)

    @pytest.mark.parametrize(("held", "expected"), [("long", "long"), ("short", "short"), (None, None)])
    def test_a_tie_goes_to_the_side_held_last(self, held: Side | None, expected: Side | None) -> None:
        low = dataclasses.replace(PLAIN, thresholds={"ranging": 0.4})
        assert candidate(low, 0.5, 0.5, "ranging", 1.0, held)[0] == expected

    @pytest.mark.parametrize(("regime", "expected"), [("bull", "long"), ("bear", "short"), ("ranging", None)])
    def test_a_tie_with_nothing_held_goes_to_the_regime(self, regime: str, expected: str | None) -> None:
        low = dataclasses.replace(PLAIN, thresholds={regime: 0.4})
        assert candidate(low, 0.5, 0.5, regime, 1.0, None)[0] == expected

    def test_reasons(self) -> None:
        assert candidate(PLAIN, 0.59, 0.41, "bull", 1.0, None) == (None, "THRESHOLD")
        assert candidate(PLAIN, 0.6, 0.4, "bull", 1.0, None) == ("long", "")
        poor = dataclasses.replace(PLAIN, risk_reward=0.5)
        assert candidate(poor, 0.4, 0.4, "bull", 1.0, None) == (None, "EV_NEG")
        even = dataclasses.replace(PLAIN, risk_reward=1.0)
        assert candidate(even, 0.5, 0.5, "bull", 1.0, None) == (None, "EV_NEG")
        sure = dataclasses.replace(PLAIN, entry_confidence=0.5)
        assert candidate(sure, 0.9, 0.1, "bull", 0.5, None) == (None, "CONFIDENCE")
        assert candidate(sure, 0.9, 0.1, "bull", 0.5 / 0.9, None)[0] == "long"
        edgy = dataclasses.replace(PLAIN, minimum_edge=0.5)
        assert candidate(edgy, 0.7, 0.3, "bull", 1.0, None) == (None, "EDGE")
        assert candidate(dataclasses.replace(PLAIN, trend="short"), 0.9, 0.1, "bull", 1.0, None) == (
            None,
            "TREND_POLICY",
        )
        assert candidate(dataclasses.replace(PLAIN, trend="short"), 0.5, 0.4, "bull", 1.0, None) == (
            None,
            "THRESHOLD",
        )


class TestFills:
    def test_next_open_by_hand(self) -> None:
        # Bought at 101 on bar 1, turned at 120 on bar 3, bought back at the last close, 90. Half of equity.
        bars = series([100.0, 101.0, 110.0, 120.0], [100.0, 105.0, 112.0, 90.0])
        settings = dataclasses.replace(PLAIN, fraction=0.5, cash=1_010.0)
        done = run(settings, [3.0, 0.0, -3.0, 0.0], bars)
        assert [(f.bar, f.kind, f.side, f.price) for f in done.fills] == [
            (1, "entry", "long", 101.0),
            (3, "exit", "long", 120.0),
            (3, "entry", "short", 120.0),
            (3, "final_close", "short", 90.0),
        ]
        assert done.equity[:3] == [1_010.0, 1_030.0, 1_065.0]
        units = 532.5 / 120.0
        assert done.fills[2].units == units
        assert done.final == pytest.approx(1_105.0 + units * 30.0, rel=1e-12)
        assert done.equity[3] == pytest.approx(done.final, rel=1e-12)

    def test_close_by_hand(self) -> None:
        bars = series([100.0, 101.0, 110.0], [100.0, 105.0, 112.0])
        done = run(dataclasses.replace(PLAIN, fill="close", cash=1_000.0), [3.0, 0.0, 0.0], bars)
        assert [(f.bar, f.price, f.units) for f in done.fills] == [(0, 100.0, 10.0), (2, 112.0, 10.0)]
        assert done.equity == [1_000.0, 1_050.0, 1_120.0]

    def test_costs_by_hand(self) -> None:
        settings = dataclasses.replace(PLAIN, fee=0.01, slippage=0.25, cash=1_250.0)
        done = run(settings, [3.0, 0.0])
        entry, leave = done.fills
        assert (entry.price, entry.units, entry.fee) == (125.0, 10.0, 12.5)
        assert (leave.price, leave.units, leave.fee) == (75.0, 10.0, 7.5)
        assert done.final == 1_250.0 - 1_262.5 + 742.5

    def test_the_last_bar_has_no_next_open(self) -> None:
        assert run(PLAIN, [0.0, 3.0]).fills == []
        assert run(PLAIN, [0.0, 3.0]).reasons[-1] == "NO_NEXT_BAR"

    def test_a_side_already_held_is_no_new_entry(self) -> None:
        done = run(PLAIN, [3.0, 3.0, 3.0, 0.0])
        assert [f.kind for f in done.fills] == ["entry", "final_close"]
        assert done.reasons == ["ENTRY", "IN_POSITION", "IN_POSITION", "THRESHOLD"]

    def test_the_fee_of_a_fill_at_the_close_is_in_that_bars_equity(self) -> None:
        done = run(dataclasses.replace(PLAIN, fill="close", fee=0.01, cash=1_000.0), [3.0, 0.0])
        assert done.equity == [990.0, 990.0]
        assert done.final == 980.0

    def test_nothing_is_entered_without_equity(self) -> None:
        bars = series([10.0, 10.0, 30.0, 30.0], [10.0, 30.0, 30.0, 30.0])
        done = run(PLAIN, [-3.0, 0.0, 3.0, 0.0], bars)
        assert done.reasons == ["ENTRY", "THRESHOLD", "NO_EQUITY", "THRESHOLD"]
        assert [f.kind for f in done.fills] == ["entry", "final_close"]
        assert done.equity[-1] == done.final == -10_000.0

    def test_cash_is_the_running_sum_of_the_ledger(self) -> None:
        done = run(dataclasses.replace(PLAIN, fee=0.002, slippage=0.001), [3.0, -3.0, 3.0, -3.0, 0.0])
        cash = PLAIN.cash
        for fill in done.fills:
            cash += fill.cash
        assert len(done.fills) == 8
        assert done.final == cash


class TestRuns:
    def test_hysteresis_counts_bars_in_a_row(self) -> None:
        settings = dataclasses.replace(PLAIN, hysteresis=3)
        entries = [f.bar for f in run(settings, [3.0, 3.0, 3.0, 0.0, 0.0]).fills if f.kind == "entry"]
        assert entries == [3]
        assert run(settings, [3.0, 3.0, 0.0, 3.0, 3.0, 0.0]).fills == []
        assert run(settings, [3.0, 3.0, -3.0, 3.0, 3.0, 0.0]).fills == []

    def test_cooldown_counts_from_the_last_entry_fill(self) -> None:
        settings = dataclasses.replace(PLAIN, cooldown=3)
        done = run(settings, [3.0, -3.0, -3.0, -3.0, -3.0, 0.0])
        # Entered at bar 1; bar 4 is the first decision 3 bars later.
        assert [f.bar for f in done.fills if f.kind == "entry"] == [1, 5]
        assert done.reasons[:5] == ["ENTRY", "COOLDOWN", "COOLDOWN", "COOLDOWN", "ENTRY"]

    def test_no_decision_while_a_feature_is_not_valid(self) -> None:
        assert run(PLAIN, [None, None, 3.0, 0.0]).reasons[:3] == ["WARMUP", "WARMUP", "ENTRY"]
