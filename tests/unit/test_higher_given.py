"""Candles of a higher timeframe that are handed in: one law on every path, and the bits of the joined ones."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from genesis_core import (
    Candle,
    CandleError,
    Candles,
    Config,
    ConfigError,
    Feature,
    FeatureCache,
    FeatureError,
    FeatureSet,
    Kernel,
    Param,
    Result,
    Stream,
    Vector,
    backtest,
    backtest_many,
    check_causal,
    features_asof,
    node,
    run_features,
    synthetic,
)
from genesis_core.backtesting.saved import StreamError
from genesis_core.cli import app
from genesis_core.features.columns import interpret_columns
from genesis_core.features.given import bound
from genesis_core.kernels.fibonacci.higher import GIVEN_HIGHER_SWINGS
from genesis_core.kernels.language import require

HOUR = 3_600_000
NAMES = ("higher_fib_atr", "higher_above", "higher_above_next", "higher_below", "higher_below_next")
SHORT: dict[str, float] = {"depth": 2.0, "min_swing_atr": 0.5}
FEATURES = FeatureSet((name, SHORT) for name in NAMES)
PATHS = ("recompute", "streaming", "windowed", "precomputed")

WHOLE = synthetic(bars=900)
PLAIN = WHOLE[500:]
GIVEN = PLAIN.with_higher(WHOLE.resample("6h"))
"""400 bars, with a history of 500 more."""
STRATEGY = Config.default().updated(
    {
        "decision": {
            "higher_fib": {"missing": "block", "within_atr": 1.5},
            "threshold": 0.45,
            "confidence": 0.0,
        },
        "higher": {"depth": 2, "min_swing_atr": 0.5},
        "exits": {"partials": [0.4, 0.4]},
    }
)
BLIND = Config.default().updated({"decision": {"higher_fib": {"missing": "off"}}, "exits": {"partials": []}})
"""Nothing of it looks at a higher timeframe."""
by_property = settings(max_examples=25)


def higher_of(candles: Candles) -> Candles:
    assert candles.higher is not None
    return candles.higher


def without(candles: Candles, gone: range) -> Candles:
    """Return a series with a hole."""
    kept = [t for t in range(len(candles)) if t not in gone]
    columns = {
        name: getattr(candles, name)[kept] for name in ("timestamp", "open", "high", "low", "close", "volume")
    }
    return Candles.from_arrays(**columns, symbol=candles.symbol, timeframe=candles.timeframe, gaps="keep")


def disturbed(candles: Candles, first: int) -> Candles:
    """Return a series with quite other prices from a candle on."""
    columns = {name: getattr(candles, name).copy() for name in ("open", "high", "low", "close")}
    for column in columns.values():
        column[first:] *= np.where(np.arange(len(candles) - first) % 4 < 2, 1.7, 0.4)
    return Candles.from_arrays(
        timestamp=candles.timestamp,
        **columns,
        volume=candles.volume,
        symbol=candles.symbol,
        timeframe=candles.timeframe,
        gaps="keep",
    )


def seen(candles: Candles, bars: int) -> int:
    """Return how many of the attached candles have ended once so many bars have closed."""
    closed = int(candles.timestamp[bars - 1]) + candles.timeframe_ms
    higher = higher_of(candles)
    return sum(int(stamp) + higher.timeframe_ms <= closed for stamp in higher.timestamp)


def table(path: str, candles: Candles, features: FeatureSet = FEATURES) -> tuple[tuple[float, ...], ...]:
    return tuple(vector.values_tuple for vector in run_features(path, candles, feature_set=features).vectors)


def said(result: Result) -> tuple[bytes, bytes, bytes]:
    return result.rows.tobytes(), result.equity.tobytes(), result.bar_reasons.tobytes()


class TestTheSeries:
    def test_what_is_attached_is_there_and_slices_keep_it(self) -> None:
        assert PLAIN.higher is None
        assert GIVEN.higher == WHOLE.resample("6h")
        assert GIVEN[10:20].higher is GIVEN.higher
        assert GIVEN[10:20][3:].higher is GIVEN.higher
        assert GIVEN.with_higher(None) == PLAIN
        assert GIVEN.with_higher(None).higher is None
        assert "higher 6h given" in repr(GIVEN)
        assert "given" not in repr(PLAIN)
        assert GIVEN.close.tobytes() == PLAIN.close.tobytes()
        assert np.shares_memory(GIVEN.close, PLAIN.close)

    def test_joined_ones_have_nothing_attached(self) -> None:
        assert GIVEN.resample("1D").higher is None
        assert GIVEN.resample("1D") == PLAIN.resample("1D")

    def test_repairs_stay(self) -> None:
        holed = without(PLAIN, range(50, 60))
        assert len(holed.repairs) == 1
        assert holed.with_higher(higher_of(GIVEN)).repairs == holed.repairs
        assert holed[55:].with_higher(higher_of(GIVEN)).repairs == ()

    def test_the_fingerprint_counts_all_of_it(self) -> None:
        higher = higher_of(GIVEN)
        others = [
            PLAIN,
            PLAIN.with_higher(higher[1:]),
            PLAIN.with_higher(higher[:-1]),
            PLAIN.with_higher(disturbed(higher, len(higher) - 1)),
            PLAIN.with_higher(WHOLE.resample("1D")),
            GIVEN[1:],
        ]
        assert len({candles.fingerprint for candles in (GIVEN, *others)}) == 1 + len(others)
        assert GIVEN not in others
        assert PLAIN.with_higher(WHOLE.resample("6h")).fingerprint == GIVEN.fingerprint
        assert GIVEN.fingerprint not in (PLAIN.fingerprint, higher.fingerprint)

    def test_a_fingerprint_without_is_what_it_was(self) -> None:
        assert synthetic(bars=100).fingerprint == "1cfb1bd13350898651268a4b3928a24a"

    def test_copies_and_pickles(self) -> None:
        again = pickle.loads(pickle.dumps(GIVEN[5:50]))
        assert again == GIVEN[5:50]
        assert again.higher == GIVEN.higher
        assert not again.higher.high.flags.writeable
        assert copy.deepcopy(GIVEN) is GIVEN
        with pytest.raises(AttributeError, match="immutable"):
            GIVEN.higher = None  # type: ignore[misc]

    @pytest.mark.parametrize(
        ("higher", "message"),
        [
            (synthetic("tETHUSD", "6h", 10), "higher candles of tETHUSD for candles of tBTCUSD"),
            (
                synthetic(timeframe="1h", bars=10),
                "higher candles of 1h for candles of 1h: a whole multiple of 1h",
            ),
            (
                synthetic(timeframe="90m", bars=10),
                "higher candles of 90m for candles of 1h: a whole multiple",
            ),
            (synthetic(timeframe="30m", bars=10), "higher candles of 30m for candles of 1h"),
            (
                synthetic(timeframe="6h", bars=10).with_higher(synthetic(timeframe="1D", bars=5)),
                "candles of 1D attached",
            ),
            ("6h", "higher is a str; candles of a higher timeframe are needed"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, higher: Any, message: str) -> None:
        with pytest.raises(CandleError, match=message):
            PLAIN.with_higher(higher)

    def test_boundaries_must_fall_on_each_other(self) -> None:
        weeks = synthetic(timeframe="1W", bars=5)
        assert PLAIN.with_higher(weeks).higher == weeks
        # Two weeks from a Monday on hold one whole span of seven days from a Thursday on, and two halves.
        with pytest.raises(CandleError, match="of 2W for candles of 7D"):
            synthetic(timeframe="7D", bars=5).with_higher(synthetic(timeframe="2W", bars=5))


class TestTheLaw:
    def test_the_kernel_is_in_the_kernel_language(self) -> None:
        require(GIVEN_HIGHER_SWINGS)

    @pytest.mark.parametrize("timeframe", ["2h", "6h", "1D"])
    def test_joined_candles_handed_in_change_nothing(self, timeframe: str) -> None:
        span = {"span_ms": float(WHOLE.resample(timeframe).timeframe_ms)}
        features = FeatureSet((name, {**SHORT, **span}) for name in NAMES)
        alone = table("streaming", WHOLE, features)
        assert len({row[1] for row in alone}) > 5
        attached = WHOLE.with_higher(WHOLE.resample(timeframe))
        assert table("streaming", attached, features) == alone
        assert table("precomputed", attached, features) == alone

    def test_nor_trades_and_equity(self) -> None:
        alone = backtest(WHOLE, STRATEGY, compiled=True)
        handed = backtest(WHOLE.with_higher(WHOLE.resample("6h")), STRATEGY, compiled=True)
        assert said(handed) == said(alone)
        assert alone.reasons["HIGHER_FIB"] > 50
        assert any(trade.partials for trade in alone.trades)
        assert handed.config == alone.config
        assert handed.config.digest == alone.config.digest
        assert handed.data_fingerprint != alone.data_fingerprint
        assert handed.digest != alone.digest

    def test_nor_on_real_candles(self, data_dir: Path) -> None:
        real = Candles.from_csv(data_dir / "tBTCUSD_1h.csv", symbol="tBTCUSD", timeframe="1h", gaps="fill")
        real = real[20_000:26_000]
        alone = backtest(real, STRATEGY, compiled=True)
        assert said(backtest(real.with_higher(real.resample("6h")), STRATEGY, compiled=True)) == said(alone)
        assert table("precomputed", real.with_higher(real.resample("6h"))) == table("precomputed", real)
        assert len(alone.trades) > 50

    @given(first=st.integers(1, 500), length=st.integers(1, 40), start=st.integers(0, 20))
    @by_property
    def test_behind_holes_only_the_age_differs(self, first: int, length: int, start: int) -> None:
        """The first bar behind a hole tells that a joined candle has ended; a given one has ended when it has."""
        holed = without(WHOLE[:600], range(first, first + length))[start:]
        attached = holed.with_higher(holed.resample("6h"))
        lasting = FeatureSet((name, {**SHORT, "days": 1e6}) for name in NAMES)
        assert table("precomputed", attached, lasting) == table("precomputed", holed, lasting)

    def test_a_history_ends_the_warm_up(self) -> None:
        """From the first bar on what the whole series says, where nothing of it depends on the lower bars' past."""
        levels = FeatureSet((name, SHORT) for name in NAMES[1:])
        assert table("streaming", GIVEN, levels) == table("streaming", WHOLE, levels)[500:]
        assert table("streaming", PLAIN, levels) != table("streaming", GIVEN, levels)

    def test_bars_before_the_first_given_candle_have_no_levels(self) -> None:
        late = WHOLE.with_higher(higher_of(GIVEN)[100:])
        rows = table("streaming", late)
        assert set(rows[:600]) == {(-1.0, 0.0, 0.0, 0.0, 0.0)}
        assert len(set(rows)) > 50

    @pytest.mark.parametrize("days", [1.0, 3.0])
    def test_levels_that_nothing_follows_grow_stale(self, days: float) -> None:
        """The last given candle ends at bar 0; its swings grow old by the clock, not by the bars."""
        higher = higher_of(GIVEN)
        over = PLAIN.with_higher(higher[: seen(GIVEN, 1)])
        aged = FeatureSet(
            [("higher_above", {**SHORT, "days": days}), ("higher_below", {**SHORT, "days": days})]
        )
        rows = table("streaming", over, aged)
        there = [row != (0.0, 0.0) for row in rows]
        assert there == sorted(there, reverse=True)
        assert 0 < sum(there) <= days * 24
        assert table("streaming", over)[-1][1:] != (0.0,) * 4

    def test_a_kernel_of_ones_own_reads_given_levels(self) -> None:
        """What stands behind the swings is wired to the given ones, on each path."""
        own = FeatureSet([Feature("span", (), lambda p: node(SIZE, *_ends()).value)])
        assert table("precomputed", GIVEN, own) == table("recompute", GIVEN, own)
        assert table("precomputed", GIVEN, own) == table("streaming", WHOLE, own)[500:]
        assert len(set(table("precomputed", GIVEN, own))) > 5


