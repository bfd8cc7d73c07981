"""``genesis check``: whether a strategy sees the future."""

from __future__ import annotations

from typing import Annotated

import typer

from genesis_core.cli import source
from genesis_core.cli.output import JsonFile, check_folder, is_standard_output, write_json
from genesis_core.cli.progress import shown_run
from genesis_core.cli.shell import FAILED

BARS = 2_000
"""Of the embedded data set: enough for all that a strategy does, and checked in seconds."""


def check(
    strategy: Annotated[
        str | None,
        typer.Argument(
            metavar="[STRATEGY]", help="FILE.toml, FILE.py or FILE.py:NAME. Without it: the default strategy."
        ),
    ] = None,
    symbol: source.Symbol = None,
    timeframe: source.TimeframeName = None,
    data_dir: source.DataDir = None,
    csv: source.CandleFile = None,
    bars: source.Bars = None,
    start: source.Start = None,
    end: source.End = None,
    gaps: source.GapPolicy = source.Gaps.error,
    duplicates: source.DuplicatePolicy = source.Duplicates.error,
    cuts: Annotated[
        int, typer.Option("--cuts", min=1, max=10_000, help="Runs over the first part only.")
    ] = 24,
    json_file: JsonFile = None,
) -> None:
    """Check a strategy and its whole backtest for look-ahead; exit code 1 if it sees the future."""
    check_folder(json_file, "--json")
    embedded = csv is None and data_dir is None
    chosen = source.Source(
        symbol,
        timeframe,
        data_dir,
        csv,
        BARS if embedded and bars is None and start is None and end is None else bars,
        start,
        end,
        gaps.value,
        duplicates.value,
    )
    candles, place = chosen.read()
    config, name = source.read_strategy(strategy)

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
