from __future__ import annotations

import pytest

from genesis_core.candles import Candles
from genesis_core.candles.timeframe import Timeframe
from genesis_core.errors import CandleError

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1m", MINUTE),
        ("3m", 3 * MINUTE),
        ("45m", 45 * MINUTE),
        ("1h", HOUR),
        ("12h", 12 * HOUR),
        ("1D", DAY),
        ("1d", DAY),
        ("3D", 3 * DAY),
        ("1W", 7 * DAY),
        ("2w", 14 * DAY),
        ("52W", 364 * DAY),
    ],
)
def test_lengths(text: str, ms: int) -> None:
    assert Timeframe.parse(text).ms == ms


@pytest.mark.parametrize(
    "text", ["", "h", "0h", "01h", "1H", "1M", "1y", " 1h", "1h ", "1.5h", "-1h", "1hh", "60", "٣m"]
)
def test_other_texts_are_refused_with_the_valid_forms(text: str) -> None:
    with pytest.raises(CandleError, match=r"is not known; valid: 1m 3m .* 1D 1W"):
        Timeframe.parse(text)


@pytest.mark.parametrize("value", [60, None, 1.0, b"1h"])
def test_other_types_are_refused(value: object) -> None:
    with pytest.raises(CandleError, match="is not known; valid"):
        Timeframe.parse(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["53W", "365D", "999999h"])
def test_the_longest_is_52_weeks(text: str) -> None:
    with pytest.raises(CandleError, match="longer than 52W"):
        Timeframe.parse(text)


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("1d", "1D"),
        ("24h", "1D"),
        ("1440m", "1D"),
        ("60m", "1h"),
        ("90m", "90m"),
        ("36h", "36h"),
        ("1w", "1W"),
    ],
)
def test_one_length_has_one_name(given: str, canonical: str) -> None:
    def series(timeframe: str) -> Candles:
        monday = 1_577_836_800 + 5 * 86_400
        prices = {name: [1.0] for name in ("open", "high", "low", "close", "volume")}
        return Candles.from_arrays(timestamp=[monday], **prices, symbol="X", timeframe=timeframe)

    assert series(given).timeframe == canonical
    assert series(given) == series(canonical)


def test_seven_days_are_not_a_week() -> None:
    # Their grids differ: the epoch was a Thursday.
    prices = {name: [1.0] for name in ("open", "high", "low", "close", "volume")}
    thursday = Candles.from_arrays(timestamp=["2020-01-02"], **prices, symbol="X", timeframe="7D")
    assert thursday.timeframe == "7D"
    with pytest.raises(CandleError, match=r"not on the 1W grid .*2019-12-30 00:00 UTC, 2020-01-06 00:00 UTC"):
        Candles.from_arrays(timestamp=["2020-01-02"], **prices, symbol="X", timeframe="1W")
