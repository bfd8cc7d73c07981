"""Run a search: over the candles it may see, then test what it found on those it did not."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from genesis_core.candles import Candles
from genesis_core.errors import CandleError, SearchError
from genesis_core.optimize.definition import Search
from genesis_core.optimize.early import check_parameters, warnings_about
from genesis_core.optimize.evaluate import Task
from genesis_core.optimize.executors import check_executor, make_backend
from genesis_core.optimize.identity import Ground
from genesis_core.optimize.locking import only_writer
from genesis_core.optimize.progress import Progress
from genesis_core.optimize.record import Record
from genesis_core.optimize.running import Runner
from genesis_core.optimize.sampling import make_sampler
from genesis_core.optimize.spans import Fold, folds_of
from genesis_core.optimize.store import file_name, quarantine, read_all
from genesis_core.optimize.study import Study, begin, fold_folder, make_folder
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
    earlier : tuple of Progress
        Of a walk-forward's earlier folds, in order.
    quarantined : tuple of str
        Files that were set aside, with the reason; their trials ran again.
    """

    folder: Path
    progress: Progress
    earlier: tuple[Progress, ...]
    quarantined: tuple[str, ...]

    @property
    def searches(self) -> tuple[Progress, ...]:
        """All of them, in order."""
        return (*self.earlier, self.progress)

    @property
    def run(self) -> int:
        """Trials that all of them ran."""
        return sum(one.run for one in self.searches)

    @property
    def known(self) -> int:
        """Trials that were on record for all of them."""
        return sum(one.known for one in self.searches)


Tell = Callable[[str, Progress], None]


def _untold(name: str, progress: Progress) -> None:
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
    minutes: float | None = None,
    retry_failed: bool = False,
    tell: Tell = _untold,
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
    minutes : float, optional
        Instead of the search's ``budget.minutes``; infinite: none. The searches of a walk-forward get equal parts of
        what is left. Counted from the first trial that runs: what is on record takes none of it.
    retry_failed : bool
        Run trials again that are on record as failed, after their records are set aside: what failed for want of memory
        or time may not fail again. Not for a sampler that learns, which was told of them.
    tell : callable
        Is told the name of a part (a fold, or the study) and its progress.
    warn : callable
        Is told, before the first trial, what is probably not meant, and which files are set aside.

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
    if minutes is not None and not minutes > 0.0:
        raise SearchError(f"minutes = {minutes!r}; more than 0 is needed")
    if retry_failed and search.sampler.kind == "tpe":
        raise SearchError(
            "trials that failed cannot be run again here: tpe was told that they are bad, and asked for those after "
            "them knowing it"
        )
    base = load_strategy(search.strategy)
    folds = plan(search, candles, base)
    for text in (*warnings_about(search), *check_parameters(search, base)):
        warn(text)
    folder = Path(results) / search.name
    if minutes is None:
        minutes = search.budget.minutes
    seconds = None if minutes is None or minutes == math.inf else 60.0 * minutes
    run = _Searches(candles, base, executor, workers, retry_failed, tell, warn, seconds, [], len(folds))
    earlier: list[Progress] = []
    make_folder(folder)
    with only_writer(folder):
        study = begin(folder, search, run.ground(folds[-1]), folds[-1])
        for number, fold in enumerate(folds[:-1], 1):
            home = fold_folder(folder, number)
            make_folder(home)
            with only_writer(home):
                before = begin(home, search, run.ground(fold), fold)
                earlier.append(run.search(before, f"{search.name}, fold {number} of {len(folds)}"))
        progress = run.search(study, search.name)
    return Optimized(folder, progress, tuple(earlier), tuple(run.aside))


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


@dataclass
class _Searches:
    """What the searches of one run share."""

    candles: Candles
    base: Config
    executor: str | Executor
    workers: int | None
    retry_failed: bool
    tell: Tell
    warn: Callable[[str], None]
    seconds: float | None
    aside: list[str]
    left: int

    def ground(self, fold: Fold) -> Ground:
        """Return what a fold's trials stand on."""
        return Ground.of(fold.searched(self.candles), self.base)

    def search(self, study: Study, name: str) -> Progress:
        """Search one fold, and test what was found."""
        search = study.search
        records = self._known(study)
        task = Task(study.fold.searched(self.candles), self.base, search.strategy if search.in_code else None)
        backend = make_backend(task, self.executor, self.workers, search.budget.trial_seconds is not None)
        try:
            runner = Runner(
                study.folder,
                search,
                study.ground,
                records,
                make_sampler(search),
                backend,
                lambda progress: self.tell(name, progress),
                None if self.seconds is None else self.seconds / self.left,
            )
            progress = runner.run()
        finally:
            backend.close()
        self.left -= 1
        if self.seconds is not None:
            self.seconds = max(0.0, self.seconds - runner.taken)
        validate(study, records, self.candles, self.base, progress)
        return progress

    def _known(self, study: Study) -> dict[int, Record]:
        """Read what is on record; what is to run again is set aside and named."""
        records, broken = read_all(study.folder)
        for number in sorted(records):
            fault = study.fault_of(records[number])
            if fault:
                broken[file_name(number)] = fault
                del records[number]
        if self.retry_failed:
            failed = {number for number, record in records.items() if record.status == "failed"}
            # Those that repeat a failed one first: until it is set aside itself, they are found again.
            for number in sorted(records, reverse=True):
                if number in failed or records[number].repeats in failed:
                    broken[file_name(number)] = f"failed: {records.pop(number).error}"
        for name, why in broken.items():
            text = f"{study.folder / name}: {why}; set aside as {quarantine(study.folder, name)}"
            self.aside.append(text)
            self.warn(text)
        return records
