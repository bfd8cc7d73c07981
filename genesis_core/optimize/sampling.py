"""Samplers: which parameters are tried, in which order. Asked for a batch, told its results in the order of asking.

A sampler knows no trial's result before the whole batch is told, so the trials depend on the seed and the size of the
batches, never on who was faster.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from random import Random
from typing import Any, Protocol

from genesis_core.errors import SearchError
from genesis_core.optimize.definition import Search
from genesis_core.optimize.space import MOST_POINTS, Kind, Value

Parameters = dict[str, Value]


class Told(Protocol):
    """What a sampler is told of a trial; a record is one."""

    @property
    def score(self) -> float | None:
        """The score, None where there is none."""

    @property
    def feasible(self) -> bool:
        """Whether it ranks."""


class Sampler(Protocol):
    """Asked for trials in batches, and told what became of them."""

    def ask(self, first: int, count: int) -> list[Parameters]:
        """Return the parameters of `count` trials from number `first` on; fewer where there are no more."""

    def tell(self, results: Sequence[Told]) -> None:
        """Be told the results of the trials asked for last, in the same order."""


class RandomSampler:
    """Each trial drawn by its own number, so that any trial can be drawn alone.

    Parameters
    ----------
    parameters : mapping
        Name -> kind.
    seed : int
        Of the search.
    """

    def __init__(self, parameters: Mapping[str, Kind], seed: int) -> None:
        self._parameters = parameters
        self._seed = seed

    def ask(self, first: int, count: int) -> list[Parameters]:
        """Draw them."""
        made = []
        for number in range(first, first + count):
            # Seeded by a text: the same draws on every version of Python.
            rng = Random(f"{self._seed}/{number}")
            made.append({name: kind.draw(rng) for name, kind in self._parameters.items()})
        return made

    def tell(self, results: Sequence[Told]) -> None:
        """Learn nothing."""


class GridSampler:
    """Every point once, in steps of the golden section: any beginning of the order is spread over the whole grid.

    Parameters
    ----------
    parameters : mapping
        Name -> kind; none may be a range without steps.
    seed : int
        Decides with which point the order begins.

    Raises
    ------
    SearchError
        For a range without steps, or one of more than a million values.
    """

    def __init__(self, parameters: Mapping[str, Kind], seed: int) -> None:
        for name, kind in parameters.items():
            count = kind.count()
            if count is None:
                raise SearchError(
                    f"parameters.{name}: a grid needs steps here; give step, or use sampler random or tpe"
                )
            if count > MOST_POINTS:
                raise SearchError(
                    f"parameters.{name}: {count:,} values are too many for a grid; at most {MOST_POINTS:,}"
                )
        self._points = {name: kind.points() for name, kind in parameters.items()}
        self._size = math.prod(len(points) for points in self._points.values())
        stride = max(1, round(self._size * 0.6180339887498949))
        while math.gcd(stride, self._size) != 1:
            stride += 1
        self._stride = stride
        self._start = int(Random(f"{seed}/grid").random() * self._size)

    def ask(self, first: int, count: int) -> list[Parameters]:
        """Return the next points."""
        return [self._at(number) for number in range(first, min(first + count, self._size))]

    def tell(self, results: Sequence[Told]) -> None:
        """Learn nothing."""

    def _at(self, number: int) -> Parameters:
        left = (self._start + number * self._stride) % self._size
        chosen: Parameters = {}
        for name, points in self._points.items():
            left, at = divmod(left, len(points))
            chosen[name] = points[at]
        return chosen


class TpeSampler:
    """Optuna's tree-structured Parzen estimator.

    Parameters
    ----------
    search : Search
        Parameters, seed, startup, direction.

    Raises
    ------
    SearchError
        Without Optuna.

    Notes
    -----
    A trial that breaks a hard constraint, has no score or failed is told as pruned: TPE counts it among the bad ones.
    Which trials are asked next depends on Optuna's version; the study's file keeps it.
    """

    def __init__(self, search: Search) -> None:
        optuna = _optuna()
        self._parameters = search.parameters
        self._pruned = optuna.trial.TrialState.PRUNED
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of features that Optuna calls experimental
            sampler = optuna.samplers.TPESampler(
                seed=search.sampler.seed, n_startup_trials=search.sampler.startup, constant_liar=True
            )
        self._study = optuna.create_study(sampler=sampler, direction=search.objective.direction)
        self._asked: list[Any] = []

    def ask(self, first: int, count: int) -> list[Parameters]:
        """Ask Optuna."""
        self._asked = [self._study.ask() for _ in range(count)]
        return [
            {name: kind.suggest(trial, name) for name, kind in self._parameters.items()}
            for trial in self._asked
        ]

    def tell(self, results: Sequence[Told]) -> None:
        """Tell Optuna."""
        for trial, result in zip(self._asked, results, strict=True):
            if result.feasible and result.score is not None:
                self._study.tell(trial, result.score)
            else:
                self._study.tell(trial, state=self._pruned)
        self._asked = []


def make_sampler(search: Search) -> Sampler:
    """Return the sampler of a search.

    Raises
    ------
    SearchError
        If the parameters do not suit it, or Optuna is missing.
    """
    if search.sampler.kind == "grid":
        return GridSampler(search.parameters, search.sampler.seed)
    if search.sampler.kind == "tpe":
        return TpeSampler(search)
    return RandomSampler(search.parameters, search.sampler.seed)


def _optuna() -> Any:
    if find_spec("optuna") is None:
        raise SearchError("sampler.kind = \"tpe\" needs Optuna: pip install 'genesis-backtest[optimize]'")
    return import_module("optuna")
