"""Candle files: found by name, checked, converted, and fetched from the exchange."""

from __future__ import annotations

from genesis_core.data.check import Report, check
from genesis_core.data.convert import convert
from genesis_core.data.faults import Fault
from genesis_core.data.fetch import Fetched, fetch
from genesis_core.data.files import CandleFile, inventory, locate, read

__all__ = [
    "CandleFile",
    "Fault",
    "Fetched",
    "Report",
    "check",
    "convert",
    "fetch",
    "inventory",
    "locate",
    "read",
]
