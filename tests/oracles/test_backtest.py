"""The engine's decisions, fills and equity against the plain simulator, bar by bar."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core import (
    Candles,
    Config,
    Decide,
    Kernel,
    Param,
    Result,
    Vector,
    backtest,
    run_features,
    synthetic,
)
from genesis_core.kernels.trading.reasons import FILL_REASONS, REASONS
from tests.oracles.agreement import disagreement
from tests.oracles.bars import Bars, adversarial, gapped, random_walk, whole_dollars
from tests.oracles.decision import Side, Signal
from tests.oracles.draws import configs, decisions, models, tables
from tests.oracles.engine import bars_of, candles_of
from tests.oracles.features import data_quality
from tests.oracles.simulator import Simulation, simulate
from tests.oracles.strategies import Context, settings_of

NAMES = ("rsi_inv_lag1", "bb_position_inv_ma3", "vol_regime", "fib05_prox_atr")
SERIES = {
    **adversarial(),
    "walk": random_walk(1, 300, step=0.02),
    "calm walk": random_walk(2, 300, step=0.003),
    "whole dollars": whole_dollars(3, 300),
    "few dollars": whole_dollars(4, 300, start=20, spread=2),
    "gaps": gapped(5, 300),
    "synthetic": bars_of(synthetic(bars=300)),
}
ENTRIES: dict[str, Any] = {
    "threshold": 0.4,
    "confidence": 0.0,
    "edge": 0.0,
    "hysteresis": 1,
    "cooldown_bars": 0,
}
LIKELY: dict[str, Any] = {"decision": ENTRIES}
SAME: dict[str, Any] = {"buy": (3.0, 0.0, 0.0, 0.0, 0.0), "sell": (3.0, 0.0, 0.0, 0.0, 0.0)}


def config_of(
    buy: Sequence[float] = (-2.0, -3.0, 4.0, 0.1, 0.2),
    sell: Sequence[float] = (2.0, 3.0, -4.0, 0.1, 0.2),
    calibrations: tuple[dict[str, Any], dict[str, Any]] = ({}, {}),
    **values: Any,
) -> Config:
    """Return a strategy over NAMES: bias, weights and calibration of each side, and its other tables."""
    made = {
        label: {
            "bias": numbers[0],
            "weights": dict(zip(NAMES, numbers[1:], strict=True)),
            "calibration": calibration,
        }
        for label, numbers, calibration in zip(("buy", "sell"), (buy, sell), calibrations, strict=True)
    }
    return Config.from_dict({"features": {name: {} for name in NAMES}, "model": made, **values})


@cache
def given_series(name: str) -> tuple[Bars, Candles, Context]:
    bars = SERIES[name]
    return bars, candles_of(bars), Context(bars)


@cache
def inputs(name: str) -> tuple[tuple[float, ...] | None, ...]:
    """Return the model's inputs, which have oracles of their own."""
    vectors = run_features("streaming", given_series(name)[1], feature_set=config_of().feature_set).vectors
    return tuple(v.values_tuple if v.valid else None for v in vectors)


def expected(name: str, config: Config, said: Sequence[Any] | None = None) -> Simulation:
    bars, _, context = given_series(name)
    return simulate(bars, context.seen(config, inputs(name) if said is None else said), settings_of(config))


def check(name: str, config: Config, said: Sequence[Any] | None = None) -> Simulation:
    """Compare the interpreted and the compiled run with the simulator in everything that happened."""
    candles, wanted = given_series(name)[1], expected(name, config, said)
    result = backtest(candles, config, compiled=True)
    interpreted = backtest(candles, config, precompute_features=True)
    assert result.digest == interpreted.digest
    compare(result, wanted)
    return wanted


def compare(result: Result, wanted: Simulation) -> None:
    bars = len(wanted.reasons)
    assert [result.reason(t) for t in range(bars)] == wanted.reasons
    exits = Counter(f"exit:{fill.reason}" for fill in wanted.fills if fill.reason != "entry")
    assert dict(result.reasons) == dict(Counter(wanted.reasons) + exits)
    compare_fills(result, wanted)
    curve = [*wanted.equity, wanted.final]
    scale = max(abs(point) for point in curve)
    assert disagreement(result.equity.tolist(), curve, absolute=1e-9 * scale) is None


def compare_fills(result: Result, wanted: Simulation) -> None:
    found = [(row.bar, row.kind, row.reason, row.side, row.decided) for row in result.ledger]
    assert found == [
        (fill.bar, kind, fill.reason, fill.side, fill.decided)
        for fill, kind in zip(wanted.fills, wanted.kinds, strict=True)
    ]
    # Prices are found by the same few operations from values that agree to 1e-9.
    names = {"raw_price": "raw", "price": "price", "units": "units", "fee": "fee", "cash_flow": "cash"}
    for ours, theirs in names.items():
        column = [getattr(row, ours) for row in result.ledger]
        assert disagreement(column, [getattr(fill, theirs) for fill in wanted.fills], relative=1e-9) is None
    compare_trades(result, wanted)


