"""The kinds of parameters a search varies: their values, how one is drawn, and what is refused."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core.optimize.space import KINDS, Choice, Fixed, Float, Int, Kind, Map

by_property = settings(max_examples=60)
ALMOST_ONE = math.nextafter(1.0, 0.0)


class Drawn:
    """Gives the same number in [0, 1) again and again."""

    def __init__(self, number: float) -> None:
        self.number = number

    def random(self) -> float:
        return self.number


class Suggested:
    """Answers with the lowest or the highest value it may, and keeps what it was asked for."""

    def __init__(self, highest: bool) -> None:
        self.highest = highest
        self.names: list[str] = []
        self.logs: list[bool] = []

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        assert low <= high
        assert (high - low) % step == 0
        self.names.append(name)
        self.logs.append(log)
        return high if self.highest else low

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        assert low <= high
        assert step is None
        self.names.append(name)
        self.logs.append(log)
        return high if self.highest else low

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        self.names.append(name)
        return choices[-1] if self.highest else choices[0]


def decimals(low: int, high: int) -> st.SearchStrategy[Decimal]:
    """Numbers of up to four decimals, as a person writes them."""
    digits = st.integers(0, 4)
    return st.builds(lambda whole, places: Decimal(whole).scaleb(-places), st.integers(low, high), digits)


@st.composite
def ints(draw: Any) -> Int:
    low = draw(st.integers(-1000, 1000))
    return Int(low=low, high=low + draw(st.integers(0, 300)), step=draw(st.integers(1, 40)))


@st.composite
def log_ints(draw: Any) -> Int:
    low = draw(st.integers(1, 1000))
    return Int(low=low, high=low + draw(st.integers(0, 3000)), log=True)


@st.composite
def stepped(draw: Any) -> Float:
    low, step = draw(decimals(-20_000, 20_000)), draw(decimals(1, 500))
    rest = step * draw(st.integers(0, 9)) / 10
    return Float(low=float(low), high=float(low + step * draw(st.integers(0, 60)) + rest), step=float(step))


@st.composite
def ranges(draw: Any) -> Float:
    low = draw(decimals(-20_000, 20_000))
    return Float(low=float(low), high=float(low + draw(decimals(0, 20_000))))


@st.composite
def log_ranges(draw: Any) -> Float:
    low = draw(decimals(1, 20_000))
    return Float(low=float(low), high=float(low + draw(decimals(0, 20_000))), log=True)


@st.composite
def maps(draw: Any, most: int = 5) -> Map:
    at = sorted(draw(st.sets(decimals(-100, 100).map(float), min_size=1, max_size=most)))
    y: Float = draw(st.one_of(stepped(), ranges()))
    return Map(at=at, low=y.low, high=y.high, step=y.step, direction=draw(st.sampled_from(["up", "down"])))


values = st.one_of(
    st.booleans(),
    st.integers(-50, 50),
    decimals(-50, 50).map(float),
    st.text(max_size=3),
    st.lists(st.text()),
)
choices = st.lists(values, min_size=1, max_size=8, unique_by=repr).map(lambda given: Choice(values=given))
fixed = values.map(lambda value: Fixed(value=value))
kinds = st.one_of(ints(), log_ints(), stepped(), ranges(), log_ranges(), maps(), choices, fixed)
units = st.floats(0.0, ALMOST_ONE)


def is_written(value: float) -> bool:
    """Whether a number has at most twelve significant digits."""
    return float(f"{value:.12g}") == value


def is_in(kind: Kind, value: Any) -> None:
    """Assert that a value is one of a kind's."""
    if isinstance(kind, Int):
        assert type(value) is int
        assert kind.low <= value <= kind.high
        assert (value - kind.low) % kind.step == 0
    elif isinstance(kind, Float):
        assert type(value) is float
        assert kind.low <= value <= kind.high
        assert is_written(value)
        if kind.step is not None:
            assert (Decimal(repr(value)) - Decimal(repr(kind.low))) % Decimal(repr(kind.step)) == 0
    elif isinstance(kind, Map):
        assert [x for x, _ in value] == kind.at
        heights = [y for _, y in value]
        assert heights == sorted(heights, reverse=kind.direction == "down")
        for y in heights:
            is_in(Float(low=kind.low, high=kind.high, step=kind.step), y)
    else:
        allowed = kind.values if isinstance(kind, Choice) else [kind.value]
        assert any(value == one and type(value) is type(one) for one in allowed)


