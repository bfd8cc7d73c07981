"""Time the execution modes, as the original tool did.

    python scripts/benchmark_backtest.py --symbol tBTCUSD --timeframe 1h

All options are those of ``genesis benchmark``.
"""

from __future__ import annotations

from genesis_core.cli import script

if __name__ == "__main__":
    script(
        "benchmark",
        "benchmark_backtest.py",
        "Time the baseline, each optimization alone, and all together; exit code 1 if any result differs.",
    )
