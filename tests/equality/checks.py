"""What "equal" means here, and what a comparison needs to mean anything. All tests of this folder use these."""

from __future__ import annotations

from genesis_core import Candles, Result
from genesis_core.features import FeatureRun
from pytest_genesis_perf.identity import find_difference

LEAST_TRADES_PER_1000_BARS = 20
FEW_VALUES = {
    "vol_regime": 2,
    "regime": 2,
    "data_quality": 2,
    "volatility_zone": 3,
    "higher_above": 4,
    "higher_above_next": 4,
    "higher_below": 4,
    "higher_below_next": 4,
}
"""Features that are steps; all others must take many values."""
MANY = 100


def feature_fault(reference: FeatureRun, other: FeatureRun) -> str | None:
    """Say where the vectors of two paths differ, or that both ran the same path; None if nothing is wrong."""
    if reference.path == other.path:
        return f"vacuous: both runs are {other.path!r}"
    asked = [vector.bar for vector in reference.vectors], [vector.bar for vector in other.vectors]
    if asked[0] != asked[1]:
        return f"{other.path} answered for other bars than {reference.path}"
    difference = find_difference(reference, other)
    return None if difference is None else f"{other.path} is not {reference.path}: {difference.describe()}"


def result_fault(reference: Result, other: Result) -> str | None:
    """Say where two backtests differ, or that both ran the same plan; None if nothing is wrong."""
    if reference.__genesis_plan__() == other.__genesis_plan__():
        return f"vacuous: both runs are {other.plan}"
    difference = find_difference(reference, other)
    if difference is not None:
        return f"{other.plan.path} is not {reference.plan.path}: {difference.describe()}"
    for name in ("digest", "summary_digest"):
        ours, theirs = getattr(reference, name), getattr(other, name)
        if ours != theirs:
            return f"nothing differs, and yet the {name} of {other.plan.path} is {theirs}, not {ours}"
    return None


def inactivity(result: Result) -> str | None:
    """Say why equality of this run proves little: too few trades, or on one side only; None if it is lively."""
    bars = len(result.equity) - 1
    least = LEAST_TRADES_PER_1000_BARS * bars / 1_000
    long = sum(trade.side == "long" for trade in result.trades)
    short = len(result.trades) - long
    if len(result.trades) < least or not long or not short:
        return f"vacuous: {long} long and {short} short trades in {bars} bars, at least {least:g} are needed"
    return None


def monotony(run: FeatureRun, candles: Candles) -> str | None:
    """Say which features hardly move in a run over all bars of `candles`; None if all do."""
    vectors = [vector for vector in run.vectors if vector.valid]
    many = MANY if len(candles) >= 1_000 else MANY // 2
    for name in vectors[0]:
        values = len({vector[name] for vector in vectors})
        if values < FEW_VALUES.get(name, many):
            return f"vacuous: {name} has {values} different values in {len(vectors)} bars"
    return None
