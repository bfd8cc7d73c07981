"""How fast the execution modes are, side by side in one process; for a verdict use the pytest plugin.

The statistics here are for a reader of a table: paired rounds and an interval of the median. They judge nothing.
"""

from __future__ import annotations

from genesis_core.benchmarking.measure import Measured, Mismatch, measure
from genesis_core.benchmarking.modes import Mode, Ran, benchmark_modes
from genesis_core.benchmarking.report import Report, Row, make_report
from genesis_core.benchmarking.statistics import Ratio, coverage, ratio

__all__ = [
    "Measured",
    "Mismatch",
    "Mode",
    "Ran",
    "Ratio",
    "Report",
    "Row",
    "benchmark_modes",
    "coverage",
    "make_report",
    "measure",
    "ratio",
]
