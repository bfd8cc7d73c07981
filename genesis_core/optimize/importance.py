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
    for record in scored:
        for name, value in record.parameters.items():
            if isinstance(value, list) and value and isinstance(value[0], list):
                for place, point in enumerate(value):
                    columns.setdefault(f"{name}[{place}]", []).append(point[-1])
            else:
                columns.setdefault(name, []).append(value)
    found = [
        Importance(name, share)
        for name, values in columns.items()
        if len(values) == len(heights) and (share := _share(values, heights)) is not None
    ]
    return sorted(found, key=lambda one: (-one.share, one.parameter))


def _share(values: Sequence[Any], heights: Sequence[float]) -> float | None:
    groups = _groups(values)
    count = 1 + max(groups)
    n = len(heights)
    if count < 2 or n <= count:
        return None
    sums, sizes = [0.0] * count, [0] * count
    total = squares = 0.0
    for group, height in zip(groups, heights, strict=True):
        sums[group] += height
        sizes[group] += 1
        total += height
        squares += height * height
    whole = squares - total * total / n
    if whole <= 0.0:
        return None
    between = sum(s * s / size for s, size in zip(sums, sizes, strict=True) if size) - total * total / n
    by_chance = (count - 1) * (whole - between) / (n - count)
    return min(max((between - by_chance) / whole, 0.0), 1.0)


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
