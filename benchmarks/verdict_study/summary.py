"""What a run found: counts with their bounds, an arm and a situation at a time."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.verdict_study.arms import SHORT
from benchmarks.verdict_study.bounds import lower, upper
from benchmarks.verdict_study.neighbours import SITUATIONS
from benchmarks.verdict_study.plan import SAME_CODE
from benchmarks.verdict_study.rawfiles import Process
from benchmarks.verdict_study.slices import RawBlocks
from benchmarks.verdict_study.streams import LIMIT

VERDICT_MODES = ("plain", "isolated")


@dataclass
class Tally:
    """What became of gates of one kind.

    Attributes
    ----------
    gates : int
        How many.
    processes : Counter of str
        How many gates each process ran: the unit of every bound.
    alarms, failures, inconclusive : list of str
        The process of each gate whose first stage failed, whose test failed, that was not decided.
    first, whole : list of float
        Seconds of the first stage, and of failing verdicts with their confirmation.
    """

    gates: int = 0
    processes: Counter[str] = field(default_factory=Counter)
    alarms: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    inconclusive: list[str] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)

    def add(self, process: str, gate: dict[str, Any]) -> None:
        """Count a gate that was judged."""
        self.gates += 1
        self.processes[process] += 1
        failed = gate["effect"] == "fail"
        if gate.get("state") == "fails":
            self.alarms.append(process)
        if failed:
            self.failures.append(process)
        if gate["verdict"] == "INCONCLUSIVE":
            self.inconclusive.append(process)
        if "first_seconds" in gate:
            self.first.append(gate["first_seconds"])
        if failed:
            self.whole.append(gate.get("first_seconds", 0.0) + gate["fresh_seconds"])

    def to_plain(self) -> dict[str, Any]:
        """Return counts, bounds and times."""
        processes = len(self.processes)
        found: dict[str, Any] = {"gates": self.gates, "processes": processes}
        for name in ("alarms", "failures", "inconclusive"):
            where: list[str] = getattr(self, name)
            hit = len(set(where))
            found[name] = len(where)
            found[f"{name}_processes"] = hit
            # Gates of one process share its layout: only processes are independent of each other.
            found[f"{name}_bound"] = upper(hit, processes)
        # A process found a slowdown if all its gates did.
        failed = Counter(self.failures)
        found["found_processes"] = sum(failed[one] == count for one, count in self.processes.items())
        found["found_bound"] = lower(found["found_processes"], processes)
        found["first_median"] = statistics.median(self.first) if self.first else None
        found["first_p95"] = quantile(self.first, 0.95) if self.first else None
        found["whole_median"] = statistics.median(self.whole) if self.whole else None
        found["whole_max"] = max(self.whole) if self.whole else None
        return found


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least a share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summarise(processes: Iterable[Process]) -> dict[str, Any]:
    """Return what a run found, as scalars, lists and dicts.

    Parameters
    ----------
    processes : iterable of Process
        All files of a run.
    """
    cells: dict[tuple[str, ...], Tally] = defaultdict(Tally)
    same_code: dict[tuple[str, ...], Tally] = defaultdict(Tally)
    sizes: dict[tuple[str, str], list[float]] = defaultdict(list)
    apart: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    tools: dict[tuple[str, str, str, str], list[dict[str, Any]]] = defaultdict(list)
    seen: dict[str, list[dict[str, Any]]] = defaultdict(list)
    groups: dict[str, int] = defaultdict(int)
    heads: list[dict[str, Any]] = []
    for process in processes:
        groups[process.group] += 1
        heads.append(process.head)
        for gate in process.gates:
            if gate.get("disturbance"):
                seen[process.situation].append(gate["disturbance"])
            if "tool" in gate:
                if "missing" not in gate:
                    tool = (gate["tool"], process.situation, gate["kind"], gate["variant"])
                    tools[tool].append({**gate, "process": process.name})
            elif gate["mode"] in VERDICT_MODES:
                key = (process.situation, gate["kind"], gate["variant"], gate["mode"])
                cells[key].add(process.name, gate)
                if gate["variant"] in SAME_CODE:
                    same_code[process.situation, gate["kind"], "same code", gate["mode"]].add(
                        process.name, gate
                    )
                    if gate["mode"] == "plain":
                        length = "short" if gate["kind"] in SHORT else "long"
                        same_code["all", f"all {length}", "same code", "plain"].add(process.name, gate)
            elif gate["mode"] in ("side by side", "in turns"):
                xs = RawBlocks.from_plain(gate["first"]).xs()
                apart[gate["kind"], gate["mode"], process.situation] += xs
            elif gate["mode"] == "size":
                xs = RawBlocks.from_plain(gate["first"]).xs()
                sizes[gate["kind"], gate["variant"]].append(statistics.median(xs))
    names = ("situation", "kind", "variant", "mode")
    return {
        "machine": _machine(heads),
        "situations": {name: _disturbed(seen[name]) for name in SITUATIONS if name in seen},
        "processes": dict(sorted(groups.items())),
        "cells": [dict(zip(names, key, strict=True)) | one.to_plain() for key, one in _sorted(cells)],
        "same_code": [dict(zip(names, key, strict=True)) | one.to_plain() for key, one in _sorted(same_code)],
        "sizes": [_size(*key, xs) for key, xs in sorted(sizes.items())],
        "apart": [_apart(*key, xs) for key, xs in sorted(apart.items())],
        "tools": [_tool(*key, rows) for key, rows in sorted(tools.items())],
    }


def _sorted(tallies: dict[tuple[str, ...], Tally]) -> list[tuple[tuple[str, ...], Tally]]:
    """Return tallies by kind, mode and variant, and each through the situations."""
    places = {name: place for place, name in enumerate(SITUATIONS)}

    def place(pair: tuple[tuple[str, ...], Tally]) -> tuple[object, ...]:
        situation, kind, variant, mode = pair[0]
        return kind, mode, variant, places.get(situation, -1)

    return sorted(tallies.items(), key=place)


def _machine(heads: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what all processes say of the machine; several values where they differ."""
    told = {}
    for name in ("python", "machine", "cores", "numpy", "numba"):
        values = sorted({str(head[name]) for head in heads})
        told[name] = ", ".join(values)
    return told


