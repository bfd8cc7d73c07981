"""What the first version of this pipeline claimed, measured again: cache, features, modes, memory."""

from __future__ import annotations

import tracemalloc
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.figures import Figure, WrongResultError, figure, rounded
from benchmarks.timing import rounds_of, spread
from genesis_core import (
    DEFAULT,
    Candles,
    Config,
    FeatureCache,
    FeatureSet,
    Result,
    SlowPathWarning,
    backtest,
    make_path,
    synthetic,
)
from genesis_core.benchmarking import Measured, Mismatch, Mode, benchmark_modes, measure, ratio
from genesis_core.features import compute_columns, interpret_columns
from genesis_core.features.blocks import BlockProgram
from genesis_core.features.columns import source_columns
from pytest_genesis_perf.identity import find_difference

ENTRIES = 500
MIB = 2**20
MODES = ("baseline", "fast window", "precomputed features", "compiled", "one pass, interpreted")
ALONE, SHARED = "no cache", "one cache"


def cache(rounds: int = 15) -> list[Figure]:
    """Measure key, hit and memory of the feature cache."""
    candles = synthetic(bars=2_000)
    store = FeatureCache(ENTRIES)
    path = make_path("precomputed", candles, feature_cache=store)
    first = [path.at(bar) for bar in range(ENTRIES)]
    if find_difference(first, [path.at(bar) for bar in range(ENTRIES)]) or store.hits != ENTRIES:
        raise WrongResultError("a hit does not give what was stored")
    distinct, questions = collisions()
    if distinct != questions:
        raise WrongResultError(f"{questions:,} different questions have {distinct:,} keys")
    seconds = rounds_of(
        {"key": lambda: FeatureCache.key(candles, 250, DEFAULT), "hit": lambda: path.at(250)}, rounds
    )
    return [
        figure("claims.key", "feature cache: making a key", spread(seconds["key"]), "us", 1e6, at_most=1.0),
        Figure(
            "claims.keys", "feature cache: different questions, all with keys of their own", questions, "keys"
        ),
        figure("claims.hit", "feature cache: a hit", spread(seconds["hit"]), "us", 1e6, at_most=5.0),
        Figure(
            "claims.cache_memory",
            f"feature cache: {len(store)} entries",
            rounded(store.nbytes / MIB),
            "MiB",
            at_most=2.0,
        ),
    ]


def collisions() -> tuple[int, int]:
    """Return how many keys differ, and how many questions that must not share an answer were asked.

    Each series differs from the first one in one respect only, and so does each feature set.
    """
    base = synthetic(bars=600)
    columns = {name: getattr(base, name) for name in ("timestamp", "open", "high", "low", "close", "volume")}
    ulp = columns["volume"].copy()
    ulp[0] = np.nextafter(ulp[0], np.inf)
    series = [
        base,
        base[:-1],
        synthetic(bars=600, seed=1),
        synthetic(bars=600, symbol="tETHUSD"),
        synthetic(bars=600, timeframe="4h"),
        Candles.from_arrays(**(columns | {"volume": ulp}), symbol="tBTCUSD", timeframe="1h"),
    ]
    sets = [
        DEFAULT,
        FeatureSet(DEFAULT.names[:-1]),
        FeatureSet(reversed(DEFAULT.names)),
        FeatureSet([("atr_14", {"n": 14})]),
        FeatureSet([("atr_14", {"n": 15})]),
    ]
    questions = [
        (candles, bar, chosen) for candles in series for chosen in sets for bar in range(len(candles))
    ]
    return len({FeatureCache.key(*question) for question in questions}), len(questions)


def extraction(bars: int = 100_000, rounds: int = 15) -> list[Figure]:
    """Measure a bar of the 15 default features: interpreted in a stream, and in compiled passes."""
    candles = synthetic(bars=bars)
    some = candles[: min(bars, 2_000)]
    if find_difference(interpret_columns(some, DEFAULT.graph), compute_columns(some, DEFAULT.graph)):
        raise WrongResultError("interpreted and compiled features differ")

    def stream() -> None:
        path = make_path("streaming", some)
        for bar in range(len(some)):
            path.at(bar)

    def passes() -> None:
        program = BlockProgram(DEFAULT.graph, source_columns(candles))
        while program.run() is not None:
            pass

    seconds = rounds_of({"streaming": stream, "compiled": passes}, rounds)
    return [
        figure(
            "claims.streaming",
            "15 features, interpreted, streaming",
            spread(seconds["streaming"]),
            "us a bar",
            1e6 / len(some),
            at_most=30.0,
        ),
        figure(
            "claims.extraction",
            "15 features, compiled passes",
            spread(seconds["compiled"]),
            "ns a bar",
            1e9 / bars,
            at_most=150.0,
        ),
    ]


