"""``genesis backtest``: run a strategy over candles."""

from __future__ import annotations

from dataclasses import dataclass
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
from genesis_core.cli.shell import UsageError

if TYPE_CHECKING:
    from genesis_core import Candles, FeatureCache, Result

OPT_IN = "opt in"
"""The context's object in a script in which every acceleration is asked for; the command is fast by default."""
SCHEMA = 1


@dataclass(frozen=True)
class Speed:
    """How fast a user wants it; every choice gives the same bits.

    Parameters
    ----------
    reference, fast_window, precompute_features, compiled : bool
        The options that were given.
    feature_cache : int or None
        Entries of a feature cache; None for none.
    opt_in : bool
        Whether no option means the reference rather than the fastest path.
    """

    reference: bool = False
    fast_window: bool = False
    precompute_features: bool = False
    compiled: bool = False
    feature_cache: int | None = None
    opt_in: bool = False

    def flags(self) -> dict[str, bool]:
        """Return the engine's flags.

        Raises
        ------
        UsageError
            For ``--reference`` beside an acceleration.
        """
        asked = self._asked()
        if self.reference and asked:
            raise UsageError(f"--reference and {' and '.join(asked)} contradict each other; give one")
        flags = {
            "fast_window": self.fast_window,
            "precompute_features": self.precompute_features,
            "compiled": self.compiled,
        }
        if not (self.reference or self.opt_in or asked):
            # The compiled run asks for no single vector: a cache is of use on the next path only.
            flags["compiled" if self.feature_cache is None else "precompute_features"] = True
        return flags

    def why(self) -> str:
        """Say why this plan runs."""
        from genesis_core.backtesting.plan import CACHE_UNUSED, PRECEDENCE

        asked = self._asked()
        ranked = [option for flag, _ in PRECEDENCE if (option := f"--{flag.replace('_', '-')}") in asked]
        if len(ranked) > 1:
            reason = f"{ranked[0]} goes before {' and '.join(ranked[1:])}"
        elif ranked:
            reason = ranked[0]
        elif self.reference:
            reason = "--reference"
        elif self.opt_in:
            reason = "no acceleration asked for: the baseline"
        elif self.feature_cache is not None:
            reason = "the fastest path that a feature cache can stand before"
        else:
            reason = "the fastest, by default"
        if self.compiled and self.feature_cache is not None:
            reason += CACHE_UNUSED
        return reason

    def _asked(self) -> list[str]:
        given = (
            ("--fast-window", self.fast_window),
            ("--precompute-features", self.precompute_features),
            ("--compiled", self.compiled),
        )
        return [name for name, on in given if on]


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
        if story is not None:
            typer.echo(f"\n{story}")
    plain = _plain(result, candles, place, name, speed, cache)
    write_json(json_file, plain if story is None else {**plain, "explanation": story})


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
