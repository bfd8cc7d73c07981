"""What a run's metrics are worth: against exact sums, and case by case."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core import backtest_many, synthetic
from genesis_core.optimize.evaluate import metrics_of
from genesis_core.optimize.objective import (
    METRICS,
    POSSIBLE,
    Constraint,
    Judgement,
    Objective,
    judge,
    violation,
)

by_property = settings(max_examples=60)
MAXIMIZE = Objective(metric="total_return")
MINIMIZE = Objective(metric="total_return", direction="minimize")

# What a run can leave undefined.
OPTIONAL = ("win_rate", "profit_factor", "sharpe")


def metrics(**changes: float | None) -> dict[str, float | None]:
    """Metrics of an ordinary run, some of them changed."""
    ordinary: dict[str, float | None] = {
        "total_return": 0.25,
        "trades": 40,
        "win_rate": 0.5,
        "profit_factor": 1.5,
        "max_drawdown": 0.125,
        "sharpe": 1.25,
        "final_equity": 12_500.0,
        "fees": 64.0,
    }
    return {**ordinary, **changes}


# Eighths and quarters: their sums and products are exact, so that the order of adding does not matter.
eighths = st.integers(-800, 800).map(lambda k: k / 8)
weights = st.integers(-40, 40).filter(bool).map(lambda k: k / 4)


@st.composite
def runs(draw: Any) -> dict[str, float | None]:
    made: dict[str, float | None] = {}
    for name in METRICS:
        made[name] = draw(st.one_of(st.none(), eighths) if name in OPTIONAL else eighths)
    made["trades"] = float(draw(st.integers(0, 100)))
    return made


@st.composite
def objectives(draw: Any) -> Objective:
    direction = draw(st.sampled_from(["maximize", "minimize"]))
    if draw(st.booleans()):
        return Objective(metric=draw(st.sampled_from(METRICS)), direction=direction)
    names = st.sampled_from(METRICS)
    return Objective(score=draw(st.dictionaries(names, weights, min_size=1)), direction=direction)


@st.composite
def constraints(draw: Any) -> Constraint:
    low, high = sorted((draw(eighths), draw(eighths)))
    given_bounds = draw(st.sampled_from(["low", "high", "both"]))
    return Constraint(
        metric=draw(st.sampled_from(METRICS)),
        at_least=None if given_bounds == "high" else low,
        at_most=None if given_bounds == "low" else high,
        weight=draw(st.one_of(st.none(), st.integers(1, 40).map(lambda k: k / 4))),
    )


def oracle(
    run: Mapping[str, float | None], objective: Objective, bounds: list[Constraint]
) -> tuple[Fraction | None, bool]:
    """Score and feasibility, in fractions and by the words of the documentation."""
    terms = {objective.metric: 1.0} if objective.score is None else objective.score
    defined = all(run[name or ""] is not None for name in terms)
    score = Fraction(0)
    if defined:
        score = sum(
            (Fraction(weight) * Fraction(run[name or ""] or 0) for name, weight in terms.items()), score
        )
    feasible = defined
    for bound in bounds:
        value = run[bound.metric]
        undefined = value is None
        if undefined and bound.metric == "profit_factor" and run["trades"] != 0 and bound.at_most is None:
            continue  # no losing trade: better than any number
        if value is None:
            feasible = False
            continue
        excess = Fraction(0)
        if bound.at_least is not None and value < bound.at_least:
            excess = Fraction(bound.at_least) - Fraction(value)
        if bound.at_most is not None and value > bound.at_most:
            excess = Fraction(value) - Fraction(bound.at_most)
        if excess and bound.weight is None:
            feasible = False
        elif excess and bound.weight is not None:
            penalty = Fraction(bound.weight) * excess
            score += penalty if objective.direction == "minimize" else -penalty
    return (score if defined else None), feasible


class TestAgainstFractions:
    @by_property
    @given(runs(), objectives(), st.lists(constraints(), max_size=4))
    def test_score_and_feasibility(
        self, run: dict[str, float | None], objective: Objective, bounds: list[Constraint]
    ) -> None:
        found = judge(run, objective, bounds)
        score, feasible = oracle(run, objective, bounds)
        assert found.feasible is feasible
        assert found.score == (None if score is None else float(score))

    @by_property
    @given(runs(), objectives(), st.lists(constraints(), max_size=4))
    def test_one_reason_for_each_thing_that_is_wrong(
        self, run: dict[str, float | None], objective: Objective, bounds: list[Constraint]
    ) -> None:
        found = judge(run, objective, bounds)
        said = []
        if found.score is None:
            said.append(found.reasons[0])
            assert said[0] in [f"{name} is not defined" for name in objective.weights if run[name] is None]
        for bound in bounds:
            if bound.beyond(run) > 0:
                undefined = f"{bound.metric} is not defined"
                if run[bound.metric] is None and undefined not in said:
                    said.append(undefined)
                said.append(bound.text + ("" if bound.weight is None else " (soft)"))
        assert found.reasons == said
        if not found.reasons:
            assert found.feasible

    @by_property
    @given(runs(), objectives(), st.lists(constraints(), max_size=3), constraints())
    def test_a_further_constraint_never_makes_a_run_better(
        self, run: dict[str, float | None], objective: Objective, bounds: list[Constraint], more: Constraint
    ) -> None:
        before, after = judge(run, objective, bounds), judge(run, objective, [*bounds, more])
        assert before.feasible or not after.feasible
        if before.score is not None and after.score is not None:
            assert not objective.better(after.score, before.score)

    @by_property
    @given(runs(), objectives(), st.lists(constraints(), max_size=4), st.randoms(use_true_random=False))
    def test_the_order_of_constraints_does_not_matter(
        self, run: dict[str, float | None], objective: Objective, bounds: list[Constraint], rng: Any
    ) -> None:
        shuffled = list(bounds)
        rng.shuffle(shuffled)
        one, other = judge(run, objective, bounds), judge(run, objective, shuffled)
        assert (one.score, one.feasible) == (other.score, other.feasible)
        assert sorted(one.reasons) == sorted(other.reasons)


class TestScore:
    @pytest.mark.parametrize("name", METRICS)
    @pytest.mark.parametrize("direction", ["maximize", "minimize"])
    def test_one_metric_is_its_own_score(self, name: str, direction: Any) -> None:
        run = metrics()
        assert judge(run, Objective(metric=name, direction=direction), []) == Judgement(run[name], True, [])

    def test_a_weighted_sum(self) -> None:
        objective = Objective(score={"sharpe": 2.0, "max_drawdown": -4.0, "trades": 0.125})
        assert judge(metrics(), objective, []) == Judgement(2.5 - 0.5 + 5.0, True, [])

    @pytest.mark.parametrize("name", OPTIONAL)
    def test_an_undefined_metric_gives_none(self, name: str) -> None:
        expected = Judgement(None, False, [f"{name} is not defined"])
        assert judge(metrics(**{name: None}), Objective(metric=name), []) == expected
        sum_of = Objective(score={"total_return": 1.0, name: 1.0, "fees": 1.0})
        assert judge(metrics(**{name: None}), sum_of, []) == expected

    def test_what_is_not_asked_for_may_be_undefined(self) -> None:
        run = metrics(win_rate=None, profit_factor=None, sharpe=None, trades=0)
        assert judge(run, MAXIMIZE, []) == Judgement(0.25, True, [])

    @pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
    def test_a_score_that_is_no_number_is_none(self, value: float) -> None:
        expected = Judgement(None, False, ["the score is not finite"])
        assert judge(metrics(total_return=value), MAXIMIZE, []) == expected

    def test_a_sum_that_overflows_is_none(self) -> None:
        objective = Objective(score={"final_equity": 1e308, "fees": 1.0})
        bound = Constraint(metric="trades", at_least=50)
        expected = Judgement(None, False, ["trades >= 50", "the score is not finite"])
        assert judge(metrics(), objective, [bound]) == expected

    def test_metrics_of_a_real_run_are_all_there_are(self) -> None:
        found = metrics_of(backtest_many(synthetic(bars=400), [None])[0])
        assert tuple(found) == METRICS == tuple(POSSIBLE)
        for name, value in found.items():
            low, high = POSSIBLE[name]
            assert value is None or low <= value <= high


class TestHard:
    @pytest.mark.parametrize(
        ("bound", "met"),
        [
            (Constraint(metric="trades", at_least=40), True),
            (Constraint(metric="trades", at_least=40.5), False),
            (Constraint(metric="trades", at_most=40), True),
            (Constraint(metric="trades", at_most=39.5), False),
            (Constraint(metric="trades", at_least=40, at_most=40), True),
            (Constraint(metric="trades", at_least=10, at_most=20), False),
            (Constraint(metric="trades", at_least=50, at_most=60), False),
        ],
        ids=lambda value: value.text if isinstance(value, Constraint) else "",
    )
    @pytest.mark.parametrize("objective", [MAXIMIZE, MINIMIZE])
    def test_bounds_are_allowed_themselves(self, bound: Constraint, met: bool, objective: Objective) -> None:
        assert judge(metrics(), objective, [bound]) == Judgement(0.25, met, [] if met else [bound.text])

    def test_all_that_are_broken_are_named_and_the_score_stays(self) -> None:
        bounds = [
            Constraint(metric="trades", at_least=50),
            Constraint(metric="fees", at_most=100),
            Constraint(metric="max_drawdown", at_most=0.1),
        ]
        expected = Judgement(0.25, False, ["trades >= 50", "max_drawdown <= 0.1"])
        assert judge(metrics(), MAXIMIZE, bounds) == expected

    @pytest.mark.parametrize("name", ["win_rate", "sharpe"])
    @pytest.mark.parametrize("bounds", [{"at_least": -100.0}, {"at_most": 100.0}])
    def test_what_is_undefined_meets_no_bound(self, name: str, bounds: dict[str, float]) -> None:
        for weight in (None, 0.001):
            bound = Constraint(metric=name, weight=weight, **bounds)
            found = judge(metrics(**{name: None}), MAXIMIZE, [bound])
            reasons = [f"{name} is not defined", bound.text if weight is None else f"{bound.text} (soft)"]
            assert found == Judgement(0.25, False, reasons)
            assert bound.beyond(metrics(**{name: None})) == math.inf


class TestSoft:
    BOUND = Constraint(metric="max_drawdown", at_most=0.0625, weight=4.0)

    def test_the_score_gets_worse_by_weight_times_excess(self) -> None:
        reasons = ["max_drawdown <= 0.0625 (soft)"]
        assert judge(metrics(), MAXIMIZE, [self.BOUND]) == Judgement(0.0, True, reasons)
        assert judge(metrics(), MINIMIZE, [self.BOUND]) == Judgement(0.5, True, reasons)

    def test_below_a_lower_bound_too(self) -> None:
        bound = Constraint(metric="sharpe", at_least=1.5, weight=2.0)
        assert judge(metrics(), MAXIMIZE, [bound]).score == -0.25
        assert judge(metrics(), MINIMIZE, [bound]).score == 0.75

    def test_several_add_up(self) -> None:
        bound = Constraint(metric="trades", at_least=42, weight=0.5)
        found = judge(metrics(), MAXIMIZE, [self.BOUND, bound])
        assert found == Judgement(-1.0, True, ["max_drawdown <= 0.0625 (soft)", "trades >= 42 (soft)"])

    def test_within_it_nothing_happens(self) -> None:
        bound = Constraint(metric="max_drawdown", at_most=0.125, weight=4.0)
        assert judge(metrics(), MAXIMIZE, [bound]) == Judgement(0.25, True, [])


class TestProfitFactorWithoutLosers:
    WON: Mapping[str, float | None] = {"profit_factor": None, "win_rate": 1.0, "trades": 3.0}

    @pytest.mark.parametrize("weight", [None, 2.0])
    def test_it_is_above_any_lower_bound(self, weight: float | None) -> None:
        bound = Constraint(metric="profit_factor", at_least=1e300, weight=weight)
        assert judge(metrics(**self.WON), MAXIMIZE, [bound]) == Judgement(0.25, True, [])

    @pytest.mark.parametrize("weight", [None, 2.0])
    def test_and_above_any_upper_one(self, weight: float | None) -> None:
        bound = Constraint(metric="profit_factor", at_least=1.0, at_most=1e300, weight=weight)
        found = judge(metrics(**self.WON), MAXIMIZE, [bound])
        assert (found.score, found.feasible, found.reasons[:1]) == (
            0.25,
            False,
            ["profit_factor is not defined"],
        )

    @pytest.mark.parametrize("weight", [None, 2.0])
    def test_without_trades_it_meets_nothing(self, weight: float | None) -> None:
        run = metrics(profit_factor=None, win_rate=None, trades=0)
        bound = Constraint(metric="profit_factor", at_least=0.0, weight=weight)
        found = judge(run, MAXIMIZE, [bound])
        assert (found.score, found.feasible, found.reasons[:1]) == (
            0.25,
            False,
            ["profit_factor is not defined"],
        )

    def test_it_is_no_score(self) -> None:
        found = judge(metrics(**self.WON), Objective(metric="profit_factor"), [])
        assert found == Judgement(None, False, ["profit_factor is not defined"])


class TestOrder:
    def test_better(self) -> None:
        assert MAXIMIZE.better(2.0, 1.0)
        assert not MAXIMIZE.better(1.0, 2.0)
        assert MINIMIZE.better(1.0, 2.0)
        assert not MINIMIZE.better(2.0, 1.0)
        assert not MAXIMIZE.better(1.0, 1.0)
        assert not MINIMIZE.better(1.0, 1.0)

    @by_property
    @given(st.sampled_from([MAXIMIZE, MINIMIZE]), eighths, eighths)
    def test_ranks_are_of_the_same_mind(self, objective: Objective, one: float, other: float) -> None:
        assert (objective.rank_key(one) < objective.rank_key(other)) is objective.better(one, other)


class TestWords:
    def test_of_a_constraint(self) -> None:
        assert Constraint(metric="trades", at_least=30).text == "trades >= 30"
        assert Constraint(metric="fees", at_most=0.5).text == "fees <= 0.5"
        both = Constraint(metric="sharpe", at_least=0.5, at_most=2.25, weight=3.0)
        assert both.text == "sharpe >= 0.5 and sharpe <= 2.25"
        assert Constraint(metric="final_equity", at_least=1234567.5).text == "final_equity >= 1234567.5"

    def test_of_an_objective(self) -> None:
        assert Objective(metric="sharpe").text == "maximize sharpe"
        sum_of = Objective(score={"sharpe": 1.0, "max_drawdown": -2.5}, direction="minimize")
        assert sum_of.text == "minimize +1*sharpe -2.5*max_drawdown"

    @pytest.mark.parametrize(
        ("objective", "message"),
        [
            (Objective(), "either metric or score is needed"),
            (Objective(metric="fees", score={"fees": 1.0}), "either metric or score is needed"),
            (Objective(score={}), "score = {}; at least one metric is needed"),
            (Objective(metric="fee"), "'fee' is no metric; did you mean 'fees'?"),
            (Objective(score={"fees": 1.0, "fee": 1.0}), "'fee' is no metric; did you mean 'fees'?"),
            (Objective(score={"fees": 0.0}), "score.fees = 0.0; a finite number other than 0 is needed"),
            (
                Objective(score={"fees": math.nan}),
                "score.fees = nan; a finite number other than 0 is needed",
            ),
            (
                Objective(score={"sharpe": 1.0, "fees": -math.inf}),
                "score.fees = -inf; a finite number other than 0 is needed",
            ),
            (Objective(metric="fees"), None),
            (Objective(score={"fees": -1e-9}), None),
        ],
    )
    def test_of_what_is_wrong_with_an_objective(self, objective: Objective, message: str | None) -> None:
        assert objective.fault() == message

    @pytest.mark.parametrize("name", [name for name, (low, _) in POSSIBLE.items() if low == 0.0])
    def test_of_an_upper_bound_nothing_can_meet(self, name: str) -> None:
        expected = f"at_most = -0.5: nothing can meet it, {name} is at least 0"
        assert Constraint(metric=name, at_most=-0.5).fault() == expected
        assert Constraint(metric=name, at_most=0.0).fault() is None

    def test_of_a_lower_bound_nothing_can_meet(self) -> None:
        expected = "at_least = 1.01: nothing can meet it, win_rate is at most 1"
        assert Constraint(metric="win_rate", at_least=1.01).fault() == expected
        assert Constraint(metric="win_rate", at_least=1.0).fault() is None
        assert Constraint(metric="total_return", at_least=-5.0, at_most=-1.0).fault() is None

    def test_metrics_that_can_be_of_any_sign(self) -> None:
        free = {name for name in METRICS if Constraint(metric=name, at_most=-1.0).fault() is None}
        assert free == {"total_return", "sharpe", "final_equity"}


def test_nothing_of_it_can_be_changed() -> None:
    for value, name in (
        (MAXIMIZE, "metric"),
        (TestSoft.BOUND, "weight"),
        (judge(metrics(), MAXIMIZE, []), "score"),
    ):
        with pytest.raises(AttributeError):
            setattr(value, name, None)
    assert msgspec.to_builtins(MAXIMIZE) == {"metric": "total_return", "score": None, "direction": "maximize"}


@by_property
@given(runs(), st.lists(constraints(), max_size=4))
def test_a_violation_is_that_of_the_constraints_that_keep_a_run_from_ranking(
    run: dict[str, float | None], given: list[Constraint]
) -> None:
    verdict = judge(run, Objective(metric="trades"), given)
    assert (violation(run, given) == 0.0) == verdict.feasible


def test_a_violation_is_a_share_of_the_bounds() -> None:
    few = Constraint(metric="trades", at_least=100.0)
    deep = Constraint(metric="max_drawdown", at_most=0.0625)
    soft = Constraint(metric="fees", at_most=1.0, weight=2.0)
    run = metrics(trades=75.0, max_drawdown=0.125, sharpe=None)
    assert violation(run, [few]) == 0.25
    assert violation(run, [deep]) == 1.0
    assert violation(run, [few, deep, soft]) == 1.25
    assert violation(run, [Constraint(metric="total_return", at_most=0.0)]) == 0.25
    assert violation(run, [Constraint(metric="trades", at_least=0.0, at_most=50.0)]) == 0.5
    assert violation(run, [Constraint(metric="sharpe", at_least=1.0, weight=1.0)]) == math.inf
    assert violation(None, []) == math.inf
