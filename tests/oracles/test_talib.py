"""TA-Lib, an implementation by others, against the oracles and against the engine.

Agreement is 1e-9 relative from the first valid bar on, 1e-8 absolute for the Bollinger position. Exempt are:

- RSI where there is neither gain nor loss: 50 by our definition, 0 by theirs.
- Position in windows of equal closes, exactly 0.5 by our definition: theirs divides by 0. They are counted.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
import talib
from numpy.typing import NDArray

from genesis_core.candles import Candles, synthetic
from genesis_core.features.graph import node
from tests.oracles import indicators
from tests.oracles.agreement import disagreement
from tests.oracles.bars import Bars, constant, random_walk, whole_dollars
from tests.oracles.engine import bars_of, columns

Floats: TypeAlias = NDArray[np.float64]
Columns: TypeAlias = dict[str, list[float]]

FIRST_VALID = {"sma": 19, "ema": 49, "rsi": 14, "tr": 1, "atr": 14, "adx": 27, "lower": 19, "upper": 19}


def by_talib(bars: Bars) -> dict[str, Floats]:
    high, low, close = np.array(bars.high), np.array(bars.low), np.array(bars.close)
    upper, _, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    return {
        "sma": talib.SMA(close, 20),
        "ema": talib.EMA(close, 50),
        "rsi": talib.RSI(close, 14),
        "tr": talib.TRANGE(high, low, close),
        "atr": talib.ATR(high, low, close, 14),
        "adx": talib.ADX(high, low, close, 14),
        "lower": lower,
        "upper": upper,
    }


def by_definition(bars: Bars) -> Columns:
    lower, upper, position, _ = indicators.bollinger(bars.close, 20, 2.0)
    return {
        "sma": indicators.sma(bars.close, 20)[0],
        "ema": indicators.ema(bars.close, 50)[0],
        "rsi": indicators.rsi(bars.close, 14)[0],
        "tr": indicators.tr(bars.high, bars.low, bars.close)[0],
        "atr": indicators.atr(bars.high, bars.low, bars.close, 14)[0],
        "adx": indicators.adx(bars.high, bars.low, bars.close, 14)[0],
        "lower": lower,
        "upper": upper,
        "position": position,
    }


def by_engine(bars: Bars) -> Columns:
    true_range = node("true_range", "high", "low", "close").value
    window = node("mean_std", "close", n=20)
    mean, std = window.output("mean"), window.output("std")
    bands = node("bollinger_bands", mean, std, m=2.0)
    found = columns(
        bars,
        {
            "sma": node("sma", "close", n=20).value,
            "ema": node("ema", "close", n=50).value,
            "rsi": node("rsi", "close", n=14).value,
            "tr": true_range,
            "atr": node("wilder", true_range, n=14).value,
            "adx": node("adx", "high", "low", true_range, n=14).value,
            "lower": bands.output("lower"),
            "upper": bands.output("upper"),
            "position": node("bollinger_position", "close", mean, std, m=2.0).value,
        },
    )
    # Not valid becomes NaN: a value handed out too early or too late cannot agree.
    return {name: [math.nan] * first + values[first:] for name, (values, first) in found.items()}


ARMS: dict[str, Callable[[Bars], Columns]] = {"oracle": by_definition, "engine": by_engine}


def real() -> Bars:
    folder = os.environ.get("GENESIS_DATA_DIR")
    if not folder:
        pytest.skip("GENESIS_DATA_DIR is not set: the real candles are not part of the repository")
    path = Path(folder) / "tBTCUSD_1h.csv"
    return bars_of(Candles.from_csv(path, symbol="tBTCUSD", timeframe="1h", gaps="keep"))


SERIES: dict[str, Callable[[], Bars]] = {
    "real": real,
    "synthetic": lambda: bars_of(synthetic()),
    "walk": lambda: random_walk(1, 3_000),
    "whole dollars": lambda: whole_dollars(2, 3_000),
}


@pytest.fixture(scope="module", params=SERIES)
def bars(request: pytest.FixtureRequest) -> Bars:
    return SERIES[request.param]()


@pytest.fixture(scope="module", params=ARMS)
def ours(request: pytest.FixtureRequest, bars: Bars) -> Columns:
    return ARMS[request.param](bars)


@pytest.fixture(scope="module")
def theirs(bars: Bars) -> dict[str, Floats]:
    return by_talib(bars)


@pytest.mark.parametrize("name", FIRST_VALID)
def test_agreement(name: str, bars: Bars, ours: Columns, theirs: dict[str, Floats]) -> None:
    first = FIRST_VALID[name]
    for column in (ours[name], theirs[name]):
        assert np.array_equal(np.isnan(column), np.arange(len(bars)) < first)
    exempt = still(bars.close) if name == "rsi" else set()
    assert len(exempt) < 0.01 * len(bars)
    assert disagreement(ours[name], theirs[name].tolist(), first=first, relative=1e-9, exempt=exempt) is None


def test_bollinger_position(bars: Bars, ours: Columns, theirs: dict[str, Floats]) -> None:
    equal = equal_windows(bars.close, 20)
    assert len(equal) < 0.1 * len(bars)
    assert {ours["position"][t] for t in equal} <= {0.5}
    width = theirs["upper"] - theirs["lower"]
    width[sorted(equal)] = np.nan
    position = np.clip((np.array(bars.close) - theirs["lower"]) / width, 0.0, 1.0).tolist()
    assert disagreement(ours["position"], position, first=19, absolute=1e-8, exempt=equal) is None


@pytest.mark.parametrize("arm", ARMS)
def test_where_we_depart_from_talib(arm: str) -> None:
    bars = constant(40)
    assert set(ARMS[arm](bars)["rsi"][14:]) == {50.0}
    assert set(by_talib(bars)["rsi"][14:]) == {0.0}
    assert set(ARMS[arm](bars)["position"][19:]) == {0.5}


@pytest.mark.parametrize("series", ["real", "whole dollars"])
def test_windows_of_equal_closes_do_occur(series: str) -> None:
    assert len(equal_windows(SERIES[series]().close, 20)) >= 5


def still(close: Sequence[float]) -> set[int]:
    """Return the bars before the first move: those at which RSI's average gain and loss are both 0."""
    return set(range(next((t for t, price in enumerate(close) if price != close[0]), len(close))))


def equal_windows(close: Sequence[float], n: int) -> set[int]:
    """Return the bars whose last `n` closes are all equal."""
    return {
        t for t in range(n - 1, len(close)) if min(close[t - n + 1 : t + 1]) == max(close[t - n + 1 : t + 1])
    }
