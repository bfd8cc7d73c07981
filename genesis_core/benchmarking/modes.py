"""What is timed: each execution mode alone, all together, and what takes their speedups apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from genesis_core.backtesting import Result, RunPlan, backtest
from genesis_core.backtesting.loop import trade_interpreted
from genesis_core.backtesting.records import metrics_of
from genesis_core.candles import Candles
from genesis_core.features import FeatureCache, make_path
from genesis_core.strategy import Config

BASELINE, FEATURE_CACHE, COMPILED, STREAMING = (
    "baseline",
    "feature cache",
    "compiled",
    "one pass, interpreted",
)
SETTINGS = 4
"""Decision settings that share one cache."""


@dataclass(frozen=True)
class Ran:
    """What one call of a mode did.

    Parameters
    ----------
    digests : tuple of str
        Of its results, in order: what must be identical.
    path : str
        The plan, such as ``cached(recompute)``.
    counters : dict of str to int
        What the plan did, all backtests together.
    """

    digests: tuple[str, ...]
    path: str
    counters: dict[str, int]


@dataclass(frozen=True)
class Mode:
    """A way to run the same backtests.

    Parameters
    ----------
    name : str
        What it is called.
    against : str or None
        The mode it is compared with; None for one that others are compared with.
    bars : int
        Of each backtest.
    backtests : int
        How many a call runs.
    run : callable
        Runs them, from scratch: results only, for what a digest costs is not part of a backtest.
    """

    name: str
    against: str | None
    bars: int
    backtests: int
    run: Callable[[], list[Result]]


def ran(results: list[Result]) -> Ran:
    """Say what a call did, from its results."""
    counters: dict[str, int] = {}
    for result in results:
        for name, count in result.plan.counters.items():
            counters[name] = counters.get(name, 0) + count
    return Ran(tuple(result.digest for result in results), results[-1].plan.path, counters)


def benchmark_modes(candles: Candles, config: Config) -> tuple[Mode, ...]:
    """Return the modes of one series and strategy, the baseline first.

    Parameters
    ----------
    candles : Candles
        The series; the backtests that share a cache run on its first half, so that all of them together cost about as
        much as one baseline.
    config : Config
        The strategy.

    Returns
    -------
    tuple of Mode
    """
    bars = len(candles)
    half = candles[: max(bars // 2, config.ready + 2)] if bars > config.ready + 2 else candles

    def one(name: str, run: Callable[[], Result]) -> Mode:
        return Mode(name, None if name == BASELINE else BASELINE, bars, 1, lambda: [run()])

    def cache() -> FeatureCache:
        return FeatureCache(bars)

    alone = f"{SETTINGS} settings, no cache"
    return (
        one(BASELINE, lambda: backtest(candles, config)),
        one(FEATURE_CACHE, lambda: backtest(candles, config, feature_cache=cache())),
        one("fast window", lambda: backtest(candles, config, fast_window=True)),
        one("precomputed features", lambda: backtest(candles, config, precompute_features=True)),
        one(COMPILED, lambda: backtest(candles, config, compiled=True)),
        one(
            "all together",
            lambda: backtest(
                candles,
                config,
                feature_cache=cache(),
                fast_window=True,
                precompute_features=True,
                compiled=True,
            ),
        ),
        one(STREAMING, lambda: stream(candles, config)),
        Mode(alone, None, len(half), SETTINGS, lambda: sweep(half, config, None)),
        Mode(
            f"{SETTINGS} settings, one cache",
            alone,
            len(half),
            SETTINGS,
            lambda: sweep(half, config, FeatureCache(len(half))),
        ),
    )


def stream(candles: Candles, config: Config) -> Result:
    """Run a backtest in one interpreted pass: what compiling alone, and one pass alone, are compared with."""
    path = make_path("streaming", candles, config.asked_features)
    books = trade_interpreted(candles, config, path)
    metrics = metrics_of(books, candles.timeframe_ms, config.execution.initial_equity, compiled=False)
    ran = RunPlan(path.name, "one pass, interpreted", path.counters.as_dict())
    return Result.of(candles, config, books, metrics, ran, {})


def sweep(candles: Candles, config: Config, cache: FeatureCache | None) -> list[Result]:
    """Run a few backtests that differ in the cooldown of a decision and ask for the same features."""
    cooldown = config.decision.cooldown_bars
    settings = [config.updated({"decision": {"cooldown_bars": cooldown + i}}) for i in range(SETTINGS)]
    return [backtest(candles, one, feature_cache=cache) for one in settings]
