"""The features of one bar: an immutable mapping from name to value."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from genesis_core.digest import digest


@dataclass(frozen=True)
class Layout:
    """What the vectors of one feature set share."""

    names: tuple[str, ...]
    first_valid: tuple[int, ...]

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Position of each name."""
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def warmup(self) -> int:
        """The first bar at which all values are valid."""
        return max(self.first_valid, default=0)


class Validity(Mapping[str, bool]):
    """Which features are valid; true as a whole when all of them are."""

    __slots__ = ("_bar", "_layout")

    def __init__(self, layout: Layout, bar: int) -> None:
        self._layout = layout
        self._bar = bar

    def __getitem__(self, name: str) -> bool:
        return self._bar >= self._layout.first_valid[self._layout.index[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._layout.names)

    def __len__(self) -> int:
        return len(self._layout.names)

    def __bool__(self) -> bool:
        return self._bar >= self._layout.warmup

    def __repr__(self) -> str:
        missing = [name for name in self if not self[name]]
        return "Validity(all valid)" if not missing else f"Validity(not yet: {', '.join(missing)})"


class FeatureVector(Mapping[str, float]):
    """Feature values as of one bar.

    Compares by bits: ``-0.0`` is not ``0.0``.

    Attributes
    ----------
    bar : int
        The bar they are as of.
    values_tuple : tuple of float
        The values in the order of the feature set.
    """

    __slots__ = ("_layout", "bar", "values_tuple")

    bar: int
    values_tuple: tuple[float, ...]

    def __init__(self, layout: Layout, bar: int, values: tuple[float, ...]) -> None:
        object.__setattr__(self, "_layout", layout)
        object.__setattr__(self, "bar", bar)
        object.__setattr__(self, "values_tuple", values)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a FeatureVector cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("a FeatureVector cannot be changed")

    def __reduce__(self) -> tuple[type[FeatureVector], tuple[Layout, int, tuple[float, ...]]]:
        return FeatureVector, (self._layout, self.bar, self.values_tuple)

    _layout: Layout

    def __getitem__(self, name: str) -> float:
        return self.values_tuple[self._layout.index[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._layout.names)

    def __len__(self) -> int:
        return len(self._layout.names)

    @property
    def valid(self) -> Validity:
        """Which values are valid; ``bool(vector.valid)`` is whether all are."""
        return Validity(self._layout, self.bar)

    @property
    def digest(self) -> str:
        """Digest of names, bits and validity."""
        return digest(self.__genesis_identity__())

    def __genesis_identity__(self) -> tuple[tuple[str, ...], tuple[float, ...], tuple[bool, ...]]:
        """Return what must be identical between two paths."""
        return self._layout.names, self.values_tuple, tuple(self.valid.values())

    def _bits(self) -> bytes:
        return struct.pack(f"<{len(self.values_tuple)}d", *self.values_tuple)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FeatureVector):
            return NotImplemented
        return (
            self._layout.names == other._layout.names
            and self._bits() == other._bits()
            and tuple(self.valid.values()) == tuple(other.valid.values())
        )

    def __hash__(self) -> int:
        return hash((self._layout.names, self._bits()))

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={value!r}" for name, value in self.items())
        return f"FeatureVector(bar {self.bar}: {inner})"
