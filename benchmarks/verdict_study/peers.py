"""Other tools on the same arms, and the plugin as users run it: each as its own command line runs it.

``python -m benchmarks.verdict_study.peers benchmark|codspeed|whole SITUATION FILE``
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.verdict_study import rawfiles
from benchmarks.verdict_study.arms import FASTER_5, SAME, SHORT, SLOWER_3, SLOWER_5, Variant
from benchmarks.verdict_study.neighbours import ROOT
from benchmarks.verdict_study.worker import head_of

TIMEOUT = 1_200.0
CHECKS = ("median:5%", "min:5%")
REGRESSED = re.compile(r"test_arm\[(.+?)\](?: \([^)]*\))? - Field '(\w+)' has failed")
"""What pytest-benchmark says of each test and check."""
_SUITE = """
import pytest
from benchmarks.verdict_study.arms import KINDS, VARIANTS

@pytest.mark.parametrize("kind", {kinds!r})
def test_arm({fixture}, kind):
    baseline, optimized = KINDS[kind].arms(VARIANTS[{variant!r}])
    {call}
"""
_COMPARE = """def quiet(arm):
        # An arm that does more work returns something else.
        return lambda: arm() is None
    genesis_perf.compare(baseline=quiet(baseline), optimized=quiet(optimized){more})"""
Row = dict[str, Any]


class PeerError(Exception):
    """A tool did not run as it should."""


def suite(folder: Path, variant: Variant, kinds: Sequence[str], fixture: str, call: str) -> Path:
    """Write a test file; the same name for each variant, so that a tool takes the tests for the same ones."""
    file = folder / "test_arms.py"
    text = _SUITE.format(kinds=list(kinds), fixture=fixture, variant=variant.name, call=call)
    file.write_text(text, encoding="utf-8")
    return file


def pytest_run(folder: Path, *options: str) -> tuple[int, str, float]:
    """Run pytest in a folder; return its exit code, what it printed, and how long it took."""
    # No configuration of this project: what is measured is the tool as it comes.
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    # Within a worker of xdist it would take itself for one, and save nothing.
    left_out = ("CI", "GITHUB_STEP_SUMMARY", "PYTEST_ADDOPTS", "PYTEST_XDIST_")
    known = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    began = perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "test_arms.py", *options],
        cwd=folder,
        env={**known, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr, perf_counter() - began


def benchmark(folder: Path) -> Iterator[Row]:
    """Run pytest-benchmark: save one run, hold others against it by ``--benchmark-compare-fail``."""
    off = ("-p", "no:genesis_perf", "-p", "no:codspeed")
    saved = folder / "saved.json"
    suite(folder, SAME, SHORT, "benchmark", "benchmark(optimized)")
    code, printed, _ = pytest_run(folder, *off, f"--benchmark-json={saved}")
    if code != 0 or not saved.exists():
        raise PeerError(f"pytest-benchmark ended with exit code {code}:\n{printed}")
    for variant in (SAME, SLOWER_3, SLOWER_5, FASTER_5):
        suite(folder, variant, SHORT, "benchmark", "benchmark(optimized)")
        # One option with two values: of an option given twice it keeps the last.
        fails = ("--benchmark-compare-fail", *CHECKS)
        code, printed, seconds = pytest_run(folder, *off, f"--benchmark-compare={saved}", *fails)
        found = set(REGRESSED.findall(printed))
        if code not in (0, 1) or (code == 1) != bool(found):
            raise PeerError(f"pytest-benchmark ended with exit code {code}:\n{printed}")
        for kind in SHORT:
            for check in CHECKS:
                yield {
                    "kind": kind,
                    "variant": variant.name,
                    "tool": f"pytest-benchmark {check}",
                    "failed": (kind, check.partition(":")[0]) in found,
                    "seconds": seconds / len(SHORT),
                }


def codspeed(folder: Path) -> Iterator[Row]:
    """Run pytest-codspeed for walltime: it compares in its cloud only, so we compare its medians."""
    if importlib.util.find_spec("pytest_codspeed") is None:
        yield {"tool": "pytest-codspeed median 5%", "missing": "pytest-codspeed is not installed"}
        return
    before = _codspeed_run(folder, SAME)[0]
    for variant in (SAME, SLOWER_3, SLOWER_5):
        now, seconds = _codspeed_run(folder, variant)
        for kind in SHORT:
            yield {
                "kind": kind,
                "variant": variant.name,
                "tool": "pytest-codspeed median 5%",
                "failed": now[kind] > 1.05 * before[kind],
                "seconds": seconds / len(SHORT),
            }


def _codspeed_run(folder: Path, variant: Variant) -> tuple[dict[str, float], float]:
    suite(folder, variant, SHORT, "benchmark", "benchmark(optimized)")
    off = ("-p", "no:genesis_perf", "-p", "no:benchmark")
    code, printed, seconds = pytest_run(folder, *off, "--codspeed", "--codspeed-mode=walltime")
    results = sorted((folder / ".codspeed").glob("results_*.json"))
    if code != 0 or len(results) != 1:
        raise PeerError(f"pytest-codspeed ended with exit code {code}:\n{printed}")
    entries = json.loads(results[0].read_text(encoding="utf-8"))["benchmarks"]
    results[0].unlink()
    medians = {re.findall(r"\[(.+)\]", entry["name"])[0]: entry["stats"]["median_ns"] for entry in entries}
    return {kind: float(medians[kind]) for kind in SHORT}, seconds


ALONE = [
    part for name in ("benchmark", "codspeed", "hypothesispytest", "xdist") for part in ("-p", f"no:{name}")
]
"""No other plugin: each is imported by every process, the plugin of Hypothesis for a second and more."""


def whole(folder: Path) -> Iterator[Row]:
    """Run ``pytest --genesis-perf`` from its start to its end, one comparison a run: children, teardown and all."""
    wishes = [(kind, variant, "") for kind in SHORT for variant in (SAME, SLOWER_5)]
    wishes += [("numpy owned", variant, ", isolate=True") for variant in (SAME, SLOWER_5)]
    for kind, variant, more in wishes:
        suite(folder, variant, [kind], "genesis_perf", _COMPARE.format(more=more))
        code, printed, seconds = pytest_run(
            folder,
            "--genesis-perf",
            "--genesis-perf-report=report",
            *ALONE,
        )
        report = folder / "report" / "genesis-perf.json"
        if code not in (0, 1) or not report.exists():
            raise PeerError(f"pytest --genesis-perf ended with exit code {code}:\n{printed}")
        (compared,) = json.loads(report.read_text(encoding="utf-8"))["comparisons"]
        report.unlink()
        yield {
            "kind": kind,
            "variant": variant.name,
            "tool": f"pytest --genesis-perf{more}",
            "failed": compared["effect"] == "fail",
            "inconclusive": compared["verdict"] == "INCONCLUSIVE",
            "result": compared["verdict"],
            "seconds": seconds,
        }


TOOLS: Mapping[str, Callable[[Path], Iterator[Row]]] = {
    "benchmark": benchmark,
    "codspeed": codspeed,
    "whole": whole,
}


def main(arguments: list[str]) -> None:
    """Run a tool, and write what it said."""
    tool, situation, path = arguments
    with tempfile.TemporaryDirectory(prefix="verdict-study-") as name:
        rawfiles.write(Path(path), head_of(tool, situation), list(TOOLS[tool](Path(name))))


if __name__ == "__main__":
    main(sys.argv[1:])
