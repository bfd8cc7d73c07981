"""One process of the study: ``python -m benchmarks.verdict_study.worker GROUP SITUATION FILE BUDGET CAP TIMES``."""

from __future__ import annotations

import os
import platform
import secrets
import sys
from importlib.metadata import version
from pathlib import Path
from random import Random

from benchmarks.verdict_study import rawfiles
from benchmarks.verdict_study.gates import Setting, run_gate
from benchmarks.verdict_study.plan import GROUPS
from pytest_genesis_perf.child_start import ballast
from pytest_genesis_perf.children import MOST_BALLAST


def main(arguments: list[str]) -> None:
    """Run the gates of a group, in an order of its own, and write them."""
    group, situation, path, budget, cap, times = arguments
    held = ballast(secrets.randbelow(MOST_BALLAST))
    chosen = GROUPS[group]
    cells = list(chosen.cells) * (int(times) or chosen.times)
    seed = secrets.token_hex(8)
    Random(seed).shuffle(cells)
    setting = Setting(float(budget), float(cap))
    head = head_of(group, situation) | {"ballast": len(held), "order": seed}
    rawfiles.write(Path(path), head, [run_gate(cell, setting) for cell in cells])


def head_of(group: str, situation: str) -> dict[str, object]:
    """Return what is kept of a process, whatever it did."""
    return {
        "group": group,
        "situation": situation,
        "hash_seed": os.environ.get("PYTHONHASHSEED", ""),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "numpy": version("numpy"),
        "numba": version("numba"),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
