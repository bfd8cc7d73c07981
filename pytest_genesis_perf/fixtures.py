"""The fixture ``genesis_perf``. Everything behind it is imported when a test first asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_genesis_perf.comparing import GenesisPerf


@pytest.fixture
def genesis_perf(request: pytest.FixtureRequest) -> GenesisPerf:
    """Compare two code paths: same bits, and with ``--genesis-perf`` how much faster.

    ``genesis_perf.compare(baseline=..., optimized=...)`` calls both arms, fails the test at the first bit
    that differs, and returns the :class:`~pytest_genesis_perf.record.Comparison`.
    """
    from pytest_genesis_perf.comparing import attach

    return attach(request.node)
