from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from genesis_core.candles import Candles, synthetic
from genesis_core.errors import CandleError

HOUR = 3_600_000
NUMBERS = ("open", "high", "low", "close", "volume")


def columns(bars: int = 8) -> dict[str, Any]:
    made = synthetic(bars=bars)
    return {name: getattr(made, name).copy() for name in ("timestamp", *NUMBERS)}


def build(given: dict[str, Any], **more: str) -> Candles:
    return Candles.from_arrays(**{"symbol": "tBTCUSD", "timeframe": "1h", **given, **more})


def refused(given: dict[str, Any], message: str, **more: str) -> None:
    with pytest.raises(CandleError) as caught:
        build(given, **more)
    assert re.search(message, str(caught.value)), str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite(name: str, value: float) -> None:
    given = columns()
    given[name][5] = value
    refused(given, rf"^arrays, row 5: {name} is {value!r}; it must be a finite number$")


@pytest.mark.parametrize("name", NUMBERS[:4])
@pytest.mark.parametrize("value", [0.0, -0.0, -5.0])
def test_a_price_not_above_zero(name: str, value: float) -> None:
    given = columns()
    given[name][3] = value
    refused(given, rf"^arrays, row 3: {name} is {value!r}; a price must be above 0$")


def test_a_negative_volume() -> None:
    given = columns()
    given["volume"][7] = -0.25
    refused(given, r"^arrays, row 7: volume is -0\.25; it must not be negative$")


@pytest.mark.parametrize("name", ["open", "close"])
def test_a_high_or_low_that_does_not_bracket(name: str) -> None:
    given = columns()
    given["high"][2] = np.nextafter(given[name][2], 0)
    given["low"][2] = given["open" if name == "close" else "close"][2] = given["high"][2]
    refused(given, rf"^arrays, row 2: high is below {name} \(open=.* high=.* low=.* close=.* volume=.*\)")
    given = columns()
    given["low"][2] = np.nextafter(given[name][2], np.inf)
    given["high"][2] = given["open" if name == "close" else "close"][2] = given["low"][2]
    refused(given, rf"^arrays, row 2: low is above {name} \(open=")


def test_prices_may_all_be_equal() -> None:
    flat = columns()
    for name in ("open", "high", "low"):
        flat[name] = flat["close"]
    assert build(flat).high.tolist() == flat["close"].tolist()


@pytest.mark.parametrize("off", [1, -1, 1_800_000])
def test_off_the_grid(off: int) -> None:
    given = columns()
    given["timestamp"][4] += off
    refused(given, r"^arrays, row 4: timestamp \d+ \(2020-01-01 0[34]:.* UTC\) is not on the 1h grid")


def test_off_the_grid_as_a_whole() -> None:
    given = columns()
    given["timestamp"] += HOUR - 1  # close times instead of open times
    refused(given, r"^arrays, row 0: .*not on the 1h grid .* a candle is stamped with its open time$")


def test_time_that_runs_backwards() -> None:
    given = columns()
    given["timestamp"][[3, 4]] = given["timestamp"][[4, 3]]
    message = r"^arrays, row 4: timestamp .*03:00 UTC\) is before row 3's .*04:00 UTC\); .* increasing order"
    refused(given, message)
    refused(given, message, gaps="fill", duplicates="last")


def test_the_first_row_with_a_fault_is_named() -> None:
    given = columns()
    given["volume"][6] = -1.0
    given["open"][4] = np.nan
    refused(given, r"^arrays, row 4: open is nan")
    given["timestamp"][2] += 1
    refused(given, r"^arrays, row 2: .*grid")


def test_lengths_that_differ() -> None:
    given = columns()
    given["low"] = given["low"][:-1]
    refused(
        given, r"^arrays: columns differ in length: timestamp 8, open 8, high 8, low 7, close 8, volume 8$"
    )


@pytest.mark.parametrize("empty", [[], (), np.array([])])
def test_no_candles(empty: object) -> None:
    refused(dict.fromkeys(columns(), empty), r"^arrays: no candles; a series has at least one$")


def test_one_candle_is_a_series() -> None:
    assert len(build(columns(1))) == 1


@pytest.mark.parametrize("symbol", ["", " tBTCUSD", "tBTCUSD ", "t\nB", "\ud800", None, 5])
def test_a_symbol_that_is_no_name(symbol: Any) -> None:
    refused(columns(), r"^symbol .* must be a name such as 'tBTCUSD'", symbol=symbol)
    with pytest.raises(CandleError, match=r"^symbol .* must be a name"):
        synthetic(symbol)


