"""Long arms side by side: two processes on one core, and the scheduler lets them take turns every few milliseconds.

A shared machine changes its speed in states that last from milliseconds to seconds. Two calls of 0.4 s, one after the
other, differed by 9% (standard deviation, identical arms, nobody else on this machine; 20% beside bursty neighbours):
no number of pairs that fits into some seconds resolves 2%. Run side by side on one core, both arms meet the same
states, and the same pairs differ by 0.3-0.8%, beside neighbours too. Time is each thread's own (:mod:`own_time`), so
that neither arm pays for the other's turns.

Both processes are copies (``fork``) of this one and can run either arm. For each pair a coin decides which process runs
which: whatever differs between the two for good hits both arms alike, and the signs of identical arms are fair.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection
from random import Random
from typing import Any

from pytest_genesis_perf.arms import ROLES, Arm, ArmRaisedError, NotComparableError, SideBySideError, running
from pytest_genesis_perf.own_time import OwnClock
from pytest_genesis_perf.prepared import PreparedArm
from pytest_genesis_perf.timing import garbage_held, sweep_young, time_calls

Closing = Callable[[], Any]
"""Called in one of the processes after the last block; what it returns must be picklable."""
_STOP_SECONDS = 1.0
Tasks = Sequence[tuple[int, int]]
"""For each process the arm it runs (0 baseline, 1 optimized), and how often."""


class SideBySide:
    """Two copies of this process on one core.

    Parameters
    ----------
    arms : tuple of callable
        Baseline and optimized.
    seed : str
        Chooses the core.
    closing : callable or None
        What :meth:`close_with` calls.
    patience : float
        Seconds in which each process must have called both arms once.

    Raises
    ------
    SideBySideError
        If processes cannot be made or kept on one core, or one of them does not get through its first calls.
    """

    def __init__(self, arms: tuple[Arm, Arm], seed: str, closing: Closing | None, patience: float) -> None:
        self._lines: list[Connection] = []
        self._processes: list[Any] = []
        core = Random(f"{seed} core").choice(sorted(os.sched_getaffinity(0)))
        with ExitStack() as unfinished:
            unfinished.callback(self.stop, at_once=True)
            for _ in arms:
                self._copy(arms, core, closing)
            # Pages are copied when first written, caches filled. What a copy cannot do shows now: a lock that some
            # thread held, a device that knows only the process that opened it.
            for turn in (0, 1):
                self._ask("run", ((turn, 1), (1 - turn, 1)))
                try:
                    self._answers(patience)
                except (ArmRaisedError, NotComparableError) as error:
                    told = str(error).partition("\n")[0]
                    raise SideBySideError(f"in a copy of this process {told}") from error
            unfinished.pop_all()

    def _copy(self, arms: tuple[Arm, Arm], core: int, closing: Closing | None) -> None:
        here, there = multiprocessing.Pipe()
        self._lines.append(here)
        fork: Any = multiprocessing.get_context("fork")
        # A daemon: if this process is ended in an orderly way, so is the copy.
        copy = fork.Process(target=_serve, args=(there, self._lines, arms, core, closing), daemon=True)
        try:
            with warnings.catch_warnings():
                # Python 3.12 warns of copies beside threads: one that hangs for it is found by its first calls.
                warnings.simplefilter("ignore", DeprecationWarning)
                copy.start()
        except OSError as error:
            raise SideBySideError(f"no process could be made: {error}") from error
        self._processes.append(copy)
        there.close()

    def time(self, tasks: Tasks, seconds: float) -> tuple[int, int]:
        """Return the nanoseconds that both processes took for their tasks, run at the same time.

        Parameters
        ----------
        tasks : sequence of tuple of int
            Arm and number of calls of each process.
        seconds : float
            When to give up.

        Raises
        ------
        ArmRaisedError, NotComparableError
            If an arm raised.
        SideBySideError
            If a process died, or did not answer in time.
        """
        self._ask("renew", tasks)
        self._answers(seconds)
        self._ask("run", tasks)
        first, second = self._answers(seconds)
        return first, second

    def close_with(self, seconds: float) -> Any:
        """Return what the first process's `closing` returns."""
        self._lines[0].send(("close", 0, 0))
        return self._answer(0, seconds)

    def stop(self, *, at_once: bool = False) -> None:
        """End both processes, by force if they do not end by themselves."""
        for line in self._lines:
            line.close()
        for copy in self._processes:
            copy.join(0.0 if at_once else _STOP_SECONDS)
            if copy.is_alive():
                copy.kill()
                copy.join()
            copy.close()
        self._lines, self._processes = [], []

    def _ask(self, what: str, tasks: Tasks) -> None:
        for line, (role, calls) in zip(self._lines, tasks, strict=True):
            with suppress(BrokenPipeError, ConnectionResetError):  # said by _answer
                line.send((what, role, calls))

    def _answers(self, seconds: float) -> list[Any]:
        return [self._answer(number, seconds) for number in range(len(self._lines))]

    def _answer(self, number: int, seconds: float) -> Any:
        line = self._lines[number]
        try:
            if not line.poll(seconds):
                raise SideBySideError(f"a process that runs an arm did not answer within {seconds:.3g} s")
            fault, value = line.recv()
        except (EOFError, ConnectionResetError) as error:
            copy = self._processes[number]
            copy.join(_STOP_SECONDS)
            raise SideBySideError(
                f"a process that ran an arm ended with exit code {copy.exitcode}"
            ) from error
        if fault is not None:
            raise fault
        return value


def _serve(
    line: Connection, parents: list[Connection], arms: tuple[Arm, Arm], core: int, closing: Closing | None
) -> None:
    """Be one of the two processes: do what is asked for until nobody asks any more."""
    for one in parents:
        # Held open here, the other copy would not notice that the parent is gone.
        one.close()
    with suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    os.sched_setaffinity(0, {core})
    clock = OwnClock()
    with garbage_held(), suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            what, role, calls = line.recv()
            arm = arms[role]
            fault, value = None, None
            try:
                if what == "close":
                    value = closing() if closing else None
                else:
                    with running(ROLES[role]):
                        if what == "run":
                            value = time_calls(arm, calls, clock)
                        elif isinstance(arm, PreparedArm):
                            arm.renew()
            except (ArmRaisedError, NotComparableError) as error:
                fault = error.with_traceback(None)
            line.send((fault, value))
            sweep_young()
