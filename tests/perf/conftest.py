"""The candles of the perf suite: embedded ones everywhere, real ones where there are any."""

from __future__ import annotations

import pytest

from genesis_core import Candles

RECOMPUTED = 250
"""Bars of the arms that recompute features: their cost grows with the square."""
BACKTESTED = 180
"""Bars of the arms that recompute a whole backtest, 0.3 s a run: of 250 bars only 16 pairs fit into the budget, and
the intervals were too wide to be held against stored speeds."""


@pytest.fixture(params=["embedded", "real"])
def series(request: pytest.FixtureRequest) -> Candles:
    """Return the whole embedded or real series."""
    name = "synthetic_candles" if request.param == "embedded" else "real_candles"
    candles: Candles = request.getfixturevalue(name)
    return candles


@pytest.fixture
def few(series: Candles) -> Candles:
    """Return so few bars that recomputing their features takes half a second."""
    return series[:RECOMPUTED]


@pytest.fixture
def fewer(series: Candles) -> Candles:
    """Return so few bars that the reference backtest over them takes a third of a second."""
    return series[:BACKTESTED]
