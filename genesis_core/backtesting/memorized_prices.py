"""Numbers built into features that can only come from the candles they are asked about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import FunctionType

import numpy as np
from numpy.typing import NDArray

from genesis_core.backtesting.causality_report import BUILT_IN, Leak
from genesis_core.candles import Candles
from genesis_core.features import FeatureSet, compute_columns
from genesis_core.features.graph import Node, Output, Value
from genesis_core.kernels.walk import reachable, references

Column = NDArray[np.float64]
COLUMNS = ("open", "high", "low", "close", "volume")
RUN, DISTINCT = 8, 4
"""So many numbers in a row, so many of them different, are no coincidence."""
MANY = 64
"""So many numbers can be a table of what will happen; no kernel of the package has half of them."""


def memorized_prices(features: FeatureSet, candles: Candles, whole: Column) -> Iterator[Leak]:
    """Yield the features whose kernels hold prices of these candles, or a table that they read off.

    Parameters
    ----------
    features : FeatureSet
        What is checked.
    candles : Candles
        What it is asked about.
    whole : ndarray
        All features of all bars.

    Yields
    ------
    Leak
        With the bar of the first price that was known beforehand; of a table, the first bar at which the feature
        changes.
    """
    held = {name: _numbers(value) for name, value in features.values.items()}
    windows = (
        _windows(candles) if any(len(n) >= RUN for numbers in held.values() for n in numbers.values()) else {}
    )
    suspects = []
    for i, (name, numbers) in enumerate(held.items()):
        for kernel, values in numbers.items():
            found = _found(values, windows)
            if found is not None:
                column, bar, reverse = found
                where = f"{column} of bars {bar:,} to {bar + RUN - 1:,}" + (" backwards" if reverse else "")
                count = f"kernel {kernel!r} holds {len(values):,} numbers,"
                yield Leak(name, bar, count, f"among them the {where}", BUILT_IN)
                break
        else:
            if max(map(len, numbers.values()), default=0) >= MANY:
                suspects.append((i, name, max(numbers, key=lambda kernel: len(numbers[kernel]))))
    if not suspects:
        return
    others = compute_columns(_other(candles), features.graph)
    for i, name, kernel in suspects:
        moves = np.flatnonzero(whole[1:, i] != whole[:-1, i])
        if len(np.unique(whole[:, i])) >= DISTINCT and others[i].tobytes() == whole[:, i].tobytes():
            count = f"kernel {kernel!r} holds {len(held[name][kernel]):,} numbers,"
            told = "and the feature reads its values off them, whatever the candles are"
            yield Leak(name, int(moves[0]) + 1, count, told, BUILT_IN)


def _numbers(value: Value) -> dict[str, Column]:
    """Return for each kernel behind a value the numbers it has: parameters, and constants of its code."""
    found: dict[str, Column] = {}
    seen: set[Node] = set()

    def visit(value: Value) -> None:
        if not isinstance(value, Output) or value.node in seen:
            return
        seen.add(value.node)
        kernel = value.node.kernel
        constants: list[float] = []
        for function in reachable(kernel.step):
            constants.extend(_constants(function))
        numbers = np.array([*value.node.params, *constants])
        if len(numbers) > len(found.get(kernel.name, ())):
            found[kernel.name] = numbers
        for inner in value.node.inputs:
            visit(inner)

    visit(value)
    return found


def _constants(function: FunctionType) -> list[float]:
    """Return the floats of a function's code, then those outside of it by name: x2 before x10."""
    outer = [(name, value) for name, value in references(function) if isinstance(value, float)]
    outer.sort(
        key=lambda pair: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", pair[0])]
    )
    inner = [value for value in function.__code__.co_consts if isinstance(value, float)]
    return [*inner, *(value for _, value in outer)]


def _windows(candles: Candles) -> dict[bytes, tuple[str, int]]:
    """Return where each run of RUN numbers of a column begins, but for runs of few different ones."""
    found: dict[bytes, tuple[str, int]] = {}
    for name in COLUMNS:
        column: Column = getattr(candles, name)
        for t in range(len(column) - RUN + 1):
            found.setdefault(column[t : t + RUN].tobytes(), (name, t))
    return found


def _found(values: Column, windows: dict[bytes, tuple[str, int]]) -> tuple[str, int, bool] | None:
    for reverse in (False, True):
        ordered = np.ascontiguousarray(values[::-1]) if reverse else values
        for i in range(len(ordered) - RUN + 1):
            run = ordered[i : i + RUN]
            place = windows.get(run.tobytes())
            if place is not None and len(set(run.tolist())) >= DISTINCT:
                return (*place, reverse)
    return None


def _other(candles: Candles) -> Candles:
    """Return other candles: the same prices and volumes backwards, one timeframe later; nothing is attached."""
    backwards = {name: getattr(candles, name)[::-1] for name in COLUMNS}
    return Candles.from_arrays(
        timestamp=candles.timestamp + candles.timeframe_ms,
        **backwards,
        symbol=candles.symbol,
        timeframe=candles.timeframe,
        gaps="keep",
    )
