"""Asking the reference for many bars says what it costs before it is paid."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import pytest

from genesis_core import (
    Candles,
    FeatureCache,
    FeatureError,
    FeatureSet,
    FeatureVector,
    run_features,
    synthetic,
)
from genesis_core.features.cache import Key
from genesis_core.features.estimate import SlowPathWarning

CANDLES = synthetic(bars=2_001)
VOLUME = FeatureSet(["data_quality"])


class Stopped(Exception):
    """The work has begun."""


class Stopping(FeatureCache):
    """Ends a run at its first question: only what stands before the work is tested here."""

    def get(self, key: Key) -> FeatureVector | None:
        raise Stopped


def said(candles: Candles, bars: Iterable[int] | None = None, cache: FeatureCache | None = None) -> list[str]:
    """Return the warnings of a run, which is stopped before any work."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(Stopped):
            run_features("recompute", candles, bars, VOLUME, cache or Stopping(3_000))
    assert all(w.category is SlowPathWarning for w in caught)
    assert all(w.filename == __file__ for w in caught), "a warning names the caller's line"
    return [str(w.message) for w in caught]


def test_the_reference_over_more_than_2000_bars_says_what_it_will_cost() -> None:
    (message,) = said(CANDLES)
    assert message.startswith(
        "recomputing 2,001 bars one by one takes about 50 s and grows with the square; "
    )
    assert message.endswith('the path "precomputed" gives the same bits at once')
    assert said(CANDLES[:2_000]) == []


def test_without_a_cache_too() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(SlowPathWarning, match=r"recomputing 2,001 bars"):
            run_features("recompute", CANDLES, None, VOLUME)


def test_what_counts_is_the_work_and_not_the_number_of_bars() -> None:
    (message,) = said(CANDLES, (bar for bar in [2_000] * 1_001))
    assert message.startswith("recomputing 1,001 bars one by one takes about 50 s")
    assert said(CANDLES, [2_000] * 1_000) == []
    assert said(CANDLES, [0] * 10_000) == []


@pytest.mark.parametrize("path", ["streaming", "windowed", "precomputed"])
def test_other_paths_say_nothing(path: str) -> None:
    with pytest.raises(Stopped):
        run_features(path, CANDLES, None, VOLUME, Stopping())


def test_what_a_cache_knows_costs_nothing() -> None:
    cache = Stopping(3_000)
    for vector in run_features("streaming", CANDLES, (*range(500), 2_000), VOLUME).vectors:
        cache.put(cache.key(CANDLES, vector.bar, VOLUME), vector)
    assert said(CANDLES, None, cache) == []
    assert (cache.hits, cache.misses) == (0, 0)
    cache.clear()
    assert len(said(CANDLES, None, cache)) == 1


def test_a_bar_that_is_not_there_is_said_before_any_work() -> None:
    for bar, message in (
        (2_001, "bar 2001 is outside the series"),
        ("3", "bar '3': a whole number is needed"),
    ):
        with pytest.raises(FeatureError, match=message):
            run_features("recompute", CANDLES, [0, bar], VOLUME, Stopping())  # type: ignore[list-item]