class TestEveryKind:
    @by_property
    @given(kinds)
    def test_these_are_right(self, kind: Kind) -> None:
        assert kind.fault() is None

    @by_property
    @given(kinds, st.integers())
    def test_a_draw_is_a_value_of_it(self, kind: Kind, seed: int) -> None:
        rng = Random(str(seed))
        for _ in range(5):
            is_in(kind, kind.draw(rng))

    @by_property
    @given(kinds, units)
    def test_so_is_one_at_the_edge_of_the_random_numbers(self, kind: Kind, number: float) -> None:
        for drawn in (0.0, number, ALMOST_ONE):
            is_in(kind, kind.draw(Drawn(drawn)))

    @by_property
    @given(kinds)
    def test_the_least_and_the_greatest_draw_are_its_ends(self, kind: Kind) -> None:
        if isinstance(kind, Map) and kind.step is None:
            return
        first, last = kind.ends()[0], kind.ends()[-1]
        assert kind.draw(Drawn(0.0)) == first
        drawn = kind.draw(Drawn(ALMOST_ONE))
        assert drawn == last or (isinstance(kind, Float) and drawn == pytest.approx(last, rel=1e-9))

    @by_property
    @given(kinds)
    def test_ends_are_values_of_it(self, kind: Kind) -> None:
        for end in kind.ends():
            is_in(kind, end)

    @by_property
    @given(st.one_of(ints(), log_ints(), stepped(), ranges(), log_ranges(), choices, fixed, maps(most=2)))
    def test_points_are_as_many_as_it_says_and_none_stands_twice(self, kind: Kind) -> None:
        count = kind.count()
        if count is None:
            assert kind.points() == []
            return
        points = kind.points()
        assert len(points) == count
        assert len({repr(point) for point in points}) == count
        for point in points:
            is_in(kind, point)
        assert points[0] == kind.ends()[0]
        assert points[-1] == kind.ends()[-1]

    @by_property
    @given(st.one_of(ints(), log_ints(), stepped()))
    def test_points_of_numbers_are_in_order_and_in_equal_steps(self, kind: Int | Float) -> None:
        points = [Decimal(repr(point)) for point in kind.points()]
        assert points == sorted(points)
        assert {b - a for a, b in pairwise(points)} in (
            set(),
            {Decimal(repr(kind.step))},
        )
        assert Decimal(repr(kind.high)) - points[-1] < Decimal(repr(kind.step))

    @by_property
    @given(st.one_of(ints(), stepped(), choices))
    def test_each_value_is_as_likely_as_any_other(self, kind: Int | Float | Choice) -> None:
        points = kind.points()
        drawn = [kind.draw(Drawn((k + 0.5) / len(points))) for k in range(len(points))]
        assert drawn == points

    @by_property
    @given(kinds)
    def test_the_same_random_numbers_give_the_same_values(self, kind: Kind) -> None:
        again = msgspec.convert(msgspec.to_builtins(kind), type(kind))
        assert again == kind
        draws = [[one.draw(Random("7/3")) for _ in range(4)] for one in (kind, again)]
        assert draws[0] == draws[1]

    @by_property
    @given(kinds)
    def test_what_a_sampler_may_suggest_are_its_values(self, kind: Kind) -> None:
        for highest in (False, True):
            is_in(kind, kind.suggest(Suggested(highest), "x"))
            assert kind.suggest(Suggested(highest), "x") == kind.ends()[-highest]

    def test_each_has_the_name_a_search_file_says(self) -> None:
        named = {name: msgspec.inspect.type_info(kind).tag for name, kind in KINDS.items()}  # type: ignore[union-attr]
        assert named == {name: name for name in ("int", "float", "choice", "fixed", "map")}

    def test_none_can_be_changed(self) -> None:
        for kind, name in ((Int(low=1, high=2), "low"), (Map(at=[1.0], low=0.0, high=1.0), "high")):
            with pytest.raises(AttributeError):
                setattr(kind, name, 3)


