"""A feature set as a graph: each node is a kernel with parameters and inputs, and equal nodes run once."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from typing import NamedTuple

from genesis_core.errors import FeatureError, nearest
from genesis_core.features.admission import of_the_package, taken, try_out
from genesis_core.features.nodes import SOURCES, Node, Output, Source, Value, source
from genesis_core.features.trial import check_declared
from genesis_core.kernels.base import Kernel, Param
from genesis_core.kernels.frozen import FrozenKernel
from genesis_core.kernels.registry import kernel as find_kernel

__all__ = ["SOURCES", "Graph", "Node", "Output", "Placed", "Source", "Value", "check_param", "node", "source"]

_SLOTS = {name: slot for slot, name in enumerate(SOURCES)}


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
    made = find_kernel(kernel) if isinstance(kernel, str) else taken(kernel)
    if len(inputs) != len(made.inputs):
        raise FeatureError(
            f"kernel {made.name!r} reads {len(made.inputs)} inputs ({', '.join(made.inputs)}), got {len(inputs)}"
        )
    wired = tuple([source(value) if isinstance(value, str) else value for value in inputs])
    vector = _vector(made, params)
    if not of_the_package(made):
        check_declared(made, vector)
    bits = struct.pack(f"{len(vector)}d", *vector)
    return _interned(made, vector, bits, wired, made.state(vector), made.warmup(vector))


@lru_cache(maxsize=4096)
def _interned(
    kernel: Kernel, params: tuple[float, ...], bits: bytes, inputs: tuple[Value, ...], state: int, warmup: int
) -> Node:
    """Return one object for equal nodes, so that a sweep tries each once; `bits` tells the zeros apart."""
    made = Node(kernel, params, inputs, state, warmup)
    if not of_the_package(kernel):
        try_out(made)
    return made


def _vector(made: Kernel, params: Mapping[str, float]) -> tuple[float, ...]:
    owner = f"kernel {made.name!r}"
    names = [param.name for param in made.params]
    for name in params:
        if name not in names:
            raise FeatureError(f"{owner} has no parameter {name!r}{nearest(name, names)}")
    for name in names:
        if name not in params:
            raise FeatureError(f"{owner} needs the parameter {name!r}")
    return tuple([check_param(owner, param, params[param.name]) for param in made.params])


def check_param(owner: str, param: Param, value: object) -> float:
    """Return a parameter as a float, or say why it cannot be one."""
    if type(value) is not float and (isinstance(value, bool) or not isinstance(value, Real)):
        raise FeatureError(f"{owner}: {param.name} = {value!r}; a number is needed")
    number = float(value)
    if not param.minimum <= number <= param.maximum:
        raise FeatureError(
            f"{owner}: {param.name} = {value!r} is outside [{param.minimum:g}, {param.maximum:g}]"
        )
    if param.whole and number != int(number):
        raise FeatureError(f"{owner}: {param.name} = {value!r}; a whole number is needed")
    return number


class Placed(NamedTuple):
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

    def require_current(self) -> None:
        """Raise if the code or a constant of one of the caller's kernels changed since its node was made.

        What the graph computes would be the same as before on every path, which is not what whoever changed it wants.

        Raises
        ------
        KernelError
            It names what changed, from what to what.
        """
        for placed in self.nodes:
            node = placed.node
            if isinstance(node.kernel, FrozenKernel):
                node.kernel.require_current(node.params, node.state, node.warmup)

    @classmethod
    def of(cls, values: Iterable[Value]) -> Graph:
        """Place all nodes that the given values need."""
        placed: dict[Node, Placed] = {}
        neutral = [0.0] * len(SOURCES)

        def slot_of(value: Value) -> int:
            if isinstance(value, Source):
                return _SLOTS[value.name]
            found = placed.get(value.node)
            if found is None:
                reads = tuple([slot_of(v) for v in value.node.inputs])
                found = placed[value.node] = Placed(value.node, reads, len(neutral))
                neutral.extend(value.node.kernel.neutral)
            return found.slot + value.index

        outputs = tuple([slot_of(value) for value in values])
        return cls(tuple(placed.values()), outputs, tuple(neutral))
