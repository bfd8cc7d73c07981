from __future__ import annotations

import copy
import pickle
import weakref
from typing import Any

import numpy as np
import pytest

from genesis_core.candles import Candle, Candles, synthetic
from genesis_core.digest import digest
from genesis_core.errors import CandleError

HOUR = 3_600_000
FIRST = 1_577_836_800_000
NAMES = ("timestamp", "open", "high", "low", "close", "volume")
SERIES = synthetic(bars=200)


def rebuilt(made: Candles, **changed: Any) -> Candles:
    given: dict[str, Any] = {name: getattr(made, name).copy() for name in NAMES}
    return Candles.from_arrays(**{**given, "symbol": made.symbol, "timeframe": made.timeframe, **changed})


def test_columns_have_one_dtype_and_are_contiguous() -> None:
    for made in (
        SERIES,
        SERIES[3:50],
        rebuilt(SERIES),
        pickle.loads(pickle.dumps(SERIES)),
        SERIES.resample("6h"),
    ):
        for name in NAMES:
            column = getattr(made, name)
            assert column.dtype == (np.int64 if name == "timestamp" else np.float64)
            assert column.flags.c_contiguous
            assert column.flags.aligned
            assert column.shape == (len(made),)


@pytest.mark.parametrize("name", [*NAMES, "elapsed"])
def test_nobody_can_write_to_a_column(name: str) -> None:
    for made in (
        SERIES,
        SERIES[3:50],
        pickle.loads(pickle.dumps(SERIES)),
        copy.deepcopy(SERIES),
        SERIES.resample("6h"),
    ):
        column = getattr(made, name)
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1
        with pytest.raises(ValueError, match="WRITEABLE"):
            column.flags.writeable = True
        base = column
        while isinstance(base.base, np.ndarray):
            base = base.base
            assert not base.flags.writeable
        assert isinstance(base.base, bytes)


def test_attributes_cannot_be_set_or_deleted() -> None:
    for name in (*NAMES, "symbol", "timeframe", "repairs", "fingerprint", "new"):
        with pytest.raises(AttributeError, match="immutable"):
            setattr(SERIES, name, 1)
        with pytest.raises(AttributeError, match="immutable"):
            delattr(SERIES, name)


def test_the_callers_arrays_are_copied() -> None:
    given = {name: getattr(SERIES, name).copy() for name in NAMES}
    made = Candles.from_arrays(**given, symbol="tBTCUSD", timeframe="1h")
    for column in given.values():
        assert column.flags.writeable
        column[:] = 1
    assert made == SERIES


def test_it_is_made_by_its_constructors_only() -> None:
    with pytest.raises(TypeError, match="from_arrays, from_csv, from_parquet or synthetic"):
        Candles()


def test_names_and_lengths() -> None:
    assert (SERIES.symbol, SERIES.timeframe, SERIES.timeframe_ms, len(SERIES)) == ("tBTCUSD", "1h", HOUR, 200)


def test_a_bar_is_plain_numbers() -> None:
    bar = SERIES[7]
    assert bar == Candle(*(getattr(SERIES, name)[7] for name in NAMES))
    assert [type(value) for value in bar] == [int, *[float] * 5]
    assert SERIES[-1] == SERIES[199]
    assert SERIES[np.int64(7)] == bar
    assert bar.timestamp == FIRST + 7 * HOUR


@pytest.mark.parametrize("bar", [200, -201, 10**30])
def test_a_bar_outside_is_an_index_error(bar: int) -> None:
    with pytest.raises(IndexError):
        SERIES[bar]


def test_an_index_of_another_type_is_a_type_error() -> None:
    for index in ("close", 1.0, None, (0, 1)):
        with pytest.raises(TypeError):
            SERIES[index]  # type: ignore[call-overload]


def test_iterating_gives_the_bars() -> None:
    bars = list(SERIES)
    assert bars == [SERIES[bar] for bar in range(200)]
    assert [type(value) for value in bars[0]] == [int, *[float] * 5]
    assert isinstance(bars[0], Candle)


@pytest.mark.parametrize(
    "cut",
    [
        slice(None),
        slice(5, 9),
        slice(-3, None),
        slice(None, -1),
        slice(10, 10**9),
        slice(0, 1),
        slice(2, 8, 1),
    ],
)
def test_a_slice_is_a_view_of_the_same_memory(cut: slice) -> None:
    part = SERIES[cut]
    for name in NAMES:
        assert getattr(part, name).tolist() == getattr(SERIES, name)[cut].tolist()
        assert np.shares_memory(getattr(part, name), getattr(SERIES, name))
        assert not getattr(part, name).flags.writeable
    assert part == rebuilt(part)
    assert (part.symbol, part.timeframe) == ("tBTCUSD", "1h")


def test_a_slice_of_a_slice() -> None:
    assert SERIES[10:100][5:-5] == SERIES[15:95]
    assert np.shares_memory(SERIES[10:100][5:-5].close, SERIES.close)


