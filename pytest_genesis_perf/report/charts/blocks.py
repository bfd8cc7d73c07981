"""The blocks of each comparison in time order: a machine that changed under it shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pytest_genesis_perf.notation import exactly
from pytest_genesis_perf.record import named
from pytest_genesis_perf.record_text import speedup
from pytest_genesis_perf.report import text
from pytest_genesis_perf.report.charts.drawing import (
    CLAIM,
    GRID,
    STORED,
    STYLES,
    TEXT,
    WIDTH,
    new_figure,
    title,
)
from pytest_genesis_perf.report.charts.limits import block_limits
from pytest_genesis_perf.report.charts.ticks import name_ticks, ticks
from pytest_genesis_perf.report.table import shorten

if TYPE_CHECKING:
    from pytest_genesis_perf.record import Comparison

STEM = "genesis-perf-blocks"
COLUMNS = 3
PANEL_HEIGHT = 1.95
"""Inches, with its title and axis."""
HEAD, FOOT = 0.35, 0.4
MOST_PANELS = 30
NAME_LENGTH = 52
MOST_OUTLINES = 512
"""Of more blocks the SVG holds a picture: an outline each would make it megabytes large."""


def draw(records: Sequence[Comparison]) -> Any:
    """Return a panel for each comparison as a matplotlib figure.

    Parameters
    ----------
    records : sequence of Comparison
        Measured ones, worst first, at least one.
    """
    total, records = len(records), records[:MOST_PANELS]
    rows = math.ceil(len(records) / COLUMNS)
    height = HEAD + FOOT + PANEL_HEIGHT * rows
    figure = new_figure(WIDTH, height)
    told = title("Speedup of every block in time order, worst comparison first", len(records), total)
    figure.text(0.02, 1.0 - 0.14 / height, told, size=12, va="top")
    for number, (record, name) in enumerate(zip(records, _names(records), strict=True)):
        row, column = divmod(number, COLUMNS)
        bottom = height - HEAD - PANEL_HEIGHT * (row + 1) + 0.3
        axes = figure.add_axes(
            (0.055 + column / COLUMNS * 0.96, bottom / height, 0.255, (PANEL_HEIGHT - 0.8) / height)
        )
        _draw_panel(axes, record, name)
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.01, 0.03 / height), "ncols": 5}
    figure.legend(handles=_legend(), frameon=False, fontsize=8, **place)
    return figure


def _names(records: Sequence[Comparison]) -> list[str]:
    """Return the test's function and the label where that tells the comparisons apart, else the names of a table."""
    brief = [named(record.nodeid.rpartition("::")[2], record.label) for record in records]
    return brief if len(set(brief)) == len(brief) else text.short_names(records)


def _draw_panel(axes: Any, record: Comparison, name: str) -> None:
    colour = STYLES[record.verdict].colour
    speedups = [math.exp(-x) for x in record.blocks]
    low, high = block_limits(record, speedups)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_xlim(0, len(speedups) + 1)
    # A block outside the picture is drawn on its edge.
    drawn = [min(max(value, low), high) for value in speedups]
    numbers = range(1, len(drawn) + 1)
    axes.plot(
        numbers,
        drawn,
        ".",
        color="#444444",
        markersize=4.5,
        markeredgewidth=0,
        zorder=2,
        clip_on=False,
        rasterized=len(drawn) > MOST_OUTLINES,
    )
    if record.interval is not None:
        axes.axhspan(*record.interval, color=colour, alpha=0.18, linewidth=0, zorder=1)
    if record.speedup is not None:
        axes.axhline(record.speedup, color=colour, linewidth=1.6, zorder=3)
    axes.axhline(record.claim_limit, color=CLAIM, linewidth=1.1, linestyle=(0, (4, 2)), zorder=2.5)
    if record.stored is not None:
        axes.axhline(record.stored[1], color=STORED, linewidth=1.1, linestyle=(0, (1, 1.2)), zorder=2.5)
    axes.set_title(shorten(name, NAME_LENGTH), size=7.5, loc="left", pad=13, color=TEXT)
    axes.annotate(
        f"{record.verdict} {speedup(record)}, {len(drawn):,} blocks",
        (0.0, 1.03),
        xycoords="axes fraction",
        size=7.5,
        color=colour,
        weight="bold",
    )
    axes.grid(axis="y", which="major", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=7, length=2)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    name_ticks(axes.yaxis, ticks(low, high, 5), exactly)


def _legend() -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return [
        Line2D([], [], color="#444444", marker=".", markersize=5, mew=0, ls="none", label="block"),
        Line2D([], [], color="#555555", linewidth=1.6, label="median"),
        Patch(color="#555555", alpha=0.25, linewidth=0, label="its interval"),
        Line2D([], [], color=CLAIM, linewidth=1.1, ls=(0, (4, 2)), label="claimed speedup (where near)"),
        Line2D([], [], color=STORED, linewidth=1.1, ls=(0, (1, 1.2)), label="stored baseline (where near)"),
    ]
