"""Iterators as sequences: each is run to its end once, and what it yielded is kept."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, cycle, islice

from pytest_genesis_perf.identity.errors import UnknownTypeError
from pytest_genesis_perf.identity.parts import Items, type_name
from pytest_genesis_perf.identity.place import Place

KIND = "iterator"
"""One kind for generators, ``map``, ``zip`` and their like: which one it is, its consumer cannot tell."""
MAX_ITEMS = 10_000_000
"""More than any result that was made on purpose: an iterator without an end."""
_ENDLESS = (count, cycle)


def is_iterator(value: object) -> bool:
    """Return whether a value is an iterator of Python's own, such as a generator.

    Those of other classes may hold more than what they yield: files, readers, the user's own.
    """
    return isinstance(value, Iterator) and type(value).__module__ in ("builtins", "itertools")


class Drained:
    """The items of the iterators that were met so far.

    An iterator can be walked once, but a result is digested and then compared.
    """

    def __init__(self) -> None:
        # The iterator is kept too: its id must not be given to another.
        self._items: dict[int, tuple[object, list[object]]] = {}

    def __len__(self) -> int:
        return len(self._items)

    def take_over(self, other: Drained) -> None:
        """Know also what another walk has drained."""
        self._items.update(other._items)

    def part(self, value: object, place: Place) -> Items | None:
        """Return the part of an iterator, None for anything else.

        Parameters
        ----------
        value : object
            Any value.
        place : Place
            For errors.

        Raises
        ------
        UnknownTypeError
            If the iterator does not end.
        """
        if isinstance(value, Yielded):
            return Items(KIND, value)
        if not isinstance(value, Iterator) or not is_iterator(value):
            return None
        known = self._items.get(id(value))
        if known is None:
            items = [] if isinstance(value, _ENDLESS) else list(islice(value, MAX_ITEMS + 1))
            if isinstance(value, _ENDLESS) or len(items) > MAX_ITEMS:
                why = f"it yields without end, or over {MAX_ITEMS:,} items"
                raise UnknownTypeError(type_name(type(value)), str(place), why)
            known = self._items[id(value)] = (value, items)
        return Items(KIND, known[1])


class Yielded(list[object]):
    """What an iterator yielded, compared like the iterator itself."""

    __slots__ = ()
