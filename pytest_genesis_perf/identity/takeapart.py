"""Which part a value is: handlers first, then the value's own word, then the known types."""

from __future__ import annotations

import sys
from array import array
from collections import ChainMap, UserDict, UserList, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from functools import cached_property, lru_cache
from types import MemberDescriptorType
from typing import NamedTuple

from pytest_genesis_perf.identity.drained import Drained
from pytest_genesis_perf.identity.errors import UnknownTypeError
from pytest_genesis_perf.identity.leaves import PLAIN, leaf_of
from pytest_genesis_perf.identity.parts import (
    Alias,
    Bulk,
    Fields,
    Handler,
    Items,
    Labelled,
    Leaf,
    Members,
    Pairs,
    Part,
    Ready,
    type_name,
)
from pytest_genesis_perf.identity.place import Place
from pytest_genesis_perf.identity.render import float_text

_PARTS = (Leaf, Items, Fields, Pairs, Members, Alias, Labelled, Bulk)
_SCALARS = (int, float, complex, str, bytes, bytearray, memoryview)
_BUILT_IN = (list, tuple, dict, set, frozenset, deque, array)
_STATELESS = frozenset({list, tuple, dict, set, frozenset})
"""The most common containers: exactly these have no room for an attribute."""
_STORAGE = ((UserDict, "data"), (UserList, "data"), (ChainMap, "maps"))
"""Containers of the standard library that keep their items in an attribute."""


class Rules(NamedTuple):
    """How values beyond the built-in types are taken apart.

    Parameters
    ----------
    handlers : tuple of Handler
        Asked in order, before anything else; the first that returns a part decides.
    drained : Drained
        What iterators yielded.
    """

    handlers: tuple[Handler, ...]
    drained: Drained


def take_apart(value: object, rules: Rules, place: Place) -> Part:
    """Return the part that stands for a value.

    Parameters
    ----------
    value : object
        Any value.
    rules : Rules
        Handlers, and the items of iterators.
    place : Place
        Where the value stands, for errors.

    Returns
    -------
    Part
        What the value is made of.

    Raises
    ------
    UnknownTypeError
        If the type is not known, or its values carry more than can be compared.
    """
    cls = type(value)
    if isinstance(value, Ready):
        return value.part
    for handler in rules.handlers if cls not in PLAIN else ():
        part = handler(value)
        if part is not None:
            if not isinstance(part, _PARTS):
                raise UnknownTypeError(
                    type_name(cls),
                    str(place),
                    f"a handler returned a {type_name(type(part))}, not a part or None",
                )
            return part
    if hasattr(cls, "__genesis_identity__"):
        return Alias(type_name(cls), cls.__genesis_identity__(value))
    try:
        leaf = leaf_of(value)
    except TypeError as error:
        raise UnknownTypeError(type_name(cls), str(place), str(error)) from None
    part = leaf or _library_part(value, place) or rules.drained.part(value, place) or _record(value, place)
    return part or _container(value, place)


def _library_part(value: object, place: Place) -> Part | None:
    """Return the part of a value of a library that somebody else has imported; nothing is imported for this."""
    root = str(type(value).__module__).partition(".")[0]
    if root == "pandas":
        from pytest_genesis_perf.identity.pandas_values import pandas_part

        return pandas_part(value, place)
    if root == "polars":
        from pytest_genesis_perf.identity.polars_values import polars_part

        return polars_part(value, place)
    if root == "pyarrow":
        from pytest_genesis_perf.identity.arrow_values import arrow_part

        return arrow_part(value, place)
    return _numpy_part(value, place)


def _numpy_part(value: object, place: Place) -> Part | None:
    # A value can only be NumPy's if somebody has imported NumPy already.
    if "numpy" not in sys.modules:
        return None
    from pytest_genesis_perf.identity.arrays import array_part

    return array_part(value, place)


