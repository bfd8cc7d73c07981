"""The benchmark's chart: a bar a mode with its interval, on a log axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genesis_core.cli.charts import BLACK, BLUE, new_figure, own_style, plain_frame

if TYPE_CHECKING:
    from genesis_core.benchmarking import Ratio, Report, Row


def draw_benchmark(report: Report) -> Any:
    """Draw the speedup of each way over the baseline, with intervals, on a log axis.

    Parameters
    ----------
    report : Report
        What was measured.

    Returns
    -------
    matplotlib.figure.Figure
    """
    rows = [row for row in report.rows if row.speedup is not None]
    with own_style():
        height = 1.55 + 0.44 * len(rows)
        figure = new_figure(12.0, height)
        axes = figure.add_axes((0.165, 0.68 / height, 0.45, 0.44 * len(rows) / height))
        axes.set_xscale("log")
        ends = [1.0, *(end for row in rows if row.speedup for end in (row.speedup.low, row.speedup.high))]
        least, most = min(ends), max(ends)
        room = max((most / least) ** 0.06, 1.05)
        axes.set_xlim(least / room, most * room)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.axvline(1.0, color=BLACK, linewidth=1.0, zorder=3)
        for place, row in enumerate(rows):
            assert row.speedup is not None
            if not row.no_effect:
                _draw_speedup(axes, place, row.speedup)
            beside: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "va": "center", "size": 8.5}
            axes.annotate(row.speedup_text(), (1.03, place), weight="bold", color=BLACK, **beside)
            axes.annotate(row.cost_text(), (1.42, place), color="#555555", **beside)
        axes.set_yticks(range(len(rows)), [_named(row, report) for row in rows])
        axes.tick_params(axis="y", length=0)
        plain_frame(axes)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="y", visible=False)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.6g}x")
        axes.set_xlabel("speedup, log scale, right is faster; line: interval of the median")
        figure.text(0.02, 1.0 - 0.3 / height, report.title, size=12, weight="bold", color=BLACK, va="center")
        figure.text(0.02, 1.0 - 0.58 / height, report.subtitle, size=8.5, color=BLACK, va="center")
    return figure


def _draw_speedup(axes: Any, place: int, speedup: Ratio) -> None:
    left, right = sorted((1.0, speedup.median))
    axes.barh(place, right - left, left=left, height=0.56, color=BLUE, alpha=0.8, zorder=2)
    axes.plot((speedup.low, speedup.high), (place, place), color=BLACK, linewidth=1.4, zorder=4)
    for end in (speedup.low, speedup.high):
        axes.plot((end, end), (place - 0.14, place + 0.14), color=BLACK, linewidth=1.4, zorder=4)


def _named(row: Row, report: Report) -> str:
    if row.against == report.baseline.name:
        return row.name
    return f"{row.name}\n(over {row.against})"
