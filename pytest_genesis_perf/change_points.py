"""Where a series of speeds changed its level: Pettitt's rank test, applied again on both sides of what it finds. Pure.

Chosen because it is small enough to check by hand, free of any assumption about how noise is spread, and without
random numbers. It assumes runs that do not depend on each other: a slow drift, or a week on another machine of the
same class, is a change of level too. So a change point is a place to look at, not a verdict.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

A_CHANGE = 0.01
"""Chance of finding a first change point in a series that has none, at most, each time that it is looked at."""
LEAST_CHANGE = 0.02
"""Of a level: what the margin calls "not slower" is not reported."""
LEAST_RUNS = 4
"""On each side: a level of fewer runs is none."""


@dataclass(frozen=True)
class ChangePoint:
    """A change of level.

    Parameters
    ----------
    first : int
        The first place of the new level, counted from 0.
    before, after : float
        Medians of the runs between the change points on either side.
    p : float
        Upper bound of the chance of such a change in a series that has none.
    """

    first: int
    before: float
    after: float
    p: float

    @property
    def change(self) -> float:
        """The new level over the old one, minus 1."""
        return self.after / self.before - 1.0


def change_points(values: Sequence[float]) -> list[ChangePoint]:
    """Return the change points of a series, in time order.

    Parameters
    ----------
    values : sequence of float
        Speeds in time order, positive.

    Returns
    -------
    list of ChangePoint
        Empty for fewer than 16 runs: of two levels of seven runs, p is over the limit.

    Notes
    -----
    A. N. Pettitt, "A non-parametric approach to the change-point problem", Applied Statistics 28 (1979), 126-135:
    ``U_k = 2 * (sum of the first k ranks) - k * (n + 1)``, ``K = max |U_k|``, ``p <= 2 exp(-6 K^2 / (n^3 + n^2))``.
    Equal values share their mean rank.
    """
    found = sorted(_split(values, 0, len(values)))
    points = _points(values, found)
    while points and min(abs(point.change) for point in points) < LEAST_CHANGE:
        # Two small steps in the same direction may be a large one together.
        smallest = min(range(len(points)), key=lambda number: abs(points[number].change))
        del found[smallest]
        points = _points(values, found)
    return points


def _points(values: Sequence[float], found: Sequence[tuple[int, float]]) -> list[ChangePoint]:
    edges = [0, *(first for first, _ in found), len(values)]
    levels = [median(values[a:b]) for a, b in pairwise(edges)] if values else []
    return [
        ChangePoint(first, levels[number], levels[number + 1], p) for number, (first, p) in enumerate(found)
    ]


def pettitt(values: Sequence[float]) -> tuple[int, float]:
    """Return the likeliest first place of a new level, and an upper bound of p.

    Parameters
    ----------
    values : sequence of float
        At least two.
    """
    n = len(values)
    best, place, total = -1.0, 1, 0.0
    for k, rank in enumerate(_ranks(values)[:-1], start=1):
        total += rank
        size = abs(2.0 * total - k * (n + 1))
        if size > best:
            best, place = size, k
    return place, min(1.0, 2.0 * math.exp(-6.0 * best * best / (n**3 + n**2)))


def _split(values: Sequence[float], start: int, end: int) -> list[tuple[int, float]]:
    if end - start < 2 * LEAST_RUNS:
        return []
    place, p = pettitt(values[start:end])
    first = start + place
    if p > A_CHANGE or min(first - start, end - first) < LEAST_RUNS:
        return []
    return [(first, p), *_split(values, start, first), *_split(values, first, end)]


def _ranks(values: Sequence[float]) -> list[float]:
    """Return the rank of each value, 1 for the smallest; equal values share the mean of theirs."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for place in order[start:end]:
            ranks[place] = (start + 1 + end) / 2.0
        start = end
    return ranks