def _disturbed(seen: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    """Return the median of what each gate saw of the machine; what a system does not tell is left out."""
    found: dict[str, float | None] = {}
    for name in ("load", "cpu_share", "steal_share"):
        told = [one[name] for one in seen if one[name] is not None]
        found[name] = statistics.median(told) if told else None
    return found


def _size(kind: str, variant: str, medians: Sequence[float]) -> dict[str, Any]:
    ratios = sorted(math.exp(x) for x in medians)
    return {
        "kind": kind,
        "variant": variant,
        "processes": len(ratios),
        "lowest": ratios[0],
        "median": statistics.median(ratios),
        "highest": ratios[-1],
    }


def _apart(kind: str, mode: str, situation: str, xs: Sequence[float]) -> dict[str, Any]:
    """Return how far pairs of identical arms lie apart."""
    return {
        "kind": kind,
        "mode": mode,
        "situation": situation,
        "pairs": len(xs),
        "deviation": statistics.pstdev(xs),
        "median": statistics.median(map(abs, xs)),
        "beyond": sum(x >= LIMIT for x in xs),
    }


def _tool(
    tool: str, situation: str, kind: str, variant: str, rows: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    seconds = [row["seconds"] for row in rows]
    failed = sum(row["failed"] for row in rows)
    return {
        "tool": tool,
        "situation": situation,
        "kind": kind,
        "variant": variant,
        "runs": len(rows),
        "failed": failed,
        "failed_bound": upper(failed, len(rows)),
        "inconclusive": sum(row.get("inconclusive", False) for row in rows),
        "seconds_median": statistics.median(seconds),
        "seconds_max": max(seconds),
    }


def pooled(cells: Iterable[dict[str, Any]], **wanted: object) -> dict[str, float]:
    """Add up the counts of all cells that have the wanted values (or one of several).

    Parameters
    ----------
    cells : iterable of dict
        Of a summary.
    **wanted : object
        A value or a tuple of values of ``situation``, ``kind``, ``variant``, ``mode``.
    """
    chosen = list(select(cells, **wanted))
    return {
        name: sum(one[name] for one in chosen) for name in ("gates", "alarms", "failures", "inconclusive")
    }


def select(cells: Iterable[dict[str, Any]], **wanted: object) -> Iterable[dict[str, Any]]:
    """Return the cells that have the wanted values (or one of several)."""
    for one in cells:
        if all(one[k] in v if isinstance(v, tuple) else one[k] == v for k, v in wanted.items()):
            yield one
