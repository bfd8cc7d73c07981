"""``genesis benchmark``: the execution modes side by side, identical results first."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genesis_core.cli import source
from genesis_core.cli.output import JsonFile, check_folder, console, is_standard_output, write_json
from genesis_core.cli.shell import FAILED, UsageError

if TYPE_CHECKING:
    from genesis_core.benchmarking import Mismatch, Report

OPT_IN = "opt in"
"""The command has no flag of speed, so that the script and the command are one."""
BARS = 300
"""The reference takes about 1 s for as many: it grows with the square of the bars."""
ROUNDS = 6
"""The fewest whose interval covers the median with 95%."""


@source.reads_candles(bars=f"Only the first so many bars; {BARS} unless told otherwise.")
def benchmark(
    chosen: source.Source,
    strategy: source.StrategyName = None,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, max=1_000, metavar="N", help="Paired, interleaved rounds.")
    ] = ROUNDS,
    chart: Annotated[
        Path | None,
        typer.Option("--chart", metavar="FILE", help="Draw the speedups with intervals (.svg, .png)."),
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Time the baseline, each optimization alone, and all together; exit code 1 if any result differs."""
    for file, option in ((json_file, "--json"), (chart, "--chart")):
        check_folder(file, option)
    if chart is not None:
        from genesis_core.cli.charts import check_chart

        check_chart(chart)
    candles, place = chosen.read()
    if chosen.bars is None and len(candles) > BARS:
        candles = candles[:BARS]
    config, name = source.read_strategy(strategy)
    candles, place = chosen.read_for(config, candles, place)

    from genesis_core.backtesting import SlowPathWarning
    from genesis_core.benchmarking import Mismatch, benchmark_modes, make_report, measure

    if len(candles) <= config.ready:
        raise UsageError(
            f"{len(candles)} bars are too few: the features of this strategy need {config.ready} bars of warm-up, "
            f"so at least {config.ready + 1}"
        )
    quiet = is_standard_output(json_file)
    if not quiet:
        how_many = f"{len(candles):,} bars"
        if chosen.bars is None and len(candles) == BARS:
            how_many += (
                " (so that the baseline takes about a second: it grows with the square; --bars for more)"
            )
        typer.echo(f"{candles!r}, {place}, {name}\n{how_many}, {rounds} rounds")
    with warnings.catch_warnings(), _bar(quiet) as progress:
        # That the baseline is slow is what is measured.
        warnings.simplefilter("ignore", SlowPathWarning)
        measured = measure(benchmark_modes(candles, config), rounds, progress)
    if isinstance(measured, Mismatch):
        write_json(json_file, _plain_mismatch(measured))
        typer.echo(f"DIFFERENT: {measured}; no speed is reported", err=True)
        raise typer.Exit(FAILED)
    title = f"{candles.symbol} {candles.timeframe}, {len(candles):,} bars, {place}, {name}"
    report = make_report(title, measured)
    if chart is not None:
        from genesis_core.cli.benchmark_chart import draw_benchmark
        from genesis_core.cli.charts import save

        save(draw_benchmark(report), chart)
    if not quiet:
        _print(report)
    write_json(json_file, {**report.plain(), "source": place, "strategy": name, "bars": len(candles)})


class _bar:
    """A progress bar on a terminal."""

    def __init__(self, quiet: bool) -> None:
        from genesis_core.cli.progress import make_bars

        self._bars = None if quiet else make_bars()

    def __enter__(self) -> Any:
        if self._bars is None:
            return None
        self._bars.start()
        task = self._bars.add_task("measuring")
        bars = self._bars
        return lambda done, turns: bars.update(task, completed=done, total=turns)

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()


def _plain_mismatch(found: Mismatch) -> dict[str, Any]:
    return {
        "schema": 1,
        "command": "benchmark",
        "identical": False,
        "mismatch": {
            "mode": found.name,
            "against": found.against,
            "found": list(found.found),
            "expected": list(found.expected),
        },
    }


def _print(report: Report) -> None:
    from rich.table import Table

    from genesis_core.benchmarking.report import memory_text
    from genesis_core.benchmarking.statistics import digits

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("mode", "plan"):
        table.add_column(heading)
    for heading in ("bars", "seconds", "ms a bar", "speedup", "peak memory"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("done")
    for row in report.rows:
        table.add_row(
            row.name,
            row.path,
            f"{row.bars:,}" if row.backtests == 1 else f"{row.backtests} x {row.bars:,}",
            digits(row.median_seconds),
            digits(row.ms_per_bar),
            row.speedup_text(),
            memory_text(row.peak_bytes),
            row.work_text(),
        )
    out = console()
    out.print(table)
    out.print(f"\n{report.parts()}", soft_wrap=True, markup=False)
    out.print(report.subtitle, soft_wrap=True, markup=False)
