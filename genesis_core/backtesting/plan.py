"""Which path runs: one place chooses, and says why."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from genesis_core.candles import Candles
from genesis_core.features.cache import FeatureCache
from genesis_core.features.estimate import SlowPathWarning, warn_if_recompute_is_slow
from genesis_core.strategy import Config

PRECEDENCE = (("compiled", "compiled"), ("precompute_features", "precomputed"), ("fast_window", "windowed"))
"""The flags that choose a path, with their paths: one before those behind it."""
CACHE_UNUSED = "; the feature cache is not used: no single vector is asked for"
"""Added to the reason for a compiled run that is given a cache."""


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


@dataclass(frozen=True)
class RunPlan:
    """What ran and what it did; outside the digest.

    Attributes
    ----------
    path : str
        Such as ``cached(recompute)``.
    reason : str
        Why this path.
    counters : dict
        Interpreted steps, compiled runs, bars, cache hits and misses.
    """

    path: str
    reason: str
    counters: dict[str, int]

    def __str__(self) -> str:
        return f"{self.path} ({self.reason}): {self.done}"

    @property
    def done(self) -> str:
        """What it did, in words: ``1 compiled call, 500 bars``."""
        return ", ".join(counted(name, count) for name, count in self.counters.items() if count)


def choose_plan(
    fast_window: bool, precompute_features: bool, compiled: bool, feature_cache: FeatureCache | None
) -> Plan:
    """Choose the path: that of the first flag of `PRECEDENCE` that is set, else the reference.

    A feature cache wraps whichever feature path runs; in front of the compiled run it has nothing to do.
    """
    given = {
        "compiled": compiled,
        "precompute_features": precompute_features,
        "fast_window": fast_window,
    }
    cached = feature_cache is not None
    for flag, path in PRECEDENCE:
        if given[flag]:
            unused = cached and path == "compiled"
            reason = f"{flag}=True{CACHE_UNUSED if unused else ''}"
            return Plan(path, reason, cached and not unused)
    return Plan("recompute", "no flag: the reference", cached)


def warn_if_slow(plan: Plan, candles: Candles, config: Config, feature_cache: FeatureCache | None) -> None:
    """Warn once per run about a slow reference, and about a cache that is smaller than the pass over it."""
    if plan.path == "recompute":
        warn_if_recompute_is_slow(
            range(config.ready, len(candles)),
            candles,
            config.asked_features,
            feature_cache,
            "precompute_features=True or compiled=True",
            stacklevel=3,
        )
    asked = len(candles) - config.ready
    if plan.cached and feature_cache is not None and feature_cache.capacity < asked:
        warnings.warn(
            f"the feature cache keeps {feature_cache.capacity:,} entries and this run asks for {asked:,}: "
            "a least-recently-used cache smaller than a pass never hits in the next one; "
            f"use FeatureCache({asked:,})",
            SlowPathWarning,
            stacklevel=3,
        )


def counted(name: str, count: int) -> str:
    """Write a counter in words: ``1 compiled call``, ``2 misses``."""
    words = name.replace("_", " ")
    if count == 1:
        words = words.removesuffix("es" if words == "misses" else "s")
    return f"{count:,} {words}"
