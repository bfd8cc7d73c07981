"""A feature set as a graph: each node is a kernel with parameters and inputs, and equal nodes run once."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from numbers import Real

from genesis_core.digest import digest
from genesis_core.errors import FeatureError, nearest
from genesis_core.features.trial import (
    Trial,
    check_declared,
    run_guarded,
    run_plain,
    sample_column,
    shortened,
)
from genesis_core.kernels.base import Kernel, Param
from genesis_core.kernels.language import require
from genesis_core.kernels.registry import KERNELS
from genesis_core.kernels.registry import kernel as find_kernel
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
    """A kernel with its parameters and inputs; equal to another when they compute the same."""

    kernel: Kernel
    params: tuple[float, ...]
    inputs: tuple[Value, ...]

    @cached_property
    def start(self) -> int:
        """The first bar the kernel is called for: all awaited inputs are valid."""
        awaited = (
            value.first_valid
            for name, value in zip(self.kernel.inputs, self.inputs, strict=True)
            if name not in self.kernel.early
        )
        return max(awaited, default=0)

    @cached_property
    def first_valid(self) -> int:
        """The first bar at which its value is valid."""
        return self.start + self.kernel.warmup(self.params)

    @cached_property
    def digest(self) -> str:
        """Identity within this interpreter: all that decides a value or its validity, through the inputs too."""
        inputs = [v.name if isinstance(v, Source) else (v.node.digest, v.index) for v in self.inputs]
        kernel = self.kernel
        declared = kernel.neutral, kernel.state(self.params), self.start, self.first_valid
        return digest((kernel.name, _law_of(kernel.step), self.params, inputs, declared))

    @cached_property
    def wiring(self) -> str:
        """Identity in every interpreter: names, parameters and inputs, without the code of the kernels."""
        inputs = [v.name if isinstance(v, Source) else (v.node.wiring, v.index) for v in self.inputs]
        return digest((self.kernel.name, self.params, inputs))

    def __eq__(self, other: object) -> bool:
        # By digest, which is kept: comparing inputs one by one would visit a shared node once for every way to it.
        return self.digest == other.digest if isinstance(other, Node) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

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


def source(name: str) -> Source:
    """Return a column of the candles as a value.

    Raises
    ------
    FeatureError
        If there is no such column.
    """
    if name not in SOURCES:
        raise FeatureError(f"unknown column {name!r}{nearest(name, SOURCES)}")
    return Source(name)


def node(kernel: str | Kernel, *inputs: Value | str, **params: float) -> Node:
    """Wire a kernel to its inputs.

    Parameters
    ----------
    kernel : str or Kernel
        A registered kernel's name, or a kernel of the caller's own.
    *inputs : Source, Output or str
        In the order of the kernel's arguments; a string is a candle column.
    **params : float
        All parameters of the kernel, by name.

    Raises
    ------
    FeatureError
        Wrong number of inputs, or a parameter that is unknown, missing or out of range.
    KernelError
        If a kernel of the caller's own is not in the kernel language (its paths could differ), or fails a trial run:
        an index outside the state and parameters it declares, a wrong number of outputs, NaN or infinity.

    Notes
    -----
    Compiled code checks no index. Constant indices are proved to be inside; computed ones are tried on a few
    hundred sample bars, which is a sample and not a proof: see :mod:`genesis_core.features.trial`.
    """
    made = find_kernel(kernel) if isinstance(kernel, str) else _checked(kernel)
    if len(inputs) != len(made.inputs):
        raise FeatureError(
            f"kernel {made.name!r} reads {len(made.inputs)} inputs ({', '.join(made.inputs)}), got {len(inputs)}"
        )
    wired = tuple(source(value) if isinstance(value, str) else value for value in inputs)
    vector = _vector(made, params)
    placed = _interned(made, vector, struct.pack(f"{len(vector)}d", *vector), wired)
    if not _of_the_package(made):
        check_declared(made, placed.params)
        _tried(_Setting.of(placed))
    return placed


@dataclass(frozen=True)
class _Setting:
    """What a trial run depends on: a sweep over a threshold tries its kernel once, one over a window every time."""

    kernel: Kernel
    windows: tuple[float, ...]
    state: int
    inputs: tuple[str | Kernel, ...]
    node: Node = field(compare=False)

    @classmethod
    def of(cls, node: Node) -> _Setting:
        kernel = node.kernel
        windows = tuple(v for param, v in zip(kernel.params, node.params, strict=True) if param.whole)
        inputs = tuple(v.name if isinstance(v, Source) else v.node.kernel for v in node.inputs)
        return cls(kernel, windows, kernel.state(node.params), inputs, node)


@lru_cache(maxsize=512)
def _tried(setting: _Setting) -> None:
    _trial(setting.node)


@lru_cache(maxsize=4096)
def _interned(kernel: Kernel, params: tuple[float, ...], bits: bytes, inputs: tuple[Value, ...]) -> Node:
    """Return one object for equal nodes, so that a sweep digests each once; `bits` tells the zeros apart."""
    return Node(kernel, params, inputs)


def _of_the_package(kernel: Kernel) -> bool:
    return KERNELS.get(kernel.name) is kernel


@lru_cache(maxsize=128)
def _trial(node: Node) -> Trial:
    """Run a node over the sample candles with its windows shortened; one of a user's kernel also as it is.

    Raises
    ------
    KernelError
        If a user's kernel does what compiled code must not.
    """
    kernel = node.kernel
    inputs, start = [], 0
    for name, value in zip(kernel.inputs, node.inputs, strict=True):
        if isinstance(value, Source):
            inputs.append(sample_column(value.name))
            continue
        trial = _trial(value.node)
        inputs.append(trial.columns[value.index])
        if name not in kernel.early:
            start = max(start, trial.first_valid)
    short = shortened(kernel, node.params)
    if _of_the_package(kernel):
        return run_plain(kernel, short, inputs, start)
    if short != node.params:
        run_guarded(kernel, node.params, inputs, start)
    return run_guarded(kernel, short, inputs, start)


@lru_cache(maxsize=1024)
def _law_of(step: Callable[..., object]) -> str:
    return law_digest(step)


@lru_cache(maxsize=256)
def _checked(kernel: Kernel) -> Kernel:
    """Check a kernel of the caller's own; those of the package are checked by its tests."""
    require(kernel)
    return kernel


