"""Strategies are values: a typed config, read from TOML or made in Python."""

from genesis_core.strategy.config import Config

__all__ = ["Config"]
