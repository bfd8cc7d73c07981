"""The speedup chart: a row a comparison, worst first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pytest_genesis_perf.notation import exactly
from pytest_genesis_perf.record_text import speedup
from pytest_genesis_perf.report import text
from pytest_genesis_perf.report.charts.drawing import (
    CLAIM,
    GRID,
    STORED,
    STYLES,
    TEXT,
    WIDTH,
    names,
    new_figure,
    shape,
    title,
)
from pytest_genesis_perf.report.charts.limits import speedup_limits
from pytest_genesis_perf.report.charts.ticks import name_ticks, ticks
from pytest_genesis_perf.report.table import shorten

if TYPE_CHECKING:
    from pytest_genesis_perf.record import Comparison

STEM = "genesis-perf-speedup"
ROW_HEIGHT = 0.4
MARGIN_HEIGHT = 1.75
WORK_LENGTH = 30
MOST_ROWS = 100
"""More make no picture; the page shows all."""


def draw(records: Sequence[Comparison]) -> Any:
    """Return the chart as a matplotlib figure.

    Parameters
    ----------
    records : sequence of Comparison
        Worst first, at least one.
    """
    total, records = len(records), records[:MOST_ROWS]
    height = MARGIN_HEIGHT + ROW_HEIGHT * len(records)
    figure = new_figure(WIDTH, height)
    axes = figure.add_axes((0.31, 1.2 / height, 0.37, ROW_HEIGHT * len(records) / height))
    axes.set_xscale("log")
    axes.set_xlim(*speedup_limits(records))
    axes.set_ylim(len(records) - 0.5, -0.5)
    axes.axvline(1.0, color="#777777", linewidth=0.9, zorder=1)
    for row, record in enumerate(records):
        _draw_speedup(axes, row, record)
        _write_verdict(axes, row, record)
    axes.set_yticks(range(len(records)), names(records), size=8.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", which="major", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    name_ticks(axes.xaxis, ticks(*axes.get_xlim()), exactly)
    axes.set_xlabel("speedup: baseline time / optimized time (log scale, right is faster)")
    figure.text(
        0.02,
        1.0 - 0.16 / height,
        title("Speedup of each comparison, worst first", len(records), total),
        size=12,
        va="top",
    )
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.01, 0.05 / height), "ncols": 4}
    figure.legend(handles=_legend(records), frameon=False, fontsize=8, **place)
    return figure


def _draw_speedup(axes: Any, row: int, record: Comparison) -> None:
    colour = STYLES[record.verdict].colour
    if row % 2 == 0:
        axes.axhspan(row - 0.5, row + 0.5, color="#F6F6F6", zorder=0, linewidth=0)
    if record.speedup is not None:
        ends = record.interval or (record.speedup, record.speedup)
        axes.plot(ends, (row, row), color=colour, linewidth=2.4, zorder=3, solid_capstyle="butt")
        axes.plot(record.speedup, row, color=colour, zorder=4, **shape(record.verdict))
        limit = record.claim_limit
        axes.plot((limit, limit), (row - 0.34, row + 0.34), color=CLAIM, linewidth=1.3, zorder=2)
    if record.stored is not None:
        axes.plot(record.stored[1], row, "|", color=STORED, markersize=15, mew=2.2, zorder=2.5)


def _write_verdict(axes: Any, row: int, record: Comparison) -> None:
    beside = {"xycoords": ("axes fraction", "data"), "va": "center", "size": 8.5}
    colour = STYLES[record.verdict].colour
    (mark,) = axes.plot(1.035, row, color=colour, clip_on=False, **shape(record.verdict))
    mark.set_transform(axes.get_yaxis_transform())
    axes.annotate(record.verdict, (1.06, row), color=colour, weight="bold", **beside)
    number = speedup(record) if record.speedup is not None else "not measured"
    work = f"\n{shorten(text.work(record), WORK_LENGTH)}" if text.work(record) else ""
    axes.annotate(f"{number}{work}", (1.34, row), color=TEXT, **beside)


def _legend(records: Sequence[Comparison]) -> list[Any]:
    from matplotlib.lines import Line2D

    used = dict.fromkeys(record.verdict for record in records)
    verdicts = [Line2D([], [], color=STYLES[v].colour, label=v, **shape(v)) for v in used]
    return [
        *verdicts,
        Line2D([], [], color="#555555", linewidth=2.4, label="interval of the median"),
        Line2D([], [], color=CLAIM, marker="|", markersize=11, mew=1.5, ls="none", label="claimed speedup"),
        Line2D([], [], color=STORED, marker="|", markersize=12, mew=2.2, ls="none", label="stored baseline"),
    ]
