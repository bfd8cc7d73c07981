"""Where trials run: here, in worker processes, on a Dask cluster, or on any executor. None of them changes a result."""

from __future__ import annotations

import os
import pickle
import re
import signal
import tempfile
import warnings
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from enum import Enum
from importlib.util import find_spec
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread
from typing import Protocol

from genesis_core.errors import SearchError
from genesis_core.optimize.evaluate import Outcome, Task, evaluate, evaluate_stored
from genesis_core.optimize.sampling import Parameters


class Lost(Enum):
    """Why trials came back without an outcome."""

    BY_ITSELF = "by itself"
    """Their worker died of them, or was killed."""
    WITH_OTHERS = "with others"
    """One of all that were running did it."""
    WITHOUT_FAULT = "without fault"
    """Nothing can be said against them: the connection is gone."""


class Backend(Protocol):
    """Runs trials somewhere."""

    @property
    def workers(self) -> int:
        """How many run at the same time."""

    def submit(self, trials: Sequence[Parameters], seconds: float | None) -> Future[list[Outcome]]:
        """Begin trials; their worker ends after so many seconds."""

    def lost(self, fault: BaseException) -> Lost | None:
        """Say what a fault of :meth:`submit`'s future means; None if it is a mistake of this program's."""

    def ran_out_of_time(self) -> bool:
        """Say whether what was lost last may have been ended by its time limit."""

    def restart(self) -> None:
        """Begin anew after something was lost; what was running is forgotten.

        Raises
        ------
        SearchError
            If there is nothing to run on any more.
        """

    def close(self) -> None:
        """Stop, without waiting for what runs."""


