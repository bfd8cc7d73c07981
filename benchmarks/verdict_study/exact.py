"""What the rule does to independent blocks, exactly: no streams, no chance, a walk over counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytest_genesis_perf.statistics import Rule


@dataclass(frozen=True)
class Behaviour:
    """How the rule ends on independent blocks.

    Parameters
    ----------
    fails, holds : float
        Probability of either decision; the rest is undecided at the last look.
    blocks : float
        Expected number of blocks.
    """

    fails: float
    holds: float
    blocks: float


def behaviour(rule: Rule, above: float) -> Behaviour:
    """Return how the rule ends when each block lies above the limit with a given probability, and never on it.

    Parameters
    ----------
    rule : Rule
        Looks and errors.
    above : float
        1/2 for a truth that lies exactly on the limit.
    """
    alive: NDArray[np.float64] = np.ones(1)  # probability of each count of blocks at or below the limit
    fails = holds = blocks = 0.0
    before = 0
    for look in rule.looks:
        blocks += float(alive.sum()) * (look - before)
        alive = np.convolve(alive, _binomial(look - before, 1.0 - above))
        below = np.arange(look + 1)
        failing = below <= rule.fail_count(look)
        holding = ~failing & (look - below <= rule.hold_count(look))
        fails += float(alive[failing].sum())
        holds += float(alive[holding].sum())
        alive = np.where(failing | holding, 0.0, alive)
        before = look
    return Behaviour(fails, holds, blocks)


def _binomial(n: int, p: float) -> NDArray[np.float64]:
    """Return P(Bin(n, p) = k) for all k, by squaring: no factorials that overflow."""
    result, power = np.ones(1), np.array([1.0 - p, p])
    while n:
        if n & 1:
            result = np.convolve(result, power)
        power = np.convolve(power, power)
        n >>= 1
    return result