def compare_trades(result: Result, wanted: Simulation) -> None:
    """Compare what a trade tells of its entry; context is told where something of the strategy depends on it."""
    told = [name for name, _ in result.config.context]
    entries = [held.entry for held in wanted.opened]
    assert [(trade.decided, trade.side) for trade in result.trades] == [(e.decided, e.side) for e in entries]
    regimes = [entry.regime if "regime" in told else None for entry in entries]
    zones = [entry.zone if "volatility_zone" in told else None for entry in entries]
    assert [(trade.regime, trade.zone) for trade in result.trades] == list(zip(regimes, zones, strict=True))
    if "data_quality" in told:
        sure = [trade.confidence for trade in result.trades]
        assert disagreement(sure, [entry.confidence for entry in entries], relative=1e-9) is None
    placed = {
        "stop": [held.stop for held in wanted.opened],
        "target": [held.target for held in wanted.opened],
    }
    for name, prices in placed.items():
        column = [getattr(trade, name) for trade in result.trades]
        assert [price is None for price in column] == [price is None for price in prices]
        assert disagreement([p or 0.0 for p in column], [p or 0.0 for p in prices], relative=1e-9) is None


@given(name=st.sampled_from(sorted(SERIES)), model=models(), values=configs())
@settings(max_examples=150)
def test_any_strategy(name: str, model: dict[str, Any], values: dict[str, Any]) -> None:
    check(name, config_of(**model, **values))


def moved(s: Vector, p: Vector, close: float, quality: float) -> tuple[float, float, float]:
    """Follow or fade a move of the close, less sure on bad data; leave the bar that ends so many without one."""
    before = s[0]
    s[0] = close
    s[1] = s[1] + 1.0
    away = close - before
    limit = p[0] * close
    sure = 0.3 if quality < 1.0 else 0.8
    leave = 1.0 if p[2] > 0.0 and s[1] == p[2] else 0.0
    if before == 0.0 or abs(away) <= limit:
        return 0.0, 1.0, leave
    s[1] = 0.0
    return (p[1] * 2.5 if away > 0.0 else -p[1]), sure, leave


MOVED = Kernel(
    name="moved",
    step=moved,
    inputs=("close", "quality"),
    params=(Param("limit", 0.0, 1.0), Param("sign", -1.0, 1.0), Param("patience", 0.0, 1e3)),
    outputs=("side", "confidence", "exit"),
    neutral=(0.0, 0.0, 0.0),
    state=lambda p: 2,
)


def signals(bars: Bars, limit: float, sign: float, patience: float) -> list[Signal]:
    """Return what `moved` says at each bar, looking back from each."""
    moves: list[Side | None] = [None]
    for before, close in zip(bars.close, bars.close[1:], strict=False):
        up: tuple[Side, Side] = ("long", "short") if sign > 0.0 else ("short", "long")
        moves.append(None if abs(close - before) <= limit * close else up[0] if close > before else up[1])
    made, quality = [], data_quality(bars)
    last = -1  # the bar of the last move before this one; the count starts with the series
    for t, side in enumerate(moves):
        sure = 1.0 if side is None else 0.3 if quality[t] < 1.0 else 0.8
        made.append(Signal(side, sure, leave=patience > 0.0 and t - last == patience))
        if side is not None:
            last = t
    return made


@given(
    name=st.sampled_from(sorted(SERIES)),
    limit=st.sampled_from((0.0, 0.005, 0.02)),
    sign=st.sampled_from((-1.0, 1.0)),
    patience=st.sampled_from((0.0, 1.0, 4.0)),
    values=configs(by_model=False),
)
@settings(max_examples=120)
def test_any_strategy_in_code(
    name: str, limit: float, sign: float, patience: float, values: dict[str, Any]
) -> None:
    decide = Decide(MOVED, ("close", "data_quality"), {"limit": limit, "sign": sign, "patience": patience})
    config = Config.from_code(["data_quality"], decide, **values)
    said: list[Signal | None] = list(signals(given_series(name)[0], limit, sign, patience))
    said[: config.ready] = [None] * config.ready
    check(name, config, said)


def test_the_defaults_of_a_strategy_in_code_wait_for_nothing() -> None:
    config = Config.from_code(
        ["data_quality"],
        Decide(MOVED, ("close", "data_quality"), {"limit": 0.005, "sign": 1.0, "patience": 2.0}),
    )
    wanted = check("walk", config, signals(given_series("walk")[0], 0.005, 1.0, 2.0))
    assert {"ENTRY", "NO_SIGNAL", "IN_POSITION"} == set(wanted.reasons) - {"NO_NEXT_BAR"}
    assert {fill.reason for fill in wanted.fills} >= {"entry", "reversal", "exit_signal"}


