"""The compiled law over one block of bars after the other: what a whole run needs, without whole columns in memory.

A block's columns stay in the processor's cache from the pass that writes them to the pass that reads them. Measured on
1,000,000 bars: half the time and a tenth of the memory of whole columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genesis_core.compiler.lanes import fast_pass
from genesis_core.features.graph import SOURCES, Graph, Placed

Column = NDArray[np.float64]
BLOCK = 16_384
"""Bars: enough to hide the cost of calling a pass (about 1 us), and few enough for the cache."""


@dataclass
class _Pass:
    """One node: its loop, its state between blocks, and the slots it reads and writes."""

    run: Callable[..., None]
    start: int
    first_valid: int
    params: Column
    state: Column
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    neutral: tuple[float, ...]
    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]


class BlockProgram:
    """A graph that runs forward over a series, block by block.

    Parameters
    ----------
    graph : Graph
        What to compute.
    sources : tuple of ndarray
        The candle columns of the whole series, in the order of the graph's slots.
    size : int
        Most bars of a block.
    """

    def __init__(self, graph: Graph, sources: tuple[Column, ...], size: int = BLOCK) -> None:
        self.size = min(size, max(1, len(sources[0])))
        self._graph = graph
        self._sources = sources
        self._scratch = [np.full(self.size, value) for value in graph.neutral[len(SOURCES) :]]
        self._views = [column[:] for column in self._scratch]
        for view in self._views:
            view.flags.writeable = False
        self._passes = [self._ready(placed) for placed in graph.nodes]
        self._begin = 0

    def _ready(self, placed: Placed) -> _Pass:
        node = placed.node
        count = len(node.kernel.outputs)
        writes = tuple(range(placed.slot, placed.slot + count))
        own = len(SOURCES)
        # Where a pass reads no candle column, its arrays are the same in every block.
        own_only = min(placed.reads, default=0) >= own
        return _Pass(
            run=fast_pass(node.kernel),
            start=node.start,
            first_valid=node.first_valid,
            params=node.array(),
            state=np.zeros(node.state),
            reads=placed.reads,
            writes=writes,
            neutral=node.kernel.neutral,
            inputs=tuple(self._views[slot - own] for slot in placed.reads) if own_only else (),
            outputs=tuple(self._scratch[slot - own] for slot in writes),
        )

    def run(self) -> tuple[int, int, tuple[Column, ...]] | None:
        """Compute the next block.

        Returns
        -------
        begin, end : int
            Its bars.
        columns : tuple of ndarray
            The wanted columns of these bars; they are overwritten by the next call. None after the last block.
        """
        begin, end = self._begin, min(self._begin + self.size, len(self._sources[0]))
        if begin == end:
            return None
        self._begin = end
        whole = end - begin == self.size
        for made in self._passes:
            if whole and begin >= made.first_valid:
                inputs = made.inputs or tuple(self._slot(slot, begin, end) for slot in made.reads)
                made.run(made.state, made.params, inputs, made.outputs, self.size)
            else:
                self._run_part(made, begin, end)
        return begin, end, tuple(self._slot(slot, begin, end) for slot in self._graph.outputs)

    def _run_part(self, made: _Pass, begin: int, end: int) -> None:
        """Run a pass over a block that holds bars before its first one, or its warm-up, or is the last."""
        at = min(max(made.start - begin, 0), end - begin)
        outputs = tuple(column[: end - begin] for column in made.outputs)
        for column, neutral in zip(outputs, made.neutral, strict=True):
            column[:at] = neutral
        if at < end - begin:
            made.run(
                made.state,
                made.params,
                tuple(self._slot(slot, begin, end)[at:] for slot in made.reads),
                tuple(column[at:] for column in outputs),
                end - begin - at,
            )
        warm = min(max(made.first_valid - begin, 0), end - begin)
        for column, neutral in zip(outputs, made.neutral, strict=True):
            column[at:warm] = neutral

    def _slot(self, slot: int, begin: int, end: int) -> Column:
        if slot < len(SOURCES):
            return self._sources[slot][begin:end]
        view = self._views[slot - len(SOURCES)]
        return view if end - begin == self.size else view[: end - begin]