def size(s: Vector, p: Vector, high: float, low: float) -> float:
    s[0] = s[0] + 1.0
    return high - low


SIZE = Kernel("size", size, ("high", "low"), state=lambda p: 1)


def _ends() -> list[Any]:
    points = node(
        "higher_swings",
        *("opened_at", "closed_at", "high", "low", "close"),
        span=6 * HOUR,
        origin=0,
        depth=2,
        min_swing_atr=0.5,
        atr=14,
        age=1e12,
    )
    return [points.output("high"), points.output("low")]


@dataclass(frozen=True)
class Flags:
    fast_window: bool
    precompute_features: bool
    compiled: bool


class TestThePaths:
    def test_all_16_combinations_of_flags_agree(self) -> None:
        short = GIVEN[:130]
        digests, paths = set(), set()
        for *flags, cached in product((False, True), repeat=4):
            cache = FeatureCache(len(short)) if cached else None
            result = backtest(short, STRATEGY, feature_cache=cache, **vars(Flags(*flags)))
            digests.add(result.digest)
            paths.add(result.plan.path)
            if cached and result.plan.path != "compiled":
                again = backtest(short, STRATEGY, feature_cache=cache, **vars(Flags(*flags)))
                assert again.plan.counters["hits"] == len(short) - STRATEGY.ready
                digests.add(again.digest)
        assert len(digests) == 1
        assert len(paths) == 7
        assert digests != {backtest(short.with_higher(None), STRATEGY, compiled=True).digest}

    def test_all_paths_give_the_same_features(self) -> None:
        tables = {table(path, GIVEN[:120]) for path in PATHS}
        columns = [column.tolist() for column in interpret_columns(GIVEN[:120], FEATURES.graph)]
        assert {tuple(zip(*columns, strict=True))} == tables
        assert tables != {table("streaming", PLAIN[:120])}
        rows = tables.pop()
        assert features_asof(GIVEN, 119, FEATURES).values_tuple == rows[-1]
        assert len(set(rows)) > 20

    def test_a_sweep_agrees_with_single_runs(self) -> None:
        configs = [
            STRATEGY,
            STRATEGY.updated({"higher": {"depth": 3}}),
            STRATEGY.updated({"decision": {"edge": 0.01}}),
            BLIND,
        ]
        for threads in (1, 2):
            swept = backtest_many(GIVEN, configs, threads=threads)
            single = [backtest(GIVEN, config, compiled=True) for config in configs]
            assert [one.summary_digest for one in swept] == [one.summary_digest for one in single]
        plain = backtest_many(PLAIN, configs)
        assert [a.summary_digest == b.summary_digest for a, b in zip(plain, swept, strict=True)] == [
            False,
            False,
            False,
            True,
        ]

    def test_a_cache_tells_series_by_what_is_attached(self) -> None:
        cache = FeatureCache(10)
        series = [PLAIN, GIVEN, PLAIN.with_higher(disturbed(higher_of(GIVEN), 40))]
        asked = [features_asof(one, 60, FEATURES, "streaming", cache).values_tuple for one in series]
        assert len(set(asked)) == 3
        assert (cache.hits, cache.misses) == (0, 3)
        assert [features_asof(one, 60, FEATURES, "streaming", cache).values_tuple for one in series] == asked
        assert (cache.hits, cache.misses) == (3, 3)

    def test_nodes_that_read_other_candles_are_other_nodes(self) -> None:
        series = [PLAIN, GIVEN, PLAIN.with_higher(disturbed(higher_of(GIVEN), 40))]
        graphs = [bound(FEATURES.graph, one) for one in series]
        assert graphs[0] is FEATURES.graph
        assert bound(FEATURES.graph, GIVEN[7:]) == graphs[1]
        for i, placed in enumerate(FEATURES.graph.nodes):
            looks = placed.node.kernel.name in (
                "higher_swings",
                "fib_levels",
                "level_distance",
                "levels_beyond",
            )
            assert len({graph.nodes[i].node.digest for graph in graphs}) == (3 if looks else 1)
            assert len({graph.nodes[i].node.wiring for graph in graphs}) == (3 if looks else 1)
        assert {(graph.outputs, graph.neutral) for graph in graphs} == {
            (graphs[0].outputs, graphs[0].neutral)
        }

    def test_a_strategy_that_looks_at_no_higher_timeframe_ignores_them(self) -> None:
        days = PLAIN.with_higher(WHOLE.resample("1D"))
        assert said(backtest(days, BLIND, compiled=True)) == said(backtest(PLAIN, BLIND, compiled=True))
        assert features_asof(days, 100) == features_asof(PLAIN, 100)

    def test_another_timeframe_than_the_strategys_is_refused(self) -> None:
        days = PLAIN.with_higher(WHOLE.resample("1D"))
        message = r"higher.timeframe = '6h', but the higher candles given are of 1D; give candles of 6h, or set .*'1D'"
        with pytest.raises(ConfigError, match=message):
            backtest(days, STRATEGY)
        with pytest.raises(ConfigError, match=f"strategy 1: {message}"):
            backtest_many(days, [BLIND, STRATEGY])
        with pytest.raises(ConfigError, match=message):
            Stream(STRATEGY, symbol="tBTCUSD", timeframe="1h", higher=days.higher)
        with pytest.raises(FeatureError, match=r"higher candles of 6 h.*the higher candles given are 1D"):
            run_features("streaming", days, feature_set=FEATURES)
        assert backtest(days, STRATEGY.updated({"higher": {"timeframe": "1D"}}), compiled=True).digest

    def test_weeks_of_days_are_not_weeks_of_mondays(self) -> None:
        seven = FeatureSet([("higher_above", {"span_ms": 7.0 * 24 * HOUR})])
        weeks = PLAIN.with_higher(synthetic(timeframe="1W", bars=5))
        with pytest.raises(FeatureError, match=r"168 h, one of which opens at 1970-01-01 .* are 1W"):
            features_asof(weeks, 10, seven)
        mondays = FeatureSet([("higher_above", {"span_ms": 7.0 * 24 * HOUR, "origin_ms": 4.0 * 24 * HOUR})])
        assert features_asof(weeks, 10, mondays)["higher_above"] == 0.0


