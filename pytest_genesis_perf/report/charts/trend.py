"""The history of speeds: a panel a series, its runs in time order, with the levels between changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from pytest_genesis_perf.notation import exactly
from pytest_genesis_perf.record import named
from pytest_genesis_perf.report.charts.drawing import GRID, STYLES, TEXT, WIDTH, new_figure, title
from pytest_genesis_perf.report.charts.limits import with_room
from pytest_genesis_perf.report.charts.ticks import name_ticks, ticks
from pytest_genesis_perf.report.table import shorten
from pytest_genesis_perf.report.trend import change_text

if TYPE_CHECKING:
    from pytest_genesis_perf.speed_series import Series

STEM = "genesis-perf-trend"
PANEL_HEIGHT = 2.1
"""Inches, with its title and axis."""
HEAD, FOOT = 0.4, 0.45
MOST_PANELS = 30
NAME_LENGTH = 110
SLOWER, FASTER = STYLES["REGRESSED"].colour, STYLES["IMPROVED"].colour


def draw(found: Sequence[Series]) -> Any:
    """Return a panel for each series as a matplotlib figure.

    Parameters
    ----------
    found : sequence of Series
        At least one.
    """
    total, found = len(found), found[:MOST_PANELS]
    height = HEAD + FOOT + PANEL_HEIGHT * len(found)
    figure = new_figure(WIDTH, height)
    told = title("Speedup over time, the largest slowdown first", len(found), total).replace("worst", "first")
    figure.text(0.02, 1.0 - 0.14 / height, told, size=12, va="top")
    for row, series in enumerate(found):
        bottom = height - HEAD - PANEL_HEIGHT * (row + 1) + 0.35
        axes = figure.add_axes((0.07, bottom / height, 0.91, (PANEL_HEIGHT - 1.0) / height))
        _draw_panel(axes, series)
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.01, 0.03 / height), "ncols": 5}
    figure.legend(handles=_legend(), frameon=False, fontsize=8, **place)
    return figure


def _draw_panel(axes: Any, series: Series) -> None:
    values = [entry.speedup for entry in series.entries]
    ends = [end for entry in series.entries for end in entry.interval or (entry.speedup,)]
    low, high = with_room(ends, 1.02)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.set_xlim(-0.7, len(values) - 0.3)
    for number, entry in enumerate(series.entries):
        if entry.interval is not None:
            axes.plot((number, number), entry.interval, color="#BBBBBB", linewidth=1.4, zorder=2)
    axes.plot(range(len(values)), values, ".", color="#444444", markersize=5, mew=0, zorder=3)
    edges = [0, *(point.first for point in series.points), len(values)]
    for first, end in pairwise(edges):
        level = median(values[first:end])
        axes.plot((first - 0.5, end - 0.5), (level, level), color="#0072B2", linewidth=1.8, zorder=4)
    for point in series.points:
        colour = SLOWER if point.change < 0.0 else FASTER
        axes.axvline(point.first - 0.5, color=colour, linewidth=1.6, zorder=1)
    earlier = len(series.points) - 1
    changes = change_text(series, series.points[-1]) if series.points else "no change of level"
    changes += f"; {earlier} earlier" if earlier > 0 else ""
    last = series.entries[-1]
    axes.set_title(
        shorten(named(last.test, last.label), NAME_LENGTH), size=8.5, loc="left", pad=16, color=TEXT
    )
    colour = "#444444" if not series.points else SLOWER if series.last_change < 0.0 else FASTER
    axes.annotate(changes, (0.0, 1.04), xycoords="axes fraction", size=7.5, color=colour, weight="bold")
    axes.grid(axis="y", which="major", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=7, length=2)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    name_ticks(axes.yaxis, ticks(low, high, 5), exactly)
    shown = sorted({0, len(values) - 1, *range(0, len(values), max(1, math.ceil(len(values) / 8)))})
    if len(shown) > 2 and shown[-1] - shown[-2] < len(values) / 16:
        del shown[-2]
    axes.set_xticks(shown, [series.entries[place].time[:10] for place in shown])


def _legend() -> list[Any]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color="#444444", marker=".", markersize=6, mew=0, ls="none", label="run"),
        Line2D([], [], color="#BBBBBB", linewidth=1.4, label="its interval"),
        Line2D([], [], color="#0072B2", linewidth=1.8, label="level"),
        Line2D([], [], color=SLOWER, linewidth=1.6, label="to a slower level"),
        Line2D([], [], color=FASTER, linewidth=1.6, label="to a faster level"),
    ]
