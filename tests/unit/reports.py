"""Reports made up for tests of what reads and shows them."""

from __future__ import annotations

import math
from typing import Any

from pytest_genesis_perf.environment import EnvironmentClass
from pytest_genesis_perf.record import Comparison, severity
from pytest_genesis_perf.report.model import Report

HERE = EnvironmentClass("CPython 3.11", "x86_64", "Some CPU", 2, (("numba", "0.68"), ("numpy", "2.4")))


def comparison(name: str = "fast", **changes: Any) -> Comparison:
    """Return the record of a comparison that passed at 3x."""
    values: dict[str, Any] = {
        "nodeid": f"tests/test_it.py::test_{name}",
        "label": "comparison",
        "verdict": "PASS",
        "effect": "pass",
        "row": 12,
        "detail": 'the claim "not slower by more than 2%" holds: 3.00x [2.95, 3.05]',
        "judged": True,
        "timed": True,
        "claim": "not slower by more than 2%",
        "claim_limit": 1 / 1.02,
        "work": "250 bars",
        "speedup": 3.0,
        "interval": (2.95, 3.05),
        "seconds": {"baseline": 0.003, "optimized": 0.001},
        "digest": "00ff",
        "digest_state": "match",
        "blocks": tuple(-math.log(3.0) + 0.01 * math.sin(n) for n in range(32)),
        "calls": {"baseline": 1, "optimized": 3},
    }
    return Comparison(**(values | changes))


def failing(name: str = "failing", **changes: Any) -> Comparison:
    """Return the record of a comparison that failed at 0.9x."""
    values: dict[str, Any] = {
        "verdict": "REGRESSED",
        "effect": "fail",
        "row": 3,
        "detail": 'the claim "not slower by more than 2%" failed: 0.900x [0.890, 0.910]\nconfirmed',
        "speedup": 0.9,
        "interval": (0.89, 0.91),
        "blocks": tuple(-math.log(0.9) + 0.01 * math.sin(n) for n in range(32)),
        "confirmation": (0.9, 0.9, 0.91),
    }
    return comparison(name, **(values | changes))


def report(*records: Comparison, **changes: Any) -> Report:
    """Return a report of these comparisons, worst first."""
    values: dict[str, Any] = {
        "mode": "speed",
        "seed": 42,
        "environment": HERE,
        "gates": len(records),
        "family_bound": len(records) * 1e-5,
        "comparisons": tuple(sorted(records, key=severity)),
    }
    return Report(**(values | changes))
