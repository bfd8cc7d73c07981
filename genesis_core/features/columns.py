"""Compute whole columns: in compiled passes, one node after the other, or interpreted, bar by bar."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genesis_core.candles import Candles
from genesis_core.compiler.lanes import fast_pass
from genesis_core.features.graph import SOURCES, Graph, Placed
from genesis_core.features.interpreter import Interpreter

Column = NDArray[np.float64]


def source_columns(candles: Candles) -> tuple[Column, ...]:
    """Return the candle columns in the order of the graph's slots, without copying."""
    return (
        candles.open,
        candles.high,
        candles.low,
        candles.close,
        candles.volume,
        candles.elapsed,
        candles.opened_at,
        candles.closed_at,
    )


def compute_columns(candles: Candles, graph: Graph) -> tuple[Column, ...]:
    """Run the graph over the whole series.

    Parameters
    ----------
    candles : Candles
        The series; n bars.
    graph : Graph
        What to compute.

    Returns
    -------
    tuple of ndarray
        One read-only float64 column of n values per output of the graph, neutral before its first valid bar.
    """
    table: dict[int, Column] = dict(enumerate(source_columns(candles)))
    last_reader = {slot: i for i, placed in enumerate(graph.nodes) for slot in placed.reads}
    kept = set(graph.outputs) | set(range(len(SOURCES)))
    for i, placed in enumerate(graph.nodes):
        for offset, column in enumerate(_run(placed, table, len(candles))):
            table[placed.slot + offset] = column
        for slot in placed.reads:
            if last_reader[slot] == i and slot not in kept:
                del table[slot]
                kept.add(slot)
    return tuple(table[slot] for slot in graph.outputs)


def _run(placed: Placed, table: dict[int, Column], bars: int) -> list[Column]:
    node = placed.node
    kernel = node.kernel
    start = min(node.start, bars)
    columns = [np.full(bars, neutral) for neutral in kernel.neutral]
    run = fast_pass(kernel)
    run(
        np.zeros(kernel.state(node.params)),
        np.array(node.params, dtype=np.float64),
        tuple(table[slot][start:] for slot in placed.reads),
        tuple(column[start:] for column in columns),
        bars - start,
    )
    for column, neutral in zip(columns, kernel.neutral, strict=True):
        column[start : node.first_valid] = neutral
        column.flags.writeable = False
    return columns


def interpret_columns(candles: Candles, graph: Graph) -> tuple[Column, ...]:
    """Run the graph over the whole series in one interpreted pass: what compiling alone is compared with.

    Parameters
    ----------
    candles, graph
        See :func:`compute_columns`.

    Returns
    -------
    tuple of ndarray
        The same columns, bit for bit.
    """
    interpreter = Interpreter(graph)
    rows = []
    for sources in zip(*(column.tolist() for column in source_columns(candles)), strict=True):
        interpreter.advance(sources)
        rows.append(interpreter.values())
    columns = tuple(np.array(values) for values in zip(*rows, strict=True))
    for column in columns:
        column.flags.writeable = False
    return columns
