"""Where trials run: here, in worker processes, on a Dask cluster, or on any executor. None of them changes a result."""

from __future__ import annotations

import os
import re
from concurrent.futures import Executor
from importlib.util import find_spec

from genesis_core.errors import SearchError
from genesis_core.optimize.backend import Backend
from genesis_core.optimize.evaluate import Task
from genesis_core.optimize.processes import Given, Here, Pool

_DASK = r"dask://(\[[0-9a-fA-F:.]+\]|[^\s/:\[\]]+):\d{1,5}"


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
    if workers is not None and workers < 1:
        raise SearchError(f"workers = {workers}; at least 1 is needed")
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
        if executor != "dask-local" and not re.fullmatch(_DASK, executor):
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
