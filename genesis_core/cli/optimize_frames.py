"""What a study's charts have in common: a head that names the study, room around the axes, words for nothing."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from genesis_core.cli import charts
from genesis_core.cli.charts import BLACK
from genesis_core.optimize.summary import StudySummary

WIDTH = 12.0
"""Inches."""


def titled(body: float, summary: StudySummary, what: str, more: list[str]) -> Any:
    """Return a figure with so many inches below its title and the line of its legend."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in summary.counts.items() if count)
    said = f"{summary.objective}; {summary.trials:,} {'trial' if summary.trials == 1 else 'trials'}: {kinds}"
    title = wrap(f"{summary.study}: {what}", 84)
    lines = [part for text in (said, *more) for part in wrap(text, 140)]
    height = body + 0.5 + 0.26 * len(title) + 0.19 * len(lines)
    figure = charts.new_figure(WIDTH, height)
    look = {"x": 0.012, "va": "top", "color": BLACK, "linespacing": 1.25}
    figure.text(y=1.0 - 0.12 / height, s="\n".join(title), size=13, weight="bold", **look)
    figure.text(y=1.0 - (0.16 + 0.26 * len(title)) / height, s="\n".join(lines), **look)
    figure.set_layout_engine("constrained", rect=(0.012, 0.005, 0.978, body / height - 0.005))
    return figure


def finished(figure: Any, scale: str) -> Any:
    """Name what goes up, say above all what the shapes are, and settle where everything is."""
    first, top = figure.axes[0], figure.get_layout_engine().get()["rect"][3] + 0.005
    figure.supylabel(scale, size=9)
    shapes = {label: shape for shape, label in zip(*first.get_legend_handles_labels(), strict=True)}
    look = {"ncols": 8, "frameon": False, "fontsize": 8, "columnspacing": 1.5, "handletextpad": 0.4}
    figure.legend(shapes.values(), shapes.keys(), loc="lower left", bbox_to_anchor=(0.005, top), **look)
    # This layout lets nothing be cut off, but its solver differs in the last bits from call to call.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        axes.set_position([round(part, 4) for part in axes.get_position().bounds])
    return figure


def say(axes: Any, text: str) -> None:
    """Write words where there is nothing to draw."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", size=13, color=BLACK)


def broken(text: str, most: int) -> str:
    """Return it in at most two lines; what is too much is left out of the middle."""
    parts = wrap(text, most)
    return "\n".join(parts if len(parts) <= 2 else [parts[0], f"…{text[1 - most :]}"])


def short(value: Any, _: int = 0) -> str:
    """Write a value as short as it reads."""
    return f"{value:,.10g}" if isinstance(value, float) else str(value)