def _record(value: object, place: Place) -> Fields | None:
    cls = type(value)
    if isinstance(value, tuple):
        names = getattr(cls, "_fields", None)
        if not (type(names) is tuple and len(names) == len(value) and all(type(n) is str for n in names)):
            return None
        _refuse_attributes(_attributes(value), value, place)
        return Fields(type_name(cls), dict(zip(names, value, strict=True)))
    if is_dataclass(cls):
        names = tuple(f.name for f in fields(cls))
    elif "attr" in sys.modules and hasattr(cls, "__attrs_attrs__"):
        names = tuple(attribute.name for attribute in cls.__attrs_attrs__)
    elif "msgspec" in sys.modules and hasattr(cls, "__struct_fields__"):
        names = cls.__struct_fields__
    else:
        return None
    if isinstance(value, _SCALARS + _BUILT_IN):
        why = "a record that is also a plain type carries more than its fields"
        raise UnknownTypeError(type_name(cls), str(place), why)
    unset = [name for name in names if not hasattr(value, name)]
    if unset:
        raise UnknownTypeError(type_name(cls), str(place), f"its field {unset[0]!r} has no value")
    # Private attributes and cached properties are derived from the fields; any other is state.
    public = (name for name in _attributes(value) if not name.startswith("_"))
    state = (name for name in public if not isinstance(getattr(cls, name, None), cached_property))
    _refuse_attributes((name for name in state if name not in names), value, place)
    return Fields(type_name(cls), {name: getattr(value, name) for name in names})


def _container(value: object, place: Place) -> Part:
    cls = type(value)
    kind = type_name(cls)
    if isinstance(value, _SCALARS):
        why = "a subclass of a plain type may carry more than its value" if cls is not memoryview else ""
        raise UnknownTypeError(kind, str(place), why)
    if cls not in _STATELESS and isinstance(value, (*_BUILT_IN, Mapping, Set, Sequence)):
        # Of a class of the user's own nobody knows which attributes only hold the items and which are state beside
        # them: a window's symbol must count, its buffer must not.
        storage = {name for known, name in _STORAGE if isinstance(value, known)}
        _refuse_attributes((name for name in _attributes(value) if name not in storage), value, place)
    if isinstance(value, deque):
        return Items(f"{kind}(maxlen={value.maxlen})", tuple(value))
    if isinstance(value, array):
        return Items(f"{kind}({value.typecode!r})", _single(value) if value.typecode == "f" else value)
    if isinstance(value, Mapping):
        return Pairs(kind, tuple(value.items()))
    if isinstance(value, Set):
        return Members(kind, tuple(value))
    if isinstance(value, Sequence):
        return Items(kind, value if isinstance(value, (list, tuple)) else tuple(value))
    raise UnknownTypeError(kind, str(place))


def _single(values: array[float]) -> Sequence[object]:
    """Return single floats as values that keep their bits: as a double, a signalling NaN turns into a quiet one."""
    if all(value == value for value in values):
        return values
    data = values.tobytes()
    words = (int.from_bytes(data[i : i + 4], sys.byteorder) for i in range(0, len(data), 4))
    return [
        Ready(Leaf("float", word.to_bytes(4, "little")), float_text(value, word, 4))
        if value != value
        else value
        for value, word in zip(values, words, strict=True)
    ]


def _attributes(value: object) -> Iterator[str]:
    """Yield the names of what an instance holds: its ``__dict__``, and its slots that are filled."""
    yield from getattr(value, "__dict__", ())
    names = _slots(type(value))  # type: ignore[arg-type]  # mypy asks the class for the hash of its instances
    yield from (name for name in names if hasattr(value, name))


@lru_cache(maxsize=256)
def _slots(cls: type) -> tuple[str, ...]:
    """Return the slots that classes written in Python declare, by the names they are reached with."""
    return tuple(
        name
        for base in cls.__mro__
        if "__slots__" in vars(base)
        for name, member in vars(base).items()
        if isinstance(member, MemberDescriptorType)
    )


def _refuse_attributes(names: Iterable[str], value: object, place: Place) -> None:
    for name in names:
        why = f"its attribute {name!r} would not be compared"
        raise UnknownTypeError(type_name(type(value)), str(place), why)
