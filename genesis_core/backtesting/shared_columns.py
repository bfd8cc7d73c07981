"""Feature columns that several strategies need, computed once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from genesis_core.features.columns import run_node
from genesis_core.features.graph import Node

Column = NDArray[np.float64]
SHARED_BYTES = 128 * 1024 * 1024
"""Most memory for columns that several strategies share; beyond it the ones asked for longest ago are dropped."""


def fitting(nodes: Iterable[Node], bars: int) -> frozenset[Node]:
    """Return as many nodes as have room together: more would drop each other before they are asked for again."""
    found: list[Node] = []
    room = SHARED_BYTES
    for node in dict.fromkeys(nodes):
        room -= 8 * bars * len(node.kernel.outputs)
        if room < 0:
            break
        found.append(node)
    return frozenset(found)


class SharedColumns:
    """Columns of nodes over one series, computed when first asked for. Threads may share it.

    Parameters
    ----------
    bars : int
        How many the series has.
    """

    def __init__(self, bars: int) -> None:
        self._bars = bars
        self._kept: OrderedDict[Node, tuple[Column, ...]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def __contains__(self, node: Node) -> bool:
        return node in self._kept

    def get(self, node: Node, inputs: tuple[Column, ...]) -> tuple[Column, ...]:
        """Return the columns of a node, given those it reads; they are read-only."""
        with self._lock:
            found = self._kept.get(node)
            if found is not None:
                self._kept.move_to_end(node)
                return found
            columns = tuple(np.empty(self._bars) for _ in node.kernel.outputs)
            run_node(node, inputs, columns)
            for column in columns:
                column.flags.writeable = False
            self._kept[node] = columns
            self._bytes += sum(column.nbytes for column in columns)
            while self._bytes > SHARED_BYTES and len(self._kept) > 1:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= sum(column.nbytes for column in dropped)
            return columns
