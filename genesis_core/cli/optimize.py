"""``genesis optimize``: search parameters, go on with a search, rank what was found, make it the champion."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genesis_core.cli import source
from genesis_core.cli.optimize_candles import given_candles, read_candles
from genesis_core.cli.optimize_progress import SearchBars
from genesis_core.cli.output import JsonFile, check_folder, is_standard_output, write_json
from genesis_core.cli.shell import FAILED, INTERRUPTED, Command, Group, UsageError, help_when_alone

if TYPE_CHECKING:
    from genesis_core.optimize import Search, StudyReader

app = typer.Typer(
    cls=Group,
    help="Search a strategy's parameters; every stored score is that of a single backtest.",
    invoke_without_command=True,
    add_completion=False,
)

RESULTS = Path("results")
ResultsFolder = Annotated[
    Path, typer.Option("--results", metavar="DIR", help="Folder of studies; each is a folder in it.")
]
ExecutorName = Annotated[
    str,
    typer.Option(
        "--executor",
        metavar="WHERE",
        help="here (compiled, in this process), processes, dask-local, or dask://HOST:PORT. Changes no result.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, metavar="N", help="Of processes and dask-local; all processors without it."
    ),
]
Trials = Annotated[
    int | None, typer.Option("--trials", min=1, metavar="N", help="Instead of the search's budget.trials.")
]
Minutes = Annotated[
    float | None, typer.Option("--minutes", metavar="N", help="Instead of the search's budget.minutes.")
]
RetryFailed = Annotated[
    bool,
    typer.Option(
        "--retry-failed",
        help="Run trials again that are on record as failed; their records are set aside. Not with tpe.",
    ),
]
Top = Annotated[int, typer.Option("--top", min=1, metavar="N", help="How many of the best to show.")]
StudyName = Annotated[
    str, typer.Argument(metavar="STUDY", help="Name of a study in --results, or its folder.")
]


@app.callback()
def _options(ctx: typer.Context) -> None:
    help_when_alone(ctx)


@app.command("run", cls=Command)
@source.reads_candles()
def run(
    chosen: source.Source,
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="SEARCH.toml", help="The search; docs/optimizing.md has every key.")
    ],
    study: Annotated[
        str | None,
        typer.Option("--study", metavar="NAME", help="Of the study, instead of the search's own name."),
    ] = None,
    results: ResultsFolder = RESULTS,
    executor: ExecutorName = "here",
    workers: Workers = None,
    trials: Trials = None,
    minutes: Minutes = None,
    retry_failed: RetryFailed = False,
    top: Top = 5,
    json_file: JsonFile = None,
) -> None:
    """Run a search. A study that was stopped goes on where it was; trials on record are not run again."""
    check_folder(json_file, "--json")
    from genesis_core.optimize import Search

    search = Search.from_toml(file)
    if study is not None:
        search = search.renamed(study)
    search = search.with_data(given_candles(chosen, ctx))
    _go_on(search, results, _How(executor, workers, retry_failed), trials, minutes, top, json_file, str(file))


@app.command("resume", cls=Command)
def resume(
    study: StudyName,
    results: ResultsFolder = RESULTS,
    executor: ExecutorName = "here",
    workers: Workers = None,
    trials: Trials = None,
    minutes: Minutes = None,
    retry_failed: RetryFailed = False,
    top: Top = 5,
    json_file: JsonFile = None,
) -> None:
    """Go on with a study, also after a crash: broken records are set aside, and their trials run again."""
    check_folder(json_file, "--json")
    from genesis_core.optimize.store import STUDY_FILE
    from genesis_core.optimize.study import Study

    folder = _folder(study, results)
    if (folder.resolve().parent / STUDY_FILE).exists():
        raise UsageError(f"{folder} is a fold of the study {folder.resolve().parent}; resume that")
    search = Study.open(folder).search.renamed(folder.name)
    _go_on(
        search,
        folder.parent,
        _How(executor, workers, retry_failed),
        trials,
        minutes,
        top,
        json_file,
        str(folder),
    )


@app.command("summarize", cls=Command)
def summarize(
    study: StudyName,
    results: ResultsFolder = RESULTS,
    top: Top = 10,
    charts: Annotated[
        Path | None,
        typer.Option(
            "--charts", metavar="DIR", help="Draw history, slices of the parameters, and importances into it."
        ),
    ] = None,
    png: Annotated[bool, typer.Option("--png", help="Charts as PNG instead of SVG.")] = False,
    index: Annotated[
        bool, typer.Option("--index/--no-index", help="Use and keep the index that makes a new process fast.")
    ] = True,
    json_file: JsonFile = None,
) -> None:
    """Rank a study's trials, count what was in the way, and say what mattered."""
    check_folder(json_file, "--json")
    from genesis_core.optimize import StudyReader

    if charts is not None:
        from genesis_core.cli.charts import check_chart

        check_chart(charts / "history.svg", "--charts")
        if charts.exists() and not charts.is_dir():
            raise UsageError(f"--charts {charts}: is a file; a folder is needed, which is made if need be")
    elif png:
        raise UsageError("--png is about charts; give --charts DIR too")
    reader = StudyReader(_folder(study, results), index=index)
    _show(reader, top, json_file)
    if charts is not None:
        from genesis_core.cli.optimize_charts import draw_all

        drawn = draw_all(reader, reader.summary(top), charts, ".png" if png else ".svg")
        if not is_standard_output(json_file):
            typer.echo(f"\ncharts: {', '.join(map(str, drawn))}")


