from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from genesis_core.candles import Candles, synthetic
from genesis_core.errors import CandleError

NAMES = ("timestamp", "open", "high", "low", "close", "volume")
SERIES = synthetic()


def test_the_fingerprint_is_the_same_everywhere() -> None:
    assert SERIES.fingerprint == "e406b217b1d31e69918f419b911493f7"


def test_defaults() -> None:
    assert repr(SERIES) == "Candles(tBTCUSD 1h, 10,000 bars, 2020-01-01 00:00 to 2021-02-20 15:00 UTC)"
    assert synthetic("tBTCUSD", "1h", 10_000, 0) == SERIES
    assert SERIES.repairs == ()


@pytest.mark.parametrize("bars", [1, 2, 999, 9_999])
def test_fewer_bars_are_the_first_of_more(bars: int) -> None:
    assert synthetic(bars=bars) == SERIES[:bars]


def test_more_bars_than_are_drawn_at_a_time() -> None:
    more = synthetic(bars=65_536 + 5)
    assert more[:10_000] == SERIES
    assert synthetic(bars=65_536) == more[:65_536]
    assert synthetic(bars=60_000) == more[:60_000]
    assert more.fingerprint == "26342d33aa1b1f8399c45df0eb908ed7"


def test_seed_symbol_and_timeframe_each_give_another_series() -> None:
    made = [
        synthetic(bars=500),
        synthetic(bars=500, seed=1),
        synthetic(bars=500, seed=2**64),
        synthetic("tETHUSD", bars=500),
        synthetic(timeframe="15m", bars=500),
    ]
    assert len({one.close.tobytes() for one in made}) == len(made)
    assert len({one.volume.tobytes() for one in made}) == len(made)
    assert synthetic(timeframe="60m", bars=500) == made[0]  # one length has one name


@pytest.mark.parametrize("timeframe", ["1m", "1h", "5h", "1D", "5D", "7D", "1W", "2W"])
def test_it_starts_at_the_first_boundary_of_2020(timeframe: str) -> None:
    made = synthetic(timeframe=timeframe, bars=3)
    first = 1_577_836_800_000
    assert 0 <= made[0].timestamp - first < made.timeframe_ms
    if timeframe == "1W":
        assert made[0].timestamp == first + 5 * 86_400_000


@pytest.mark.parametrize("seed", range(4))
def test_it_keeps_every_rule_of_candles(seed: int) -> None:
    made = synthetic(bars=5_000, seed=seed)
    columns: dict[str, Any] = {name: getattr(made, name) for name in NAMES}
    assert Candles.from_arrays(**columns, symbol="tBTCUSD", timeframe="1h") == made
    assert (made.elapsed == 1.0).all()
    for name in NAMES[1:]:
        assert (columns[name] == np.floor(columns[name])).all()


def longest_run(same: Any) -> int:
    best = run = 0
    for one in same.tolist():
        run = run + 1 if one else 0
        best = max(best, run)
    return best


@pytest.mark.parametrize("seed", range(4))
def test_it_has_what_features_need(seed: int) -> None:
    made = synthetic(seed=seed)
    repeats = np.diff(made.close) == 0
    assert 0.05 < repeats.mean() < 0.2
    assert longest_run(repeats) >= 25  # windows of 20 equal closes exist
    empty = made.volume == 0
    assert 0.005 < empty.mean() < 0.08
    assert longest_run(empty) >= 8
    assert (made.high > made.low).mean() > 0.9
    average = made.close[0]
    distance = []
    for close in made.close.tolist():
        average += (close - average) * 2 / 51
        distance.append((close - average) / average)
    assert (np.array(distance) > 0.02).mean() > 0.03  # bull
    assert (np.array(distance) < -0.02).mean() > 0.03  # bear
    assert (np.abs(distance) < 0.02).mean() > 0.4  # ranging


@pytest.mark.parametrize("seed", range(4))
def test_its_moves_are_those_of_bitcoin_hours(seed: int) -> None:
    made = synthetic(seed=seed)
    moves = np.diff(np.log(made.close))
    assert 0.003 < moves.std() < 0.015
    size = np.abs(moves)
    assert np.corrcoef(size[1:], size[:-1])[0, 1] > 0.1  # volatility clusters
    assert abs(np.corrcoef(moves[1:], moves[:-1])[0, 1]) < 0.1  # directions do not repeat
    assert 2_000 < made.close.min() < made.close.max() < 200_000


@pytest.mark.parametrize("bars", [0, -1, 1.5, "10", None, True])
def test_bars_that_cannot_be(bars: Any) -> None:
    with pytest.raises(CandleError, match=r"^bars=.* must be a whole number of at least 1$"):
        synthetic(bars=bars)


@pytest.mark.parametrize("seed", [-1, 1.5, "10", None, True])
def test_seeds_that_cannot_be(seed: Any) -> None:
    with pytest.raises(CandleError, match=r"^seed=.* must be a whole number of at least 0$"):
        synthetic(seed=seed)


def test_numpys_whole_numbers_are_fine() -> None:
    assert synthetic(bars=np.int64(7), seed=np.uint8(0)) == SERIES[:7]


def test_more_bars_than_there_is_time() -> None:
    with pytest.raises(
        CandleError, match=r"bars=20,000 of 1W would pass the year 2262; at most 12,\d\d\d fit"
    ):
        synthetic(timeframe="1W", bars=20_000)


def test_an_unknown_timeframe() -> None:
    with pytest.raises(CandleError, match=r"timeframe 'hourly' is not known"):
        synthetic(timeframe="hourly")
