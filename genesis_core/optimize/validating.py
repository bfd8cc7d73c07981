"""Test what a search found on candles it did not see, and say plainly where the two part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from genesis_core.candles import Candles
from genesis_core.errors import SearchError
from genesis_core.optimize.definition import Search
from genesis_core.optimize.evaluate import Task
from genesis_core.optimize.files import write_struct
from genesis_core.optimize.objective import FIGURES, Judgement, judge, unmet
from genesis_core.optimize.outcome import Outcome
from genesis_core.optimize.processes import evaluate_within
from genesis_core.optimize.progress import Progress
from genesis_core.optimize.ranking import best_of
from genesis_core.optimize.record import Record
from genesis_core.optimize.sampling import Parameters
from genesis_core.optimize.study import Study
from genesis_core.strategy import Config

FILE = "validation.json"
SCHEMA = 1


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """One trial in and out of sample.

    Attributes
    ----------
    number : int
        The trial.
    identity : str
        Its identity.
    in_sample : float
        Score of the search.
    out_of_sample : float or None
        Score of the test, None where it has none.
    feasible : bool
        Whether it meets the hard constraints in the test.
    reasons : list of str
        What it does not meet there.
    figures : dict
        Of the test.
    summary_digest : str
        Of the test's run.
    """

    number: int
    identity: str
    in_sample: float
    out_of_sample: float | None
    feasible: bool
    reasons: list[str]
    figures: dict[str, float | None]
    summary_digest: str


class Unchanged(msgspec.Struct, frozen=True, kw_only=True):
    """The strategy as it was before the search, for comparison.

    Attributes
    ----------
    in_sample, out_of_sample : float or None
        Scores over the search's candles and over the test's; None where it has none or breaks a hard constraint.
    """

    in_sample: float | None
    out_of_sample: float | None


class Validated(msgspec.Struct, frozen=True, kw_only=True):
    """What a test says about a search.

    Attributes
    ----------
    first, last, bars
        Of the test's candles; open times in epoch ms UTC.
    data : str
        Their fingerprint.
    tested : list of Tested
        The best trials of the search, best first.
    place : int or None
        Where the best one stands among them by its test, from 1; None where it has no score there.
    unchanged : Unchanged or None
        The strategy that the parameters were laid over; None in files of before it was tested too.
    warnings : list of str
        Where search and test part.
    """

    first: int
    last: int
    bars: int
    data: str
    tested: list[Tested]
    place: int | None
    unchanged: Unchanged | None = None
    warnings: list[str]
    schema: int = SCHEMA


def validate(
    study: Study, records: Mapping[int, Record], candles: Candles, base: Config, progress: Progress
) -> Validated | None:
    """Run a search's best trials over its test, and keep what came of it in the study's folder.

    Parameters
    ----------
    study : Study
        Of the fold.
    records : mapping
        Its trials.
    candles : Candles
        All of the definition's.
    base : Config
        The strategy.
    progress : Progress
        How far the search came.

    Returns
    -------
    Validated or None
        None without validation, or where no trial ranks.
    """
    test = study.fold.tested(candles)
    if test is None:
        return None
    best = best_of(records.values(), study.search.objective, study.search.validation.top)
    if not best:
        discard_validation(study.folder)
        return None
    *outcomes, own = run_over(study.search, test, base, [*(record.parameters for record in best), {}])
    (before,) = run_over(study.search, study.fold.searched(candles), base, [{}])
    unchanged = Unchanged(in_sample=_worth(before, study.search), out_of_sample=_worth(own, study.search))
    tested = [_tested(record, outcome, study.search) for record, outcome in zip(best, outcomes, strict=True)]
    place = _place(tested, study.search)
    found = Validated(
        first=int(test.timestamp[0]),
        last=int(test.timestamp[-1]),
        bars=len(test),
        data=test.fingerprint,
        tested=tested,
        place=place,
        unchanged=unchanged,
        warnings=[
            *_cut_short(progress),
            *_partings(tested, place, study.search),
            *_no_better(tested[0], unchanged, study.search),
        ],
    )
    write_struct(study.folder / FILE, found)
    return found


def run_over(
    search: Search, test: Candles, base: Config, trials: Sequence[Parameters], file: str | None = None
) -> list[Outcome]:
    """Run trials over a test, each within the time that the search gives a trial.

    Parameters
    ----------
    search : Search
        Theirs.
    test : Candles
        The test's.
    base : Config
        The strategy the parameters are laid over.
    trials : sequence of dict
        Parameters.
    file : str, optional
        The Python file that `base` is from, where it is not the search's strategy.
    """
    code = file if file is not None else search.strategy if search.in_code else None
    guarded = search.budget.trial_seconds
    task = Task(test, base, None if guarded is None else code)
    return evaluate_within(task, trials, guarded, search.budget.retries)


def discard_validation(folder: Path) -> None:
    """Forget the test of a search that goes on: what was best then may not be now."""
    (folder / FILE).unlink(missing_ok=True)


def read_validation(folder: Path) -> Validated | None:
    """Read what :func:`validate` kept, None where there is nothing.

    Raises
    ------
    SearchError
        If it is damaged.
    """
    path = folder / FILE
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Validated)
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise SearchError(f"{path}: cannot be read: {fault.strerror or fault}") from None
    except msgspec.DecodeError as fault:
        raise SearchError(f"{path}: damaged ({fault}); genesis optimize resume makes it anew") from None
    if found.schema != SCHEMA:
        raise SearchError(f"{path}: schema = {found.schema}; this version reads {SCHEMA}")
    return found


def _tested(record: Record, outcome: Outcome, search: Search) -> Tested:
    assert record.score is not None
    verdict = judge_outcome(outcome, search)
    return Tested(
        number=record.number,
        identity=record.identity,
        in_sample=record.score,
        out_of_sample=verdict.score,
        feasible=verdict.feasible,
        reasons=verdict.reasons,
        figures=outcome.figures or dict.fromkeys(FIGURES),
        summary_digest=outcome.summary_digest or "",
    )


def judge_outcome(outcome: Outcome, search: Search) -> Judgement:
    """Return what a run over a test is worth; one that cannot run there, such as for its warm-up, is worth nothing."""
    if outcome.figures is None:
        return Judgement(None, False, [outcome.error or outcome.status])
    return judge(outcome.figures, search.objective, search.constraints)


def _worth(outcome: Outcome, search: Search) -> float | None:
    verdict = judge_outcome(outcome, search)
    return verdict.score if verdict.feasible else None


def _no_better(best: Tested, unchanged: Unchanged, search: Search) -> list[str]:
    """Say where the search was for nothing: the strategy that it began from does as well out-of-sample."""
    before, now = unchanged.out_of_sample, best.out_of_sample
    if before is None or (now is not None and best.feasible and search.objective.better(now, before)):
        return []
    scores = f", the best trial {now:.4g}" if now is not None else ""
    return [
        f"out-of-sample the unchanged strategy scores {before:.4g}{scores}: the search did not improve it"
    ]


def _place(tested: list[Tested], search: Search) -> int | None:
    own = tested[0].out_of_sample
    if own is None:
        return None
    others = [one.out_of_sample for one in tested[1:] if one.out_of_sample is not None]
    return 1 + sum(search.objective.better(other, own) for other in others)


def _cut_short(progress: Progress) -> list[str]:
    if progress.stopped != "minutes":
        return []
    return [
        f"the budget of minutes ended the search after {progress.done:,} of {progress.total:,} trials; "
        "genesis optimize resume goes on"
    ]


def _partings(tested: list[Tested], place: int | None, search: Search) -> list[str]:
    """Say where search and test part: worse by more than half, constraints not met, or below half of the best."""
    best, objective = tested[0], search.objective
    said = []
    hard = unmet(best.reasons)
    if best.out_of_sample is None:
        said.append(f"out-of-sample the best trial has no score: {', '.join(hard)}")
    else:
        worse = objective.rank_key(best.out_of_sample) - objective.rank_key(best.in_sample)
        if worse > 0.5 * abs(best.in_sample):
            said.append(
                f"out-of-sample the best trial scores {best.out_of_sample:.4g}, in-sample {best.in_sample:.4g}: "
                "what was found may be noise"
            )
        if hard:
            said.append(f"out-of-sample the best trial does not meet: {', '.join(hard)}")
    if place is not None and len(tested) >= 4 and place > len(tested) / 2:
        said.append(f"out-of-sample the best trial is only number {place} of the best {len(tested)}")
    return said