class TestCausality:
    @given(bars=st.integers(60, 390))
    @by_property
    def test_candles_that_end_later_change_nothing(self, bars: int) -> None:
        higher = higher_of(GIVEN)
        count = seen(GIVEN, bars)
        for later in (disturbed(higher, count), higher[:count]):
            other = PLAIN.with_higher(later)
            assert table("precomputed", other)[:bars] == table("precomputed", GIVEN)[:bars]
            ours, theirs = (backtest(one, STRATEGY, compiled=True) for one in (other, GIVEN))
            assert ours.equity[:bars].tobytes() == theirs.equity[:bars].tobytes()
            assert ours.bar_reasons[: bars - 1].tobytes() == theirs.bar_reasons[: bars - 1].tobytes()

    def test_the_one_that_ends_now_does(self) -> None:
        """So the test above would see a candle that is visible a bar early or late."""
        higher = higher_of(GIVEN)
        lively = FeatureSet([("higher_above", {"depth": 1.0, "min_swing_atr": 0.0, "atr": 1.0})])
        firsts: set[int] = set()
        for i in range(seen(GIVEN, 1), len(higher) - 1):
            pairs = zip(
                table("precomputed", PLAIN.with_higher(disturbed(higher, i)), lively),
                table("precomputed", GIVEN, lively),
                strict=True,
            )
            changes = [t for t, (ours, theirs) in enumerate(pairs) if ours != theirs]
            end = int(higher.timestamp[i]) + 6 * HOUR
            at = next(t for t, stamp in enumerate(PLAIN.timestamp) if stamp + HOUR >= end)
            assert all(t >= at for t in changes)
            firsts.update(t - at for t in changes[:1])
        assert 0 in firsts

    @pytest.mark.parametrize("bars", [60, 61, 66, 203])
    def test_a_prefix_says_the_same(self, bars: int) -> None:
        whole, past = (
            backtest(GIVEN, STRATEGY, compiled=True),
            backtest(GIVEN[:bars], STRATEGY, compiled=True),
        )
        assert past.equity[:bars].tobytes() == whole.equity[:bars].tobytes()
        assert table("precomputed", GIVEN[:bars]) == table("precomputed", GIVEN)[:bars]

    def test_it_is_checked(self) -> None:
        assert check_causal(STRATEGY, GIVEN, cuts=6).ok
        assert check_causal(FEATURES, GIVEN, cuts=6, path="windowed").ok

    def test_a_kernel_of_many_numbers_that_reads_given_levels_is_no_table(self) -> None:
        """Its values hang on the given candles, which are others in the comparison, too."""
        built = node(MANY, *_ends(), **{param.name: float(i) for i, param in enumerate(MANY.params)})
        assert check_causal(Feature("many", (), lambda p: built.value), GIVEN, cuts=2).ok

    def test_features_made_from_candles_that_have_not_ended_are_found(self) -> None:
        """The check hides the given candles behind a cut from whoever makes features of the series."""

        def fitted(candles: Candles) -> FeatureSet:
            away = float(higher_of(candles).close.mean())
            return FeatureSet([Feature("leak", (), lambda p: node(ABOVE, "close", by=away).value)])

        # The candles behind each cut are other ones, and so is their mean.
        report = check_causal(fitted, GIVEN, cuts=4)
        assert not report.ok
        assert {leak.what for leak in report.leaks} == {"leak"}


