"""What a worker does: run the engine for some parameters, and say what came of each. It writes nothing.

The metrics are those of :class:`genesis_core.backtesting.Sweep`, which have the bits of a single ``genesis backtest``.
"""

from __future__ import annotations

import faulthandler
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from pickle import loads
from typing import Any

import msgspec

from genesis_core.backtesting import Summary, Sweep
from genesis_core.candles import Candles
from genesis_core.errors import GenesisError
from genesis_core.optimize.changes import Applied
from genesis_core.optimize.identity import program_digest
from genesis_core.optimize.outcome import Caught, Outcome
from genesis_core.strategy import Config, load_strategy
from genesis_core.version import __version__

PREPARING = 300.0
"""Seconds that a worker may take to read the strategy and compile what it needs, where trials have a time limit."""


class Task:
    """Candles and strategy of a study: what travels to each worker once.

    Parameters
    ----------
    candles : Candles
        What the trials run over.
    base : Config
        The strategy the parameters are laid over.
    file : str, optional
        Python file the strategy is from; a worker runs it anew, because its functions cannot travel.
    """

    def __init__(self, candles: Candles, base: Config, file: str | None = None) -> None:
        self.candles = candles
        self.file = file
        self._base = None if file is not None else base
        self._expected = (base.digest, base.code)
        self._law = program_digest()

    @cached_property
    def applied(self) -> Applied:
        """The strategy, ready for parameters.

        Raises
        ------
        GenesisError
            If the strategy's file is not what it was when the study began, or this process has another version of the
            code that decides a result.
        """
        if self._law != program_digest():
            raise GenesisError(
                f"a worker has other code of genesis_core than the search (version {__version__})"
            )
        # One that has travelled is checked once here, instead of with each trial's changes.
        base = load_strategy(self.file) if self._base is None else self._base.checked
        if (base.digest, base.code) != self._expected:
            raise GenesisError(f"{self.file}: the strategy changed while the study ran")
        return Applied(base)

    @cached_property
    def sweep(self) -> Sweep:
        """The engine over the candles; what the trials share with the strategy is computed once."""
        base = self.applied.base
        with Caught():
            return Sweep(self.candles, [base])
        return Sweep(self.candles)  # the strategy cannot run as it is: only with some of the parameters

    @cached_property
    def warm(self) -> None:
        """Compile, once, what the strategy needs, outside any trial's time; what cannot run is told by the trials."""
        with Caught():
            self.sweep.run([self.applied.base])

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("applied", "sweep", "warm")}


def evaluate(task: Task, trials: Sequence[Mapping[str, Any]], seconds: float | None = None) -> list[Outcome]:
    """Run trials.

    Parameters
    ----------
    task : Task
        Candles and strategy.
    trials : sequence of mapping
        Their parameters.
    seconds : float, optional
        Ends this process if one of them takes longer: compiled code cannot be stopped otherwise. Only for processes
        made for this. Trials are run one by one then.

    Returns
    -------
    list of Outcome
        In the order of `trials`.

    Raises
    ------
    GenesisError
        If the strategy's file is not what it was when the study began.
    """
    with _ending_after(None if seconds is None else max(seconds, PREPARING)):
        task.applied  # noqa: B018  # a strategy that cannot be read any more is no trial's fault
        task.warm  # noqa: B018
    if seconds is None:
        return _evaluate(task, trials)
    return [_evaluate_within(task, parameters, seconds) for parameters in trials]


def evaluate_stored(
    file: str, trials: Sequence[Mapping[str, Any]], seconds: float | None = None
) -> list[Outcome]:
    """Run trials of a task that stands in a file, which a process reads once; see :func:`evaluate`."""
    return evaluate(_stored(file), trials, seconds)


@lru_cache(maxsize=1)
def _stored(file: str) -> Task:
    task: Task = loads(Path(file).read_bytes())
    return task


def _evaluate_within(task: Task, parameters: Mapping[str, Any], seconds: float) -> Outcome:
    with _ending_after(seconds):
        return _evaluate(task, [parameters])[0]


def _evaluate(task: Task, trials: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    begun = time.perf_counter()
    made: list[Config | Outcome] = [_config(task, parameters) for parameters in trials]
    runnable = [one for one in made if isinstance(one, Config)]
    together: list[Summary] = []
    with Caught() as caught:
        together = task.sweep.run(runnable)
    if caught.outcome is not None:  # one of them: find out which
        return [one if isinstance(one, Outcome) else _alone(task, one) for one in made]
    share = (time.perf_counter() - begun) / max(len(trials), 1)
    summaries = iter(together)
    return [one if isinstance(one, Outcome) else _outcome(next(summaries), share) for one in made]


def _config(task: Task, parameters: Mapping[str, Any]) -> Config | Outcome:
    with Caught() as caught:
        return task.applied.config(parameters)
    assert caught.outcome is not None
    return caught.outcome


def _alone(task: Task, config: Config) -> Outcome:
    begun = time.perf_counter()
    with Caught() as caught:
        return _outcome(task.sweep.run([config])[0], time.perf_counter() - begun)
    assert caught.outcome is not None
    # Its place in a list of one says nothing.
    error = (caught.outcome.error or "").removeprefix("strategy 0: ")
    taken = time.perf_counter() - begun
    return msgspec.structs.replace(caught.outcome, error=error, config=config.digest, seconds=taken)


def metrics_of(summary: Summary) -> dict[str, float | None]:
    """Name the metrics of a run, see :data:`genesis_core.optimize.objective.METRICS`."""
    metrics = summary.metrics
    return {
        "total_return": metrics.total_return,
        "trades": metrics.trades,
        "win_rate": metrics.win_rate,
        "profit_factor": metrics.profit_factor,
        "max_drawdown": metrics.max_drawdown,
        "sharpe": metrics.sharpe,
        "final_equity": summary.final_equity,
        "fees": summary.fees,
    }


def _outcome(summary: Summary, seconds: float) -> Outcome:
    return Outcome(
        status="complete",
        metrics=metrics_of(summary),
        summary_digest=summary.summary_digest,
        config=summary.config.digest,
        seconds=seconds,
    )


@contextmanager
def _ending_after(seconds: float | None) -> Iterator[None]:
    if seconds is None:
        yield
        return
    with open(os.devnull, "w") as nowhere:
        # A thread of Python could not run while compiled code holds the interpreter; this one is in C.
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
