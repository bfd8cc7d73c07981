"""The check for look-ahead: cheats are caught and named, and nothing honest is accused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from genesis_core import (
    DEFAULT,
    CandleError,
    Candles,
    Config,
    Decide,
    Feature,
    FeatureError,
    FeatureSet,
    FeatureVector,
    Kernel,
    Param,
    Vector,
    indicator,
    make_path,
    node,
    synthetic,
)
from genesis_core.backtesting import causality
from genesis_core.backtesting.causality import CausalityReport, check_causal
from genesis_core.features import compute_columns
from genesis_core.features.paths import Counters
from genesis_core.kernels.walk import KernelError
from tests.oracles.bars import adversarial, whole_dollars
from tests.oracles.engine import candles_of

EAGER: dict[str, Any] = {
    "decision": {
        "threshold": 0.2,
        "confidence": 0.1,
        "edge": 0.01,
        "hysteresis": 1,
        "higher_fib": {"missing": "pass", "within_atr": 4.0},
        "lower_fib": {"missing": "pass", "within_atr": 4.0},
        "zone_thresholds": {"high": {"long": 0.3}},
    },
    "higher": {"timeframe": "4h", "depth": 2},
    "exits": {"stop": 1.5, "target": 4.0, "trailing": 2.5, "partials": [0.4, 0.3], "max_bars": 25},
}


@pytest.fixture(scope="module")
def candles() -> Candles:
    return synthetic(bars=420)


def difference(s: Vector, p: Vector, close: float) -> float:
    return close - p[0]


LEVEL = Kernel("difference", difference, ("close",), (Param("level", 0.0, 1e6),))


def leaks(report: CausalityReport) -> dict[str, int]:
    assert not report.ok
    return {leak.what: leak.bar for leak in report.leaks}


# ---------------------------------------------------------------- the honest


@pytest.mark.parametrize("fill", ["next_open", "close"])
def test_an_honest_strategy(candles: Candles, fill: str) -> None:
    config = Config.default().updated({**EAGER, "execution": {"fill": fill}})
    report = check_causal(config, candles)
    assert report.ok, str(report)
    assert report.subject == "strategy"
    assert len(report.cuts) == 24
    assert {one.name for one in report.warm_ups} == set(config.asked_features.names)
    assert str(report).startswith("causal: 24 features and the whole backtest over 420 bars")


def test_every_cut_of_an_honest_strategy(candles: Candles) -> None:
    """Cuts on and around entries and exits too, where a run that ends has to drop or to liquidate something."""
    config = Config.default().updated(EAGER)
    ready = config.ready
    assert check_causal(config, candles[:160], cuts=range(ready + 1, 160)).ok


@pytest.mark.parametrize("path", ["precomputed", "streaming", "windowed"])
def test_every_path_is_honest(candles: Candles, path: str) -> None:
    report = check_causal(DEFAULT, candles[:120], cuts=3, path=path)
    assert report.ok
    assert report.path == path


def test_the_reference_trades_honestly(candles: Candles) -> None:
    report = check_causal(Config.default().updated(EAGER), candles[:110], cuts=2, path="streaming")
    assert report.ok


@pytest.mark.parametrize("kind", sorted(adversarial()))
def test_odd_series_accuse_nobody(kind: str) -> None:
    assert check_causal(Config.default(), candles_of(adversarial(160)[kind]), cuts=4).ok


def test_whole_dollars_accuse_nobody() -> None:
    """Equal prices everywhere, and round parameters that are prices as well."""
    series = candles_of(whole_dollars(3, 200, start=14, spread=2))
    own = Feature("away", (), lambda p: node(LEVEL, "close", level=14.0).value)
    assert check_causal(DEFAULT.including("regime", own), series, cuts=4).ok


def fitted_before(candles: Candles) -> Feature:
    """Made from candles of long ago, which is what one may do."""
    level = float(candles.close[:30].mean())
    return Feature("above_mean", (), lambda p: node(LEVEL, "close", level=level).value)


def test_a_maker_that_reads_the_past_only(candles: Candles) -> None:
    assert check_causal(fitted_before, candles, cuts=[40, 100, 300]).ok


def trade_every_day(s: Vector, p: Vector, close: float) -> tuple[float, float]:
    s[0] = s[0] + 1.0 if s[0] < 23.0 else 0.0
    return (1.0 if s[0] == 3.0 else (-1.0 if s[0] == 9.0 else 0.0)), 0.7


def test_a_strategy_that_ignores_prices_is_no_cheat(candles: Candles) -> None:
    kernel = Kernel(
        "daily", trade_every_day, ("close",), (), ("side", "confidence"), (0.0, 0.0), state=lambda p: 1
    )
    config = Config.from_code([indicator("fast", "ema", "close", n=5)], Decide(kernel, ("fast",)))
    report = check_causal(config, candles)
    assert report.ok
    side = next(one for one in report.warm_ups if one.name == "decide_side")
    assert side.bars is None  # it counts from the first bar of the series


# ---------------------------------------------------------------- paths that look ahead


class Shifted:
    """A path whose rows are read some bars late or early."""

    name = "shifted"
    by = 1

    def __init__(self, candles: Candles, features: FeatureSet) -> None:
        self.rows = np.column_stack(compute_columns(candles, features.graph))
        self.features = features
        self.counters = Counters()

    def row(self, bar: int) -> int:
        return min(bar + self.by, len(self.rows) - 1)

    def at(self, bar: int) -> FeatureVector:
        return FeatureVector(self.features.layout, bar, tuple(self.rows[self.row(bar)].tolist()))


class Late(Shifted):
    """Reads rows of its past, from a window-relative index."""

    def row(self, bar: int) -> int:
        return max(bar - 52, 0)


def test_a_path_that_is_one_bar_early(candles: Candles) -> None:
    report = check_causal(FeatureSet(["rsi_inv_lag1", "atr_14"]), candles, path=Shifted)
    assert leaks(report) == {"atr_14": 13, "rsi_inv_lag1": 14}
    first = report.leaks[0]
    honest = make_path("precomputed", candles, FeatureSet(["atr_14"]))
    assert (first.past, first.whole) == (0.0, honest.at(14)["atr_14"])
    assert report.lines()[0] == "LOOKS AHEAD: atr_14 is the first, at bar 13"
    assert f"0.0 (0x0.0p+0) told candle by candle, but {first.whole!r} ({first.whole.hex()})" in str(report)
    assert report.path == "Shifted"


def test_a_strategy_on_a_path_that_is_one_bar_early(candles: Candles) -> None:
    config = Config.default().updated(EAGER)
    report = check_causal(config, candles, path=Shifted)
    found = leaks(report)
    assert {"atr_14", "reason", "fills", "equity"} <= set(found)
    assert found["reason"] <= found["fills"] <= found["equity"]
    assert report.leaks[0].bar == min(found.values())
    bars = [leak.bar for leak in report.leaks]
    assert bars == sorted(bars)
    reason = next(leak for leak in report.leaks if leak.what == "reason")
    assert isinstance(reason.past, str)
    assert reason.past != reason.whole


def test_a_path_with_a_window_relative_index(candles: Candles) -> None:
    assert not check_causal(DEFAULT, candles, path=Late).ok


class HigherInTheMaking(Shifted):
    """The close of the higher candle that a bar lies in, which is known only when that has closed."""

    def __init__(self, candles: Candles, features: FeatureSet) -> None:
        super().__init__(candles, features)
        higher = candles.resample("6h") if len(candles) >= 12 else candles
        inside = np.searchsorted(higher.timestamp, candles.timestamp, side="right") - 1
        self.rows = np.where(inside >= 0, higher.close[inside], 0.0)[:, None]

    def row(self, bar: int) -> int:
        return bar


def close_itself(s: Vector, p: Vector, close: float) -> float:
    return close


def test_a_higher_candle_seen_before_it_has_closed(candles: Candles) -> None:
    kernel = Kernel("higher_close", close_itself, ("close",))
    features = FeatureSet([Feature("higher_close", (), lambda p: node(kernel, "close").value)])
    report = check_causal(features, candles, path=HigherInTheMaking)
    assert leaks(report)["higher_close"] < 6


def test_columns_that_depend_on_the_end_of_the_series(
    candles: Candles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A precompute that normalises by the whole series: wrong only in what it leaves, so seen on every bar."""
    real = causality.compute_columns

    def normalised(candles: Candles, graph: Any) -> tuple[Any, ...]:
        return tuple(column - 1e-9 * column.item(-1) for column in real(candles, graph))

    monkeypatch.setattr(causality, "compute_columns", normalised)
    report = check_causal(FeatureSet(["rsi_inv_lag1", "atr_14"]), candles)
    assert leaks(report) == {"rsi_inv_lag1": 0, "atr_14": 0}
    # At one bar: in the order of the set.
    assert [leak.what for leak in report.leaks] == ["rsi_inv_lag1", "atr_14"]