def many(s: Vector, p: Vector, high: float, low: float) -> float:
    return p[3] * high - p[63] * low


MANY = Kernel("many", many, ("high", "low"), params=tuple(Param(f"n{i}", 0.0, 99.0) for i in range(64)))


def above(s: Vector, p: Vector, close: float) -> float:
    return close - p[0]


ABOVE = Kernel("above", above, ("close",), params=(Param("by", 0.0, 1e9),))


def arrivals(candles: Candles, begin: int) -> Iterator[tuple[Candle, list[Candle]]]:
    """Yield each bar with the given candles that end with it, beyond the first `begin`."""
    higher, told = higher_of(candles), begin
    for t, candle in enumerate(candles, start=1):
        count = max(told, seen(candles, t))
        yield candle, [higher[i] for i in range(told, count)]
        told = count


class TestTheStream:
    @pytest.mark.parametrize("gap", [range(0), range(100, 140)])
    def test_it_says_what_the_backtest_says(self, gap: range) -> None:
        candles = without(PLAIN, gap).with_higher(GIVEN.higher)
        result = backtest(candles, STRATEGY, precompute_features=True)
        features = run_features("streaming", candles, feature_set=STRATEGY.asked_features).vectors
        begin = seen(candles, 1) - 3
        stream = self.stream(begin, gaps="keep")
        most = 0
        for t, (candle, news) in enumerate(arrivals(candles, begin)):
            for higher in news:
                stream.add_higher(**higher._asdict())
            most = max(most, len(news))
            if t % 50 in (0, 7):
                kept = stream.save()
                stream = Stream.restore(STRATEGY, kept)
                assert stream.save() == kept
            update = stream.update(candle)
            assert update.features.values_tuple == features[t].values_tuple
            if t + 1 < len(candles):
                assert update.reason == result.reason(t)
            assert update.equity == result.equity[t]
        assert most == (6 if gap else 3)

    @staticmethod
    def stream(begin: int, **more: Any) -> Stream:
        return Stream(STRATEGY, symbol="tBTCUSD", timeframe="1h", higher=higher_of(GIVEN)[:begin], **more)

    def test_all_of_it_may_be_told_at_once(self) -> None:
        stream = self.stream(len(higher_of(GIVEN)))
        stream.warm(GIVEN[:300])
        kept = Stream.restore(STRATEGY, stream.save())
        rest = [kept.update(candle).equity for candle in GIVEN[300:]]
        assert rest == backtest(GIVEN, STRATEGY, compiled=True).equity[300:400].tolist()

    def test_what_is_remembered_does_not_grow(self) -> None:
        stream = self.stream(seen(GIVEN, 1))
        sizes = []
        for candle, news in arrivals(GIVEN, seen(GIVEN, 1)):
            for higher in news:
                stream.add_higher(higher)
            stream.update(candle)
            sizes.append(len(stream.save()))
        assert max(sizes[100:]) - min(sizes[100:]) < 20

    def test_a_late_candle_is_refused(self) -> None:
        begin = seen(GIVEN, 1)
        stream = self.stream(begin, gaps="keep")
        missed = higher_of(GIVEN)[begin]
        for t, candle in enumerate(GIVEN):
            if seen(GIVEN, t + 1) > begin:
                break
            stream.update(candle)
        before = stream.save()
        stream.update(candle)
        with pytest.raises(CandleError, match=r"too late; it closed at .* where it would have been seen"):
            stream.add_higher(missed)
        on_time = Stream.restore(STRATEGY, before)
        on_time.add_higher(missed)
        on_time.update(candle)

    def test_a_bar_waits_for_the_candle_it_must_see(self) -> None:
        begin = seen(GIVEN, 1)
        stream = self.stream(begin)
        blind = Stream(BLIND, symbol="tBTCUSD", timeframe="1h", higher=higher_of(GIVEN)[:1])
        for t, candle in enumerate(GIVEN):
            blind.update(candle)
            if seen(GIVEN, t + 1) > begin:
                break
            stream.update(candle)
        kept = stream.save()
        message = "has not been told: this bar closes at .* Tell it by add_higher first"
        with pytest.raises(CandleError, match=message):
            stream.update(candle)
        with pytest.raises(CandleError, match=message):
            stream.warm(PLAIN[t:])
        assert stream.save() == kept
        stream.add_higher(higher_of(GIVEN)[begin])
        assert stream.update(candle).bar == t

    @pytest.mark.parametrize(
        ("shift", "change", "message"),
        [
            (0, {}, "higher candle, bar 50: .* stands already in bar 49"),
            (-1, {}, "higher candle, bar 50: .* is before bar 49"),
            (2, {}, "higher candle, bar 50: 1 candle of 6h missing"),
            (1, {"high": 1.0}, "higher candle, bar 50: high is below"),
            (1, {"timestamp": 1_580_000_400_000}, "not on the 6h grid"),
        ],
    )
    def test_a_candle_that_does_not_follow_is_refused(
        self, shift: int, change: dict[str, Any], message: str
    ) -> None:
        stream = self.stream(50)
        kept, last = stream.save(), higher_of(GIVEN)[49]
        wrong = last._replace(**{"timestamp": last.timestamp + shift * 6 * HOUR, **change})
        with pytest.raises(CandleError, match=message):
            stream.add_higher(wrong)
        assert stream.save() == kept
        stream.add_higher(higher_of(GIVEN)[50])
        with pytest.raises(CandleError, match=r"higher candle, bar 51: .* stands already in bar 50"):
            stream.add_higher(higher_of(GIVEN)[50])

    def test_a_stream_that_joins_its_own_takes_none(self) -> None:
        stream = Stream(STRATEGY, symbol="tBTCUSD", timeframe="1h")
        with pytest.raises(
            CandleError, match=r"joins its higher candles from the bars; .*Stream\(\.\.\., higher="
        ):
            stream.add_higher(higher_of(GIVEN)[0])
        with pytest.raises(CandleError, match="attached that are not those the stream was made with"):
            stream.warm(GIVEN)
        stream.warm(GIVEN.with_higher(None))
        Stream(BLIND, symbol="tBTCUSD", timeframe="1h").warm(GIVEN)

    def test_what_does_not_fit_is_refused(self) -> None:
        with pytest.raises(CandleError, match="higher candles of tETHUSD"):
            Stream(STRATEGY, symbol="tBTCUSD", timeframe="1h", higher=synthetic("tETHUSD", "6h", 9))
        with pytest.raises(CandleError, match="of 6h for candles of 1D"):
            Stream(STRATEGY, symbol="tBTCUSD", timeframe="1D", higher=higher_of(GIVEN))
        other = STRATEGY.updated({"higher": {"timeframe": "1D"}})
        with pytest.raises(StreamError, match="saved with another strategy"):
            Stream.restore(other, self.stream(9).save())


