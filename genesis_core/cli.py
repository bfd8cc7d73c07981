"""The command ``genesis``."""

from __future__ import annotations

import json
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from genesis_core import Candles, Result

app = typer.Typer(
    help="Backtests whose fast paths give the same bits as the slow one.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class PathChoice(str, Enum):
    """The plans a user can ask for."""

    compiled = "compiled"
    precomputed = "precomputed"
    windowed = "windowed"
    reference = "reference"


_FLAGS: dict[PathChoice, dict[str, Any]] = {
    PathChoice.compiled: {"compiled": True},
    PathChoice.precomputed: {"precompute_features": True},
    PathChoice.windowed: {"fast_window": True},
    PathChoice.reference: {},
}


def _version(asked: bool) -> None:
    if asked:
        from genesis_core.version import __version__

        typer.echo(f"genesis {__version__}")
        raise typer.Exit


@app.callback()
def main_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Backtests whose fast paths give the same bits as the slow one."""


@app.command()
def backtest(
    csv: Annotated[
        Path | None,
        typer.Option(help="Candles to read (.csv or .parquet). Without it: the embedded data set."),
    ] = None,
    symbol: Annotated[str, typer.Option(help="Symbol of the candles.")] = "tBTCUSD",
    timeframe: Annotated[str, typer.Option(help="Timeframe of the candles, such as 1h.")] = "1h",
    bars: Annotated[int | None, typer.Option(min=1, help="Only the first so many bars.")] = None,
    gaps: Annotated[str, typer.Option(help="Missing candles: error, keep or fill.")] = "error",
    duplicates: Annotated[str, typer.Option(help="Repeated candles: error, first or last.")] = "error",
    config: Annotated[
        Path | None, typer.Option(help="Strategy file (TOML). Without it: the default strategy.")
    ] = None,
    path: Annotated[
        PathChoice, typer.Option(help="How to compute; every path gives the same bits.")
    ] = PathChoice.compiled,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the result as JSON; - for standard output.")
    ] = None,
) -> None:
    """Run a strategy over candles and print its figures."""
    from genesis_core import Config, backtest
    from genesis_core.errors import GenesisError

    candles = _candles(csv, symbol, timeframe, bars, gaps, duplicates)
    strategy = Config.default() if config is None else Config.from_toml(config)
    result = backtest(candles, strategy, **_FLAGS[path])
    source = "embedded data set" if csv is None else str(csv)
    if json_file is None or str(json_file) != "-":
        _print(result, candles, source)
    if json_file is not None:
        text = json.dumps(_plain(result, candles, source), indent=2)
        if str(json_file) == "-":
            typer.echo(text)
        else:
            try:
                json_file.write_text(text + "\n", encoding="utf-8")
            except OSError as fault:
                raise GenesisError(f"--json {json_file}: cannot be written: {fault.strerror}") from None


def _candles(
    csv: Path | None, symbol: str, timeframe: str, bars: int | None, gaps: Any, duplicates: Any
) -> Candles:
    from genesis_core import CandleError, Candles, synthetic

    if csv is None:
        if gaps != "error" or duplicates != "error":
            raise CandleError("--gaps and --duplicates are about candles from a file: give --csv too")
        return synthetic(symbol, timeframe, 10_000 if bars is None else bars)
    read = Candles.from_parquet if csv.suffix.lower() == ".parquet" else Candles.from_csv
    candles = read(csv, symbol=symbol, timeframe=timeframe, gaps=gaps, duplicates=duplicates)
    if bars is not None and bars > len(candles):
        raise CandleError(f"--bars {bars}: {csv} has {len(candles)} bars")
    return candles if bars is None else candles[:bars]


def _print(result: Result, candles: Candles, source: str) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    metrics = result.metrics
    table = Table(show_header=False, box=None, pad_edge=False)
    rows = (
        ("candles", f"{candles!r}, {source}"),
        ("plan", str(result.plan)),
        ("trades", f"{metrics.trades:,}"),
        ("return", f"{metrics.total_return:+.2%}"),
        ("win rate", _share(metrics.win_rate)),
        ("profit factor", "-" if metrics.profit_factor is None else f"{metrics.profit_factor:.2f}"),
        ("max drawdown", f"{metrics.max_drawdown:.2%}"),
        ("Sharpe", "-" if metrics.sharpe is None else f"{metrics.sharpe:.2f}"),
        ("repairs", f"{len(result.repairs)}"),
        ("digest", result.digest),
    )
    for name, text in rows:
        table.add_row(f"[bold]{name}[/bold]", escape(text))
    Console(soft_wrap=True).print(table)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _plain(result: Result, candles: Candles, source: str) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "schema": 1,
        "source": source,
        "symbol": candles.symbol,
        "timeframe": candles.timeframe,
        "bars": len(candles),
        "digest": result.digest,
        "summary_digest": result.summary_digest,
        "data_fingerprint": result.data_fingerprint,
        "metrics": asdict(result.metrics),
        "reasons": dict(result.reasons),
        "repairs": [asdict(repair) for repair in result.repairs],
        "plan": asdict(result.plan),
        "final_equity": float(result.equity[-1]),
        "trades": [asdict(trade) for trade in result.trades],
    }


def main() -> None:
    """Run the command; a user's mistake is one line on standard error and exit code 2."""
    from genesis_core.errors import GenesisError

    try:
        app(prog_name="genesis")
    except GenesisError as fault:
        sys.stderr.write(f"genesis: {fault}\n")
        sys.exit(2)
