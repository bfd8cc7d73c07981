from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from genesis_core.candles import Candle, Candles, Repair, synthetic
from genesis_core.errors import CandleError

HOUR = 3_600_000
FIRST = 1_577_836_800_000
WHOLE = synthetic(bars=24)


def pick(rows: list[int], **more: Any) -> Candles:
    """Build a series from rows of the whole one; a negative row is the same hour with another volume."""
    index = np.abs(rows)
    given = {name: getattr(WHOLE, name)[index] for name in ("timestamp", "open", "high", "low", "close")}
    volume = np.where(np.array(rows) < 0, 7.0 + np.arange(len(rows)), WHOLE.volume[index])
    return Candles.from_arrays(**given, volume=volume, symbol="tBTCUSD", timeframe="1h", **more)


def values(row: int, volume: float) -> str:
    bar = WHOLE[row]
    return f"open={bar.open} high={bar.high} low={bar.low} close={bar.close} volume={volume}"


def test_a_clean_series_has_no_repairs() -> None:
    for duplicates in ("error", "first", "last"):
        for gaps in ("error", "keep", "fill"):
            made = pick(list(range(24)), duplicates=duplicates, gaps=gaps)
            assert made == WHOLE
            assert made.repairs == ()


def test_a_duplicate_is_an_error_that_shows_both() -> None:
    with pytest.raises(CandleError) as caught:
        pick([0, 1, 2, -2, 3])
    assert re.fullmatch(
        rf"arrays, row 3: timestamp {FIRST + 2 * HOUR} \(2020-01-01 02:00 UTC\) stands already in row 2: "
        rf"{values(2, WHOLE[2].volume)} there, {values(2, 10.0)} here; "
        r"correct the data, or keep one by duplicates='first' or duplicates='last'",
        str(caught.value),
    )


def test_identical_duplicates_are_errors_too() -> None:
    with pytest.raises(CandleError, match=r"row 3: .* stands already in row 2"):
        pick([0, 1, 2, 2, 3])


@pytest.mark.parametrize(
    ("policy", "kept", "dropped"), [("first", 7.0 + 1, (9.0, 10.0)), ("last", 10.0, (8.0, 9.0))]
)
def test_duplicates_keep_one_of_three(policy: str, kept: float, dropped: tuple[float, float]) -> None:
    made = pick([0, -1, -1, -1, 2, 3, 3], duplicates=policy)
    assert made.timestamp.tolist() == [FIRST + hour * HOUR for hour in range(4)]
    assert made.volume[1] == kept
    assert made.repairs == (
        Repair(
            "duplicate-dropped",
            FIRST + HOUR,
            2,
            f"dropped {values(1, dropped[0])}; {values(1, dropped[1])}",
        ),
        Repair("duplicate-dropped", FIRST + 3 * HOUR, 1, f"dropped {values(3, WHOLE[3].volume)}"),
    )


def test_a_gap_is_an_error_that_shows_both_sides() -> None:
    with pytest.raises(CandleError) as caught:
        pick([0, 1, 5, 6])
    assert str(caught.value) == (
        "arrays, row 2: 3 candles of 1h missing between row 1 (2020-01-01 01:00 UTC) and here "
        "(2020-01-01 05:00 UTC); choose gaps='keep' or gaps='fill' to go on"
    )


def test_the_rows_of_a_gap_are_those_of_the_source() -> None:
    with pytest.raises(CandleError, match=r"^arrays, row 5: 1 candle of 1h missing between row 3 "):
        pick([0, 1, -1, 2, -2, 4], duplicates="first")
    with pytest.raises(CandleError, match=r"^arrays, row 5: 1 candle of 1h missing between row 4 "):
        pick([0, 1, -1, 2, -2, 4], duplicates="last")
    with pytest.raises(CandleError, match=r"^arrays, row 4: 1 candle of 1h missing between row 2 "):
        pick([0, 1, 2, -2, 4, -4], duplicates="first")


def test_a_wrong_timeframe_is_suggested() -> None:
    with pytest.raises(CandleError, match="no two candles are 1h apart: is the timeframe right"):
        pick([0, 4, 8])
    with pytest.raises(CandleError) as caught:
        pick([0, 4])
    assert "apart" not in str(caught.value)


