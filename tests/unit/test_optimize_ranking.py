"""Ranking and counting of trials, and what of the score each parameter explains."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core.optimize.importance import GROUPS, LEAST_TRIALS, importances
from genesis_core.optimize.objective import Objective
from genesis_core.optimize.ranking import Analysis, analyse, best_of, ranked
from genesis_core.optimize.record import Record

by_property = settings(max_examples=60)
MAXIMIZE = Objective(metric="sharpe")
MINIMIZE = Objective(metric="sharpe", direction="minimize")


def trial(number: int, score: float | None = 1.0, **changes: Any) -> Record:
    """One trial that ranks, unless it is changed."""
    given_values: dict[str, Any] = {
        "identity": f"id-{number}",
        "status": "complete",
        "parameters": {"a": number},
        "metrics": {"sharpe": score},
        "score": score,
        "feasible": score is not None,
        "seconds": 0.25,
        "summary_digest": f"digest-{number}",
        **changes,
    }
    return Record(number=number, **given_values)


MIXED = [
    trial(0, 1.0),
    trial(1, 3.0),
    trial(2, 9.0, feasible=False, reasons=["trades >= 30"]),
    trial(3, 3.0, reasons=["fees <= 5 (soft)"]),
    trial(4, 3.0, status="repeated", repeats=1),
    trial(5, None, status="invalid", metrics=None, error="decision.edge = 2.0; expected `float` <= 1.0"),
    trial(6, None, status="failed", metrics=None, error="did not end within 2 s"),
    trial(7, None, reasons=["sharpe is not defined", "trades >= 30"]),
    trial(8, -2.0),
    trial(9, 9.0, feasible=False, status="repeated", repeats=2, reasons=["trades >= 30"]),
    trial(10, None, status="failed", metrics=None, error="did not end within 2 s"),
]


@st.composite
def trials(draw: Any) -> list[Record]:
    made = []
    for number in draw(st.sets(st.integers(0, 200), max_size=40)):
        status = draw(st.sampled_from(["complete", "complete", "complete", "repeated", "invalid", "failed"]))
        if status in ("invalid", "failed"):
            error = draw(st.sampled_from(["one", "two"]))
            made.append(trial(number, None, status=status, metrics=None, error=error))
            continue
        score = draw(st.one_of(st.none(), st.integers(-3, 3).map(float)))
        made.append(
            trial(
                number,
                score,
                status=status,
                feasible=score is not None and draw(st.booleans()),
                reasons=draw(st.lists(st.sampled_from(["x >= 1", "y <= 2"]), unique=True)),
                seconds=draw(st.integers(0, 40)) / 7,
                parameters={"a": draw(st.integers(0, 3)), "b": draw(st.floats(0, 1))},
            )
        )
    return made


class TestAnalyse:
    def test_what_it_says(self) -> None:
        found = analyse(MIXED, MAXIMIZE)
        assert found == Analysis(
            trials=11,
            counts={"feasible": 4, "infeasible": 2, "repeated": 2, "invalid": 1, "failed": 2},
            reasons={
                "did not end within 2 s": 2,
                "trades >= 30": 2,
                "decision.edge = 2.0; expected `float` <= 1.0": 1,
                "fees <= 5 (soft)": 1,
                "sharpe is not defined": 1,
            },
            importances=[],
            seconds=2.75,
            order=[1, 3, 0, 8],
        )
        assert list(found.counts) == ["feasible", "infeasible", "repeated", "invalid", "failed"]

    def test_reasons_are_in_the_order_of_how_many_and_then_of_their_words(self) -> None:
        assert list(analyse(MIXED, MAXIMIZE).reasons) == [
            "did not end within 2 s",
            "trades >= 30",
            "decision.edge = 2.0; expected `float` <= 1.0",
            "fees <= 5 (soft)",
            "sharpe is not defined",
        ]

    def test_less_may_be_better(self) -> None:
        assert analyse(MIXED, MINIMIZE).order == [8, 0, 1, 3]

    def test_of_none(self) -> None:
        found = analyse([], MAXIMIZE)
        assert (found.trials, found.order, found.reasons, found.importances) == (0, [], {}, [])
        assert set(found.counts.values()) == {0}

    @by_property
    @given(trials(), st.randoms(use_true_random=False), st.sampled_from([MAXIMIZE, MINIMIZE]))
    def test_the_order_of_the_records_does_not_matter(
        self, records: list[Record], rng: Random, objective: Objective
    ) -> None:
        shuffled = list(records)
        rng.shuffle(shuffled)
        one, other = analyse(records, objective), analyse(iter(shuffled), objective)
        # As bytes: the order of keys and the last bit of a sum count too.
        assert msgspec.json.encode(one) == msgspec.json.encode(other)

    @by_property
    @given(trials(), st.sampled_from([MAXIMIZE, MINIMIZE]))
    def test_against_counting_by_hand(self, records: list[Record], objective: Objective) -> None:
        found = analyse(records, objective)
        sign = -1 if objective.direction == "maximize" else 1
        rank = {one.number: one.score for one in records if one.status == "complete" and one.feasible}
        assert found.order == sorted(rank, key=lambda number: (sign * (rank[number] or 0.0), number))
        assert found.trials == len(records) == sum(found.counts.values())
        assert found.counts["feasible"] == len(rank)
        for status in ("repeated", "invalid", "failed"):
            assert found.counts[status] == sum(one.status == status for one in records)
        own = [one for one in records if one.status != "repeated"]
        for reason, times in found.reasons.items():
            assert times == sum(reason in one.reasons or reason == one.error for one in own)
        assert sum(found.reasons.values()) == sum(len(one.reasons) + (one.error is not None) for one in own)
        assert found.seconds == pytest.approx(sum(one.seconds for one in records))

    @by_property
    @given(trials(), st.integers(0, 45), st.sampled_from([MAXIMIZE, MINIMIZE]))
    def test_the_best_are_the_first_of_the_order(
        self, records: list[Record], top: int, objective: Objective
    ) -> None:
        best = best_of(records, objective, top)
        assert [one.number for one in best] == analyse(records, objective).order[:top]
        assert [one for one in best if one not in records] == []

    def test_equal_scores_rank_by_number(self) -> None:
        records = [trial(number, 1.0) for number in (5, 2, 9, 0)]
        for objective in (MAXIMIZE, MINIMIZE):
            assert analyse(records, objective).order == [0, 2, 5, 9]
            assert [one.number for one in best_of(records, objective, 2)] == [0, 2]

    def test_a_trial_of_a_ranking_is_that_of_its_record(self) -> None:
        made = ranked(2, MIXED[3])
        assert (made.rank, made.number, made.score, made.identity) == (2, 3, 3.0, "id-3")
        assert (made.parameters, made.metrics) == ({"a": 3}, {"sharpe": 3.0})
        assert (made.reasons, made.summary_digest) == (["fees <= 5 (soft)"], "digest-3")

    def test_a_repeated_trial_does_not_count_twice_in_what_matters(self) -> None:
        own = [trial(at, float(at % 7), parameters={"a": at % 7, "b": at % 3}) for at in range(60)]
        again = [msgspec.structs.replace(own[0], number=at, status="repeated") for at in range(60, 160)]
        assert analyse([*own, *again], MAXIMIZE).importances == analyse(own, MAXIMIZE).importances

    def test_what_is_infeasible_and_has_a_score_says_what_matters_too(self) -> None:
        own = [trial(at, float(at % 7), parameters={"a": at % 7}, feasible=False) for at in range(60)]
        found = analyse(own, MAXIMIZE)
        assert [(one.parameter, one.share) for one in found.importances] == [("a", 1.0)]
        assert found.order == []


def shares(points: Sequence[dict[str, Any]], score: Callable[[dict[str, Any]], float]) -> dict[str, float]:
    """Return what importances says of points and a score of them."""
    records = [trial(at, score(point), parameters=point) for at, point in enumerate(points)]
    found = importances(records)
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
    return {one.parameter: one.share for one in found}


def drawn(count: int, seed: str = "0") -> list[dict[str, Any]]:
    rng = Random(seed)
    return [
        {
            "f": rng.random(),
            "g": 10.0 * rng.random(),
            "i": rng.randrange(40),
            "c": rng.choice(["a", "bb", "ccc"]),
            "t": rng.random() < 0.5,
            "l": rng.choice([[0.3], [0.2, 0.2], []]),
        }
        for _ in range(count)
    ]


def by_words(values: Sequence[Any], scores: Sequence[float]) -> float | None:
    """Epsilon squared of the scores' ranks over equal values, in fractions."""
    n = len(scores)
    below = [sum(other < score for other in scores) for score in scores]
    equal = [sum(other == score for other in scores) for score in scores]
    ranks = [Fraction(2 * b + e - 1, 2) for b, e in zip(below, equal, strict=True)]
    groups = {
        repr(value): [r for v, r in zip(values, ranks, strict=True) if repr(v) == repr(value)]
        for value in values
    }
    centre = sum(ranks, Fraction(0)) / n
    whole = sum(((rank - centre) ** 2 for rank in ranks), Fraction(0))
    k = len(groups)
    if k < 2 or n <= k or not whole:
        return None
    within = Fraction(0)
    for group in groups.values():
        middle = sum(group, Fraction(0)) / len(group)
        within += sum(((rank - middle) ** 2 for rank in group), Fraction(0))
    share = (whole - within - (k - 1) * within / (n - k)) / whole
    return float(min(max(share, Fraction(0)), Fraction(1)))


