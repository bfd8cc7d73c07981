"""``genesis-perf``: the plugin's own program, for what is no test run."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from pytest_genesis_perf import commands, stored_reports, trend
from pytest_genesis_perf.cli_options import JsonFile, write_json
from pytest_genesis_perf.doctor.diagnosis import SECONDS, SECONDS_RULE, examine, new_seed, valid_seconds
from pytest_genesis_perf.init.command import init
from pytest_genesis_perf.screen import shows_colours

USAGE, INTERRUPTED = 2, 130

# Newer releases of typer bring a click of their own, older ones use the installed one: this finds it in both.
_ClickError: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")

app = typer.Typer(
    help="What the plugin pytest-genesis-perf can do without a test run.",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(commands.app, name="baseline")
app.command()(stored_reports.show)
app.command()(stored_reports.compare)
app.command()(trend.trend)
app.command()(init)


@app.callback()
def _options(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        text = ctx.get_help()
        if text:
            typer.echo(text)
        raise typer.Exit(USAGE)


@app.command()
def doctor(
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="SECONDS", help="How long to measure.")
    ] = SECONDS,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", min=0, help="Seed of the coins; by default a new one."),
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Measure what this machine can judge: which effect in which time, what disturbs, and what to change."""
    from pytest_genesis_perf.doctor import report

    if not valid_seconds(seconds):
        raise typer.BadParameter(f"must be {SECONDS_RULE}, not {seconds:g}", param_hint="--seconds")
    if json_file is not None and str(json_file) != "-":
        _writable(json_file)
    found = examine(seconds, new_seed() if seed is None else seed)
    if json_file is None or str(json_file) != "-":
        sys.stdout.write(report.text(found, coloured=shows_colours(sys.stdout)))
    if json_file is not None:
        write_json(json_file, report.to_json(found))
    if not found.told:
        raise typer.Exit(INTERRUPTED)


def main() -> None:
    """Run the command ``genesis-perf``; a user's mistake is one line on standard error and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        # What a terminal's encoding lacks is shown by its number, as Python shows it on standard error.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(prog_name="genesis-perf", standalone_mode=False)
        sys.stdout.flush()
    except _ClickError as fault:
        _stop(fault.format_message())
    except typer.Abort:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever reads has seen enough, such as head. Python would complain once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
    except OSError as fault:
        _stop(f"{fault.filename or 'standard output'}: {fault.strerror}")
    sys.exit(code if isinstance(code, int) else 0)


def _writable(file: Path) -> None:
    """Refuse a file that cannot be written before 20 s are spent on it."""
    if file.is_dir() or not file.parent.is_dir():
        raise typer.BadParameter(f"{file}: must name a file in an existing folder", param_hint="--json")


def _stop(message: str) -> NoReturn:
    sys.stderr.write(f"genesis-perf: {' '.join(message.split())}\n")
    sys.exit(USAGE)
