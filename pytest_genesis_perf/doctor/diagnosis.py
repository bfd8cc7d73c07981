"""The doctor's whole work: measure, read, conclude."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TextIO

from pytest_genesis_perf.doctor.advice import Advice, advise
from pytest_genesis_perf.doctor.findings import Findings, Fitness, conclude
from pytest_genesis_perf.doctor.pairs import Drawn, draw, kinds
from pytest_genesis_perf.doctor.readings import Readings
from pytest_genesis_perf.doctor.watch import MachineWatch
from pytest_genesis_perf.environment import DEFAULT_LIBRARIES, EnvironmentClass, current

SECONDS = 20.0
LEAST_SECONDS = 1.0
MOST_SECONDS = 3600.0
BUDGET = 4.0
"""What one comparison may take by default."""
SECONDS_RULE = f"a number of seconds from {LEAST_SECONDS:g} to {MOST_SECONDS:g}"
_SHOWN_EVERY = 0.5
_WIDTH = 79


@dataclass(frozen=True)
class Diagnosis:
    """All that the doctor says.

    Parameters
    ----------
    asked_seconds : float
        How long it was to measure.
    budget : float
        What one comparison may take, in seconds.
    seed : int
        Seed of the coins.
    environment : EnvironmentClass
        Where.
    drawn : Drawn
        The blocks.
    findings : Findings
        What follows from them.
    readings : Readings
        What was read of the machine meanwhile.
    advice : tuple of Advice
        What to change.
    """

    asked_seconds: float
    budget: float
    seed: int
    environment: EnvironmentClass
    drawn: Drawn
    findings: Findings
    readings: Readings
    advice: tuple[Advice, ...]

    @property
    def told(self) -> bool:
        """Whether there is anything to tell: Ctrl-C may come before there is."""
        return not (self.drawn.interrupted and self.findings.verdict.fitness is Fitness.UNKNOWN)


def valid_seconds(seconds: float) -> bool:
    """Say whether the doctor can measure so long."""
    return LEAST_SECONDS <= seconds <= MOST_SECONDS


def new_seed() -> int:
    """Return a seed that no run had before."""
    return int.from_bytes(os.urandom(4), "big")


def examine(
    seconds: float,
    seed: int,
    *,
    budget: float = BUDGET,
    libraries: tuple[str, ...] = DEFAULT_LIBRARIES,
    progress: TextIO | None = None,
) -> Diagnosis:
    """Measure this machine, and say what it is good for.

    Parameters
    ----------
    seconds : float
        How long to measure.
    seed : int
        Seed of the coins.
    budget : float, optional
        What one comparison may take, in seconds.
    libraries : tuple of str, optional
        Libraries in the key of the environment class.
    progress : file, optional
        Where to tell how far it is, if that is a terminal; standard error by default.
    """
    arms = kinds()
    line = _Line(sys.stderr if progress is None else progress)
    watch = MachineWatch()

    def tell(passed: float, what: str) -> None:
        watch.during(passed)
        line.show(passed, f"genesis-perf doctor: {passed:.0f} of {seconds:g} s, {what}")

    try:
        drawn = draw(arms, seconds, str(seed), tell=tell)
    finally:
        line.clear()
    readings = watch.seen()
    return Diagnosis(
        asked_seconds=seconds,
        budget=budget,
        seed=seed,
        environment=current(libraries),
        drawn=drawn,
        findings=conclude(drawn.series, budget, readings.tracer),
        readings=readings,
        advice=advise(readings),
    )


class _Line:
    """One line of a terminal that is replaced, and gone at the end; no thread of its own disturbs the measurement."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream if stream.isatty() else None
        self._next = 0.0
        self._shown = False

    def show(self, passed: float, text: str) -> None:
        if self._stream is not None and passed >= self._next:
            self._next = passed + _SHOWN_EVERY
            self._shown = True
            self._stream.write(f"\r{text[:_WIDTH]:<{_WIDTH}}")
            self._stream.flush()

    def clear(self) -> None:
        if self._stream is not None and self._shown:
            self._stream.write(f"\r{'':<{_WIDTH}}\r")
            self._stream.flush()
