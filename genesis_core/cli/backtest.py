"""``genesis backtest``: run a strategy over candles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genesis_core.cli import source
from genesis_core.cli.output import (
    JsonFile,
    check_folder,
    is_standard_output,
    print_figures,
    write_file,
    write_json,
)
from genesis_core.cli.shell import FAILED, UsageError
from genesis_core.cli.speed import Speed

if TYPE_CHECKING:
    from genesis_core import Candles, FeatureCache, Result

OPT_IN = "opt in"
"""The context's object in a script in which every acceleration is asked for; the command is fast by default."""
SCHEMA = 1


@source.reads_candles()
def backtest(
    chosen: source.Source,
    ctx: typer.Context,
    strategy: source.StrategyName = None,
    reference: Annotated[
        bool, typer.Option("--reference", help="The baseline: recompute the features at each bar. Slow.")
    ] = False,
    fast_window: Annotated[
        bool, typer.Option("--fast-window", help="Recompute by compiled code over zero-copy windows.")
    ] = False,
    precompute_features: Annotated[
        bool, typer.Option("--precompute-features", help="Compute whole feature columns once.")
    ] = False,
    compiled: Annotated[
        bool, typer.Option("--compiled", help="Compile decisions and fills as well.")
    ] = False,
    feature_cache: Annotated[
        int | None,
        typer.Option(
            "--feature-cache", min=1, metavar="[SIZE]", help="Keep feature vectors; 500 if no size is given."
        ),
    ] = None,
    trial: Annotated[
        Path | None,
        typer.Option(
            "--trial",
            metavar="FILE",
            help="Run a trial of a study again, trial_000123.json: its candles, strategy, parameters. Exit code 1 if "
            "the result is not the recorded one.",
        ),
    ] = None,
    explain: Annotated[
        int | None, typer.Option("--explain", metavar="N", help="Tell the story of trade N.")
    ] = None,
    trades: Annotated[
        Path | None, typer.Option("--trades", metavar="FILE", help="Write the trades as CSV.")
    ] = None,
    chart: Annotated[
        Path | None,
        typer.Option("--chart", metavar="FILE", help="Draw price, trades, equity and drawdown (.svg, .png)."),
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Run a strategy over candles. Fast by default; every plan gives the same bits."""
    speed = Speed(reference, fast_window, precompute_features, compiled, feature_cache, ctx.obj == OPT_IN)
    flags = speed.flags()
    for file, option in ((json_file, "--json"), (trades, "--trades"), (chart, "--chart")):
        check_folder(file, option)
    if chart is not None:
        from genesis_core.cli.charts import check_chart

        check_chart(chart)
    again = None
    if trial is not None:
        if strategy is not None or chosen != source.Source():
            raise UsageError(
                f"--trial {trial} says which candles and which strategy; leave the options of both out"
            )
        from genesis_core.cli.trial import read_trial

        again = read_trial(trial)
        candles, place, config, name = again.candles, again.place, again.config, again.name
    else:
        candles, place = chosen.read()
        config, name = source.read_strategy(strategy)
        candles, place = chosen.read_for(config, candles, place)

    from genesis_core import FeatureCache, backtest
    from genesis_core.backtesting.plan import choose_plan
    from genesis_core.cli.progress import shown_run

    cache = None if feature_cache is None else FeatureCache(feature_cache)
    with shown_run(config, choose_plan(**flags, feature_cache=cache).path):
        result = backtest(candles, config, feature_cache=cache, **flags)
    story = None if explain is None else _story(result, explain)
    if trades is not None:
        write_file(trades, _trades_csv(result), "--trades")
    if chart is not None:
        from genesis_core.cli.charts import draw_backtest, save

        save(draw_backtest(candles, result, name), chart)
    if not is_standard_output(json_file):
        _print(result, candles, place, name, speed, cache)
        if again is not None:
            print_figures([("trial", again.text(result))])
        if story is not None:
            typer.echo(f"\n{story}")
    plain = _plain(result, candles, place, name, speed, cache)
    if story is not None:
        plain["explanation"] = story
    if again is not None:
        plain["trial"] = again.plain(result)
    write_json(json_file, plain)
    if again is not None and again.same(result) is False:
        raise typer.Exit(FAILED)


def _story(result: Result, number: int) -> str:
    count = len(result.trades)
    if not 1 <= number <= count:
        there = f"they are numbered 1 to {count}" if count else "there are none"
        raise UsageError(f"--explain {number}: the run has no such trade; {there}")
    return result.explain(number - 1)


def _trades_csv(result: Result) -> bytes:
    import csv
    import io
    from dataclasses import astuple, fields

    from genesis_core import Trade

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["number", *(field.name for field in fields(Trade))])
    for number, trade in enumerate(result.trades, start=1):
        # repr: the shortest decimal that reads back as the same bits.
        cells = (
            "" if cell is None else repr(cell) if isinstance(cell, float) else cell for cell in astuple(trade)
        )
        writer.writerow([number, *cells])
    return text.getvalue().encode()


def _print(
    result: Result, candles: Candles, place: str, name: str, speed: Speed, cache: FeatureCache | None
) -> None:
    metrics = result.metrics
    rows = [
        ("candles", f"{candles!r}, {place}"),
        ("strategy", name),
        ("plan", f"{result.plan.path} ({speed.why()}): {result.plan.done}"),
        ("trades", f"{metrics.trades:,}"),
        ("return", f"{metrics.total_return:+.2%}"),
        ("win rate", "-" if metrics.win_rate is None else f"{metrics.win_rate:.1%}"),
        ("profit factor", "-" if metrics.profit_factor is None else f"{metrics.profit_factor:.2f}"),
        ("max drawdown", f"{metrics.max_drawdown:.2%}"),
        ("Sharpe", "-" if metrics.sharpe is None else f"{metrics.sharpe:.2f}"),
        ("fees", f"{result.fees:,.2f}"),
        ("repairs", f"{len(result.repairs):,}"),
        ("digest", result.digest),
    ]
    if cache is not None:
        used = (
            f"{cache.hits:,} hits, {cache.misses:,} misses, {len(cache):,} of {cache.capacity:,} entries kept"
        )
        if cache.misses and not cache.hits:
            used += "; a single pass asks for no bar twice"
        rows.insert(3, ("feature cache", used))
    print_figures(rows)


def _plain(
    result: Result, candles: Candles, place: str, name: str, speed: Speed, cache: FeatureCache | None
) -> dict[str, Any]:
    from dataclasses import asdict

    plain: dict[str, Any] = {
        "schema": SCHEMA,
        "command": "backtest",
        "source": place,
        "symbol": candles.symbol,
        "timeframe": candles.timeframe,
        "bars": len(candles),
        "first": int(candles.timestamp[0]),
        "last": int(candles.timestamp[-1]),
        "strategy": name,
        "config_digest": result.config.digest,
        "data_fingerprint": result.data_fingerprint,
        "digest": result.digest,
        "summary_digest": result.summary_digest,
        "plan": {"path": result.plan.path, "reason": speed.why(), "counters": result.plan.counters},
        "metrics": asdict(result.metrics),
        "final_equity": result.equity.item(-1),
        "fees": result.fees,
        "reasons": dict(result.reasons),
        "repairs": [asdict(repair) for repair in result.repairs],
        "trades": [asdict(trade) for trade in result.trades],
        "provenance": {**result.provenance, "flags": dict(result.provenance["flags"])},
    }
    if cache is not None:
        plain["feature_cache"] = {
            "capacity": cache.capacity,
            "entries": len(cache),
            "hits": cache.hits,
            "misses": cache.misses,
        }
    return plain
