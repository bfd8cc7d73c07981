"""Every feature path against the reference, and what compiling alone gives."""

from __future__ import annotations

import pytest

from genesis_core import DEFAULT, Candles, FeatureCache
from genesis_core.features import compute_columns, interpret_columns
from pytest_genesis_perf.comparing import GenesisPerf
from pytest_genesis_perf.engine_fixtures import CachedFeatureAsker, FeatureAsker

pytestmark = pytest.mark.genesis_perf(warm=True)  # code stays compiled, and a cache is meant to remember


def test_cached(
    genesis_perf: GenesisPerf,
    few: Candles,
    uncached_features: FeatureAsker,
    cached_features: CachedFeatureAsker,
) -> None:
    cache = FeatureCache()
    cached_features(few, cache)
    genesis_perf.compare(
        label="cached",
        baseline=lambda: uncached_features(few),
        optimized=lambda: cached_features(few, cache),
        min_speedup=100.0,
        work=f"{len(few)} bars asked again",
    )
    assert cache.hits >= len(few)


def test_windowed(
    genesis_perf: GenesisPerf, few: Candles, uncached_features: FeatureAsker, windowed_features: FeatureAsker
) -> None:
    genesis_perf.compare(
        label="windowed",
        baseline=lambda: uncached_features(few),
        optimized=lambda: windowed_features(few),
        min_speedup=5.0,
        work=f"{len(few)} bars",
    )


def test_precomputed(
    genesis_perf: GenesisPerf,
    few: Candles,
    uncached_features: FeatureAsker,
    precomputed_features: FeatureAsker,
) -> None:
    genesis_perf.compare(
        label="precomputed",
        baseline=lambda: uncached_features(few),
        optimized=lambda: precomputed_features(few),
        min_speedup=50.0,
        work=f"{len(few)} bars, O(t^2) to O(t) and compiled",
    )


def test_streaming(
    genesis_perf: GenesisPerf, few: Candles, uncached_features: FeatureAsker, streaming_features: FeatureAsker
) -> None:
    genesis_perf.compare(
        label="streaming",
        baseline=lambda: uncached_features(few),
        optimized=lambda: streaming_features(few),
        min_speedup=20.0,
        work=f"{len(few)} bars, O(t^2) to O(t)",
    )


@pytest.mark.genesis_perf(min_speedup=30.0)
def test_compiling_alone(genesis_perf: GenesisPerf, series: Candles) -> None:
    """One pass against one pass over the same bars: no gain in complexity, only the compiler's."""
    candles = series[:5_000]
    genesis_perf.compare(
        label="compiled columns",
        baseline=lambda: interpret_columns(candles, DEFAULT.graph),
        optimized=lambda: compute_columns(candles, DEFAULT.graph),
        work="5,000 bars, one pass each",
    )
