"""Genesis Core: a backtest engine in which every fast path gives the same bits as the slow one.

Names are imported when first used, so that the command line answers at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from genesis_core.version import __version__ as __version__

if TYPE_CHECKING:  # for type checkers and editors; a test holds it against the table below
    from genesis_core.backtesting import CausalityReport as CausalityReport
    from genesis_core.backtesting import LedgerRow as LedgerRow
    from genesis_core.backtesting import Metrics as Metrics
    from genesis_core.backtesting import Result as Result
    from genesis_core.backtesting import SlowPathWarning as SlowPathWarning
    from genesis_core.backtesting import Stream as Stream
    from genesis_core.backtesting import Summary as Summary
    from genesis_core.backtesting import Trade as Trade
    from genesis_core.backtesting import Update as Update
    from genesis_core.backtesting import backtest as backtest
    from genesis_core.backtesting import backtest_many as backtest_many
    from genesis_core.backtesting import check_causal as check_causal
    from genesis_core.backtesting.saved import StreamError as StreamError
    from genesis_core.candles import Candle as Candle
    from genesis_core.candles import Candles as Candles
    from genesis_core.candles import Repair as Repair
    from genesis_core.candles import synthetic as synthetic
    from genesis_core.compiler.jit import CompilerError as CompilerError
    from genesis_core.errors import CandleError as CandleError
    from genesis_core.errors import ConfigError as ConfigError
    from genesis_core.errors import FeatureError as FeatureError
    from genesis_core.errors import GenesisError as GenesisError
    from genesis_core.features import DEFAULT as DEFAULT
    from genesis_core.features import Feature as Feature
    from genesis_core.features import FeatureCache as FeatureCache
    from genesis_core.features import FeatureSet as FeatureSet
    from genesis_core.features import FeatureVector as FeatureVector
    from genesis_core.features import features_asof as features_asof
    from genesis_core.features import make_path as make_path
    from genesis_core.features import node as node
    from genesis_core.features import run_features as run_features
    from genesis_core.features import source as source
    from genesis_core.kernels.base import Kernel as Kernel
    from genesis_core.kernels.base import Param as Param
    from genesis_core.kernels.base import Vector as Vector
    from genesis_core.kernels.base import window as window
    from genesis_core.kernels.walk import KernelError as KernelError
    from genesis_core.strategy import Config as Config
    from genesis_core.strategy import Decide as Decide
    from genesis_core.strategy import indicator as indicator
    from genesis_core.strategy import load_strategy as load_strategy

_HOMES = {
    "backtesting": (
        "CausalityReport",
        "LedgerRow",
        "Metrics",
        "Result",
        "SlowPathWarning",
        "Stream",
        "Summary",
        "Trade",
        "Update",
        "backtest",
        "backtest_many",
        "check_causal",
    ),
    "backtesting.saved": ("StreamError",),
    "candles": (
        "Candle",
        "Candles",
        "Repair",
        "synthetic",
    ),
    "compiler.jit": ("CompilerError",),
    "errors": (
        "CandleError",
        "ConfigError",
        "FeatureError",
        "GenesisError",
    ),
    "features": (
        "DEFAULT",
        "Feature",
        "FeatureCache",
        "FeatureSet",
        "FeatureVector",
        "features_asof",
        "make_path",
        "node",
        "run_features",
        "source",
    ),
    "kernels.base": (
        "Kernel",
        "Param",
        "Vector",
        "window",
    ),
    "kernels.walk": ("KernelError",),
    "strategy": (
        "Config",
        "Decide",
        "indicator",
        "load_strategy",
    ),
}
"""Where each public name is from: module of this package -> names."""

_NAMES = sorted(["__version__", *(name for names in _HOMES.values() for name in names)])

# Type checkers understand only a list that is written out; to them, what is imported above `as` itself is public.
if not TYPE_CHECKING:
    __all__ = _NAMES


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f"genesis_core.{home}"), name)
            return value
    raise AttributeError(f"module 'genesis_core' has no attribute {name!r}")


def __dir__() -> list[str]:
    return _NAMES
