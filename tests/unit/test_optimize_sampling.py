"""Samplers: which parameters are tried, in which order, and that only seed, batches and results decide it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import mean
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core.errors import SearchError
from genesis_core.optimize import Search
from genesis_core.optimize.objective import METRICS
from genesis_core.optimize.sampling import (
    GridSampler,
    Parameters,
    RandomSampler,
    Sampler,
    TpeSampler,
    make_sampler,
)
from genesis_core.optimize.space import Choice, Fixed, Float, Int, Kind, Map

by_property = settings(max_examples=60)

MIXED: dict[str, Kind] = {
    "i": Int(low=1, high=50, step=7),
    "l": Int(low=1, high=5000, log=True),
    "f": Float(low=0.0, high=1.0),
    "s": Float(low=0.1, high=0.9, step=0.1),
    "c": Choice(values=["a", True, [0.3, 0.3]]),
    "x": Fixed(value=0.25),
    "m": Map(at=[0.5, 0.7], low=0.1, high=0.5, step=0.1, direction="down"),
}


@dataclass
class Result:
    """What a sampler is told of a trial."""

    score: float | None
    feasible: bool = True
    metrics: dict[str, float | None] | None = None


def in_batches(sampler: Sampler, sizes: Sequence[int]) -> list[Parameters]:
    made: list[Parameters] = []
    for size in sizes:
        made += sampler.ask(len(made), size)
    return made


def cuts(whole: int) -> st.SearchStrategy[list[int]]:
    """Sizes of batches that together are `whole`."""
    places = st.sets(st.integers(1, whole - 1), max_size=12).map(sorted)
    return places.map(lambda at: [b - a for a, b in zip([0, *at], [*at, whole], strict=True)])


class TestRandom:
    @by_property
    @given(cuts(100), st.integers(0, 2**32 - 1))
    def test_the_sizes_of_batches_do_not_matter(self, sizes: list[int], seed: int) -> None:
        assert in_batches(RandomSampler(MIXED, seed), sizes) == RandomSampler(MIXED, seed).ask(0, 100)

    def test_any_trial_can_be_drawn_alone_and_in_any_order(self) -> None:
        sampler = RandomSampler(MIXED, 3)
        whole = sampler.ask(0, 100)
        for number in (99, 0, 57, 57):
            assert sampler.ask(number, 1) == [whole[number]]
        assert sampler.ask(5, 0) == []

    def test_it_learns_nothing(self) -> None:
        told, untold = RandomSampler(MIXED, 3), RandomSampler(MIXED, 3)
        told.ask(0, 2)
        told.tell([Result(1.0), Result(None, feasible=False)])
        assert told.ask(2, 20) == untold.ask(2, 20)

    def test_seeds_and_numbers_differ(self) -> None:
        kinds: dict[str, Kind] = {"f": Float(low=0.0, high=1.0)}
        drawn = {made["f"] for seed in range(20) for made in RandomSampler(kinds, seed).ask(0, 20)}
        assert len(drawn) == 400

    def test_seed_and_number_do_not_run_together(self) -> None:
        kinds: dict[str, Kind] = {"f": Float(low=0.0, high=1.0)}
        assert RandomSampler(kinds, 1).ask(23, 1) != RandomSampler(kinds, 12).ask(3, 1)

    def test_parameters_are_drawn_apart_and_over_their_whole_range(self) -> None:
        kinds: dict[str, Kind] = {"a": Float(low=0.0, high=1.0), "b": Float(low=0.0, high=1.0)}
        made = RandomSampler(kinds, 0).ask(0, 400)
        corners = {(round(one["a"]), round(one["b"])) for one in made}  # type: ignore[arg-type]
        assert corners == set(product((0, 1), repeat=2))
        for name in kinds:
            assert mean(float(one[name]) for one in made) == pytest.approx(0.5, abs=0.05)  # type: ignore[arg-type]

    def test_trials_are_what_they_were(self) -> None:
        assert RandomSampler(MIXED, 7).ask(3, 1) == [FOURTH]

    def test_the_order_of_the_parameters_means_nothing(self) -> None:
        other = dict(reversed(MIXED.items()))
        assert RandomSampler(other, 7).ask(0, 20) == RandomSampler(MIXED, 7).ask(0, 20)

    def test_names_are_in_the_order_of_the_search(self) -> None:
        assert list(RandomSampler(MIXED, 7).ask(0, 1)[0]) == list(MIXED)


FOURTH: dict[str, Any] = {
    "i": 29,
    "l": 349,
    "f": 0.41811758481,
    "s": 0.9,
    "c": "a",
    "x": 0.25,
    "m": [[0.5, 0.3], [0.7, 0.2]],
}
"""Trial 3 of seed 7, so that a study begun on one machine can be resumed on another."""


@st.composite
def grids(draw: Any) -> dict[str, Kind]:
    kind = st.one_of(
        st.integers(0, 6).map(lambda high: Int(low=0, high=high)),
        st.integers(0, 5).map(lambda k: Float(low=0.0, high=k / 10, step=0.1)),
        st.integers(1, 4).map(lambda count: Choice(values=list("abcd")[:count])),
        st.just(Fixed(value=[0.3])),
        st.integers(0, 2).map(lambda k: Map(at=[0.5, 0.7], low=0.0, high=k / 10, step=0.1)),
    )
    made: list[Kind] = draw(st.lists(kind, min_size=1, max_size=4))
    return {f"p{at}": one for at, one in enumerate(made)}


def all_points(kinds: dict[str, Kind]) -> set[str]:
    return {
        repr(dict(zip(kinds, one, strict=True))) for one in product(*(k.points() for k in kinds.values()))
    }


def largest_gap(positions: Sequence[int], size: int) -> int:
    """Return the longest way on a circle from one position to the next."""
    ordered = sorted(positions)
    return max(b - a for a, b in zip(ordered, [*ordered[1:], ordered[0] + size], strict=True))


class TestGrid:
    @by_property
    @given(grids(), st.integers(0, 2**32 - 1))
    def test_it_gives_each_point_once_and_then_none(self, kinds: dict[str, Kind], seed: int) -> None:
        points = all_points(kinds)
        sampler = GridSampler(kinds, seed)
        made = sampler.ask(0, len(points) + 5)
        assert len(made) == len(points)
        assert {repr(one) for one in made} == points
        assert sampler.ask(len(points), 3) == []
        assert len(sampler.ask(len(points) - 1, 3)) == 1

    @by_property
    @given(cuts(60), st.integers(0, 99))
    def test_the_sizes_of_batches_do_not_matter(self, sizes: list[int], seed: int) -> None:
        kinds: dict[str, Kind] = {"a": Int(low=1, high=10), "b": Choice(values=list("uvwxyz"))}
        assert in_batches(GridSampler(kinds, seed), sizes) == GridSampler(kinds, seed).ask(0, 60)

    @pytest.mark.parametrize("size", [89, 100, 360, 997, 2310])
    @pytest.mark.parametrize("seed", [0, 1])
    def test_any_beginning_is_spread_over_the_whole(self, size: int, seed: int) -> None:
        order = [one["i"] for one in GridSampler({"i": Int(low=0, high=size - 1)}, seed).ask(0, size)]
        for count in (5, 10, 20, 40, size // 2, size):
            beginning: list[Any] = order[:count]
            assert largest_gap(beginning, size) <= max(10 * size / count, 1)

    def test_the_order_of_the_parameters_means_nothing(self) -> None:
        kinds: dict[str, Kind] = {"b": Int(low=1, high=10), "a": Choice(values=list("uvwxyz"))}
        made = GridSampler(kinds, 7).ask(0, 60)
        assert GridSampler(dict(reversed(kinds.items())), 7).ask(0, 60) == made
        assert list(made[0]) == ["b", "a"]

    @pytest.mark.parametrize(("a", "b"), [(20, 8), (20, 50), (100, 34), (50, 21)])
    def test_a_beginning_is_spread_over_each_parameter(self, a: int, b: int) -> None:
        made = GridSampler({"a": Int(low=0, high=a - 1), "b": Int(low=0, high=b - 1)}, 0).ask(0, 24)
        for name, size in (("a", a), ("b", b)):
            positions: list[Any] = sorted({one[name] for one in made})  # type: ignore[type-var]
            assert largest_gap(positions, size) <= max(size / 2, 3)

    def test_half_of_a_grid_has_every_value_of_every_parameter(self) -> None:
        kinds: dict[str, Kind] = {
            "a": Int(low=1, high=7),
            "b": Choice(values=list("vwxyz")),
            "c": Float(low=0.0, high=0.5, step=0.1),
        }
        size = 7 * 5 * 6
        half = GridSampler(kinds, 0).ask(0, size // 2)
        for name, kind in kinds.items():
            found = [sum(one[name] == point for one in half) for point in kind.points()]
            fair = len(half) / len(found)
            assert min(found) >= 0.5 * fair
            assert max(found) <= 1.5 * fair

    def test_seeds_begin_elsewhere(self) -> None:
        kinds: dict[str, Kind] = {"i": Int(low=0, high=9_999)}
        first = {repr(GridSampler(kinds, seed).ask(0, 1)) for seed in range(50)}
        assert len(first) > 45
        assert GridSampler(kinds, 7).ask(0, 50) == GridSampler(kinds, 7).ask(0, 50)

    def test_it_learns_nothing(self) -> None:
        kinds: dict[str, Kind] = {"i": Int(low=0, high=99)}
        told, untold = GridSampler(kinds, 3), GridSampler(kinds, 3)
        told.ask(0, 1)
        told.tell([Result(1.0)])
        assert told.ask(1, 50) == untold.ask(1, 50)

    @pytest.mark.parametrize(
        "kind",
        [
            Float(low=0.0, high=1.0),
            Float(low=0.1, high=1.0, log=True),
            Map(at=[0.5, 0.7], low=0.0, high=1.0),
        ],
    )
    def test_a_range_without_steps_is_refused(self, kind: Kind) -> None:
        with pytest.raises(SearchError) as caught:
            GridSampler({"a.b": Int(low=1, high=2), "c.d": kind}, 0)
        assert str(caught.value) == (
            "parameters.c.d: a grid needs steps here; give step, or use sampler random or tpe"
        )

    def test_so_are_too_many_values_and_none_of_them_is_made(self) -> None:
        with pytest.raises(SearchError) as caught:
            GridSampler({"c.d": Int(low=0, high=10**15)}, 0)
        assert str(caught.value) == (
            "parameters.c.d: 1,000,000,000,000,001 values are too many for a grid; at most 1,000,000"
        )

    def test_many_parameters_may_have_more_points_than_could_be_listed(self) -> None:
        kinds: dict[str, Kind] = {f"p{at}": Int(low=0, high=999) for at in range(6)}
        made = GridSampler(kinds, 0).ask(10**17, 200)
        assert len({repr(one) for one in made}) == 200

    def test_a_range_of_one_value_needs_no_steps(self) -> None:
        made = GridSampler({"a": Float(low=0.5, high=0.5), "b": Int(low=1, high=2)}, 0).ask(0, 9)
        assert sorted((one["a"], one["b"]) for one in made) == [(0.5, 1), (0.5, 2)]  # type: ignore[type-var]


def search(
    sampler: str,
    *,
    direction: str = "maximize",
    seed: int = 0,
    startup: int = 10,
    constraints: Sequence[dict[str, Any]] = (),
) -> Search:
    return Search.from_dict(
        {
            "parameters": {
                "x": {"kind": "float", "low": 0.0, "high": 1.0},
                "n": {"kind": "int", "low": 1, "high": 100, "log": True},
                "s": {"kind": "float", "low": 0.0, "high": 1.0, "step": 0.25},
                "c": {"kind": "choice", "values": [[0.3], "b", 1]},
                "f": {"kind": "fixed", "value": 0.5},
                "m": {"kind": "map", "at": [0.5, 0.7], "low": 0.0, "high": 1.0},
            },
            "objective": {"metric": "sharpe", "direction": direction},
            "sampler": {"kind": sampler, "seed": seed, **({"startup": startup} if sampler == "tpe" else {})},
            "constraints": list(constraints),
        }
    )


Telling = Callable[[Parameters], Result]


def asked(made: Search, tell: Telling, *, batch: int = 5, count: int = 40) -> list[Parameters]:
    """Ask for trials in batches, and tell what came of each."""
    sampler = TpeSampler(made)
    trials: list[Parameters] = []
    while len(trials) < count:
        some = sampler.ask(len(trials), batch)
        assert len(some) == batch
        sampler.tell([tell(parameters) for parameters in some])
        trials += some
    return trials


def height(parameters: Parameters) -> float:
    x = parameters["x"]
    assert isinstance(x, float)
    return x


def near(parameters: Parameters) -> Result:
    """A score that is best at x = 0.2."""
    return Result(-abs(height(parameters) - 0.2))


class TestTpe:
    @pytest.fixture(autouse=True)
    def _optuna(self) -> None:
        pytest.importorskip("optuna")

    def test_the_same_seed_and_batches_give_the_same_trials(self) -> None:
        assert asked(search("tpe"), near) == asked(search("tpe"), near)

    def test_the_order_of_the_parameters_means_nothing(self) -> None:
        made = search("tpe")
        other = msgspec.structs.replace(made, parameters=dict(reversed(made.parameters.items())))
        assert asked(other, near) == asked(made, near)

    def test_seeds_differ(self) -> None:
        one, other = (asked(search("tpe", seed=seed), near, count=10) for seed in (0, 1))
        assert not [trial for trial in one if trial in other]

    def test_trials_are_values_of_the_parameters(self) -> None:
        made = search("tpe")
        for trial in asked(made, near):
            assert list(trial) == list(made.parameters)
            assert 0.0 <= height(trial) <= 1.0
            assert float(f"{height(trial):.12g}") == trial["x"]
            assert trial["n"] in range(1, 101)
            assert trial["s"] in (0.0, 0.25, 0.5, 0.75, 1.0)
            assert trial["c"] in ([0.3], "b", 1)
            assert trial["f"] == 0.5
            assert isinstance(trial["m"], list)
            (first, low), (second, high) = trial["m"]  # type: ignore[misc]
            assert (first, second) == (0.5, 0.7)
            assert 0.0 <= low <= high <= 1.0

    def test_it_learns(self) -> None:
        def distance(trials: list[Parameters]) -> float:
            return mean(abs(height(trial) - 0.2) for trial in trials)

        trials = asked(search("tpe"), near, count=60)
        assert distance(trials[-20:]) < 0.6 * distance(trials[:10])

    def test_it_knows_which_direction_is_better(self) -> None:
        means = {}
        for direction in ("maximize", "minimize"):
            trials = asked(search("tpe", direction=direction), lambda trial: Result(height(trial)), count=60)
            means[direction] = mean(height(trial) for trial in trials[-20:])
        assert means["minimize"] < 0.35
        assert means["maximize"] > 0.65

    def test_it_learns_only_after_its_startup(self) -> None:
        def far(parameters: Parameters) -> Result:
            return Result(-abs(height(parameters) - 0.9))

        one, other = (asked(search("tpe", startup=20), tell, count=40) for tell in (near, far))
        assert one[:20] == other[:20]
        assert one[20:] != other[20:]

    def test_results_are_told_only_after_their_batch(self) -> None:
        one, other = (asked(search("tpe", startup=1), tell, batch=20, count=20) for tell in (near, silent))
        assert one == other

    @pytest.mark.parametrize("result", [Result(None, feasible=False), Result(5.0, feasible=False)])
    def test_it_goes_on_where_nothing_is_feasible(self, result: Result) -> None:
        assert len(asked(search("tpe"), lambda _: result)) == 40

    def test_what_is_not_feasible_draws_nothing(self) -> None:
        """It goes up to the wall at 0.5, and not to the better scores behind it."""

        def reached(*, feasible: bool) -> float:
            def walled(parameters: Parameters) -> Result:
                x = height(parameters)
                return Result(10.0 + x, feasible=feasible) if x > 0.5 else Result(x)

            return mean(height(trial) for trial in asked(search("tpe"), walled, count=80)[-30:])

        assert 0.4 < reached(feasible=False) < 0.55
        assert reached(feasible=True) > 0.85

    def test_where_nothing_ranks_it_goes_to_what_is_nearest_to_the_constraints(self) -> None:
        def sunk(parameters: Parameters) -> Result:
            """A drawdown that is never small enough, and least at x = 0.3."""
            metrics = dict.fromkeys(METRICS, 1.0) | {"max_drawdown": 0.1 + abs(height(parameters) - 0.3)}
            return Result(height(parameters), feasible=False, metrics=metrics)

        made = search("tpe", constraints=[{"metric": "max_drawdown", "at_most": 0.05}])
        trials = asked(made, sunk, count=80)
        assert mean(abs(height(trial) - 0.3) for trial in trials[-30:]) < 0.12

    @pytest.mark.parametrize(
        "none",
        [
            Result(None, feasible=False),
            Result(None, feasible=False, metrics=dict.fromkeys(METRICS, 0.0) | {"sharpe": None}),
        ],
    )
    def test_what_has_no_score_is_worse_than_what_breaks_a_constraint(self, none: Result) -> None:
        """All of the others are beyond the bound by the same."""

        def half(parameters: Parameters) -> Result:
            if height(parameters) > 0.4:
                return none
            return Result(1.0, feasible=False, metrics=dict.fromkeys(METRICS, 1.0))

        made = search("tpe", constraints=[{"metric": "max_drawdown", "at_most": 0.05}])
        trials = asked(made, half, count=80)
        assert mean(height(trial) > 0.4 for trial in trials[-30:]) < 0.2

    def test_a_result_is_needed_for_each_trial(self) -> None:
        sampler = TpeSampler(search("tpe"))
        sampler.ask(0, 3)
        with pytest.raises(ValueError):
            sampler.tell([Result(1.0)])


def silent(parameters: Parameters) -> Result:
    return Result(None, feasible=False)


class TestMake:
    def test_a_search_says_which(self) -> None:
        made = search("random", seed=5)
        assert make_sampler(made).ask(0, 9) == RandomSampler(made.parameters, 5).ask(0, 9)
        made = Search.from_dict(
            {
                "parameters": {"n": {"kind": "int", "low": 1, "high": 100}},
                "objective": {"metric": "sharpe"},
                "sampler": {"kind": "grid", "seed": 5},
            }
        )
        assert make_sampler(made).ask(0, 200) == GridSampler(made.parameters, 5).ask(0, 200)

    def test_how_much_optuna_says_stays_its_users(self) -> None:
        optuna = pytest.importorskip("optuna")
        before = optuna.logging.get_verbosity()
        try:
            optuna.logging.set_verbosity(optuna.logging.DEBUG)
            make_sampler(search("tpe"))
            assert optuna.logging.get_verbosity() == optuna.logging.DEBUG
        finally:
            optuna.logging.set_verbosity(before)

    def test_tpe(self) -> None:
        pytest.importorskip("optuna")
        assert isinstance(make_sampler(search("tpe")), TpeSampler)

    def test_a_grid_of_a_range_is_refused(self) -> None:
        with pytest.raises(SearchError) as caught:
            make_sampler(search("grid"))
        assert str(caught.value).startswith("parameters.x: a grid needs steps here; ")

    def test_without_optuna_it_is_said_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "optuna", None)
        with pytest.raises(SearchError) as caught:
            make_sampler(search("tpe"))
        assert str(caught.value) == (
            "sampler.kind = \"tpe\" needs Optuna: pip install 'genesis-backtest[optimize]'"
        )


def test_grids_of_every_small_size_are_whole() -> None:
    for size in range(1, 130):
        made = GridSampler({"i": Int(low=0, high=size - 1)}, size).ask(0, size)
        assert sorted(one["i"] for one in made) == list(range(size))  # type: ignore[type-var]
