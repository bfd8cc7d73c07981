"""backtesting.py: the rule as its ``Strategy``, averages and RSI by TA-Lib.

A market order on a close is filled at the next open, which is its default. The usable result is what ``run`` returns:
figures, equity curve and trades.
"""

from __future__ import annotations

import warnings
from typing import Any

import child

try:
    import backtesting
    import pandas as pd
    import talib
    from backtesting import Backtest, Strategy
except ImportError as fault:
    child.missing(f"backtesting.py cannot be imported: {fault}")

FEE, CASH = 0.001, 1_000_000.0


class EmaRsi(Strategy):  # type: ignore[misc]
    """EMA(12/26) cross with the RSI(14) below 70: one unit."""

    def init(self) -> None:
        """Compute the indicators once, over the whole column."""
        self.fast = self.I(talib.EMA, self.data.Close, 12)
        self.slow = self.I(talib.EMA, self.data.Close, 26)
        self.rsi = self.I(talib.RSI, self.data.Close, 14)

    def next(self) -> None:
        """Decide on one close."""
        above, before = self.fast[-1] > self.slow[-1], self.fast[-2] > self.slow[-2]
        # Compared with NaN everything is false: on the first bar with both averages there was no side before.
        if above and self.fast[-2] <= self.slow[-2] and self.rsi[-1] < 70.0:
            self.buy(size=1)
        elif before and not above:
            self.position.close()


def main() -> None:
    """Serve."""
    chosen = child.arguments()
    stored = child.columns(chosen.candles)
    index = pd.to_datetime(stored.pop("timestamp"), unit="ms", utc=True)
    frame = pd.DataFrame({name.capitalize(): column for name, column in stored.items()}, index=index)
    # It warns of a position that is open at the end, and draws a progress bar into standard error.
    warnings.simplefilter("ignore")
    backtesting.backtesting._tqdm = lambda bars, **_: bars

    def run() -> Any:
        return Backtest(frame, EmaRsi, cash=CASH, commission=FEE).run()

    def tell(result: Any) -> dict[str, Any]:
        trades = result["_trades"]
        names = ("EntryBar", "ExitBar", "EntryPrice", "ExitPrice", "PnL")
        return {
            "trades": [
                [int(first), int(last), float(bought), float(sold), float(pnl)]
                for first, last, bought, sold, pnl in zip(*(trades[name] for name in names), strict=True)
            ],
            "open": None,
        }

    child.serve("backtesting.py", backtesting.__version__, run, tell)


if __name__ == "__main__":
    main()
