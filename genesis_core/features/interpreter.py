"""Run a graph bar by bar in plain Python: the law as it is written."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from genesis_core.features.graph import SOURCES, Graph


def _nothing(table: Sequence[float]) -> tuple[float, ...]:
    """Read what a kernel without inputs reads."""
    return ()


class Interpreter:
    """The state of a graph after some bars, and the step to the next one.

    Parameters
    ----------
    graph : Graph
        What to compute.

    Attributes
    ----------
    bars : int
        How many bars it has seen.
    """

    def __init__(self, graph: Graph) -> None:
        self.bars = 0
        self._table = list(graph.neutral)
        self._pick = itemgetter(*graph.outputs)
        self._single = len(graph.outputs) == 1
        self._plan = [
            (
                placed.node.start,
                placed.node.first_valid,
                placed.node.kernel.step,
                [0.0] * placed.node.state,
                list(placed.node.vector),
                len(placed.reads) == 1,
                itemgetter(*placed.reads) if placed.reads else _nothing,
                placed.slot,
                placed.slot + len(placed.node.kernel.outputs) if len(placed.node.kernel.outputs) > 1 else 0,
            )
            for placed in graph.nodes
        ]
        nodes = zip(graph.nodes, self._plan, strict=True)
        self._tables = [
            (s, p, len(placed.node.params)) for placed, (_, _, _, s, p, *_) in nodes if placed.node.table
        ]

    def advance(self, sources: Sequence[float]) -> None:
        """Take one more candle.

        Parameters
        ----------
        sources : sequence of float
            Its values in the order of :data:`~genesis_core.features.graph.SOURCES`.
        """
        bar = self.bars
        table = self._table
        table[: len(SOURCES)] = sources
        for start, first, step, s, p, single, reads, slot, end in self._plan:
            if bar >= start:
                value = step(s, p, reads(table)) if single else step(s, p, *reads(table))
                if bar >= first:
                    if end:
                        table[slot:end] = value
                    else:
                        table[slot] = value
        self.bars = bar + 1

    def tell(self, row: Sequence[float]) -> None:
        """Add a row to each table, and drop those that were read: see :class:`~genesis_core.features.table.Table`."""
        for s, p, begin in self._tables:
            del p[begin : begin + len(row) * int(s[0])]
            p[begin - 1] += 1.0 - s[0]
            s[0] = 0.0
            p.extend(row)

    @property
    def rows(self) -> list[float]:
        """The rows of a table that are still there; all tables have the same. Empty without tables."""
        return [value for _, p, begin in self._tables[:1] for value in p[begin:]]

    @property
    def has_table(self) -> bool:
        """Whether something reads a table."""
        return bool(self._tables)

    @property
    def state(self) -> list[float]:
        """All it remembers besides the count of bars: the table of values, then the state of each node."""
        return [*self._table, *(value for _, _, _, s, *_ in self._plan for value in s)]

    def resume(self, bars: int, state: Sequence[float]) -> None:
        """Go on from what :attr:`state` was after `bars` bars of the same graph; `state` is as long."""
        at = len(self._table)
        self._table[:] = state[:at]
        for _, _, _, s, *_ in self._plan:
            s[:] = state[at : at + len(s)]
            at += len(s)
        self.bars = bars

    def values(self) -> tuple[float, ...]:
        """Return the wanted values as of the last bar."""
        picked = self._pick(self._table)
        return (picked,) if self._single else picked