@pytest.mark.parametrize("policy", ["", "keep", "ERROR", None])
def test_unknown_policies_list_the_valid_ones(policy: Any) -> None:
    refused(columns(), r"^duplicates=.* is not a policy; valid: 'error', 'first', 'last'$", duplicates=policy)
    if policy != "keep":
        refused(columns(), r"^gaps=.* is not a policy; valid: 'error', 'keep', 'fill'$", gaps=policy)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["1.0", None, True, np.bool_(False), 1j, [1.0]])
def test_a_value_that_is_no_number(name: str, value: object) -> None:
    given = columns()
    given[name] = given[name].tolist()
    given[name][6] = value
    refused(given, rf"^arrays, row 6: {name} is .*, which is not a number$")


@pytest.mark.parametrize("dtype", ["U8", "bool", "complex128", "M8[ms]"])
def test_a_column_of_another_type(dtype: str) -> None:
    given = columns()
    given["close"] = given["close"].astype("i8").astype(dtype)
    refused(given, r"^arrays: column close is of type .*; it must be of int or float64 numbers$")


@pytest.mark.parametrize("dtype", ["i4", "u4", "i8", "u8", "f4", ">f8", "object"])
def test_numbers_of_any_exact_type(dtype: str) -> None:
    expected = build(columns())  # whole dollars: exact in each of them
    given = {name: values.astype(dtype) if name in NUMBERS else values for name, values in columns().items()}
    assert build(given) == expected


@pytest.mark.parametrize("value", [2**53 + 1, 2**63 - 1, -(2**53) - 1])
def test_an_integer_that_a_float_cannot_hold(value: int) -> None:
    given = columns()
    given["volume"] = given["volume"].astype(np.int64)
    given["volume"][1] = value
    refused(given, rf"^arrays, row 1: volume {value} is beyond 2\*\*53, where a float64 is not exact$")
    given["volume"] = given["volume"].tolist()
    refused(given, rf"^arrays, row 1: volume {value} is beyond 2\*\*53")


def test_the_largest_exact_integer_is_fine() -> None:
    given = columns()
    given["volume"] = given["volume"].astype(np.uint64)
    given["volume"][1] = 2**53
    assert build(given)[1].volume == 2.0**53


@pytest.mark.parametrize("values", [1.0, "abc", {1.0: 2}, None])
def test_a_column_that_is_no_sequence(values: object) -> None:
    given = columns()
    given["close"] = values
    refused(given, r"^arrays: column close must be a sequence or an array, not ")


def test_a_column_of_two_dimensions() -> None:
    given = columns()
    given["close"] = given["close"].reshape(4, 2)
    refused(given, r"^arrays: column close has shape \(4, 2\); it must have one dimension$")


def test_a_masked_column() -> None:
    given = columns()
    given["close"] = np.ma.masked_greater(given["close"], 0)
    refused(given, r"^arrays: column close has masked values")


@pytest.mark.parametrize("value", [10**5_000, "9" * 5_000, b"x" * 500], ids=["int", "text", "bytes"])
def test_a_message_stays_short(value: object) -> None:
    for name in ("timestamp", "close"):
        given = columns()
        given[name] = given[name].tolist()
        given[name][2] = value
        with pytest.raises(CandleError, match=r"^arrays, row 2: ") as caught:
            build(given)
        assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("column", "value"),
    [("open", 1e31), ("high", 2e30), ("low", 1e-31), ("close", 5e-324), ("volume", 1e31), ("volume", 1e-31)],
)
def test_a_number_whose_square_would_overflow_or_vanish(column: str, value: float) -> None:
    given = columns() | {}
    given[column][1] = value
    if column != "volume":
        given["high"][1] = max(value, given["high"][1])
        given["low"][1] = min(value, given["low"][1])
    message = f"{value!r}; it must lie between 1e-30 and 1e+30"
    with pytest.raises(CandleError, match=f"row 1: .*{re.escape(message)}"):
        Candles.from_arrays(symbol="X", timeframe="1h", **given)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_the_law_stays_finite_at_the_ends_of_what_is_valid(size: float) -> None:
    from genesis_core import synthetic
    from genesis_core.features import DEFAULT, compute_columns

    base = synthetic(bars=300)
    scale = size / (base.low.min() if size < 1.0 else base.high.max())
    columns = {name: getattr(base, name) * scale for name in ("open", "high", "low", "close")}
    if size < 1.0:
        columns = {name: np.maximum(values, 1e-30) for name, values in columns.items()}
    else:
        columns = {name: np.minimum(values, 1e30) for name, values in columns.items()}
    candles = Candles.from_arrays(
        timestamp=base.timestamp, volume=base.volume, symbol="X", timeframe="1h", **columns
    )
    for column in compute_columns(candles, DEFAULT.graph):
        assert np.isfinite(column).all()
