"""Trials on a Dask cluster: one that runs somewhere, or one started here."""

from __future__ import annotations

import asyncio
import logging
import pickle
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import dask
from distributed import Client, LocalCluster
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker

from genesis_core.errors import GenesisError, SearchError
from genesis_core.optimize.backend import Lost
from genesis_core.optimize.evaluate import Task, evaluate
from genesis_core.optimize.outcome import Outcome
from genesis_core.optimize.sampling import Parameters

PATIENCE = 120.0
"""Seconds to wait for a scheduler that is gone to come back."""
LOOK_AGAIN = 5.0
"""Seconds between two looks at the workers."""
LOOK = 2.0
"""Seconds that a look may take."""
FETCH = 60.0
"""Seconds to wait for a result that is there."""
_GONE = (CancelledError, CommClosedError, TimeoutError, asyncio.TimeoutError, OSError)
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
        self._asked_again = self._manned = time.monotonic()
        with ExitStack() as otherwise:
            otherwise.callback(self.close)
            self._connect(20.0)
            otherwise.pop_all()

    @property
    def workers(self) -> int:
        """How many trials the cluster runs at the same time, by the last look."""
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

    def look_after_workers(self) -> None:
        """Ask the scheduler now and then for its workers: some may have come; without any it would wait for ever."""
        now = time.monotonic()
        if now < self._asked_again:
            return
        self._asked_again = now + LOOK_AGAIN
        threads: dict[str, int] = {}
        with suppress(*_GONE):  # a connection that is gone shows itself otherwise
            # As `nthreads` does, which would wait for a scheduler that hangs.
            threads = self._client.sync(self._client.scheduler.ncores, workers=None, callback_timeout=LOOK)
        if threads:
            self._manned = now
            self._count(threads)
        if now - self._manned > PATIENCE:
            raise SearchError(
                f"the Dask scheduler has had no workers for {PATIENCE:g} s; start some, and resume"
            )

    def ran_out_of_time(self) -> bool:
        """Say that it may be so: nobody tells how a worker ended."""
        return True

    def restart(self) -> None:
        """Connect again."""
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
                with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
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
                self._client.wait_for_workers(1, timeout=max(1.0, deadline - time.monotonic()))
                threads = self._client.nthreads()
                self._task = self._client.submit(pickle.loads, self._packed, pure=False)
            except _GONE as fault:
                self._disconnect()
                if time.monotonic() >= deadline:
                    raise SearchError(
                        f"no Dask scheduler with workers answers at {self._address or 'this machine'} ({fault}); what "
                        f"is recorded is kept: {'start some, and ' if self._address else ''}resume"
                    ) from None
                time.sleep(0.2)
                continue
            break
        self._manned = time.monotonic()
        self._count(threads)

    def _count(self, threads: dict[str, int]) -> None:
        self._threads = max(1, sum(threads.values()))
        if self._guarded and max(threads.values(), default=1) > 1:
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
    """Fetch what came of a task of Dask; called in a thread of its own, where nobody sees what is raised."""
    with _PassedOn(answer):
        if done.status == "finished":
            answer.set_result(done.result(timeout=FETCH))
        elif done.status == "error":
            fault = done.exception(timeout=FETCH)
            if not isinstance(fault, (KilledWorker, GenesisError)):
                # Not a connection's, whatever its type: the worker lacks something, such as this package.
                fault = SearchError(f"a worker cannot run trials: {type(fault).__name__}: {fault}")
            answer.set_exception(fault)
        else:
            answer.set_exception(CancelledError(done.status))


class _PassedOn:
    """Whatever is raised within is the answer."""

    def __init__(self, answer: Future[list[Outcome]]) -> None:
        self._answer = answer

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, fault: BaseException | None, trace: object) -> bool:
        if fault is not None:
            self._answer.set_exception(fault)
        return fault is not None


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