@app.command("promote", cls=Command)
def promote(
    study: StudyName,
    target: Annotated[
        Path,
        typer.Option(
            "--to", metavar="FILE", help="The champion's strategy file; the old one is kept beside it."
        ),
    ],
    results: ResultsFolder = RESULTS,
    trial: Annotated[
        int | None, typer.Option("--trial", min=0, metavar="N", help="The candidate, instead of the best.")
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Compare across other data or code; a worse one still does not win."),
    ] = False,
    json_file: JsonFile = None,
) -> None:
    """Write the best trial as the champion, if it beats the current one on validation candles; else exit code 1."""
    check_folder(json_file, "--json")
    from dataclasses import asdict

    import msgspec

    from genesis_core.cli.optimize_text import promotion_text
    from genesis_core.optimize import promote as decide
    from genesis_core.optimize.study import Study

    folder = _folder(study, results)
    opened = Study.open(folder)
    candles, _ = read_candles(opened.search, str(folder))
    found = decide(folder, candles, target, trial=trial, force=force)
    if not is_standard_output(json_file):
        typer.echo(promotion_text(found, target))
    plain: dict[str, Any] = msgspec.to_builtins(
        asdict(found) | {"kept": None if found.kept is None else str(found.kept)}
    )
    write_json(json_file, {"schema": 1, "command": "optimize promote", "file": str(target), **plain})
    if not found.promoted:
        raise typer.Exit(FAILED)


@dataclass(frozen=True)
class _How:
    executor: str
    workers: int | None
    retry_failed: bool


def _go_on(
    search: Search,
    results: Path,
    how: _How,
    trials: int | None,
    minutes: float | None,
    top: int,
    json_file: Path | None,
    name: str,
) -> None:
    from genesis_core.optimize import StudyReader, optimize
    from genesis_core.optimize.store import trial_names

    if minutes is not None and not minutes > 0.0:
        raise UsageError(f"--minutes {minutes:g}: a number above 0 is needed")
    search = search.with_budget(trials, minutes)
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
                retry_failed=how.retry_failed,
                watch=shown.told,
                warn=_warn,
            )
        except KeyboardInterrupt:
            shown.close()
            folder = results / search.name
            kept = len(trial_names(folder)) if folder.exists() else 0
            goes_on = f"; genesis optimize resume {folder} goes on" if folder.exists() else ""
            typer.echo(
                f"genesis: stopped; {kept:,} of {search.budget.trials:,} trials are on record{goes_on}",
                err=True,
            )
            raise typer.Exit(INTERRUPTED) from None
    if not quiet:
        from genesis_core.cli.optimize_text import run_text

        typer.echo(run_text(done, time.monotonic() - begun) + "\n")
    _show(StudyReader(done.folder), top, json_file)


def _show(reader: StudyReader, top: int, json_file: Path | None) -> None:
    from genesis_core.cli.optimize_text import print_summary

    summary = reader.summary(top)
    if is_standard_output(json_file):
        typer.echo(summary.to_json().decode(), nl=False)
        return
    print_summary(summary)
    if json_file is not None:
        from genesis_core.cli.output import write_file

        write_file(json_file, summary.to_json(), "--json")


def _warn(text: str) -> None:
    typer.echo(f"genesis: warning: {text}", err=True)


def _folder(study: str, results: Path) -> Path:
    """Return a study's folder: a path that is one, or a name among the results."""
    from genesis_core.optimize.store import STUDY_FILE

    for folder in (results / study, Path(study)):
        if folder.is_dir():
            return folder.resolve() if folder.name in ("", ".", "..") else folder
    there = (
        sorted(entry.name for entry in results.iterdir() if (entry / STUDY_FILE).exists())
        if results.is_dir()
        else []
    )
    hint = f"; there are: {', '.join(there)}" if there else f"; {results} has none"
    raise UsageError(f"there is no study {study!r}{hint}")
