"""The marker ``@pytest.mark.genesis_perf(...)``: checked at collection, read by the fixture."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_genesis_perf.nearest import nearest

NAME = "genesis_perf"
HELP = (
    "genesis_perf(margin=0.02, min_speedup=None, budget=4.0, isolate=None, warm=False, memory=None, "
    "side_by_side=None): the claim about speed, the seconds to judge it, how, and what else is counted, for all "
    "comparisons of a test"
)
_FLAGS = {
    "isolate": "True to judge from fresh processes, or False never to",
    "memory": "True to hold peak memory against the stored one too, or False",
    "side_by_side": "False where the arms must not run at the same time, or True",
    "warm": "True where what an arm keeps from earlier calls belongs to it, or False",
}
_RULES: dict[str, tuple[Callable[[float], bool], str]] = {
    "margin": (lambda x: 0.0 <= x < 1.0, "a share from 0 up to 1, such as 0.02"),
    "min_speedup": (lambda x: x > 0.0, "a finite number > 0, such as 3.0"),
    "budget": (lambda x: x > 0.0, "a finite number of seconds > 0"),
}
_KEYWORDS = (*_RULES, *_FLAGS)


@dataclass(frozen=True)
class Wishes:
    """What a test asks for; None where it leaves the choice to options and ini.

    Parameters
    ----------
    margin, min_speedup, budget : float or None
        As in the marker.
    isolate, warm, memory, side_by_side : bool or None
        As in the marker.
    """

    margin: float | None = None
    min_speedup: float | None = None
    budget: float | None = None
    isolate: bool | None = None
    warm: bool | None = None
    memory: bool | None = None
    side_by_side: bool | None = None


def check_items(items: Iterable[pytest.Item]) -> None:
    """Check the markers of all collected tests.

    Parameters
    ----------
    items : iterable of pytest.Item
        The tests.

    Raises
    ------
    pytest.UsageError
        For the first marker with an unknown keyword or a wrong value, naming test and nearest keyword.
    """
    for item in items:
        for mark in item.iter_markers(NAME):
            fault = _fault(mark)
            if fault:
                raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.{NAME}: {fault}")


def wishes(item: pytest.Item) -> Wishes:
    """Return what the markers of a test ask for; the closest marker wins, margin and min_speedup together.

    Parameters
    ----------
    item : pytest.Item
        The test, its markers already checked.
    """
    found: dict[str, Any] = {}
    for mark in item.iter_markers(NAME):
        # A claim is one thing: a closer min_speedup replaces a farther margin, and the other way round.
        has_claim = "margin" in found or "min_speedup" in found
        for key, value in mark.kwargs.items():
            if key not in found and not (has_claim and key in ("margin", "min_speedup")):
                found[key] = value if key in _FLAGS else float(value)
    return Wishes(**found)


def fault_of(key: str, value: object) -> str | None:
    """Return what is wrong with the value of a keyword, None if nothing is.

    Parameters
    ----------
    key : str
        "margin", "min_speedup", "budget", "isolate", "memory" or "warm".
    value : object
        What was given.
    """
    if key in _FLAGS:
        return None if isinstance(value, bool) else f"{key} must be {_FLAGS[key]}, not {value!r}"
    valid, rule = _RULES[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"{key} must be {rule}, not {value!r}"
    if not (math.isfinite(value) and valid(value)):
        return f"{key} must be {rule}, not {value!r}"
    return None


def _fault(mark: pytest.Mark) -> str | None:
    if mark.args:
        return f"takes keywords only ({', '.join(_KEYWORDS)}), not {mark.args[0]!r}"
    for key, value in mark.kwargs.items():
        if key not in _KEYWORDS:
            return f"unknown keyword {key!r}{nearest(key, _KEYWORDS)}"
        fault = fault_of(key, value)
        if fault:
            return fault
    if "margin" in mark.kwargs and "min_speedup" in mark.kwargs:
        return "margin belongs to the default claim: give margin or min_speedup, not both"
    return None
