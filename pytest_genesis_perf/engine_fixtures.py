"""Fixtures for the engine's feature paths and candles; the one module of the plugin that knows the engine.

Nothing of it is imported before a test asks for one of these.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from genesis_core import Candles, FeatureCache, FeatureSet
    from genesis_core.backtesting.causality import Maker, PathMaker, Subject
    from genesis_core.backtesting.causality_report import CausalityReport
    from genesis_core.features import FeatureRun

REPORT_LINES = 12
"""How much of a report stands in the failure of a test."""


class FeatureAsker(Protocol):
    """Ask one path for the features of many bars."""

    def __call__(
        self, candles: Candles, bars: Iterable[int] | None = None, feature_set: FeatureSet | None = None
    ) -> FeatureRun:
        """Return the features of `bars` (all of them, in order, unless told otherwise)."""


class CachedFeatureAsker(Protocol):
    """Ask a path behind a feature cache for the features of many bars."""

    def __call__(
        self,
        candles: Candles,
        feature_cache: FeatureCache,
        bars: Iterable[int] | None = None,
        feature_set: FeatureSet | None = None,
        path: str = "recompute",
    ) -> FeatureRun:
        """Return the features of `bars`; those the cache knows are not computed."""


class CausalityAssertion(Protocol):
    """Fail the test that asks where features or a strategy see the future."""

    def __call__(
        self,
        feature_or_strategy: Subject | Maker,
        candles: Candles,
        *,
        cuts: int | Iterable[int] = 24,
        path: str | PathMaker = "precomputed",
    ) -> CausalityReport:
        """Return the report if nothing does; see :func:`genesis_core.backtesting.causality.check_causal`."""


def _asker(path: str) -> FeatureAsker:
    from genesis_core import DEFAULT, run_features

    def ask(
        candles: Candles, bars: Iterable[int] | None = None, feature_set: FeatureSet | None = None
    ) -> FeatureRun:
        return run_features(path, candles, bars, DEFAULT if feature_set is None else feature_set)

    return ask


@pytest.fixture(scope="session")
def uncached_features() -> FeatureAsker:
    """Ask the reference: every bar recomputed from bar 0, interpreted."""
    return _asker("recompute")


@pytest.fixture(scope="session")
def windowed_features() -> FeatureAsker:
    """Ask the compiled law over zero-copy windows."""
    return _asker("windowed")


@pytest.fixture(scope="session")
def precomputed_features() -> FeatureAsker:
    """Ask the columns computed once in compiled passes."""
    return _asker("precomputed")


@pytest.fixture(scope="session")
def streaming_features() -> FeatureAsker:
    """Ask the streaming path: one interpreted update per bar."""
    return _asker("streaming")


@pytest.fixture(scope="session")
def cached_features() -> CachedFeatureAsker:
    """Ask a path behind a :class:`~genesis_core.FeatureCache` that the test owns."""
    from genesis_core import DEFAULT, run_features

    def ask(
        candles: Candles,
        feature_cache: FeatureCache,
        bars: Iterable[int] | None = None,
        feature_set: FeatureSet | None = None,
        path: str = "recompute",
    ) -> FeatureRun:
        chosen = DEFAULT if feature_set is None else feature_set
        return run_features(path, candles, bars, chosen, feature_cache)

    return ask


@pytest.fixture(scope="session")
def assert_causal() -> CausalityAssertion:
    """Check features or a strategy for look-ahead; the failure names what saw the future first, and where."""
    from genesis_core.backtesting.causality import check_causal

    def check(
        feature_or_strategy: Subject | Maker,
        candles: Candles,
        *,
        cuts: int | Iterable[int] = 24,
        path: str | PathMaker = "precomputed",
    ) -> CausalityReport:
        report = check_causal(feature_or_strategy, candles, cuts=cuts, path=path)
        if not report.ok:
            lines = report.lines()
            more = [f"({len(lines) - REPORT_LINES} more lines)"] if len(lines) > REPORT_LINES else []
            pytest.fail("\n".join([*lines[:REPORT_LINES], *more]), pytrace=False)
        return report

    return check


@pytest.fixture(scope="session")
def synthetic_candles() -> Candles:
    """Return the embedded data set: 10,000 hourly candles, the same on every machine."""
    from genesis_core import synthetic

    return synthetic()


@pytest.fixture(scope="session")
def real_candles() -> Candles:
    """Return real hourly BTC/USD candles from the folder ``$GENESIS_DATA_DIR``; skips where it is not set."""
    from genesis_core import Candles

    folder = os.environ.get("GENESIS_DATA_DIR")
    if not folder:
        pytest.skip("GENESIS_DATA_DIR is not set: no real candles here")
    path = Path(folder) / "tBTCUSD_1h.csv"
    if not path.is_file():
        pytest.skip(f"no real candles: {path} does not exist")
    return Candles.from_csv(path, symbol="tBTCUSD", timeframe="1h", gaps="keep")
