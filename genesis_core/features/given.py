"""Higher candles that are given take the place of those that the graph would join from the bars."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from genesis_core.candles import Candles
from genesis_core.candles.timeframe import Timeframe
from genesis_core.candles.timestamps import utc_text
from genesis_core.errors import FeatureError
from genesis_core.features.graph import SOURCES, Graph, Node, Output, Placed, source
from genesis_core.features.table import Table
from genesis_core.kernels.fibonacci.higher import (
    AGE,
    ATR,
    DEPTH,
    GIVEN_HIGHER_SWINGS,
    HIGHER_SWINGS,
    LEAST,
    ORIGIN,
    ROW,
    SPAN,
)

_CLOSED_AT = SOURCES.index("closed_at")


def bound(graph: Graph, candles: Candles, made: dict[Node, Node] | None = None) -> Graph:
    """Return a graph as it runs over some candles: with the higher candles that are attached to them.

    Parameters
    ----------
    graph : Graph
        Of a feature set.
    candles : Candles
        The series.
    made : dict, optional
        What nodes became in other graphs over the same candles, and is added to: so equal nodes stay one object.

    Returns
    -------
    Graph
        The graph itself where nothing is attached, or it does not look at a higher timeframe; else one with the same
        slots, outputs and first valid bars.

    Raises
    ------
    FeatureError
        If it looks at a higher timeframe that is not that of the attached candles.
    """
    higher = candles.higher
    return graph if higher is None else given_graph(graph, higher.timeframe, table_of(higher), made)


def given_graph(graph: Graph, timeframe: str, table: Table, made: dict[Node, Node] | None = None) -> Graph:
    """Return a graph that reads its higher candles from a table.

    Parameters
    ----------
    graph : Graph
        Of a feature set.
    timeframe : str
        Of the given candles.
    table : Table
        A row each, as :data:`~genesis_core.kernels.fibonacci.higher.ROW` says.
    made : dict, optional
        See :func:`bound`; of the same table.

    Raises
    ------
    FeatureError
        See :func:`bound`.
    """
    if not check_given(graph, timeframe):
        return graph
    made = {} if made is None else made
    nodes: list[Placed] = []
    changed: dict[int, Output] = {}
    for placed in graph.nodes:
        node, reads = placed.node, placed.reads
        given = node.kernel is HIGHER_SWINGS
        if not given and changed.keys().isdisjoint(reads):
            nodes.append(placed)
            continue
        if node not in made:
            made[node] = _given(node, table) if given else _rewired(placed, changed)
        node = made[node]
        changed.update((placed.slot + i, Output(node, i)) for i in range(len(node.kernel.outputs)))
        nodes.append(Placed(node, (_CLOSED_AT,) if given else reads, placed.slot))
    return Graph(tuple(nodes), graph.outputs, graph.neutral)


def check_given(graph: Graph, timeframe: str) -> bool:
    """Say whether something of a graph looks at a higher timeframe; it must be that of the given candles.

    Raises
    ------
    FeatureError
        See :func:`bound`.
    """
    frame = Timeframe.parse(timeframe)
    found = [placed.node.params for placed in graph.nodes if placed.node.kernel is HIGHER_SWINGS]
    for params in found:
        span, origin = int(params[SPAN]), int(params[ORIGIN])
        if span != frame.ms or (origin - frame.origin) % frame.ms:
            raise FeatureError(
                f"features look at higher candles of {span / 3_600_000:g} h, one of which opens at {utc_text(origin)}; "
                f"the higher candles given are {frame.name}, one opens at {utc_text(frame.origin)}"
            )
    return bool(found)


@lru_cache(maxsize=4)
def table_of(higher: Candles) -> Table:
    """Return the table of given candles; the last few are kept, for a sweep or a series asked bar by bar."""
    columns = {"end": higher.closed_at, "high": higher.high, "low": higher.low, "close": higher.close}
    rows = np.column_stack([columns[name] for name in ROW])
    rows.flags.writeable = False
    return Table(rows)


def _given(node: Node, table: Table) -> Node:
    p = node.params
    params = (p[DEPTH], p[LEAST], p[ATR], p[AGE], float(len(table.rows)))
    kernel = GIVEN_HIGHER_SWINGS
    closed = (source(SOURCES[_CLOSED_AT]),)
    return Node(kernel, params, closed, kernel.state(params), kernel.warmup(params), table)


def _rewired(placed: Placed, changed: Mapping[int, Output]) -> Node:
    """Return a node that reads what stands in some slots now."""
    node = placed.node
    wired = zip(placed.reads, node.inputs, strict=True)
    inputs = tuple(changed.get(slot, value) for slot, value in wired)
    return Node(node.kernel, node.params, inputs, node.state, node.warmup)