def _vector(made: Kernel, params: Mapping[str, float]) -> tuple[float, ...]:
    names = [param.name for param in made.params]
    for name in params:
        if name not in names:
            raise FeatureError(f"kernel {made.name!r} has no parameter {name!r}{nearest(name, names)}")
    for name in names:
        if name not in params:
            raise FeatureError(f"kernel {made.name!r} needs the parameter {name!r}")
    return tuple(check_param(f"kernel {made.name!r}", param, params[param.name]) for param in made.params)


def check_param(owner: str, param: Param, value: object) -> float:
    """Return a parameter as a float, or say why it cannot be one."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise FeatureError(f"{owner}: {param.name} = {value!r}; a number is needed")
    number = float(value)
    if not param.minimum <= number <= param.maximum:
        raise FeatureError(
            f"{owner}: {param.name} = {value!r} is outside [{param.minimum:g}, {param.maximum:g}]"
        )
    if param.whole and number != int(number):
        raise FeatureError(f"{owner}: {param.name} = {value!r}; a whole number is needed")
    return number


@dataclass(frozen=True)
class Placed:
    """A node with the slots of the value table it reads and writes."""

    node: Node
    reads: tuple[int, ...]
    slot: int


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which inputs come first, each once, and the slots of the wanted values.

    The value table has a slot for each candle column and then for each output of each node.
    """

    nodes: tuple[Placed, ...]
    outputs: tuple[int, ...]
    neutral: tuple[float, ...]

    @classmethod
    def of(cls, values: Iterable[Value]) -> Graph:
        """Place all nodes that the given values need."""
        placed: dict[Node, Placed] = {}
        neutral = [0.0] * len(SOURCES)

        def slot_of(value: Value) -> int:
            if isinstance(value, Source):
                return SOURCES.index(value.name)
            found = placed.get(value.node)
            if found is None:
                reads = tuple(slot_of(v) for v in value.node.inputs)
                found = Placed(value.node, reads, len(neutral))
                neutral.extend(value.node.kernel.neutral)
                placed[value.node] = found
            return found.slot + value.index

        outputs = tuple(slot_of(value) for value in values)
        return cls(tuple(placed.values()), outputs, tuple(neutral))
