"""The backtest: a loop over bars that calls the law, and what it leaves."""

from genesis_core.backtesting.engine import backtest
from genesis_core.backtesting.plan import SlowPathWarning
from genesis_core.backtesting.result import LedgerRow, Metrics, Result, RunPlan, Trade

__all__ = ["LedgerRow", "Metrics", "Result", "RunPlan", "SlowPathWarning", "Trade", "backtest"]