class TestImportances:
    def test_the_same_bits_on_every_python(self) -> None:
        found = shares(drawn(1_000), lambda point: point["f"] + 0.01 * point["g"])
        assert found["f"].hex() == "0x1.f684d2c5bc8adp-1"
        assert found["g"].hex() == "0x1.dd8168cddddb1p-7"  # ...de81p-7 where sum() of fractions compensates

    @by_property
    @given(
        st.lists(
            st.tuples(st.integers(0, 4), st.sampled_from("ab"), st.integers(-5, 5)), min_size=20, max_size=60
        )
    )
    def test_against_fractions(self, rows: list[tuple[int, str, int]]) -> None:
        points = [{"a": a, "b": b} for a, b, _ in rows]
        scores = iter([float(score) for _, _, score in rows])
        found = shares(points, lambda _: next(scores))
        for name in ("a", "b"):
            expected = by_words([point[name] for point in points], [float(row[2]) for row in rows])
            assert (name in found) == (expected is not None)
            assert found.get(name) == (None if expected is None else pytest.approx(expected, abs=1e-12))

    @pytest.mark.parametrize("name", ["f", "g", "i", "c", "t", "l"])
    def test_the_only_parameter_that_matters_has_nearly_all(self, name: str) -> None:
        found = shares(
            drawn(400), lambda point: float(len(repr(point[name]))) if name in "ctl" else point[name]
        )
        others = [share for other, share in found.items() if other != name]
        assert next(iter(found)) == name
        assert found[name] > 0.97
        assert len(others) == 5
        assert max(others) < 0.06

    def test_where_each_point_is_tried_once_it_is_all_and_nothing(self) -> None:
        points = [{"a": a, "b": b, "c": c} for a, b, c in product(range(4), range(5), "xyz")]
        assert shares(points, lambda point: point["b"]) == {"b": 1.0, "a": 0.0, "c": 0.0}

    def test_two_that_add_up_share(self) -> None:
        points = [{"a": a, "b": b, "c": c} for a, b, c in product(range(8), repeat=3)]
        found = shares(points, lambda point: 2.0 * point["a"] + point["b"])
        assert list(found) == ["a", "b", "c"]
        assert found["a"] == pytest.approx(0.8, abs=0.05)
        assert found["b"] == pytest.approx(0.2, abs=0.05)
        assert found["c"] == 0.0

    def test_what_two_do_only_together_is_in_neither(self) -> None:
        points = [{"a": a, "b": b} for a, b in product(range(2), repeat=2)] * 10
        assert shares(points, lambda point: point["a"] ^ point["b"]) == {"a": 0.0, "b": 0.0}

    def test_noise_gives_nearly_nothing(self) -> None:
        rng = Random("noise")
        found = [shares(drawn(400, str(seed)), lambda _: rng.random()) for seed in range(5)]
        values = [share for one in found for share in one.values()]
        assert len(values) == 30
        assert max(values) < 0.06
        assert sum(values) / len(values) < 0.01

    def test_in_noise_a_parameter_that_matters_is_found(self) -> None:
        rng = Random("noise")
        found = shares(drawn(400), lambda point: point["f"] + rng.gauss(0.0, 0.3))
        assert next(iter(found)) == "f"
        assert 0.3 < found["f"] < 0.7

    def test_the_direction_and_the_form_of_an_effect_do_not_matter(self) -> None:
        points = drawn(300)
        rising = shares(points, lambda point: point["f"])
        for form in (lambda f: -f, lambda f: f**9, math.exp, lambda f: 1e6 * f - 3.0):
            assert shares(points, lambda point, form=form: form(point["f"])) == pytest.approx(rising)
        hump = shares(points, lambda point: -abs(point["f"] - 0.5))
        assert hump["f"] > 0.8

    def test_one_absurd_trial_does_not_decide(self) -> None:
        points = drawn(200)
        sound = shares(points, lambda point: point["f"])
        absurd = shares(points, lambda point: 1e12 if point is points[5] else point["f"])
        assert absurd["f"] > 0.9
        assert absurd == pytest.approx(sound, abs=0.05)

    def test_each_place_of_a_map_is_told_apart(self) -> None:
        rng = Random("maps")
        points = []
        for _ in range(300):
            heights = [rng.randrange(5) / 10, rng.randrange(5) / 10, rng.randrange(5) / 10]
            points.append(
                {"decision.size": [[0.5 + at, y] for at, y in enumerate(heights)], "a": rng.random()}
            )
        found = shares(points, lambda point: point["decision.size"][1][1])
        assert next(iter(found)) == "decision.size[1]"
        assert set(found) == {"decision.size[0]", "decision.size[1]", "decision.size[2]", "a"}
        assert found.pop("decision.size[1]") == 1.0
        assert max(found.values()) < 0.06

    @pytest.mark.parametrize(
        "maps",
        [
            [[[0.5, 0.1], [0.6, 0.2]], [[0.7, 0.1], [0.8, 0.2]]],
            [[[0.5, 0.1]], [[0.5, 0.1], [0.6, 0.1]]],
            [[], [[0.5, 0.1]]],
        ],
        ids=["places", "lengths", "none"],
    )
    def test_a_choice_of_maps_that_differ_in_more_is_one_parameter(self, maps: list[Any]) -> None:
        points = [{"decision.size": maps[at % 2]} for at in range(40)]
        assert shares(points, lambda point: float(maps.index(point["decision.size"]))) == {
            "decision.size": 1.0
        }

    def test_a_heap_of_equal_values_is_one_group(self) -> None:
        # Half of the trials have the least value, the others one each: in tenths of all, six groups.
        values = [0.0] * 100 + [float(at) for at in range(1, 101)]
        scores = [0.37 * (at * 37 % 200) + 0.3 * value for at, value in enumerate(values)]
        tenths = [0.0 if value == 0.0 else 1.0 + (int(value) - 1) // 20 for value in values]
        pairs = iter(scores)
        found = shares([{"a": value} for value in values], lambda _: next(pairs))
        assert found == {"a": pytest.approx(by_words(tenths, scores), abs=1e-12)}
        assert 0.05 < found["a"] < 0.95

    def test_many_texts_are_groups_of_their_own(self) -> None:
        words = [f"w{at}" for at in range(GROUPS + 5)]
        points = [{"word": word, "n": at} for word in words for at in range(6)]
        assert shares(points, lambda point: hash_of(point["word"]))["word"] == 1.0

    def test_equal_shares_are_in_the_order_of_their_names(self) -> None:
        points = [{"z": a, "m": b, "a": b} for a, b in product(range(5), repeat=2)]
        assert list(shares(points, lambda point: point["z"])) == ["z", "a", "m"]

    def test_one_value_everywhere_is_no_parameter(self) -> None:
        points = [{**point, "x": 0.5} for point in drawn(50)]
        assert "x" not in shares(points, lambda point: point["f"])

    def test_one_score_everywhere_says_nothing(self) -> None:
        assert shares(drawn(50), lambda _: 1.0) == {}

    def test_a_value_for_each_trial_says_nothing_unless_it_is_a_number(self) -> None:
        points = [{"word": f"w{at}", "n": at} for at in range(40)]
        assert set(shares(points, lambda point: point["n"])) == {"n"}

    @pytest.mark.parametrize(("count", "said"), [(0, False), (LEAST_TRIALS - 1, False), (LEAST_TRIALS, True)])
    def test_a_few_trials_say_nothing(self, count: int, said: bool) -> None:
        assert LEAST_TRIALS == 20
        points = [{"a": at % 2} for at in range(count)]
        assert bool(shares(points, lambda point: point["a"])) is said


def hash_of(word: str) -> float:
    """A number of a word, the same in every process, and in no order."""
    return float(int(word[1:]) * 7 % 17)