def test_a_kept_gap() -> None:
    made = pick([0, 1, 5, 6, 8], gaps="keep")
    assert made.timestamp.tolist() == [FIRST + hour * HOUR for hour in (0, 1, 5, 6, 8)]
    assert made.elapsed.tolist() == [1.0, 1.0, 4.0, 1.0, 2.0]
    assert made.repairs == (
        Repair(
            "gap-kept", FIRST + 2 * HOUR, 3, "no candle between 2020-01-01 01:00 UTC and 2020-01-01 05:00 UTC"
        ),
        Repair(
            "gap-kept", FIRST + 7 * HOUR, 1, "no candle between 2020-01-01 06:00 UTC and 2020-01-01 08:00 UTC"
        ),
    )


def test_a_filled_gap() -> None:
    made = pick([0, 1, 5, 6, 8], gaps="fill")
    expected = []
    for hour in range(9):
        before = max(row for row in (0, 1, 5, 6, 8) if row <= hour)
        bar = WHOLE[before]
        price = bar.close
        filled = Candle(FIRST + hour * HOUR, price, price, price, price, 0.0)
        expected.append(bar if before == hour else filled)
    assert list(made) == expected
    assert made.elapsed.tolist() == [1.0] * 9
    assert made.repairs == (
        Repair(
            "gap-filled",
            FIRST + 2 * HOUR,
            3,
            f"prices {WHOLE[1].close}, the close before the gap; volume 0.0",
        ),
        Repair(
            "gap-filled",
            FIRST + 7 * HOUR,
            1,
            f"prices {WHOLE[6].close}, the close before the gap; volume 0.0",
        ),
    )


def test_repairs_of_both_kinds_stand_in_order_of_time() -> None:
    made = pick([0, 2, 3, -3, 5, 6, 6], duplicates="first", gaps="keep")
    assert [(one.kind, (one.timestamp - FIRST) // HOUR) for one in made.repairs] == [
        ("gap-kept", 1),
        ("duplicate-dropped", 3),
        ("gap-kept", 4),
        ("duplicate-dropped", 6),
    ]


def test_the_close_kept_is_the_one_filled_in() -> None:
    given = {
        name: getattr(WHOLE, name)[[0, 1, 1, 3]]
        for name in ("timestamp", "open", "high", "low", "close", "volume")
    }
    given["close"] = given["open"].copy()
    given["close"][1], given["close"][2] = given["low"][1], given["high"][1]
    for policy, price in (("first", given["low"][1]), ("last", given["high"][1])):
        made = Candles.from_arrays(**given, symbol="X", timeframe="1h", duplicates=policy, gaps="fill")
        assert made[2] == (FIRST + 2 * HOUR, price, price, price, price, 0.0)


def test_a_slice_keeps_the_repairs_inside_it() -> None:
    kept = pick([0, 1, 5, 6, 6, 8, 9], duplicates="last", gaps="keep")  # hours 0 1 5 6 8 9
    gap, duplicate, second = kept.repairs
    assert kept[:].repairs == kept.repairs
    assert kept[:2].repairs == ()  # the gap has one side only
    assert kept[2:3].repairs == ()
    assert kept[1:3].repairs == (gap,)
    assert kept[2:4].repairs == (duplicate,)
    assert kept[3:4].repairs == (duplicate,)
    assert kept[3:].repairs == (duplicate, second)
    assert kept[1:][2:].repairs == (duplicate, second)
    assert kept[4:].repairs == ()


def test_a_slice_through_a_filled_gap_counts_its_own_candles() -> None:
    made = pick([0, 1, 5, 6], gaps="fill")  # hours 2, 3, 4 are filled
    (whole,) = made.repairs
    assert made[:2].repairs == ()
    assert made[5:].repairs == ()
    assert made[:3].repairs == (Repair(whole.kind, whole.timestamp, 1, whole.detail),)
    assert made[3:].repairs == (Repair(whole.kind, FIRST + 3 * HOUR, 2, whole.detail),)
    assert made[3:4].repairs == (Repair(whole.kind, FIRST + 3 * HOUR, 1, whole.detail),)
    assert made[1:][2:].repairs == made[3:].repairs


def test_a_repair_is_frozen() -> None:
    (one,) = pick([0, 2], gaps="keep").repairs
    with pytest.raises(AttributeError):
        one.count = 5  # type: ignore[misc]
