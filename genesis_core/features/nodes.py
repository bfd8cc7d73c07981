"""Nodes and what they read: a kernel with parameters and inputs, as a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from genesis_core.digest import digest
from genesis_core.errors import FeatureError, nearest
from genesis_core.features.table import Table
from genesis_core.kernels.base import Kernel
from genesis_core.kernels.walk import law_digest

SOURCES = ("open", "high", "low", "close", "volume", "elapsed", "opened_at", "closed_at")
"""The columns of the candles that nodes can read, in the order of their slots."""


@dataclass(frozen=True)
class Source:
    """A column of the candles; valid from bar 0."""

    name: str

    first_valid = 0


@dataclass(frozen=True, eq=False)
class Node:
    """A kernel with its parameters and inputs; equal to another when they compute the same.

    Attributes
    ----------
    kernel : Kernel
        One of the package's, or one of the caller's as it was when the node was made.
    params : tuple of float
        In the order of the kernel's.
    inputs : tuple of Source or Output
        In the order of the kernel's.
    state, warmup : int
        What the kernel declares for these parameters.
    table : Table or None
        Rows that it reads too, of a kernel that has some.
    """

    kernel: Kernel
    params: tuple[float, ...]
    inputs: tuple[Value, ...]
    state: int
    warmup: int
    table: Table | None = None
    _hash: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # A part of what equal nodes share; a sweep hashes each node many times, and digests it only if it must.
        object.__setattr__(self, "_hash", hash((self.kernel.name, self.params, self.inputs)))

    @property
    def vector(self) -> tuple[float, ...]:
        """What its step is given as ``p``: the parameters, and the rows of its table behind them."""
        return self.params if self.table is None else self.params + self.table.values

    def array(self) -> NDArray[np.float64]:
        """Return `vector` as an array of its own."""
        p = np.array(self.params, dtype=np.float64)
        return p if self.table is None else np.concatenate((p, self.table.rows.ravel()))

    @cached_property
    def start(self) -> int:
        """The first bar the kernel is called for: all awaited inputs are valid."""
        wired = zip(self.kernel.inputs, self.inputs, strict=True)
        return max([v.first_valid for name, v in wired if name not in self.kernel.early], default=0)

    @cached_property
    def first_valid(self) -> int:
        """The first bar at which its value is valid."""
        return self.start + self.warmup

    @cached_property
    def digest(self) -> str:
        """Identity within this interpreter: all that decides a value or its validity, through the inputs too."""
        inputs = [v.name if isinstance(v, Source) else (v.node.digest, v.index) for v in self.inputs]
        kernel = self.kernel
        declared = kernel.neutral, self.state, self.start, self.first_valid
        table = () if self.table is None else (self.table.digest,)
        return digest((kernel.name, _law_of(kernel.step), self.params, inputs, declared, *table))

    @cached_property
    def wiring(self) -> str:
        """Identity in every interpreter: names, parameters and inputs, without the code of the kernels."""
        inputs = [v.name if isinstance(v, Source) else (v.node.wiring, v.index) for v in self.inputs]
        table = () if self.table is None else (self.table.digest,)
        return digest((self.kernel.name, self.params, inputs, *table))

    def __eq__(self, other: object) -> bool:
        # By digest, which is kept: comparing inputs one by one would visit a shared node once for every way to it.
        if self is other:
            return True
        if not isinstance(other, Node):
            return NotImplemented
        return self._hash == other._hash and self.digest == other.digest

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[object, ...]:
        # Without what is kept: the hash of a text is another in every process.
        return Node, (self.kernel, self.params, self.inputs, self.state, self.warmup, self.table)

    @property
    def value(self) -> Output:
        """Its only output."""
        if len(self.kernel.outputs) != 1:
            raise FeatureError(
                f"kernel {self.kernel.name!r} has several outputs: {', '.join(self.kernel.outputs)}"
            )
        return Output(self, 0)

    def output(self, name: str) -> Output:
        """Return one output by its name."""
        if name not in self.kernel.outputs:
            raise FeatureError(
                f"kernel {self.kernel.name!r} has no output {name!r}{nearest(name, self.kernel.outputs)}"
            )
        return Output(self, self.kernel.outputs.index(name))


@dataclass(frozen=True)
class Output:
    """One output of a node."""

    node: Node
    index: int

    @property
    def first_valid(self) -> int:
        """The first bar at which it is valid."""
        return self.node.first_valid

    @property
    def neutral(self) -> float:
        """Its value before that."""
        return self.node.kernel.neutral[self.index]


Value = Source | Output


_SOURCES = {name: Source(name) for name in SOURCES}


def source(name: str) -> Source:
    """Return a column of the candles as a value.

    Parameters
    ----------
    name : str
        Such as ``"close"``.

    Raises
    ------
    FeatureError
        If there is no such column.
    """
    if name not in SOURCES:
        raise FeatureError(f"unknown column {name!r}{nearest(name, SOURCES)}")
    return _SOURCES[name]


@lru_cache(maxsize=1024)
def _law_of(step: Callable[..., object]) -> str:
    return law_digest(step)
