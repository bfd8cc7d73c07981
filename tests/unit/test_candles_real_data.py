from __future__ import annotations

from pathlib import Path

import pytest

from genesis_core.candles import Candle, Candles, Repair
from genesis_core.errors import CandleError

HOUR = 3_600_000


def test_the_full_history(data_dir: Path, tmp_path: Path) -> None:
    path = data_dir / "tBTCUSD_1h.csv"
    with pytest.raises(
        CandleError, match=r"tBTCUSD_1h\.csv, line 13232: 1 candle of 1h missing between line 13231 "
    ):
        Candles.from_csv(path, symbol="tBTCUSD", timeframe="1h")
    made = Candles.from_csv(path, symbol="tBTCUSD", timeframe="1h", gaps="keep")
    assert repr(made) == "Candles(tBTCUSD 1h, 32,652 bars, 2017-10-09 09:00 to 2021-06-30 23:00 UTC)"
    assert made[0] == Candle(1507539600000, 4575.4, 4589.5, 4568.6, 4585.7, 2878897.86)
    assert made[-1] == Candle(1625094000000, 34907.0, 35218.0, 34907.0, 35063.0, 6770800.077)
    assert [(one.kind, one.count) for one in made.repairs] == [("gap-kept", 1), ("gap-kept", 2)]
    assert [int(bar) for bar in (made.elapsed > 1.0).nonzero()[0]] == [13230, 32638]
    assert int((made.volume == 0.0).sum()) == 57
    for kind in ("csv", "parquet"):
        copy = tmp_path / f"copy.{kind}"
        getattr(made, f"to_{kind}")(copy)
        again = getattr(Candles, f"from_{kind}")(copy, symbol="tBTCUSD", timeframe="1h", gaps="keep")
        assert again == made
        assert again.repairs == made.repairs


def test_the_full_history_filled_and_resampled(data_dir: Path) -> None:
    made = Candles.from_csv(data_dir / "tBTCUSD_1h.csv", symbol="tBTCUSD", timeframe="1h", gaps="fill")
    assert len(made) == 32_652 + 3
    assert (made.elapsed == 1.0).all()
    days = made.resample("1D")
    assert days[0].timestamp == 1507593600000  # 2017-10-10: the 9th is incomplete
    assert days[-1].timestamp == 1625011200000
    assert len(days) == (days[-1].timestamp - days[0].timestamp) // (24 * HOUR) + 1


def test_an_hour_that_stands_twice(data_dir: Path) -> None:
    path = data_dir / "tBTCUSD_1h_duplicate_hour.csv"
    with pytest.raises(CandleError) as caught:
        Candles.from_csv(path, symbol="tBTCUSD", timeframe="1h")
    message = str(caught.value)
    assert (
        f"{path.name}, line 242: timestamp 1605049200000 (2020-11-10 23:00 UTC) stands already in line 241"
        in message
    )
    assert "open=15385.0 high=15385.0 low=15289.0 close=15311.53062 volume=2136995.289 there" in message
    assert "open=15382.0 high=15385.0 low=15289.0 close=15311.53 volume=2143187.68 here" in message
    for policy, price in (("first", 15385.0), ("last", 15382.0)):
        made = Candles.from_csv(path, symbol="tBTCUSD", timeframe="1h", duplicates=policy)
        assert len(made) == 456
        assert made[239].open == price
        assert [(one.kind, one.timestamp, one.count) for one in made.repairs] == [
            ("duplicate-dropped", 1605049200000, 1)
        ]


def test_hours_that_are_missing(data_dir: Path) -> None:
    path = data_dir / "tBTCUSD_1h_gap.csv"
    with pytest.raises(CandleError, match=r"line 89: 1 candle of 1h missing .*gaps='keep' or gaps='fill'"):
        Candles.from_csv(path, symbol="tBTCUSD", timeframe="1h")
    kept = Candles.from_csv(path, symbol="tBTCUSD", timeframe="1h", gaps="keep")
    filled = Candles.from_csv(path, symbol="tBTCUSD", timeframe="1h", gaps="fill")
    assert (len(kept), len(filled)) == (239, 240)
    assert filled[87] == Candle(1555167600000, 5127.1, 5127.1, 5127.1, 5127.1, 0.0)
    assert filled.repairs == (
        Repair("gap-filled", 1555167600000, 1, "prices 5127.1, the close before the gap; volume 0.0"),
    )
    assert [*filled[:87], *filled[88:]] == list(kept)


def test_parquet_with_times_without_a_zone_and_whole_prices(data_dir: Path) -> None:
    made = Candles.from_parquet(data_dir / "tBTCUSD_1h_sample.parquet", symbol="tBTCUSD", timeframe="1h")
    assert repr(made) == "Candles(tBTCUSD 1h, 200 bars, 2024-12-03 05:00 to 2024-12-11 12:00 UTC)"
    assert made[0] == Candle(1733202000000, 96041.0, 96248.0, 96000.0, 96246.0, 2.11281529)