EVERYTHING: dict[str, Any] = {
    "decision": {
        **ENTRIES,
        "higher_fib": {"missing": "pass", "within_atr": 4.0},
        "lower_fib": {"missing": "pass", "within_atr": 4.0},
        "regime_size": {"bull": 0.5},
        "zone_size": {"high": 0.25},
        "size": [[0.45, 0.3], [0.6, 0.9]],
    },
    "higher": {"timeframe": "3h", "depth": 1},
    "exits": {
        **{"stop": 2.0, "target": 4.0, "trailing": 2.5, "partials": [0.3, 0.3]},
        **{"max_bars": 12, "confidence_below": 0.25, "regime_flip": True},
    },
}
REJECTIONS: dict[str, dict[str, Any]] = {
    "walk": {},
    "whole dollars": {"decision": {"threshold": 0.7, "edge": 0.0}},
    "few dollars": {"decision": {**ENTRIES, "size": 1.0, "hysteresis": 2, "drawdown_size": []}},
    "huge prices": {"decision": {**ENTRIES, "side": "long"}},
    "calm walk": {**LIKELY, **SAME},
    "synthetic": {"decision": {**ENTRIES, "reward_risk": 0.4}},
    "alternating": {**LIKELY, "execution": {"initial_equity": 50.0}},
    "one huge gap": {"decision": {**ENTRIES, "confidence": 0.9, "edge": 0.2}},
    "flat, then alive": {"decision": {**ENTRIES, "edge": 0.9}},
    "alive, then flat": {"decision": {**ENTRIES, "size": [[1.0, 0.5]]}},
    "constant": {"decision": {**ENTRIES, "higher_fib": {"missing": "block"}}, "buy": (1.0,) + (0.0,) * 4},
    "tiny prices": {"decision": {**ENTRIES, "lower_fib": {"missing": "pass", "within_atr": 0.5}}},
}


@pytest.mark.parametrize("fill", ["next_open", "close"])
def test_every_reason_occurs_and_agrees(fill: str) -> None:
    """One strategy for each rejection, on a series on which it does occur: agreement is never vacuous."""
    seen: Counter[str] = Counter()
    for name, values in REJECTIONS.items():
        values = {**values, "execution": {**values.get("execution", {}), "fill": fill}}
        seen.update(check(name, config_of(**values)).reasons)
    for series, cooldown in (("walk", 0), ("walk", 6), ("whole dollars", 0)):
        values = {"decision": {**ENTRIES, "cooldown_bars": cooldown}, "execution": {"fill": fill}}
        decide = Decide(MOVED, ("close", "data_quality"), {"limit": 0.02, "sign": -1.0, "patience": 0.0})
        for key in ("threshold", "edge"):
            values["decision"].pop(key)
        config = Config.from_code(["data_quality"], decide, **values)
        seen.update(check(series, config, signals(given_series(series)[0], 0.02, -1.0, 0.0)).reasons)
    # Filled at the close, no decision lacks a next bar; no series here loses all it has.
    never = {"NO_EQUITY"} | ({"NO_NEXT_BAR"} if fill == "close" else set())
    assert set(REASONS) - set(seen) <= never


@pytest.mark.parametrize("test", ["intrabar", "close"])
@pytest.mark.parametrize("fill", ["next_open", "close"])
def test_every_exit_occurs_and_agrees(fill: str, test: str) -> None:
    seen: Counter[str] = Counter()
    for name in ("walk", "few dollars", "calm walk", "synthetic", "whole dollars", "gaps"):
        for exits in ({}, {"stop": 0.0}, {"stop": 0.0, "trailing": 1.0}, {"trailing": 0.0, "target": 1.0}):
            values = {
                **EVERYTHING,
                "exits": {**EVERYTHING["exits"], **exits, "test": test},
                "execution": {"fill": fill},
            }
            seen.update(fill.reason for fill in check(name, config_of(**values)).fills)
    never = {"none", "exit_signal"} | ({"stop_gap"} if test == "close" else set())
    assert set(FILL_REASONS) - set(seen) == never


def test_bounds_are_closed() -> None:
    """Both probabilities are exactly 0.5: equal to the threshold, to the confidence, and an edge of exactly 0."""
    half = (0.0, 0.0, 0.0, 0.0, 0.0)
    bounds = {"threshold": 0.5, "confidence": 0.5, "edge": 0.0, "hysteresis": 0, "cooldown_bars": 0}
    for name, least in (("threshold", "THRESHOLD"), ("confidence", "CONFIDENCE"), ("edge", "EDGE")):
        reasons = check("walk", config_of(buy=half, sell=half, decision=bounds)).reasons
        assert "ENTRY" in reasons
        above = {**bounds, name: math.nextafter(bounds[name], 1.0)}
        reasons = check("walk", config_of(buy=half, sell=half, decision=above)).reasons
        assert "ENTRY" not in reasons
        assert least in reasons


