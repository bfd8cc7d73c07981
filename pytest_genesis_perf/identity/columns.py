"""Columns of plain values, cut into chunks: constant extra memory, however large they are.

Imported only when somebody else has imported NumPy. The layout in memory is no part of a value, nor is what stands in
the slots of missing values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from pytest_genesis_perf.identity.parts import MISSING

Array = np.ndarray[Any, Any]
Chunk = tuple[Array, Array | None]
"""Values in one dimension, and which of them are missing (their slots are then zero)."""

CHUNK_BYTES = 1 << 18
"""Extra memory of a comparison is a few of these, however large the arrays are."""
CHUNK_ROWS = 1 << 15


class Column(Protocol):
    """All values of one field of an array, or of a column of a frame."""

    @property
    def names(self) -> tuple[str, ...]:
        """The field's name inside each structure, outermost first; empty for a plain array."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the column; a field that holds an array adds dimensions to those of the array."""

    @property
    def objects(self) -> bool:
        """Whether the values are Python objects, to be compared one by one."""

    @property
    def nullable(self) -> bool:
        """Whether values of the type can be missing."""

    @property
    def show(self) -> Callable[[int], object] | None:
        """How to get the value at a flat index as its library shows it, where its bits are only a code."""

    def chunks(self) -> Iterator[Chunk]:
        """Yield the values in the order of their indices, cut alike for columns of one shape and type."""

    def at(self, flat: int) -> Chunk:
        """Return the one value at a flat index (last axis fastest), as it is stored."""


@dataclass(frozen=True)
class ArrayColumn:
    """A column that lies in an array.

    Parameters
    ----------
    names : tuple of str
        The field's name inside each structure.
    array : ndarray
        View of the values: any shape, order and strides.
    mask : ndarray or None, optional
        Which of them are missing.
    nullable : bool, optional
        Whether any could be, though there may be no mask.
    show : callable or None, optional
        Returns the value at a flat index as its library shows it.
    """

    names: tuple[str, ...]
    array: Array
    mask: Array | None = None
    nullable: bool = False
    show: Callable[[int], object] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        shape: tuple[int, ...] = self.array.shape
        return shape

    @property
    def objects(self) -> bool:
        """Whether the values are Python objects."""
        return self.array.dtype.kind in "OT"

    def chunks(self) -> Iterator[Chunk]:
        """Yield the values in the order of their indices."""
        itemsize = self.array.dtype.itemsize
        if itemsize == 0:
            if self.nullable:
                mask = np.zeros(self.shape, np.bool_) if self.mask is None else self.mask
                yield from ((np.empty(0, np.uint8), missing) for missing in _cut(mask, CHUNK_ROWS))
            return
        step = max(1, CHUNK_BYTES // itemsize)
        if self.mask is None:
            yield from ((values, None) for values in _cut(self.array, step))
            return
        for values, missing in zip(_cut(self.array, step), _cut(self.mask, step), strict=True):
            yield _without_missing(values, missing)

    def at(self, flat: int) -> Chunk:
        """Return the one value at a flat index."""
        missing = None if self.mask is None else self.mask.flat[flat : flat + 1]
        return self.array.flat[flat : flat + 1], missing


@dataclass(frozen=True)
class SlicedColumn:
    """A column of another library, taken over slice by slice.

    Parameters
    ----------
    size : int
        Number of values.
    take : callable
        Returns the chunk from one index up to another.
    """

    size: int
    take: Callable[[int, int], Chunk]

    @property
    def names(self) -> tuple[str, ...]:
        """None: it is no field."""
        return ()

    @property
    def shape(self) -> tuple[int, ...]:
        """One dimension."""
        return (self.size,)

    @property
    def objects(self) -> bool:
        """Never."""
        return False

    @property
    def nullable(self) -> bool:
        """Always."""
        return True

    @property
    def show(self) -> None:
        """Its bits are shown."""

    def chunks(self) -> Iterator[Chunk]:
        """Yield the values in order."""
        for start in range(0, self.size, CHUNK_ROWS):
            values, missing = self.take(start, min(start + CHUNK_ROWS, self.size))
            yield (values, None) if missing is None else _without_missing(values, missing)

    def at(self, flat: int) -> Chunk:
        """Return the one value at an index."""
        return self.take(flat, flat + 1)


def objects_of(column: Column) -> Iterator[object]:
    """Yield the values of a column of objects."""
    for values, missing in column.chunks():
        if missing is None:
            yield from values
        else:
            yield from (MISSING if gone else value for value, gone in zip(values, missing, strict=True))


def _without_missing(values: Array, missing: Array) -> Chunk:
    if missing.any():
        values = values.copy()
        values[missing] = np.zeros((), values.dtype)
    return values, missing


def _cut(array: Array, step: int) -> Iterator[Array]:
    """Yield at most `step` values at a time, in one dimension, cut by the shape alone and not by the layout."""
    if array.size == 0:
        return
    if array.ndim <= 1:
        flat = array.reshape(-1)
        for start in range(0, len(flat), step):
            yield np.ascontiguousarray(flat[start : start + step])
        return
    rows = step // (array.size // len(array))
    if rows == 0:
        for row in array:
            yield from _cut(row, step)
        return
    for start in range(0, len(array), rows):
        yield np.ascontiguousarray(array[start : start + rows]).reshape(-1)
