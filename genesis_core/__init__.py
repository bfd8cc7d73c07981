"""Genesis Core: a backtest engine in which every fast path gives the same bits as the slow one.

Names are imported when first used, so that the command line answers at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from genesis_core.version import __version__

if TYPE_CHECKING:
    from genesis_core.backtesting import Metrics, Result, SlowPathWarning, Trade, backtest
    from genesis_core.candles import Candle, Candles, Repair, synthetic
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
    from genesis_core.strategy import Config, Decide, indicator

__all__ = [
    "DEFAULT",
    "Candle",
    "CandleError",
    "Candles",
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
    "Metrics",
    "Param",
    "Repair",
    "Result",
    "SlowPathWarning",
    "Trade",
    "Vector",
    "__version__",
    "backtest",
    "features_asof",
    "indicator",
    "make_path",
    "node",
    "run_features",
    "source",
    "synthetic",
    "window",
]

_HOMES = {
    "backtesting": ("Metrics", "Result", "SlowPathWarning", "Trade", "backtest"),
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
    "kernels.base": ("Kernel", "Param", "Vector", "window"),
    "strategy": ("Config", "Decide", "indicator"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f"genesis_core.{home}"), name)
            return value
    raise AttributeError(f"module 'genesis_core' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
