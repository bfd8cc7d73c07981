"""Genesis Core: the strategy of ``examples/ema_rsi.py``, compiled."""

from __future__ import annotations

from pathlib import Path

import child

from genesis_core import Candles, Config, Result, __version__, backtest
from genesis_core.backtesting.sweep import Summary, backtest_many
from genesis_core.strategy import load_strategy

EXAMPLE = Path(__file__).parents[2] / "examples" / "ema_rsi.py"


def tell(result: Result) -> dict[str, object]:
    """Say what a run gave; what is liquidated at the end is told apart."""
    closed = [trade for trade in result.trades if trade.exit_reason != "final_close"]
    still = [trade for trade in result.trades if trade.exit_reason == "final_close"]
    return {
        "trades": [[t.entry_bar, t.exit_bar, t.entry_price, t.exit_price, t.net_pnl] for t in closed],
        "open": [[t.entry_bar, t.entry_price] for t in still],
    }


def tell_many(summaries: list[Summary]) -> dict[str, object]:
    """Say what a sweep gave."""
    return {
        "counts": [one.metrics.trades for one in summaries],
        "final": [one.final_equity for one in summaries],
        "digests": [one.summary_digest for one in summaries],
    }


def main() -> None:
    """Serve."""
    chosen = child.arguments()
    stored = child.columns(chosen.candles)
    candles = Candles.from_arrays(**stored, symbol="tBTCUSD", timeframe="1h")
    candles.fingerprint  # noqa: B018  # part of reading candles, as the other contenders' frames are
    strategy = load_strategy(EXAMPLE)
    if chosen.sets is None:

        def run() -> Result:
            result = backtest(candles, strategy, compiled=True)
            result.trades  # noqa: B018  # named trades are part of a usable result
            return result

        child.serve(
            "Genesis Core", __version__, run, tell, bare=lambda: backtest(candles, strategy, compiled=True)
        )
        return
    values = child.sets(chosen.sets)

    def configs() -> list[Config]:
        return [
            strategy.updated(
                {"features": {"fast": {"n": fast}, "slow": {"n": slow}}, "decide": {"overbought": limit}}
            )
            for fast, slow, limit in values
        ]

    ready = configs()
    # Once run, they are wired.
    backtest_many(candles, ready)

    def from_numbers() -> list[Summary]:
        # New configs each time: what they remember from the run before is not to be measured here.
        return backtest_many(candles, configs())

    child.serve(
        "Genesis Core", __version__, from_numbers, tell_many, bare=lambda: backtest_many(candles, ready)
    )


if __name__ == "__main__":
    main()
