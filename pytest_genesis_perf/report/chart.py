"""The speedup chart: a row a comparison, worst first, the same bytes for the same records."""

from __future__ import annotations

import math
import posixpath
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_genesis_perf.notation import exactly
from pytest_genesis_perf.record import DEFAULT_LABEL
from pytest_genesis_perf.record_text import speedup
from pytest_genesis_perf.report import text
from pytest_genesis_perf.report.table import shorten

if TYPE_CHECKING:
    from pytest_genesis_perf.notation import exactly
from pytest_genesis_perf.record import Comparison

STEM = "genesis-perf-speedup"
WIDTH = 11.0
"""Inches."""
ROW_HEIGHT = 0.4
MARGIN_HEIGHT = 1.75
LABEL_LENGTH = 48
WORK_LENGTH = 30
MOST_TICKS = 9
CLAIM, STORED = "#333333", "#CC79A7"


@dataclass(frozen=True)
class Style:
    """How a verdict is drawn: its shape and word tell it, its colour repeats it.

    Parameters
    ----------
    marker : str
        matplotlib's marker.
    colour : str
        Of the Okabe-Ito palette, which colour-blind readers can tell apart.
    """

    marker: str
    colour: str


STYLES = {
    "ERROR": Style("X", "#000000"),
    "DIFFERENT": Style("X", "#000000"),
    "REGRESSED": Style("v", "#D55E00"),
    "MISSED": Style("v", "#D55E00"),
    "INCONCLUSIVE": Style("D", "#B07800"),
    "NO-BASELINE": Style("s", "#0072B2"),
    "IMPROVED": Style("^", "#007A5A"),
    "PASS": Style("o", "#007A5A"),
}


def write(folder: Path, records: Sequence[Comparison]) -> list[Path]:
    """Draw the chart into a folder as SVG and PNG, and return their paths.

    Parameters
    ----------
    folder : Path
        An existing folder.
    records : sequence of Comparison
        Worst first; those without a measured speedup keep a row that says so.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    import matplotlib

    svg, png = folder / f"{STEM}.svg", folder / f"{STEM}.png"
    with warnings.catch_warnings(), matplotlib.rc_context():
        # A name in a script that the font lacks is drawn as boxes: no reason to fail a run under -W error.
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rc("svg", hashsalt=STEM, fonttype="path")
        matplotlib.rc("font", family="DejaVu Sans", size=9.0)
        matplotlib.rc("text", parse_math=False)  # a node id may hold dollar signs
        matplotlib.rc("savefig", dpi=130.0)
        figure = draw(records)
        # Dates and versions inside the files would change their bytes without a change of content.
        figure.savefig(svg, metadata={"Date": None, "Creator": None})
        figure.savefig(png, metadata={"Software": None})
    return [svg, png]


def draw(records: Sequence[Comparison]) -> Any:
    """Return the chart as a matplotlib figure.

    Parameters
    ----------
    records : sequence of Comparison
        Worst first, at least one.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height = MARGIN_HEIGHT + ROW_HEIGHT * len(records)
    figure = Figure(figsize=(WIDTH, height))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.31, 1.2 / height, 0.37, ROW_HEIGHT * len(records) / height))
    axes.set_xscale("log")
    axes.set_xlim(*_limits(records))
    axes.set_ylim(len(records) - 0.5, -0.5)
    axes.axvline(1.0, color="#777777", linewidth=0.9, zorder=1)
    for row, record in enumerate(records):
        _draw_speedup(axes, row, record)
        _write_verdict(axes, row, record)
    axes.set_yticks(range(len(records)), _names(records), size=8.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", which="major", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    _name_ticks(axes)
    axes.set_xlabel("speedup: baseline time / optimized time (log scale, right is faster)")
    figure.text(0.02, 1.0 - 0.16 / height, "Speedup of each comparison, worst first", size=12, va="top")
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0.01, 0.05 / height), "ncols": 4}
    figure.legend(handles=_legend(records), frameon=False, fontsize=8, **place)
    return figure


def _names(records: Sequence[Comparison]) -> list[str]:
    """Return the tests without the folders that all of them share, a label of its own on a second line."""
    shared = posixpath.commonpath([posixpath.dirname(record.nodeid.partition("::")[0]) for record in records])
    folders = len(shared) + 1 if shared else 0
    names = []
    for record in records:
        label = "" if record.label == DEFAULT_LABEL else f"\n{shorten(record.label, LABEL_LENGTH)}"
        names.append(shorten(record.nodeid[folders:], LABEL_LENGTH) + label)
    return names


