"""Compute whole columns: in compiled passes, one node after the other, or interpreted, bar by bar."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genesis_core.candles import Candles
from genesis_core.compiler.lanes import fast_pass
from genesis_core.features.given import bound
from genesis_core.features.graph import SOURCES, Graph, Node
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
    graph.require_current()
    return run_columns(candles, graph)


def run_columns(candles: Candles, graph: Graph) -> tuple[Column, ...]:
    """Do what :func:`compute_columns` does, for a run that began when the graph was current."""
    graph = bound(graph, candles)
    table: dict[int, Column] = dict(enumerate(source_columns(candles)))
    last_reader = {slot: i for i, placed in enumerate(graph.nodes) for slot in placed.reads}
    kept = set(graph.outputs) | set(range(len(SOURCES)))
    for i, placed in enumerate(graph.nodes):
        columns = tuple([np.empty(len(candles)) for _ in placed.node.kernel.outputs])
        run_node(placed.node, tuple([table[slot] for slot in placed.reads]), columns)
        for offset, column in enumerate(columns):
            column.flags.writeable = False
            table[placed.slot + offset] = column
        for slot in placed.reads:
            if last_reader[slot] == i and slot not in kept:
                del table[slot]
                kept.add(slot)
    return tuple(table[slot] for slot in graph.outputs)


def run_node(node: Node, inputs: tuple[Column, ...], outputs: tuple[Column, ...]) -> None:
    """Run one node over whole columns.

    Parameters
    ----------
    node : Node
        With the rows of its table, if it has one.
    inputs : tuple of ndarray
        What it reads: a float64 column of n bars an input.
    outputs : tuple of ndarray
        Columns of n bars to write, one an output; neutral before the node's first valid bar.
    """
    bars = len(outputs[0])
    start, warm = min(node.start, bars), min(node.first_valid, bars)
    fast_pass(node.kernel)(
        np.zeros(node.state),
        node.array(),
        tuple([column[start:] for column in inputs]) if start else inputs,
        tuple([column[start:] for column in outputs]) if start else outputs,
        bars - start,
    )
    for column, neutral in zip(outputs, node.kernel.neutral, strict=True):
        column[:warm] = neutral


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
    graph.require_current()
    interpreter = Interpreter(bound(graph, candles))
    rows = []
    for sources in zip(*(column.tolist() for column in source_columns(candles)), strict=True):
        interpreter.advance(sources)
        rows.append(interpreter.values())
    columns = tuple(np.array(values) for values in zip(*rows, strict=True))
    for column in columns:
        column.flags.writeable = False
    return columns
