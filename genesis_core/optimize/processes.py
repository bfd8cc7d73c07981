"""Trials in this process, in worker processes of this machine, or on an executor of the caller's own."""

from __future__ import annotations

import os
import pickle
import signal
import tempfile
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread

from genesis_core.errors import SearchError
from genesis_core.optimize.backend import Lost
from genesis_core.optimize.evaluate import Task, evaluate, evaluate_stored
from genesis_core.optimize.outcome import Outcome
from genesis_core.optimize.sampling import Parameters


class _Lasting:
    """A place where nothing can be lost, so that nothing is ever to be mended."""

    def lost(self, fault: BaseException) -> Lost | None:
        """Say that a fault means nothing here: it is raised."""
        return None

    def ran_out_of_time(self) -> bool:
        """Say that no time is limited here."""
        return False

    def look_after_workers(self) -> None:
        """Do nothing: workers are the caller's business, or this process."""

    def restart(self) -> None:
        """Do nothing."""


class Here(_Lasting):
    """Runs trials in this process, compiled, one batch after the other."""

    workers = 1

    def __init__(self, task: Task) -> None:
        self._task = task

    def submit(self, trials: Sequence[Parameters], seconds: float | None) -> Future[list[Outcome]]:
        """Run trials; the future is done when this returns."""
        done: Future[list[Outcome]] = Future()
        done.set_result(evaluate(self._task, trials))
        return done

    def close(self) -> None:
        """Do nothing."""


class _WithFile:
    """What two backends share: the task in a file that each worker process reads once."""

    _file: str

    def __init__(self, task: Task) -> None:
        self._file = ""
        try:
            handle, self._file = tempfile.mkstemp(prefix="genesis-task-", suffix=".pickle")
            with os.fdopen(handle, "wb") as file:
                pickle.dump(task, file, protocol=pickle.HIGHEST_PROTOCOL)
        except OSError as fault:
            _WithFile.close(self)
            raise SearchError(
                f"{tempfile.gettempdir()}: the candles cannot be written for the workers: {fault.strerror or fault}"
            ) from None

    def close(self) -> None:
        """Remove the file."""
        if self._file:
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

    def look_after_workers(self) -> None:
        """Do nothing: a process that dies breaks the pool."""

    def ran_out_of_time(self) -> bool:
        """Say whether a process was ended by its own watchdog, whose exit code is 1."""
        processes = list((self._pool._processes or {}).values())
        # The others are being ended. The pool's own thread reaps them, and stores an exit code a moment after.
        end = time.monotonic() + 2.0
        for process in processes:
            process.join(max(0.0, end - time.monotonic()))
            while process.exitcode is None and time.monotonic() < end:
                time.sleep(0.001)
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
            pool.shutdown(wait=True, cancel_futures=True)
            raise SearchError(
                "worker processes die before any trial; a script that runs a search needs it under "
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


class Given(_WithFile, _Lasting):
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
        self._begun: list[Future[list[Outcome]]] = []
        self.workers = workers

    def submit(self, trials: Sequence[Parameters], seconds: float | None) -> Future[list[Outcome]]:
        """Begin trials."""
        try:
            begun = self._executor.submit(evaluate_stored, self._file, trials)
        except RuntimeError as fault:  # it is broken, or was shut down
            begun = Future()
            begun.set_exception(fault)
        self._begun = [*(future for future in self._begun if not future.done()), begun]
        return begun

    def close(self) -> None:
        """Take back what has not begun, and remove the file."""
        for future in self._begun:
            future.cancel()
        super().close()


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