class TestInt:
    def test_its_values(self) -> None:
        kind = Int(low=3, high=12, step=4)
        assert (kind.count(), kind.points(), kind.ends()) == (3, [3, 7, 11], [3, 11])
        assert Int(low=5, high=5).points() == [5]
        assert Int(low=1, high=4, log=True).points() == [1, 2, 3, 4]

    @pytest.mark.parametrize(("low", "high"), [(1, 10), (5, 80)])
    def test_on_a_logarithm_equal_ratios_are_equally_likely(self, low: int, high: int) -> None:
        kind, draws = Int(low=low, high=high, log=True), 20_000
        found = Counter(kind.draw(Drawn((k + 0.5) / draws)) for k in range(draws))
        whole = math.log((high + 0.5) / (low - 0.5))
        for value in range(low, high + 1):
            share = math.log((value + 0.5) / (value - 0.5)) / whole
            assert found[value] / draws == pytest.approx(share, abs=2 / draws)

    def test_a_logarithm_is_suggested_as_one(self) -> None:
        for log in (False, True):
            asked = Suggested(highest=True)
            assert Int(low=2, high=9, log=log).suggest(asked, "a.b") == 9
            assert (asked.names, asked.logs) == (["a.b"], [log])


class TestFloat:
    def test_steps_are_decimal(self) -> None:
        kind = Float(low=0.1, high=0.7, step=0.2)
        assert (kind.count(), kind.points(), kind.ends()) == (4, [0.1, 0.3, 0.5, 0.7], [0.1, 0.7])
        assert Float(low=0.0, high=0.3, step=0.1).points() == [0.0, 0.1, 0.2, 0.3]
        assert Float(low=1e-07, high=4e-07, step=1e-07).points() == [1e-07, 2e-07, 3e-07, 4e-07]

    def test_the_last_step_may_end_before_high(self) -> None:
        kind = Float(low=0.0, high=1.0, step=0.3)
        assert (kind.count(), kind.ends()) == (4, [0.0, 0.9])

    def test_a_range_without_steps_has_no_count_unless_it_is_one_value(self) -> None:
        kind = Float(low=0.5, high=0.7)
        assert (kind.count(), kind.points(), kind.ends()) == (None, [], [0.5, 0.7])
        for step in (None, 0.1):
            kind = Float(low=0.5, high=0.5, step=step)
            assert (kind.count(), kind.points(), kind.ends()) == (1, [0.5], [0.5, 0.5])

    @by_property
    @given(ranges(), units)
    def test_a_draw_lies_where_the_random_number_does(self, kind: Float, number: float) -> None:
        expected = kind.low + number * (kind.high - kind.low)
        assert kind.draw(Drawn(number)) == pytest.approx(expected, rel=1e-11, abs=1e-11)

    @by_property
    @given(log_ranges(), units)
    def test_on_a_logarithm_by_ratios(self, kind: Float, number: float) -> None:
        expected = kind.low * (kind.high / kind.low) ** number
        assert kind.draw(Drawn(number)) == pytest.approx(expected, rel=1e-11)

    def test_a_draw_has_twelve_significant_digits(self) -> None:
        assert Float(low=0.0, high=1.0).draw(Drawn(1 / 3)) == 0.333333333333
        assert Float(low=0.0, high=1e6).draw(Drawn(1 / 3)) == 333333.333333
        assert Float(low=1e-6, high=1.0, log=True).draw(Drawn(0.25)) == 3.16227766017e-05

    def test_rounding_never_leaves_the_range(self) -> None:
        kind = Float(low=0.1234567890123456, high=0.1234567890123457)
        assert kind.draw(Drawn(0.0)) == kind.low
        kind = Float(low=0.12345678901264, high=0.12345678901268)
        for k in range(10):
            assert kind.low <= kind.draw(Drawn(k / 10)) <= kind.high  # type: ignore[operator]

    def test_a_logarithm_is_suggested_as_one(self) -> None:
        for log in (False, True):
            asked = Suggested(highest=False)
            assert Float(low=0.5, high=2.0, log=log).suggest(asked, "a.b") == 0.5
            assert (asked.names, asked.logs) == (["a.b"], [log])

    def test_what_is_suggested_is_written_too(self) -> None:
        class Third(Suggested):
            def suggest_float(self, name: str, low: float, high: float, **_: Any) -> float:
                return low + (high - low) / 3

        assert Float(low=0.0, high=1.0).suggest(Third(highest=False), "x") == 0.333333333333


