"""The live path and the fast one agree on every bar of the whole real series."""

from __future__ import annotations

from genesis_core import Candles, FeatureSet, run_features
from tests.equality.checks import feature_fault, monotony


def test_streaming_is_precomputed(whole: Candles, feature_set: FeatureSet) -> None:
    streaming = run_features("streaming", whole, feature_set=feature_set)
    precomputed = run_features("precomputed", whole, feature_set=feature_set)
    assert feature_fault(streaming, precomputed) is None
    assert monotony(streaming, whole) is None
    assert streaming.counters["interpreted_steps"] == len(streaming.vectors) == len(whole)
    assert precomputed.counters["compiled_calls"] == 1
