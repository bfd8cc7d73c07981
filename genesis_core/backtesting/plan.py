"""Which path runs: one place chooses, and says why."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from genesis_core.features.cache import FeatureCache
from genesis_core.features.estimate import SlowPathWarning, warn_if_recompute_is_slow


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
    if plan.path == "recompute":
        warn_if_recompute_is_slow(
            bars, bars * (bars + 1) // 2, "precompute_features=True or compiled=True", stacklevel=3
        )
    if plan.cached and feature_cache is not None and feature_cache.capacity < asked:
        warnings.warn(
            f"the feature cache keeps {feature_cache.capacity:,} entries and this run asks for {asked:,}: "
            "a least-recently-used cache smaller than a pass never hits in the next one; "
            f"use FeatureCache({asked:,})",
            SlowPathWarning,
            stacklevel=3,
        )
