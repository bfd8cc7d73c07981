"""Fresh processes of the study: what the plugin's children do, without a run of pytest around it.

The same request, the same measurement, the same answer, the same ballast and hash seed; only the arms come from the
study instead of a test. The peer ``whole`` (:mod:`benchmarks.verdict_study.peers`) takes the long way, and says how
long it takes.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.verdict_study.neighbours import ROOT
from pytest_genesis_perf.child_process import run_child
from pytest_genesis_perf.child_request import Request, read_answer
from pytest_genesis_perf.children import MOST_BALLAST, Answer, child_environment

TIMEOUT = 300.0


@dataclass(frozen=True)
class Cell:
    """What a gate compares, and how.

    Parameters
    ----------
    kind : str
        Of :data:`benchmarks.verdict_study.arms.KINDS`.
    variant : str
        Of :data:`benchmarks.verdict_study.arms.VARIANTS`.
    mode : str
        Of :data:`benchmarks.verdict_study.gates.MODES`.
    """

    kind: str
    variant: str
    mode: str = "plain"

    @property
    def label(self) -> str:
        """For people."""
        return f"{self.kind}, {self.variant}, {self.mode}"


@dataclass
class FreshProcesses:
    """Asks fresh processes about one cell, and keeps their raw slices.

    Parameters
    ----------
    cell : Cell
        What they measure.
    budget, cap : float
        Seconds.

    Attributes
    ----------
    kept : list of dict
        What each of them wrote.
    """

    cell: Cell
    budget: float
    cap: float
    kept: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, request: Request) -> Answer:
        """Run one process to its end.

        Parameters
        ----------
        request : Request
            What to measure.
        """
        with tempfile.TemporaryDirectory(prefix="verdict-study-") as name:
            folder = Path(name)
            answer, asked, raw = folder / "answer.json", folder / "request.json", folder / "raw.json"
            reading, writing = os.pipe() if os.name == "posix" else (None, None)
            try:
                replace(
                    request, answer=str(answer), ballast=secrets.randbelow(MOST_BALLAST), lifeline=reading
                ).write(asked)
                command = [sys.executable, "-m", "benchmarks.verdict_study.child", str(asked), str(raw)]
                command += [self.cell.kind, self.cell.variant, str(self.budget), str(self.cap)]
                ended = run_child(
                    command,
                    cwd=ROOT,
                    environment=child_environment(),
                    timeout=TIMEOUT,
                    keep_open=() if reading is None else (reading,),
                )
            finally:
                for descriptor in (reading, writing):
                    if descriptor is not None:
                        os.close(descriptor)
            if ended.code != 0:
                fault = "its time was up" if ended.code is None else f"exit code {ended.code}:\n{ended.tail}"
                self.kept.append({"fault": fault})
                return Answer((), fault)
            self.kept.append(json.loads(raw.read_text(encoding="utf-8")))
            return Answer(tuple(read_answer(answer)))
