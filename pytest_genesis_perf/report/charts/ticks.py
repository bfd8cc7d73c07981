"""Round numbers on a log axis, few enough to read."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

MOST_TICKS = 9


def ticks(low: float, high: float, most: int = MOST_TICKS) -> list[float]:
    """Return round speedups between two ends of a log axis, at most `most`.

    Parameters
    ----------
    low, high : float
        The ends, positive, `low` below `high`.
    most : int, optional
        How many there is room for.
    """
    if high < 3.0 * low:
        return _even(low, high, most)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        found = [step * 10.0**decade for decade in decades for step in steps]
        found = [tick for tick in found if low <= tick <= high]
        if len(found) <= most:
            return found
    # Every second decade, or third, ...: those that keep 1.
    stride = math.ceil(len(found) / most)
    return [10.0**decade for decade in decades if decade % stride == 0 and low <= 10.0**decade <= high]


def _even(low: float, high: float, most: int) -> list[float]:
    # On less than half a decade a log axis reads like a linear one: even steps of 1, 2 or 5.
    rough = (high - low) / (most - 2)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1.0, 2.0, 5.0, 10.0) if s * power >= rough)
    return [n * step for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def binary_ticks(low: float, high: float) -> list[float]:
    """Return powers of two, few enough to read: sizes in KiB and MiB are round where they are."""
    exponents = range(math.ceil(math.log2(low)), math.floor(math.log2(high)) + 1)
    stride = max(1, math.ceil(len(exponents) / MOST_TICKS))
    return [2.0**exponent for exponent in exponents if exponent % stride == 0]


def name_ticks(axis: Any, found: Sequence[float], named: Callable[[float], str]) -> None:
    """Give an axis of matplotlib these ticks and no others.

    Parameters
    ----------
    axis : matplotlib axis
        On a log scale.
    found : sequence of float
        Where ticks are.
    named : callable
        Returns the text of one.
    """
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

    axis.set_major_locator(FixedLocator(found))
    axis.set_major_formatter(FuncFormatter(lambda value, _: named(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
