"""The feature cache: what it keeps, what it costs, and that two different questions never share an answer."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import sys
import tracemalloc
import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import pairwise
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core import (
    Candles,
    Config,
    FeatureCache,
    FeatureError,
    FeatureSet,
    SlowPathWarning,
    backtest,
    features_asof,
    make_path,
    run_features,
    synthetic,
)
from genesis_core.backtesting.plan import choose_plan, warn_if_slow
from genesis_core.features import Feature, node
from genesis_core.features.defaults import FEATURES
from genesis_core.kernels.base import Kernel, Vector

CANDLES = synthetic(bars=70)
FEW = FeatureSet(["atr_14", "rsi_inv_lag1"])
by_property = settings(max_examples=150)


@pytest.mark.parametrize("capacity", [0, -1, 2.0, True, "500", None])
def test_a_bad_capacity_is_named(capacity: Any) -> None:
    with pytest.raises(FeatureError) as caught:
        FeatureCache(capacity)
    assert str(caught.value) == f"capacity = {capacity!r}; a whole number of at least 1 is needed"


@given(capacity=st.integers(1, 6), bars=st.lists(st.integers(0, 9), max_size=60))
@by_property
def test_least_recently_used_goes_first(capacity: int, bars: list[int]) -> None:
    """Against a model: the same hits, misses, evictions and entries, and always the right answer."""
    cached = FeatureCache(capacity)
    path = make_path("streaming", CANDLES, FEW, cached)
    model: OrderedDict[int, None] = OrderedDict()
    hits = misses = evictions = 0
    for bar in bars:
        assert path.at(bar).bar == bar
        if bar in model:
            hits += 1
        else:
            misses += 1
            if len(model) == capacity:
                evictions += 1
                model.popitem(last=False)
        model[bar] = None
        model.move_to_end(bar)
        assert (cached.hits, cached.misses, cached.evictions) == (hits, misses, evictions)
        assert len(cached) == len(model)
    for bar in model:
        assert cached.get(cached.key(CANDLES, bar, FEW)) == features_asof(CANDLES, bar, FEW)


def test_clear_forgets_the_entries_and_keeps_the_counters() -> None:
    cached = FeatureCache()
    run_features("streaming", CANDLES, (5, 5, 6), FEW, cached)
    cached.clear()
    assert len(cached) == 0
    assert (cached.hits, cached.misses) == (1, 2)
    assert run_features("streaming", CANDLES, (5,), FEW, cached).counters["hits"] == 0
    assert (cached.hits, cached.misses, cached.evictions) == (1, 3, 0)


def test_it_says_what_it_holds() -> None:
    cached = FeatureCache(4)
    run_features("streaming", CANDLES, (1, 1, 2), FEW, cached)
    assert repr(cached).startswith("FeatureCache(2/4 entries, 1 hits, 2 misses, ")


class TestSize:
    def test_500_entries_of_the_default_features_fit_into_2_mb(self) -> None:
        candles = synthetic(bars=560)
        cached = FeatureCache()
        path = make_path("precomputed", candles, feature_cache=cached)
        path.at(0)
        cached.clear()
        gc.collect()
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            for bar in range(60, 560):
                path.at(bar)
            gc.collect()
            used = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert len(cached) == 500
        assert cached.nbytes <= 2_000_000
        assert used <= 2_000_000
        # The estimate is honest: near to what the interpreter really took.
        assert 0.7 * used <= cached.nbytes <= 1.5 * used

    def test_an_empty_cache_is_small_and_every_entry_counts(self) -> None:
        cached = FeatureCache()
        sizes = [cached.nbytes]
        for bar in range(20):
            run_features("streaming", CANDLES, (bar,), FEW, cached)
            sizes.append(cached.nbytes)
        assert sizes[0] < 1_000
        assert all(b - a >= 2 * sys.getsizeof(1.0) for a, b in pairwise(sizes))


# Kernels that differ in one thing only.
def momentum(s: Vector, p: Vector, x: float) -> float:
    before = s[0]
    s[0] = x
    return x - before


def reversed_momentum(s: Vector, p: Vector, x: float) -> float:
    before = s[0]
    s[0] = x
    return before - x


MOMENTUM = Kernel(name="momentum", step=momentum, inputs=("x",), state=lambda p: 1, warmup=lambda p: 1)


def own(kernel: Kernel, column: str = "close") -> FeatureSet:
    return FeatureSet([Feature("momentum", (), lambda p: node(kernel, column).value)])


SETS: dict[str, FeatureSet] = {
    "base": FEW,
    "other order": FeatureSet(["rsi_inv_lag1", "atr_14"]),
    "one more": FEW.including("regime"),
    "other parameter": FeatureSet([("atr_14", {"n": 15}), "rsi_inv_lag1"]),
    "other feature, same node": FeatureSet([replace(FEATURES["atr_14"], name="atr"), "rsi_inv_lag1"]),
    "own": own(MOMENTUM),
    "own, other code": own(replace(MOMENTUM, step=reversed_momentum)),
    "own, other neutral value": own(replace(MOMENTUM, neutral=(1.0,))),
    "own, other warm-up": own(replace(MOMENTUM, warmup=lambda p: 2)),
    "own, not awaited": own(replace(MOMENTUM, warmup=lambda p: 0)),
    "own, other column": own(MOMENTUM, "open"),
}


@cache
def series(fingerprint_of: str) -> Candles:
    """Return the base series with one thing changed."""
    columns = {name: getattr(CANDLES, name).tolist() for name in ("open", "high", "low", "close", "volume")}
    columns["timestamp"] = CANDLES.timestamp.tolist()
    symbol, timeframe = "tBTCUSD", "1h"
    kind, _, bar = fingerprint_of.partition(" ")
    if kind == "symbol":
        symbol = "tETHUSD"
    elif kind == "timeframe":
        # The same prices at the same close of the last bar, in candles of another length.
        timeframe = "30m"
        last = columns["timestamp"][-1] + 3_600_000
        columns["timestamp"] = [last - 1_800_000 * (70 - i) for i in range(70)]
    elif kind == "shifted":
        columns["timestamp"] = [stamp + 3_600_000 for stamp in columns["timestamp"]]
    elif kind == "shorter":
        columns = {name: values[1:] for name, values in columns.items()}
    elif kind == "plunge":
        columns["low"][int(bar)] *= 0.9
    elif kind in columns:
        values = columns[kind]
        toward = 0.0 if kind == "low" else math.inf
        values[int(bar)] = math.nextafter(values[int(bar)], toward)
        if kind in ("open", "close"):
            columns["high"][int(bar)] = max(columns["high"][int(bar)], values[int(bar)])
    return Candles.from_arrays(**columns, symbol=symbol, timeframe=timeframe)


changes = st.one_of(
    st.sampled_from(("base", "symbol", "timeframe", "shifted", "shorter")),
    st.builds(
        "{} {}".format,
        st.sampled_from(("open", "high", "low", "close", "volume")),
        st.sampled_from((0, 1, 20, 21, 68, 69)),
    ),
)
questions = st.tuples(changes, st.sampled_from((0, 1, 20, 21, 68)), st.sampled_from(sorted(SETS)))


def test_no_two_feature_sets_share_a_key() -> None:
    keys = {FeatureCache.key(CANDLES, 60, features) for features in SETS.values()}
    assert len(keys) == len(SETS)


@given(
    one=questions,
    other=questions,
    part=st.sampled_from(("series", "bar", "set", "all")),
    column=st.sampled_from(("open", "high", "low", "close", "volume")),
    at=st.integers(0, 69),
)
@settings(max_examples=500)
def test_two_questions_share_a_key_only_if_they_are_the_same(
    one: Any, other: Any, part: str, column: str, at: int
) -> None:
    """Mostly of questions that differ in one thing: one ulp of one field, the bar, or the set."""
    if part == "series":
        other = (f"{column} {at}", *one[1:])
    elif part == "bar":
        other = (one[0], other[1], one[2])
    elif part == "set":
        other = (*one[:2], other[2])
    first, second = (FeatureCache.key(series(s), bar, SETS[f]) for s, bar, f in (one, other))
    # Two changed fields can make the same candles (a close moved above the high moves the high).
    same = columns_of(series(one[0])) == columns_of(series(other[0])) and one[1:] == other[1:]
    assert (first == second) == same


def columns_of(candles: Candles) -> tuple[object, ...]:
    """Return all that a series is, without its fingerprint."""
    names = ("timestamp", "open", "high", "low", "close", "volume")
    return candles.symbol, candles.timeframe, *(getattr(candles, name).tobytes() for name in names)


def test_the_changes_do_make_different_series() -> None:
    names = ["base", "symbol", "timeframe", "shifted", "shorter", "volume 0", "close 69", "low 20", "high 1"]
    assert len({series(name).fingerprint for name in names}) == len(names)
    assert series("base") == CANDLES


def test_one_bar_with_another_history_is_another_question() -> None:
    """The same last candle, close and bar number: only one low before differs."""
    one, other = series("base"), series("plunge 55")
    assert one[60] == other[60]
    cached = FeatureCache()
    for candles in (one, other, one, other):
        vector = features_asof(candles, 60, path="streaming", feature_cache=cached)
        assert vector == features_asof(candles, 60)
    assert (cached.hits, cached.misses) == (2, 2)
    assert features_asof(one, 60) != features_asof(other, 60)


@given(asked=st.lists(questions, min_size=1, max_size=25), capacity=st.sampled_from((1, 3, 100)))
@settings(max_examples=60)
def test_a_shared_cache_always_gives_what_the_path_gives(asked: list[Any], capacity: int) -> None:
    cached = FeatureCache(capacity)
    for name, bar, features in asked:
        found = features_asof(series(name), bar, SETS[features], "streaming", cached)
        direct = features_asof(series(name), bar, SETS[features], "recompute")
        assert found == direct
        assert found.digest == direct.digest
        assert tuple(found) == SETS[features].names
    assert cached.hits + cached.misses == len(asked)


def test_the_cache_serves_an_equal_series_and_set_made_anew() -> None:
    cached = FeatureCache()
    for candles in (CANDLES, synthetic(bars=70), synthetic(bars=100)[:70]):
        features_asof(candles, 60, FeatureSet(["atr_14"]), feature_cache=cached)
    assert (cached.hits, cached.misses) == (2, 1)


def warned(run: Callable[[], object]) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run()
    assert all(w.category is SlowPathWarning for w in caught)
    assert all(w.filename == __file__ for w in caught), "a warning names the caller's line"
    return [str(w.message) for w in caught]


class TestBacktests:
    ASKED = len(CANDLES) - 52

    def run(self, cached: FeatureCache | None, **changes: Any) -> Any:
        config = {"decision": changes}
        return backtest(CANDLES, config, precompute_features=True, feature_cache=cached)

    def test_other_decisions_over_the_same_features_hit(self) -> None:
        cached = FeatureCache()
        for edge, hits in ((0.1, 0), (0.2, self.ASKED), (0.0, self.ASKED)):
            result = self.run(cached, edge=edge)
            assert result.plan.counters["hits"] == hits
            assert result.digest == self.run(None, edge=edge).digest
        assert (cached.hits, cached.misses) == (2 * self.ASKED, self.ASKED)

    def test_a_cache_smaller_than_the_pass_warns_once_and_never_hits(self) -> None:
        cached = FeatureCache(self.ASKED - 1)
        messages = warned(lambda: self.run(cached))
        assert len(messages) == 1
        assert f"keeps {self.ASKED - 1} entries and this run asks for {self.ASKED}" in messages[0]
        assert f"use FeatureCache({self.ASKED})" in messages[0]
        warned(lambda: self.run(cached))
        assert (cached.hits, cached.misses) == (0, 2 * self.ASKED)

    def test_a_cache_of_just_the_pass_does_not_warn_and_hits(self) -> None:
        cached = FeatureCache(self.ASKED)
        assert warned(lambda: [self.run(cached), self.run(cached)]) == []
        assert (cached.hits, cached.misses) == (self.ASKED, self.ASKED)

    def test_an_unused_cache_does_not_warn(self) -> None:
        assert warned(lambda: backtest(CANDLES, compiled=True, feature_cache=FeatureCache(1))) == []


def test_the_reference_says_what_it_will_cost_above_2000_bars() -> None:
    candles = synthetic(bars=2_001)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the warning stands before the work, and ends it here
        with pytest.raises(SlowPathWarning) as caught:
            backtest(candles)
    message = str(caught.value)
    assert "recomputing 1,949 bars one by one takes about" in message
    assert "precompute_features=True or compiled=True gives the same bits at once" in message
    assert warned(lambda: backtest(candles, precompute_features=True)) == []
    reference = choose_plan(False, False, False, None)
    assert warned(lambda: warn_if_slow(reference, candles[:2_000], Config.default(), None)) == []


def test_the_reference_behind_a_cache_that_knows_the_bars_says_nothing() -> None:
    candles = synthetic(bars=2_100)
    cached = FeatureCache(3_000)
    filled = backtest(candles, precompute_features=True, feature_cache=cached)
    assert warned(lambda: backtest(candles, feature_cache=cached)) == []
    assert backtest(candles, feature_cache=cached) == filled
    assert cached.misses == len(candles) - 52
    reference = choose_plan(False, False, False, cached)
    cached.clear()
    (message,) = warned(lambda: warn_if_slow(reference, candles, Config.default(), cached))
    assert message.startswith("recomputing 2,048 bars one by one")


class Interrupted:
    """A key that lets another thread clear the cache between two looks at it, if the cache lets that happen."""

    def __init__(self, cached: FeatureCache) -> None:
        self.cached = cached
        self.looks = 0
        self.others: list[Thread] = []

    def __hash__(self) -> int:
        self.looks += 1
        if self.looks == 2:
            other = Thread(target=self.cached.clear)
            self.others.append(other)
            other.start()
            other.join(timeout=0.05)  # ends at once, or not before the first thread is done
        return 7


@pytest.mark.parametrize("ask", ["get", "put"])
def test_threads_may_share_one(ask: str) -> None:
    cached = FeatureCache(4)
    vector = features_asof(CANDLES, 60, FEW)
    key: Any = Interrupted(cached)
    cached.put(key, vector)
    cached.put(cached.key(CANDLES, 60, FEW), vector)
    key.looks = 0
    assert cached.get(key) is vector if ask == "get" else cached.put(key, vector) is None
    (other,) = key.others
    other.join()
    assert len(cached) == 0


def test_a_copy_and_a_pickle_are_caches_of_their_own() -> None:
    cached = FeatureCache(9)
    features_asof(CANDLES, 60, FEW, feature_cache=cached)
    for other in (copy.copy(cached), copy.deepcopy(cached), pickle.loads(pickle.dumps(cached))):
        assert (len(other), other.capacity, other.misses) == (1, 9, 1)
        features_asof(CANDLES, 60, FEW, feature_cache=other)
        features_asof(CANDLES, 61, FEW, feature_cache=other)
        assert (other.hits, len(other), len(cached)) == (1, 2, 1)
