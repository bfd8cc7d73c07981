"""All 16 combinations of the flags on series made to break them, short enough for the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from genesis_core import (
    Candles,
    Config,
    Decide,
    FeatureCache,
    Kernel,
    Param,
    Result,
    Vector,
    backtest,
    indicator,
)
from tests.equality.checks import result_fault
from tests.equality.test_backtest_matrix import ARMS, PLAIN, Arm, plan
from tests.oracles.bars import Bars, adversarial, random_walk
from tests.oracles.engine import candles_of

BARS = 140
SILENT = replace(random_walk(11, BARS, step=0.02), volume=[0.0] * BARS)
SERIES: Mapping[str, Bars] = {
    **{name: adversarial(BARS)[name] for name in ("constant", "one huge gap", "alternating")},
    **{name: adversarial(BARS)[name] for name in ("tiny prices", "huge prices", "huge, then tiny")},
    "zero volume": SILENT,
    "zero volume now and then": replace(SILENT, volume=[float(t % 3) for t in range(BARS)]),
}
TABLES: dict[str, Any] = {
    "decision": {
        "confidence": 0.0,
        "hysteresis": 1,
        "cooldown_bars": 0,
        "higher_fib": {"missing": "pass", "within_atr": 6.0},
        "lower_fib": {"missing": "pass", "within_atr": 6.0},
        "size": [[0.0, 0.2], [0.5, 0.5], [0.8, 1.0]],
        "regime_size": {"bull": 0.5},
        "zone_size": {"high": 0.5},
        "drawdown_size": [[0.02, 0.5]],
    },
    "higher": {"timeframe": "2h", "depth": 1},
    "exits": {
        **{"stop": 1.0, "target": 2.0, "trailing": 1.5, "partials": [0.3, 0.3], "max_bars": 6},
        **{"confidence_below": 0.2, "regime_flip": True},
    },
}


def turning(s: Vector, p: Vector, close: float, mean: float, volume: float) -> tuple[float, float, float]:
    """Say the side on which the close crosses its mean, and every so often that it is time to leave."""
    side = 1.0 if close >= mean else -1.0
    s[1] = s[1] + 1.0
    leave = 1.0 if s[1] >= p[0] else 0.0
    if leave > 0.0:
        s[1] = 0.0
    changed = side != s[0]
    s[0] = side
    sure = 0.9 if volume > 0.0 else 0.6
    return (side if changed else 0.0), sure, leave


TURNING = Kernel(
    name="turning",
    step=turning,
    inputs=("close", "mean", "volume"),
    params=(Param("patience", 1.0, 1e6),),
    outputs=("side", "confidence", "exit"),
    neutral=(0.0, 0.0, 0.0),
    state=lambda p: 2,
)


def eager_model() -> Config:
    """Return the default model, on tables in which everything is turned on and little is rejected."""
    tables = {**TABLES, "decision": {**TABLES["decision"], "threshold": 0.4, "edge": 0.0}}
    return Config.default().updated(tables)


def in_code() -> Config:
    """Return a strategy of a user's own, on the same tables."""
    mean = indicator("mean", "ema", "close", n=5)
    return Config.from_code([mean], Decide(TURNING, ("close", "mean", "volume"), {"patience": 9.0}), **TABLES)


STRATEGIES = {"model": eager_model, "code": in_code}


@cache
def made(name: str, strategy: str) -> tuple[Candles, Config, Result]:
    """Return a series, a strategy, and what the reference makes of them."""
    candles, config = candles_of(SERIES[name]), STRATEGIES[strategy]()
    return candles, config, backtest(candles, config)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", SERIES)
def test_every_arm(name: str, strategy: str) -> None:
    """The bits of the reference, by the work that each arm says it did."""
    candles, config, reference = made(name, strategy)
    assert plan(reference) == PLAIN.work(BARS, ready=config.ready)
    for arm in ARMS[1:]:
        answers = FeatureCache(BARS) if arm.cache else None
        result = arm.run(candles, answers, config)
        assert result_fault(reference, result) is None, arm.name
        assert plan(result) == arm.work(BARS, ready=config.ready)
        if answers is not None:
            again = arm.run(candles, answers, config)
            assert result_fault(reference, again) is None, arm.name
            assert plan(again) == arm.work(BARS, hits=True, ready=config.ready)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_these_runs_are_lively(strategy: str) -> None:
    """Equality of runs in which nothing happens would prove little: all but the constant price trade, many ways."""
    trades = {name: made(name, strategy)[2].trades for name in SERIES}
    assert {name for name, found in trades.items() if len(found) >= 3} >= set(SERIES) - {
        "constant",
        "alternating",
    }
    assert {trade.side for found in trades.values() for trade in found} == {"long", "short"}
    reasons = {trade.exit_reason for found in trades.values() for trade in found}
    assert len(reasons) >= 5
    assert any(trade.partials for found in trades.values() for trade in found)


@pytest.mark.parametrize("name", ["constant", "tiny prices", "huge prices"])
def test_there_are_arms_to_compare(name: str) -> None:
    """A changed price is seen by every arm, whatever its size."""
    candles, config, reference = made(name, "code")
    bars = SERIES[name]
    moved = replace(
        bars, close=[*bars.close[:-1], bars.low[-1] * 0.999], low=[*bars.low[:-1], bars.low[-1] * 0.999]
    )
    other = Arm(False, False, False, True).run(candles_of(moved), None, config)
    assert other.digest != reference.digest
    assert len(candles) == BARS
