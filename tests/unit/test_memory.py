"""Zero-copy means zero: what windows and slices do not allocate."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from genesis_core import Candles, make_path, synthetic
from genesis_core.features.columns import source_columns

BARS = 6_000
COLUMN = 8 * BARS
COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")


@pytest.fixture(scope="module")
def candles() -> Candles:
    return synthetic(bars=BARS)


@pytest.fixture
def traced() -> Iterator[None]:
    gc.collect()
    tracemalloc.start()
    yield
    tracemalloc.stop()


def array_bytes() -> int:
    """Return the bytes of all array data alive."""
    arrays = tracemalloc.DomainFilter(inclusive=True, domain=np.lib.tracemalloc_domain)
    snapshot = tracemalloc.take_snapshot().filter_traces([arrays])
    return sum(trace.size for trace in snapshot.traces)


def growth(run: Callable[[], object]) -> tuple[int, int]:
    """Return by how much array data grew, and the peak of all memory while it ran."""
    gc.collect()
    before = array_bytes()
    tracemalloc.reset_peak()
    start, _ = tracemalloc.get_traced_memory()
    kept = run()
    _, peak = tracemalloc.get_traced_memory()
    grown = array_bytes() - before
    del kept
    return grown, peak - start


@pytest.mark.usefixtures("traced")
def test_the_measurement_sees_arrays() -> None:
    grown, peak = growth(lambda: np.zeros(BARS))
    assert grown >= COLUMN
    assert peak >= COLUMN
    grown, peak = growth(lambda: float(np.zeros(BARS).sum()))
    assert grown == 0
    assert peak >= COLUMN


@pytest.mark.usefixtures("traced")
def test_windows_allocate_no_array_data_after_the_first(candles: Candles) -> None:
    path = make_path("windowed", candles)
    path.at(BARS - 1)
    grown, peak = growth(lambda: [path.at(bar) for bar in range(BARS - 40, BARS)])
    assert grown == 0
    # 40 windows of 6 columns each, and not one column's worth of memory, not even for a moment.
    assert peak < COLUMN
    assert path.counters.compiled_calls == 41


@pytest.mark.usefixtures("traced")
def test_precomputed_rows_are_allocated_once(candles: Candles) -> None:
    path = make_path("precomputed", candles)
    path.at(0)
    grown, peak = growth(lambda: [path.at(bar) for bar in range(40)])
    assert grown == 0
    assert peak < COLUMN


@pytest.mark.usefixtures("traced")
def test_slices_allocate_no_array_data(candles: Candles) -> None:
    grown, peak = growth(lambda: [candles[bar : bar + 3_000] for bar in range(40)])
    assert grown == 0
    assert peak < COLUMN


def test_slices_share_the_memory_of_their_series(candles: Candles) -> None:
    part = candles[100:200][10:60]
    for name in COLUMNS:
        inner, outer = getattr(part, name), getattr(candles, name)
        assert np.shares_memory(inner, outer)
        assert inner.tobytes() == outer[110:160].tobytes()
        assert inner.__array_interface__["data"][0] - outer.__array_interface__["data"][0] == 8 * 110


def test_windows_are_views_that_cannot_be_written_to(candles: Candles) -> None:
    for column, name in zip(
        source_columns(candles), ("open", "high", "low", "close", "volume"), strict=False
    ):
        assert np.shares_memory(column, getattr(candles, name))
        assert not column.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1.0
        with pytest.raises(ValueError, match="WRITEABLE"):
            column.flags.writeable = True