def test_a_tie_takes_the_side_held_last_then_the_regime() -> None:
    """Equal models: the first entry follows the regime, and no later tie leaves that side."""
    for name in ("walk", "few dollars", "one huge gap", "synthetic"):
        wanted = check(name, config_of(**SAME, **LIKELY))
        _, _, context = given_series(name)
        entries = [fill for fill in wanted.fills if fill.reason == "entry"]
        assert len(entries) == 1
        regime = context.regime[entries[0].bar - 1]
        assert (entries[0].side, regime) in (("long", "bull"), ("short", "bear"))


def test_a_tie_keeps_the_side_that_was_held_when_the_regime_says_the_other() -> None:
    """Long while volatility rises, else a tie: the regime turns bear and the long stays."""
    model: dict[str, Any] = {"buy": (2.0, 0.0, 0.0, 1.0, 0.0), "sell": (2.0, 0.0, 0.0, -1.0, 0.0)}
    kept = 0
    for name in ("walk", "few dollars", "whole dollars", "synthetic", "one huge gap"):
        wanted = check(name, config_of(**model, **LIKELY))
        bars, _, context = given_series(name)
        last = [fill for fill in wanted.fills if fill.reason == "entry"][-1]
        kept += sum(
            last.side == "long" and context.regime[t] == "bear" and inputs(name)[t][2] == 0.0  # type: ignore[index]
            for t in range(last.bar, len(bars))
        )
    assert kept > 10


def test_a_strategy_whose_inputs_never_move_never_changes_its_mind() -> None:
    wanted = check("constant", config_of(buy=(1.0, 0.0, 0.0, 0.0, 0.0), sell=(-1.0, 0.0, 0.0, 0.0, 0.0)))
    assert [fill.reason for fill in wanted.fills] == ["entry", "final_close"]


CHANGES: list[dict[str, Any]] = [
    {"decision": {"cooldown_bars": 4}},
    {"decision": {"hysteresis": 3}},
    {"decision": {"size": 0.21}},
    {"decision": {"higher_fib": {"missing": "pass", "within_atr": 1.0}}},
    {"decision": {"lower_fib": {"missing": "pass", "within_atr": 1.0}}},
    {"decision": {"regime_thresholds": {"bull": {"long": 0.9}}}},
    {"decision": {"zone_thresholds": {"mid": {"short": 0.9}}}},
    {"decision": {"zone_size": {"mid": 0.9}}},
    {"decision": {"regime_size": {"bull": 0.9}}},
    {"decision": {"drawdown_size": [[0.01, 0.5]]}},
    {"exits": {"stop": 2.1}},
    {"exits": {"target": 1.0}},
    {"exits": {"trailing": 2.4}},
    {"exits": {"partials": [0.3, 0.31]}},
    {"exits": {"test": "close"}},
    {"exits": {"unit": "price", "stop": 0.03, "target": 0.05, "trailing": 0.04}},
    {"exits": {"max_bars": 11}},
    {"exits": {"confidence_below": 0.7}},
    {"exits": {"regime_flip": False}},
    {"higher": {"timeframe": "2h"}},
    {"higher": {"days": 0.5}},
    {"execution": {"fee": 0.0021}},
    {"execution": {"slippage": 0.0006}},
    {"execution": {"fill": "close"}},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_the_comparison_sees_another_setting(change: dict[str, Any]) -> None:
    """No setting is without effect on the walk, and the simulator reads each of them."""
    config = config_of(**EVERYTHING)
    wanted = expected("walk", config.updated(change))
    result = backtest(given_series("walk")[1], config, compiled=True)
    curve = np.array([*wanted.equity, wanted.final])
    assert disagreement(result.equity.tolist(), curve.tolist(), absolute=1e-9 * curve.max()) is not None
    check("walk", config.updated(change))


@pytest.mark.parametrize("by_model", [True, False])
def test_the_draws_reach_every_table(by_model: bool) -> None:
    """Each key of decision, exits and execution is among what is drawn, or is read by models only."""
    only_models = {"reward_risk", "threshold", "regime_thresholds", "zone_thresholds", "edge"}
    keys = set(Config.default().values["decision"])
    assert set(decisions(by_model)) == (keys if by_model else keys - only_models)
    for name in ("exits", "higher", "execution"):
        assert set(tables()[name]) == set(Config.default().values[name])
