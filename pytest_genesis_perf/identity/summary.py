"""What a value of one kind reads like beside a value of another."""

from __future__ import annotations

from pytest_genesis_perf.identity.parts import MISSING, Bulk, Items, Leaf, Members, Pairs, Part
from pytest_genesis_perf.identity.render import leaf_text


def summary(part: Part, value: object) -> str:
    """Return a value in a few words: its kind, and its text, type or size."""
    if isinstance(part, Leaf):
        return part.kind if value is None or value is MISSING else f"{part.kind} {leaf_text(value)}"
    if isinstance(part, Bulk):
        from pytest_genesis_perf.identity.arrays import bulk_text

        return f"{part.kind} {bulk_text(part)}"
    if isinstance(part, (Items, Members)):
        return f"{part.kind} of {plural(len(part.values), 'item')}"
    if isinstance(part, Pairs):
        return f"{part.kind} of {plural(len(part.pairs), 'key')}"
    return part.kind


def plural(n: int, word: str) -> str:
    """Return a number of things."""
    return f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"
