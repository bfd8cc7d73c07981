"""All 16 combinations of the flags give the bits of the plain run, and each did what it says."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import pytest

from genesis_core import Candles, Config, FeatureCache, Result, backtest
from tests.equality.checks import inactivity, result_fault

READY = Config.default().ready


@dataclass(frozen=True)
class Arm:
    """One combination of the flags."""

    cache: bool
    fast_window: bool
    precompute_features: bool
    compiled: bool

    @property
    def name(self) -> str:
        given = [name for name, value in vars(self).items() if value]
        return "+".join(given) or "plain"

    @property
    def path(self) -> str:
        """The path that must run: the fastest one asked for."""
        if self.compiled:
            return "compiled"
        return "precomputed" if self.precompute_features else "windowed" if self.fast_window else "recompute"

    def run(self, candles: Candles, cache: FeatureCache | None, config: Config | None = None) -> Result:
        return backtest(
            candles,
            config,
            feature_cache=cache,
            fast_window=self.fast_window,
            precompute_features=self.precompute_features,
            compiled=self.compiled,
        )

    def work(self, bars: int, hits: bool = False, ready: int = READY) -> tuple[str, dict[str, int]]:
        """Return the plan's name and counters of a run; with `hits` of one whose cache knows all answers."""
        asked = bars - ready
        counters = {"interpreted_steps": 0, "compiled_calls": 0, "bars": asked, "hits": 0, "misses": 0}
        if self.compiled:
            return "compiled", counters | {"compiled_calls": 1, "bars": bars}
        if hits:
            return f"cached({self.path})", counters | {"hits": asked}
        if self.cache:
            counters["misses"] = asked
        if self.path == "recompute":
            counters["interpreted_steps"] = sum(bar + 1 for bar in range(ready, bars))
        else:
            counters["compiled_calls"] = 1 if self.path == "precomputed" else asked
        return f"cached({self.path})" if self.cache else self.path, counters


ARMS = [Arm(*flags) for flags in product((False, True), repeat=4)]
PLAIN = ARMS[0]
CACHED = Arm(True, False, False, False)
"""Recomputing behind a cache: costly, so its run is shared by all tests."""


def plan(result: Result) -> tuple[str, dict[str, int]]:
    return result.plan.path, result.plan.counters


def test_there_are_16() -> None:
    assert len({arm.name for arm in ARMS}) == 16
    assert PLAIN.name == "plain"
    assert CACHED in ARMS


def test_the_reference(candles: Candles, reference: Result) -> None:
    """The one arm of the 16 that nothing is compared with: it is lively, and hours of the past do not change."""
    assert plan(reference) == PLAIN.work(len(candles))
    assert inactivity(reference) is None
    part = backtest(candles[:200])
    assert plan(part) == PLAIN.work(200)
    assert part.equity[:200].tobytes() == reference.equity[:200].tobytes()
    closed = [trade for trade in part.trades if trade.exit_reason != "final_close"]
    assert len(closed) >= 2
    assert tuple(closed) == reference.trades[: len(closed)]


@pytest.mark.parametrize("arm", [arm for arm in ARMS if arm not in (PLAIN, CACHED)], ids=lambda arm: arm.name)
def test_arm(arm: Arm, candles: Candles, reference: Result) -> None:
    cache = FeatureCache(len(candles)) if arm.cache else None
    result = arm.run(candles, cache)
    assert result_fault(reference, result) is None
    assert plan(result) == arm.work(len(candles))
    assert inactivity(result) is None
    if cache is not None:
        again = arm.run(candles, cache)
        assert result_fault(reference, again) is None
        assert plan(again) == arm.work(len(candles), hits=True)
        asked = 0 if arm.compiled else len(candles) - READY
        assert (cache.hits, cache.misses, len(cache)) == (asked, asked, asked)


def test_cached_recompute(
    candles: Candles, reference: Result, cached_reference: tuple[Result, FeatureCache]
) -> None:
    result, cache = cached_reference
    assert result_fault(reference, result) is None
    assert plan(result) == CACHED.work(len(candles))
    again = CACHED.run(candles, cache)
    assert result_fault(reference, again) is None
    assert plan(again) == CACHED.work(len(candles), hits=True)
    other = Arm(True, True, False, False).run(candles, cache)
    assert result_fault(reference, other) is None, "what one path has left in a cache serves another"


def with_close(candles: Candles, bar: int) -> Candles:
    """Return the same candles with another close at one bar: its low, or its high where it was that."""
    columns = {name: getattr(candles, name) for name in ("timestamp", "open", "high", "low", "volume")}
    close = candles.close.copy()
    close[bar] = candles.low[bar] if close[bar] != candles.low[bar] else candles.high[bar]
    assert close[bar] != candles.close[bar]
    return Candles.from_arrays(
        **columns, close=close, symbol=candles.symbol, timeframe=candles.timeframe, gaps="keep"
    )


class TestTheChecksCanFail:
    def test_one_other_close_is_seen(self, candles: Candles) -> None:
        result = backtest(candles, compiled=True)
        trade = result.trades[len(result.trades) // 2]
        bar = next(
            bar for bar in range(trade.entry_bar, trade.exit_bar) if candles.high[bar] > candles.low[bar]
        )
        other = backtest(with_close(candles, bar), precompute_features=True)
        assert result.digest != other.digest
        assert result.summary_digest != other.summary_digest
        assert result.equity[:bar].tobytes() == other.equity[:bar].tobytes()
        assert result.equity[bar] != other.equity[bar]
        fault = result_fault(result, other)
        assert fault is not None
        assert fault.startswith("precomputed is not compiled: result['")

    def test_the_same_plan_twice_is_vacuous(self, candles: Candles) -> None:
        first, second = (backtest(candles, compiled=True) for _ in range(2))
        assert first == second
        fault = result_fault(first, second)
        assert fault is not None
        assert fault.startswith("vacuous")

    @pytest.mark.parametrize(
        "decision", [{"edge": 1.0}, {"side": "long"}, {"side": "short"}, {"cooldown_bars": 100}]
    )
    def test_a_quiet_run_is_vacuous(self, candles: Candles, decision: dict[str, object]) -> None:
        assert inactivity(backtest(candles, compiled=True)) is None
        quiet = backtest(candles, {"decision": decision}, compiled=True)
        assert (inactivity(quiet) or "").startswith("vacuous")
