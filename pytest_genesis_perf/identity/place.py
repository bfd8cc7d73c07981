"""Where a value stands inside the result, written only when somebody asks."""

from __future__ import annotations

from typing import NamedTuple

from pytest_genesis_perf.identity.render import short

ROOT = "result"
MAX_DEPTH = 10_000
"""Deeper than any result that was made on purpose: an object that unfolds itself without end."""


class Place(NamedTuple):
    """A step from a parent: a linked list, so that walking many values builds no strings.

    Parameters
    ----------
    parent : Place or None
        None at the root.
    step : object
        Index, tuple of indices, key or name.
    named : bool
        Whether the step is an attribute, ``.name``, and not ``[step]``.
    depth : int
        Steps from the root.
    """

    parent: Place | None = None
    step: object = None
    named: bool = False
    depth: int = 0

    def at(self, step: object) -> Place:
        """Return the place of an item, ``[step]``."""
        return Place(self, step, False, self.depth + 1)

    def dot(self, name: str) -> Place:
        """Return the place of an attribute, ``.name``."""
        return Place(self, name, True, self.depth + 1)

    def __str__(self) -> str:
        steps: list[str] = []
        place = self
        while place.parent is not None:
            steps.append(f".{place.step}" if place.named else f"[{_index(place.step)}]")
            place = place.parent
        if len(steps) > 50:
            steps[20:-20] = [f" ... {len(steps) - 40:,} more ... "]
        return ROOT + "".join(reversed(steps))


def _index(step: object) -> str:
    if type(step) is tuple and step and all(type(i) is int for i in step):
        return ", ".join(map(str, step))
    return short(step)
