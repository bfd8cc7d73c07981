"""Every path gives the bits of the recomputing one: on every bar of a window, and at bars of the whole series."""

from __future__ import annotations

import math
import random

import pytest

from genesis_core import Candles, FeatureCache, FeatureSet, FeatureVector, run_features, synthetic
from genesis_core.features import FeatureRun
from tests.equality.checks import feature_fault, monotony
from tests.equality.series import SEED, Sizes, random_bars

FAST = ("windowed", "precomputed", "streaming")


def expected_work(path: str, bars: int) -> dict[str, int]:
    """Return what a path does for `bars` bars asked for in order."""
    work = {"interpreted_steps": 0, "compiled_calls": 0, "bars": bars, "hits": 0, "misses": 0}
    return work | {
        "windowed": {"compiled_calls": bars},
        "precomputed": {"compiled_calls": 1},
        "streaming": {"interpreted_steps": bars},
    }.get(path, {})


class TestEveryBar:
    def test_the_reference_is_lively(self, candles: Candles, feature_reference: FeatureRun) -> None:
        assert len(feature_reference.vectors) == len(candles)
        assert monotony(feature_reference, candles) is None

    @pytest.mark.parametrize("path", FAST)
    def test_path(
        self, path: str, candles: Candles, feature_set: FeatureSet, feature_reference: FeatureRun
    ) -> None:
        run = run_features(path, candles, feature_set=feature_set)
        assert feature_fault(feature_reference, run) is None
        assert (run.path, run.counters) == (path, expected_work(path, len(candles)))

    @pytest.mark.parametrize("path", FAST)
    def test_cached(
        self, path: str, candles: Candles, feature_set: FeatureSet, feature_reference: FeatureRun
    ) -> None:
        bars = len(candles)
        cache = FeatureCache(bars)
        missed = run_features(path, candles, feature_set=feature_set, feature_cache=cache)
        assert feature_fault(feature_reference, missed) is None
        assert (missed.path, missed.counters) == (
            f"cached({path})",
            expected_work(path, bars) | {"misses": bars},
        )
        hit = run_features(path, candles, feature_set=feature_set, feature_cache=cache)
        assert feature_fault(feature_reference, hit) is None
        assert hit.counters == expected_work("none", bars) | {"hits": bars}

    def test_cached_recompute(
        self, candles: Candles, feature_set: FeatureSet, feature_reference: FeatureRun
    ) -> None:
        last = list(range(len(candles) - 5, len(candles)))
        end = FeatureRun(feature_reference.vectors[-5:], "recompute", {})
        cache = FeatureCache(5)
        for done in ({"misses": 5, "interpreted_steps": sum(last) + 5}, {"hits": 5}):
            run = run_features("recompute", candles, last, feature_set, cache)
            assert feature_fault(end, run) is None
            assert run.counters == expected_work("none", 5) | done

    def test_a_cache_holds_the_questions_of_other_sets_and_series_apart(
        self, candles: Candles, feature_set: FeatureSet, feature_reference: FeatureRun
    ) -> None:
        """One cache, first filled with the answers for another parameter, another order and another history."""
        bars = len(candles)
        cache = FeatureCache(4 * bars)
        others = (
            (candles, FeatureSet([("atr_14", {"n": 15}), *feature_set.names[:5], *feature_set.names[6:]])),
            (candles, FeatureSet(reversed(feature_set.names))),
            (candles[1:], feature_set),
        )
        for series, other in others:
            run_features("precomputed", series, feature_set=other, feature_cache=cache)
        run = run_features("precomputed", candles, feature_set=feature_set, feature_cache=cache)
        assert feature_fault(feature_reference, run) is None
        assert (cache.hits, cache.evictions, len(cache)) == (0, 0, 4 * bars - 1)


class TestWholeSeries:
    def test_the_bars_reach_everywhere(
        self, whole: Candles, sizes: Sizes, random_reference: FeatureRun
    ) -> None:
        bars = [vector.bar for vector in random_reference.vectors]
        stretch = len(whole) // sizes.random + 1
        assert len(set(bars)) == sizes.random
        assert max(b - a for a, b in zip([0, *bars], [*bars, len(whole)], strict=True)) <= 4 * stretch
        assert random_reference.counters["interpreted_steps"] == sum(bars) + len(bars)

    @pytest.mark.parametrize("path", FAST)
    def test_path(
        self, path: str, whole: Candles, feature_set: FeatureSet, random_reference: FeatureRun, sizes: Sizes
    ) -> None:
        bars = random_bars(whole, sizes.random)
        run = run_features(path, whole, bars, feature_set)
        assert feature_fault(random_reference, run) is None

    @pytest.mark.parametrize("path", ["windowed", "precomputed"])
    def test_the_order_of_questions_does_not_matter(
        self, path: str, whole: Candles, feature_set: FeatureSet, random_reference: FeatureRun
    ) -> None:
        vectors = list(random_reference.vectors)
        random.Random(SEED).shuffle(vectors)
        shuffled = FeatureRun(tuple(vectors), "recompute", {})
        run = run_features(path, whole, [vector.bar for vector in vectors], feature_set)
        assert feature_fault(shuffled, run) is None


@pytest.fixture(scope="module")
def pair(feature_set: FeatureSet) -> tuple[FeatureRun, FeatureRun]:
    candles = synthetic(bars=120)
    first, second = (
        run_features(path, candles, feature_set=feature_set) for path in ("streaming", "windowed")
    )
    assert feature_fault(first, second) is None
    return first, second


class TestTheChecksCanFail:
    @pytest.mark.parametrize("bar", [0, 51, 119])
    def test_one_bit_is_seen(
        self, bar: int, pair: tuple[FeatureRun, FeatureRun], feature_set: FeatureSet
    ) -> None:
        first, second = pair
        for i, value in enumerate(second.vectors[bar].values_tuple):
            for other in (math.nextafter(value, 2.0), -value if value == 0.0 else -0.0):
                values = (
                    *second.vectors[bar].values_tuple[:i],
                    other,
                    *second.vectors[bar].values_tuple[i + 1 :],
                )
                vector = FeatureVector(feature_set.layout, bar, values)
                changed = (*second.vectors[:bar], vector, *second.vectors[bar + 1 :])
                fault = feature_fault(first, FeatureRun(changed, second.path, second.counters))
                assert fault is not None
                assert fault.startswith(f"windowed is not streaming: result[{bar}]")

    def test_one_bar_less_is_seen(self, pair: tuple[FeatureRun, FeatureRun]) -> None:
        first, second = pair
        less = FeatureRun(second.vectors[:-1], second.path, second.counters)
        assert feature_fault(first, less) == "windowed answered for other bars than streaming"

    def test_the_same_path_twice_is_vacuous(self, pair: tuple[FeatureRun, FeatureRun]) -> None:
        assert feature_fault(pair[0], pair[0]) == "vacuous: both runs are 'streaming'"

    def test_features_that_hardly_move_are_vacuous(self, pair: tuple[FeatureRun, FeatureRun]) -> None:
        still = FeatureRun(pair[0].vectors[60:70] * 100, "streaming", {})
        assert (monotony(still, synthetic(bars=1_000)) or "").startswith("vacuous: ")
