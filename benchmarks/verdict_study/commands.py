"""What the subcommands of ``python -m benchmarks.verdicts`` do with raw files and results."""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.verdict_study import alternatives, rawfiles, simulation
from benchmarks.verdict_study.recompute import recompute
from benchmarks.verdict_study.report import SCHEMA, markdown, write_docs
from benchmarks.verdict_study.requirements import requirements
from benchmarks.verdict_study.slices import RawBlocks
from benchmarks.verdict_study.summary import summarise

TRACES = "noise.json.gz"


def again(chosen: argparse.Namespace) -> int:
    """Make each verdict again from the slices."""
    gates, blocks, wrong = recompute(chosen.raw)
    for one in wrong:
        print(f"{one.where}: written {one.written!r}, recomputed {one.recomputed!r}")
    print(f"{gates:,} verdicts made again from {blocks:,} blocks: {len(wrong)} differ")
    if not gates:
        raise rawfiles.RawFileError(f"{chosen.raw}: no verdicts")
    return 1 if wrong else 0


def table(chosen: argparse.Namespace) -> int:
    """Write what a run found to the results, and the results into the docs."""
    if chosen.check:
        same = write_docs(chosen.results, chosen.docs, check=True)
        print("the docs show the stored results" if same else "the docs do not show the stored results")
        return 0 if same else 1
    if chosen.raw:
        summary = summarise(rawfiles.read_all(chosen.raw))
        write(chosen.results / "summary.json", summary)
        _write_traces(chosen.results / TRACES, traces_of(chosen.raw))
        rows = [(one.what, one.measured, str(one.holds)) for one in requirements(summary)]
        print(markdown(("must hold", "found", "holds"), rows), end="")
    write_docs(chosen.results, chosen.docs)
    return 0


def others(chosen: argparse.Namespace) -> int:
    """Hold other rules against the gates of a run."""
    processes = list(rawfiles.read_all(chosen.raw))
    lines = alternatives.compare(processes)
    found = {
        "lines": [asdict(one) | {"text": one.text} for one in lines],
        "coverage": [asdict(one) for one in alternatives.coverage()],
        "isolated": [asdict(one) for one in alternatives.isolated_rules(processes)],
    }
    write(chosen.results / "alternatives.json", found)
    write_docs(chosen.results, chosen.docs)
    for one in lines:
        print(f"{one.rule:50s} {one.about:32s} {one.situation:7s} {one.text}  {one.more}")
    for made in (*found["coverage"], *found["isolated"]):
        print(made)
    return 0


def simulate(chosen: argparse.Namespace) -> int:
    """Simulate the errors of the rule; exit code 1 where more is seen than is promised."""
    recorded = read_traces(chosen.results / TRACES)
    found, over = [], []
    for truth, name, noise, promised in simulation.cases(recorded):
        for rule in simulation.RULES:
            one = simulation.simulate(truth, name, noise, promised, rule, chosen.streams)
            found.append(one)
            wrong = one.exceeds
            over += [one] if wrong else []
            print(
                f"{truth:13s} {name:32s} {rule:5s} fails {one.fails:6,}  holds {one.holds:7,}"
                + ("  MORE THAN PROMISED" if wrong else ""),
                flush=True,
            )
    exact = simulation.exact_errors()
    print(f"exactly, on the limit: {exact}")
    if chosen.streams >= simulation.STREAMS:
        write(
            chosen.results / "simulation.json",
            {"exact": exact, "simulated": [one.to_plain() for one in found]},
        )
        write_docs(chosen.results, chosen.docs)
    return 1 if over else 0


def write(path: Path, found: Mapping[str, Any]) -> None:
    """Write results; floats with six digits, so that a file says no more than it knows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_rounded({"schema": SCHEMA, **found}), indent=1) + "\n", encoding="utf-8")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, (list, tuple)) else value


def traces_of(folder: Path) -> dict[str, NDArray[np.float64]]:
    """Return the longest recorded disturbance of each kind and situation: blocks of same code without their coin."""
    found: dict[str, NDArray[np.float64]] = {}
    for process in rawfiles.read_all(folder):
        for gate in process.gates:
            if gate.get("mode") == "noise":
                raw = RawBlocks.from_plain(gate["first"])
                # The second and third slice against the first and the last: the coin says which arm these were.
                baseline_first = np.array([order[0] == 0 for order in raw.roles()])
                trace = np.where(baseline_first, 1.0, -1.0) * np.array(raw.xs())
                name = f"{gate['kind']}, {process.situation}"
                if len(trace) > len(found.get(name, ())):
                    found[name] = trace
    return dict(sorted(found.items()))


def _write_traces(path: Path, traces: Mapping[str, NDArray[np.float64]]) -> None:
    # Whole millionths: two digits below what any rule looks at.
    plain = {name: np.round(trace * 1e6).astype(int).tolist() for name, trace in traces.items()}
    path.write_bytes(gzip.compress(json.dumps(plain, separators=(",", ":")).encode(), mtime=0))


def read_traces(path: Path) -> dict[str, NDArray[np.float64]]:
    """Return the recorded disturbances that were stored; none where nothing was."""
    if not path.exists():
        return {}
    plain = json.loads(gzip.decompress(path.read_bytes()))
    return {name: np.array(values) * 1e-6 for name, values in plain.items()}
