"""One trade's story in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from genesis_core.backtesting.records import LedgerRow, Trade

if TYPE_CHECKING:
    from genesis_core.backtesting.result import Result

_WORDS = {
    "reversal": "an entry of the other side was accepted",
    "stop_gap": "the bar opened beyond the stop",
    "stop": "the stop was reached",
    "target": "the target was reached",
    "partial_1": "the first higher level was reached; the stop moved to the entry price",
    "partial_2": "the second higher level was reached; the stop moved to the first one",
    "trailing_stop": "the trailing stop was reached",
    "max_hold": "the maximum holding time was over",
    "confidence_drop": "the confidence in this side fell below its limit",
    "regime_flip": "the regime turned against it",
    "exit_signal": "the strategy's decide step said so",
    "final_close": "the series ended",
}


def story(result: Result, number: int, trade: Trade, fills: Sequence[LedgerRow]) -> str:
    """Tell how one trade came about, what was placed, taken off and paid.

    Parameters
    ----------
    result : Result
        Whose it is.
    number : int
        Its position among the trades.
    trade : Trade
        The trade.
    fills : sequence of LedgerRow
        Its fills, the entry first.
    """
    decision = result.config.decision
    entry, exits = fills[0], fills[1:]
    worth = trade.units * trade.entry_price
    lines = [
        f"Trade {number + 1} of {len(result.trades)}: {trade.side} {result.symbol} {result.timeframe}",
        f"decided  bar {trade.decided:,}, as of its close: {trade.side} with confidence {trade.confidence:.4f} "
        f"(at least {decision.confidence:g})"
        + (f", regime {trade.regime}" if trade.regime else "")
        + (f", volatility {trade.zone}" if trade.zone else ""),
        f"entered  {_when(entry)}: {_fill(entry)}, worth {worth:,.2f}",
    ]
    placed = [
        f"{name} {price:,.8g}" for name, price in (("stop", trade.stop), ("target", trade.target)) if price
    ]
    if placed:
        lines.append(f"placed   {', '.join(placed)}")
    for row in exits:
        verb = "part off" if row.kind == "partial" else "left    "
        lines.append(f"{verb} {_when(row)}: {_fill(row)}, because {_WORDS[row.reason]}")
    held = trade.exit_bar - trade.entry_bar
    lines.append(
        f"result   {trade.gross_pnl:+,.2f} gross, {trade.entry_fee + trade.exit_fee:,.2f} fees, "
        f"{trade.net_pnl:+,.2f} net ({trade.net_pnl / worth:+.2%} of its worth) after {held:,} bars"
    )
    return "\n".join(lines)


def _when(row: LedgerRow) -> str:
    time = datetime.fromtimestamp(row.timestamp / 1000, tz=timezone.utc)
    return f"bar {row.bar:,} ({time:%Y-%m-%d %H:%M} UTC)"


def _fill(row: LedgerRow) -> str:
    return f"{row.units:,.8g} at {row.price:,.8g} (before slippage {row.raw_price:,.8g}), fee {row.fee:,.2f}"
