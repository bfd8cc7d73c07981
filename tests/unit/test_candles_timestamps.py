from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from genesis_core.candles import Candles
from genesis_core.errors import CandleError

HOUR = 3_600_000
FIRST = 1_577_836_800_000  # 2020-01-01 00:00 UTC
EXPECTED = [FIRST, FIRST + HOUR, FIRST + 2 * HOUR]
UTC = timezone.utc


def series(timestamp: object, timeframe: str = "1h") -> Candles:
    bars = len(timestamp)  # type: ignore[arg-type]
    prices = {name: [1.0] * bars for name in ("open", "high", "low", "close", "volume")}
    return Candles.from_arrays(timestamp=timestamp, **prices, symbol="X", timeframe=timeframe)


def read(folder: Path, cells: list[str]) -> Candles:
    path = folder / "x.csv"
    path.write_text(
        "timestamp,open,high,low,close,volume\n" + "".join(f"{cell},1,1,1,1,1\n" for cell in cells)
    )
    return Candles.from_csv(path, symbol="X", timeframe="1h")


NUMBERS = {
    "s": [ms // 1_000 for ms in EXPECTED],
    "ms": EXPECTED,
    "us": [ms * 1_000 for ms in EXPECTED],
    "ns": [ms * 1_000_000 for ms in EXPECTED],
}


@pytest.mark.parametrize("unit", NUMBERS)
@pytest.mark.parametrize("kind", [list, tuple, np.int64, np.uint64, np.float64, ">i8", "object"])
def test_epoch_numbers_in_every_unit(unit: str, kind: object) -> None:
    values = NUMBERS[unit]
    given = kind(values) if kind in (list, tuple) else np.array(values, dtype=kind)  # type: ignore[call-overload, operator]
    made = series(given)
    assert made.timestamp.tolist() == EXPECTED
    assert made.timestamp.dtype == np.int64
    assert made.timestamp.dtype.isnative


@pytest.mark.parametrize("unit", NUMBERS)
@pytest.mark.parametrize("form", ["{}", "{}.0", " {} "])
def test_epoch_numbers_in_a_file(tmp_path: Path, unit: str, form: str) -> None:
    assert read(tmp_path, [form.format(value) for value in NUMBERS[unit]]).timestamp.tolist() == EXPECTED


@pytest.mark.parametrize(
    "form",
    [
        "2020-01-01T0{}:00:00Z",
        "2020-01-01T0{}:00:00z",
        "2020-01-01T0{}:00:00",
        "2020-01-01 0{}:00",
        "2020-01-01 0{}:00:00.000",
        "2020-01-01T0{}:00:00.000000000Z",
        "2020-01-01T0{}:00:00+00:00",
        "2020-01-01 0{}:00:00 +0000",
        "2020-01-01T0{}:30+00:30",
        "2020-01-01T1{}:00+10",
        "2019-12-31T1{}:00:00-14:00",
    ],
)
def test_iso_texts(tmp_path: Path, form: str) -> None:
    texts = [form.format(hour) for hour in range(3)]
    if "-14" in form:
        texts = [f"2019-12-31T{10 + hour}:00:00-14:00" for hour in range(3)]
    assert series(texts).timestamp.tolist() == EXPECTED
    assert series(np.array(texts)).timestamp.tolist() == EXPECTED
    assert read(tmp_path, texts).timestamp.tolist() == EXPECTED


def test_dates_alone() -> None:
    days = ["2024-02-28", "2024-02-29", "2024-03-01"]
    expected = [1_709_078_400_000, 1_709_164_800_000, 1_709_251_200_000]
    assert series(days, "1D").timestamp.tolist() == expected
    assert series([date.fromisoformat(day) for day in days], "1D").timestamp.tolist() == expected
    assert series(np.array(days, dtype="M8[D]"), "1D").timestamp.tolist() == expected


@pytest.mark.parametrize("unit", ["h", "m", "s", "ms", "us", "ns", "30m"])
def test_datetime64_of_every_unit(unit: str) -> None:
    values = np.array(EXPECTED, dtype="M8[ms]").astype(f"M8[{unit}]")
    assert series(values).timestamp.tolist() == EXPECTED
    assert series(values.astype(values.dtype.newbyteorder(">"))).timestamp.tolist() == EXPECTED
    assert series(list(values)).timestamp.tolist() == EXPECTED


def test_datetimes_with_and_without_a_zone() -> None:
    naive = [datetime(2020, 1, 1, hour) for hour in range(3)]
    assert series(naive).timestamp.tolist() == EXPECTED
    zone = timezone(timedelta(hours=-5, minutes=-30))
    assert (
        series([time.replace(tzinfo=UTC).astimezone(zone) for time in naive]).timestamp.tolist() == EXPECTED
    )


@pytest.mark.parametrize("unit", NUMBERS)
def test_a_mixed_unit_names_the_first_row_that_differs(unit: str) -> None:
    other = "ms" if unit != "ms" else "s"
    values = [NUMBERS[unit][0], NUMBERS[unit][1], NUMBERS[other][2]]
    with pytest.raises(
        CandleError, match=rf"^arrays, row 2: timestamp {values[2]} reads as {other}, but row 0 .* as {unit};"
    ):
        series(values)


@pytest.mark.parametrize(
    "value", [0, -1, 20240101, 45_000, 946_684_799, 9_214_646_400, 2**63, 2**70, 9_214_646_400_000_000_000]
)
def test_a_number_outside_every_unit_is_refused(value: int) -> None:
    with pytest.raises(
        CandleError, match=rf"^arrays, row 1: timestamp {value} is no epoch time in s, ms, us or ns"
    ):
        series([FIRST, value])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
@pytest.mark.parametrize("kind", [list, np.array])
def test_a_float_that_is_no_time_is_refused(value: float, kind: object) -> None:
    with pytest.raises(CandleError, match=r"^arrays, row 1: timestamp (nan|inf|-1\.0) is no epoch time"):
        series(kind([float(FIRST), value]))  # type: ignore[operator]


@pytest.mark.parametrize("kind", [list, np.array])
def test_a_fraction_is_refused(kind: object) -> None:
    with pytest.raises(CandleError, match=r"^arrays, row 1: timestamp 1577836800\.5 is not a whole number"):
        series(kind([1577836799.0, 1577836800.5]))  # type: ignore[operator]


@pytest.mark.parametrize(
    "values",
    [
        [NUMBERS["us"][0], NUMBERS["us"][1] + 1],
        [NUMBERS["ns"][0], NUMBERS["ns"][1] + 999_999],
        ["2020-01-01T00:00:00Z", "2020-01-01T01:00:00.0001Z"],
        [datetime(2020, 1, 1), datetime(2020, 1, 1, 1, 0, 0, 1)],
        np.array(["2020-01-01T00:00", "2020-01-01T01:00:00.000001"], dtype="M8[us]"),
        np.array(["2020-01-01T00:00", "2020-01-01T01:00:00.000000001"], dtype="M8[ns]"),
    ],
)
def test_finer_than_a_millisecond_is_refused(values: object) -> None:
    with pytest.raises(CandleError, match=r"^arrays, row 1: timestamp .* is finer than a millisecond"):
        series(values)


def test_nanoseconds_of_a_datetime_subclass_are_not_dropped() -> None:
    class Stamp(datetime):  # as pandas.Timestamp
        nanosecond = 7

    with pytest.raises(CandleError, match=r"row 0: timestamp .* finer than a millisecond"):
        series([Stamp(2020, 1, 1)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2020-13-01",
        "2020-02-30",
        "2020-01-01T25:00",
        "2020-01-01T00:60",
        "2020-01-01T00:00:00+24:00",
        "2020-01-01T00:00:00+01:75",
        "2020-01-01T",
        "01/02/2020",
        "20200101",
        "1999-12-31T23:00",
        "2262-01-01T00:00",
        "1577836800",
    ],
)
def test_a_text_that_is_no_time_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CandleError, match=r"^arrays, row 1: timestamp .*(not|impossible)"):
        series(["2020-01-01T00:00", text])
    with pytest.raises(CandleError, match=r"x\.csv, line 3: timestamp .*(not|impossible)"):
        read(tmp_path, ["2020-01-01T00:00", text])


