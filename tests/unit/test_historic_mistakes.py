"""The mistakes that an earlier system made, each with the test that would have caught it.

They are tested where they belong as well, and more thoroughly; here stands one short test for each, so that nobody has
to ask whether it can come back.
"""

from __future__ import annotations

import math
import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from genesis_core import (
    Candles,
    Config,
    FeatureCache,
    FeatureSet,
    backtest,
    run_features,
    synthetic,
)
from tests.oracles.bars import from_high_low, random_walk
from tests.oracles.engine import candles_of

LIVELY: dict[str, Any] = {
    "decision": {"higher_fib": {"missing": "pass", "within_atr": 3.0}, "cooldown_bars": 1, "hysteresis": 1},
    "higher": {"timeframe": "4h", "depth": 1},
    "exits": {"stop": 1.5, "target": 3.0, "partials": [0.4, 0.3], "max_bars": 24},
}
FLAGS: dict[str, dict[str, Any]] = {
    "recompute": {},
    "windowed": {"fast_window": True},
    "precomputed": {"precompute_features": True},
    "compiled": {"compiled": True},
}


@pytest.fixture(scope="module")
def candles() -> Candles:
    return synthetic(bars=260)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_decision_that_depends_on_the_unit_of_the_timestamps(candles: Candles, unit: str) -> None:
    """Data quality and the higher timeframe look at time: seconds must not be taken for milliseconds."""
    kept = [t for t in range(len(candles)) if t % 50 not in (20, 21, 22, 23)]
    columns = {name: getattr(candles, name)[kept] for name in ("open", "high", "low", "close", "volume")}
    times = candles.timestamp[kept]
    scale = {"s": (1, 1_000), "ms": (1, 1), "us": (1_000, 1), "ns": (1_000_000, 1)}[unit]
    plain = {"symbol": candles.symbol, "timeframe": "1h", "gaps": "keep"}
    wanted = backtest(Candles.from_arrays(**columns, timestamp=times, **plain), LIVELY, compiled=True)
    assert len(wanted.trades) > 5
    for given in (times * scale[0] // scale[1], times.astype("datetime64[ms]").astype(f"datetime64[{unit}]")):
        found = backtest(Candles.from_arrays(**columns, timestamp=given, **plain), LIVELY, compiled=True)
        assert found.digest == wanted.digest


@pytest.mark.parametrize("path", ["recompute", "windowed", "precomputed"])
def test_a_cache_key_without_the_configuration(candles: Candles, path: str) -> None:
    """Trial B was scored with trial A's features. One cache, two strategies that differ in one parameter each."""
    cache = FeatureCache(10_000)
    trials: tuple[dict[str, Any], ...] = (
        {},
        {"exits": {"stop": 1.5}},
        {"features": {**dict(Config.default().features), "rsi_inv_lag1": {"rsi": 5.0}}, **_weights()},
        {"decision": {"higher_fib": {"missing": "pass"}}, "higher": {"timeframe": "2h"}},
        {"decision": {"higher_fib": {"missing": "pass"}}, "higher": {"timeframe": "4h"}},
    )
    short = candles[:120]
    cached = [backtest(short, trial, feature_cache=cache, **FLAGS[path]) for trial in trials]
    alone = [backtest(short, trial, compiled=True) for trial in trials]
    assert [result.digest for result in cached] == [result.digest for result in alone]
    assert cached[2].equity.tobytes() != cached[0].equity.tobytes()
    again = backtest(short, trials[2], feature_cache=cache, **FLAGS[path])
    assert again.plan.counters["misses"] == 0
    assert again.digest == alone[2].digest
    other = backtest(candles[1:121], feature_cache=cache, **FLAGS[path])
    assert other.digest == backtest(candles[1:121], compiled=True).digest, "nor without the candles"


def _weights() -> dict[str, Any]:
    """Return the default model, as changes: features that are given replace the weights as well."""
    return {"model": Config.default().values["model"]}


@pytest.mark.parametrize("path", ["recompute", "windowed", "precomputed", "streaming"])
@pytest.mark.parametrize("depth", [1, 3, 6])
def test_swings_known_early(path: str, depth: int) -> None:
    """A peak at bar 40 and a trough at bar 60 make levels at bar 60 + depth: no bar earlier, and none later."""
    high = [101.0 + (30.0 if t == 40 else 0.0) for t in range(80)]
    low = [99.0 - (30.0 if t == 60 else 0.0) for t in range(80)]
    features = FeatureSet([("swing_retrace_depth", {"depth": depth})])
    vectors = run_features(path, candles_of(from_high_low(high, low)), feature_set=features).vectors
    known = [vector.bar for vector in vectors if vector["swing_retrace_depth"] != 0.0]
    assert known == list(range(60 + depth, 80))


@pytest.mark.parametrize("path", ["recompute", "precomputed"])
def test_a_higher_candle_known_early(path: str) -> None:
    """While a higher candle grows, its extremes move no level: two futures that differ from bar 192 on."""
    bars = random_walk(3, 240, step=0.02)
    assert bars.timestamp[192] % (6 * 3_600_000) == 0
    tall = replace(bars, high=[high * (3.0 if t == 192 else 1.0) for t, high in enumerate(bars.high)])
    params = {"span_ms": 6.0 * 3_600_000, "depth": 1.0}
    features = FeatureSet([(name, params) for name in ("higher_above", "higher_below", "higher_below_next")])
    calm, wild = (run_features(path, candles_of(x), range(180, 240), features).vectors for x in (bars, tall))
    moved = [a.bar for a, b in zip(calm, wild, strict=True) if a.values_tuple != b.values_tuple]
    # The candle of bars 192 to 197 is a swing high once the next one has closed, with bar 203.
    assert moved[0] == 203


@pytest.mark.parametrize("path", ["windowed", "precomputed", "streaming"])
def test_a_precomputed_column_read_at_an_index_of_the_window(candles: Candles, path: str) -> None:
    """Bars asked for out of order and far from the start; and a slice, whose bar 0 is another bar."""
    asked = [200, 60, 259, 61, 120]
    found = run_features(path, candles, sorted(asked)).vectors
    assert found == run_features("recompute", candles, sorted(asked)).vectors
    part = candles[37:200]
    fresh = Candles.from_arrays(
        **{
            name: getattr(part, name).tolist()
            for name in ("timestamp", "open", "high", "low", "close", "volume")
        },
        symbol=part.symbol,
        timeframe=part.timeframe,
    )
    of_slice, of_copy = (
        run_features(path, part, [90, 162]).vectors,
        run_features("recompute", fresh, [90, 162]).vectors,
    )
    assert of_slice == of_copy
    assert run_features(path, candles, [127]).vectors[0].values_tuple != of_slice[0].values_tuple


@pytest.mark.parametrize("path", FLAGS)
def test_a_last_position_closed_at_a_price_outside_the_run(path: str) -> None:
    """The run ends at bar 99 of a longer series, whose later prices are of another world."""
    whole = random_walk(1, 140, step=0.01)
    scaled: dict[str, Any] = {
        n: [x * (50.0 if t >= 100 else 1.0) for t, x in enumerate(getattr(whole, n))] for n in PRICES
    }
    wild = candles_of(replace(whole, **scaled))
    eager = {"decision": {"threshold": 0.0, "confidence": 0.0, "edge": 0.0, "hysteresis": 0}}
    result = backtest(wild[:100], eager, **FLAGS[path])
    last = result.ledger[-1]
    assert (last.kind, last.bar, last.raw_price) == ("final_close", 99, whole.close[99])
    assert abs(result.equity.item(-1) / result.equity.item(-2) - 1.0) < 0.01
    assert result.digest == backtest(candles_of(whole)[:100], eager, compiled=True).digest


PRICES = ("open", "high", "low", "close")


def test_a_part_whose_profit_counts_twice() -> None:
    """Two parts and a rest; what the account gained is what the trades say, to the last cent."""
    candles = candles_of(random_walk(1, 260, step=0.02))
    result = backtest(candles, LIVELY, compiled=True)
    parted = [trade for trade in result.trades if trade.partials]
    assert len(parted) > 3
    assert sum(abs(trade.gross_pnl) for trade in parted) > 10.0
    gained = result.equity.item(-1) - 10_000.0
    assert abs(gained - math.fsum(trade.net_pnl for trade in result.trades)) <= 1e-9 * 10_000.0


def test_modes_of_a_benchmark_that_were_all_the_same_mode(candles: Candles) -> None:
    """Each way to run says what ran and counts what it did: four ways, four plans, one result."""
    short = candles[:100]
    results = {name: backtest(short, **flags) for name, flags in FLAGS.items()}
    assert {name: result.plan.path for name, result in results.items()} == {name: name for name in FLAGS}
    counters = [result.plan.counters for result in results.values()]
    work = [(each["interpreted_steps"], each["compiled_calls"]) for each in counters]
    asked = range(Config.default().ready, 100)
    assert work == [(sum(t + 1 for t in asked), 0), (0, len(asked)), (0, 1), (0, 1)]
    assert len({result.digest for result in results.values()}) == 1


COMPARISON = """
from genesis_core import FeatureCache, backtest, synthetic

candles = synthetic(bars=80)
cache = FeatureCache(1000)
def plain(**flags):
    return lambda: backtest(candles, **flags)
def fresh():
    return backtest(candles, feature_cache=FeatureCache(1000), precompute_features=True)

def test_it(genesis_perf):
    genesis_perf.compare(baseline={baseline}, optimized={optimized})
"""
CACHED = "plain(feature_cache=cache, precompute_features=True)"


@pytest.mark.parametrize(
    ("baseline", "optimized", "message"),
    [
        ("plain(precompute_features=True)", "plain(precompute_features=True)", "vacuous: both arms ran plan"),
        (CACHED, CACHED, "vacuous: both arms ran plan"),
        ("plain(precompute_features=True)", "fresh", "with 0 hits: no cache helped"),
        ("plain(precompute_features=True)", "plain(compiled=True)", None),
    ],
    ids=["one mode twice", "the cache with itself", "a cache that never hits", "two modes"],
)
def test_a_comparison_of_a_thing_with_itself(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    baseline: str,
    optimized: str,
    message: str | None,
) -> None:
    """The parity test that asked the cache twice, and the benchmark of one mode: both fail, and say why."""
    for name in [name for name in os.environ if name in ("CI", "PYTEST_ADDOPTS") or "XDIST" in name]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_genesis_perf.plugin")
    monkeypatch.setenv("COLUMNS", "160")
    pytester.makepyfile(test_it=COMPARISON.format(baseline=baseline, optimized=optimized))
    done = pytester.runpytest_inprocess()
    assert done.ret == (pytest.ExitCode.OK if message is None else pytest.ExitCode.TESTS_FAILED)
    if message is not None:
        assert message in done.stdout.str()


def test_two_results_that_are_one_object_prove_nothing(candles: Candles) -> None:
    """What a cache keeps are vectors; a run makes its own arrays, so that equality is a comparison."""
    cache = FeatureCache(10_000)
    first, second = (backtest(candles, feature_cache=cache, precompute_features=True) for _ in range(2))
    assert first.digest == second.digest
    assert not np.shares_memory(first.equity, second.equity)
