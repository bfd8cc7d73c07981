"""What was known at a bar does not depend on what came later, bit for bit, on every path."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core import DEFAULT, Candles, FeatureVector, features_asof, make_path, run_features
from genesis_core.features.defaults import CONTEXT_FEATURES
from tests.oracles.bars import HOUR_MS, Bars, adversarial, random_walk, whole_dollars
from tests.oracles.engine import candles_of

HIGHER = {"span_ms": 2.0 * HOUR_MS, "depth": 1.0}
"""Candles of two hours: in a short series only those make swings."""
ALL = DEFAULT.including(
    *((f.name, HIGHER if "span_ms" in dict(f.defaults) else {}) for f in CONTEXT_FEATURES)
)
PATHS = ("recompute", "streaming", "windowed", "precomputed")


class Series(NamedTuple):
    """A recipe for candles, as hypothesis prints it."""

    kind: str
    seed: int
    n: int
    hole: int

    @property
    def candles(self) -> Candles:
        if self.kind == "walk":
            bars = random_walk(self.seed, self.n, step=0.02)
        elif self.kind == "dollars":
            bars = whole_dollars(self.seed, self.n, start=20 + self.seed % 50, spread=1 + self.seed % 5)
        else:
            bars = adversarial(max(24, self.n))[self.kind]
        return candles_of(with_hole(bars, self.seed % len(bars), self.hole))


def with_hole(bars: Bars, at: int, hours: int) -> Bars:
    """Leave out some hours before bar `at`."""
    stamps = [stamp + hours * HOUR_MS if t >= at else stamp for t, stamp in enumerate(bars.timestamp)]
    return replace(bars, timestamp=stamps)


series = st.builds(
    Series,
    st.sampled_from(("walk", "walk", "dollars", "dollars", "dollars", *sorted(adversarial()))),
    st.integers(0, 100_000),
    st.integers(2, 130),
    st.integers(0, 6),
)


def same(one: FeatureVector, other: FeatureVector) -> bool:
    """Compare names, bits, validity and bar."""
    return one == other and one.bar == other.bar and one.digest == other.digest


@given(recipe=series, share=st.floats(0.0, 1.0))
@settings(max_examples=150)
def test_the_future_changes_nothing(recipe: Series, share: float) -> None:
    candles = recipe.candles
    t = int(share * (len(candles) - 1))
    past = candles[: t + 1]
    reference = features_asof(past, t, ALL)
    for name in PATHS:
        whole = make_path(name, candles, ALL)
        whole.at(len(candles) - 1)  # it has seen the end before it is asked about the past
        assert same(whole.at(t), reference), name
        assert same(features_asof(past, t, ALL, name), reference), name


@given(recipe=series)
@settings(max_examples=25)
def test_every_bar_of_every_path(recipe: Series) -> None:
    candles = recipe.candles
    streamed = run_features("streaming", candles, feature_set=ALL).vectors
    for name in ("windowed", "precomputed"):
        assert run_features(name, candles, feature_set=ALL).vectors == streamed
    for t in range(0, len(candles), 7):
        assert same(features_asof(candles[: t + 1], t, ALL), streamed[t])


@pytest.mark.parametrize("name", PATHS)
def test_the_order_of_the_questions_changes_nothing(name: str) -> None:
    candles = Series("dollars", 7, 90, 2).candles
    path = make_path(name, candles, ALL)
    for bar in (89, 0, 60, 60, 13, 14, 52, 17, 16, 3, 88):
        assert same(path.at(bar), features_asof(candles[: bar + 1], bar, ALL))


def test_another_future_changes_nothing() -> None:
    """Two series that share their first 70 bars, of which one then multiplies by 20."""
    calm = Series("dollars", 3, 120, 0).candles
    columns = {name: getattr(calm, name).tolist() for name in ("open", "high", "low", "close", "volume")}
    for name in ("open", "high", "low", "close"):
        columns[name][70:] = [20.0 * price for price in columns[name][70:]]
    wild = Candles.from_arrays(**columns, timestamp=calm.timestamp, symbol="tBTCUSD", timeframe="1h")
    for name in PATHS:
        one, other = (run_features(name, c, range(60, 75), ALL).vectors for c in (calm, wild))
        assert one[:10] == other[:10]
        assert all(a != b for a, b in zip(one[10:], other[10:], strict=True))


@pytest.mark.parametrize("feature", [name for name in ALL.names if name != "data_quality"])
def test_a_feature_known_one_bar_early_would_be_seen(feature: str) -> None:
    """The comparison is not vacuous: in these series each feature does move from bar to bar."""
    moved = 0
    for recipe in (Series("walk", 1, 130, 0), Series("dollars", 2, 130, 0)):
        vectors = run_features("precomputed", recipe.candles, feature_set=ALL).vectors
        moved += sum(a[feature].hex() != b[feature].hex() for a, b in pairwise(vectors))
    assert moved >= 5
