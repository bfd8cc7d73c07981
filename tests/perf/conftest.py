"""The candles of the perf suite: embedded ones everywhere, real ones where there are any."""

from __future__ import annotations

import pytest

from genesis_core import Candles

RECOMPUTED = 250
"""Bars of the arms that recompute: their cost grows with the square."""


@pytest.fixture(params=["embedded", "real"])
def series(request: pytest.FixtureRequest) -> Candles:
    """Return the whole embedded or real series."""
    name = "synthetic_candles" if request.param == "embedded" else "real_candles"
    candles: Candles = request.getfixturevalue(name)
    return candles


@pytest.fixture
def few(series: Candles) -> Candles:
    """Return so few bars that recomputing them takes half a second."""
    return series[:RECOMPUTED]
