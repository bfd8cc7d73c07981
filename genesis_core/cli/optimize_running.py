"""Run a search from the command line: what is shown meanwhile, at its end, and where it was stopped."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from genesis_core.cli.optimize_candles import read_candles
from genesis_core.cli.optimize_progress import SearchBars
from genesis_core.cli.output import is_standard_output, write_json
from genesis_core.cli.shell import INTERRUPTED, UsageError

if TYPE_CHECKING:
    from genesis_core.optimize import Search, StudyReader
    from genesis_core.optimize.optimizing import Optimized


@dataclass(frozen=True)
class How:
    """How a search is run: the options that ``run`` and ``resume`` share."""

    executor: str
    workers: int | None
    trials: int | None
    minutes: float | None
    retry_failed: bool


def go_on(
    search: Search, results: Path, how: How, command: str, name: str, top: int, json_file: Path | None
) -> None:
    """Run a search, and show what came of it.

    Parameters
    ----------
    search : Search
        What to try.
    results : Path
        Folder of studies.
    how : How
        The options.
    command : str
        ``run`` or ``resume``.
    name : str
        What messages about candles call it.
    top : int
        How many of the best to show.
    json_file : Path or None
        Of ``--json``.

    Raises
    ------
    UsageError, GenesisError
        As :func:`genesis_core.optimize.optimize`.
    """
    from genesis_core.optimize import StudyReader, optimize

    if how.minutes is not None and not how.minutes > 0.0:
        raise UsageError(f"--minutes {how.minutes:g}: a number above 0 is needed")
    if how.trials is not None:
        search = search.with_trials(how.trials)
    candles, place = read_candles(search, name)
    quiet = is_standard_output(json_file)
    if not quiet:
        typer.echo(f"{search.name}: {search.objective.text}; {candles!r}, {place}")
    begun = time.monotonic()
    with SearchBars() as shown:
        try:
            done = optimize(
                search,
                candles,
                results=results,
                executor=how.executor,
                workers=how.workers,
                minutes=how.minutes,
                retry_failed=how.retry_failed,
                tell=shown.told,
                warn=warn,
            )
        except KeyboardInterrupt:
            shown.close()
            typer.echo(f"genesis: stopped; {_stopped(search, results / search.name, how)}", err=True)
            raise typer.Exit(INTERRUPTED) from None
    seconds = time.monotonic() - begun
    if not quiet:
        from genesis_core.cli.optimize_text import run_text

        typer.echo(run_text(done, seconds) + "\n")
    show_summary(StudyReader(done.folder), top, json_file, command, {"run": _plain(done, seconds)})


def show_summary(
    reader: StudyReader, top: int, json_file: Path | None, command: str, more: dict[str, Any] | None = None
) -> None:
    """Print a study's summary, or write it as JSON, with what else a command has to say there."""
    import msgspec

    from genesis_core.cli.optimize_text import print_summary

    summary = reader.summary(top)
    plain = msgspec.to_builtins(summary)
    head = {"schema": plain.pop("schema"), "command": f"optimize {command}"}
    write_json(json_file, {**head, **plain, **(more or {})})
    if not is_standard_output(json_file):
        print_summary(summary)


def _stopped(search: Search, folder: Path, how: How) -> str:
    """Say what is on record, and the command that goes on."""
    from genesis_core.optimize.store import trial_names

    if not folder.exists():
        return f"0 of {search.most_trials:,} trials are on record"
    kept = sum(len(trial_names(home)) for home in (folder, *folder.glob("fold_*")))
    wanted = search.most_trials * search.validation.searches
    words = ["genesis", "optimize", "resume", str(folder)]
    if how.executor != "here":
        words += ["--executor", how.executor]
    if how.workers is not None:
        words += ["--workers", str(how.workers)]
    if how.retry_failed:
        words.append("--retry-failed")
    return f"{kept:,} of {wanted:,} trials are on record; {shlex.join(words)} goes on"


def _plain(done: Optimized, seconds: float) -> dict[str, Any]:
    return {
        "folder": str(done.folder),
        "seconds": seconds,
        "trials_run": done.run,
        "trials_known": done.known,
        "stopped": [one.stopped for one in done.searches],
        "set_aside": list(done.quarantined),
    }


def warn(text: str) -> None:
    """Say something on standard error that is no failure."""
    typer.echo(f"genesis: warning: {text}", err=True)