def modes(bars: int = 1_000, rounds: int = 6) -> list[Figure]:
    """Measure fast window, precompute and compiled alone against the baseline; complexity and compiling apart."""
    candles = synthetic(bars=bars)
    chosen = [mode for mode in benchmark_modes(candles, Config.default()) if mode.name in MODES]
    seconds = {one.mode.name: one.seconds for one in measured(chosen, rounds)}
    base, fast_window, precomputed, compiled, one_pass = (seconds[name] for name in MODES)
    label = f"default strategy, {bars:,} bars"
    made = [figure("claims.baseline", f"{label}: baseline", spread(base), "ms a bar", 1e3 / bars)]
    for key, name, times in (
        ("fast_window", "fast window alone", fast_window),
        ("precompute", "precomputed features alone", precomputed),
        ("compiled", "compiled", compiled),
    ):
        made.append(
            figure(
                f"claims.{key}", f"{label}: {name} over the baseline", ratio(base, times), "x", at_least=1.0
            )
        )
    what = f"{label}: one pass instead of one per bar (O(t^2) to O(t)), both interpreted"
    made.append(figure("claims.one_pass", what, ratio(base, one_pass), "x"))
    what = f"{label}: compiling, both in one pass"
    made.append(figure("claims.compiling", what, ratio(one_pass, compiled), "x"))
    return made


def repeated(bars: int = 200, settings: int = 8, rounds: int = 6) -> list[Figure]:
    """Measure backtests that differ in their decisions only: with one cache of enough capacity, and without."""
    candles = synthetic(bars=bars)
    configs = [
        Config.default().updated({"decision": {"edge": 0.01 * number}}) for number in range(1, settings + 1)
    ]

    def runs(make: Callable[[], FeatureCache | None]) -> Callable[[], list[Result]]:
        def run() -> list[Result]:
            store = make()
            return [backtest(candles, config, feature_cache=store) for config in configs]

        return run

    ways = [
        Mode(ALONE, None, bars, settings, runs(lambda: None)),
        Mode(SHARED, ALONE, bars, settings, runs(lambda: FeatureCache(bars))),
    ]
    alone, shared = measured(ways, rounds)
    single = backtest(candles, configs[0], feature_cache=FeatureCache(bars))
    once = single.plan.counters["hits"]
    label = f"{settings} decision settings x {bars:,} bars, baseline features"
    what = f"{label}: one shared cache over none"
    return [
        figure("claims.repeated", what, ratio(alone.seconds, shared.seconds), "x", at_least=1.0),
        Figure("claims.hits", f"{label}: hits of the shared cache", shared.ran.counters["hits"], "hits"),
        Figure("claims.single", "a single pass: hits of its cache, so no effect", once, "hits", at_most=0.0),
    ]


def memory(bars: int = 100_000) -> list[Figure]:
    """Measure what precomputed features and windows hold."""
    candles = synthetic(bars=bars)
    path = make_path("precomputed", candles)
    rows = grown(lambda: path.at(60))
    views = make_path("windowed", candles[:2_000])
    views.at(1_000)
    copied = grown(lambda: [views.at(bar) for bar in range(1_000, 1_020)])
    return [
        Figure("claims.precomputed_memory", "precomputed features: memory", rows / bars, "bytes a bar"),
        Figure("claims.views_memory", "zero-copy windows: array data copied", copied, "bytes", at_most=0.0),
    ]


def run(bars: int = 1_000, rounds: int = 6, cheap_rounds: int = 15, long_bars: int = 100_000) -> list[Figure]:
    """Check and time all claims."""
    return [
        *cache(cheap_rounds),
        *extraction(long_bars, cheap_rounds),
        *repeated(min(bars, 200), rounds=rounds),
        *modes(bars, rounds),
        *memory(long_bars),
    ]


def measured(ways: Sequence[Mode], rounds: int) -> tuple[Measured, ...]:
    """Time some modes as ``genesis benchmark`` does.

    Raises
    ------
    WrongResultError
        If one gives other bits.
    """
    with warnings.catch_warnings():
        # That the baseline is slow is what is measured.
        warnings.simplefilter("ignore", SlowPathWarning)
        found = measure(ways, rounds)
    if isinstance(found, Mismatch):
        raise WrongResultError(str(found))
    return found


def grown(run: Callable[[], Any]) -> int:
    """Return by how many bytes the array data alive grew while something ran, its result included."""
    arrays = tracemalloc.DomainFilter(inclusive=True, domain=np.lib.tracemalloc_domain)

    def alive() -> int:
        snapshot = tracemalloc.take_snapshot().filter_traces([arrays])
        return sum(trace.size for trace in snapshot.traces)

    tracemalloc.start()
    try:
        before = alive()
        kept = run()
        after = alive()
    finally:
        tracemalloc.stop()
    del kept
    return after - before
