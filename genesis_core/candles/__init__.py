"""Immutable price columns: reading, checking, repairing, slicing, resampling, the embedded data set."""

from __future__ import annotations

from genesis_core.candles.repair import Repair
from genesis_core.candles.series import Candle, Candles
from genesis_core.candles.synthetic import synthetic

__all__ = ["Candle", "Candles", "Repair", "synthetic"]
