"""Comparators registered by type, as one handler."""

from __future__ import annotations

import array
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, defaultdict, deque
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pytest_genesis_perf.identity.leaves import is_leaf_type
from pytest_genesis_perf.identity.parts import Alias, Handler, Part, type_name

_CONTAINERS = frozenset(
    {
        *(list, tuple, dict, set, frozenset, deque, array.array, MappingProxyType),
        *(OrderedDict, defaultdict, Counter, ChainMap, UserDict, UserList),
    }
)
_LIBRARIES = frozenset({"numpy", "pandas", "polars", "pyarrow"})


def by_type(comparators: Mapping[type, Callable[[Any], object]]) -> Handler:
    """Return a handler that asks functions registered by type.

    Parameters
    ----------
    comparators : mapping of type to callable
        The nearest class among the bases of a value's type decides; a subclass is another type than its base even
        where one function serves both. A ``__genesis_identity__()`` that is nearer goes before.
    """

    def handle(value: object) -> Part | None:
        for base in type(value).__mro__:
            function = comparators.get(base)
            if function is not None:
                return Alias(type_name(type(value)), function(value))
            if "__genesis_identity__" in vars(base):
                return None
        return None

    return handle


def is_built_in(cls: type) -> bool:
    """Return whether values of a type are compared already, so that nothing may be registered for it.

    Parameters
    ----------
    cls : type
        Any type. ``object`` counts as built in: it would swallow every unknown type.
    """
    root = str(cls.__module__).partition(".")[0]
    return cls is object or is_leaf_type(cls) or cls in _CONTAINERS or (root in _LIBRARIES and _is_data(cls))


def _is_data(cls: type) -> bool:
    """Return whether a class of a library holds data: the arrays, frames and scalars that have rules of their own."""
    names = {base.__name__ for base in cls.__mro__}
    return not names.isdisjoint(
        {"ndarray", "generic", "DataFrame", "Series", "Index", "ExtensionArray", "Scalar"}
    ) or (
        cls.__name__
        in {"Table", "RecordBatch", "ChunkedArray", "Array", "Timestamp", "Timedelta", "Period", "Interval"}
    )
