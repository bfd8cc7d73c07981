"""What the arms say they ran: found anywhere in their results, and held against each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from pytest_genesis_perf.arms import NotComparableError, running
from pytest_genesis_perf.identity.place import Place
from pytest_genesis_perf.record import Plain

Told = Mapping[str, Plain]
"""What a result says of its run: a ``path``, and counters such as ``hits``."""
_SCALARS = (str, bytes, int, float, complex, type(None))


def plans_of(role: str, result: object) -> dict[str, Told]:
    """Find every ``__genesis_plan__()`` in the result of an arm.

    Parameters
    ----------
    role : str
        "baseline" or "optimized".
    result : object
        What the arm returned, free of cycles: a value that says what ran, or lists, tuples and dicts of such values.

    Returns
    -------
    dict of str to mapping
        By place, such as ``result[0]``.

    Raises
    ------
    NotComparableError
        If a plan is not a mapping with a text ``path``.
    ArmRaisedError
        If making one raises.
    """
    found: dict[str, Told] = {}
    waiting: list[tuple[Place, object]] = [(Place(), result)]
    while waiting:
        place, value = waiting.pop()
        method = getattr(type(value), "__genesis_plan__", None)
        if method is not None:
            with running(role):
                plan = method(value)
            found[str(place)] = _checked(role, plan)
        elif isinstance(value, (list, tuple)):
            # Most of a large result is numbers: those are not worth a place each.
            inner = [(i, item) for i, item in enumerate(value) if not isinstance(item, _SCALARS)]
            waiting += [(place.at(i), item) for i, item in reversed(inner)]
        elif isinstance(value, (dict, MappingProxyType)):
            waiting += [(place.at(key), item) for key, item in reversed(list(value.items()))]
    return found


def require_two(baseline: Mapping[str, Told], optimized: Mapping[str, Told]) -> None:
    """Require that no result of the arms was compared with another run of its own plan, and that caches helped.

    Parameters
    ----------
    baseline, optimized : mapping
        From :func:`plans_of`.

    Raises
    ------
    NotComparableError
        If both arms ran one plan at any place, or the optimized arm counts hits and had none at all. (The first of
        several runs that share a cache cannot hit: the hits of all places count together.)
    """
    for place, plan in optimized.items():
        if place in baseline and baseline[place]["path"] == plan["path"]:
            where = "" if len(optimized) == 1 else f" for {place}"
            raise NotComparableError(f"vacuous: both arms ran plan {plan['path']!r}{where}")
    counting = [plan for plan in optimized.values() if "hits" in plan]
    if counting and all(plan["hits"] == 0 for plan in counting):
        raise NotComparableError(
            f"vacuous: the optimized arm ran plan {summary(counting)['path']!r} with 0 hits: no cache helped"
        )


def summary(plans: Iterable[Told]) -> Told:
    """Return one plan that stands for several: their paths, counters added up, and what else they agree in.

    Parameters
    ----------
    plans : iterable of mapping
        At least one.
    """
    first, *others = plans
    if not others:
        return first
    every = (first, *others)
    whole: dict[str, Plain] = {"path": " + ".join(dict.fromkeys(str(plan["path"]) for plan in every))}
    for key in dict.fromkeys(key for plan in every for key in plan if key != "path"):
        values = [plan[key] for plan in every if key in plan]
        counts = [value for value in values if type(value) is int]
        if len(counts) == len(values):
            whole[key] = sum(counts)
        elif len(values) == len(every) and all(value == values[0] for value in values):
            whole[key] = values[0]
    return whole


def _checked(role: str, plan: object) -> dict[str, Plain]:
    if not isinstance(plan, Mapping) or not isinstance(plan.get("path"), str):
        raise NotComparableError(
            f"the {role} arm's __genesis_plan__() must return a mapping with the text 'path', not {plan!r}"
        )
    return {str(key): _plain(value) for key, value in plan.items()}


def _plain(value: object) -> Plain:
    # Exact built-in types only: subclasses such as numpy.float64 do not travel between processes.
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return float(value)
    if hasattr(type(value), "__index__"):
        return int(value)  # type: ignore[call-overload, no-any-return]
    return str(value)
