"""Run a search: over the candles it may see, then test what it found on those it did not."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from genesis_core.candles import Candles
from genesis_core.errors import CandleError
from genesis_core.optimize.definition import Search
from genesis_core.optimize.early import check_parameters, warnings_about
from genesis_core.optimize.evaluate import Task
from genesis_core.optimize.executors import check_executor, make_backend
from genesis_core.optimize.identity import Ground
from genesis_core.optimize.record import Record
from genesis_core.optimize.running import Progress, Runner
from genesis_core.optimize.sampling import make_sampler
from genesis_core.optimize.spans import Fold, folds_of
from genesis_core.optimize.store import only_writer, quarantine, read_all
from genesis_core.optimize.study import Study, begin, make_folder
from genesis_core.optimize.validating import validate
from genesis_core.strategy import Config, load_strategy


@dataclass(frozen=True)
class Optimized:
    """What a run of a search did.

    Attributes
    ----------
    folder : Path
        Of the study.
    progress : Progress
        Of the study's own search, the last fold of a walk-forward.
    quarantined : tuple of str
        Broken files that were set aside, with the reason; their trials ran again.
    """

    folder: Path
    progress: Progress
    quarantined: tuple[str, ...]


Watch = Callable[[str, Progress], None]


def _unwatched(name: str, progress: Progress) -> None:
    """Tell nobody."""


def _unheard(text: str) -> None:
    """Tell nobody."""


def optimize(
    search: Search,
    candles: Candles,
    *,
    results: str | Path = "results",
    executor: str | Executor = "here",
    workers: int | None = None,
    watch: Watch = _unwatched,
    warn: Callable[[str], None] = _unheard,
) -> Optimized:
    """Run a search, or go on with one.

    Parameters
    ----------
    search : Search
        What to try.
    candles : Candles
        All candles, those for validation included.
    results : path-like
        Folder of studies; this one's is ``results/<search.name>``.
    executor : str or Executor
        ``here``: compiled, in this process. ``processes``; ``dask-local``; ``dask://HOST:PORT``; or any executor.
    workers : int, optional
        How many processes; all processors this process may use, unless told otherwise.
    watch : callable
        Is told the name of a part (a fold, or the study) and its progress.
    warn : callable
        Is told, before the first trial, what is probably not meant.

    Returns
    -------
    Optimized
        What was done; :func:`genesis_core.optimize.summarize` ranks it.

    Raises
    ------
    SearchError
        If the search cannot run, the folder is of another one, or a trial cannot be recorded.
    ConfigError, CandleError
        As :func:`genesis_core.backtest`.

    Notes
    -----
    Trials and scores depend on search, candles and code only: not on executor, workers, interruptions.
    """
    check_executor(executor, workers, search.budget.trial_seconds is not None)
    base = load_strategy(search.strategy)
    folds = plan(search, candles, base)
    for text in (*warnings_about(search), *check_parameters(search, base)):
        warn(text)
    folder = Path(results) / search.name
    minutes = search.budget.minutes
    deadline = None if minutes is None else time.monotonic() + 60.0 * minutes
    aside: list[str] = []
    progress = Progress(search.budget.trials)
    make_folder(folder)
    with only_writer(folder):
        study = begin(folder, search, Ground.of(folds[-1].searched(candles), base), folds[-1])
        for number, fold in enumerate(folds, 1):
            part, name = fold.searched(candles), search.name
            task = Task(part, base, search.strategy if search.in_code else None)
            if fold is folds[-1]:
                records = _known(study, aside)
                progress = _search(study, task, records, executor, workers, name, watch, deadline)
                validate(study, records, candles, base)
                continue
            home = fold_folder(folder, number)
            make_folder(home)
            with only_writer(home):
                earlier = begin(home, search, Ground.of(part, base), fold)
                records = _known(earlier, aside)
                name += f", fold {number} of {len(folds)}"
                _search(earlier, task, records, executor, workers, name, watch, deadline)
                validate(earlier, records, candles, base)
    return Optimized(folder, progress, tuple(aside))


def plan(search: Search, candles: Candles, base: Config) -> list[Fold]:
    """Check a search's sampler, and its candles against the strategy's warm-up; cut the candles.

    Raises
    ------
    SearchError
        If the parameters do not suit the sampler, or a part would have too few candles.
    CandleError
        If the candles are too few for the strategy.
    """
    if len(candles) <= base.ready:
        raise CandleError(
            f"{len(candles)} bars are too few: the features of this strategy need {base.ready} bars of warm-up"
        )
    make_sampler(search)
    return folds_of(search.validation, len(candles), base.ready)


def fold_folder(folder: Path, number: int) -> Path:
    """Return the folder of an earlier fold's search."""
    return folder / f"fold_{number:02d}"


def _known(study: Study, aside: list[str]) -> dict[int, Record]:
    """Read what is on record; broken files are set aside and named, and their trials run again."""
    records, broken = read_all(study.folder)
    for name, why in broken.items():
        aside.append(f"{study.folder / name}: {why}; set aside as {quarantine(study.folder, name)}")
    return records


def _search(
    study: Study,
    task: Task,
    records: dict[int, Record],
    executor: str | Executor,
    workers: int | None,
    name: str,
    watch: Watch,
    deadline: float | None,
) -> Progress:
    guarded = study.search.budget.trial_seconds is not None
    backend = make_backend(task, executor, workers, guarded)
    try:
        runner = Runner(
            study.folder,
            study.search,
            study.ground,
            records,
            make_sampler(study.search),
            backend,
            lambda progress: watch(name, progress),
            deadline,
        )
        return runner.run()
    finally:
        backend.close()
