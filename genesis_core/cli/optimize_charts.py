"""A study's charts: the search over time, the score over each parameter, and what the parameters explain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genesis_core.cli.charts import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    check_chart,
    new_figure,
    own_style,
    plain_frame,
    save,
)
from genesis_core.cli.shell import UsageError
from genesis_core.optimize.importance import LEAST_TRIALS
from genesis_core.optimize.ranking import best_of
from genesis_core.optimize.space import Choice, Fixed, Float, Int, Map

if TYPE_CHECKING:
    from genesis_core.optimize.record import Record
    from genesis_core.optimize.summarizing import StudyReader, Summary

WIDTH = 12.0
MOST_PANELS, MOST_BARS = 12, 40
MOST_SHAPES = 2_000
"""Above, dots are pixels within the SVG: as shapes, so many would be a file of megabytes."""
FEW_VALUES = 12
"""A stepped range with no more values has a column of dots for each, as choices do."""
GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class _Trials:
    """The trials with a score, in order, and between which scores they are drawn."""

    records: list[Record]
    scores: NDArray[np.float64]
    feasible: NDArray[np.bool_]
    best: Record | None
    low: float
    high: float


@dataclass(frozen=True)
class _Panel:
    """A parameter that varies, or one place of a map."""

    name: str
    kind: Int | Float | Choice
    parameter: str
    place: int | None = None

    def value(self, record: Record) -> Any:
        value = record.parameters[self.parameter]
        return value if self.place is None else value[self.place][-1]


def draw_history(reader: StudyReader, summary: Summary) -> Any:
    """Draw the score of each trial against its number, the best so far, and how each fold's best did out-of-sample.

    Parameters
    ----------
    reader : StudyReader
        The study, read.
    summary : Summary
        What it said.

    Returns
    -------
    matplotlib.figure.Figure
    """
    with own_style():
        tested = [score for fold in summary.folds for score in (fold.best.in_sample, fold.best.out_of_sample)]
        trials = _scored(reader, [score for score in tested if score is not None])
        figure = _titled(4.9, summary, "score of each trial", [], legend=True)
        aside = min(0.9 + 0.25 * len(summary.folds), 4.0)
        axes, *side = figure.subplots(
            1,
            2 if summary.folds else 1,
            sharey=True,
            squeeze=False,
            gridspec_kw={"width_ratios": [WIDTH - aside, aside] if summary.folds else None},
        )[0]
        numbers = np.array([record.number for record in trials.records], dtype=np.float64)
        _draw_best_so_far(axes, reader, trials, summary.trials)
        _draw_trials(axes, numbers, trials)
        last = max(summary.trials - 1, int(numbers.max(initial=0.0)))
        axes.set_xlim(-0.02 * last - 0.5, 1.02 * last + 0.5)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.set_xlabel("trial")
        _scores_axis(axes, trials)
        if trials.best is not None:
            _label_best(axes, reader, trials, trials.best, last)
        for panel in side:
            _draw_folds(panel, summary, trials)
        _legend(figure, [axes, *side])
    return figure


def draw_slices(reader: StudyReader, summary: Summary) -> Any:
    """Draw the score over the values of each parameter that varies, the most important first.

    Parameters
    ----------
    reader : StudyReader
        The study, read.
    summary : Summary
        What it said.

    Returns
    -------
    matplotlib.figure.Figure
    """
    shares = {one.parameter: one.share for one in summary.importances}
    every = sorted(_panels(reader), key=lambda panel: -shares.get(panel.name, -1.0))
    panels = every[:MOST_PANELS]
    lines = (
        ["percent: share of the variance of the score ranks that the parameter explains alone"]
        if shares
        else []
    )
    if len(panels) < len(every):
        which = "most important" if shares else "first"
        lines.append(
            f"the {len(panels)} {which} of {len(every)} parameters; {len(every) - len(panels)} are left out"
        )
    columns = {0: 1, 1: 1, 2: 2, 3: 3, 4: 2, 5: 3, 6: 3, 9: 3}.get(len(panels), 4)
    rows = max(-(-len(panels) // columns), 1)
    with own_style():
        trials = _scored(reader)
        figure = _titled(
            4.6 if rows == 1 else 3.0 * rows, summary, "score over each parameter", lines, legend=True
        )
        grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for place, axes in enumerate(grid.flat):
            if place >= max(len(panels), 1):
                axes.remove()
                continue
            if panels:
                panel = panels[place]
                share = f"  {shares[panel.name]:.1%}" if panel.name in shares else ""
                title = _broken(panel.name, int(88 / columns)) + share
                axes.set_title(title, loc="left", size=9, color=BLACK)
                _draw_panel(axes, panel, trials, WIDTH / columns - 0.5)
            else:
                _say(axes, "no parameter varies")
            _scores_axis(axes, trials)
            if place % columns:
                axes.set_ylabel("")
        _legend(figure, [grid[0, 0]])
    return figure


def draw_importances(reader: StudyReader, summary: Summary) -> Any:
    """Draw how much of the variance of the scores' ranks each parameter explains alone.

    Parameters
    ----------
    reader : StudyReader
        The study, read.
    summary : Summary
        What it said.

    Returns
    -------
    matplotlib.figure.Figure
    """
    bars = summary.importances[:MOST_BARS]
    together = sum(one.share for one in summary.importances)
    lines = []
    if bars and together < 1.0:
        lines.append(f"together {together:.1%}; the rest is what parameters do only together, and chance")
    if len(bars) < len(summary.importances):
        lines.append(
            f"the {len(bars)} most important of {len(summary.importances)} parameters; the others are left out"
        )
    with own_style():
        figure = _titled(0.75 + 0.36 * max(len(bars), 3), summary, "what each parameter explains", lines)
        axes = figure.subplots()
        if not bars:
            scored = len(_scored(reader).records)
            few = f"too few scored trials: {scored}, and at least {LEAST_TRIALS} are needed"
            _say(
                axes,
                few
                if scored < LEAST_TRIALS
                else "nothing to explain: the scores or the parameters do not vary",
            )
            return figure
        shares = [one.share for one in bars]
        axes.barh(range(len(bars)), shares, height=0.6, color=BLUE, alpha=0.8)
        for place, share in enumerate(shares):
            axes.annotate(
                f"{share:.1%}",
                (share, place),
                (4, 0),
                textcoords="offset points",
                va="center",
                size=8.5,
                color=BLACK,
            )
        axes.set_yticks(range(len(bars)), [_broken(one.parameter, 50) for one in bars])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(bars) - 0.5, -0.5)
        axes.set_xlim(0.0, 1.1 * max(*shares, 0.05))
        axes.xaxis.set_major_formatter(
            lambda value, _: f"{value:.4g}%".replace("%", "") if value < 0 else f"{value:.0%}"
        )
        axes.set_xlabel("share of the variance of the score ranks that the parameter explains alone")
        plain_frame(axes)
        axes.grid(axis="y", visible=False)
    return figure


CHARTS: dict[str, Callable[[StudyReader, Summary], Any]] = {
    "history": draw_history,
    "slices": draw_slices,
    "importances": draw_importances,
}
"""Name -> what draws it."""


def draw_all(reader: StudyReader, summary: Summary, folder: Path, suffix: str = ".svg") -> list[Path]:
    """Draw all charts of a study into a folder.

    Parameters
    ----------
    reader : StudyReader
        The study, read.
    summary : Summary
        What it said.
    folder : Path
        Where; made if need be.
    suffix : str
        ``.svg`` or ``.png``.

    Returns
    -------
    list of Path
        The files, in the order of :data:`CHARTS`.

    Raises
    ------
    UsageError
        For another suffix, without matplotlib, or if something cannot be written.
    """
    files = [folder / f"{name}{suffix}" for name in CHARTS]
    check_chart(files[0])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise UsageError(f"--chart {folder}: cannot be made: {fault.strerror}") from None
    for file, draw in zip(files, CHARTS.values(), strict=True):
        save(draw(reader, summary), file)
    return files
