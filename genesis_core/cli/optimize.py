"""``genesis optimize``: search parameters, go on with a search, rank what was found, make it the champion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from genesis_core.cli import source
from genesis_core.cli.optimize_candles import given_candles, read_candles
from genesis_core.cli.optimize_running import How, go_on, show_summary, warn
from genesis_core.cli.output import JsonFile, check_folder, is_standard_output, write_file, write_json
from genesis_core.cli.shell import FAILED, Command, Group, UsageError, help_when_alone

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
    float | None,
    typer.Option(
        "--minutes", metavar="N", help="Of this run, instead of the search's budget.minutes; inf: no limit."
    ),
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

    how = How(executor, workers, trials, minutes, retry_failed)
    search = Search.from_toml(file)
    if study is not None:
        search = search.renamed(study)
    search = search.with_data(given_candles(chosen, ctx))
    go_on(search, results, how, "run", str(file), top, json_file)


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
    from genesis_core.optimize.study import Study, study_of_fold

    how = How(executor, workers, trials, minutes, retry_failed)
    folder = _folder(study, results)
    whole = study_of_fold(folder)
    if whole is not None:
        raise UsageError(f"{folder} is a fold of the study {whole}; resume that")
    search = Study.open(folder).search.renamed(folder.name)
    go_on(search, folder.parent, how, "resume", str(folder), top, json_file)


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
    table: Annotated[
        Path | None, typer.Option("--table", metavar="FILE", help="Write every trial as a row of a CSV file.")
    ] = None,
    png: Annotated[bool, typer.Option("--png", help="Charts as PNG instead of SVG.")] = False,
    index: Annotated[
        bool, typer.Option("--index/--no-index", help="Use and keep the index that makes a new process fast.")
    ] = True,
    json_file: JsonFile = None,
) -> None:
    """Rank a study's trials, count what was in the way, and say what mattered."""
    check_folder(json_file, "--json")
    check_folder(table, "--table")
    if is_standard_output(table):
        raise UsageError("--table -: a file is needed")
    from genesis_core.optimize import StudyReader

    if charts is not None:
        from genesis_core.cli.charts import check_chart

        check_chart(charts / "history.svg", "--charts")
        if charts.exists() and not charts.is_dir():
            raise UsageError(f"--charts {charts}: is a file; a folder is needed, which is made if need be")
    elif png:
        raise UsageError("--png is about charts; give --charts DIR too")
    reader = StudyReader(_folder(study, results), index=index)
    if table is not None:  # before anything is printed: a pipe may be closed
        from genesis_core.cli.optimize_table import table_of

        reader.summary(top)
        write_file(table, table_of(reader.trials.all_records()), "--table")
    show_summary(reader, top, json_file, "summarize")
    if charts is not None:
        from genesis_core.cli.optimize_charts import draw_all

        drawn = draw_all(reader, reader.summary(top), charts, ".png" if png else ".svg")
        if not is_standard_output(json_file):
            typer.echo(f"\ncharts: {', '.join(map(str, drawn))}")


@app.command("list", cls=Command)
def list_studies(results: ResultsFolder = RESULTS, json_file: JsonFile = None) -> None:
    """Name the studies there are: how far each is, its best score, and what that was worth out-of-sample."""
    check_folder(json_file, "--json")
    from genesis_core.cli.optimize_text import listed, print_studies
    from genesis_core.errors import SearchError
    from genesis_core.optimize import StudySummary, summarize
    from genesis_core.optimize.study import studies_in

    found: dict[str, StudySummary | str] = {}
    for folder in studies_in(results):
        try:
            found[folder.name] = summarize(folder, 1)
        except SearchError as fault:  # noqa: PERF203  # one that is damaged hides no other
            found[folder.name] = str(fault)
            warn(str(fault))
    if not is_standard_output(json_file):
        print_studies(found, str(results))
    write_json(
        json_file,
        {"schema": 1, "command": "optimize list", "studies": [listed(*one) for one in found.items()]},
    )


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


def _folder(study: str, results: Path) -> Path:
    """Return a study's folder: a path that is one, or a name among the results."""
    from genesis_core.optimize.study import studies_in

    for folder in (results / study, Path(study)):
        if folder.is_dir():
            return folder.resolve() if folder.name in ("", ".", "..") else folder
    there = ", ".join(found.name for found in studies_in(results)) if results.is_dir() else ""
    raise UsageError(
        f"there is no study {study!r}{f'; there are: {there}' if there else f'; {results} has none'}"
    )
