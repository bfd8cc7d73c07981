"""What rounds in one way on each Python: since 3.12, `sum()` of fractions rounds in another way than before."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

WHOLE_NUMBERS = {
    "genesis_core/backtesting/shared_columns.py",
    "genesis_core/benchmarking/statistics.py",
    "genesis_core/features/cache.py",
    "genesis_core/features/estimate.py",
    "genesis_core/data/check.py",
    "genesis_core/data/download.py",
    "genesis_core/data/fetch.py",
    "genesis_core/cli/optimize_running.py",
    "genesis_core/cli/optimize_text.py",
    "genesis_core/compiler/cachefolder.py",
    "genesis_core/optimize/cluster.py",
    "genesis_core/optimize/importance.py",
    "genesis_core/optimize/optimizing.py",
    "genesis_core/optimize/partings.py",
    "pytest_genesis_perf/owned.py",
    "pytest_genesis_perf/report/closing.py",
    "pytest_genesis_perf/report/table.py",
    "pytest_genesis_perf/report/trend.py",
    "pytest_genesis_perf/confirm.py",
    "pytest_genesis_perf/statistics.py",
    "pytest_genesis_perf/disturbance.py",
    "pytest_genesis_perf/first_calls.py",
    "pytest_genesis_perf/execution_plans.py",
}
"""Modules whose sums are of whole numbers, which no Python rounds."""

READINGS = {
    "pytest_genesis_perf/doctor/findings.py",
    "pytest_genesis_perf/doctor/machine.py",
    "pytest_genesis_perf/doctor/pairs.py",
    "pytest_genesis_perf/doctor/processes.py",
    "pytest_genesis_perf/doctor/readings.py",
}
"""Modules whose sums are of what a clock or the machine said, which is never the same twice."""


def sums_of(path: Path) -> list[int]:
    """Return the lines that call the builtin `sum`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "sum"
    ]


@pytest.mark.parametrize("package", ["genesis_core", "pytest_genesis_perf"])
def test_no_fractions_are_added_by_sum(package: str) -> None:
    known = {name for name in WHOLE_NUMBERS | READINGS if name.startswith(package)}
    found = {
        path.relative_to(ROOT).as_posix(): lines
        for path in sorted((ROOT / package).rglob("*.py"))
        if (lines := sums_of(path))
    }
    new = [f"{name}:{line}" for name, lines in found.items() if name not in known for line in lines]
    assert not new, f"{new}: add fractions in a loop or by math.fsum; of whole numbers, name the module here"
    assert known == set(found), "named here, but without a sum()"
