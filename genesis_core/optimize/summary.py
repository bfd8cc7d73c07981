"""A study's summary as one value: what terminal, JSON and charts are made of."""

from __future__ import annotations

import msgspec

from genesis_core.optimize.importance import Importance
from genesis_core.optimize.ranking import Ranked
from genesis_core.optimize.validation import Tested, Unchanged

SCHEMA = 1


class FoldTest(msgspec.Struct, frozen=True, kw_only=True):
    """The test of one fold's best trial.

    Attributes
    ----------
    fold, of : int
        From 1, of so many; the last is the study's own search.
    best : Tested
        The fold's best trial, in and out of sample.
    tried : int
        How many of the best trials were run over the test.
    place : int or None
        Where the best stands among them.
    unchanged : Unchanged or None
        The strategy before the search.
    first, last, end, bars : int
        Of the test's candles: open times in epoch ms UTC of the first, the last, and what would be the next; how many.
    warnings : list of str
        Where search and test part.
    """

    fold: int
    of: int
    best: Tested
    tried: int
    place: int | None
    unchanged: Unchanged | None
    first: int
    last: int
    end: int
    bars: int
    warnings: list[str]


class Together(msgspec.Struct, frozen=True, kw_only=True):
    """The tests of a walk-forward as one: each trades what its search found before it.

    Attributes
    ----------
    tests : int
        How many there are.
    total_return : float
        Of the tests in a row, what one ends with being what the next begins with.
    median_score, worst_score : float or None
        Of those that have a score; None where none has.
    """

    tests: int
    total_return: float
    median_score: float | None
    worst_score: float | None


class StudySummary(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a study.

    Attributes
    ----------
    study, objective : str
        Name, and what is better in words.
    trials : int
        On record, of `wanted`.
    wanted : int
        By the budget, of a grid at most its points.
    counts, reasons, importances, seconds
        See :class:`genesis_core.optimize.ranking.Analysis`.
    ranks : int
        Trials that rank.
    top : list of Ranked
        The best, best first.
    folds : list of FoldTest
        Out-of-sample results, in time order; empty without validation.
    together : Together or None
        Of a walk-forward.
    broken : dict
        File -> why it is no trial's record; not counted.
    warnings : list of str
        What a reader must know before believing the ranking.
    """

    study: str
    objective: str
    trials: int
    wanted: int
    counts: dict[str, int]
    reasons: dict[str, int]
    importances: list[Importance]
    seconds: float
    ranks: int
    top: list[Ranked]
    folds: list[FoldTest]
    together: Together | None
    broken: dict[str, str]
    warnings: list[str]
    schema: int = SCHEMA

    def to_json(self) -> bytes:
        """Return it as JSON, the same bytes for the same study."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"
