"""One gate of the study: the product's own measurement, confirmation and verdict, with the raw slices kept."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from time import perf_counter, perf_counter_ns
from typing import Any

from benchmarks.verdict_study.arms import KINDS, VARIANTS
from benchmarks.verdict_study.asking import Cell, FreshProcesses
from benchmarks.verdict_study.slices import raw_blocks
from pytest_genesis_perf.arms import Arm
from pytest_genesis_perf.confirm import Confirmation, Suspicion
from pytest_genesis_perf.evidence import Claim, Evidence
from pytest_genesis_perf.first_calls import FirstCalls
from pytest_genesis_perf.measure import measure, measure_asked
from pytest_genesis_perf.measurement import Asked, Measurement, Pair, Terms
from pytest_genesis_perf.observe import Observation
from pytest_genesis_perf.pending import Pending
from pytest_genesis_perf.statistics import ClaimState
from pytest_genesis_perf.timing import time_calls
from pytest_genesis_perf.verdict import decide

BUDGET, CAP = 4.0, 60.0
"""The defaults of the plugin, in seconds."""
NODEID = "study::gate"
LONG_SLICE_SECONDS = 0.002
"""Of the slices that were rejected."""
SEQUENTIAL_SECONDS = 0.25
"""Each arm, one after the other: what was rejected too."""
NOT_COMPARED = FirstCalls((None, None), ("", ""))
"""What the arms return is not looked at: one that does more work returns something else."""


@dataclass(frozen=True)
class Setting:
    """What holds for all gates of a process.

    Parameters
    ----------
    budget, cap : float
        Seconds a comparison may take.
    """

    budget: float = BUDGET
    cap: float = CAP


def arms_of(cell: Cell) -> tuple[Arm, Arm]:
    """Make the arms of a cell, and call each once as a comparison does."""
    baseline, optimized = KINDS[cell.kind].arms(VARIANTS[cell.variant])
    baseline()
    optimized()
    return baseline, optimized


def plain(cell: Cell, setting: Setting) -> dict[str, Any]:
    """Judge a cell in this process, and have a failing claim confirmed by fresh ones."""
    pair = _pair(cell)
    began = perf_counter()
    measured = measure(pair, Terms(Claim(), None, setting.budget, setting.cap))
    seconds = perf_counter() - began
    row = {
        "first": raw_blocks(measured, pair.seed).to_plain(),
        "state": measured.claim.value,
        "reason": measured.reason,
        "first_seconds": seconds,
        "disturbance": asdict(measured.disturbance) if measured.disturbance else None,
    }
    evidence = Evidence(
        asked=Claim(),
        claim=measured.claim,
        interval=measured.interval,
        inconclusive_reason=measured.reason,
    )
    suspicion = Suspicion.CLAIM_FAILS if measured.claim is ClaimState.FAILS else None
    return row | _verdict(cell, setting, Observation(evidence, NOT_COMPARED, measured, suspicion))


def isolated(cell: Cell, setting: Setting) -> dict[str, Any]:
    """Judge a cell by fresh processes alone."""
    seen = Observation(Evidence(asked=Claim()), NOT_COMPARED, None, Suspicion.ISOLATED)
    return _verdict(cell, setting, seen)


def fixed(
    cell: Cell, setting: Setting, *, blocks: int, long_blocks: int, side_by_side: bool = True
) -> dict[str, Any]:
    """Measure so many blocks, and judge nothing."""
    pair = replace(_pair(cell), side_by_side=side_by_side)
    measured = measure_asked(pair, Asked(blocks, long_blocks, None, setting.budget, setting.cap))
    return {"first": raw_blocks(measured, pair.seed).to_plain()}


def long_slices(cell: Cell, setting: Setting) -> dict[str, Any]:
    """Judge a cell by slices of 2 ms instead of 100 us, in one process."""
    baseline, optimized = arms_of(cell)
    seconds = time_calls(baseline, 100, perf_counter_ns) * 1e-11
    calls = max(1, round(LONG_SLICE_SECONDS / seconds))
    pair = _made(
        cell, partial(_repeat, baseline, calls), partial(_repeat, optimized, calls), side_by_side=False
    )
    began = perf_counter()
    measured = measure(pair, Terms(Claim(), None, setting.budget, setting.cap))
    return {
        "first": raw_blocks(measured, pair.seed).to_plain(),
        "state": measured.claim.value,
        "reason": measured.reason,
        "first_seconds": perf_counter() - began,
    }


def sequential(cell: Cell, setting: Setting) -> dict[str, Any]:
    """Time one arm, then the other: no pairs."""
    times = []
    clock = perf_counter_ns
    for arm in arms_of(cell):
        each = time_calls(arm, 100, clock) / 100.0
        calls = max(1, round(100_000.0 / each))
        count = max(10, round(SEQUENTIAL_SECONDS / (each * calls * 1e-9)))
        times.append([time_calls(arm, calls, clock) / calls for _ in range(count)])
    return {"baseline_ns": times[0], "optimized_ns": times[1]}


MODES: dict[str, Callable[[Cell, Setting], dict[str, Any]]] = {
    "plain": plain,
    "isolated": isolated,
    "long slices": long_slices,
    "sequential": sequential,
    "noise": partial(fixed, blocks=4_096, long_blocks=12),
    "size": partial(fixed, blocks=256, long_blocks=12),
    "side by side": partial(fixed, blocks=32, long_blocks=12),
    "in turns": partial(fixed, blocks=32, long_blocks=12, side_by_side=False),
}
"""How a cell is measured."""


def run_gate(cell: Cell, setting: Setting) -> dict[str, Any]:
    """Measure a cell, and return all that is kept of it."""
    began = perf_counter()
    row = MODES[cell.mode](cell, setting)
    return {**asdict(cell), **asdict(setting), **row, "seconds": perf_counter() - began}


def _pair(cell: Cell) -> Pair:
    return _made(cell, *arms_of(cell))


def _made(cell: Cell, baseline: Arm, optimized: Arm, *, side_by_side: bool = True) -> Pair:
    seed = secrets.token_hex(8)
    return Pair(NODEID, cell.label, baseline, optimized, seed, side_by_side=side_by_side)


def _repeat(arm: Arm, calls: int) -> None:
    for _ in range(calls):
        arm()


def _verdict(cell: Cell, setting: Setting, seen: Observation) -> dict[str, Any]:
    fresh: list[dict[str, Any]] = []
    found: Confirmation | None = None
    began = perf_counter()
    if seen.suspicion:
        asking = FreshProcesses(cell, setting.budget, setting.cap)
        seen, found = Pending(NODEID, cell.label, None, seen).ask_fresh(asking.ask, ())
        fresh = asking.kept
    outcome = decide(seen.evidence)
    judged: Measurement | None = seen.measurement
    return {
        "fresh": fresh,
        "fresh_seconds": perf_counter() - began if found else 0.0,
        "confirmed": found.reproduced if found else None,
        "why": found.why if found else "",
        "speedup": judged.speedup if judged else None,
        "verdict": str(outcome.verdict),
        "effect": outcome.failed_default,
        "row": outcome.row,
    }
