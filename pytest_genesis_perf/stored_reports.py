"""``genesis-perf show`` and ``genesis-perf compare``: what stored reports say."""

from __future__ import annotations

import json
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_genesis_perf.cli_options import Colour, ColourOption, JsonFile, screen_of, write_json
from pytest_genesis_perf.evidence import STORED_TOLERANCE
from pytest_genesis_perf.screen import width_of

if TYPE_CHECKING:
    from pytest_genesis_perf.report.model import Report


class Form(str, Enum):
    """As what a report is printed."""

    TEXT = "text"
    MARKDOWN = "markdown"


Reports = Annotated[
    list[Path],
    typer.Argument(metavar="REPORT...", help="Folders of --genesis-perf-report, or their genesis-perf.json."),
]


def show(
    reports: Reports,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Every comparison's reason, and how it was measured.")
    ] = False,
    form: Annotated[Form, typer.Option("--format", help="As what to print it.")] = Form.TEXT,
    color: ColourOption = Colour.AUTO,
) -> None:
    """Print stored reports as the run that wrote them did."""
    found = [(path, _read(path)) for path in reports]
    for number, (path, report) in enumerate(found):
        if number:
            typer.echo()
        if form is Form.MARKDOWN:
            from pytest_genesis_perf.report import markdown

            sys.stdout.write(markdown.document(report))
        else:
            _show(path, report, verbose=verbose, color=color)


def compare(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="The older report: its folder or JSON.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The newer report.")],
    tolerance: Annotated[
        float,
        typer.Option(
            "--tolerance",
            metavar="SHARE",
            help="How far beyond the older interval a speedup still counts as the same.",
        ),
    ] = STORED_TOLERANCE,
    json_file: JsonFile = None,
    color: ColourOption = Colour.AUTO,
) -> None:
    """Say what changed from one stored report to another: results, verdicts, speedups, costs.

    Nothing here is a gate: two runs were not measured side by side. The exit code is 0 whatever changed.
    """
    from pytest_genesis_perf.between_runs import changes
    from pytest_genesis_perf.report import between

    if not 0.0 < tolerance < 10.0:
        raise typer.BadParameter(
            f"must be a share over 0 and under 10, such as 0.10, not {tolerance:g}", param_hint="--tolerance"
        )
    old, new = _read(before, "BEFORE"), _read(after, "AFTER")
    found = changes(old.comparisons, new.comparisons, tolerance)
    to_output = json_file is not None and str(json_file) == "-"
    if not to_output:
        between.write(screen_of(color), old, new, found, width_of(sys.stdout))
    if json_file is not None:
        text = json.dumps(between.to_plain(old, new, found), indent=2, allow_nan=False) + "\n"
        write_json(json_file, text)


def _show(path: Path, report: Report, *, verbose: bool, color: Colour) -> None:
    from pytest_genesis_perf.report import summary

    screen = screen_of(color)
    screen.write_line(f"{path}: {report.environment.text()}; seed {report.seed}", bold=True)
    if report.comparisons:
        summary.write_table(screen, report.comparisons, width_of(sys.stdout))
    if report.mode == "identity":
        summary.write_warned(screen, report.comparisons)
    summary.write_details(screen, report.comparisons, verbose=verbose)
    summary.write_end(screen, report, quiet=False)


def _read(path: Path, what: str = "REPORT") -> Report:
    from pytest_genesis_perf.report.json import ReportError, read

    try:
        return read(path)
    except ReportError as error:
        raise typer.BadParameter(str(error), param_hint=what) from None
