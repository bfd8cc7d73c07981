from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from genesis_core import (
    Candles,
    Config,
    FeatureCache,
    FeatureSet,
    FeatureVector,
    Result,
    SlowPathWarning,
    backtest,
    run_features,
)
from genesis_core.features import FeatureRun
from tests.equality.recorded import recording, replaying
from tests.equality.series import Sizes, chosen_sizes, embedded_window, random_bars, real_window
from tests.equality.shared import once, shared_folder

SERIES = ("embedded", "real")


@pytest.fixture(scope="session")
def sizes() -> Sizes:
    """How many bars are compared in this run."""
    return chosen_sizes()


@pytest.fixture(scope="session")
def whole(data_dir: Path) -> Candles:
    """The whole real series."""
    return Candles.from_csv(data_dir / "tBTCUSD_1h.csv", symbol="tBTCUSD", timeframe="1h", gaps="keep")


@pytest.fixture(scope="session", params=SERIES)
def candles(request: pytest.FixtureRequest, sizes: Sizes) -> Candles:
    """The series on which every bar is compared: embedded, and a window of the real one."""
    if request.param == "embedded":
        return embedded_window(sizes)
    return real_window(request.getfixturevalue("whole"), sizes)


@pytest.fixture(scope="session")
def feature_set() -> FeatureSet:
    """The features a backtest asks for: the model's, and the context of its decisions."""
    return Config.default().asked_features


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all workers of this run have in common."""
    return shared_folder(tmp_path_factory)


@pytest.fixture(scope="session")
def recomputed(candles: Candles, shared: Path) -> tuple[Result, dict[int, FeatureVector]]:
    """The baseline, every bar recomputed from bar 0, and what was recomputed at each bar it asked for."""
    return once(shared, f"reference-{candles.fingerprint}", lambda: recording(lambda: backtest(candles)))


@pytest.fixture(scope="session")
def reference(recomputed: tuple[Result, dict[int, FeatureVector]]) -> Result:
    """The baseline: no flag, no cache, every bar recomputed from bar 0."""
    return recomputed[0]


@pytest.fixture(scope="session")
def cached_reference(
    candles: Candles, recomputed: tuple[Result, dict[int, FeatureVector]], sizes: Sizes, shared: Path
) -> tuple[Result, FeatureCache]:
    """The recomputing run with an empty cache in front: no hit, and the cache holds what was recomputed.

    Over the embedded series all is recomputed once more; over the long one, which takes minutes, what was recomputed
    for the baseline is given to the cache again.
    """

    def run() -> tuple[Result, FeatureCache]:
        cache = FeatureCache(len(candles))
        return backtest(candles, feature_cache=cache), cache

    if len(candles) > sizes.embedded:
        return replaying(recomputed[1], run)
    return once(shared, f"cached-{candles.fingerprint}", run)


@pytest.fixture(scope="session")
def feature_reference(
    candles: Candles, feature_set: FeatureSet, cached_reference: tuple[Result, FeatureCache]
) -> FeatureRun:
    """The recomputed features of every bar: those of the cached run, and the bars of warm-up it did not ask for."""
    result, cache = cached_reference
    warmup = run_features("recompute", candles, range(Config.default().ready), feature_set)
    keys = [FeatureCache.key(candles, bar, feature_set) for bar in range(len(warmup.vectors), len(candles))]
    vectors = [cache.get(key) for key in keys]
    found = tuple(vector for vector in vectors if vector is not None)
    assert len(found) == len(vectors), "the cached run has not left every bar in its cache"
    steps = warmup.counters["interpreted_steps"] + result.plan.counters["interpreted_steps"]
    assert steps == len(candles) * (len(candles) + 1) // 2
    return FeatureRun(warmup.vectors + found, "recompute", {"interpreted_steps": steps, "bars": len(candles)})


@pytest.fixture(scope="session")
def random_reference(whole: Candles, sizes: Sizes, feature_set: FeatureSet, shared: Path) -> FeatureRun:
    """The recomputed features at bars drawn from the whole real series."""
    bars = random_bars(whole, sizes.random)

    def recompute() -> FeatureRun:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SlowPathWarning)  # a minute and a half, and meant
            return run_features("recompute", whole, bars, feature_set)

    return once(shared, "random", recompute)