def _draw_speedup(axes: Any, row: int, record: Comparison) -> None:
    colour = STYLES[record.verdict].colour
    if row % 2 == 0:
        axes.axhspan(row - 0.5, row + 0.5, color="#F6F6F6", zorder=0, linewidth=0)
    if record.speedup is not None:
        ends = record.interval or (record.speedup, record.speedup)
        axes.plot(ends, (row, row), color=colour, linewidth=2.4, zorder=3, solid_capstyle="butt")
        axes.plot(record.speedup, row, color=colour, zorder=4, **_shape(record.verdict))
        limit = record.claim_limit
        axes.plot((limit, limit), (row - 0.34, row + 0.34), color=CLAIM, linewidth=1.3, zorder=2)
    if record.stored is not None:
        axes.plot(record.stored[1], row, "|", color=STORED, markersize=15, mew=2.2, zorder=2.5)


def _write_verdict(axes: Any, row: int, record: Comparison) -> None:
    beside = {"xycoords": ("axes fraction", "data"), "va": "center", "size": 8.5}
    colour = STYLES[record.verdict].colour
    (mark,) = axes.plot(1.035, row, color=colour, clip_on=False, **_shape(record.verdict))
    mark.set_transform(axes.get_yaxis_transform())
    axes.annotate(record.verdict, (1.06, row), color=colour, weight="bold", **beside)
    number = speedup(record) if record.speedup is not None else "not measured"
    work = f"\n{shorten(text.work(record), WORK_LENGTH)}" if text.work(record) else ""
    axes.annotate(f"{number}{work}", (1.34, row), color="#222222", **beside)


def _shape(verdict: str) -> dict[str, Any]:
    return {
        "marker": STYLES[verdict].marker,
        "markersize": 7,
        "markeredgecolor": "white",
        "markeredgewidth": 0.6,
        "linestyle": "none",
    }


def _limits(records: Sequence[Comparison]) -> tuple[float, float]:
    """Return the ends of the axis: all intervals, marks and 1, with room beside them."""
    shown = [1.0]
    for record in records:
        if record.speedup is not None:
            shown += [record.speedup, record.claim_limit, *(record.interval or ())]
        if record.stored is not None:
            shown.append(record.stored[1])
    low, high = min(shown), max(shown)
    room = max((high / low) ** 0.06, 1.03)
    return low / room, high * room


def _name_ticks(axes: Any) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(FixedLocator(ticks(low, high)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: exactly(value)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())


def ticks(low: float, high: float) -> list[float]:
    """Return round speedups between two ends of a log axis, at most nine.

    Parameters
    ----------
    low, high : float
        The ends, positive, `low` below `high`.
    """
    if high < 3.0 * low:
        return _even(low, high)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        found = [step * 10.0**decade for decade in decades for step in steps]
        found = [tick for tick in found if low <= tick <= high]
        if len(found) <= MOST_TICKS:
            return found
    # Every second decade, or third, ...: those that keep 1.
    stride = math.ceil(len(found) / MOST_TICKS)
    return [10.0**decade for decade in decades if decade % stride == 0 and low <= 10.0**decade <= high]


def _even(low: float, high: float) -> list[float]:
    # On less than half a decade a log axis reads like a linear one: even steps of 1, 2 or 5.
    rough = (high - low) / (MOST_TICKS - 2)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1.0, 2.0, 5.0, 10.0) if s * power >= rough)
    return [n * step for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _legend(records: Sequence[Comparison]) -> list[Any]:
    from matplotlib.lines import Line2D

    used = dict.fromkeys(record.verdict for record in records)
    verdicts = [Line2D([], [], color=STYLES[v].colour, label=v, **_shape(v)) for v in used]
    return [
        *verdicts,
        Line2D([], [], color="#555555", linewidth=2.4, label="interval of the median"),
        Line2D([], [], color=CLAIM, marker="|", markersize=11, mew=1.5, ls="none", label="claimed speedup"),
        Line2D([], [], color=STORED, marker="|", markersize=12, mew=2.2, ls="none", label="stored baseline"),
    ]
