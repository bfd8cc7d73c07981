"""Rows of a column that are made only while somebody walks over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

CHUNK_ROWS = 1 << 12


@dataclass(frozen=True)
class Rows(Sequence[object]):
    """A sequence whose items exist by the chunk.

    Parameters
    ----------
    size : int
        Number of items.
    take : callable
        Returns the items from one index up to another.
    """

    size: int
    take: Callable[[int, int], Sequence[object]]

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[object]:
        for start in range(0, self.size, CHUNK_ROWS):
            yield from self.take(start, min(start + CHUNK_ROWS, self.size))

    @overload
    def __getitem__(self, index: int) -> object: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[object]: ...
    def __getitem__(self, index: int | slice) -> object:
        """Return an item, or some."""
        chosen = range(self.size)[index]
        if isinstance(chosen, range):
            return [self[i] for i in chosen]
        return self.take(chosen, chosen + 1)[0]
