"""vectorbt: signals by TA-Lib, ``Portfolio.from_signals`` on the Numba or the Rust engine.

A decision on a close is filled at the next open: signals are moved by one bar and the price is the open. One unit, fee
0.1%, no slippage. The usable result: equity, trades, and the figures that a `Metrics` of this engine holds.
"""

from __future__ import annotations

from typing import Any

import child
import numpy as np

try:
    import pandas as pd
    import talib
    import vectorbt as vbt
except ImportError as fault:
    child.missing(f"vectorbt cannot be imported: {fault}")

FEE, CASH = 0.001, 1_000_000.0
FIGURES = ("total_return", "max_drawdown", "sharpe_ratio")
TRADE_FIGURES = ("count", "win_rate", "profit_factor")


def moved(signal: Any) -> Any:
    """Move a signal to the bar whose open it is filled at."""
    shifted = np.zeros_like(signal)
    shifted[1:] = signal[:-1]
    return shifted


def crossed(above: Any, valid: Any) -> tuple[Any, Any]:
    """Return where a condition came true and where it ended, between two valid bars."""
    up, down = np.zeros_like(above), np.zeros_like(above)
    both = valid[1:] & valid[:-1]
    up[1:] = above[1:] & ~above[:-1] & both
    down[1:] = ~above[1:] & above[:-1] & both
    return up, down


def main() -> None:
    """Serve."""
    chosen = child.arguments()
    engine = chosen.engine or "numba"
    if engine == "rust":
        from vectorbt._engine import is_rust_available

        if not is_rust_available():
            child.missing("vectorbt's Rust engine is not installed (vectorbt-rust)")
    stored = child.columns(chosen.candles)
    # Without an index of dates: with one, a run takes two to three times as long.
    c = stored["close"]
    close = pd.Series(c)
    values = [(12, 26, 70.0)] if chosen.sets is None else child.sets(chosen.sets)
    fasts = sorted({fast for fast, _, _ in values})
    slows = sorted({slow for _, slow, _ in values})
    opens = pd.Series(stored["open"]) if chosen.sets is None else stored["open"][:, None]

    def simulate() -> Any:
        rsi = talib.RSI(c, 14)
        ema = {n: talib.EMA(c, n) for n in {*fasts, *slows}}
        entries = np.zeros((len(c), len(values)), dtype=bool)
        exits = np.zeros_like(entries)
        for i, (fast, slow, limit) in enumerate(values):
            valid = ~(np.isnan(ema[slow]) | np.isnan(rsi))
            up, down = crossed(ema[fast] > ema[slow], valid)
            entries[:, i] = moved(up & (rsi < limit))
            exits[:, i] = moved(down)
        if len(values) == 1:
            entries, exits = entries[:, 0], exits[:, 0]
        return vbt.Portfolio.from_signals(
            close,
            entries,
            exits,
            price=opens,
            size=1.0,
            fees=FEE,
            init_cash=CASH,
            freq="1h",
            engine=engine,
        )

    def run() -> Any:
        portfolio = simulate()
        trades = portfolio.trades
        figures = [getattr(portfolio, name)() for name in FIGURES]
        figures += [getattr(trades, name)() for name in TRADE_FIGURES]
        # A sweep keeps no equity curves, here as there.
        return portfolio, trades, portfolio.value() if chosen.sets is None else None, figures

    def tell(result: Any) -> dict[str, Any]:
        portfolio, trades, _, _ = result
        records = trades.values
        rows = [
            [
                int(r["entry_idx"]),
                int(r["exit_idx"]),
                float(r["entry_price"]),
                float(r["exit_price"]),
                float(r["pnl"]),
            ]
            for r in records
        ]
        status = [bool(r["status"] == 1) for r in records]
        if chosen.sets is None:
            return {
                "trades": [row for row, closed in zip(rows, status, strict=True) if closed],
                "open": [[row[0], row[2]] for row, closed in zip(rows, status, strict=True) if not closed],
            }
        # A position that is open at the end is not sold: what its sale at the last close costs is taken off here.
        final = np.array(portfolio.final_value())
        for record, closed in zip(records, status, strict=True):
            if not closed:
                final[record["col"]] -= record["size"] * c[-1] * FEE
        return {"counts": [int(n) for n in trades.count()], "final": [float(x) for x in final]}

    child.serve(
        f"vectorbt ({engine})", vbt.__version__, run, tell, bare=simulate if chosen.sets is None else None
    )


if __name__ == "__main__":
    main()
