"""Summarize a study, again and again, reading only what changed."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from genesis_core.optimize.index import State
from genesis_core.optimize.objective import Objective
from genesis_core.optimize.ranking import ranked
from genesis_core.optimize.reading import TrialReader
from genesis_core.optimize.store import STUDY_FILE
from genesis_core.optimize.study import Study, fold_folder, study_of_fold
from genesis_core.optimize.summary import FoldTest, StudySummary, Together
from genesis_core.optimize.validation import FILE as VALIDATION
from genesis_core.optimize.validation import read_validation


class StudyReader:
    """Summarizes a study again and again, reading only what changed.

    Parameters
    ----------
    folder : path-like
        Of the study.
    index : bool
        Whether to use and keep the index on the disk.

    Raises
    ------
    SearchError
        If there is no study.
    """

    def __init__(self, folder: str | Path, *, index: bool = True) -> None:
        self.folder = Path(folder)
        self._index = index
        self._last: tuple[dict[int, State], int, list[bytes | None], StudySummary] | None = None
        self._open()

    def _open(self) -> None:
        own = _content(self.folder / STUDY_FILE)
        self.study = study = Study.open(self.folder)
        self._homes, self._number = _homes(self.folder, study.search.validation.searches)
        # As it was before it was read: what is written in between is then seen as a change by the next look.
        self._definitions = [
            own if home == self._homes[self._number] else _content(home / STUDY_FILE)
            for home in self._homes.values()
        ]
        studies = {
            number: study if number == self._number else Study.open(home)
            for number, home in self._homes.items()
            if number == self._number or (home / STUDY_FILE).exists()
        }
        self._readers = {
            number: TrialReader(one.folder, one.search.objective, one.ground, one.aim, index=self._index)
            for number, one in studies.items()
        }

    @property
    def trials(self) -> TrialReader:
        """The reader of the study's own trials."""
        return self._readers[self._number]

    def summary(self, top: int = 10, *, watch: bool = False) -> StudySummary:
        """Return the study's summary.

        Parameters
        ----------
        top : int
            How many of the best.
        watch : bool
            Ask for a change token, see :meth:`genesis_core.optimize.reading.TrialReader.read`. As long as it holds, the
            trials are not looked at.

        Raises
        ------
        SearchError
            If something cannot be read.
        """
        # The few other files are read every time: definitions and tests change while a search goes on.
        if self._contents(STUDY_FILE) != self._definitions:
            self._open()
        tests = self._contents(VALIDATION)
        states = {number: reader.read(watch=watch) for number, reader in self._readers.items()}
        last = self._last
        if last is not None and last[1:3] == (top, tests) and _same(last[0], states):
            return last[3]
        made = self._made(states, top)
        self._last = (states, top, tests, made)
        return made

    def _contents(self, name: str) -> list[bytes | None]:
        return [_content(home / name) for home in self._homes.values()]

    def _made(self, states: dict[int, State], top: int) -> StudySummary:
        study, analysis = self.study, states[self._number].analysis
        best = analysis.order[:top]
        folds = self._folds()
        broken = {
            (self._homes[number] / name).relative_to(self.folder).as_posix(): entry.fault
            for number, state in states.items()
            for name, entry in state.entries.items()
            if entry.fault
        }
        return StudySummary(
            study=study.search.name,
            objective=study.search.objective.text,
            trials=analysis.trials,
            wanted=study.search.most_trials,
            counts=analysis.counts,
            reasons=analysis.reasons,
            importances=analysis.importances,
            seconds=analysis.seconds,
            ranks=len(analysis.order),
            top=[ranked(rank, record) for rank, record in enumerate(self.trials.records(best), 1)],
            folds=folds,
            together=_together(folds, study.search.validation.searches, study.search.objective),
            broken=broken,
            warnings=self._warnings(states, folds, broken),
        )

    def _folds(self) -> list[FoldTest]:
        found = []
        for number, home in self._homes.items():
            test = read_validation(home)
            if test is None:
                continue
            found.append(
                FoldTest(
                    fold=number,
                    of=self.study.search.validation.searches,
                    best=test.tested[0],
                    tried=len(test.tested),
                    place=test.place,
                    unchanged=test.unchanged,
                    first=test.first,
                    last=test.last,
                    end=test.end,
                    bars=test.bars,
                    warnings=test.warnings,
                )
            )
        return found

    def _warnings(self, states: dict[int, State], folds: list[FoldTest], broken: dict[str, str]) -> list[str]:
        said = []
        if broken:
            said.append(
                f"{len(broken)} {'file is' if len(broken) == 1 else 'files are'} no trial's record and left out: "
                f"{', '.join(broken)}; genesis optimize resume sets them aside and runs their trials again"
            )
        searches = self.study.search.validation.searches
        tested = {fold.fold: fold for fold in folds}
        for number in self._homes:
            prefix = f"fold {number}: " if searches > 1 else ""
            if number in tested:
                said += [prefix + text for text in tested[number].warnings]
            elif number != self._number:
                said.append(f"{prefix}not tested: no trial of its search ranks, or it has not been run")
            order = states[number].analysis.order if number in states else ()
            test = tested.get(number)
            if self.study.fold.test_from is None and order:
                said.append(
                    "no validation: these scores are in-sample, the best of many tries, and promise nothing"
                )
            elif order and (number == self._number or test) and (not test or test.best.number != order[0]):
                said.append(
                    f"{prefix}the best trial has not been tested on the validation candles yet: genesis optimize "
                    "resume does it"
                )
        return said


def _same(before: dict[int, State], now: dict[int, State]) -> bool:
    """Say whether no reader saw anything new: each then returns the very same state."""
    return before.keys() == now.keys() and all(before[number] is now[number] for number in now)


def _together(folds: list[FoldTest], searches: int, objective: Objective) -> Together | None:
    """Return the tests as one, None unless each was made, and could be run: a row has no holes."""
    returns = [fold.best.metrics["total_return"] for fold in folds]
    if len(folds) < max(searches, 2) or None in returns:
        return None
    whole = 1.0
    for one in returns:
        whole *= 1.0 + (one or 0.0)
    scores = sorted(
        (fold.best.out_of_sample for fold in folds if fold.best.out_of_sample is not None),
        key=objective.rank_key,
    )
    return Together(
        tests=len(folds),
        total_return=whole - 1.0,
        median_score=median(scores) if scores else None,
        worst_score=scores[-1] if scores else None,
    )


def _homes(folder: Path, folds: int) -> tuple[dict[int, Path], int]:
    """Return each fold's folder by its number, and the number of this folder's; an earlier fold has only its own."""
    if study_of_fold(folder) is None:
        return {number: fold_folder(folder, number) for number in range(1, folds)} | {folds: folder}, folds
    own = folder.resolve()
    number = next((at for at in range(1, folds) if fold_folder(own.parent, at) == own), folds)
    return {number: folder}, number


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def summarize(folder: str | Path, top: int = 10) -> StudySummary:
    """Summarize a study once; see :class:`StudyReader` for more than once.

    Parameters
    ----------
    folder : path
        The study's.
    top : int, optional
        How many of the best trials are ranked.

    Raises
    ------
    SearchError
        If there is none, or it cannot be read.
    """
    return StudyReader(folder).summary(top)
