"""A study's charts: its scores in order, its scores over each parameter, and what the parameters explain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genesis_core.cli import charts
from genesis_core.cli.charts import BLACK, BLUE, GREEN, ORANGE
from genesis_core.cli.optimize_frames import WIDTH, broken, finished, say, short, titled
from genesis_core.cli.shell import UsageError
from genesis_core.optimize.importance import LEAST_TRIALS
from genesis_core.optimize.record import Record
from genesis_core.optimize.space import Choice, Float, Int, Map
from genesis_core.optimize.summarizing import StudyReader
from genesis_core.optimize.summary import StudySummary

MOST_PANELS, MOST_COLUMNS = 12, 12  # panels; values drawn as columns of dots
MOST_SHAPES = 2_000  # dots; more are pixels within an SVG: as shapes they would be megabytes
EXPLAINED = "share of the variance of the score ranks that the parameter explains alone"
LOOKS: dict[str, dict[str, Any]] = {
    "infeasible": {"marker": "x", "color": "#A6A6A6", "linewidths": 0.7, "zorder": 2},
    "feasible": {"color": BLUE, "linewidths": 0.0, "alpha": 0.75, "zorder": 3},
    "above the chart": {"marker": "^", "color": BLACK, "linewidths": 0.4, "zorder": 4},
    "below the chart": {"marker": "v", "color": BLACK, "linewidths": 0.4, "zorder": 4},
    "best": {
        "marker": "*",
        "s": 150.0,
        "color": ORANGE,
        "edgecolor": "white",
        "linewidths": 0.7,
        "zorder": 6,
    },
}


class _Trials(NamedTuple):
    """The trials with a score, in order; the place of the best, if any ranks; what scores the chart shows."""

    records: list[Record]
    scores: NDArray[np.float64]
    feasible: NDArray[np.bool_]
    best: list[int]
    low: float
    high: float


def draw_history(reader: StudyReader, summary: StudySummary) -> Any:
    """Draw the score of each trial, the best so far, and what the best of each fold scored out-of-sample.

    Parameters
    ----------
    reader, summary
        The study, and what the reader said of it.
    """
    tests = [fold.best.out_of_sample for fold in summary.folds]
    said = ", ".join("no score" if test is None else f"{test:,.4g}" for test in tests)
    with charts.own_style():
        trials = _scored(reader, known := [test for test in tests if test is not None])
        lines = [f"the best of each fold scored out-of-sample: {said}"] if tests else []
        figure = titled(4.9, summary, "score of each trial", lines)
        axes = figure.subplots()
        numbers = np.array([record.number for record in trials.records], dtype=np.float64)
        last = max(summary.trials - 1.0, numbers.max(initial=0.0))
        _draw_trials(axes, numbers, trials, MOST_SHAPES)
        numbered = [fold.fold for fold in summary.folds if fold.best.out_of_sample is not None]
        for fold, test in zip(numbered, np.clip(known, trials.low, trials.high), strict=True):
            axes.axhline(test, color=BLACK, linewidth=1.0, linestyle=(0, (5, 3)), label="out-of-sample")
            look = {"ha": "right", "va": "bottom", "size": 8, "transform": axes.get_yaxis_transform()}
            axes.text(0.997, test, f"test {fold}", **look)
        for place in trials.best:
            up = reader.study.search.objective.direction == "maximize"
            so_far = (np.fmax if up else np.fmin).accumulate(np.where(trials.feasible, trials.scores, np.nan))
            look = {"color": GREEN, "linewidth": 1.4, "label": "best so far", "zorder": 5}
            axes.step(np.append(numbers, last), np.append(so_far, so_far[-1]), where="post", **look)
            number, score, left = numbers[place], trials.scores[place], numbers[place] > 0.5 * last
            at = min(max(score, trials.low), trials.high)
            told = f"trial {number:,.0f}: {score:,.6g}{'' if at == score else ', beyond the chart'}"
            look = {"ha": "right" if left else "left", "va": "center", "weight": "bold", "zorder": 7}
            look["bbox"] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.0}
            shift = (-9 if left else 9, 11 if up else -11)
            axes.annotate(told, (number, at), shift, textcoords="offset points", **look)
        axes.set_xlim(-0.02 * last - 0.5, 1.02 * last + 0.5)
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axes.xaxis.set_major_formatter(short)
        axes.set_xlabel("trial")
        return finished(figure, "score")


def draw_slices(reader: StudyReader, summary: StudySummary) -> Any:
    """Draw the score over the values of each parameter that varies, the most important first.

    Parameters
    ----------
    reader, summary
        The study, and what the reader said of it.
    """
    shares = {one.parameter: one.share for one in summary.importances}
    with charts.own_style():
        trials = _scored(reader)
        every = sorted(_varied(reader, trials.records), key=lambda one: -shares.get(one[0], -1.0))
        n = min(len(every), MOST_PANELS)
        lines = [f"percent: {EXPLAINED}"] if shares else []
        if n < len(every):
            lines.append(
                f"the first {n} of {len(every)} parameters by importance; {len(every) - n} are left out"
            )
        columns = {0: 1, 1: 1, 2: 2, 3: 3, 4: 2, 5: 3, 6: 3, 9: 3}.get(n, 4)
        rows = max(-(-n // columns), 1)
        figure = titled(4.4 if rows == 1 else 2.6 * rows, summary, "score over each parameter", lines)
        grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for axes, (name, kind, values) in zip(grid.flat, every[:n], strict=False):
            share = f"  {shares[name]:.1%}" if name in shares else ""
            axes.set_title(broken(name, 120 // columns) + share, loc="left", size=9)
            _draw_panel(axes, kind, values, trials, WIDTH / columns, MOST_SHAPES // n)
        for axes in grid.flat[max(n, 1) :]:
            axes.remove()
        if not every:
            say(grid[0, 0], "no parameter varies")
        return finished(figure, "score")


def draw_importances(reader: StudyReader, summary: StudySummary) -> Any:
    """Draw how much of the variance of the scores' ranks each parameter explains alone.

    Parameters
    ----------
    reader, summary
        The study, and what the reader said of it.
    """
    names, shares = [one.parameter for one in summary.importances], [one.share for one in summary.importances]
    with charts.own_style():
        figure = titled(0.75 + 0.36 * max(len(names), 3), summary, "what each parameter explains", [])
        axes = figure.subplots()
        if names:
            bars = axes.barh(range(len(names)), shares, 0.6, color=BLUE)
            axes.bar_label(bars, [f"{one:.1%}" for one in shares], padding=4)
            axes.set_yticks(range(len(names)), [broken(name, 50) for name in names])
            axes.set_ylim(len(names) - 0.5, -0.5)
            axes.set_xlim(0.0, 1.1 * max(shares[0], 0.05))
            axes.xaxis.set_major_formatter(lambda value, _: f"{value * 100.0:.4g}%")
            axes.set_xlabel(EXPLAINED)
            charts.plain_frame(axes)
            axes.grid(axis="y", visible=False)
        elif (scored := len(_scored(reader).records)) < LEAST_TRIALS:
            say(axes, f"too few scored trials: {scored}, and {LEAST_TRIALS} are needed")
        else:
            say(axes, "nothing to explain: the scores or the parameters do not vary")
        return finished(figure, "")


CHARTS = {"history": draw_history, "slices": draw_slices, "importances": draw_importances}


def draw_all(reader: StudyReader, summary: StudySummary, folder: Path, suffix: str = ".svg") -> list[Path]:
    """Write all of :data:`CHARTS` into a folder, which is made if need be, and return the files.

    Raises
    ------
    UsageError
        For a suffix that is no kind of chart, without matplotlib, or if something cannot be written.
    """
    files = [folder / f"{name}{suffix}" for name in CHARTS]
    charts.check_chart(files[0])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise UsageError(f"--chart {folder}: cannot be made: {fault.strerror}") from None
    for file, draw in zip(files, CHARTS.values(), strict=True):
        charts.save(draw(reader, summary), file)
    return files


def _scored(reader: StudyReader, tests: list[float] | None = None) -> _Trials:
    """Return what to draw; absurd scores are beyond the chart if showing them squeezed the others."""
    # A repeated trial has the score of its twin, and would count twice.
    every = reader.trials.all_records()
    records = [one for one in every if one.score is not None and one.status == "complete"]
    scores = np.array([record.score for record in records], dtype=np.float64)
    feasible = np.array([record.feasible for record in records], dtype=np.bool_)
    key, ends = reader.study.search.objective.rank_key, []
    best = sorted(np.flatnonzero(feasible).tolist(), key=lambda place: key(float(scores[place])))[:1]
    for values in (np.unique(part) for part in (scores, scores[feasible]) if part.size):
        # Five times the width of the inner four fifths: 6 standard deviations to each side of what is normal.
        a, b = np.quantile(values, 0.1, method="higher"), np.quantile(values, 0.9, method="lower")
        inside = values[(values >= 3.0 * a - 2.0 * b) & (values <= 3.0 * b - 2.0 * a)]
        few = len(values) < 5 or np.ptp(values) <= 1.5 * np.ptp(inside)
        ends += (values if few else inside)[[0, -1]].tolist()
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    widest = 2.0 * (high - low) or np.inf
    for value in (*(tests or ()), *scores[best].tolist()):
        if max(high, value) - min(low, value) <= widest:
            low, high = min(low, value), max(high, value)
    room = 0.0 if high > low else 0.05 * abs(low) or 0.5
    return _Trials(records, scores, feasible, best, low - room, high + room)


def _draw_trials(axes: Any, places: NDArray[np.float64], trials: _Trials, most: int) -> None:
    count, above, below = len(places), trials.scores > trials.high, trials.scores < trials.low
    inside, best = ~above & ~below, np.isin(np.arange(count), trials.best)
    size = 26.0 if count <= 100 else 10.0 if count <= 1_000 else 5.0 if count <= 5_000 else 3.0
    kinds = (inside & ~trials.feasible, inside & trials.feasible, above, below, best)
    for (name, look), chosen in zip(LOOKS.items(), kinds, strict=True):
        if chosen.any():
            shown = np.clip(trials.scores[chosen], trials.low, trials.high)
            label = name if name == "best" else f"{name}: {chosen.sum():,}"
            many = {"rasterized": True, "alpha": 1.0} if count > most else {}
            own = {"s": size + 2.5 * (name == "infeasible"), "label": label, **look, **many}
            axes.scatter(places[chosen], shown, **own)
    room = 0.08 * (trials.high - trials.low)
    axes.set_ylim(trials.low - room, trials.high + room)
    axes.yaxis.set_major_formatter(short)
    charts.plain_frame(axes)
    if not count:
        say(axes, "no trial has a score")


def _varied(reader: StudyReader, records: list[Record]) -> Iterator[tuple[str, Any, list[Any]]]:
    """Return name, kind and values of each parameter that has several, and of each place of a map."""
    for name, kind in reader.study.search.parameters.items():
        values = [record.parameters[name] for record in records]
        if isinstance(kind, Map) and kind.count() != 1:
            each = Float(low=kind.low, high=kind.high, step=kind.step)
            yield from (
                (f"{name}[{at}]", each, [one[at][-1] for one in values]) for at in range(len(kind.at))
            )
        elif isinstance(kind, (Int, Float, Choice)) and kind.count() != 1:
            yield name, kind, values


def _draw_panel(axes: Any, kind: Any, values: list[Any], trials: _Trials, width: float, most: int) -> None:
    count, places = kind.count(), values
    columns = isinstance(kind, Choice) or (count is not None and count <= MOST_COLUMNS and not kind.log)
    if columns:
        at = {repr(value): place for place, value in enumerate(kind.points())}
        # Multiples of the golden ratio spread evenly: the same place for the same trial, in every chart.
        aside = [0.6 * (record.number * 0.6180339887498949 % 1.0 - 0.5) for record in trials.records]
        places = [at[repr(value)] + shift for value, shift in zip(values, aside, strict=True)]
    _draw_trials(axes, np.array(places, dtype=np.float64), trials, most)
    if columns:
        every, room = 1 + (count - 1) // MOST_COLUMNS, int(13.0 * (width - 0.5) / count) - 1
        upright = room < min(8, max(len(short(value)) for value in kind.points()))
        shown = [broken(short(value), 16 if upright else room) for value in kind.points()[::every]]
        axes.set_xticks(range(0, count, every), shown, size=8, rotation=90 if upright else 0)
        axes.set_xlim(-0.6, count - 0.4)
    else:
        from matplotlib.ticker import LogLocator, MaxNLocator

        first, last = kind.ends()
        axes.update_datalim([(first, trials.low), (last, trials.low)])  # what was not tried shows, too
        axes.set_xscale("log" if kind.log else "linear")
        axes.margins(x=0.04)
        ticks: Any = MaxNLocator(5, integer=isinstance(kind, Int))
        if kind.log and last > 5 * first:
            ticks = LogLocator(subs=(1.0, 2.0, 5.0) if last < 500 * first else (1.0,), numticks=5)
        axes.xaxis.set_major_locator(ticks)
        axes.xaxis.set_major_formatter(short)
        axes.minorticks_off()
    for place in trials.best:
        axes.set_xlabel(f"best: {broken(short(values[place]), int(13.0 * width))}", size=8)
