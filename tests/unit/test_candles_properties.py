from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genesis_core.candles import Candles
from genesis_core.errors import CandleError

HOUR = 3_600_000
FIRST = 1_577_836_800_000
NAMES = ("timestamp", "open", "high", "low", "close", "volume")

price = st.floats(1e-12, 1e12)
volume = st.one_of(st.just(0.0), st.floats(1e-15, 1e15))
bar = st.tuples(st.lists(price, min_size=4, max_size=4), volume, st.booleans())


@st.composite
def series(draw: st.DrawFn, least: int = 1, gaps: bool = False) -> Candles:
    """Draw a valid series with any floats, at any hour, with holes if wanted."""
    bars = draw(st.lists(bar, min_size=least, max_size=12))
    steps = draw(st.lists(st.integers(1, 9 if gaps else 1), min_size=len(bars), max_size=len(bars)))
    start = draw(st.integers(0, 200_000))
    ordered = [(sorted(prices), rising) for prices, _, rising in bars]
    given: dict[str, Any] = {
        "timestamp": FIRST + HOUR * (start + np.cumsum(steps)),
        "open": [prices[1 if rising else 2] for prices, rising in ordered],
        "high": [prices[3] for prices, _ in ordered],
        "low": [prices[0] for prices, _ in ordered],
        "close": [prices[2 if rising else 1] for prices, rising in ordered],
        "volume": [volume for _, volume, _ in bars],
    }
    return Candles.from_arrays(**given, symbol="X", timeframe="1h", gaps="keep" if gaps else "error")


def parts(made: Candles) -> dict[str, Any]:
    return {name: getattr(made, name).copy() for name in NAMES}


def build(columns: dict[str, Any], gaps: str = "error") -> Candles:
    return Candles.from_arrays(**columns, symbol="X", timeframe="1h", gaps=gaps)


def same_bits(left: Candles, right: Candles) -> bool:
    return all(getattr(left, name).tobytes() == getattr(right, name).tobytes() for name in NAMES)


@pytest.mark.parametrize("kind", ["csv", "parquet", "pickle"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=series(gaps=True))
def test_round_trips_keep_every_bit(tmp_path: Path, kind: str, made: Candles) -> None:
    path = tmp_path / "x"
    if kind == "csv":
        made.to_csv(path)
        back = Candles.from_csv(path, symbol="X", timeframe="1h", gaps="keep")
    elif kind == "parquet":
        made.to_parquet(path)
        back = Candles.from_parquet(path, symbol="X", timeframe="1h", gaps="keep")
    else:
        back = pickle.loads(pickle.dumps(made))
    assert same_bits(back, made)
    assert back == made
    assert back.repairs == made.repairs


@settings(max_examples=60)
@given(made=series(gaps=True), data=st.data())
def test_a_slice_is_the_series_of_its_bars(made: Candles, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(made) - 1))
    stop = data.draw(st.integers(start + 1, len(made)))
    part = made[start:stop]
    alone = build(parts(part), "keep")
    assert same_bits(part, alone)
    assert part == alone
    assert part.fingerprint == alone.fingerprint
    assert part.repairs == alone.repairs
    assert part.elapsed.tobytes() == alone.elapsed.tobytes()
    assert (part == made) is (len(part) == len(made))


def break_bar(columns: dict[str, Any], row: int, fault: str) -> None:
    if fault in NAMES:
        columns[fault][row] = np.nan
    elif fault.startswith("zero "):
        columns[fault[5:]][row] = 0.0
    elif fault == "negative volume":
        columns["volume"][row] = -5e-324
    elif fault == "bracket high":
        columns["high"][row] = np.nextafter(max(columns["open"][row], columns["close"][row]), 0.0)
    elif fault == "bracket low":
        columns["low"][row] = np.nextafter(min(columns["open"][row], columns["close"][row]), np.inf)
    else:
        columns["timestamp"][row] += 1


FAULTS = [
    *NAMES[1:],
    *(f"zero {name}" for name in NAMES[1:5]),
    "negative volume",
    "bracket high",
    "bracket low",
    "grid",
]


@pytest.mark.parametrize("fault", FAULTS)
@settings(max_examples=25)
@given(made=series(), data=st.data())
def test_one_fault_is_found_in_its_row(fault: str, made: Candles, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(made) - 1))
    columns = parts(made)
    break_bar(columns, row, fault)
    with pytest.raises(CandleError, match=rf"^arrays, row {row}: "):
        build(columns)


@pytest.mark.parametrize("fault", ["gap", "duplicate", "backwards"])
@settings(max_examples=25)
@given(made=series(least=3), data=st.data())
def test_one_fault_of_order_is_found_in_its_row(fault: str, made: Candles, data: st.DataObject) -> None:
    row = data.draw(st.integers(1, len(made) - 2))
    order = list(range(len(made)))
    if fault == "gap":
        del order[row]
    elif fault == "duplicate":
        order.insert(row, row - 1)
    else:
        order[row], order[row - 1] = order[row - 1], order[row]
    columns = {name: values[order] for name, values in parts(made).items()}
    says = {"gap": "1 candle of 1h missing", "duplicate": "stands already in", "backwards": "is before"}[
        fault
    ]
    with pytest.raises(CandleError, match=rf"^arrays, row {row}: .*{says}"):
        build(columns)


@settings(max_examples=60)
@given(made=series(), data=st.data())
def test_any_change_changes_the_fingerprint(made: Candles, data: st.DataObject) -> None:
    columns = parts(made)
    name = data.draw(st.sampled_from(["high", "low", "volume", "timestamp", "open", "close"]))
    row = data.draw(st.integers(0, len(made) - 1))
    if name == "timestamp":
        columns[name] += HOUR
    elif name == "volume":
        columns[name][row] = np.nextafter(columns[name][row], np.inf) if columns[name][row] > 0.0 else 1e-15
    elif name == "high":
        columns[name][row] = np.nextafter(columns[name][row], np.inf)
    elif name == "low":
        columns[name][row] = np.nextafter(columns[name][row], 0.0)
    else:
        columns["high"][row] = columns[name][row] = np.nextafter(columns["high"][row], np.inf)
    changed = build(columns)
    assert changed.fingerprint != made.fingerprint
    assert changed != made


@settings(max_examples=80)
@given(made=series(gaps=True), target=st.sampled_from(["2h", "3h", "6h", "1D"]))
def test_a_higher_candle_never_changes_once_it_exists(made: Candles, target: str) -> None:
    def joined(prefix: Candles) -> list[tuple[object, ...]]:
        try:
            return [tuple(bar) for bar in prefix.resample(target)]
        except CandleError as error:
            if "complete within" not in str(error):
                raise
            return []

    whole = joined(made)
    known: list[tuple[object, ...]] = []
    for stop in range(1, len(made) + 1):
        part = joined(made[:stop])
        assert part == whole[: len(part)]
        assert len(part) >= len(known)
        known = part
    assert known == whole
