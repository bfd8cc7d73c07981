"""A ratio of two times with its interval, from paired rounds. Pure: no clock, no randomness.

Each round times both ways one after the other, so that what slows the machine down for a while slows both. Of the
rounds' ratios the median is shown, with an interval between two order statistics: it holds for any distribution, and
a round that something disturbed moves one end by one place at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, floor, isfinite, log10
from statistics import median

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Ratio:
    """How many times as fast one way is as another.

    Parameters
    ----------
    low, median, high : float
        The interval of the median, and the median of the rounds.
    coverage : float
        Probability that such an interval covers the median.
    rounds : int
        Of how many rounds.
    """

    low: float
    median: float
    high: float
    coverage: float
    rounds: int

    def text(self) -> str:
        """Write it for people: ``34.1x [33.8, 34.4]``."""
        return f"{digits(self.median)}x [{digits(self.low)}, {digits(self.high)}]"


def ratio(slow: Sequence[float], fast: Sequence[float], confidence: float = CONFIDENCE) -> Ratio:
    """Divide two times round by round.

    Parameters
    ----------
    slow, fast : sequence of float, length n
        Seconds of the same rounds, above 0.
    confidence : float
        What the interval's coverage shall be at least. With fewer than six rounds no interval covers the median with
        95%: then it goes from the least to the greatest ratio, and `coverage` says what that is worth.

    Returns
    -------
    Ratio
        Of ``slow / fast``: above 1 where `fast` is.

    Raises
    ------
    ValueError
        If the rounds do not match, there are none, or a time is not a finite number above 0.
    """
    if not slow or len(slow) != len(fast):
        raise ValueError(f"{len(slow)} and {len(fast)} rounds; as many of both, and at least one, are needed")
    if not all(isfinite(seconds) and seconds > 0.0 for seconds in (*slow, *fast)):
        raise ValueError("a time is not a finite number of seconds above 0")
    return middle([a / b for a, b in zip(slow, fast, strict=True)], confidence)


def middle(values: Sequence[float], confidence: float = CONFIDENCE) -> Ratio:
    """Return median and interval of some values of rounds, at least one; a difference of times may be below 0.

    Parameters
    ----------
    values : sequence of float, length n
        One a round.
    confidence : float
        See :func:`ratio`.
    """
    found = sorted(values)
    n = len(found)
    cut = max([k for k in range(n // 2) if coverage(n, k) >= confidence], default=0)
    return Ratio(found[cut], median(found), found[n - 1 - cut], coverage(n, cut), n)


def coverage(rounds: int, cut: int = 0) -> float:
    """Return how likely the interval without the `cut` least and greatest of some ratios covers their median.

    Parameters
    ----------
    rounds : int
        How many ratios, at least 1.
    cut : int
        How many are left out at each end.
    """
    outside = sum(comb(rounds, k) for k in range(cut + 1))
    return max(1.0 - 2.0 * outside / (1 << rounds), 0.0)


def digits(number: float) -> str:
    """Write a number above 0 with three significant digits and without an exponent: ``0.0123``, ``34.1``, ``1,120``."""
    rounded = float(f"{number:.3g}")
    places = max(2 - floor(log10(rounded)), 0)
    return f"{rounded:,.{places}f}"
