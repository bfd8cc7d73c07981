"""Run a backtest, as the original tool did: every acceleration is asked for, and no flag is the baseline.

    python scripts/run_backtest.py --symbol tBTCUSD --timeframe 1h --fast-window --precompute-features

All options are those of ``genesis backtest``, which is fast by default.
"""

from __future__ import annotations

from genesis_core.cli import script

if __name__ == "__main__":
    script(
        "backtest",
        "run_backtest.py",
        "Run a strategy over candles. Every acceleration is asked for; no flag is the baseline. "
        "Every plan gives the same bits.",
    )
