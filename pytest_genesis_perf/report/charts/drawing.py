"""What all charts share: how verdicts look, names of rows, and files whose bytes follow from what is drawn."""

from __future__ import annotations

import os
import posixpath
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_genesis_perf.record import DEFAULT_LABEL
from pytest_genesis_perf.report.table import shorten

if TYPE_CHECKING:
    from pytest_genesis_perf.record import Comparison

WIDTH = 11.0
"""Inches."""
LABEL_LENGTH = 48
CLAIM, STORED, GRID, TEXT = "#333333", "#CC79A7", "#DDDDDD", "#222222"


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


def shape(verdict: str, size: float = 7.0) -> dict[str, Any]:
    """Return how matplotlib draws the mark of a verdict, without its colour."""
    return {
        "marker": STYLES[verdict].marker,
        "markersize": size,
        "markeredgecolor": "white",
        "markeredgewidth": 0.6,
        "linestyle": "none",
    }


def names(records: Sequence[Comparison]) -> list[str]:
    """Return the tests without the folders that all of them share, a label of its own on a second line."""
    shared = posixpath.commonpath([posixpath.dirname(record.nodeid.partition("::")[0]) for record in records])
    folders = len(shared) + 1 if shared else 0
    found = []
    for record in records:
        label = "" if record.label == DEFAULT_LABEL else f"\n{shorten(record.label, LABEL_LENGTH)}"
        found.append(shorten(record.nodeid[folders:], LABEL_LENGTH) + label)
    return found


def title(what: str, shown: int, of: int) -> str:
    """Return the title of a chart, which says where it does not show all."""
    return what if shown == of else f"{what}: the {shown} worst of {of:,}"


def new_figure(width: float, height: float) -> Any:
    """Return an empty figure of so many inches, which draws without a screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def save(folder: Path, stem: str, draw: Callable[[], Any]) -> list[Path]:
    """Draw into a folder as SVG and PNG, and return their paths.

    Parameters
    ----------
    folder : Path
        An existing folder.
    stem : str
        Name of the files without what comes behind the dot.
    draw : callable
        Returns the figure.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    import matplotlib

    svg, png = _paths(folder, stem)
    with warnings.catch_warnings(), matplotlib.rc_context():
        # A name in a script that the font lacks is drawn as boxes: no reason to fail a run under -W error.
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rc("svg", hashsalt=stem, fonttype="path")
        matplotlib.rc("font", family="DejaVu Sans", size=9.0)
        matplotlib.rc("text", parse_math=False)  # a node id may hold dollar signs
        matplotlib.rc("savefig", dpi=130.0)
        figure = draw()
        # Dates and versions inside the files would change their bytes without a change of content.
        for path, metadata in ((svg, {"Date": None, "Creator": None}), (png, {"Software": None})):
            unfinished = path.with_name(f".{path.name}.tmp")
            figure.savefig(unfinished, format=path.suffix[1:], metadata=metadata)
            os.replace(unfinished, path)
    return [svg, png]


def remove(folder: Path, stem: str) -> None:
    """Remove the files that :func:`save` wrote in an earlier run."""
    for path in _paths(folder, stem):
        path.unlink(missing_ok=True)


def _paths(folder: Path, stem: str) -> tuple[Path, Path]:
    return folder / f"{stem}.svg", folder / f"{stem}.png"