@pytest.mark.parametrize("cut", [slice(5, 5), slice(9, 5), slice(200, None), slice(0, 0), slice(-1, 0)])
def test_an_empty_slice_is_refused(cut: slice) -> None:
    with pytest.raises(CandleError, match=r"of 200 candles is empty; a series has at least one"):
        SERIES[cut]


@pytest.mark.parametrize("step", [2, -1, 200])
def test_a_step_is_refused(step: int) -> None:
    with pytest.raises(CandleError, match=rf"by a step of {step}; use resample"):
        SERIES[::step]


def test_elapsed_counts_timeframes_since_the_bar_before() -> None:
    made = Candles.from_arrays(
        timestamp=[FIRST, FIRST + HOUR, FIRST + 6 * HOUR],
        **{name: [1, 1, 1] for name in NAMES[1:]},
        symbol="X",
        timeframe="1h",
        gaps="keep",
    )
    assert made.elapsed.tolist() == [1.0, 1.0, 5.0]
    assert made.elapsed.dtype == np.float64
    assert made.elapsed is made.elapsed
    assert made[1:].elapsed.tolist() == [1.0, 5.0]
    assert made[2:].elapsed.tolist() == [1.0]  # a series of its own


def test_the_fingerprint_is_the_content() -> None:
    assert len(SERIES.fingerprint) == 32
    assert rebuilt(SERIES).fingerprint == SERIES.fingerprint
    assert SERIES[:].fingerprint == SERIES.fingerprint
    assert SERIES.fingerprint is SERIES.fingerprint  # computed once
    assert SERIES.fingerprint == digest(SERIES.__genesis_identity__())


@pytest.mark.parametrize("name", NAMES)
def test_each_bit_of_each_column_counts(name: str) -> None:
    seen = {SERIES[:2].fingerprint}
    for bar in range(2):
        column = getattr(SERIES, name)[:2].copy()
        if name == "timestamp":
            column += HOUR * (bar + 1)
        elif name in ("high", "volume"):
            column[bar] = np.nextafter(column[bar], np.inf)
        elif name == "low":
            column[bar] = np.nextafter(column[bar], 0)
        else:
            column[bar] = SERIES.low[bar] if column[bar] != SERIES.low[bar] else SERIES.high[bar]
        seen.add(rebuilt(SERIES[:2], **{name: column}).fingerprint)
    assert len(seen) == 3


def test_symbol_and_timeframe_count() -> None:
    one = SERIES[:1]
    prints = [rebuilt(one, **change).fingerprint for change in ({}, {"symbol": "X"}, {"timeframe": "30m"})]
    assert len(set(prints)) == 3


def test_repairs_do_not_count() -> None:
    given: dict[str, Any] = {name: np.repeat(getattr(SERIES, name), 2) for name in NAMES}
    made = rebuilt(SERIES, **given, duplicates="first")
    assert len(made.repairs) == 200
    assert made == SERIES
    assert made.fingerprint == SERIES.fingerprint


def test_equality_and_hash() -> None:
    other = rebuilt(SERIES)
    assert other == SERIES
    assert hash(other) == hash(SERIES)
    assert len({other, SERIES, SERIES[1:]}) == 2
    assert SERIES[1:] != SERIES
    assert (SERIES == "tBTCUSD") is False
    assert SERIES != 5


def test_the_identity_is_what_the_fingerprint_covers() -> None:
    identity = SERIES.__genesis_identity__()
    assert identity[:2] == ("tBTCUSD", "1h")
    assert all(column is getattr(SERIES, name) for name, column in zip(NAMES, identity[2:], strict=True))


def test_repr() -> None:
    assert repr(SERIES) == "Candles(tBTCUSD 1h, 200 bars, 2020-01-01 00:00 to 2020-01-09 07:00 UTC)"
    assert repr(SERIES[1:2]) == "Candles(tBTCUSD 1h, 1 bar, 2020-01-01 01:00 UTC)"
    assert "1,500 bars" in repr(synthetic(bars=1_500))


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_holds_the_slice_only(protocol: int) -> None:
    gappy = rebuilt(SERIES, **{name: np.delete(getattr(SERIES, name), 12) for name in NAMES}, gaps="keep")
    part = gappy[10:20]
    data = pickle.dumps(part, protocol)
    back = pickle.loads(data)
    assert back == part
    assert len(back.repairs) == 1
    assert back.repairs == part.repairs
    assert len(data) < 2_000


def test_copies_are_the_same_series() -> None:
    assert copy.deepcopy(SERIES) == SERIES
    assert copy.copy(SERIES) == SERIES
    assert copy.deepcopy({"a": [SERIES]})["a"][0] == SERIES


def test_it_can_be_referred_to_weakly() -> None:
    made = SERIES[5:]
    assert weakref.ref(made)() is made
