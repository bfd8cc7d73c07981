"""The statistics of a comparison: an exact sign test over doubling looks.

A *block* is one number, ``x = mean(log seconds optimized) - mean(log seconds baseline)``: positive
means that the optimized arm was slower. Everything here is a pure function of the blocks, without
clock, randomness or NumPy. One table of integers, :func:`critical_count`, gives both the verdict
and the printed interval, so that the two cannot contradict each other.

Why the sign test: for identical arms the fair coin that orders each block makes the signs fair and
independent *whatever the noise is*. Means and t intervals are too wide on the heavy tails of timer
noise, Wilcoxon undercovers on its skew.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from statistics import NormalDist

LOOKS = (32, 64, 128, 256, 512, 1024, 2048, 4096)
LONG_LOOKS = (12, 18, 27, 40)
A_BAD = 1e-5
A_OK = 1e-3
LONG_A_BAD = 1e-3

MAX_TIE_SHARE = 0.2
"""More tied blocks than this, and the clock is too coarse to judge."""
MAX_SIGN_CORRELATION = 0.2
"""A larger lag-1 correlation of the signs, and the blocks are not independent enough to judge."""


class ClaimState(Enum):
    """What the blocks so far say about a claim."""

    FAILS = "fails"
    HOLDS = "holds"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Rule:
    """When to look at the blocks, and which errors to allow over all looks together.

    Parameters
    ----------
    looks : tuple of int
        Numbers of blocks at which the claim is judged, increasing.
    a_bad : float
        Probability of calling a claim that is true failed, over all looks.
    a_ok : float
        Probability of calling a claim that is false held, over all looks.

    Raises
    ------
    ValueError
        If looks are not positive and increasing, or an error is not inside (0, 1/2).
    """

    looks: tuple[int, ...]
    a_bad: float
    a_ok: float

    def __post_init__(self) -> None:
        ordered = all(a < b for a, b in pairwise(self.looks))
        if not self.looks or self.looks[0] < 1 or not ordered:
            raise ValueError(f"looks must be positive and increasing, not {self.looks}")
        for name, error in (("a_bad", self.a_bad), ("a_ok", self.a_ok)):
            if not 0.0 < error < 0.5:
                raise ValueError(f"{name} must lie between 0 and 0.5, not {error!r}")

    def fail_count(self, n: int) -> int:
        """Return the critical count of the fail side at ``n`` blocks; -1 if nothing can fail yet."""
        return critical_count(n, self.a_bad / len(self.looks))

    def hold_count(self, n: int) -> int:
        """Return the critical count of the pass side at ``n`` blocks; -1 if nothing can hold yet."""
        return critical_count(n, self.a_ok / len(self.looks))


SHORT_ARMS = Rule(LOOKS, A_BAD, A_OK)
"""Arms of which a slice of about 100 us can be made: blocks of four slices."""
LONG_ARMS = Rule(LONG_LOOKS, LONG_A_BAD, A_OK)
"""Long arms: far fewer blocks can be afforded."""
FRESH_LONG_ARMS = Rule((6, 12, 24), 3 / 64, 3 / 64)
"""Long arms in a fresh process that measures again: at the first look all 6 blocks must agree (1/64 on each side, for
identical arms; in three processes 1/262,144). 12, as at the first look before it, would take twice as long."""


def fresh_rule(long: bool) -> Rule:
    """Return the rule for blocks of a fresh process, of long arms or of short ones."""
    return FRESH_LONG_ARMS if long else SHORT_ARMS


@lru_cache(maxsize=1024)
def critical_count(n: int, a: float) -> int:
    """Return the largest ``c`` with ``P(Bin(n, 1/2) <= c) <= a``, exactly.

    Parameters
    ----------
    n : int
        Number of blocks, at least 0.
    a : float
        Error allowed on this side at this look.

    Returns
    -------
    int
        The critical count; -1 if even ``P(Bin(n, 1/2) = 0)`` exceeds `a`, ``n`` if `a` is 1 or more.

    Raises
    ------
    ValueError
        If `n` is negative or `a` is not a finite number >= 0.

    Notes
    -----
    The tail ``sum of comb(n, k)`` is compared with ``a * 2**n`` in integers (a float is a ratio of
    two integers), so the table is the same on every machine. `n` = 4,096 takes about a millisecond.
    """
    if n < 0:
        raise ValueError(f"n must be at least 0, not {n}")
    if not (math.isfinite(a) and a >= 0.0):
        raise ValueError(f"a must be a finite number >= 0, not {a!r}")
    numerator, denominator = a.as_integer_ratio()
    allowed = (numerator << n) // denominator
    tail, term = 0, 1  # term = comb(n, k)
    for k in range(n + 1):
        tail += term
        if tail > allowed:
            return k - 1
        term = term * (n - k) // (k + 1)
    return n


def judge_claim(xs: Sequence[float], limit: float, rule: Rule) -> ClaimState:
    """Judge the claim "the median of x lies below the limit" at a look.

    Parameters
    ----------
    xs : sequence of float
        All blocks so far, in log units.
    limit : float
        The limit of the claim, in the same units: ``log(1 + margin)`` or ``-log(min_speedup)``.
    rule : Rule
        Looks and errors.

    Returns
    -------
    ClaimState
        ``FAILS`` if too few blocks lie at or below the limit for the claim to be true, ``HOLDS`` if too
        few lie at or above it for the claim to be false. A tie with the limit counts against both.

    Raises
    ------
    ValueError
        If the number of blocks is not a look of the rule, or a number is not finite.
    """
    n = len(xs)
    if n not in rule.looks:
        raise ValueError(f"a claim is judged at {', '.join(map(str, rule.looks))} blocks, not at {n}")
    _require_finite(xs, limit)
    if sum(x <= limit for x in xs) <= rule.fail_count(n):
        return ClaimState.FAILS
    if sum(x >= limit for x in xs) <= rule.hold_count(n):
        return ClaimState.HOLDS
    return ClaimState.UNDECIDED


def interval(xs: Sequence[float], rule: Rule) -> tuple[float, float]:
    """Return the order-statistic interval of the median of x that mirrors the verdict.

    Parameters
    ----------
    xs : sequence of float
        Blocks, in log units.
    rule : Rule
        Looks and errors.

    Returns
    -------
    lower, upper : float
        ``x_(c_bad + 1)`` and ``x_(n - c_ok)`` of the sorted blocks, with the critical counts at
        ``a_bad / looks`` and ``a_ok / looks``; infinite where no count is small enough yet.

    Raises
    ------
    ValueError
        If a number is not finite.

    Notes
    -----
    At a look, :func:`judge_claim` says ``FAILS`` exactly when ``lower > limit`` and ``HOLDS`` exactly
    when ``upper < limit``. Each end errs as rarely as its side of the verdict, so the interval is wider
    on the slow side's end (lower) than on the other. The level is therefore ``1 - a_bad - a_ok`` for
    all looks together: 99.899% for short arms, 99.8% for long ones. Between two looks the level holds
    only for a number of blocks that was not chosen by looking at them.
    """
    _require_finite(xs, 0.0)
    n = len(xs)
    ordered = sorted(xs)
    bad, ok = rule.fail_count(n), rule.hold_count(n)
    lower = ordered[bad] if bad >= 0 else -math.inf
    upper = ordered[n - 1 - ok] if ok >= 0 else math.inf
    return lower, upper


def median(xs: Sequence[float]) -> float:
    """Return the median, the mean of the two middle values when their number is even.

    Raises
    ------
    ValueError
        Without any value, or if a value is not finite.
    """
    if not xs:
        raise ValueError("the median of no blocks is not defined")
    _require_finite(xs, 0.0)
    ordered = sorted(xs)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return 0.5 * ordered[middle - 1] + 0.5 * ordered[middle]


def tie_share(xs: Sequence[float], limit: float) -> float:
    """Return the share of blocks that equal the limit, 0 without blocks."""
    return sum(x == limit for x in xs) / len(xs) if xs else 0.0


def sign_correlation(xs: Sequence[float], limit: float) -> float:
    """Return the lag-1 correlation of the signs of ``x - limit``, in time order.

    Parameters
    ----------
    xs : sequence of float
        Blocks in the order in which they were measured.
    limit : float
        The limit of the claim.

    Returns
    -------
    float
        Between -1 and 1; 0 where all blocks lie on one side, or fewer than two were measured.

    Notes
    -----
    The signs about the *limit* are what the test counts, so their dependence, and no other, makes its
    errors larger than promised. Signs about the sample median would also see a drift that never
    touches the limit, and by chance exceed 0.2 in one of ten series of 16 independent pairs: a claim that
    every single block supports would be thrown away.
    """
    signs = [(x > limit) - (x < limit) for x in xs]
    if not signs or min(signs) == max(signs):
        return 0.0
    total = sum(signs)
    beside = [len(signs) * s - total for s in signs]  # whole numbers: the sums are exact on every Python
    return sum(s * t for s, t in pairwise(beside)) / sum(s * s for s in beside)


def doubt_about(xs: Sequence[float], limit: float) -> str | None:
    """Return why the test's errors may be larger than promised in these blocks, None if nothing speaks against it.

    Parameters
    ----------
    xs : sequence of float
        Blocks in the order in which they were measured.
    limit : float
        The limit of the claim.

    Returns
    -------
    str or None
        Too many ties with the limit, or neighbours that are correlated: nothing is decided at such a look.
    """
    ties = tie_share(xs, limit)
    if ties > MAX_TIE_SHARE:
        return f"{ties:.0%} of the blocks tie with the limit: the clock is too coarse"
    correlation = sign_correlation(xs, limit)
    if correlation > MAX_SIGN_CORRELATION:
        return f"neighbouring blocks are correlated ({correlation:.2f}): the machine changes speed too slowly"
    return None


def blocks_needed(xs: Sequence[float], limit: float, rule: Rule) -> int | None:
    """Estimate how many blocks decide the claim if the shares beside the limit stay as they are.

    Parameters
    ----------
    xs : sequence of float
        Blocks so far.
    limit : float
        The limit of the claim.
    rule : Rule
        Looks and errors.

    Returns
    -------
    int or None
        The first look, not before ``len(xs)``, at which the share seen so far decides; beyond the last
        look the normal approximation of that number. None when neither side leads: no number of blocks
        is then known to be enough.
    """
    n = len(xs)
    at_most, at_least = sum(x <= limit for x in xs), sum(x >= limit for x in xs)
    minority = min(at_most, at_least)
    if 2 * minority >= n:
        return None
    side_error, count = (rule.a_bad, rule.fail_count) if at_most < at_least else (rule.a_ok, rule.hold_count)
    for look in rule.looks:
        if look >= n and minority * look <= count(look) * n:
            return look
    z = -NormalDist().inv_cdf(side_error / len(rule.looks))
    estimate = math.ceil((z / (1.0 - 2.0 * minority / n)) ** 2)
    return max(estimate, rule.looks[-1] + 1, n + 1)


def minimum_detectable_effect(xs: Sequence[float], rule: Rule) -> float:
    """Return how far beyond the limit the median of such blocks must lie to fail the claim.

    Parameters
    ----------
    xs : sequence of float
        Blocks: only their spread matters, not where they lie.
    rule : Rule
        Looks and errors.

    Returns
    -------
    float
        Log units, so ``exp(effect) - 1`` is the slowdown on top of the limit; infinite where so few
        blocks cannot fail any claim.
    """
    return median(xs) - interval(xs, rule)[0]


def _require_finite(xs: Sequence[float], limit: float) -> None:
    # A NaN is neither above nor below a limit: both counts would be small, and any verdict possible.
    if not math.isfinite(limit):
        raise ValueError(f"the limit must be finite, not {limit!r}")
    for index, x in enumerate(xs):
        if not math.isfinite(x):
            raise ValueError(f"block {index} is {x!r}: a time of zero or less was measured")
