"""The EMA/RSI example against backtesting.py on the same candles: the same entries, the same exits, the same profit.

Compared: entry and exit bars, prices, fees and the profit of each trade, and their sum. The indicators on that side
are computed here by pandas from their definitions, not by this package; the rule stands here once more, as a strategy
of backtesting.py. Not compared: statistics (Sharpe and the like are defined differently there).

What is open at the end: this package liquidates it at the last close. backtesting.py would close it at the last
*open*, so it is given one more candle that opens where the last one closed, and closes there.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from genesis_core import Candles, Config, backtest, synthetic
from genesis_core.strategy import load_strategy

FAST, SLOW, RSI, OVERBOUGHT, FEE, CASH = 12, 26, 14, 70.0, 0.001, 1_000_000.0
Column = NDArray[np.float64]


@pytest.fixture(scope="module")
def library() -> ModuleType:
    """backtesting.py, without the progress bar it shows where tqdm is installed."""
    with warnings.catch_warnings():
        # Its plotting looks for a notebook while it is imported, and bokeh has deprecations of its own.
        warnings.simplefilter("ignore")
        import backtesting.backtesting as module
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_tqdm", lambda bars, **_: bars)
        yield module


@pytest.fixture(scope="module")
def strategy() -> Config:
    return load_strategy(Path(__file__).parents[2] / "examples" / "ema_rsi.py")


@pytest.fixture(scope="module", params=["embedded", "real", "real, another year"])
def candles(request: pytest.FixtureRequest) -> Candles:
    if request.param == "embedded":
        return synthetic(bars=3_000)
    folder: Path = request.getfixturevalue("data_dir")
    real = Candles.from_csv(folder / "tBTCUSD_1h.csv", symbol="tBTCUSD", timeframe="1h", gaps="keep")
    return real[:3_000] if request.param == "real" else real[-3_000:]


def ema(close: pd.Series, n: int) -> Column:
    """The mean of the first n closes, then k = 2/(n+1) of the way to each close."""
    seeded = close.copy()
    seeded.iloc[: n - 1] = np.nan
    seeded.iloc[n - 1] = close.iloc[:n].mean()
    return seeded.ewm(alpha=2.0 / (n + 1.0), adjust=False, ignore_na=True).mean().to_numpy()


def rsi(close: pd.Series, n: int) -> Column:
    """Wilder's averages of gains and losses, from the mean of the first n."""
    change = close.diff()
    parts = []
    for moves in (change.clip(lower=0.0), (-change).clip(lower=0.0)):
        seeded = moves.copy()
        seeded.iloc[:n] = np.nan
        seeded.iloc[n] = moves.iloc[1 : n + 1].mean()
        parts.append(seeded.ewm(alpha=1.0 / n, adjust=False, ignore_na=True).mean())
    gain, loss = parts
    return (100.0 * gain / (gain + loss)).to_numpy()


def theirs(library: ModuleType, candles: Candles) -> pd.DataFrame:
    """Run the rule in backtesting.py and return its trades."""
    columns = {
        name.capitalize(): getattr(candles, name) for name in ("open", "high", "low", "close", "volume")
    }
    index = pd.to_datetime(np.asarray(candles.timestamp), unit="ms")
    frame = pd.DataFrame(columns, index=index)
    last = float(candles.close[-1])
    closing = pd.DataFrame(
        {name: [last] for name in ("Open", "High", "Low", "Close")} | {"Volume": [0.0]},
        index=[index[-1] + pd.Timedelta(hours=1)],
    )
    close = frame["Close"]
    indicators = {"fast": ema(close, FAST), "slow": ema(close, SLOW), "rsi": rsi(close, RSI)}
    bars = len(frame)

    class EmaRsi(library.Strategy):  # type: ignore[misc, name-defined]
        def init(self) -> None:
            for name, values in indicators.items():
                # The closing candle has no decision, so no indicator either: the last value stands there.
                padded = np.append(values, values[-1])
                setattr(self, name, self.I(lambda values=padded: values, name=name))

        def next(self) -> None:
            here = len(self.data)
            if here == bars:
                # A decision as of the last candle has no bar to be filled at.
                self.position.close()
            if here >= bars:
                return
            above, was_above = self.fast[-1] > self.slow[-1], self.fast[-2] > self.slow[-2]
            if above and not was_above and self.rsi[-1] < OVERBOUGHT:
                self.buy(size=1)
            elif was_above and not above:
                self.position.close()

    run = library.Backtest(
        pd.concat([frame, closing]),
        EmaRsi,
        cash=CASH,
        commission=FEE,
        trade_on_close=False,
        finalize_trades=True,
    )
    with warnings.catch_warnings():
        # Its statistics call what newer versions of pandas deprecate. An order that its broker refuses warns otherwise,
        # and fails here.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        trades: pd.DataFrame = run.run()["_trades"]
    return trades


