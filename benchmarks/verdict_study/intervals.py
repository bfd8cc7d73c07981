"""Intervals that were rejected, beside the one that was chosen: t, Wilcoxon, and the sign test's."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pytest_genesis_perf.statistics import critical_count

Values = NDArray[np.float64]
Interval = Callable[[Values, float], tuple[float, float]]
"""From values and a two-sided error to lower and upper end."""


def sign_interval(xs: Values, error: float) -> tuple[float, float]:
    """Return that of the median, by order statistics: what the plugin uses."""
    count = critical_count(len(xs), error / 2.0)
    ordered = np.sort(xs)
    if count < 0:
        return -math.inf, math.inf
    return float(ordered[count]), float(ordered[len(xs) - 1 - count])


def wilcoxon_interval(xs: Values, error: float) -> tuple[float, float]:
    """Return that of the centre of a symmetric distribution, by signed ranks (Walsh averages)."""
    first, second = np.triu_indices(len(xs))
    averages = np.sort(0.5 * (xs[first] + xs[second]))
    count = _rank_count(len(xs), error / 2.0)
    if count < 0:
        return -math.inf, math.inf
    return float(averages[count]), float(averages[len(averages) - 1 - count])


def t_interval(xs: Values, error: float) -> tuple[float, float]:
    """Return that of the mean of a normal distribution, by Student's t."""
    middle = float(xs.mean())
    half = t_quantile(1.0 - error / 2.0, len(xs) - 1) * float(xs.std(ddof=1)) / math.sqrt(len(xs))
    return middle - half, middle + half


INTERVALS: Mapping[str, Interval] = {
    "sign": sign_interval,
    "Wilcoxon": wilcoxon_interval,
    "t": t_interval,
}
"""By name."""


@lru_cache(maxsize=64)
def _rank_count(n: int, a: float) -> int:
    """Return the largest w with P(signed-rank sum <= w) <= a, exactly; -1 if there is none."""
    ways = [1] + [0] * (n * (n + 1) // 2)
    for rank in range(1, n + 1):
        for total in range(len(ways) - 1, rank - 1, -1):
            ways[total] += ways[total - rank]
    tail, allowed = 0, math.floor(a * 2**n)
    for total, count in enumerate(ways):
        tail += count
        if tail > allowed:
            return total - 1
    return len(ways) - 1


@lru_cache(maxsize=64)
def t_quantile(share: float, freedom: int) -> float:
    """Return the value that Student's t does not exceed with a probability over 1/2."""
    constant = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2))
    constant /= math.sqrt(freedom * math.pi)

    def below(x: float) -> float:
        # Simpson's rule from 0 on.
        at = np.linspace(0.0, x, 2_001)
        density = constant * (1.0 + at * at / freedom) ** (-(freedom + 1) / 2)
        weights = np.ones_like(at)
        weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
        return 0.5 + float((density * weights).sum()) * x / 6_000.0

    low, high = 0.0, 100.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if below(middle) < share else (low, middle)
    return 0.5 * (low + high)
