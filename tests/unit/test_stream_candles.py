"""A stream takes a candle where a series takes it, and is as it was after one that it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core import (
    Candle,
    CandleError,
    Candles,
    ConfigError,
    synthetic,
)
from genesis_core.backtesting.stream import Stream
from tests.oracles.bars import HOUR_MS, random_walk
from tests.oracles.engine import candles_of
from tests.unit.stream_cases import GOOD, START, candle_at, new

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
@settings(max_examples=100)
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
