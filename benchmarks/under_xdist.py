"""Verdicts under pytest-xdist beside verdicts without: ``python -m benchmarks.under_xdist [--rounds 3] [--workers 2]``.

The arms of the verdict study, same code in two functions and code that is 5% slower, among tests that keep every
worker busy. Prints how often each verdict came. Exit code 1 where same code failed, or a slowdown did not.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pytest_genesis_perf.report.json import read

ROOT = Path(__file__).parents[1]
KINDS = ("python", "crc32", "allocating", "compiled")
TESTS = """
import time
import pytest
from benchmarks.verdict_study.arms import DIFFERENT, KINDS, SLOWER_5

def compared(genesis_perf, kind, variant):
    baseline, optimized = KINDS[kind].arms(variant)
    genesis_perf.compare(baseline=baseline, optimized=optimized)

@pytest.mark.parametrize("number", range({count}))
@pytest.mark.parametrize("kind", {kinds})
def test_same(genesis_perf, kind, number):
    compared(genesis_perf, kind, DIFFERENT)

@pytest.mark.parametrize("number", range({count}))
@pytest.mark.parametrize("kind", {kinds})
def test_slower(genesis_perf, kind, number):
    compared(genesis_perf, kind, SLOWER_5)

@pytest.mark.parametrize("number", range({busy}))
def test_busy(number):
    end = time.perf_counter() + 0.5
    while time.perf_counter() < end:
        sum(range(1000))
"""
"""The busy tests come last in the file and are shared out among the measured ones."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run both ways in turn, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3, help="times each way (default: 3)")
    parser.add_argument("--workers", type=int, default=2, help="of xdist (default: 2)")
    parser.add_argument("--count", type=int, default=10, help="comparisons of each kind (default: 10)")
    asked = parser.parse_args(arguments)
    ways = {f"-n {asked.workers}": f"-n{asked.workers}", "without": "-n0"}
    found: dict[str, Counter[tuple[str, str]]] = {way: Counter() for way in ways}
    took = dict.fromkeys(ways, 0.0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        busy = 2 * asked.count * len(KINDS)
        (folder / "test_them.py").write_text(
            TESTS.format(count=asked.count, kinds=KINDS, busy=busy), encoding="utf-8"
        )
        for _ in range(asked.rounds):
            for way, option in ways.items():
                begun = time.perf_counter()
                found[way] += _run(folder, option, 2 * asked.count * len(KINDS))
                took[way] += time.perf_counter() - begun
    return _tell(found, took)


def _run(folder: Path, option: str, expected: int) -> Counter[tuple[str, str]]:
    report = folder / "report"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", option]
    command += ["--dist=worksteal"] if option != "-n0" else []
    command += ["--genesis-perf", f"--genesis-perf-report={report}", f"--rootdir={folder}", str(folder)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"pytest ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    records = read(report).comparisons
    if len(records) != expected:
        raise SystemExit(f"{len(records)} comparisons, not {expected}:\n{done.stdout}")
    return Counter(
        ("same" if "test_same" in record.nodeid else "slower 5%", record.verdict) for record in records
    )


def _tell(found: dict[str, Counter[tuple[str, str]]], took: dict[str, float]) -> int:
    wrong = 0
    print(
        "| way | code | gates | red | undecided | seconds of all runs |\n| --- | --- | --- | --- | --- | --- |"
    )
    for way, verdicts in found.items():
        for code in ("same", "slower 5%"):
            gates = sum(count for (of, _), count in verdicts.items() if of == code)
            red = verdicts[code, "REGRESSED"]
            wrong += red if code == "same" else gates - red
            print(
                f"| {way} | {code} | {gates} | {red} | {verdicts[code, 'INCONCLUSIVE']} | {took[way]:.0f} |"
            )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
