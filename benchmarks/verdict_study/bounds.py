"""Exact one-sided 95% bounds of a share."""

from __future__ import annotations

import math

LEVEL = 0.95
_STEPS = 60


def upper(found: int, tried: int, level: float = LEVEL) -> float:
    """Return the largest share at which so few would still be found with a chance of at least ``1 - level``.

    Parameters
    ----------
    found, tried : int
        How many of how many.
    level : float, optional
        Of the bound.

    Raises
    ------
    ValueError
        If more were found than tried.
    """
    if not 0 <= found <= tried:
        raise ValueError(f"{found} found of {tried} tried")
    if found == tried:
        return 1.0
    low, high = found / tried, 1.0
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if at_most(found, tried, middle) > 1.0 - level else (low, middle)
    return high


def lower(found: int, tried: int, level: float = LEVEL) -> float:
    """Return the smallest share at which so many would still be found with a chance of at least ``1 - level``."""
    return 1.0 - upper(tried - found, tried, level)


def at_most(found: int, tried: int, share: float) -> float:
    """Return ``P(Bin(tried, share) <= found)``.

    Parameters
    ----------
    found, tried : int
        Counts.
    share : float
        Strictly between 0 and 1, or 0 or 1.
    """
    if share <= 0.0 or found >= tried:
        return 1.0
    if share >= 1.0:
        return 0.0
    whole = math.lgamma(tried + 1)
    yes, no = math.log(share), math.log1p(-share)
    terms = (
        math.exp(whole - math.lgamma(k + 1) - math.lgamma(tried - k + 1) + k * yes + (tried - k) * no)
        for k in range(found + 1)
    )
    return min(1.0, math.fsum(terms))
