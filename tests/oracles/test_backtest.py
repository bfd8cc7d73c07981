"""The engine's decisions, fills and equity against the plain simulator, bar by bar."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core import Candles, Config, Result, backtest, run_features, synthetic
from genesis_core.backtesting.loop import trade_compiled, trade_interpreted
from genesis_core.features import make_path
from genesis_core.features.paths import Counters
from genesis_core.features.vector import FeatureVector, Layout
from genesis_core.kernels.trading.layout import BAR, REASONS
from genesis_core.strategy.encode import parameter_vector
from tests.oracles import features as oracle
from tests.oracles.agreement import disagreement
from tests.oracles.bars import Bars, adversarial, from_high_low, random_walk, whole_dollars
from tests.oracles.decision import Logistic, Settings
from tests.oracles.engine import bars_of, candles_of
from tests.oracles.simulator import Simulation, simulate

NAMES = ("rsi_inv_lag1", "bb_position_inv_ma3", "vol_regime", "fib05_prox_atr")
SERIES = {
    **adversarial(),
    "walk": random_walk(1, 300, step=0.02),
    "calm walk": random_walk(2, 300, step=0.003),
    "whole dollars": whole_dollars(3, 300),
    "few dollars": whole_dollars(4, 300, start=20, spread=2),
    "synthetic": bars_of(synthetic(bars=300)),
}
REGIMES = ("bull", "bear", "ranging")


def config_of(
    buy: tuple[float, ...] = (-2.0, -3.0, 4.0, 0.1, 0.2),
    sell: tuple[float, ...] = (2.0, 3.0, -4.0, 0.1, 0.2),
    calibration: tuple[float, float] = (1.0, 0.0),
    **values: Any,
) -> Config:
    """Return a strategy over NAMES: bias and weights of each side, and values of decision and execution."""
    execution = ("initial_equity", "fill", "fee", "slippage")
    scale, shift = calibration

    def side(numbers: tuple[float, ...], scale: float, shift: float) -> dict[str, Any]:
        weights = dict(zip(NAMES, numbers[1:], strict=True))
        return {"bias": numbers[0], "weights": weights, "calibration": {"scale": scale, "shift": shift}}

    return Config.from_dict(
        {
            "features": {name: {} for name in NAMES},
            "model": {"buy": side(buy, scale, shift), "sell": side(sell, 1.0, 0.0)},
            "decision": {k: v for k, v in values.items() if k not in execution},
            "execution": {k: v for k, v in values.items() if k in execution},
        }
    )


def settings_of(config: Config) -> Settings:
    """Say the same to the simulator."""
    decision, execution = config.decision, config.execution

    def side(label: str) -> Logistic:
        model = getattr(config.model, label)
        line = model.calibration.scale, model.calibration.shift
        weights = tuple(model.weights[name] for name in NAMES)
        return Logistic(model.bias, weights, dict.fromkeys(REGIMES, line))

    return Settings(
        buy=side("buy"),
        sell=side("sell"),
        risk_reward=decision.reward_risk,
        trend=decision.side,
        thresholds=dict.fromkeys(REGIMES, decision.threshold),
        entry_confidence=decision.confidence,
        minimum_edge=decision.edge,
        hysteresis=decision.hysteresis,
        cooldown=decision.cooldown_bars,
        fraction=decision.size,
        fill=execution.fill,
        fee=execution.fee,
        slippage=execution.slippage,
        cash=execution.initial_equity,
    )


@cache
def given_series(name: str) -> tuple[Bars, Candles, tuple[tuple[float, ...] | None, ...]]:
    """Return a series, as the engine's candles too, and the model's inputs, which have oracles."""
    bars = SERIES[name]
    candles = candles_of(bars)
    vectors = run_features("streaming", candles, feature_set=config_of().feature_set).vectors
    return bars, candles, tuple(v.values_tuple if v.valid else None for v in vectors)


def expected(name: str, config: Config) -> Simulation:
    bars, _, rows = given_series(name)
    return simulate(bars, rows, oracle.regime(bars)[0], oracle.data_quality(bars), settings_of(config))


def codes(candles: Candles, config: Config) -> Iterator[list[int]]:
    """Give the reason code of each bar, from the compiled loop and from the interpreted one."""
    features = config.asked_features
    ready, params = config.feature_set.layout.warmup, parameter_vector(config)
    yield trade_compiled(candles, features, ready, params, Counters()).reasons.tolist()
    path = make_path("precomputed", candles, features)
    yield trade_interpreted(candles, features, ready, params, path).reasons.tolist()


def check(name: str, config: Config) -> Simulation:
    """Compare both loops with the simulator in everything that happened."""
    candles = given_series(name)[1]
    wanted = expected(name, config)
    result = backtest(candles, config, compiled=True)
    assert result.digest == backtest(candles, config, precompute_features=True).digest
    for found in codes(candles, config):
        assert [REASONS[code] for code in found] == wanted.reasons
    assert dict(result.reasons) == dict(Counter(wanted.reasons))
    check_fills(result, wanted)
    curve = [*wanted.equity, wanted.final]
    scale = max(abs(point) for point in curve)
    assert disagreement(result.equity.tolist(), curve, absolute=1e-9 * scale) is None
    return wanted


def check_fills(result: Result, wanted: Simulation) -> None:
    found = [(row.bar, row.kind, row.side) for row in result.ledger]
    assert found == [(fill.bar, fill.kind, fill.side) for fill in wanted.fills]
    for ours, theirs in (("price", "price"), ("units", "units"), ("fee", "fee"), ("cash_flow", "cash")):
        column = [getattr(row, ours) for row in result.ledger]
        assert disagreement(column, [getattr(fill, theirs) for fill in wanted.fills], relative=1e-9) is None


number = st.sampled_from((-6.0, -3.0, -1.0, -0.3, 0.0, 0.3, 1.0, 3.0, 6.0))
sides = st.tuples(number, number, number, number, number)


@st.composite
def models(draw: st.DrawFn) -> dict[str, Any]:
    """Draw two unrelated models, two that are mirrored, or two that are the same: then every bar is a tie."""
    buy = draw(sides)
    kind = draw(st.sampled_from(("any", "mirrored", "equal", "nearly equal")))
    sell = {
        "any": draw(sides),
        "mirrored": (buy[0], *(-weight for weight in buy[1:])),
        "equal": buy,
        "nearly equal": (*buy[:3], -buy[3], buy[4]),  # a tie while `vol_regime` is 0
    }[kind]
    calibration = (1.0, 0.0) if "equal" in kind else draw(st.sampled_from(((1.0, 0.0), (0.5, 0.3))))
    return {"buy": buy, "sell": sell, "calibration": calibration}


choices: Mapping[str, st.SearchStrategy[Any]] = {
    "reward_risk": st.sampled_from((0.4, 1.0, 1.8, 3.0)),
    "side": st.sampled_from(("both", "both", "long", "short")),
    "threshold": st.sampled_from((0.0, 0.3, 0.45, 0.5, 0.55, 0.7)),
    "confidence": st.sampled_from((0.0, 0.3, 0.5, 0.6)),
    "edge": st.sampled_from((0.0, 0.0, 0.1, 0.4)),
    "hysteresis": st.integers(0, 4),
    "cooldown_bars": st.integers(0, 10),
    "size": st.sampled_from((0.05, 0.2, 1.0)),
    "fill": st.sampled_from(("next_open", "close")),
    "fee": st.sampled_from((0.0, 0.002, 0.05)),
    "slippage": st.sampled_from((0.0, 0.0005, 0.02)),
    "initial_equity": st.sampled_from((10_000.0, 1.0)),
}


@given(name=st.sampled_from(sorted(SERIES)), model=models(), values=st.fixed_dictionaries(dict(choices)))
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_any_strategy(name: str, model: dict[str, Any], values: dict[str, Any]) -> None:
    check(name, config_of(**model, **values))


@dataclass
class Told:
    """A feature path that answers what it is told: model inputs, regime and quality of each bar."""

    layout: Layout
    answers: list[tuple[float, ...]]
    counters: Counters = field(default_factory=Counters)
    name: str = "told"

    def at(self, bar: int) -> FeatureVector:
        return FeatureVector(self.layout, bar, self.answers[bar])


answers = st.tuples(*[st.sampled_from((-1.0, 0.0, 1.0))] * 5, st.sampled_from((1.0, 1.0, 0.5)))


def check_told(told: list[tuple[float, ...]], bars: Bars, ready: int, config: Config) -> Simulation:
    """Compare the loop over given inputs with the simulator: four of the model, then regime and quality."""
    candles, features = candles_of(bars), config.asked_features
    path = Told(features.layout, told)
    books = trade_interpreted(candles, features, ready, parameter_vector(config), path)
    names = {1.0: "bull", 0.0: "ranging", -1.0: "bear"}
    rows = [row[:4] if t >= ready else None for t, row in enumerate(told)]
    context = [names[row[4]] for row in told], [row[5] for row in told]
    wanted = simulate(bars, rows, *context, settings_of(config))
    assert [REASONS[code] for code in books.reasons.tolist()] == wanted.reasons
    assert [row[BAR] for row in books.ledger] == [fill.bar for fill in wanted.fills]
    curve = [*wanted.equity, wanted.final]
    scale = max(abs(point) for point in curve)
    assert disagreement(books.equity.tolist(), curve, absolute=1e-9 * scale) is None
    return wanted


@given(
    told=st.lists(answers, min_size=1, max_size=60),
    seed=st.integers(0, 1_000),
    step=st.sampled_from((0.01, 0.4)),
    ready=st.integers(0, 3),
    model=models(),
    values=st.fixed_dictionaries(dict(choices)),
)
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_any_inputs(
    told: list[tuple[float, ...]], seed: int, step: float, ready: int, model: Any, values: Any
) -> None:
    """Inputs of a few round values: ties, runs and flips of regime and quality that no indicator would give."""
    check_told(
        told, random_walk(seed, len(told), start=100.0, step=step), ready, config_of(**model, **values)
    )


def test_a_tie_takes_the_side_held_last_not_the_one_accepted_last() -> None:
    """Short, then prices triple: a long is accepted and there is nothing to pay it with; then a tie."""
    told = [(0.0, 0.0, sign, 0.0, 1.0, 1.0) for sign in (-1.0, -1.0, 1.0, 0.0, 0.0)]
    prices = [100.0, 100.0, 300.0, 300.0, 300.0]
    model = {"buy": (3.0, 0.0, 0.0, 1.0, 0.0), "sell": (3.0, 0.0, 0.0, -1.0, 0.0)}
    config = config_of(**model, **{**LIKELY, "hysteresis": 0}, size=1.0)
    wanted = check_told(told, from_high_low(prices, prices), 0, config)
    assert wanted.reasons == ["ENTRY", "IN_POSITION", "NO_EQUITY", "IN_POSITION", "IN_POSITION"]


def test_bounds_are_closed() -> None:
    """Both probabilities are exactly 0.5: equal to the threshold, to the confidence, and an edge of exactly 0."""
    half = (0.0, 0.0, 0.0, 0.0, 0.0)
    bounds = {"threshold": 0.5, "confidence": 0.5, "edge": 0.0, "hysteresis": 0, "cooldown_bars": 0}
    for name, least in (("threshold", "THRESHOLD"), ("confidence", "CONFIDENCE"), ("edge", "EDGE")):
        reasons = check("walk", config_of(buy=half, sell=half, **bounds)).reasons
        assert "ENTRY" in reasons
        above = {**bounds, name: math.nextafter(bounds[name], 1.0)}
        reasons = check("walk", config_of(buy=half, sell=half, **above)).reasons
        assert "ENTRY" not in reasons
        assert least in reasons


LIKELY = {"threshold": 0.4, "confidence": 0.0, "edge": 0.0, "hysteresis": 1, "cooldown_bars": 0}
SAME = {"buy": (3.0, 0.0, 0.0, 0.0, 0.0), "sell": (3.0, 0.0, 0.0, 0.0, 0.0)}


@pytest.mark.parametrize("fill", ["next_open", "close"])
def test_every_reason_occurs_and_agrees(fill: str) -> None:
    """One strategy for each rejection, on a series on which it does occur: agreement is never vacuous."""
    seen: Counter[str] = Counter()
    for name, values in {
        "walk": {},
        "whole dollars": {"threshold": 0.7, "edge": 0.0},
        "few dollars": {**LIKELY, "size": 1.0, "hysteresis": 2},
        "huge prices": {**LIKELY, "side": "long"},
        "calm walk": {**LIKELY, **SAME},
        "synthetic": {**LIKELY, "reward_risk": 0.4},
        "alternating": LIKELY,
        "one huge gap": {**LIKELY, "confidence": 0.9, "edge": 0.2},
        "flat, then alive": {"edge": 0.9},
    }.items():
        seen.update(check(name, config_of(fill=fill, **values)).reasons)
    # Filled at the close, no decision lacks a next bar.
    assert set(REASONS) - set(seen) == ({"NO_NEXT_BAR"} if fill == "close" else set())


def test_a_tie_takes_the_side_held_last_then_the_regime() -> None:
    """Equal models: the first entry follows the regime, and no later tie leaves that side."""
    for name in ("walk", "few dollars", "one huge gap", "synthetic"):
        wanted = check(name, config_of(**SAME, **LIKELY))
        bars = given_series(name)[0]
        entries = [fill for fill in wanted.fills if fill.kind == "entry"]
        assert len(entries) == 1
        regime = oracle.regime(bars)[0][entries[0].bar - 1]
        assert (entries[0].side, regime) in (("long", "bull"), ("short", "bear"))


def test_a_tie_keeps_the_side_that_was_held_when_the_regime_says_the_other() -> None:
    """Long while volatility rises, else a tie: the regime turns bear and the long stays."""
    model = {"buy": (2.0, 0.0, 0.0, 1.0, 0.0), "sell": (2.0, 0.0, 0.0, -1.0, 0.0)}
    kept = 0
    for name in ("walk", "few dollars", "whole dollars", "synthetic", "one huge gap"):
        wanted = check(name, config_of(**model, **LIKELY))
        bars, _, rows = given_series(name)
        entered = [fill for fill in wanted.fills if fill.kind == "entry"]
        last = entered[-1]
        regimes = oracle.regime(bars)[0]
        kept += sum(
            last.side == "long" and regimes[t] == "bear" and rows[t][2] == 0.0  # type: ignore[index]
            for t in range(last.bar, len(bars))
        )
    assert kept > 10


def test_a_strategy_whose_inputs_never_move_never_changes_its_mind() -> None:
    wanted = check("constant", config_of(buy=(1.0, 0.0, 0.0, 0.0, 0.0), sell=(-1.0, 0.0, 0.0, 0.0, 0.0)))
    assert [fill.kind for fill in wanted.fills] == ["entry", "final_close"]


@pytest.mark.parametrize("change", [{"cooldown_bars": 4}, {"hysteresis": 3}, {"fee": 0.0021}, {"size": 0.21}])
def test_the_comparison_sees_another_setting(change: dict[str, Any]) -> None:
    config = config_of(**LIKELY)
    wanted = expected("walk", config_of(**{**LIKELY, **change}))
    result = backtest(given_series("walk")[1], config, compiled=True)
    curve = np.array([*wanted.equity, wanted.final])
    assert disagreement(result.equity.tolist(), curve.tolist(), absolute=1e-9 * curve.max()) is not None
