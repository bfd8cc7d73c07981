"""Strategies are values: a typed config, read from TOML or made in Python, with code of the user's own where wanted."""

from genesis_core.strategy.code import Decide, indicator
from genesis_core.strategy.config import Config
from genesis_core.strategy.load import load_strategy

__all__ = ["Config", "Decide", "indicator", "load_strategy"]
