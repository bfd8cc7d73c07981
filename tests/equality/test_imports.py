"""What an import costs: nothing heavy comes along unasked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import genesis_core


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("genesis_core", {"numba", "llvmlite", "matplotlib", "pandas", "pyarrow", "pytest", "hypothesis"}),
        ("genesis_core.backtesting.engine", {"numba", "llvmlite", "pytest"}),
        ("pytest_genesis_perf.plugin", {"numpy", "matplotlib", "genesis_core", "numba", "pandas"}),
        ("pytest_genesis_perf.identity", {"genesis_core", "numba", "pandas", "matplotlib"}),
    ],
)
def test_an_import_brings_nothing_heavy(module: str, unwanted: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"],
        env={**os.environ, "PYTHONPATH": str(Path(genesis_core.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert module in loaded
    assert loaded & unwanted == set()


def test_the_reference_does_not_need_the_compiler() -> None:
    """A recomputing feature run is plain Python: it must also work where Numba does not."""
    program = (
        "import sys; sys.modules['numba'] = None; import genesis_core as g; "
        "print(g.features_asof(g.synthetic(bars=80), 79).digest)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(Path(genesis_core.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    vector = genesis_core.features_asof(genesis_core.synthetic(bars=80), 79, path="precomputed")
    assert done.stdout.split() == [vector.digest]
