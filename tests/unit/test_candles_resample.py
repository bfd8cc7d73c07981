from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genesis_core.candles import Candle, Candles, synthetic
from genesis_core.candles.timeframe import Timeframe
from genesis_core.errors import CandleError

HOUR = 3_600_000
DAY = 24 * HOUR
FIRST = 1_577_836_800_000  # Wednesday 2020-01-01
NAMES = ("timestamp", "open", "high", "low", "close", "volume")
SERIES = synthetic(bars=400)


def rows(made: Candles, keep: list[int]) -> Candles:
    given: dict[str, Any] = {name: getattr(made, name)[keep] for name in NAMES}
    return Candles.from_arrays(**given, symbol="tBTCUSD", timeframe=made.timeframe, gaps="keep")


def by_definition(made: Candles, ms: int, origin: int = 0) -> list[Candle]:
    """Join bars one by one, from the definition: every boundary pair that lies within the series."""
    end = made[-1].timestamp + made.timeframe_ms
    opens = sorted({bar.timestamp - (bar.timestamp - origin) % ms for bar in made})
    joined = []
    for start in opens:
        if start < made[0].timestamp or start + ms > end:
            continue
        inner = [bar for bar in made if start <= bar.timestamp < start + ms]
        volume = inner[0].volume
        for bar in inner[1:]:
            volume = volume + bar.volume
        high, low = max(bar.high for bar in inner), min(bar.low for bar in inner)
        joined.append(Candle(start, inner[0].open, high, low, inner[-1].close, volume))
    return joined


@pytest.mark.parametrize("target", ["2h", "3h", "6h", "8h", "12h", "1D", "5h", "36h"])
@pytest.mark.parametrize("span", [slice(None), slice(1, None), slice(5, 395), slice(6, 54), slice(23, 121)])
def test_candles_are_joined_on_utc_boundaries(target: str, span: slice) -> None:
    made = SERIES[span].resample(target)
    assert list(made) == by_definition(SERIES[span], Timeframe.parse(target).ms)
    assert (made.timeframe, made.symbol) == (target, "tBTCUSD")
    assert made.repairs == ()


def test_an_incomplete_first_candle_is_left_out() -> None:
    assert SERIES[1:].resample("6h")[0].timestamp == FIRST + 6 * HOUR
    assert SERIES[6:].resample("6h")[0].timestamp == FIRST + 6 * HOUR
    assert SERIES[7:].resample("6h")[0].timestamp == FIRST + 12 * HOUR


def test_a_candle_exists_once_it_has_closed() -> None:
    assert len(SERIES[:11].resample("6h")) == 1
    assert len(SERIES[:12].resample("6h")) == 2
    assert len(SERIES[:13].resample("6h")) == 2


def test_weeks_open_on_mondays() -> None:
    monday = FIRST + 5 * DAY
    made = SERIES.resample("1W")
    assert made[0].timestamp == monday
    assert list(made) == by_definition(SERIES, 7 * DAY, monday)
    assert len(made) == 1
    daily = synthetic(timeframe="1D", bars=100)
    assert list(daily.resample("2W")) == by_definition(daily, 14 * DAY, 4 * DAY)
    with pytest.raises(CandleError, match=r"no 1W candle is complete"):
        SERIES[: 5 * 24 + 167].resample("1W")


def test_seven_days_are_on_the_epochs_grid() -> None:
    assert SERIES.resample("7D")[0].timestamp == FIRST + DAY  # a Thursday


def test_volume_is_added_from_left_to_right() -> None:
    volume = np.array([1e16, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0] * 2)
    given: dict[str, Any] = {name: getattr(SERIES, name)[:24] for name in NAMES}
    made = Candles.from_arrays(**{**given, "volume": volume}, symbol="X", timeframe="1h")
    assert made.resample("12h").volume.tolist() == [
        1e16,
        1e16,
    ]  # pairwise addition would keep some of the ones


def test_holes_within_a_candle_do_not_matter() -> None:
    for keep in ([0, 1, 4, 5, 6, 11, 12], [0, 6, 12], [0, 5, 10, 12, 13], [0, 3, 11]):
        made = rows(SERIES, keep)
        assert list(made.resample("6h")) == by_definition(made, 6 * HOUR)


def test_a_candle_without_its_last_bar_closes_with_the_next_one() -> None:
    assert len(rows(SERIES, [0, 1, 2, 3, 4, 6]).resample("6h")) == 1
    with pytest.raises(
        CandleError, match=r"no 6h candle is complete within these 5 of 1h; load more candles"
    ):
        rows(SERIES, [0, 1, 2, 3, 4]).resample("6h")


def test_a_candle_with_no_bar_at_all_is_a_kept_gap() -> None:
    made = rows(SERIES, [0, 5, 6, 20, 24]).resample("6h")
    assert [(bar.timestamp - FIRST) // HOUR for bar in made] == [0, 6, 18]
    assert made.elapsed.tolist() == [1.0, 1.0, 2.0]
    ((kind, timestamp, count),) = [(one.kind, one.timestamp, one.count) for one in made.repairs]
    assert (kind, (timestamp - FIRST) // HOUR, count) == ("gap-kept", 12, 1)


def test_it_can_be_repeated() -> None:
    assert SERIES.resample("6h").resample("1D") == SERIES.resample("1D")  # volumes are whole: sums are exact


@pytest.mark.parametrize("target", ["1h", "30m", "90m", "60m"])
def test_a_timeframe_that_is_no_multiple(target: str) -> None:
    with pytest.raises(
        CandleError, match=r"cannot resample 1h to .*: the target must be longer, and a whole multiple of 1h"
    ):
        SERIES.resample(target)


def test_an_unknown_timeframe() -> None:
    with pytest.raises(CandleError, match=r"timeframe '6 hours' is not known"):
        SERIES.resample("6 hours")


def test_candles_that_would_belong_to_two_weeks() -> None:
    with pytest.raises(CandleError, match=r"cannot resample 7D to 2W: weeks open on Mondays"):
        synthetic(timeframe="7D", bars=9).resample("2W")
    assert synthetic(timeframe="12h", bars=90).resample("1W").timeframe == "1W"