def test_only_a_cut_can_tell_what_differs_from_prefix_to_prefix(candles: Candles) -> None:
    """Right over the whole series, wrong over a part of it: no bar of the whole run differs from the law."""

    class Part(Shifted):
        def row(self, bar: int) -> int:
            return bar if len(self.rows) == 420 else max(bar - 1, 0)

    report = check_causal(FeatureSet(["atr_14"]), candles, path=Part, cuts=[100, 200])
    assert leaks(report) == {"atr_14": 14}
    assert report.leaks[0].against == "from the first 100 candles"


# ---------------------------------------------------------------- features that hold the future


def peek(s: Vector, p: Vector, close: float) -> float:
    i = int(s[0])
    if i < 299:
        s[0] = s[0] + 1.0
    return p[i]


def table_kernel(count: int, step: Callable[..., float] = peek) -> Kernel:
    return Kernel(
        "peek",
        step,
        ("close",),
        tuple(Param(f"p{i}", -1e9, 1e9) for i in range(count)),
        state=lambda p: 1,
    )


def with_table(values: list[float]) -> Feature:
    given = {f"p{i}": value for i, value in enumerate(values)}
    return Feature("oracle", (), lambda p: node(table_kernel(len(values)), "close", **given).value)


def test_future_prices_smuggled_into_parameters(candles: Candles) -> None:
    report = check_causal(with_table(candles.close[5:305].tolist()), candles)
    assert leaks(report) == {"oracle": 5}
    assert re.search(r"kernel 'peek' holds 30\d numbers, among them the close of bars 5 to 12", str(report))
    backwards = check_causal(with_table(candles.close[5:305][::-1].tolist()), candles)
    assert "backwards" in str(backwards)


