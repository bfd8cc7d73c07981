"""Which path runs: one place chooses, and says why."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from genesis_core.features.cache import FeatureCache

RECOMPUTE_LIMIT = 2_000
"""Bars above which the reference says what it will cost."""
STEP_SECONDS = 15e-6
"""About what one interpreted step of the default features takes; only used in that estimate."""


class SlowPathWarning(UserWarning):
    """The path chosen will take long, or the cache given cannot help; the results are the same either way."""


@dataclass(frozen=True)
class Plan:
    """What will run.

    Attributes
    ----------
    path : str
        ``recompute``, ``windowed``, ``precomputed`` or ``compiled``.
    reason : str
        Why this one.
    cached : bool
        Whether a feature cache stands in front of it.
    """

    path: str
    reason: str
    cached: bool

    @property
    def name(self) -> str:
        """The path with its cache, such as ``cached(recompute)``."""
        return f"cached({self.path})" if self.cached else self.path


def choose_plan(
    fast_window: bool, precompute_features: bool, compiled: bool, feature_cache: FeatureCache | None
) -> Plan:
    """Choose the path: ``compiled`` over ``precompute_features`` over ``fast_window`` over recompute.

    A feature cache wraps whichever feature path runs; the compiled run asks for no single vector, so a cache has
    nothing to do there, and the reason says so.
    """
    if compiled:
        unused = (
            "; the feature cache is not used: no single vector is asked for"
            if feature_cache is not None
            else ""
        )
        return Plan("compiled", f"compiled=True{unused}", cached=False)
    cached = feature_cache is not None
    if precompute_features:
        return Plan("precomputed", "precompute_features=True", cached)
    if fast_window:
        return Plan("windowed", "fast_window=True", cached)
    return Plan("recompute", "no flag: the reference", cached)


def warn_if_slow(plan: Plan, bars: int, asked: int, feature_cache: FeatureCache | None) -> None:
    """Warn once per run about a slow reference, and about a cache that is smaller than the pass over it."""
    if plan.path == "recompute" and bars > RECOMPUTE_LIMIT:
        seconds = bars * (bars + 1) / 2 * STEP_SECONDS
        warnings.warn(
            f"recomputing {bars:,} bars one by one takes about {seconds:,.0f} s and grows with the square; "
            "precompute_features=True or compiled=True gives the same bits at once",
            SlowPathWarning,
            stacklevel=3,
        )
    if plan.cached and feature_cache is not None and feature_cache.capacity < asked:
        warnings.warn(
            f"the feature cache keeps {feature_cache.capacity:,} entries and this run asks for {asked:,}: "
            "a least-recently-used cache smaller than a pass never hits in the next one; "
            f"use FeatureCache({asked:,})",
            SlowPathWarning,
            stacklevel=3,
        )
