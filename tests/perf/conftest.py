"""The candles of the perf suite: embedded ones everywhere, real ones where there are any."""

from __future__ import annotations

import pytest

from genesis_core import Candles

RECOMPUTED = 100
"""Bars of the arms that recompute, 0.1 s a run: the cost grows with the square, and no more than twelve to eighteen
blocks of four slices fit into the budget. Every bar of longer series is compared in ``tests/equality``."""


@pytest.fixture(params=["embedded", "real"])
def series(request: pytest.FixtureRequest) -> Candles:
    """Return the whole embedded or real series."""
    name = "synthetic_candles" if request.param == "embedded" else "real_candles"
    candles: Candles = request.getfixturevalue(name)
    return candles


@pytest.fixture
def few(series: Candles) -> Candles:
    """Return so few bars that recomputing them takes a tenth of a second."""
    return series[:RECOMPUTED]
