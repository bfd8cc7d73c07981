"""What the recomputing path answered in one run, for another run: recomputing a long series takes minutes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import pytest

from genesis_core import FeatureVector
from genesis_core.features.paths import RecomputePath

Value = TypeVar("Value")


def recording(run: Callable[[], Value]) -> tuple[Value, dict[int, FeatureVector]]:
    """Run, and return with what came of it the vector of each bar that was recomputed."""
    really = RecomputePath.at
    vectors: dict[int, FeatureVector] = {}

    def at(path: RecomputePath, bar: int) -> FeatureVector:
        vectors[bar] = really(path, bar)
        return vectors[bar]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RecomputePath, "at", at)
        return run(), vectors


def replaying(vectors: Mapping[int, FeatureVector], run: Callable[[], Value]) -> Value:
    """Run over the same candles; where a bar is recomputed, it is what it was, and counted as before."""

    def at(path: RecomputePath, bar: int) -> FeatureVector:
        path.counters.interpreted_steps += bar + 1
        return path._vector(bar, tuple(vectors[bar].values()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RecomputePath, "at", at)
        return run()
