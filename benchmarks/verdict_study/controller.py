"""Starts the processes of a run one after the other, each beside the neighbours of its situation."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.verdict_study import rawfiles
from benchmarks.verdict_study.gates import BUDGET, CAP
from benchmarks.verdict_study.neighbours import ROOT, SituationError, situation
from benchmarks.verdict_study.plan import GROUPS, Turn, turns
from pytest_genesis_perf.child_process import run_child
from pytest_genesis_perf.children import child_environment

WORKER_SECONDS = 3_600.0
"""A process that takes longer hangs."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """What to run.

    Parameters
    ----------
    out : Path
        Folder of the raw files.
    rounds : int
        How many.
    groups, situations : sequence of str
        Which.
    minutes : float
        After so many no process is started any more.
    budget, cap : float
        Seconds of a comparison.
    times : int
        How often each cell in a process; 0 for what the plan says.
    """

    out: Path
    rounds: int
    groups: Sequence[str]
    situations: Sequence[str]
    minutes: float = float("inf")
    budget: float = BUDGET
    cap: float = CAP
    times: int = 0


def run(wanted: Wanted, say: Say) -> int:
    """Run what is not there yet; return how many processes could not do their work.

    Parameters
    ----------
    wanted : Wanted
        What to run.
    say : callable
        Is told a line for each process.
    """
    end = time.monotonic() + 60.0 * wanted.minutes
    planned = list(turns(wanted.rounds, wanted.groups, wanted.situations))
    missing = [turn for turn in planned if not _path(wanted, turn).exists()]
    say(f"{len(planned) - len(missing)} of {len(planned)} processes are there already")
    faults = 0
    for number, turn in enumerate(missing, 1):
        if time.monotonic() >= end:
            say(f"stopped after {wanted.minutes:g} minutes; {len(missing) - number + 1} processes are left")
            break
        began = time.monotonic()
        fault = _one(wanted, turn)
        faults += bool(fault)
        told = fault or _told(_path(wanted, turn))
        took = time.monotonic() - began
        say(
            f"[{number}/{len(missing)}] round {turn.round}, {turn.situation}, {turn.group}: {took:.0f} s: {told}"
        )
    return faults


def _path(wanted: Wanted, turn: Turn) -> Path:
    return rawfiles.path_of(wanted.out, turn.round, turn.situation, turn.group)


def _one(wanted: Wanted, turn: Turn) -> str:
    """Run one process; return why it could not do its work."""
    path = _path(wanted, turn)
    arguments = [turn.group, turn.situation, str(path.resolve())]
    if turn.group in GROUPS:
        module = "benchmarks.verdict_study.worker"
        arguments += [str(wanted.budget), str(wanted.cap), str(wanted.times)]
    else:
        module = "benchmarks.verdict_study.peers"
    try:
        with situation(turn.situation):
            ended = run_child(
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                environment=child_environment(),
                timeout=WORKER_SECONDS,
            )
    except SituationError as fault:
        # What was measured beside neighbours that were not there is not kept.
        path.unlink(missing_ok=True)
        return f"FAULT: {fault}"
    if ended.code != 0:
        return f"FAULT: exit code {ended.code}\n{ended.tail}"
    return ""


def _told(path: Path) -> str:
    process = rawfiles.read(path)
    found = Counter(gate["verdict"] for gate in process.gates if "verdict" in gate)
    verdicts = ", ".join(f"{count} {name}" for name, count in sorted(found.items()))
    return f"{len(process.gates)} rows" + (f": {verdicts}" if verdicts else "")
