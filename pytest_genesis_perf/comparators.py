"""Comparators for further types: gathered from the hook, checked, and handed on as one handler."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from pytest_genesis_perf.arms import NotComparableError
from pytest_genesis_perf.identity import Handler
from pytest_genesis_perf.identity.parts import type_name
from pytest_genesis_perf.identity.registered import by_type, is_built_in

HOOK = "pytest_genesis_perf_comparators"
Comparator = Callable[[Any], object]


def handlers_of(item: pytest.Item) -> tuple[Handler, ...]:
    """Return how the values of a test are taken apart beyond what is built in.

    Parameters
    ----------
    item : pytest.Item
        The test; a ``conftest.py`` teaches the tests beside and below it.

    Raises
    ------
    NotComparableError
        If what was registered makes no sense, or two functions were for one type.
    """
    registered = merged(item.ihook.pytest_genesis_perf_comparators(config=item.config))
    return (by_type(registered),) if registered else ()


def merged(given: Iterable[object]) -> dict[type, Comparator]:
    """Return all registrations in one mapping.

    Parameters
    ----------
    given : iterable of object
        What the implementations of the hook returned.

    Raises
    ------
    NotComparableError
        As for :func:`handlers_of`.
    """
    found: dict[type, Comparator] = {}
    for mapping in given:
        if not isinstance(mapping, Mapping):
            raise NotComparableError(f"{HOOK} must return a mapping of type to function, not {mapping!r}")
        for cls, function in mapping.items():
            _check(cls, function)
            if cls in found:
                raise NotComparableError(
                    f"{HOOK}: two comparators are registered for {type_name(cls)}: "
                    f"{_where(found[cls])} and {_where(function)}; keep one"
                )
            found[cls] = function
    return found


def _check(cls: object, function: object) -> None:
    if not isinstance(cls, type):
        raise NotComparableError(f"{HOOK}: comparators are registered for types, not for {cls!r}")
    name = type_name(cls)
    if not callable(function):
        raise NotComparableError(f"{HOOK}: the comparator for {name} must be a function, not {function!r}")
    if is_built_in(cls):
        raise NotComparableError(
            f"{HOOK}: {name} cannot be taught anew by {_where(function)}: its values are compared bit for bit already"
        )
    if hasattr(cls, "__genesis_identity__"):
        raise NotComparableError(
            f"{HOOK}: {name} has two comparators: its own __genesis_identity__() and {_where(function)}; keep one"
        )


def _where(function: object) -> str:
    name = f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', function)}"
    code = getattr(function, "__code__", None)
    return name if code is None else f"{name} ({code.co_filename}:{code.co_firstlineno})"
