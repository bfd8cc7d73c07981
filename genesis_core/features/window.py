"""The compiled law over a zero-copy window: column passes from bar 0 to the bar asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genesis_core.compiler.columns import column_pass
from genesis_core.features.graph import SOURCES, Graph

Column = NDArray[np.float64]


@dataclass
class _Pass:
    """One node, ready to run: which arrays it reads and writes, from its first bar on."""

    run: Callable[..., None]
    start: int
    params: Column
    state: Column
    candle_reads: tuple[tuple[int, int], ...]  # position among the inputs, candle column
    inputs: list[Column]
    outputs: tuple[Column, ...]
    warmup: int
    neutral: tuple[float, ...]  # given where a reader does not wait for this node


class WindowProgram:
    """A graph with the scratch memory to run it over windows; nothing is allocated per bar.

    Parameters
    ----------
    graph : Graph
        What to compute.
    bars : int
        The longest window it will be asked for.
    """

    def __init__(self, graph: Graph, bars: int) -> None:
        candles = len(SOURCES)
        columns = [np.full(bars, value) for value in graph.neutral[candles:]]
        views = [column[:] for column in columns]
        for view in views:
            view.flags.writeable = False
        sizes = [placed.node.state for placed in graph.nodes]
        ends = np.cumsum([0, *sizes]).tolist()
        self._state = np.zeros(ends[-1])
        unawaited = {
            slot
            for placed in graph.nodes
            for name, slot in zip(placed.node.kernel.inputs, placed.reads, strict=True)
            if name in placed.node.kernel.early
        }
        self._passes = []
        first_valid = [0] * len(graph.neutral)
        for k, placed in enumerate(graph.nodes):
            node = placed.node
            count = len(node.kernel.outputs)
            slots = range(placed.slot, placed.slot + count)
            start = min(node.start, bars)
            for slot in slots:
                first_valid[slot] = node.first_valid
            self._passes.append(
                _Pass(
                    run=column_pass(node.kernel.step, len(placed.reads), count),
                    start=start,
                    params=node.array(),
                    state=self._state[ends[k] : ends[k + 1]],
                    candle_reads=tuple((i, slot) for i, slot in enumerate(placed.reads) if slot < candles),
                    inputs=[views[max(slot - candles, 0)][start:] for slot in placed.reads],
                    outputs=tuple(columns[slot - candles][start:] for slot in slots),
                    warmup=node.first_valid - node.start,
                    neutral=node.kernel.neutral if unawaited.intersection(slots) else (),
                )
            )
        self._wanted = [
            (columns[slot - candles], first_valid[slot], graph.neutral[slot]) if slot >= candles else slot
            for slot in graph.outputs
        ]

    def values(self, columns: Sequence[Column]) -> tuple[float, ...]:
        """Return the values as of the last bar of the window.

        Parameters
        ----------
        columns : sequence of ndarray
            Read-only views of the candle columns, from bar 0 to the bar asked for.
        """
        bars = len(columns[0])
        self._state.fill(0.0)
        for made in self._passes:
            if made.start >= bars:
                continue
            inputs = made.inputs
            for position, column in made.candle_reads:
                inputs[position] = columns[column][made.start :]
            made.run(made.state, made.params, tuple(inputs), made.outputs, bars - made.start)
            for output, neutral in zip(made.outputs, made.neutral, strict=False):
                output[: made.warmup] = neutral
        last = bars - 1
        return tuple(
            columns[wanted].item(last)
            if isinstance(wanted, int)
            else (wanted[0].item(last) if last >= wanted[1] else wanted[2])
            for wanted in self._wanted
        )
