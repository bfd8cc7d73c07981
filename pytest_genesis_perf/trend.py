"""``genesis-perf trend``: each series of a history with the changes of its level."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_genesis_perf.cli_options import Colour, ColourOption, JsonFile, screen_of, write_json
from pytest_genesis_perf.screen import width_of

if TYPE_CHECKING:
    from pytest_genesis_perf.speed_series import Series


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
    json_file: JsonFile = None,
    color: ColourOption = Colour.AUTO,
) -> None:
    """Show how the speedup of each comparison went over time, and where its level changed.

    A change of level is a place to look at, not a verdict. The exit code is 0 whatever is found.
    """
    from pytest_genesis_perf.history import HistoryError, read
    from pytest_genesis_perf.report import trend as lines
    from pytest_genesis_perf.speed_series import series_of

    try:
        entries = [entry for entry in read(file) if _wanted(entry.test, patterns)]
    except HistoryError as error:
        raise typer.BadParameter(str(error), param_hint="FILE") from None
    if not entries:
        which = f" like {' or '.join(patterns)}" if patterns else ""
        raise typer.BadParameter(
            f"{file}: no comparison{which}", param_hint="PATTERN" if patterns else "FILE"
        )
    found = series_of(entries)
    drawn = _draw(charts, found) if charts is not None else []
    if json_file is None or str(json_file) != "-":
        screen = screen_of(color)
        lines.write(screen, found, width_of(sys.stdout), _drawable(sys.stdout.encoding))
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
            "charts need matplotlib: pip install 'genesis-backtest[perf]'", param_hint="--charts"
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