class TestChoice:
    def test_its_values_keep_their_order_and_types(self) -> None:
        given_values = [2, "b", 1.0, True, 1, [0.3, 0.2], []]
        kind = Choice(values=given_values)
        assert kind.fault() is None
        assert kind.points() == given_values
        assert [type(value) for value in kind.points()] == [type(value) for value in given_values]
        assert kind.ends() == [2, []]

    def test_lists_of_different_types_are_different(self) -> None:
        assert Choice(values=[[1], [1.0], [True], ["1"]]).fault() is None

    def test_points_are_a_list_of_their_own(self) -> None:
        kind = Choice(values=[1, 2])
        kind.points().clear()
        assert kind.count() == 2


class TestMap:
    def test_all_maps_of_two_places_and_three_heights(self) -> None:
        kind = Map(at=[0.5, 0.7], low=0.1, high=0.3, step=0.1)
        heights = [(0.1, 0.1), (0.1, 0.2), (0.1, 0.3), (0.2, 0.2), (0.2, 0.3), (0.3, 0.3)]
        assert kind.count() == 6
        assert kind.points() == [[[0.5, a], [0.7, b]] for a, b in heights]
        falling = Map(at=[0.5, 0.7], low=0.1, high=0.3, step=0.1, direction="down")
        assert falling.points() == [[[0.5, b], [0.7, a]] for a, b in heights]

    def test_its_ends_are_level(self) -> None:
        kind = Map(at=[0.5, 0.7], low=0.1, high=0.35, step=0.1)
        assert kind.ends() == [[[0.5, 0.1], [0.7, 0.1]], [[0.5, 0.3], [0.7, 0.3]]]

    def test_each_height_is_drawn_alone(self) -> None:
        kind = Map(at=[1.0, 2.0, 3.0], low=0.0, high=1.0, step=0.01)
        rng, alone = Random("1"), Random("1")
        heights = [Float(low=0.0, high=1.0, step=0.01).draw(alone) for _ in kind.at]
        assert len(set(map(repr, heights))) == 3
        assert kind.draw(rng) == [[x, y] for x, y in zip(kind.at, sorted(heights), strict=True)]  # type: ignore[type-var]

    def test_each_height_is_suggested_under_a_name_of_its_own(self) -> None:
        asked = Suggested(highest=True)
        assert Map(at=[1.0, 2.0], low=0.0, high=1.0).suggest(asked, "decision.size") == [
            [1.0, 1.0],
            [2.0, 1.0],
        ]
        assert asked.names == ["decision.size[0]", "decision.size[1]"]

    def test_a_range_without_steps_has_no_count(self) -> None:
        kind = Map(at=[1.0, 2.0], low=0.0, high=1.0)
        assert (kind.count(), kind.points()) == (None, [])
        assert Map(at=[1.0, 2.0], low=0.5, high=0.5).points() == [[[1.0, 0.5], [2.0, 0.5]]]


def test_fixed_is_one_value() -> None:
    kind = Fixed(value=[0.3])
    assert (kind.count(), kind.points(), kind.ends(), kind.draw(Random("1"))) == (1, [[0.3]], [[0.3]], [0.3])
    assert kind.suggest(Suggested(highest=True), "x") == [0.3]


