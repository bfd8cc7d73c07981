"""Trials outside a search, within the time that a search would give them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor

from genesis_core.optimize.backend import lost_words, most_retries
from genesis_core.optimize.evaluate import PREPARING, Task, evaluate
from genesis_core.optimize.outcome import Outcome
from genesis_core.optimize.processes import Pool
from genesis_core.optimize.sampling import Parameters

NOT_READY = f"the unchanged strategy did not end within {PREPARING:g} s, so nothing could be run after it"
"""Why nothing could be run where time is limited: the strategy is run once to compile it."""


def evaluate_within(
    task: Task, trials: Sequence[Parameters], seconds: float | None, retries: int
) -> list[Outcome]:
    """Run trials outside a search: here, or where time is limited one by one in a process beside this one.

    Parameters
    ----------
    task : Task
        Candles and strategy.
    trials : sequence of dict
        Their parameters.
    seconds : float or None
        That each may take. One that takes longer, or whose process dies, has failed.
    retries : int
        How often it is tried again before that; more often where its process died.
    """
    if seconds is None:
        return evaluate(task, trials)
    pool = Pool(task, 1)
    made: list[Outcome] = []
    try:
        for parameters in trials:
            made.append(_alone(pool, parameters, seconds, retries))
            if made[-1].error == NOT_READY:  # nor will it be for the others
                break
    finally:
        pool.close()
    return [*made, *(made[-1] for _ in range(len(trials) - len(made)))]


def _alone(pool: Pool, parameters: Parameters, seconds: float, retries: int) -> Outcome:
    """Run one trial, as the search runs one that may have killed a worker."""
    attempts = 0
    while True:
        begun = time.monotonic()
        try:
            (outcome,) = pool.submit([parameters], seconds).result()
        except BrokenExecutor:
            elapsed = time.monotonic() - begun
            endless = elapsed >= seconds and pool.ran_out_of_time()
            pool.restart()
            if endless and elapsed >= max(seconds, PREPARING):
                return Outcome(status="failed", error=NOT_READY, seconds=elapsed)
            words = lost_words(seconds if endless else None)
            outcome = Outcome(status="failed", error=words, seconds=elapsed)
            most = most_retries(retries, died=not endless)
        else:
            most = retries
        attempts += 1
        if outcome.status != "failed" or attempts > most:
            return outcome