class Here:
    """Runs trials in this process, compiled, one batch after the other."""

    workers = 1

    def __init__(self, task: Task) -> None:
        self._task = task

    def submit(self, trials: Sequence[Parameters], seconds: float | None) -> Future[list[Outcome]]:
        """Run trials; the future is done when this returns."""
        done: Future[list[Outcome]] = Future()
        done.set_result(evaluate(self._task, trials))
        return done

    def lost(self, fault: BaseException) -> Lost | None:
        """Say that nothing can be lost here."""
        return None

    def ran_out_of_time(self) -> bool:
        """Say that nothing can be lost here."""
        return False

    def restart(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class _WithFile:
    """What two backends share: the task in a file that each worker process reads once."""

    _file: str

    def __init__(self, task: Task) -> None:
        handle, self._file = tempfile.mkstemp(prefix="genesis-task-", suffix=".pickle")
        with os.fdopen(handle, "wb") as file:
            pickle.dump(task, file, protocol=pickle.HIGHEST_PROTOCOL)

    def close(self) -> None:
        """Remove the file."""
        Path(self._file).unlink(missing_ok=True)


class Pool(_WithFile):
    """Runs trials in worker processes of this machine.

    Parameters
    ----------
    task : Task
        Candles and strategy.
    workers : int
        How many processes.
    """

    def __init__(self, task: Task, workers: int) -> None:
        super().__init__(task)
        self.workers = workers
        try:
            self._pool = self._new()
        except SearchError:
            super().close()
            raise

    def submit(self, trials: Sequence[Parameters], seconds: float | None) -> Future[list[Outcome]]:
        """Begin trials."""
        try:
            return self._pool.submit(evaluate_stored, self._file, trials, seconds)
        except BrokenExecutor as fault:  # a worker died since anybody looked
            broken: Future[list[Outcome]] = Future()
            broken.set_exception(fault)
            return broken

    def lost(self, fault: BaseException) -> Lost | None:
        """Blame all: a dead process breaks the whole pool, and nobody says which trials it had."""
        return Lost.WITH_OTHERS if isinstance(fault, BrokenExecutor) else None

    def ran_out_of_time(self) -> bool:
        """Say whether a process was ended by its own watchdog, whose exit code is 1."""
        processes = list((self._pool._processes or {}).values())
        for (
            process
        ) in processes:  # the others are being ended; an exit code is there when a process is reaped
            process.join(2.0)
        return any(process.exitcode == 1 for process in processes)

    def restart(self) -> None:
        """Begin with new processes."""
        self._end()
        self._pool = self._new()

    def close(self) -> None:
        """End the processes, whatever they do."""
        self._end()
        super().close()

    def _new(self) -> ProcessPoolExecutor:
        # Spawned: a forked child would inherit the locks of this process's threads in whatever state they are.
        pool = ProcessPoolExecutor(
            self.workers, mp_context=get_context("spawn"), initializer=_begin_worker, initargs=(self._file,)
        )
        try:
            pool.submit(os.getpid).result()
        except BrokenExecutor:  # before any trial: no trial is to blame
            raise SearchError(
                "worker processes cannot start; a script that runs a search needs it under "
                'if __name__ == "__main__":, because each worker reads the script too'
            ) from None
        return pool

    def _end(self) -> None:
        processes = list((self._pool._processes or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.kill()
        for process in processes:
            process.join(5.0)


class Given(_WithFile):
    """Runs trials on an executor of the caller's own, which is left open.

    Parameters
    ----------
    task : Task
        Candles and strategy; its workers read them from a file, so they must see this machine's files.
    executor : Executor
        Any.
    workers : int
        How many trials to keep it busy with.
    """

    def __init__(self, task: Task, executor: Executor, workers: int) -> None:
        super().__init__(task)
        self._executor = executor
        self.workers = workers

    def submit(self, trials: Sequence[Parameters], seconds: float | None) -> Future[list[Outcome]]:
        """Begin trials."""
        return self._executor.submit(evaluate_stored, self._file, trials)

    def lost(self, fault: BaseException) -> Lost | None:
        """Say that nothing can be done: a broken executor cannot be mended here."""
        return None

    def ran_out_of_time(self) -> bool:
        """Say that no time is limited here."""
        return False

    def restart(self) -> None:
        """Do nothing."""


def check_executor(executor: str | Executor, workers: int | None, guarded: bool) -> None:
    """Refuse a place to run trials that cannot work, before anything is written.

    Parameters
    ----------
    executor, workers, guarded
        See :func:`make_backend`.

    Raises
    ------
    SearchError
        For an unknown name, where Dask is missing, and a time limit on an executor that would not survive it.
    """
    if isinstance(executor, Executor):
        if guarded:
            raise SearchError(
                "budget.trial_seconds ends the worker's process, which an executor of your own may not survive; "
                "leave it out, or use executor = 'processes' or Dask"
            )
    elif executor == "here":
        if workers is not None and workers != 1:
            raise SearchError(
                f"workers = {workers}: 'here' is one; executor 'processes' has as many as wanted"
            )
    elif executor == "dask-local" or executor.startswith("dask://"):
        if find_spec("distributed") is None:
            raise SearchError(
                f"executor {executor!r} needs Dask: pip install 'genesis-backtest[distributed]'"
            )
        if executor != "dask-local" and not re.fullmatch(r"dask://.+:\d+", executor):
            raise SearchError(f"executor {executor!r}: dask://HOST:PORT is needed")
    elif executor != "processes":
        raise SearchError(f"executor {executor!r}: here, processes, dask-local or dask://HOST:PORT is needed")


def make_backend(task: Task, executor: str | Executor, workers: int | None, guarded: bool) -> Backend:
    """Return where trials run.

    Parameters
    ----------
    task : Task
        Candles and strategy.
    executor : str or Executor
        ``here``, ``processes``, ``dask-local``, ``dask://HOST:PORT``, or an executor.
    workers : int, optional
        Processes of ``processes`` and ``dask-local``; all that this process may use, unless told otherwise.
    guarded : bool
        Whether trials have a time limit; then ``here`` is one process beside this one.

    Raises
    ------
    SearchError
        See :func:`check_executor`; and if Dask is not reached.
    """
    check_executor(executor, workers, guarded)
    count = workers or usable_processors()
    if isinstance(executor, Executor):
        return Given(task, executor, count)
    if executor == "here":
        return Pool(task, 1) if guarded else Here(task)
    if executor == "processes":
        return Pool(task, count)
    from genesis_core.optimize.cluster import Dask

    address = None if executor == "dask-local" else "tcp://" + executor.removeprefix("dask://")
    return Dask(task, address, count, guarded)


def usable_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _begin_worker(file: str) -> None:
    """Let Ctrl-C be the business of the process that asked, warnings too; and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    Thread(target=_end_with_parent, args=(file,), daemon=True).start()


def _end_with_parent(file: str) -> None:
    # A worker that waits for work would wait for ever: it holds the other end of its own queue.
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    Path(file).unlink(missing_ok=True)
    os._exit(0)