NEEDS_LOG = "log = true needs low above 0 and no step"
NEEDS_LOG_INT = "log = true needs low >= 1 and no step"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Int(low=3, high=2), "low = 3 is above high = 2"),
        (Int(low=1, high=2, step=0), "step = 0; at least 1 is needed"),
        (Int(low=1, high=2, step=-1), "step = -1; at least 1 is needed"),
        (Int(low=0, high=2, log=True), NEEDS_LOG_INT),
        (Int(low=1, high=9, step=2, log=True), NEEDS_LOG_INT),
        (Float(low=0.3, high=0.2), "low = 0.3 is above high = 0.2"),
        (
            Float(low=math.nan, high=0.2),
            "low = nan, high = 0.2; finite numbers, not that far apart, are needed",
        ),
        (
            Float(low=0.1, high=math.inf),
            "low = 0.1, high = inf; finite numbers, not that far apart, are needed",
        ),
        (
            Float(low=-1.5e308, high=1.5e308),
            "low = -1.5e+308, high = 1.5e+308; finite numbers, not that far apart, are needed",
        ),
        (
            Float(low=1e16, high=1e16 + 8, step=0.5),
            "step = 0.5; numbers of this size are 2 apart, at least that is needed",
        ),
        (
            Int(low=0, high=2**53 + 1),
            f"low = 0, high = {2**53 + 1}, step = 1; whole numbers up to {2**53:,} are exact, no others",
        ),
        (Float(low=0.1, high=0.2, step=0.0), "step = 0.0; a number above 0 is needed"),
        (Float(low=0.1, high=0.2, step=-0.1), "step = -0.1; a number above 0 is needed"),
        (Float(low=0.1, high=0.2, step=math.nan), "step = nan; a number above 0 is needed"),
        (Float(low=0.1, high=0.2, step=math.inf), "step = inf; a number above 0 is needed"),
        (Float(low=0.0, high=0.2, log=True), NEEDS_LOG),
        (Float(low=0.1, high=0.2, step=0.1, log=True), NEEDS_LOG),
        (Choice(values=[]), "values = []; at least one is needed"),
        (Choice(values=[1, "a", 1]), "values: 1 stands twice"),
        (Choice(values=[[0.3], [0.2], [0.3]]), "values: [0.3] stands twice"),
        (Map(at=[], low=0.0, high=1.0), "at = []; at least one x is needed"),
        (Map(at=[1.0, 1.0], low=0.0, high=1.0), "at = [1.0, 1.0]; increasing numbers are needed"),
        (Map(at=[0.0, 2.0, 1.0], low=0.0, high=1.0), "at = [0.0, 2.0, 1.0]; increasing numbers are needed"),
        (Map(at=[0.0, math.nan], low=0.0, high=1.0), "at = [0.0, nan]; increasing numbers are needed"),
        (Map(at=[0.0], low=2.0, high=1.0), "low = 2.0 is above high = 1.0"),
        (Map(at=[0.0], low=0.0, high=1.0, step=0.0), "step = 0.0; a number above 0 is needed"),
    ],
    ids=repr,
)
def test_what_is_wrong_is_said(kind: Kind, message: str) -> None:
    assert kind.fault() == message


DRAWS = """
import json, random
from genesis_core.optimize.space import Choice, Float, Int, Map

kinds = [
    Int(low=3, high=90, step=3), Int(low=1, high=500, log=True), Float(low=0.1, high=0.9, step=0.05),
    Float(low=-1.0, high=1.0), Float(low=1e-4, high=1.0, log=True), Choice(values=["a", "b", True, [1, 2]]),
    Map(at=[0.5, 0.6, 0.7], low=0.0, high=1.0, step=0.1, direction="down"),
]
rng = random.Random("7/3")
print(json.dumps([kind.draw(rng) for kind in kinds for _ in range(2)]))
"""
DRAWN = [
    *(6, 39),
    *(18, 68),
    *(0.4, 0.5),
    *(0.836280910629, 0.328061509545),
    *(0.000918538867082, 0.0783665359625),
    *(True, True),
    *([[0.5, 0.2], [0.6, 0.0], [0.7, 0.0]], [[0.5, 1.0], [0.6, 0.8], [0.7, 0.5]]),
]
"""What they were when this was written: a study begun then can be resumed."""


def test_draws_are_the_same_in_every_process_whatever_its_hash_seed() -> None:
    begun = [
        subprocess.Popen(
            [sys.executable, "-c", DRAWS],
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("0", "12345")
    ]
    first, second = (json.loads(process.communicate()[0]) for process in begun)
    assert first == second == DRAWN
