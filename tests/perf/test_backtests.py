"""The reference backtest against each distinct plan, and what a shared feature cache is for."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from genesis_core import Candles, Config, FeatureCache, Result, backtest
from pytest_genesis_perf.comparing import GenesisPerf

pytestmark = pytest.mark.genesis_perf(warm=True)  # code stays compiled, and a cache is meant to remember

PLANS: dict[str, tuple[dict[str, Any], float]] = {
    "windowed": ({"fast_window": True}, 5.0),
    "precomputed": ({"precompute_features": True}, 20.0),
    "compiled": ({"compiled": True}, 20.0),
    "all flags": ({"fast_window": True, "precompute_features": True, "compiled": True}, 20.0),
}


def at_least_twenty_trades_per_thousand_bars(result: Result) -> Result:
    """Guard: a run that hardly trades would make every equality vacuous."""
    bars = len(result.equity) - 1
    assert result.metrics.trades * 1_000 >= 20 * bars, (
        f"vacuous: {result.metrics.trades} trades in {bars} bars"
    )
    assert {trade.side for trade in result.trades} == {"long", "short"}
    return result


@pytest.mark.parametrize("plan", PLANS)
def test_plan(genesis_perf: GenesisPerf, few: Candles, plan: str) -> None:
    flags, least = PLANS[plan]
    cache = FeatureCache() if plan == "all flags" else None
    genesis_perf.compare(
        label=plan,
        baseline=lambda: at_least_twenty_trades_per_thousand_bars(backtest(few)),
        optimized=lambda: backtest(few, feature_cache=cache, **flags),
        min_speedup=least,
        work=f"{len(few)} bars",
    )


SETTINGS = [Config.default().updated({"decision": {"edge": edge}}) for edge in (0.05, 0.15, 0.25)]


def test_shared_cache(genesis_perf: GenesisPerf, series: Candles) -> None:
    """Other decision settings over the same features: what a cache of enough capacity is for."""
    candles = series[:500]
    cache = FeatureCache(len(candles))
    backtest(candles, fast_window=True, feature_cache=cache)
    genesis_perf.compare(
        label="shared cache",
        baseline=lambda: [backtest(candles, config, fast_window=True) for config in SETTINGS],
        optimized=lambda: [
            backtest(candles, config, fast_window=True, feature_cache=cache) for config in SETTINGS
        ],
        min_speedup=2.0,
        work=f"{len(SETTINGS)} backtests of {len(candles):,} bars",
    )
    assert cache.hits > 0


def test_flag_matrix_is_identical(few: Candles) -> None:
    """All 16 combinations give one digest; their speed is judged per distinct plan above."""
    digests = set()
    names = ("fast_window", "precompute_features", "compiled")
    for cached, *flags in itertools.product([False, True], repeat=4):
        chosen = dict(zip(names, flags, strict=True))
        result = backtest(few, feature_cache=FeatureCache() if cached else None, **chosen)
        digests.add((result.digest, result.summary_digest))
    assert len(digests) == 1
