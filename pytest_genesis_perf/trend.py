"""``genesis-perf trend``: each series of a history with the changes of its level."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_genesis_perf.change_points import ChangePoint, change_points
from pytest_genesis_perf.screen import Screen, shows_colours, width_of
from pytest_genesis_perf.stored_reports import Colour, ColourOption, write_json

if TYPE_CHECKING:
    from pytest_genesis_perf.history import Entry


@dataclass(frozen=True)
class Series:
    """The runs of one comparison in one environment class, with one work.

    Parameters
    ----------
    entries : tuple of Entry
        In time order, at least one.
    points : tuple of ChangePoint
        Where its level changed.
    """

    entries: tuple[Entry, ...]
    points: tuple[ChangePoint, ...]

    @property
    def last_change(self) -> float:
        """How much the level changed last, 0 where it never did."""
        return self.points[-1].change if self.points else 0.0


def series_of(entries: Iterable[Entry]) -> list[Series]:
    """Return the series of a history: the largest slowdown first, then the largest speedup, then the unchanged.

    Parameters
    ----------
    entries : iterable of Entry
        In any order; runs of one second keep theirs.
    """
    grouped: dict[tuple[str, str, str, str], list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.time):
        key = entry.test, entry.label, entry.environment, entry.work or ""
        grouped.setdefault(key, []).append(entry)
    found = [
        Series(tuple(runs), tuple(change_points([run.speedup for run in runs])))
        for _, runs in sorted(grouped.items())
    ]
    return sorted(found, key=lambda series: (series.last_change >= 0.0, -abs(series.last_change)))


def trend(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of --genesis-perf-history.")],
    patterns: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATTERN]...", help="Only tests like these, such as '*test_paths*'."),
    ] = None,
    charts: Annotated[
        Path | None,
        typer.Option("--charts", metavar="DIR", help="Draw every series into DIR, as SVG and PNG."),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json",
            metavar="FILE",
            help="Write the result as JSON; - for standard output, and nothing else.",
        ),
    ] = None,
    color: ColourOption = Colour.AUTO,
) -> None:
    """Show how the speedup of each comparison went over time, and where its level changed.

    A change of level is a place to look at, not a verdict. The exit code is 0 whatever is found.
    """
    from pytest_genesis_perf.history import HistoryError, read
    from pytest_genesis_perf.report import trend as lines

    try:
        entries = [entry for entry in read(file) if _wanted(entry.test, patterns)]
    except HistoryError as error:
        raise typer.BadParameter(str(error), param_hint="FILE") from None
    if not entries:
        which = f" like {' or '.join(patterns)}" if patterns else ""
        raise typer.BadParameter(f"{file}: no comparison{which}", param_hint="FILE")
    found = series_of(entries)
    drawn = _draw(charts, found) if charts is not None else []
    if json_file is None or str(json_file) != "-":
        coloured = shows_colours(sys.stdout) if color is Colour.AUTO else color is Colour.ALWAYS
        screen = Screen(sys.stdout, coloured=coloured)
        lines.write(screen, found, width_of(sys.stdout, lines.LOG_WIDTH), _drawable(sys.stdout.encoding))
        for path in drawn:
            screen.write_line(f"chart: {path}")
    if json_file is not None:
        write_json(json_file, json.dumps(lines.to_plain(found), indent=2, allow_nan=False) + "\n")


def _wanted(test: str, patterns: Sequence[str] | None) -> bool:
    return not patterns or any(p in test or fnmatchcase(test, p) for p in patterns)


def _draw(folder: Path, found: Sequence[Series]) -> list[Path]:
    try:
        from pytest_genesis_perf.report.charts import drawing
        from pytest_genesis_perf.report.charts import trend as chart

        folder.mkdir(parents=True, exist_ok=True)
        return drawing.save(folder, chart.STEM, lambda: chart.draw(found))
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        raise typer.BadParameter(
            "charts need matplotlib: pip install 'genesis-core[perf]'", param_hint="--charts"
        ) from None
    except OSError as error:
        raise typer.BadParameter(f"{folder}: {error.strerror}", param_hint="--charts") from None


def _drawable(encoding: str | None) -> bool:
    """Say whether a stream can write the signs that a small drawing is made of."""
    from pytest_genesis_perf.report.trend import STEPS

    try:
        STEPS.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
