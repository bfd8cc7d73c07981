"""Children that compete: started with the same candles, checked against each other, then timed in turn."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from benchmarks.figures import WrongResultError
from benchmarks.timing import ROOT
from genesis_core import Candles

CONTENDERS = Path(__file__).parent / "contenders"
ONE_CORE = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")


class MissingError(Exception):
    """A contender cannot run here; the message is one line that says why."""


@dataclass(frozen=True)
class Entrant:
    """Somebody who may compete.

    Parameters
    ----------
    key : str
        Short name, for figures.
    script : str
        Its file under ``benchmarks/contenders``.
    python : str
        The interpreter of its environment.
    options : tuple of str
        For the script.
    """

    key: str
    script: str
    python: str
    options: tuple[str, ...] = ()


@dataclass
class Contender:
    """A running child.

    Parameters
    ----------
    entrant : Entrant
        Who.
    candles : Path
        The file of the candles.
    """

    entrant: Entrant
    candles: Path
    sets: Path | None = None
    told: dict[str, Any] = field(init=False)

    def __enter__(self) -> Contender:
        one = self.entrant
        call = [one.python, str(CONTENDERS / one.script), str(self.candles), *one.options]
        if self.sets is not None:
            call += ["--sets", str(self.sets)]
        environment = os.environ | dict.fromkeys(ONE_CORE, "1") | {"PYTHONPATH": str(ROOT)}
        # Errors go to a file: a full pipe would stop the child.
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")
        try:
            self._child = subprocess.Popen(
                call,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                env=environment,
            )
        except OSError as fault:
            self._errors.close()
            raise MissingError(f"{one.key}: {one.python} cannot be run: {fault.strerror}") from None
        with ExitStack() as unready:
            unready.callback(self._end)
            self.told = self._read()
            unready.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        child = self._child
        if child.poll() is None:
            child.terminate()
        child.wait()
        for pipe in (child.stdin, child.stdout, self._errors):
            if pipe is not None:
                pipe.close()

    @property
    def name(self) -> str:
        """Name and version."""
        return f"{self.told['name']} {self.told['version']}"

    def ask(self, what: str) -> dict[str, Any]:
        """Send one line and return the answer."""
        assert self._child.stdin is not None
        self._child.stdin.write(what + "\n")
        self._child.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            self._child.wait()
            self._errors.seek(0)
            last = self._errors.read().strip().splitlines()[-1:] or ["no message"]
            raise WrongResultError(f"{self.entrant.key}: its process ended: {last[0]}")
        answer: dict[str, Any] = json.loads(line)
        if "missing" in answer:
            raise MissingError(f"{self.entrant.key} ({self.entrant.python}): {answer['missing']}")
        return answer


@contextmanager
def contest(
    entrants: Sequence[Entrant],
    candles: Candles,
    sets: Sequence[tuple[int, int, float]] | None = None,
) -> Iterator[tuple[list[Contender], list[str]]]:
    """Start all entrants on the same candles.

    Yields
    ------
    contenders : list of Contender
        Those that run, in order; our own is the first.
    notes : list of str
        One line for each that cannot run here.
    """
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        file = Path(folder) / "candles.npz"
        names = ("timestamp", "open", "high", "low", "close", "volume")
        np.savez(file, **{name: getattr(candles, name) for name in names})
        listed = None
        if sets is not None:
            listed = Path(folder) / "sets.json"
            listed.write_text(json.dumps(list(sets)), encoding="utf-8")
        running = []
        for entrant in entrants:
            try:
                running.append(stack.enter_context(Contender(entrant, file, listed)))
            except MissingError as fault:  # noqa: PERF203
                notes.append(f"left out: {fault}")
        yield running, notes


def race(contenders: Sequence[Contender], rounds: int) -> dict[str, list[Mapping[str, float | None]]]:
    """Time all contenders once a round, every other round in reverse order; return the answers by key."""
    answers: dict[str, list[Mapping[str, float | None]]] = {one.entrant.key: [] for one in contenders}
    for number in range(rounds):
        for one in contenders if number % 2 == 0 else reversed(contenders):
            answers[one.entrant.key].append(one.ask("time"))
    return answers
