"""Genesis Core: a backtest engine in which every fast path gives the same bits as the slow one."""

__version__ = "0.1.0"
