"""How a value is taken apart: one decomposition, from which comparison and digest both follow.

Two values are identical exactly when their parts are of the same class and kind and agree. A
*handler* teaches the comparator a new type by returning one of these parts; most often
``Alias(type name, plain values)`` is all it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_genesis_perf.identity.columns import Column


@dataclass(frozen=True)
class Leaf:
    """A value that is one place: identical when its bytes are.

    Parameters
    ----------
    kind : str
        Type name; a different kind is a different value.
    data : bytes
        Canonical bytes, the same on every platform.
    """

    kind: str
    data: bytes


@dataclass(frozen=True)
class Items:
    """An ordered collection, children at ``[i]``.

    Parameters
    ----------
    kind : str
        Type name.
    values : sequence
        The children.
    """

    kind: str
    values: Sequence[object]


@dataclass(frozen=True)
class Fields:
    """Named children in a fixed order, at ``.name``.

    Parameters
    ----------
    kind : str
        Type name.
    values : mapping of str to object
        The children.
    """

    kind: str
    values: Mapping[str, object]


@dataclass(frozen=True)
class Pairs:
    """Keys and values, order included; children at ``[key]``.

    Parameters
    ----------
    kind : str
        Type name.
    pairs : sequence of (key, value)
        Any value may be a key.
    """

    kind: str
    pairs: Sequence[tuple[object, object]]


@dataclass(frozen=True)
class Members:
    """A collection without order.

    Parameters
    ----------
    kind : str
        Type name.
    values : sequence
        The members, in any order.
    """

    kind: str
    values: Sequence[object]


@dataclass(frozen=True)
class Alias:
    """A value that is identical when another value, and its own type, is.

    Parameters
    ----------
    kind : str
        Type name of the value that is replaced.
    value : object
        What stands for it, at the same path.
    """

    kind: str
    value: object


@dataclass(frozen=True)
class Labelled:
    """Named children at ``.name``, and a body that stands at the very same place: a frame and its columns.

    Parameters
    ----------
    kind : str
        Type name.
    values : mapping of str to object
        The named children.
    body : object
        Compared at the place of the value itself.
    """

    kind: str
    values: Mapping[str, object]
    body: object


@dataclass(frozen=True)
class Bulk:
    """Many plain values of one type, compared and digested by chunks of their bits.

    Parameters
    ----------
    kind : str
        Type name.
    dtype : str
        Canonical text of the type of the values.
    shape : tuple of int
        Number of values along each axis; empty for a scalar.
    columns : tuple of Column
        The values: one column, or one for each plain field of a structure.
    """

    kind: str
    dtype: str
    shape: tuple[int, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Ready:
    """A value made by the comparator itself, whose part is known already.

    Parameters
    ----------
    part : Part
        Its part.
    text : str, optional
        How a reviewer sees the value, if that is not its part.
    """

    part: Part
    text: str = ""

    def __repr__(self) -> str:
        return self.text or self.part.kind


MISSING = Ready(Leaf("missing", b""), "missing")
"""Stands for a value that is masked, null or not available."""


Part = Leaf | Items | Fields | Pairs | Members | Alias | Labelled | Bulk
Handler = Callable[[object], Part | None]
"""Takes a value apart, or returns None if the value is not of its type."""


def type_name(cls: type) -> str:
    """Return the qualified name of a type, without ``builtins``.

    Types are told apart by this name and not by the type object, so that a digest means the same in
    another process.
    """
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
