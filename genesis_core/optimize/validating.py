"""Test what a search found on candles it did not see, and say plainly where the two part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from genesis_core.candles import Candles
from genesis_core.errors import SearchError
from genesis_core.optimize.definition import Search
from genesis_core.optimize.evaluate import Task
from genesis_core.optimize.guarded import evaluate_within
from genesis_core.optimize.objective import METRICS, Judgement, judge
from genesis_core.optimize.outcome import Outcome
from genesis_core.optimize.partings import no_better, partings, place_of
from genesis_core.optimize.progress import Progress
from genesis_core.optimize.ranking import best_of
from genesis_core.optimize.record import Record
from genesis_core.optimize.sampling import Parameters
from genesis_core.optimize.study import Study
from genesis_core.optimize.validation import (
    Tested,
    Unchanged,
    Validated,
    discard_validation,
    read_validation,
    write_validation,
)
from genesis_core.strategy import Config


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
    known = _known(study, best, test)
    tested, unchanged = known if known is not None else _run(study, best, candles, test, base)
    objective = study.search.objective
    found = Validated(
        first=int(test.timestamp[0]),
        last=int(test.timestamp[-1]),
        end=int(test.timestamp[-1]) + test.timeframe_ms,
        bars=len(test),
        data=test.fingerprint,
        tested=tested,
        place=place_of(tested, objective),
        unchanged=unchanged,
        warnings=[
            *_cut_short(progress),
            *partings(tested, best[0].metrics or {}, objective),
            *no_better(tested[0].out_of_sample, tested[0].feasible, unchanged, objective),
        ],
    )
    write_validation(study.folder, found)
    return found


def _known(study: Study, best: Sequence[Record], test: Candles) -> tuple[list[Tested], Unchanged] | None:
    """Return the last test if these trials were run over these candles then: resuming makes no difference to it."""
    try:
        last = read_validation(study.folder)
    except SearchError:  # damaged
        return None
    if last is None or last.data != test.fingerprint:
        return None
    same = [(one.number, one.identity, one.in_sample) for one in last.tested] == [
        (record.number, record.identity, record.score) for record in best
    ]
    return (last.tested, last.unchanged) if same and all(one.summary_digest for one in last.tested) else None


def _run(
    study: Study, best: Sequence[Record], candles: Candles, test: Candles, base: Config
) -> tuple[list[Tested], Unchanged]:
    *outcomes, own = run_over(study.search, test, base, [*(record.parameters for record in best), {}])
    (before,) = run_over(study.search, study.fold.searched(candles), base, [{}])
    unchanged = Unchanged(in_sample=_worth(before, study.search), out_of_sample=_worth(own, study.search))
    return [
        _tested(record, outcome, study.search) for record, outcome in zip(best, outcomes, strict=True)
    ], unchanged


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
        metrics=dict(outcome.metrics or dict.fromkeys(METRICS)),
        summary_digest=outcome.summary_digest or "",
    )


def judge_outcome(outcome: Outcome, search: Search) -> Judgement:
    """Return what a run over a test is worth; one that cannot run there, such as for its warm-up, is worth nothing."""
    if outcome.metrics is None:
        return Judgement(None, False, [outcome.error or outcome.status])
    return judge(outcome.metrics, search.objective, search.constraints)


def _worth(outcome: Outcome, search: Search) -> float | None:
    verdict = judge_outcome(outcome, search)
    return verdict.score if verdict.feasible else None


def _cut_short(progress: Progress) -> list[str]:
    if progress.stopped != "minutes":
        return []
    return [
        f"the budget of minutes ended the search after {progress.done:,} of {progress.total:,} trials; "
        "genesis optimize resume goes on"
    ]
