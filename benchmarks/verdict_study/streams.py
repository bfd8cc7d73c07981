"""Streams of blocks made by chance, and the rule applied to thousands of them at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytest_genesis_perf.evidence import MARGIN
from pytest_genesis_perf.statistics import MAX_SIGN_CORRELATION, MAX_TIE_SHARE, Rule

Blocks = NDArray[np.float64]
"""Streams in rows, blocks in time order in columns."""
Noise = Callable[[np.random.Generator, int, int], Blocks]
"""Makes streams of so many blocks."""

LIMIT = math.log1p(MARGIN)
SPREAD = 0.01
FAILS, HOLDS, UNDECIDED = 1, -1, 0


@dataclass(frozen=True)
class Ends:
    """How streams ended.

    Parameters
    ----------
    states : ndarray
        ``FAILS``, ``HOLDS`` or ``UNDECIDED``.
    blocks : ndarray
        After how many blocks.
    """

    states: NDArray[np.int8]
    blocks: NDArray[np.int64]


def judge_many(xs: Blocks, limit: float, rule: Rule) -> Ends:
    """Walk through the looks with many streams at once, as ``pytest_genesis_perf.measure`` does with one.

    Parameters
    ----------
    xs : ndarray, shape (streams, blocks)
        At least as many blocks as the last look.
    limit : float
        The limit of the claim.
    rule : Rule
        Looks and errors.
    """
    signs = (xs > limit).astype(np.int64) - (xs < limit)
    sums, ties = np.cumsum(signs, axis=1), np.cumsum(signs == 0, axis=1)
    products = np.cumsum(signs[:, 1:] * signs[:, :-1], axis=1)
    states = np.zeros(len(xs), dtype=np.int8)
    blocks = np.full(len(xs), rule.looks[-1])
    for n in rule.looks:
        total, tied = sums[:, n - 1], ties[:, n - 1]
        below, above = (n - tied - total) // 2, (n - tied + total) // 2
        doubtful = tied > MAX_TIE_SHARE * n
        doubtful |= _correlations(n, total, tied, products[:, n - 2], signs) > MAX_SIGN_CORRELATION
        open_ = (states == UNDECIDED) & ~doubtful
        fails = open_ & (below + tied <= rule.fail_count(n))
        holds = open_ & ~fails & (above + tied <= rule.hold_count(n))
        states[fails], states[holds] = FAILS, HOLDS
        blocks[fails | holds] = n
    return Ends(states, blocks)


def _correlations(
    n: int,
    total: NDArray[np.int64],
    tied: NDArray[np.int64],
    products: NDArray[np.int64],
    signs: NDArray[np.int64],
) -> Blocks:
    """Return the lag-1 correlation of the first `n` signs of each stream."""
    mean = total / n
    spread = (n - tied) - n * mean * mean
    ends = signs[:, 0] + signs[:, n - 1]
    shared = products - mean * (2 * total - ends) + (n - 1) * mean * mean
    one_sided = np.abs(total) == n
    found: Blocks = np.where(one_sided, 0.0, shared / np.where(spread > 0.0, spread, 1.0))
    return found


def normal(random: np.random.Generator, streams: int, blocks: int) -> Blocks:
    """Return independent, normal noise."""
    return random.normal(0.0, SPREAD, (streams, blocks))


def heavy(random: np.random.Generator, streams: int, blocks: int) -> Blocks:
    """Return independent noise, Student's t with 1.5 degrees of freedom: no variance."""
    return random.standard_t(1.5, (streams, blocks)) * SPREAD


def skewed(random: np.random.Generator, streams: int, blocks: int) -> Blocks:
    """Return independent noise, lognormal: a long tail on the slow side, median 0."""
    return (np.exp(random.normal(0.0, 1.5, (streams, blocks))) - 1.0) * SPREAD


def two_states(random: np.random.Generator, streams: int, blocks: int) -> Blocks:
    """Return independent noise, one of two speeds 4% apart, the same chance for both."""
    states: Blocks = random.choice((-0.02, 0.02), (streams, blocks))
    return random.normal(0.0, 0.002, (streams, blocks)) + states


def autoregressive(share: float) -> Noise:
    """Return noise in which each block repeats a share of the one before it."""

    def draw(random: np.random.Generator, streams: int, blocks: int) -> Blocks:
        xs = random.normal(0.0, SPREAD, (streams, blocks))
        for t in range(1, blocks):
            xs[:, t] += share * xs[:, t - 1]
        return xs

    return draw


def drifting(random: np.random.Generator, streams: int, blocks: int) -> Blocks:
    """Return noise on a slow wave of random phase, as strong as the noise, one period in 2,000 blocks."""
    phase = random.random((streams, 1))
    wave = np.sin(2.0 * math.pi * (np.arange(blocks) / 2_000.0 + phase))
    return random.normal(0.0, SPREAD, (streams, blocks)) + SPREAD * wave


def beyond_the_limit(random: np.random.Generator, streams: int, blocks: int) -> Blocks:
    """Return blocks all as far out as it takes to be counted: the worst noise there is for same code."""
    return np.full((streams, blocks), 2.0 * LIMIT)


def growing(random: np.random.Generator, streams: int, blocks: int) -> Blocks:
    """Return noise whose spread grows a hundredfold: a machine that gets busier and busier."""
    return random.normal(0.0, 1.0, (streams, blocks)) * np.geomspace(0.002, 0.2, blocks)


INDEPENDENT: Mapping[str, Noise] = {
    "normal": normal,
    "heavy tails (t, 1.5 degrees)": heavy,
    "skewed (lognormal)": skewed,
    "two speeds": two_states,
}
"""Noise for which the errors are promised at a truth on the limit."""
DEPENDENT: Mapping[str, Noise] = {
    "autoregressive 0.3": autoregressive(0.3),
    "autoregressive 0.6": autoregressive(0.6),
    "autoregressive 0.9": autoregressive(0.9),
    "drift": drifting,
}
"""Noise for which nothing is promised there: reported."""
ANY: Mapping[str, Noise] = {
    **INDEPENDENT,
    **DEPENDENT,
    "every block beyond the limit": beyond_the_limit,
    "growing": growing,
}
"""Noise for same code: promised for all of it."""


def recorded(trace: NDArray[np.float64]) -> Noise:
    """Return the noise of a recorded trace, begun at another place in each stream, repeated where it is too short."""

    def draw(random: np.random.Generator, streams: int, blocks: int) -> Blocks:
        starts = random.integers(0, len(trace), (streams, 1))
        found: Blocks = trace[(starts + np.arange(blocks)) % len(trace)]
        return found

    return draw


def same_code(noise: Noise) -> Noise:
    """Return blocks of identical arms under a noise: a fair coin decides which arm each disturbance hits."""

    def draw(random: np.random.Generator, streams: int, blocks: int) -> Blocks:
        coin = 2 * random.integers(0, 2, (streams, blocks), dtype=np.int8) - 1
        found: Blocks = noise(random, streams, blocks) * coin
        return found

    return draw


def on_the_limit(noise: Noise) -> Noise:
    """Return blocks of arms whose true difference is exactly the limit."""

    def draw(random: np.random.Generator, streams: int, blocks: int) -> Blocks:
        return noise(random, streams, blocks) + LIMIT

    return draw
