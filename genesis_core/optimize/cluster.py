"""Trials on a Dask cluster: one that runs somewhere, or one started here."""

from __future__ import annotations

import logging
import pickle
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from typing import Any

import dask
from distributed import Client, LocalCluster
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker

from genesis_core.errors import SearchError
from genesis_core.optimize.backend import Lost
from genesis_core.optimize.evaluate import Outcome, Task, evaluate
from genesis_core.optimize.sampling import Parameters

PATIENCE = 120.0
"""Seconds to wait for a scheduler that is gone to come back."""
FETCH = 60.0
"""Seconds to wait for a result that is there."""
_GONE = (CancelledError, CommClosedError, TimeoutError, OSError)
"""What a connection that is gone shows itself as."""
_LOUD = (
    "distributed",
    "distributed.client",
    "distributed.nanny",
    "distributed.worker",
    "distributed.scheduler",
)


class Dask:
    """Runs trials on a cluster.

    Parameters
    ----------
    task : Task
        Candles and strategy. The scheduler keeps how it is made, so that a worker that is new or was restarted gets it
        too; each worker once.
    address : str or None
        Of the scheduler, such as ``tcp://10.0.0.5:8786``; None: a cluster of this machine.
    workers : int
        Processes of that cluster.
    guarded : bool
        Whether trials have a time limit: it ends a worker's process, so each may run one trial at a time only.

    Raises
    ------
    SearchError
        If the scheduler is not reached, or its workers have several threads and trials a time limit.
    """

    def __init__(self, task: Task, address: str | None, workers: int, guarded: bool) -> None:
        self._packed = pickle.dumps(task, protocol=pickle.HIGHEST_PROTOCOL)
        self._address = address
        self._workers = workers
        self._guarded = guarded
        self._cluster: Any = None
        self._client: Any = None
        self._threads = 1
        self._connect(20.0)

    @property
    def workers(self) -> int:
        """How many trials the cluster ran at the same time when it was last connected to."""
        return self._threads

    def submit(self, trials: Sequence[Parameters], seconds: float | None) -> Future[list[Outcome]]:
        """Begin trials."""
        answer: Future[list[Outcome]] = Future()
        try:
            # Not Dask's own executor: a connection that breaks while it fetches a result leaves its future undone for
            # ever.
            begun = self._client.submit(evaluate, self._task, list(trials), seconds, pure=False)
            begun.add_done_callback(lambda done: _pass_on(done, answer))
        except _GONE as fault:
            answer.set_exception(fault)
        return answer

    def lost(self, fault: BaseException) -> Lost | None:
        """Tell a worker that died of its trials, after Dask tried others, from a connection that is gone."""
        if isinstance(fault, KilledWorker):
            return Lost.BY_ITSELF
        return Lost.WITHOUT_FAULT if isinstance(fault, _GONE) else None

    def ran_out_of_time(self) -> bool:
        """Say that it may be so: nobody tells how a worker ended."""
        return True

    def restart(self) -> None:
        """Connect again; to a cluster of this machine that is gone, start another."""
        self._disconnect()
        self._connect(PATIENCE)

    def close(self) -> None:
        """Leave the cluster; one of this machine ends."""
        with _silence():
            self._disconnect()
            if self._cluster is not None:
                self._cluster.close(timeout=10)
                self._cluster = None

    def _connect(self, patience: float) -> None:
        with _silence():
            if self._address is None and self._cluster is None:
                # A worker that dies with a trial is blamed at once: the runner tries again itself.
                dask.config.set({"distributed.scheduler.allowed-failures": 0})
                self._cluster = LocalCluster(
                    n_workers=self._workers,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                )
            self._reach(patience)

    def _reach(self, patience: float) -> None:
        """Connect, and bring the task; a scheduler that is gone, or goes meanwhile, is tried again."""
        deadline = time.monotonic() + patience
        while True:
            try:
                self._client = Client(
                    self._address or self._cluster, timeout=min(patience, 10.0), set_as_default=False
                )
                threads = self._client.nthreads()
                self._task = self._client.submit(pickle.loads, self._packed, pure=False)
            except _GONE as fault:
                self._disconnect()
                if time.monotonic() >= deadline:
                    raise SearchError(
                        f"no Dask scheduler answers at {self._address or 'this machine'} ({fault}); what is recorded "
                        "is kept: start one, and resume"
                    ) from None
                time.sleep(0.2)
                continue
            break
        self._threads = max(1, sum(threads.values()))
        if self._guarded and max(threads.values(), default=1) > 1:
            self.close()
            raise SearchError(
                f"budget.trial_seconds: the cluster's workers have {max(threads.values())} threads, and to stop one "
                "trial would stop the others; start them with --nthreads 1, or leave it out"
            )

    def _disconnect(self) -> None:
        if self._client is None:
            return
        with _silence(), suppress(*_GONE):
            self._client.close(timeout=2)
        self._client = None


def _pass_on(done: Any, answer: Future[list[Outcome]]) -> None:
    """Fetch what came of a task of Dask; called in a thread of its own."""
    try:
        if done.status == "finished":
            answer.set_result(done.result(timeout=FETCH))
        elif done.status == "error":
            answer.set_exception(done.exception(timeout=FETCH))
        else:
            answer.set_exception(CancelledError(done.status))
    except _GONE as fault:
        answer.set_exception(fault)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep Dask's logs of connections that come and go out of the terminal: what matters is raised."""
    loggers = [logging.getLogger(name) for name in _LOUD]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
