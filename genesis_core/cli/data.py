"""``genesis data``: candle files listed, checked, converted, and fetched from the exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from genesis_core.cli import source
from genesis_core.cli.output import JsonFile, check_folder, is_standard_output, write_json
from genesis_core.cli.shell import FAILED, Command, Group, UsageError, help_when_alone

app = typer.Typer(
    cls=Group,
    help="Candle files: list, check, convert, fetch.",
    invoke_without_command=True,
    add_completion=False,
)

FileSymbol = Annotated[
    str | None, typer.Option("--symbol", help="Of the candles; else what the file's name says.")
]
FileTimeframe = Annotated[
    str | None, typer.Option("--timeframe", help="Of the candles; else what the file's name says.")
]


@app.callback()
def _options(ctx: typer.Context) -> None:
    help_when_alone(ctx)


@app.command("list", cls=Command)
def list_files(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder.")], json_file: JsonFile = None
) -> None:
    """List the candle files of a folder."""
    check_folder(json_file, "--json")
    from genesis_core.data import inventory

    found = inventory(folder)
    if not is_standard_output(json_file):
        for one in found:
            typer.echo(f"{one.symbol:<12} {one.timeframe:<4} {one.path}")
        if not found:
            typer.echo(f"{folder}: no candle files (SYMBOL_TIMEFRAME.csv or .parquet)")
    files = [{"path": str(one.path), "symbol": one.symbol, "timeframe": one.timeframe} for one in found]
    write_json(json_file, {"schema": 1, "command": "data list", "folder": str(folder), "files": files})


@app.command("check", cls=Command)
def check_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Candle files (.csv or .parquet).")],
    symbol: FileSymbol = None,
    timeframe: FileTimeframe = None,
    gaps: Annotated[
        source.Gaps, typer.Option("--gaps", help="keep or fill: gaps are no failure.")
    ] = source.Gaps.error,
    duplicates: Annotated[
        source.Duplicates, typer.Option("--duplicates", help="first or last: duplicates are no failure.")
    ] = source.Duplicates.error,
    json_file: JsonFile = None,
) -> None:
    """Say everything that is wrong with candle files; exit code 1 if they would not be read under these policies."""
    check_folder(json_file, "--json")
    from genesis_core.data import check

    reports, good = [], True
    for file in files:
        report = check(file, symbol=symbol, timeframe=timeframe)
        passes = (
            report.loads
            and not (report.gaps and gaps is source.Gaps.error)
            and not (report.duplicates and duplicates is source.Duplicates.error)
        )
        good = good and passes
        reports.append({**report.plain(), "passes": passes})
        if not is_standard_output(json_file):
            typer.echo("\n".join(report.lines()))
            typer.echo(
                f"  {'passes' if passes else 'FAILS'} with --gaps {gaps.value} --duplicates {duplicates.value}"
            )
    write_json(json_file, {"schema": 1, "command": "data check", "passes": good, "files": reports})
    if not good:
        raise typer.Exit(FAILED)


@app.command(cls=Command)
def convert(
    from_file: Annotated[Path, typer.Argument(metavar="SOURCE", help="The file to read.")],
    to_file: Annotated[Path, typer.Argument(metavar="TARGET", help="The file to write (.csv or .parquet).")],
    symbol: FileSymbol = None,
    timeframe: FileTimeframe = None,
    gaps: source.GapPolicy = source.Gaps.error,
    duplicates: source.DuplicatePolicy = source.Duplicates.error,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    json_file: JsonFile = None,
) -> None:
    """Write a candle file as CSV or Parquet, bit for bit."""
    check_folder(json_file, "--json")
    if to_file.exists() and not force:
        raise UsageError(f"{to_file}: exists already; choose another name, or --force")
    from genesis_core.data import convert

    candles = convert(from_file, to_file, symbol, timeframe, gaps.value, duplicates.value, force=force)
    if not is_standard_output(json_file):
        repaired = f", {len(candles.repairs):,} repairs" if candles.repairs else ""
        typer.echo(f"{to_file}: {candles!r}{repaired}, fingerprint {candles.fingerprint}")
    plain = {
        "path": str(to_file),
        "symbol": candles.symbol,
        "timeframe": candles.timeframe,
        "bars": len(candles),
        "repairs": len(candles.repairs),
        "fingerprint": candles.fingerprint,
    }
    write_json(json_file, {"schema": 1, "command": "data convert", **plain})


@app.command(cls=Command)
def fetch(
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="As Bitfinex writes it, such as tBTCUSD.")],
    timeframe: Annotated[str, typer.Argument(metavar="TIMEFRAME", help="Such as 1h.")],
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="The file to write or to continue.")],
    start: Annotated[
        str, typer.Option("--from", metavar="TIME", help="First open time, such as 2020-01-01.")
    ],
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="Only candles that open before it; without it: now."),
    ] = None,
    duplicates: source.DuplicatePolicy = source.Duplicates.error,
    url: Annotated[str | None, typer.Option("--url", help="Another address than the exchange's own.")] = None,
    page: Annotated[int, typer.Option("--page", help="Candles per request.")] = 10_000,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait for an answer.")] = 30.0,
    retries: Annotated[int, typer.Option("--retries", help="How often a failed request is sent again.")] = 8,
    json_file: JsonFile = None,
) -> None:
    """Fetch candles from Bitfinex; called again, it goes on where it stopped."""
    check_folder(json_file, "--json")
    source.span_of(start, end)
    from genesis_core.data import fetch

    with _fetching(symbol, timeframe) as progress:
        done = fetch(
            symbol,
            timeframe,
            start,
            end,
            target,
            url=url,
            progress=progress,
            notify=lambda text: typer.echo(f"genesis: {text}", err=True),
            duplicates=duplicates.value,
            page=page,
            timeout=timeout,
            retries=retries,
        )
    if not is_standard_output(json_file):
        again = f", {done.retried:,} sent again" if done.retried else ""
        typer.echo(f"{done.path}: {done.candles!r}, {done.added:,} new, {done.requests:,} requests{again}")
        for gap in done.candles.repairs:
            typer.echo(f"  {gap}")
    plain = {
        "path": str(done.path),
        "symbol": done.candles.symbol,
        "timeframe": done.candles.timeframe,
        "bars": len(done.candles),
        "added": done.added,
        "until": done.until,
        "requests": done.requests,
        "retried": done.retried,
        "fingerprint": done.candles.fingerprint,
    }
    write_json(json_file, {"schema": 1, "command": "data fetch", **plain})


@contextmanager
def _fetching(symbol: str, timeframe: str) -> Iterator[Callable[[int, int], None] | None]:
    from genesis_core.cli.progress import make_bars

    bars = make_bars()
    if bars is None:
        yield None
        return
    with bars:
        task = bars.add_task(f"fetching {symbol} {timeframe}")
        yield lambda done, total: bars.update(task, completed=done, total=total)
