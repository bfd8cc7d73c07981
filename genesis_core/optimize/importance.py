"""How much of the score's variance each parameter explains alone.

The first-order effect of a functional analysis of variance (Sobol's main effect, as fANOVA of Hutter, Hoos and
Leyton-Brown 2014 reports it), estimated without a model: trials are put into groups by the parameter's value, and the
variance between the groups is held against the whole, less what groups of that size have by chance (epsilon squared,
Kelley 1935). Scores are replaced by their ranks, so that one absurd trial does not decide.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import msgspec

from genesis_core.optimize.record import Record

GROUPS = 10
"""Groups of a parameter with more values than this."""
LEAST_TRIALS = 20
"""With fewer scored trials nothing is said."""


class Importance(msgspec.Struct, frozen=True):
    """What a parameter explains.

    Attributes
    ----------
    parameter : str
        Dotted name; of a monotone map, with the place: ``decision.size[0]``.
    share : float
        Of the variance of the scores' ranks, 0 to 1. What parameters do together only is in none.
    """

    parameter: str
    share: float


def importances(scored: Sequence[Record]) -> list[Importance]:
    """Return what each parameter explains, most first.

    Parameters
    ----------
    scored : sequence of Record
        Trials with a score, those beyond hard constraints included.
    """
    if len(scored) < LEAST_TRIALS:
        return []
    heights = _ranks([record.score or 0.0 for record in scored])
    columns: dict[str, list[Any]] = {}
    for name in scored[0].parameters:
        values = [record.parameters.get(name) for record in scored]
        places = _places(values)
        if not places:
            columns[name] = values
        for place in range(places):
            columns[f"{name}[{place}]"] = [value[place][1] for value in values]  # type: ignore[index]
    found = [
        Importance(name, share)
        for name, values in columns.items()
        if len(values) == len(heights) and (share := _share(values, heights)) is not None
    ]
    return sorted(found, key=lambda one: (-one.share, one.parameter))


def _share(values: Sequence[Any], heights: Sequence[float]) -> float | None:
    groups = _groups(values)
    n = len(heights)
    sums, sizes = [0.0] * (1 + max(groups)), [0] * (1 + max(groups))
    total = squares = 0.0
    for group, height in zip(groups, heights, strict=True):
        sums[group] += height
        sizes[group] += 1
        total += height
        squares += height * height
    count = sum(size > 0 for size in sizes)
    if count < 2 or n <= count:
        return None
    whole = squares - total * total / n
    if whole <= 0.0:
        return None
    between = 0.0  # not sum(): since Python 3.12 it rounds fractions another way
    for group_sum, size in zip(sums, sizes, strict=True):
        if size:
            between += group_sum * group_sum / size
    between -= total * total / n
    by_chance = (count - 1) * (whole - between) / (n - count)
    return min(max((between - by_chance) / whole, 0.0), 1.0)


def _places(values: Sequence[Any]) -> int:
    """Return how many places maps have of which only the `y` differ; 0 where the values are anything else."""
    first = values[0]
    if not isinstance(first, list) or not all(isinstance(point, list) and len(point) == 2 for point in first):
        return 0
    at = [point[0] for point in first]
    same = all(isinstance(value, list) and len(value) == len(at) for value in values) and all(
        isinstance(point, list) and len(point) == 2 and point[0] == x
        for value in values
        for point, x in zip(value, at, strict=True)
    )
    return len(at) if same else 0


def _groups(values: Sequence[Any]) -> list[int]:
    """Put values into groups: each value its own where they are few, else tenths of the trials in order."""
    kinds: dict[str, int] = {}
    for value in values:
        kinds.setdefault(repr(value), len(kinds))
        if len(kinds) > GROUPS:
            break
    if len(kinds) <= GROUPS or not all(isinstance(value, (int, float)) for value in values):
        kinds = {}
        return [kinds.setdefault(repr(value), len(kinds)) for value in values]
    ordered = sorted(values)
    bounds = sorted({ordered[len(ordered) * k // GROUPS] for k in range(1, GROUPS)})
    return [bisect_right(bounds, value) for value in values]


def _ranks(scores: Sequence[float]) -> list[float]:
    """Return ranks from 0, equal scores sharing theirs."""
    order = sorted(range(len(scores)), key=scores.__getitem__)
    ranks = [0.0] * len(scores)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and scores[order[end + 1]] == scores[order[start]]:
            end += 1
        for at in order[start : end + 1]:
            ranks[at] = 0.5 * (start + end)
        start = end + 1
    return ranks
