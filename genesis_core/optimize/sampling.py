"""Samplers: which parameters are tried, in which order. Asked for a batch, told its results in the order of asking.

A sampler knows no trial's result before the whole batch is told, so the trials depend on the seed and the size of the
batches, never on who was faster.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from importlib import import_module
from importlib.util import find_spec
from random import Random
from typing import Any, Protocol

from genesis_core.errors import SearchError
from genesis_core.optimize.definition import Search
from genesis_core.optimize.objective import violation
from genesis_core.optimize.space import MOST_POINTS, Kind, Suggest, Value

Parameters = dict[str, Value]


class Told(Protocol):
    """What a sampler is told of a trial; a record is one."""

    @property
    def score(self) -> float | None:
        """The score, None where there is none."""

    @property
    def feasible(self) -> bool:
        """Whether it ranks."""

    @property
    def metrics(self) -> Mapping[str, float | None] | None:
        """See :data:`genesis_core.optimize.objective.METRICS`; None where it was not run."""


class Sampler(Protocol):
    """Asked for trials in batches, and told what became of them.

    Attributes
    ----------
    learns : bool
        Whether what it is told changes what it asks for.
    """

    learns: bool

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

    learns = False

    def __init__(self, parameters: Mapping[str, Kind], seed: int) -> None:
        self._parameters = parameters
        self._names = sorted(parameters)
        self._seed = seed

    def ask(self, first: int, count: int) -> list[Parameters]:
        """Draw them."""
        made = []
        for number in range(first, first + count):
            # Seeded by a text: the same draws on every version of Python. In the order of the names: the order in the
            # file means nothing.
            rng = Random(f"{self._seed}/{number}")
            drawn = {name: self._parameters[name].draw(rng) for name in self._names}
            made.append({name: drawn[name] for name in self._parameters})
        return made

    def tell(self, results: Sequence[Told]) -> None:
        """Learn nothing."""


class GridSampler:
    """Every point once, shuffled: any beginning of the order is spread over the whole grid.

    Parameters
    ----------
    parameters : mapping
        Name -> kind; none may be a range without steps.
    seed : int
        Decides the order.

    Raises
    ------
    SearchError
        For a range without steps, or one of more than a million values.
    """

    learns = False

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
        self._parameters = parameters
        self._points = {name: parameters[name].points() for name in sorted(parameters)}
        self._size = math.prod(len(points) for points in self._points.values())
        self._seed = seed

    def ask(self, first: int, count: int) -> list[Parameters]:
        """Return the next points."""
        return [self._at(number) for number in range(first, min(first + count, self._size))]

    def tell(self, results: Sequence[Told]) -> None:
        """Learn nothing."""

    def _at(self, number: int) -> Parameters:
        left = shuffled(number, self._size, self._seed)
        chosen: Parameters = {}
        for name, points in self._points.items():
            left, at = divmod(left, len(points))
            chosen[name] = points[at]
        return {name: chosen[name] for name in self._parameters}


def shuffled(number: int, size: int, seed: int) -> int:
    """Return where a number goes in a shuffle of so many, without shuffling the others.

    A Feistel network (Luby and Rackoff 1988) shuffles the next power of four; what falls outside is sent through again,
    so that every number below `size` is met once.

    Parameters
    ----------
    number : int
        From 0.
    size : int
        How many numbers there are.
    seed : int
        Another one, another shuffle.
    """
    half = max(1, ((size - 1).bit_length() + 1) // 2)
    mask = (1 << half) - 1
    while True:
        left, right = number >> half, number & mask
        for turn in range(4):
            mixed = blake2b(f"{seed}/{turn}/{right}".encode(), digest_size=16).digest()
            left, right = right, left ^ (int.from_bytes(mixed, "little") & mask)
        number = left << half | right
        if number < size:
            return number


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
    A trial that does not rank is told with how far it is from meeting the hard constraints: TPE takes it for worse than
    any that ranks, and where too few rank, the nearest for the best. One that failed, or has no score, is farthest.
    Which trials are asked next depends on Optuna's version; the study's file keeps it.
    """

    learns = True

    def __init__(self, search: Search) -> None:
        optuna = _optuna()
        self._parameters = search.parameters
        self._constraints = search.constraints
        self._beyond: dict[int, float] = {}
        self._pruned = optuna.trial.TrialState.PRUNED
        with warnings.catch_warnings(), _quiet(optuna.logging):
            warnings.simplefilter("ignore")  # of features that Optuna calls experimental
            sampler = optuna.samplers.TPESampler(
                seed=search.sampler.seed,
                n_startup_trials=search.sampler.startup,
                constant_liar=True,
                constraints_func=lambda trial: (self._beyond[trial.number],),
            )
            self._study = optuna.create_study(sampler=sampler, direction=search.objective.direction)
        self._asked: list[Any] = []

    def ask(self, first: int, count: int) -> list[Parameters]:
        """Ask Optuna."""
        self._asked = [self._study.ask() for _ in range(count)]
        return [self._suggested(trial) for trial in self._asked]

    def tell(self, results: Sequence[Told]) -> None:
        """Tell Optuna."""
        for trial, result in zip(self._asked, results, strict=True):
            ranks = result.feasible and result.score is not None
            metrics = None if result.score is None else result.metrics
            # Optuna takes whatever is above 0 for not met.
            self._beyond[trial.number] = 0.0 if ranks else max(violation(metrics, self._constraints), 1e-300)
            if ranks:
                self._study.tell(trial, result.score)
            else:
                self._study.tell(trial, state=self._pruned)
        self._asked = []

    def _suggested(self, trial: Suggest) -> Parameters:
        # In the order of the names, as above.
        suggested = {name: self._parameters[name].suggest(trial, name) for name in sorted(self._parameters)}
        return {name: suggested[name] for name in self._parameters}


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


@contextmanager
def _quiet(logging: Any) -> Iterator[None]:
    """Let Optuna not tell of a new study; how much it says otherwise is its user's."""
    before = logging.get_verbosity()
    logging.set_verbosity(logging.WARNING)
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _optuna() -> Any:
    if find_spec("optuna") is None:
        raise SearchError("sampler.kind = \"tpe\" needs Optuna: pip install 'genesis-backtest[optimize]'")
    return import_module("optuna")
