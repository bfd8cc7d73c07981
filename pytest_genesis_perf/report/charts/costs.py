"""What a call of each arm costs besides time: peak memory, and instructions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_genesis_perf.notation import short_count, size
from pytest_genesis_perf.report.charts.drawing import GRID, STORED, TEXT, WIDTH, names, new_figure, title
from pytest_genesis_perf.report.charts.limits import with_room
from pytest_genesis_perf.report.charts.ticks import binary_ticks, name_ticks, ticks

if TYPE_CHECKING:
    from pytest_genesis_perf.record import Comparison

Counts = Mapping[str, "int | str"]
ROW_HEIGHT = 0.4
MARGIN_HEIGHT = 1.55
MOST_ROWS = 100
BASELINE, OPTIMIZED = "#777777", "#0072B2"


@dataclass(frozen=True)
class Kind:
    """One kind of cost.

    Parameters
    ----------
    stem : str
        Name of its files.
    heading, axis : str
        Over the chart and below it.
    now, before : callable
        Return the counts of a comparison, and the stored ones.
    named : callable
        Returns a count in words.
    ticks : callable
        Returns round numbers between two ends.
    """

    stem: str
    heading: str
    axis: str
    now: Callable[[Comparison], Counts | None]
    before: Callable[[Comparison], Counts | None]
    named: Callable[[int], str]
    ticks: Callable[[float, float], list[float]]

    def draw(self, records: Sequence[Comparison]) -> Any:
        """Return a row for each comparison as a matplotlib figure.

        Parameters
        ----------
        records : sequence of Comparison
            Counted ones, at least one.
        """
        return _draw(self, records)


MEMORY = Kind(
    "genesis-perf-memory",
    "Peak memory of a call",
    "peak memory that Python's allocators gave out (log scale, left is less)",
    lambda record: record.memory_bytes,
    lambda record: record.stored_memory_bytes,
    size,
    binary_ticks,
)
INSTRUCTIONS = Kind(
    "genesis-perf-instructions",
    "Instructions of a call",
    "instructions of a processor (log scale, left is less)",
    lambda record: record.instructions,
    lambda record: record.stored_instructions,
    short_count,
    ticks,
)


def counted(records: Sequence[Comparison], kind: Kind) -> list[Comparison]:
    """Return the comparisons of which a cost was counted."""
    return [record for record in records if kind.now(record) is not None]


def _draw(kind: Kind, records: Sequence[Comparison]) -> Any:
    total, records = len(records), records[:MOST_ROWS]
    rows = [(_pair(kind.now(record)), _pair(kind.before(record))) for record in records]
    counts = [count for now, before in rows for count in (*(now or ()), *(before or ()))]
    height = MARGIN_HEIGHT + ROW_HEIGHT * len(records)
    figure = new_figure(WIDTH, height)
    axes = figure.add_axes((0.31, 1.0 / height, 0.43, ROW_HEIGHT * len(records) / height))
    limits = with_room([max(count, 1) for count in counts], 1.05)  # a log axis has no place for 0
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    axes.set_ylim(len(records) - 0.5, -0.5)
    for row, (now, before) in enumerate(rows):
        _draw_row(axes, row, kind, now, before)
    axes.set_yticks(range(len(records)), names(records), size=8.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", which="major", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    name_ticks(axes.xaxis, kind.ticks(*limits), lambda value: _rounded(kind.named(round(value))))
    axes.set_xlabel(kind.axis)
    figure.text(0.02, 1.0 - 0.16 / height, title(kind.heading, len(records), total), size=12, va="top")
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.01, 0.02 / height), "ncols": 4}
    figure.legend(handles=_legend(), frameon=False, fontsize=8, **place)
    return figure


def _draw_row(
    axes: Any, row: int, kind: Kind, now: tuple[int, int] | None, before: tuple[int, int] | None
) -> None:
    if row % 2 == 0:
        axes.axhspan(row - 0.5, row + 0.5, color="#F6F6F6", zorder=0, linewidth=0)
    if now is None:
        return
    baseline, optimized = (max(count, 1) for count in now)
    axes.plot((baseline, optimized), (row, row), color="#AAAAAA", linewidth=1.4, zorder=2)
    axes.plot(baseline, row, "o", color=BASELINE, markerfacecolor="white", markersize=7, mew=1.6, zorder=3)
    axes.plot(optimized, row, "o", color=OPTIMIZED, markersize=7, markeredgecolor="white", mew=0.6, zorder=4)
    if before is not None:
        axes.plot(max(before[1], 1), row, "|", color=STORED, markersize=15, mew=2.2, zorder=2.5)
    told = f"{kind.named(now[0])}, {kind.named(now[1])}"
    axes.annotate(told, (1.03, row), xycoords=("axes fraction", "data"), va="center", size=8.5, color=TEXT)


def _pair(counts: Counts | None) -> tuple[int, int] | None:
    return None if counts is None else (int(counts["baseline"]), int(counts["optimized"]))


def _rounded(words: str) -> str:
    """Return a tick's text without decimals that say nothing: ``16.0 KiB`` is ``16 KiB``."""
    return re.sub(r"\.0+(?=\D|$)", "", words)


def _legend() -> list[Any]:
    from matplotlib.lines import Line2D

    common: dict[str, Any] = {"marker": "o", "markersize": 7, "ls": "none"}
    return [
        Line2D([], [], color=BASELINE, mfc="white", mew=1.6, label="baseline arm", **common),
        Line2D([], [], color=OPTIMIZED, mec="white", mew=0.6, label="optimized arm", **common),
        Line2D(
            [], [], color=STORED, marker="|", markersize=12, mew=2.2, ls="none", label="stored, optimized arm"
        ),
    ]
