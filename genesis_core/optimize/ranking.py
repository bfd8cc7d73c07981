"""From trials to what a person asks: which is best, how many of which kind, what was in the way, what mattered.

Pure: the same records give the same answer, in whatever order they were read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from genesis_core.optimize.importance import Importance, importances
from genesis_core.optimize.objective import Objective
from genesis_core.optimize.record import Record


class Ranked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """One trial of a ranking.

    Attributes
    ----------
    rank : int
        From 1.
    number : int
        Of the trial.
    score : float
        By which it ranks.
    parameters, metrics, reasons, summary_digest, identity
        Of its record; the reasons are soft constraints it does not meet.
    """

    rank: int
    number: int
    score: float
    parameters: dict[str, Any]
    metrics: dict[str, float | None]
    reasons: list[str]
    summary_digest: str
    identity: str


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """What is said about all trials together.

    Attributes
    ----------
    trials : int
        On record.
    counts : dict
        ``feasible``, ``infeasible``, ``repeated``, ``invalid``, ``failed``; together `trials`.
    reasons : dict
        Constraint or fault -> how many trials, most frequent first.
    importances : list of Importance
        Of the parameters, most important first.
    seconds : float
        All trials took together.
    order : list of int
        Numbers of the trials that rank, best first; of equal ones the earlier.
    """

    trials: int
    counts: dict[str, int]
    reasons: dict[str, int]
    importances: list[Importance]
    seconds: float
    order: list[int]


def analyse(records: Iterable[Record], objective: Objective) -> Analysis:
    """Rank and count trials.

    Parameters
    ----------
    records : iterable of Record
        In any order.
    objective : Objective
        What is better.
    """
    ordered = sorted(records, key=lambda record: record.number)
    counts = Counter({"feasible": 0, "infeasible": 0, "repeated": 0, "invalid": 0, "failed": 0})
    reasons: Counter[str] = Counter()
    places: list[tuple[float, int]] = []
    scored: list[Record] = []
    seconds = 0.0
    for record in ordered:
        seconds += record.seconds
        counts[_kind(record)] += 1
        if record.status == "repeated":
            continue
        reasons.update(record.reasons)
        if record.error is not None:
            reasons[record.error] += 1
        if record.score is not None:
            scored.append(record)
        place = _place(record, objective)
        if place is not None:
            places.append(place)
    places.sort()
    return Analysis(
        trials=len(ordered),
        counts=dict(counts),
        reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        importances=importances(scored),
        seconds=seconds,
        order=[number for _, number in places],
    )


def ranked(rank: int, record: Record) -> Ranked:
    """Return a trial of a ranking."""
    assert record.score is not None
    assert record.metrics is not None
    return Ranked(
        rank=rank,
        number=record.number,
        score=record.score,
        parameters=record.parameters,
        metrics=record.metrics,
        reasons=record.reasons,
        summary_digest=record.summary_digest or "",
        identity=record.identity,
    )


def best_of(records: Iterable[Record], objective: Objective, top: int) -> list[Record]:
    """Return the best trials that rank, best first."""
    found = [(place, record) for record in records if (place := _place(record, objective)) is not None]
    return [record for _, record in sorted(found, key=lambda item: item[0])[:top]]


def _place(record: Record, objective: Objective) -> tuple[float, int] | None:
    """Return what sorts the best trial first, and of equal ones the earlier; None for one that does not rank."""
    if record.status != "complete" or not record.feasible or record.score is None:
        return None
    return objective.rank_key(record.score), record.number


def _kind(record: Record) -> str:
    if record.status == "complete":
        return "feasible" if record.feasible else "infeasible"
    return record.status