@pytest.mark.parametrize("text", ["2020-01-01T01:00", "1_577_840_400", "", "١٥٧٧٨٤٠٤٠٠"])
def test_a_text_among_numbers_is_refused(text: str) -> None:
    with pytest.raises(
        CandleError,
        match=r"^arrays, row 1: timestamp .* is not an epoch number, while row 0 has '1577836800'",
    ):
        series(["1577836800", text])


@pytest.mark.parametrize("value", [True, None, b"2020-01-01", [1], np.timedelta64(5, "h"), np.bool_(True)])
def test_other_types_are_refused(value: object) -> None:
    with pytest.raises(
        CandleError, match=r"^arrays, row 1: timestamp .* is not a time; it must be an epoch number"
    ):
        series([FIRST, value])


def test_mixed_forms_are_refused() -> None:
    with pytest.raises(
        CandleError, match=r"^arrays, row 1: timestamp '2020-01-01T01:00' is of another form than row 0's"
    ):
        series([FIRST, "2020-01-01T01:00"])


@pytest.mark.parametrize(
    "values", [np.array([True]), np.array([b"2020"]), np.array([1], dtype="m8[h]"), np.array([1j])]
)
def test_other_dtypes_are_refused(values: object) -> None:
    with pytest.raises(
        CandleError, match=r"^arrays: column timestamp is of type .*; it must be an epoch number"
    ):
        series(values)


@pytest.mark.parametrize("make", [list, lambda values: np.array(values, dtype="M8[ms]")])
def test_not_a_time_is_refused(make: object) -> None:
    values = [np.datetime64(FIRST, "ms"), np.datetime64("NaT", "ms")]
    with pytest.raises(CandleError, match=r"^arrays, row 1: timestamp is NaT, not a time"):
        series(make(values))  # type: ignore[operator]


@pytest.mark.parametrize("unit", ["D", "s", "ns", "ps"])
def test_a_datetime64_out_of_range_is_refused(unit: str) -> None:
    with pytest.raises(
        CandleError, match=r"^arrays, row 0: timestamp 1970-01-02.* is not between the years 2000 and 2261"
    ):
        series(np.array(["1970-01-02"], dtype=f"M8[{unit}]"))


def test_a_unit_is_checked_against_the_grid() -> None:
    with pytest.raises(
        CandleError,
        match=r"row 1: timestamp 1577840400001 \(2020-01-01 01:00:00\.001 UTC\) is not on the 1h grid",
    ):
        series([FIRST, FIRST + HOUR + 1])