class TestTheCommand:
    @pytest.fixture
    def files(self, tmp_path: Path) -> Path:
        PLAIN.to_csv(tmp_path / "tBTCUSD_1h.csv")
        higher_of(GIVEN).to_csv(tmp_path / "tBTCUSD_6h.csv")
        higher_of(GIVEN).to_csv(tmp_path / "mine.csv")
        WHOLE.resample("1D").to_csv(tmp_path / "tBTCUSD_1D.csv")
        higher_of(GIVEN).to_csv(tmp_path / "tETHUSD_6h.csv")
        values = {"decision": {"higher_fib": {"missing": "off"}}, "exits": {"partials": []}}
        text = f"from genesis_core import Config\nSTRATEGY = Config.default().updated({values!r})\n"
        (tmp_path / "blind.py").write_text(text, encoding="utf-8")
        return tmp_path

    @staticmethod
    def invoke(*arguments: object) -> tuple[int, str]:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="genesis")
        return done.exit_code, done.output

    def test_a_backtest_reads_them(self, files: Path) -> None:
        result = backtest(GIVEN, compiled=True)
        for name in ("tBTCUSD_6h.csv", "mine.csv"):
            code, output = self.invoke(
                "backtest", "--csv", files / "tBTCUSD_1h.csv", "--higher", files / name
            )
            assert code == 0
            assert f"digest         {result.digest}" in output
            assert "higher 6h given" in output
            assert name in output
        assert result.digest != backtest(PLAIN, compiled=True).digest

    def test_so_do_check_and_benchmark(self, files: Path) -> None:
        given_files = ("--csv", files / "tBTCUSD_1h.csv", "--higher", files / "mine.csv", "--bars", 80)
        code, output = self.invoke("check", *given_files, "--cuts", 2)
        assert (code, "higher 6h given" in output) == (0, True)
        code, output = self.invoke("benchmark", *given_files, "--rounds", 1)
        assert (code, "higher 6h given" in output) == (0, True)

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("tBTCUSD_1D.csv", "holds candles of 1D by its name; the strategy's higher.timeframe is '6h'"),
            ("tETHUSD_6h.csv", "higher candles of tETHUSD for candles of tBTCUSD"),
            ("tBTCUSD_1h.csv", "holds candles of 1h by its name"),
            ("none.csv", "cannot be read"),
            ("blind.py", "the name must end in .csv or .parquet"),
        ],
    )
    def test_a_file_that_does_not_fit_is_named(self, files: Path, name: str, message: str) -> None:
        code, output = self.invoke("backtest", "--csv", files / "tBTCUSD_1h.csv", "--higher", files / name)
        assert code == 2
        assert f"{files / name}: " in output
        assert message in output
        assert output.count("\n") == 1

    def test_a_file_that_nothing_reads_is_refused(self, files: Path) -> None:
        code, output = self.invoke(
            "backtest", "--higher", files / "mine.csv", "--strategy", files / "blind.py"
        )
        assert code == 2
        assert "nothing of the strategy looks at a higher timeframe" in output

    def test_policies_are_for_its_holes_too(self, files: Path) -> None:
        without(higher_of(GIVEN), range(20, 22)).to_csv(files / "mine.csv")
        code, output = self.invoke("backtest", "--bars", 100, "--higher", files / "mine.csv")
        assert code == 2
        assert "2 candles of 6h missing" in output
        code, output = self.invoke(
            "backtest", "--bars", 100, "--higher", files / "mine.csv", "--gaps", "keep"
        )
        assert code == 0
