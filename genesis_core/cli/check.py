"""``genesis check``: whether a strategy sees the future."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from genesis_core.cli import source
from genesis_core.cli.output import JsonFile, check_folder, is_standard_output, write_json
from genesis_core.cli.progress import shown_run
from genesis_core.cli.shell import FAILED, UsageError

BARS = 2_000
"""Of the embedded data set: enough for all that a strategy does, and checked in seconds."""


@source.reads_candles(
    bars=f"Only the first so many bars; of the embedded data set {BARS:,} unless told otherwise."
)
def check(
    chosen: source.Source,
    named: Annotated[
        str | None, typer.Argument(metavar="STRATEGY", help="The strategy; --strategy says the same.")
    ] = None,
    strategy: source.StrategyName = None,
    cuts: Annotated[
        int,
        typer.Option(
            "--cuts",
            min=1,
            max=10_000,
            metavar="N",
            help="How many first parts of the candles are run alone and compared with the whole.",
        ),
    ] = 24,
    json_file: JsonFile = None,
) -> None:
    """Check a strategy and its whole backtest for look-ahead; exit code 1 if it sees the future."""
    check_folder(json_file, "--json")
    if named is not None and strategy is not None:
        raise UsageError(f"{named} and --strategy {strategy} both name a strategy; give one")
    if {chosen.data_dir, chosen.csv, chosen.bars, chosen.start, chosen.end} == {None}:
        chosen = replace(chosen, bars=BARS)
    candles, place = chosen.read()
    config, name = source.read_strategy(named or strategy)
    candles, place = chosen.read_for(config, candles, place)

    from genesis_core.backtesting.causality import check_causal

    with shown_run(config, "compiled"):
        report = check_causal(config, candles, cuts=cuts)
    if not is_standard_output(json_file):
        typer.echo(f"{name} on {candles!r}, {place}\n{report}")
    write_json(
        json_file, {"schema": 1, "command": "check", "strategy": name, "source": place, **report.as_dict()}
    )
    if not report.ok:
        raise typer.Exit(FAILED)