@pytest.fixture(scope="module")
def pairs(library: ModuleType, strategy: Config, candles: Candles) -> list[tuple[Any, Any]]:
    """Our trades beside theirs, in the order of their entries."""
    ours = backtest(candles, strategy, compiled=True).trades
    other = theirs(library, candles).sort_values("EntryBar")
    assert len(ours) == len(other) > 30
    return list(zip(ours, other.itertuples(), strict=True))


def test_the_same_entries(pairs: list[tuple[Any, Any]]) -> None:
    for mine, other in pairs:
        assert (mine.side, mine.units) == ("long", float(other.Size))
        assert (mine.entry_bar, mine.entry_price) == (other.EntryBar, other.EntryPrice)


def test_the_same_exits(pairs: list[tuple[Any, Any]]) -> None:
    for mine, other in pairs:
        liquidated = mine.exit_reason == "final_close"
        assert mine.exit_bar + int(liquidated) == other.ExitBar
        assert mine.exit_price == other.ExitPrice
    assert {mine.exit_reason for mine, _ in pairs[:-1]} == {"exit_signal"}


def test_the_same_profit(pairs: list[tuple[Any, Any]], strategy: Config, candles: Candles) -> None:
    for mine, other in pairs:
        assert abs(mine.net_pnl - other.PnL) <= 1e-9
        assert abs(mine.entry_fee + mine.exit_fee - other.Commission) <= 1e-9
    final = backtest(candles, strategy, compiled=True).equity[-1]
    assert abs(final - (CASH + sum(other.PnL for _, other in pairs))) <= 1e-6


def test_something_is_open_at_the_end_of_one_of_the_series(library: ModuleType, strategy: Config) -> None:
    """So that the comparison of what is liquidated is not about nothing."""
    whole = synthetic(bars=3_000)
    held = next(trade for trade in backtest(whole, strategy, compiled=True).trades if trade.exit_bar > 200)
    cut = whole[: held.entry_bar + 3]
    mine = backtest(cut, strategy, compiled=True).trades[-1]
    other = theirs(library, cut).sort_values("EntryBar").iloc[-1]
    assert mine.exit_reason == "final_close"
    assert (mine.exit_bar + 1, mine.exit_price) == (other.ExitBar, other.ExitPrice)
    assert abs(mine.net_pnl - other.PnL) <= 1e-9


@pytest.mark.parametrize(
    "changes",
    [{"features": {"slow": {"n": 27}}}, {"decide": {"overbought": 50.0}}, {"execution": {"fee": 0.0011}}],
    ids=["another average", "another limit", "another fee"],
)
def test_the_comparison_can_fail(
    pairs: list[tuple[Any, Any]], strategy: Config, candles: Candles, changes: Any
) -> None:
    ours = backtest(candles, strategy.updated(changes), compiled=True).trades
    same = len(ours) == len(pairs) and all(
        mine.entry_bar == other.EntryBar and abs(mine.net_pnl - other.PnL) <= 1e-9
        for mine, (_, other) in zip(ours, pairs, strict=True)
    )
    assert not same