def test_a_table_of_what_will_happen(candles: Candles) -> None:
    """Not the prices themselves but what became of them: the feature is the same on any other candles."""
    returns = (candles.close[1:301] / candles.close[:300] - 1.0).tolist()
    report = check_causal(with_table(returns), candles)
    assert leaks(report) == {"oracle": 1}
    assert "the feature reads its values off them, whatever the candles are" in str(report)


def test_future_prices_in_a_closure(candles: Candles) -> None:
    c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 = candles.high[100:110].tolist()

    def closure(s: Vector, p: Vector, close: float) -> float:
        s[0] = s[0] + 1.0
        if s[0] < 50.0:
            return c0 + c1 + c2 + c3 + c4
        return close - (c5 + c6 + c7 + c8 + c9)

    kernel = Kernel("closure", closure, ("close",), state=lambda p: 1)
    report = check_causal(Feature("oracle", (), lambda p: node(kernel, "close").value), candles)
    assert leaks(report) == {"oracle": 100}
    assert "high of bars 100 to 107" in str(report)


def test_a_list_in_a_closure_is_no_kernel(candles: Candles) -> None:
    future = candles.close.tolist()

    def reads(s: Vector, p: Vector, close: float) -> float:
        return future[0]

    with pytest.raises(KernelError, match=r"'future' .*list"):
        node(Kernel("reads", reads, ("close",)), "close")


def test_a_long_table_that_is_used_on_prices_is_no_proof(candles: Candles) -> None:
    """A fitted curve of many numbers that reads the candles is what models are made of."""

    def curve(s: Vector, p: Vector, close: float) -> float:
        return close * p[0] - p[99]

    given = {f"p{i}": 1.0 + 0.01 * i for i in range(100)}
    own = Feature("curve", (), lambda p: node(table_kernel(100, curve), "close", **given).value)
    assert check_causal(own, candles).ok


def in_turn(s: Vector, p: Vector, close: float) -> float:
    i = int(s[0])
    s[0] = s[0] + 1.0 if i < 11 else 0.0
    return p[i]


def test_a_short_schedule_is_no_cheat(candles: Candles) -> None:
    """A dozen numbers in turn, whatever the candles are: a plan, not a table of what will happen."""
    given = {f"p{i}": 0.5 * i for i in range(12)}
    own = Feature("plan", (), lambda p: node(table_kernel(12, in_turn), "close", **given).value)
    assert check_causal(own, candles).ok


def fitted_on_all(candles: Candles) -> FeatureSet:
    level = float(candles.close.mean())
    return FeatureSet(
        ["atr_14", Feature("above_mean", (), lambda p: node(LEVEL, "close", level=level).value)]
    )


def test_a_feature_fitted_on_the_whole_series(candles: Candles) -> None:
    assert check_causal(fitted_on_all(candles), candles).ok  # finished, it is but a number
    report = check_causal(fitted_on_all, candles, cuts=[200, 300])
    assert leaks(report) == {"above_mean": 0}
    assert report.leaks[0].against == "from the first 200 candles"


def test_a_strategy_fitted_on_the_whole_series(candles: Candles) -> None:
    def fitted(candles: Candles) -> Config:
        best = 1e-4 * candles.close.item(-1) % 0.01
        return Config.default().updated({**EAGER, "execution": {"slippage": best}})

    report = check_causal(fitted, candles, cuts=3)
    assert set(leaks(report)) >= {"fills", "equity"}
    assert report.leaks[0].bar > Config.default().ready


