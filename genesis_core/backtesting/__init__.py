"""The backtest: a loop over bars that calls the law, what it leaves, and the same law live and in sweeps."""

from genesis_core.backtesting.causality import check_causal
from genesis_core.backtesting.causality_report import CausalityReport
from genesis_core.backtesting.engine import backtest
from genesis_core.backtesting.plan import RunPlan
from genesis_core.backtesting.records import LedgerRow, Metrics, Trade
from genesis_core.backtesting.result import Result
from genesis_core.backtesting.stream import Stream
from genesis_core.backtesting.sweep import Summary, Sweep, backtest_many
from genesis_core.backtesting.update import Update
from genesis_core.features.estimate import SlowPathWarning

__all__ = [
    "CausalityReport",
    "LedgerRow",
    "Metrics",
    "Result",
    "RunPlan",
    "SlowPathWarning",
    "Stream",
    "Summary",
    "Sweep",
    "Trade",
    "Update",
    "backtest",
    "backtest_many",
    "check_causal",
]
