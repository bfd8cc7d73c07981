"""Long arms side by side: two processes on one core, and the scheduler lets them take turns every millisecond or so.

A shared machine changes its speed in states that last from milliseconds to seconds. Two calls of 0.4 s, one after the
other, differed by 9% (standard deviation, identical arms, nobody else on this machine; 20% beside bursty neighbours):
no number of pairs that fits into some seconds resolves 2%. Run side by side on one core, both arms meet the same
states, and the same pairs differ by 0.3-0.8%, beside neighbours too. Time is each thread's own (:mod:`own_time`), so
that neither arm pays for the other's turns.

Both processes are copies (``fork``) of this one and can run either arm. A block is two pairs, for the second of which
they exchange the arms: what differs between the processes for good cancels. A coin decides which pair comes first, so
that the signs of identical arms are fair.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import warnings
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from multiprocessing.connection import Connection
from random import Random
from typing import Any

from pytest_genesis_perf.arms import (
    ROLES,
    Arm,
    ArmRaisedError,
    LastCalls,
    NoAnswerError,
    NotComparableError,
    SideBySideError,
    running,
)
from pytest_genesis_perf.evidence import Unstable
from pytest_genesis_perf.own_time import OwnClock
from pytest_genesis_perf.prepared import PreparedArm
from pytest_genesis_perf.timing import sweep_young, time_calls

_STOP_SECONDS = 1.0
LEAST_PATIENCE = 60.0
"""Seconds to make inputs, and to make the last calls and compare what they return: not known before."""
MANY_CALLS, SWEEPS = 64, 16
"""A slice of more calls is timed in so many parts, garbage collected between them."""
PR_SET_PDEATHSIG = 1
HINT = (
    "(in a copy of the process, while the other arm ran; side_by_side=False where the arms must not run so)"
)
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
    last_calls : callable or None
        What :meth:`last` calls.
    patience : float
        Seconds in which each process must have called both arms once.

    Raises
    ------
    SideBySideError
        If processes cannot be made or kept on one core, or one of them does not get through its first calls.
    """

    def __init__(
        self, arms: tuple[Arm, Arm], seed: str, last_calls: LastCalls | None, patience: float
    ) -> None:
        self._lines: list[Connection] = []
        self._processes: list[Any] = []
        self._last_calls = last_calls
        core = Random(f"{seed} core").choice(sorted(os.sched_getaffinity(0)))
        with ExitStack() as unfinished:
            unfinished.callback(self.stop, at_once=True)
            for _ in arms:
                self._copy(arms, core, last_calls)
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

    def _copy(self, arms: tuple[Arm, Arm], core: int, last_calls: LastCalls | None) -> None:
        fork: Any = multiprocessing.get_context("fork")
        filters = list(warnings.filters)
        try:
            here, there = multiprocessing.Pipe()
            self._lines.append(here)
            # A daemon: if this process is ended in an orderly way, so is the copy.
            given = (there, self._lines, arms, core, last_calls, filters)
            copy = fork.Process(target=_serve, args=given, daemon=True)
            with warnings.catch_warnings():
                # Python 3.12 warns of copies beside threads: one that hangs for it is found by its first calls.
                warnings.simplefilter("ignore", DeprecationWarning)
                copy.start()
        except (OSError, AssertionError) as error:  # the latter inside a daemon of multiprocessing
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
        NoAnswerError, SideBySideError
            If a process did not answer in time, or died.
        """
        try:
            self._ask("renew", tasks)
            self._answers(max(seconds, LEAST_PATIENCE))
            self._ask("run", tasks)
            first, second = self._answers(seconds)
        except (ArmRaisedError, NotComparableError) as error:
            raise type(error)(f"{error}\n{HINT}") from error
        return first, second

    def last(self, seconds: float) -> Unstable | None:
        """Return what the last calls, made in the first process, found; made here once a process did not answer.

        Parameters
        ----------
        seconds : float
            When to give up.
        """
        if not self._lines:
            return self._last_calls() if self._last_calls else None
        with suppress(BrokenPipeError, ConnectionResetError):  # said by _answer
            self._lines[0].send(("last", 0, 0))
        found: Unstable | None = self._answer(0, max(seconds, LEAST_PATIENCE))
        return found

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
                # What it may still answer would be taken for the answer to the next question.
                self.stop(at_once=True)
                raise NoAnswerError(f"a process that runs an arm did not answer within {seconds:.3g} s")
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
    line: Connection,
    parents: list[Connection],
    arms: tuple[Arm, Arm],
    core: int,
    last_calls: LastCalls | None,
    filters: list[Any],
) -> None:
    """Be one of the two processes: do what is asked for until nobody asks any more."""
    for one in parents:
        # Held open here, the other copy would not notice that the parent is gone.
        one.close()
    _die_with_parent()
    warnings.resetwarnings()
    warnings.filters[:] = filters  # type: ignore[index]
    with suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    os.sched_setaffinity(0, {core})
    # What was there at the copy is shared with the parent as long as nobody writes to it, the collector neither.
    gc.disable()
    gc.freeze()
    clock = OwnClock()
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            what, role, calls = line.recv()
            fault: Exception | None = None
            value: Unstable | int | None = None
            try:
                if what == "last":
                    value = last_calls() if last_calls else None
                else:
                    with running(ROLES[role]):
                        value = _run(arms[role], calls, clock, renew=what == "renew")
            except (ArmRaisedError, NotComparableError) as error:
                fault = error.with_traceback(None)
            line.send((fault, value))
            sweep_young()


def _run(arm: Arm, calls: int, clock: OwnClock, *, renew: bool) -> int:
    """Time calls of an arm, or make the inputs of the first one."""
    if not isinstance(arm, PreparedArm):
        return 0 if renew else _timed(arm, calls, clock)
    if renew:
        arm.renew()
        return 0
    return arm.time_each(calls, clock)


def _timed(arm: Arm, calls: int, clock: OwnClock) -> int:
    """Time calls; so many that cycles of all of them would fill the memory are swept up after in between."""
    if calls <= MANY_CALLS:
        return time_calls(arm, calls, clock)
    total = 0
    for piece in range(SWEEPS):
        total += time_calls(arm, calls * (piece + 1) // SWEEPS - calls * piece // SWEEPS, clock)
        sweep_young()
    return total


def _die_with_parent() -> None:
    """Have the kernel end this process when its parent ends: it may hang in a call, where it sees no pipe."""
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != multiprocessing.parent_process().pid:  # type: ignore[union-attr]
        os._exit(1)
