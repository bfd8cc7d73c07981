"""Candle by candle, a stream says what the backtest says for that bar, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core import (
    Candle,
    CandleError,
    Candles,
    Config,
    ConfigError,
    Decide,
    Feature,
    Kernel,
    Param,
    Vector,
    backtest,
    indicator,
    make_path,
    node,
    synthetic,
)
from genesis_core.backtesting import Result, loop
from genesis_core.backtesting.saved import StreamError
from genesis_core.backtesting.stream import Stream
from genesis_core.backtesting.update import Update
from tests.oracles.bars import HOUR_MS, random_walk
from tests.oracles.engine import candles_of


def cross(s: Vector, p: Vector, fast: float, slow: float, rsi: float) -> tuple[float, float, float]:
    above = 1.0 if fast > slow else -1.0
    before = s[0]
    s[0] = above
    if above > 0.0 and before < 0.0 and rsi < p[0]:
        return 1.0, 0.8, 0.0
    if above < 0.0 and before > 0.0:
        return 0.0, 0.0, 1.0
    return 0.0, 0.0, 0.0


def cross_late(s: Vector, p: Vector, fast: float, slow: float, rsi: float) -> tuple[float, float, float]:
    above = 1.0 if fast >= slow else -1.0
    before = s[0]
    s[0] = above
    if above > 0.0 and before < 0.0 and rsi < p[0]:
        return 1.0, 0.8, 0.0
    return 0.0, 0.0, 0.0


def in_code(step: Any, **tables: Mapping[str, Any]) -> Config:
    outputs = ("side", "confidence", "exit")
    kernel = Kernel(
        "cross",
        step,
        ("fast", "slow", "rsi"),
        (Param("most", 0.0, 100.0),),
        outputs,
        (0.0, 0.0, 0.0),
        state=lambda p: 1,
    )
    features = [
        indicator("fast", "ema", "close", n=5),
        indicator("slow", "ema", "close", n=13),
        indicator("rsi", "rsi", "close", n=7),
    ]
    return Config.from_code(features, Decide(kernel, ("fast", "slow", "rsi"), {"most": 80.0}), **tables)


EAGER: dict[str, Any] = {
    "decision": {"threshold": 0.2, "confidence": 0.1, "edge": 0.01, "hysteresis": 1, "cooldown_bars": 1}
}
GATES: dict[str, Any] = {
    "decision": {
        **EAGER["decision"],
        "higher_fib": {"missing": "pass", "within_atr": 3.0},
        "lower_fib": {"missing": "pass", "within_atr": 3.0},
        "size": [[0.1, 0.1], [0.55, 0.2], [0.7, 0.4]],
        "regime_size": {"bear": 0.5},
        "zone_thresholds": {"high": {"long": 0.4}},
    }
}
EXITS: dict[str, Any] = {
    **EAGER,
    "higher": {"timeframe": "4h", "depth": 2},
    "exits": {
        "stop": 1.5,
        "target": 4.0,
        "trailing": 2.5,
        "partials": [0.4, 0.3],
        "max_bars": 25,
        "confidence_below": 0.15,
        "regime_flip": True,
    },
}
STRATEGIES = {
    "default": Config.default(),
    "eager": Config.default().updated(EAGER),
    "gates": Config.default().updated(GATES),
    "exits": Config.default().updated(EXITS),
    "exits on close": Config.default().updated({**EXITS, "exits": {**EXITS["exits"], "test": "close"}}),
    "fills at close": Config.default().updated({**EXITS, "execution": {"fill": "close"}}),
    "code": in_code(cross, decision={"size": 1.5, "size_unit": "units"}, exits={"stop": 2.0}),
}


def new(config: Config | None, candles: Candles, gaps: str = "keep") -> Stream:
    return Stream(config, symbol=candles.symbol, timeframe=candles.timeframe, gaps=gaps)


def hexed(value: Any) -> str:
    """Write a record so that equal texts are equal bits."""
    return repr(value)


def assert_parity(updates: list[Update], candles: Candles, result: Result, config: Config) -> None:
    """Compare every bar with the backtest; its last bar is the last one, and no live bar is."""
    vectors = make_path("precomputed", candles, config.asked_features)
    fills = [fill for fill in result.ledger if fill.reason != "final_close"]
    assert len(updates) == len(candles)
    for t, update in enumerate(updates):
        expected = vectors.at(t)
        assert update.features == expected
        assert update.features.bar == update.bar == t
        assert update.timestamp == candles[t].timestamp
        assert update.equity.hex() == result.equity.item(t).hex()
        dropped = t + 1 == len(candles) and result.reason(t) == "NO_NEXT_BAR"
        assert update.reason == ("ENTRY" if dropped else result.reason(t))
    assert hexed([fill for update in updates for fill in update.fills]) == hexed(fills)
    by_bar = {trade.decided: trade for trade in result.trades}
    for update in updates:
        trade = by_bar.get(update.bar)
        assert (update.size is not None) == (update.reason == "ENTRY")
        if trade is None:
            continue
        assert update.reason == "ENTRY"
        assert (update.side, update.confidence.hex()) == (trade.side, trade.confidence.hex())
        assert update.size is not None
        price = trade.entry_price
        assert (
            trade.units.hex() == (update.size if update.size_unit == "units" else update.size / price).hex()
        )
    # What is said to be pending is what the next bar does, at its open.
    at_open = [{f.kind: f for f in u.fills if f.decided == u.bar - 1} for u in updates]
    for update, opened in zip(updates, at_open[1:], strict=False):
        order = update.order
        if order is None:
            assert not opened
            continue
        assert set(opened) >= ({"entry"} if order.entry else set())
        if order.entry:
            assert (opened["entry"].side, order.size) == (order.entry, update.size)
        if order.exit:
            assert opened["exit"].reason == order.exit
        assert ("partial" in opened) <= (order.partials > 0)
    for update, before in zip(updates[1:], updates, strict=False):
        held = before.position.units if before.position else 0.0
        for fill in update.fills:
            held = fill.units if fill.kind == "entry" else 0.0 if fill.kind == "exit" else held - fill.units
        assert held.hex() == (update.position.units if update.position else 0.0).hex()


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_bar_of_a_backtest(name: str) -> None:
    config = STRATEGIES[name]
    candles = synthetic(bars=700)
    result = backtest(candles, config, compiled=True)
    assert len(result.trades) >= (5 if name != "default" else 1)
    stream = new(config, candles)
    updates = [stream.update(candle) for candle in candles]
    assert_parity(updates, candles, result, config)
    kinds = {fill.reason for fill in result.ledger}
    if name == "exits":
        assert kinds >= {"stop", "partial_1"}, "the series does not exercise what this test is for"
    reasons = {update.reason for update in updates}
    if name == "gates":
        assert reasons >= {"HIGHER_FIB", "LOWER_FIB"}


def test_positions_and_orders_are_told() -> None:
    config = STRATEGIES["exits"]
    candles = synthetic(bars=700)
    result = backtest(candles, config, compiled=True)
    stream = new(config, candles)
    updates = [stream.update(candle) for candle in candles]
    trade = next(t for t in result.trades if t.exit_bar > t.entry_bar and not t.partials)
    position = updates[trade.entry_bar].position
    assert position is not None
    assert (position.side, position.entry_price, position.target) == (
        trade.side,
        trade.entry_price,
        trade.target,
    )
    assert position.stop == trade.stop
    assert position.trailing is not None
    order = updates[trade.decided].order
    assert order is not None
    assert (order.entry, order.size) == (trade.side, updates[trade.decided].size)
    assert updates[trade.exit_bar].position is None or updates[trade.exit_bar].fills[-1].kind == "entry"
    exits = [u.order.exit for u in updates if u.order is not None and u.order.exit]
    assert set(exits) & {"regime_flip", "max_hold", "confidence_drop"}


def test_no_live_bar_is_the_last() -> None:
    """Where a backtest drops its last decision, the stream has it pending, and fills it at the next open."""
    config = STRATEGIES["eager"]
    candles = synthetic(bars=700)
    whole = backtest(candles, config, compiled=True)
    cut = next(trade.decided for trade in whole.trades) + 1
    short = backtest(candles[:cut], config, compiled=True)
    assert short.reason(cut - 1) == "NO_NEXT_BAR"
    stream = new(config, candles)
    update = [stream.update(candle) for candle in candles[:cut]][-1]
    assert update.reason == "ENTRY"
    assert update.order is not None
    assert update.position is None
    assert stream.update(candles[cut]).fills[0].kind == "entry"


series = st.tuples(st.integers(0, 10_000), st.integers(90, 160), st.integers(0, 6))


@given(
    recipe=series,
    name=st.sampled_from([name for name in STRATEGIES if name != "default"]),
    shares=st.lists(st.floats(0.0, 1.0), max_size=4),
)
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_saved_and_restored_anywhere(recipe: tuple[int, int, int], name: str, shares: list[float]) -> None:
    seed, bars, hole = recipe
    walk = random_walk(seed, bars, step=0.02)
    stamps = [s + hole * HOUR_MS * (t >= seed % bars) for t, s in enumerate(walk.timestamp)]
    candles = candles_of(replace(walk, timestamp=stamps))
    config = STRATEGIES[name]
    points = {int(share * bars) for share in shares}
    stream = new(config, candles)
    updates = []
    for t, candle in enumerate(candles):
        if t in points:
            stream = Stream.restore(config, stream.save())
        updates.append(stream.update(candle))
    assert_parity(updates, candles, backtest(candles, config, compiled=True), config)
    warmed = new(config, candles)
    if 0 < min(points, default=0) < bars:
        warmed.warm(candles[: min(points)])
        warmed.warm(candles[min(points) :])
    else:
        warmed.warm(candles)
    assert warmed.save() == stream.save()


def test_negative_zero_survives() -> None:
    def signed(s: Vector, p: Vector, close: float) -> float:
        s[0] = -0.0 if s[0] == 0.0 else s[0]
        return s[0]

    kernel = Kernel("signed", signed, ("close",), state=lambda p: 1)
    own = Feature("signed", (), lambda p: node(kernel, "close").value)
    never = Kernel("never", never_step, ("x",), (), ("side", "confidence"), (0.0, 0.0))
    config = Config.from_code([own], Decide(never, ("signed",)))
    candles = synthetic(bars=3)
    stream = new(config, candles)
    stream.update(candles[0])
    again = Stream.restore(config, stream.save())
    assert again.update(candles[1]).features["signed"].hex() == "-0x0.0p+0"
    stream.update(candles[1])
    assert again.save() == stream.save()


def never_step(s: Vector, p: Vector, x: float) -> tuple[float, float]:
    return 0.0, 0.0


# ---------------------------------------------------------------- candles


GOOD = {"open": 100.0, "high": 103.0, "low": 99.0, "close": 101.0, "volume": 5.0}
START = 1_700_000_000_000 // HOUR_MS * HOUR_MS


def candle_at(hour: int, **changed: Any) -> Candle:
    return Candle(**({"timestamp": START + hour * HOUR_MS} | GOOD | changed))


NUMBERS = (
    *(100.0, 99.0, 103.0, 101.0, 98.5, 104.0, 0.0, -0.0, -1.0, 1e31, 1e-31, 1e30, 1e-30),
    *(float("nan"), float("inf"), 100, True, "x", None, np.float64(100.5), np.float32(100.5)),
)


def same_as_a_series(values: dict[str, Any], gaps: str, whole: bool) -> None:
    """Give a stream a second candle, and a series the same two; both take them, or neither."""
    stream = Stream(symbol="tBTCUSD", timeframe="1h", gaps=gaps)
    stream.update(candle_at(0))
    before = stream.save()
    first = candle_at(0)
    pair = {name: [getattr(first, name), values[name]] for name in values}
    try:
        series = Candles.from_arrays(**pair, symbol="tBTCUSD", timeframe="1h", gaps=gaps)
    except CandleError:
        with pytest.raises(CandleError, match=r"^candle"):
            stream.update(Candle(**values)) if whole else stream.update(**values)
        assert stream.save() == before
        assert stream.bars == 1
    else:
        update = stream.update(Candle(**values)) if whole else stream.update(**values)
        assert update.bar == 1
        assert repr(stream.last) == repr(series[1])


@pytest.mark.parametrize("name", sorted(GOOD))
@pytest.mark.parametrize("whole", [False, True])
def test_each_value_is_checked_as_in_a_series(name: str, whole: bool) -> None:
    for value in NUMBERS:
        same_as_a_series(GOOD | {name: value, "timestamp": START + HOUR_MS}, "error", whole)
        prices = dict.fromkeys(("open", "high", "low", "close"), value)
        same_as_a_series(prices | {"volume": 1.0, "timestamp": START + HOUR_MS}, "error", whole)


@given(
    changed=st.dictionaries(st.sampled_from(sorted(GOOD)), st.sampled_from(NUMBERS), max_size=2),
    offset=st.sampled_from([HOUR_MS] * 4 + [0, -HOUR_MS, 1, 2 * HOUR_MS, 5 * HOUR_MS, HOUR_MS // 2]),
    gaps=st.sampled_from(["error", "keep"]),
    whole=st.booleans(),
)
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_a_candle_is_taken_where_a_series_takes_it(
    changed: dict[str, Any], offset: int, gaps: str, whole: bool
) -> None:
    same_as_a_series(GOOD | changed | {"timestamp": START + offset}, gaps, whole)


def test_time_ends_where_that_of_a_series_does() -> None:
    stream = Stream(symbol="tBTCUSD", timeframe="1h")
    stream.update(**GOOD, timestamp="2261-12-31T23:00Z")
    assert stream.last is not None
    with pytest.raises(CandleError, match="between the years 2000 and 2261"):
        stream.update(stream.last._replace(timestamp=stream.last.timestamp + HOUR_MS))


@pytest.mark.parametrize(
    ("candle", "words"),
    [
        (candle_at(3), ["candle, bar 2", "1 candle of 1h missing", "gaps='keep'"]),
        (candle_at(1), ["candle, bar 2", "stands already in bar 1"]),
        (candle_at(0), ["candle, bar 2", "is before bar 1's"]),
        (candle_at(2, close=float("nan")), ["candle, bar 2", "close is nan", "finite"]),
        (candle_at(2, high=100.5), ["candle, bar 2", "high is below close", "high=100.5"]),
        (candle_at(2, low=-1.0), ["candle, bar 2", "low is -1.0", "above 0"]),
        (candle_at(2)._replace(timestamp=START + 1), ["candle, bar 2", "not on the 1h grid"]),
    ],
)
def test_a_bad_candle_is_one_clear_error(candle: Candle, words: list[str]) -> None:
    stream = Stream(symbol="tBTCUSD", timeframe="1h")
    stream.update(candle_at(0))
    stream.update(candle_at(1))
    with pytest.raises(CandleError) as error:
        stream.update(candle)
    assert all(word in str(error.value) for word in words), str(error.value)
    assert "\n" not in str(error.value)
    assert stream.update(candle_at(2)).bar == 2


def test_a_candle_may_be_given_by_name_in_any_form_of_time() -> None:
    one, other = (Stream(symbol="tBTCUSD", timeframe="1h") for _ in range(2))
    one.update(candle_at(0))
    other.update(**GOOD, timestamp="2023-11-14T22:00:00Z")
    assert one.save() == other.save()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"candle": candle_at(1), "volume": 3.0}, "give one of the two"),
        ({"candle": tuple(candle_at(1))}, "candle is a tuple"),
        ({"open": 1.0}, "'timestamp' is missing"),
        ({**GOOD, "timestamp": START + HOUR_MS, "vwap": 3.0}, "'vwap' is not a value of a candle"),
    ],
)
def test_a_candle_is_given_in_one_way(given: dict[str, Any], words: str) -> None:
    stream = Stream(symbol="tBTCUSD", timeframe="1h")
    stream.update(candle_at(0))
    before = stream.save()
    with pytest.raises(CandleError, match=words):
        stream.update(**given)
    assert stream.save() == before


def test_what_makes_a_stream_is_checked() -> None:
    with pytest.raises(CandleError, match=r"gaps='fill'.*'error', 'keep'"):
        Stream(symbol="tBTCUSD", timeframe="1h", gaps="fill")
    with pytest.raises(CandleError, match="timeframe '1x'"):
        Stream(symbol="tBTCUSD", timeframe="1x")
    with pytest.raises(CandleError, match="symbol ''"):
        Stream(symbol="", timeframe="1h")
    with pytest.raises(ConfigError, match=r"decision\.edgy"):
        Stream({"decision": {"edgy": 1}}, symbol="tBTCUSD", timeframe="1h")
    with pytest.raises(ConfigError, match=r"higher\.timeframe"):
        Stream({"decision": {"higher_fib": {"missing": "pass"}}}, symbol="tBTCUSD", timeframe="6h")
    assert Stream({"decision": {"edge": 0.2}}, symbol="t", timeframe="60m").timeframe == "1h"


def test_warming_is_all_or_nothing() -> None:
    candles = synthetic(bars=60)
    hole = candles_of(with_hole(40))
    stream = Stream(symbol=hole.symbol, timeframe="1h")
    before = stream.save()
    with pytest.raises(CandleError, match=r"candle, bar 20: 2 candles of 1h missing"):
        stream.warm(hole)
    assert stream.save() == before
    with pytest.raises(CandleError, match=r"candles of other 1h for a stream of"):
        stream.warm(Candles.from_arrays(**arrays(candles), symbol="other", timeframe="1h"))
    with pytest.raises(CandleError, match=r"candles of \S+ 2h for a stream of"):
        stream.warm(hole[:20].resample("2h"))
    with pytest.raises(CandleError, match="candles is a list"):
        stream.warm(list(candles))  # type: ignore[arg-type]
    assert stream.save() == before
    stream.warm(hole[:20])
    with pytest.raises(CandleError, match=r"candle, bar 20: 2 candles of 1h missing"):
        stream.warm(hole[20:])
    with pytest.raises(CandleError, match=r"candle, bar 20: .*stands already in bar 19"):
        stream.warm(hole[19:20])
    assert stream.bars == 20


@pytest.mark.parametrize("last", [21, 25])
def test_warming_behind_a_gap(last: int) -> None:
    hole = candles_of(with_hole(40))
    told, warmed = new(None, hole), new(None, hole)
    for candle in hole[:last]:
        told.update(candle)
    warmed.warm(hole[:20])
    warmed.warm(hole[20:last])
    assert warmed.save() == told.save()
    assert warmed.last == told.last == hole[last - 1]


def arrays(candles: Candles) -> dict[str, Any]:
    return {name: getattr(candles, name) for name in ("timestamp", *GOOD)}


def with_hole(bars: int) -> Any:
    walk = random_walk(5, bars, step=0.02)
    return replace(walk, timestamp=[s + 2 * HOUR_MS * (t >= 20) for t, s in enumerate(walk.timestamp)])


# ---------------------------------------------------------------- saved streams


@pytest.fixture(scope="module")
def saved() -> bytes:
    stream = Stream(STRATEGIES["exits"], symbol="tBTCUSD", timeframe="1h")
    stream.warm(synthetic(bars=120))
    return stream.save()


def test_an_edited_or_truncated_save_is_refused(saved: bytes) -> None:
    for size in [*range(0, 400), *range(400, len(saved), 37)]:
        with pytest.raises(StreamError, match=r"^saved stream: "):
            Stream.restore(STRATEGIES["exits"], saved[:size])
    for at in [*range(0, 400), *range(400, len(saved), 37), len(saved) - 1]:
        edited = saved[:at] + bytes([saved[at] ^ 1]) + saved[at + 1 :]
        with pytest.raises(StreamError, match=r"^saved stream: "):
            Stream.restore(STRATEGIES["exits"], edited)
    with pytest.raises(StreamError, match="cut short or changed"):
        Stream.restore(STRATEGIES["exits"], saved + b"\0")
    with pytest.raises(StreamError, match="saved in format 2; this version reads format 1"):
        Stream.restore(STRATEGIES["exits"], saved.replace(b"STREAM 1\n", b"STREAM 2\n", 1))
    with pytest.raises(StreamError, match="not a saved stream"):
        Stream.restore(STRATEGIES["exits"], b"")


def test_another_strategy_symbol_or_timeframe_is_refused(saved: bytes) -> None:
    with pytest.raises(StreamError, match="saved with another strategy"):
        Stream.restore(STRATEGIES["gates"], saved)
    with pytest.raises(StreamError, match="saved with another strategy"):
        Stream.restore(STRATEGIES["exits"].updated({"execution": {"fee": 0.0}}), saved)
    with pytest.raises(StreamError, match="saved for the symbol tBTCUSD, not tETHUSD"):
        Stream.restore(STRATEGIES["exits"], saved, symbol="tETHUSD")
    with pytest.raises(StreamError, match="saved for the timeframe 1h, not 2h"):
        Stream.restore(STRATEGIES["exits"], saved, timeframe="2h")
    restored = Stream.restore(STRATEGIES["exits"], saved, symbol="tBTCUSD", timeframe="60m")
    assert restored.save() == saved
    assert (restored.bars, restored.last) == (120, synthetic(bars=120)[119])


def test_other_code_is_refused(saved: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    candles = synthetic(bars=40)
    stream = new(in_code(cross), candles)
    stream.warm(candles)
    with pytest.raises(StreamError, match="the code of a kernel was another one"):
        Stream.restore(in_code(cross_late), stream.save())
    assert Stream.restore(in_code(cross), stream.save()).bars == 40

    def trade_bar(*args: Any) -> tuple[float, int]:
        return 0.0, 1

    monkeypatch.setattr(loop, "trade_bar", trade_bar)
    with pytest.raises(
        StreamError, match=r"the code of a kernel was another one.*genesis_core \d.* on Python 3"
    ):
        Stream.restore(STRATEGIES["exits"], saved)


def test_code_of_a_feature_of_the_package_counts(saved: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after an upgrade: the same strategy, whose features are computed otherwise."""
    monkeypatch.setitem(vars(STRATEGIES["exits"].asked_features), "digest", "0" * 32)
    with pytest.raises(StreamError, match="the code of a kernel was another one"):
        Stream.restore(STRATEGIES["exits"], saved)


