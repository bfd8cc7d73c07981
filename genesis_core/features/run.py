"""Ask a path for many bars and keep the answers with the plan that gave them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from genesis_core.candles import Candles
from genesis_core.features.cache import FeatureCache
from genesis_core.features.estimate import warn_if_recompute_is_slow
from genesis_core.features.paths import check_bar, make_path
from genesis_core.features.sets import DEFAULT, FeatureSet
from genesis_core.features.vector import FeatureVector


@dataclass(frozen=True)
class FeatureRun:
    """The features of some bars, and how they were computed.

    Attributes
    ----------
    vectors : tuple of FeatureVector
        One per bar asked for, in that order.
    path : str
        The path that ran.
    counters : dict
        What it did.
    """

    vectors: tuple[FeatureVector, ...]
    path: str
    counters: dict[str, int]

    def __genesis_identity__(self) -> tuple[FeatureVector, ...]:
        """Return what must be identical between two paths: the vectors."""
        return self.vectors

    def __genesis_plan__(self) -> dict[str, object]:
        """Return what ran, for the test against comparing a path with itself."""
        return (
            {"path": self.path, **self.counters} if self.path.startswith("cached") else self._without_cache()
        )

    def _without_cache(self) -> dict[str, object]:
        counters = {k: v for k, v in self.counters.items() if k not in ("hits", "misses")}
        return {"path": self.path, **counters}


def run_features(
    path: str,
    candles: Candles,
    bars: Iterable[int] | None = None,
    feature_set: FeatureSet = DEFAULT,
    feature_cache: FeatureCache | None = None,
) -> FeatureRun:
    """Ask one path for the features of many bars.

    Parameters
    ----------
    path : str
        See :func:`~genesis_core.features.paths.features_asof`.
    candles : Candles
        The series.
    bars : iterable of int, optional
        Which bars, in which order; all of them in order unless told otherwise.
    feature_set : FeatureSet
        Which features.
    feature_cache : FeatureCache, optional
        Put in front of the path.

    Raises
    ------
    FeatureError
        For an unknown path, or a bar that the series does not have.

    Warns
    -----
    SlowPathWarning
        Once, before the work, if recomputing takes more steps than a whole series of 2,000 bars does.
    """
    running = make_path(path, candles, feature_set, feature_cache)
    asked: Sequence[int] = range(len(candles)) if bars is None else tuple(bars)
    if path == "recompute":
        for bar in () if bars is None else asked:
            check_bar(candles, bar)
        warn_if_recompute_is_slow(
            asked, candles, feature_set, feature_cache, 'the path "precomputed"', stacklevel=2
        )
    vectors = tuple(running.at(bar) for bar in asked)
    return FeatureRun(vectors, running.name, running.counters.as_dict())
