"""Genesis Core: a backtest engine in which every fast path gives the same bits as the slow one.

Names are imported when first used, so that the command line answers at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from genesis_core.version import __version__

if TYPE_CHECKING:
    from genesis_core.backtesting import (
        CausalityReport,
        LedgerRow,
        Metrics,
        Result,
        SlowPathWarning,
        Stream,
        Summary,
        Trade,
        Update,
        backtest,
        backtest_many,
        check_causal,
    )
    from genesis_core.backtesting.saved import StreamError
    from genesis_core.candles import Candle, Candles, Repair, synthetic
    from genesis_core.compiler.jit import CompilerError
    from genesis_core.errors import CandleError, ConfigError, FeatureError, GenesisError
    from genesis_core.features import (
        DEFAULT,
        Feature,
        FeatureCache,
        FeatureSet,
        FeatureVector,
        features_asof,
        make_path,
        node,
        run_features,
        source,
    )
    from genesis_core.kernels.base import Kernel, Param, Vector, window
    from genesis_core.kernels.walk import KernelError
    from genesis_core.strategy import Config, Decide, indicator, load_strategy

__all__ = [
    "DEFAULT",
    "Candle",
    "CandleError",
    "Candles",
    "CausalityReport",
    "CompilerError",
    "Config",
    "ConfigError",
    "Decide",
    "Feature",
    "FeatureCache",
    "FeatureError",
    "FeatureSet",
    "FeatureVector",
    "GenesisError",
    "Kernel",
    "KernelError",
    "LedgerRow",
    "Metrics",
    "Param",
    "Repair",
    "Result",
    "SlowPathWarning",
    "Stream",
    "StreamError",
    "Summary",
    "Trade",
    "Update",
    "Vector",
    "__version__",
    "backtest",
    "backtest_many",
    "check_causal",
    "features_asof",
    "indicator",
    "load_strategy",
    "make_path",
    "node",
    "run_features",
    "source",
    "synthetic",
    "window",
]

_HOMES = {
    "backtesting.saved": ("StreamError",),
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
    "candles": ("Candle", "Candles", "Repair", "synthetic"),
    "errors": ("CandleError", "ConfigError", "FeatureError", "GenesisError"),
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
    "compiler.jit": ("CompilerError",),
    "kernels.walk": ("KernelError",),
    "kernels.base": ("Kernel", "Param", "Vector", "window"),
    "strategy": ("Config", "Decide", "indicator", "load_strategy"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f"genesis_core.{home}"), name)
            return value
    raise AttributeError(f"module 'genesis_core' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
