"""Change points: found where they are, not found where there are none, whatever the noise."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_genesis_perf.change_points import A_CHANGE, change_points, pettitt

SPEEDS = st.lists(st.floats(0.1, 100.0), min_size=2, max_size=40)


def brute_force(values: list[float]) -> tuple[float, float]:
    """Return K and p by the definition of the statistic: signs of all pairs across each place."""
    n = len(values)
    sizes = [
        abs(sum((later < earlier) - (later > earlier) for earlier in values[:k] for later in values[k:]))
        for k in range(1, n)
    ]
    k_n = float(max(sizes))
    return k_n, min(1.0, 2.0 * math.exp(-6.0 * k_n**2 / (n**3 + n**2)))


@given(SPEEDS)
def test_the_statistic_is_pettitts(values: list[float]) -> None:
    place, p = pettitt(values)
    k_n, expected = brute_force(values)
    assert p == pytest.approx(expected)
    at_place = sum((b < a) - (b > a) for a in values[:place] for b in values[place:])
    assert abs(at_place) == k_n


def noisy(levels: list[tuple[float, int]], seed: int, spread: float = 0.03) -> list[float]:
    draw = random.Random(seed)
    return [level * math.exp(draw.gauss(0.0, spread)) for level, runs in levels for _ in range(runs)]


def test_two_changes_are_found_where_they_are() -> None:
    first, second = change_points(noisy([(5.0, 20), (7.0, 20), (4.0, 20)], seed=1))
    assert (first.first, second.first) == (20, 40)
    assert first.change == pytest.approx(0.4, abs=0.04)
    assert second.change == pytest.approx(-3 / 7, abs=0.04)
    assert max(first.p, second.p) < A_CHANGE


@pytest.mark.parametrize(("before", "after"), [(8, 10), (20, 9), (50, 12), (100, 16)])
def test_a_slowdown_of_ten_percent_is_found_soon(before: int, after: int) -> None:
    found = [change_points(noisy([(1.0, before), (0.9, after)], seed)) for seed in range(60)]
    assert sum(bool(points) for points in found) >= 54


@pytest.mark.parametrize("runs", [16, 60])
def test_where_nothing_changed_nothing_is_found(runs: int) -> None:
    found = [change_points(noisy([(3.0, runs)], seed, spread=0.1)) for seed in range(1_000)]
    # 1% allowed; 24 of 1,000 would be over three standard deviations more.
    assert sum(bool(points) for points in found) < 20


def test_heavy_tails_change_nothing() -> None:
    draw = random.Random(9)
    found = 0
    for _ in range(500):
        values = [3.0 * math.exp(0.02 * math.tan(math.pi * (draw.random() - 0.5))) for _ in range(40)]
        found += bool(change_points(values))
    assert found < 12


def test_a_single_slow_run_is_no_level() -> None:
    values = noisy([(3.0, 30)], seed=4)
    for place in (0, 10, 29):
        assert change_points([*values[:place], 1.0, *values[place:]]) == []


def test_a_change_below_the_margin_is_not_told() -> None:
    assert change_points([1.0] * 30 + [0.985] * 30) == []
    (point,) = change_points([1.0] * 30 + [0.975] * 30)
    assert (point.first, point.before, point.after) == (30, 1.0, 0.975)


@given(st.lists(st.floats(0.1, 100.0), max_size=15))
def test_fewer_than_sixteen_runs_have_no_change(values: list[float]) -> None:
    assert change_points(values) == []


@given(SPEEDS, st.integers(-3, 3))
def test_the_unit_does_not_matter(values: list[float], power: int) -> None:
    scaled = [math.ldexp(value, power) for value in values]
    assert [point.first for point in change_points(scaled)] == [
        point.first for point in change_points(values)
    ]


def test_a_chance_over_one_percent_is_none() -> None:
    # Two flat levels of seven runs have p 0.0149, of eight 0.0071.
    assert change_points([1.0] * 7 + [2.0] * 7) == []
    assert [point.first for point in change_points([1.0] * 8 + [2.0] * 8)] == [8]


def test_small_steps_that_add_up_are_told_as_one() -> None:
    values = [1.0] * 30 + [0.985] * 30 + [0.97] * 30
    (point,) = change_points(values)
    assert point.change <= -0.02
    assert point.first in (30, 60)
