"""The engine as the oracles ask it: candles from plain lists, and columns as plain lists."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from genesis_core.candles import Candles
from genesis_core.features.defaults import Feature
from genesis_core.features.graph import Value
from genesis_core.features.run import run_features
from genesis_core.features.sets import FeatureSet
from tests.oracles.bars import Bars


def candles_of(bars: Bars) -> Candles:
    """Return the same series as the engine's candles; holes are kept."""
    return Candles.from_arrays(
        timestamp=bars.timestamp,
        open=bars.open,
        high=bars.high,
        low=bars.low,
        close=bars.close,
        volume=bars.volume,
        symbol="tBTCUSD",
        timeframe=f"{bars.timeframe_ms // 60_000}m",
        gaps="keep",
    )


def bars_of(candles: Candles) -> Bars:
    """Return the engine's candles as plain lists."""
    return Bars(
        candles.timestamp.tolist(),
        candles.open.tolist(),
        candles.high.tolist(),
        candles.low.tolist(),
        candles.close.tolist(),
        candles.volume.tolist(),
        candles.timeframe_ms,
    )


def columns(
    bars: Bars, values: Mapping[str, Value], path: str = "streaming", given: Bars | None = None
) -> dict[str, tuple[list[float], int]]:
    """Return the engine's columns of some values of its graph.

    Parameters
    ----------
    bars
        The series.
    values
        Name -> value, as `genesis_core.features.graph.node` wires it.
    path
        The engine's execution path.
    given
        Candles of a higher timeframe to attach.

    Returns
    -------
    dict
        Name -> the value of each bar, and the first valid bar: how many bars say that they are not valid, all
        of them before the others.
    """
    feature_set = FeatureSet(Feature(name, (), partial(_given, value)) for name, value in values.items())
    candles = candles_of(bars).with_higher(None if given is None else candles_of(given))
    vectors = run_features(path, candles, feature_set=feature_set).vectors
    out = {}
    for name in values:
        valid = [vector.valid[name] for vector in vectors]
        assert valid == sorted(valid), f"{name} is valid and then is not"
        out[name] = [vector[name] for vector in vectors], valid.count(False)
    return out


def _given(value: Value, params: Mapping[str, float]) -> Value:
    return value
