"""Genesis Core: a backtest engine in which every fast path gives the same bits as the slow one."""

from genesis_core.backtest import Metrics, Result, SlowPathWarning, Trade, backtest
from genesis_core.candles import Candle, Candles, Repair, synthetic
from genesis_core.errors import CandleError, ConfigError, FeatureError, GenesisError
from genesis_core.features import (
    DEFAULT,
    FeatureCache,
    FeatureSet,
    FeatureVector,
    features_asof,
    make_path,
    run_features,
)
from genesis_core.strategy import Config
from genesis_core.version import __version__

__all__ = [
    "DEFAULT",
    "Candle",
    "CandleError",
    "Candles",
    "Config",
    "ConfigError",
    "FeatureCache",
    "FeatureError",
    "FeatureSet",
    "FeatureVector",
    "GenesisError",
    "Metrics",
    "Repair",
    "Result",
    "SlowPathWarning",
    "Trade",
    "__version__",
    "backtest",
    "features_asof",
    "make_path",
    "run_features",
    "synthetic",
]
