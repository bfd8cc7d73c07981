"""The arms as rows of pytest-benchmark's table and JSON, where that plugin is on: one group a comparison.

What it offers for this is not public; the names used here are the same in its releases 4.0 to 5.3 (a test holds them).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_genesis_perf.arms import ROLES
from pytest_genesis_perf.record import named

if TYPE_CHECKING:
    import pytest

    from pytest_genesis_perf.measurement import Measurement


@dataclass
class _Arm:
    """What pytest-benchmark asks of the fixture that measured."""

    name: str
    fullname: str
    group: str
    param: str | None
    params: dict[str, Any] | None
    extra_info: dict[str, Any] = field(default_factory=dict)
    cprofile_stats: None = None
    has_error: bool = False


def add_arms(item: pytest.Item, nodeid: str, label: str, measured: Measurement) -> None:
    """Add both arms of a comparison to what pytest-benchmark reports; nothing where it is off.

    Parameters
    ----------
    item : pytest.Item
        The test.
    nodeid, label : str
        Which comparison.
    measured : Measurement
        Its blocks. A row's rounds are blocks, each the mean of a call in its slices.
    """
    session = getattr(item.config, "_benchmarksession", None)
    if session is None or session.disabled or session.skip or not measured.xs:
        return
    from pytest_benchmark import stats

    row_of: Any = stats.Metadata
    calls = (measured.plan.baseline_calls, measured.plan.optimized_calls)
    spec = getattr(item, "callspec", None)
    for role, count, seconds in zip(ROLES, calls, measured.block_seconds, strict=True):
        arm = _Arm(
            name=f"{named(item.name, label)}: {role}",
            fullname=f"{named(nodeid, label)}: {role}",
            group=f"genesis-perf {named(nodeid, label)}",
            param=None if spec is None else spec.id,
            params=None if spec is None else spec.params,
            extra_info={"genesis_perf": "slices of both arms, interleaved"},
        )
        options = {"disable_gc": True, "timer": "perf_counter", "warmup": True}
        row = row_of(arm, iterations=count, options=options)
        for second in seconds:
            row.stats.update(second)
        # A test that is run again replaces what it repeats.
        session.benchmarks[:] = [one for one in session.benchmarks if one.fullname != arm.fullname]
        session.benchmarks.append(row)
