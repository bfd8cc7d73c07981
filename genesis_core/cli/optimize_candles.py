"""Which candles a search is over: what its file says, and options instead of it."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from genesis_core.cli import source
from genesis_core.cli.shell import UsageError

if TYPE_CHECKING:
    from genesis_core import Candles
    from genesis_core.optimize import Search
    from genesis_core.optimize.sections import Data


def read_candles(search: Search, where: str) -> tuple[Candles, str]:
    """Read the candles of a search, the higher ones attached where it names some.

    Raises
    ------
    UsageError, CandleError, ConfigError
        As ``genesis backtest``; names `where`.
    """
    from genesis_core.errors import CandleError
    from genesis_core.strategy import load_strategy

    chosen = _source(search.data)
    try:
        candles, place = chosen.read()
        return chosen.read_for(load_strategy(search.strategy), candles, place)
    except UsageError as fault:
        raise UsageError(f"{where}: data: {fault}") from None
    except CandleError as fault:
        raise CandleError(f"{where}: data: {fault}") from None


def given_candles(chosen: source.Source, ctx: typer.Context) -> dict[str, Any]:
    """Return what the options say about candles, as a search's file says it."""
    given: dict[str, Any] = {}
    for field in fields(chosen):
        told = ctx.get_parameter_source(field.name)
        if told is not None and told.name == "COMMANDLINE":
            value = getattr(chosen, field.name)
            plain = value.value if isinstance(value, Enum) else value
            given[field.name] = str(plain.absolute()) if isinstance(plain, Path) else plain
    return given


def _source(data: Data) -> source.Source:
    return source.Source(
        symbol=data.symbol,
        timeframe=data.timeframe,
        data_dir=None if data.data_dir is None else Path(data.data_dir),
        csv=None if data.csv is None else Path(data.csv),
        higher=None if data.higher is None else Path(data.higher),
        bars=data.bars,
        start=data.start,
        end=data.end,
        gaps=source.Gaps(data.gaps),
        duplicates=source.Duplicates(data.duplicates),
    )
