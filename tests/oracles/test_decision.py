"""The plain simulator, checked by hand: numbers small enough to follow with a pencil."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from tests.oracles.bars import Bars, from_high_low
from tests.oracles.decision import (
    AsOf,
    Exits,
    Gate,
    Logistic,
    Settings,
    Side,
    Signal,
    candidate,
    probabilities,
    sigmoid,
    size,
    threshold,
)
from tests.oracles.simulator import Simulation, simulate

PLAIN = Settings(threshold=0.6, hysteresis=1)
#: What a bar says: for buying above 0, for selling below, for neither at 0.
SAID = {3.0: (0.9, 0.1), 0.0: (0.4, 0.4), -3.0: (0.1, 0.9)}


def series(opens: Sequence[float], closes: Sequence[float]) -> Bars:
    high = [max(pair) for pair in zip(opens, closes, strict=True)]
    low = [min(pair) for pair in zip(opens, closes, strict=True)]
    return dataclasses.replace(from_high_low(high, low, list(closes)), open=list(opens))


def candles(*rows: tuple[float, float, float, float]) -> Bars:
    """Return bars of open, high, low and close."""
    opens, highs, lows, closes = (list(column) for column in zip(*rows, strict=True))
    return dataclasses.replace(from_high_low(highs, lows, closes), open=opens)


def run(
    settings: Settings, signal: Sequence[float | None], bars: Bars | None = None, **seen: object
) -> Simulation:
    n = len(signal)
    bars = bars or series([100.0] * n, [100.0] * n)
    told = [None if x is None else AsOf(SAID[x], **seen) for x in signal]  # type: ignore[arg-type]
    return simulate(bars, told, settings)


def decided(
    settings: Settings, buy: float, sell: float, held: Side | None = None, **seen: object
) -> tuple[str | None, str]:
    return candidate(settings, AsOf((buy, sell), **seen), held)[:2]  # type: ignore[arg-type]


class TestCandidate:
    def test_probabilities_sum_to_one_with_hold(self) -> None:
        sure, unsure = Logistic(2.0, (0.0,)), Logistic(-2.0, (0.0,))
        assert probabilities(sure, sure, (0.0,), "bull") == (0.5, 0.5)
        assert probabilities(unsure, unsure, (0.0,), "bull") == (sigmoid(-2.0), sigmoid(-2.0))

    def test_calibration_is_that_of_the_regime(self) -> None:
        model = Logistic(1.0, (2.0,), {"bear": (0.5, -3.0)})
        assert model.probability((4.0,), "bull") == sigmoid(9.0)
        assert model.probability((4.0,), "bear") == sigmoid(1.5)

    @pytest.mark.parametrize(("held", "expected"), [("long", "long"), ("short", "short"), (None, None)])
    def test_a_tie_goes_to_the_side_held_last(self, held: Side | None, expected: Side | None) -> None:
        assert decided(Settings(threshold=0.4), 0.5, 0.5, held)[0] == expected

    @pytest.mark.parametrize(("regime", "expected"), [("bull", "long"), ("bear", "short"), ("ranging", None)])
    def test_a_tie_with_nothing_held_goes_to_the_regime(self, regime: str, expected: str | None) -> None:
        assert decided(Settings(threshold=0.4), 0.5, 0.5, regime=regime)[0] == expected

    def test_the_threshold_of_the_zone_stands_before_that_of_the_regime(self) -> None:
        own = {("bull", "long"): 0.7, ("high", "long"): 0.8}
        settings = Settings(threshold=0.6, thresholds=own)
        assert threshold(settings, "long", "bear", "mid") == 0.6
        assert threshold(settings, "long", "bull", "mid") == 0.7
        assert threshold(settings, "long", "bull", "high") == 0.8
        assert threshold(settings, "short", "bull", "high") == 0.6

    def test_reasons(self) -> None:
        assert decided(PLAIN, 0.59, 0.41) == (None, "THRESHOLD")
        assert decided(PLAIN, 0.6, 0.4) == ("long", "")
        assert decided(dataclasses.replace(PLAIN, risk_reward=0.5), 0.4, 0.4) == (None, "EV_NEG")
        assert decided(dataclasses.replace(PLAIN, risk_reward=1.0), 0.5, 0.5) == (None, "EV_NEG")
        sure = dataclasses.replace(PLAIN, entry_confidence=0.5)
        assert decided(sure, 0.9, 0.1, quality=0.5) == (None, "CONFIDENCE")
        assert decided(sure, 0.9, 0.1, quality=0.5 / 0.9)[0] == "long"
        assert decided(dataclasses.replace(PLAIN, minimum_edge=0.5), 0.7, 0.3) == (None, "EDGE")
        short = dataclasses.replace(PLAIN, trend="short")
        assert decided(short, 0.9, 0.1) == (None, "TREND_POLICY")
        assert decided(short, 0.5, 0.4) == (None, "THRESHOLD")

    @pytest.mark.parametrize(
        ("missing", "expected"), [("pass", ("long", "")), ("block", (None, "HIGHER_FIB"))]
    )
    def test_gates(self, missing: str, expected: tuple[str | None, str]) -> None:
        gated = dataclasses.replace(PLAIN, higher_gate=Gate(missing, 2.0))
        assert decided(gated, 0.9, 0.1) == expected
        assert decided(gated, 0.9, 0.1, higher=2.0) == ("long", "")
        assert decided(gated, 0.9, 0.1, higher=2.1) == (None, "HIGHER_FIB")
        both = dataclasses.replace(gated, lower_gate=Gate(missing, 1.0))
        assert decided(both, 0.9, 0.1, higher=3.0, lower=3.0) == (None, "HIGHER_FIB")
        assert decided(both, 0.9, 0.1, higher=1.0, lower=3.0) == (None, "LOWER_FIB")

    def test_signals(self) -> None:
        def said(side: Side | None, **settings: object) -> tuple[Side | None, str, float]:
            plain = Settings(threshold=0.9, minimum_edge=0.9, **settings)  # type: ignore[arg-type]
            return candidate(plain, AsOf(Signal(side, 0.8), quality=0.5), None)

        assert said(None) == (None, "NO_SIGNAL", 0.0)
        assert said("short") == ("short", "", 0.4)
        assert said("short", trend="long") == (None, "TREND_POLICY", 0.0)
        assert said("long", entry_confidence=0.41) == (None, "CONFIDENCE", 0.0)


class TestSize:
    SETTINGS = Settings(
        sizes=((0.5, 0.2), (0.7, 0.6)),
        multipliers={"bull": 0.5, "high": 0.25},
        drawdowns=((0.03, 0.75), (0.06, 0.5)),
    )

    @pytest.mark.parametrize(
        ("confidence", "regime", "zone", "equity", "expected"),
        [
            (0.49, "bear", "mid", 100.0, 0.0),
            (0.5, "bear", "mid", 100.0, 0.2),
            (0.7, "bear", "mid", 100.0, 0.6),
            (0.7, "bull", "mid", 100.0, 0.3),
            (0.7, "bull", "high", 100.0, 0.075),
            (0.7, "bear", "mid", 97.5, 0.6),
            (0.7, "bear", "mid", 97.0, 0.6 * 0.75),
            (0.7, "bear", "mid", 94.0, 0.3),
        ],
    )
    def test_by_hand(self, confidence: float, regime: str, zone: str, equity: float, expected: float) -> None:
        seen = AsOf((0.9, 0.1), regime=regime, zone=zone)
        assert size(self.SETTINGS, seen, confidence, equity, 100.0) == pytest.approx(expected, rel=1e-12)


class TestFills:
    def test_next_open_by_hand(self) -> None:
        # Bought at 101 on bar 1, turned at 120 on bar 3, bought back at the last close, 90. Half of equity.
        bars = series([100.0, 101.0, 110.0, 120.0], [100.0, 105.0, 112.0, 90.0])
        settings = dataclasses.replace(PLAIN, sizes=((0.0, 0.5),), cash=1_010.0)
        done = run(settings, [3.0, 0.0, -3.0, 0.0], bars)
        assert [(f.bar, f.reason, f.side, f.price, f.decided) for f in done.fills] == [
            (1, "entry", "long", 101.0, 0),
            (3, "reversal", "long", 120.0, 2),
            (3, "entry", "short", 120.0, 2),
            (3, "final_close", "short", 90.0, 3),
        ]
        assert done.kinds == ["entry", "exit", "entry", "final_close"]
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
        assert (entry.raw, entry.price, entry.units, entry.fee) == (100.0, 125.0, 10.0, 12.5)
        assert (leave.raw, leave.price, leave.units, leave.fee) == (100.0, 75.0, 10.0, 7.5)
        assert done.final == 1_250.0 - 1_262.5 + 742.5

    def test_base_units(self) -> None:
        done = run(dataclasses.replace(PLAIN, sizes=((0.0, 3.0),), in_units=True, slippage=0.25), [3.0, 0.0])
        assert [f.units for f in done.fills] == [3.0, 3.0]

    def test_the_last_bar_has_no_next_open(self) -> None:
        assert run(PLAIN, [0.0, 3.0]).fills == []
        assert run(PLAIN, [0.0, 3.0]).reasons[-1] == "NO_NEXT_BAR"

    def test_a_side_already_held_is_no_new_entry(self) -> None:
        done = run(PLAIN, [3.0, 3.0, 3.0, 0.0])
        assert done.kinds == ["entry", "final_close"]
        assert done.reasons == ["ENTRY", "IN_POSITION", "IN_POSITION", "THRESHOLD"]

    def test_the_fee_of_a_fill_at_the_close_is_in_that_bars_equity(self) -> None:
        done = run(dataclasses.replace(PLAIN, fill="close", fee=0.01, cash=1_000.0), [3.0, 0.0])
        assert done.equity == [990.0, 990.0]
        assert done.final == 980.0

    def test_nothing_is_entered_without_equity(self) -> None:
        bars = series([10.0, 10.0, 30.0, 30.0], [10.0, 30.0, 30.0, 30.0])
        done = run(PLAIN, [-3.0, 0.0, 3.0, 0.0], bars)
        assert done.reasons == ["ENTRY", "THRESHOLD", "NO_EQUITY", "THRESHOLD"]
        assert done.kinds == ["entry", "final_close"]
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
        entries = [f.bar for f in run(settings, [3.0, 3.0, 3.0, 0.0, 0.0]).fills if f.reason == "entry"]
        assert entries == [3]
        assert run(settings, [3.0, 3.0, 0.0, 3.0, 3.0, 0.0]).fills == []
        assert run(settings, [3.0, 3.0, -3.0, 3.0, 3.0, 0.0]).fills == []

    def test_cooldown_counts_from_the_last_entry_fill(self) -> None:
        settings = dataclasses.replace(PLAIN, cooldown=3)
        done = run(settings, [3.0, -3.0, -3.0, -3.0, -3.0, 0.0])
        # Entered at bar 1; bar 4 is the first decision 3 bars later.
        assert [f.bar for f in done.fills if f.reason == "entry"] == [1, 5]
        assert done.reasons[:5] == ["ENTRY", "COOLDOWN", "COOLDOWN", "COOLDOWN", "ENTRY"]

    def test_no_decision_while_a_feature_is_not_valid(self) -> None:
        assert run(PLAIN, [None, None, 3.0, 0.0]).reasons[:3] == ["WARMUP", "WARMUP", "ENTRY"]


def exits(**given: object) -> Settings:
    return dataclasses.replace(PLAIN, exits=Exits(**given), sizes=((0.0, 0.5),))  # type: ignore[arg-type]


START = (100.0, 101.0, 99.0, 100.0)


class TestStops:
    """Entered at 100 on bar 1; distances are fractions of 100, the close of bar 0."""

    @pytest.mark.parametrize(
        ("bar", "expected"),
        [
            ((100.0, 120.0, 89.0, 115.0), ("stop", 90.0)),  # stop before target
            ((100.0, 120.0, 91.0, 115.0), ("target", 110.0)),
            ((85.0, 120.0, 80.0, 115.0), ("stop_gap", 85.0)),
            ((90.0, 120.0, 90.0, 115.0), ("stop_gap", 90.0)),
            ((112.0, 120.0, 95.0, 115.0), ("target", 112.0)),
            ((100.0, 109.0, 91.0, 100.0), None),
        ],
    )
    def test_within_a_bar(self, bar: tuple[float, ...], expected: tuple[str, float] | None) -> None:
        done = run(exits(stop=0.1, target=0.1), [3.0, 0.0, 0.0, 0.0], candles(START, START, bar, START))  # type: ignore[arg-type]
        found = [(f.reason, f.raw) for f in done.fills if f.bar == 2]
        assert found == ([] if expected is None else [expected])

    def test_on_the_entry_bar_only_with_next_open(self) -> None:
        bars = candles(START, (100.0, 101.0, 80.0, 95.0), START)
        settings = exits(stop=0.1)
        assert [f.reason for f in run(settings, [3.0, 0.0, 0.0], bars).fills] == ["entry", "stop"]
        at_close = dataclasses.replace(settings, fill="close")
        assert [f.bar for f in run(at_close, [0.0, 3.0, 0.0], bars).fills] == [1, 2]

    def test_on_the_close(self) -> None:
        bars = candles(
            START, START, (100.0, 100.0, 80.0, 91.0), (91.0, 91.0, 89.0, 89.0), (70.0, 70.0, 70.0, 70.0)
        )
        done = run(exits(stop=0.1, on_close=True), [3.0, 0.0, 0.0, 0.0, 0.0], bars)
        assert [(f.reason, f.bar, f.raw, f.decided) for f in done.fills[1:]] == [("stop", 4, 70.0, 3)]

    def test_trailing_as_it_stood_before_the_bar(self) -> None:
        bars = candles(START, START, (100.0, 130.0, 95.0, 125.0), (125.0, 125.0, 119.0, 121.0))
        done = run(exits(trailing=0.1), [3.0, 0.0, 0.0, 0.0], bars)
        assert [(f.reason, f.bar, f.raw) for f in done.fills[1:]] == [("trailing_stop", 3, 120.0)]

    @pytest.mark.parametrize("up", [True, False])
    def test_partials_move_the_stop(self, up: bool) -> None:
        def mirrored(*prices: float) -> tuple[float, ...]:
            opened, high, low, close = (p if up else 200.0 - p for p in prices)
            return opened, max(high, low), min(high, low), close

        rows = (START, START, mirrored(100.0, 106.0, 95.0, 103.0), mirrored(103.0, 111.0, 101.0, 108.0))
        bars = candles(*rows, mirrored(108.0, 108.0, 104.0, 104.0), START)  # type: ignore[arg-type]
        settings = exits(stop=0.1, partials=(0.5, 0.25))
        levels = {"above": (105.0, 110.0), "below": (95.0, 90.0)}
        done = run(settings, [3.0 if up else -3.0, 0.0, 0.0, 0.0, 0.0, 0.0], bars, **levels)
        marks = (105.0, 110.0, 105.0) if up else (95.0, 90.0, 95.0)
        assert [(f.reason, f.bar) for f in done.fills[1:]] == [
            ("partial_1", 2),
            ("partial_2", 3),
            ("stop", 4),
        ]
        assert tuple(f.raw for f in done.fills[1:]) == marks
        assert [f.units / done.fills[0].units for f in done.fills[1:]] == [0.5, 0.25, 0.25]
        assert done.kinds == ["entry", "partial", "partial", "exit"]

    def test_time_confidence_regime(self) -> None:
        done = run(exits(max_bars=2), [3.0, 0.0, 0.0, 0.0, 0.0])
        assert [(f.reason, f.bar) for f in done.fills[1:]] == [("max_hold", 4)]
        done = run(exits(confidence_below=0.4), [3.0, 0.0, 3.0, -3.0, 0.0])
        assert done.fills[1].reason == "confidence_drop"
        told = [
            AsOf(SAID[x], regime=r)
            for x, r in ((3.0, "bull"), (3.0, "ranging"), (3.0, "bear"), (3.0, "bear"))
        ]
        done = simulate(series([100.0] * 4, [100.0] * 4), told, exits(regime_flip=True))
        assert [(f.reason, f.bar) for f in done.fills[1:]] == [("regime_flip", 3)]