def test_a_maker_gives_the_same_features_each_time(candles: Candles) -> None:
    with pytest.raises(FeatureError, match="made from the first 100 candles it has other features"):
        check_causal(lambda c: FeatureSet(["atr_14" if len(c) > 300 else "vol_regime"]), candles, cuts=[100])


# ---------------------------------------------------------------- warm-up


def last_of(n: int) -> Feature:
    """Return a feature that is the close n bars ago, and so forgets what is older."""
    return Feature("lagged", (), lambda p: node("lag", "close", k=float(n)).value)


def count_bars(s: Vector, p: Vector, close: float) -> float:
    s[0] = s[0] + 1.0
    return s[0]


def test_warm_up() -> None:
    candles = synthetic(bars=1_500)
    counter = Kernel("count_bars", count_bars, ("close",), state=lambda p: 1)
    own = Feature("counted", (), lambda p: node(counter, "close").value)
    features = FeatureSet([last_of(7), "vol_regime", "bb_position_inv_ma3", own])
    report = check_causal(features, candles, cuts=1)
    by_name = {one.name: one for one in report.warm_ups}
    last_start = 1_500 * 8 // 16 + 8
    assert (by_name["lagged"].bars, by_name["lagged"].first_valid) == (7, 7)
    assert by_name["lagged"].followed == 1_500 - last_start
    # Blocks of 20 bars are counted from the first bar: another start, another order of additions.
    assert by_name["bb_position_inv_ma3"].bars is None
    assert 0.0 < by_name["bb_position_inv_ma3"].residual < 1e-12
    assert (by_name["counted"].bars, by_name["counted"].residual) == (None, float(last_start))
    assert "  lagged               valid from bar 7, 7 bars" in report.lines()
    assert "  counted              valid from bar 0, never within 742 bars, 758 off" in report.lines()


def test_warm_up_is_what_a_later_start_needs() -> None:
    """Held against its definition: a run that begins that many bars earlier has the same bits from there on."""
    candles = synthetic(bars=1_500)
    features = FeatureSet(["atr_14", "rsi_inv_lag1"])
    whole = compute_columns(candles, features.graph)
    starts = [1_500 * i // 16 + i for i in range(1, 9)]
    for one, column in zip(check_causal(features, candles, cuts=1).warm_ups, whole, strict=True):
        assert one.bars is not None
        assert one.bars > one.first_valid
        late = []
        for start in starts:
            later = compute_columns(candles[start:], features.graph)[features.names.index(one.name)]
            assert later[one.bars :].tobytes() == column[start + one.bars :].tobytes()
            late.append(later[one.bars - 1 :].tobytes() != column[start + one.bars - 1 :].tobytes())
        assert any(late)


# ---------------------------------------------------------------- the report and its arguments


def test_plain_values(candles: Candles) -> None:
    report = check_causal(FeatureSet(["atr_14"]), candles, path=Shifted, cuts=2)
    values = json.loads(json.dumps(report.as_dict()))
    assert values["ok"] is False
    assert values["cuts"] == list(report.cuts)
    leak = values["leaks"][0]
    assert leak["whole"] == float.fromhex(leak["whole_hex"]) == report.leaks[0].whole
    assert leak["past_hex"] == "0x0.0p+0"
    assert values["warm_ups"][0]["name"] == "atr_14"
    honest = check_causal(FeatureSet(["atr_14"]), candles, cuts=2).as_dict()
    assert honest["ok"] is True
    assert honest["leaks"] == []


@pytest.mark.parametrize(
    ("cuts", "words"),
    [
        ([15], r"cut 15: a number of candles from 16 to 419 is needed"),
        ([420], r"cut 420"),
        ([100.5], r"cut 100\.5"),
        (0, r"cuts = 0; at least one"),
    ],
)
def test_cuts_are_checked(candles: Candles, cuts: Any, words: str) -> None:
    with pytest.raises(CandleError, match=words):
        check_causal(FeatureSet(["rsi_inv_lag1"]), candles, cuts=cuts)


def test_cuts_are_spread(candles: Candles) -> None:
    cuts = check_causal(FeatureSet(["atr_14"]), candles, cuts=10).cuts
    assert len(cuts) == 10
    assert 15 <= cuts[0] <= 60
    assert 370 <= cuts[-1] < 420
    assert check_causal(FeatureSet(["atr_14"]), candles, cuts=[300, 40, 40]).cuts == (40, 300)


def test_arguments_are_checked(candles: Candles) -> None:
    with pytest.raises(CandleError, match=r"50 bars are too few to check: needed are 52 of warm-up"):
        check_causal(None, candles[:50])
    with pytest.raises(CandleError, match="candles is a list"):
        check_causal(None, [1.0])  # type: ignore[arg-type]
    with pytest.raises(FeatureError, match="unknown path 'precomputd'"):
        check_causal(None, candles, path="precomputd")