def test_saved_to_a_file(saved: bytes, tmp_path: Path) -> None:
    path = tmp_path / "live.stream"
    stream = Stream.restore(STRATEGIES["exits"], saved)
    assert stream.save(path) == saved == path.read_bytes()
    assert Stream.restore(STRATEGIES["exits"], path).save() == saved
    assert Stream.restore(STRATEGIES["exits"], str(path)).save() == saved
    path.write_bytes(saved[:-3])
    with pytest.raises(StreamError, match=r"live\.stream: cut short or changed"):
        Stream.restore(STRATEGIES["exits"], path)
    with pytest.raises(StreamError, match=r"absent: cannot be read: No such file"):
        Stream.restore(STRATEGIES["exits"], tmp_path / "absent")
    with pytest.raises(StreamError, match=r"cannot be written"):
        stream.save(tmp_path / "no folder" / "live.stream")
    assert [p.name for p in tmp_path.iterdir()] == ["live.stream"]


def test_the_gap_policy_and_an_unused_stream_are_saved() -> None:
    fresh = Stream(symbol="tBTCUSD", timeframe="1h", gaps="keep")
    again = Stream.restore(None, fresh.save())
    assert (again.bars, again.last) == (0, None)
    again.update(candle_at(0))
    again = Stream.restore(None, again.save())
    assert again.update(candle_at(4)).features["data_quality"] == 0.5


def overflowing(s: Vector, p: Vector, close: float) -> float:
    i = int(s[0])
    s[0] = s[0] + 1.0
    s[i] = s[i] + 0.0
    return close


def test_an_interrupted_update_is_never_built_upon() -> None:
    """A kernel whose state is too small for so many bars, which no trial run could know."""
    kernel = Kernel("overflowing", overflowing, ("close",), state=lambda p: 3_000)
    never = Kernel("never", never_step, ("x",), (), ("side", "confidence"), (0.0, 0.0))
    own = Feature("x", (), lambda p: node(kernel, "close").value)
    config = Config.from_code([own], Decide(never, ("x",)))
    candles = synthetic(bars=3_002)
    stream = new(config, candles)
    stream.warm(candles[:3_000])
    good = stream.save()
    with pytest.raises(IndexError):
        stream.update(candles[3_000])
    for ask in (stream.save, lambda: stream.update(candles[3_000]), lambda: stream.warm(candles[3_000:])):
        with pytest.raises(StreamError, match="interrupted half way"):
            ask()
    assert Stream.restore(config, good).bars == 3_000
