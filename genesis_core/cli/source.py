"""Which candles and which strategy a command works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import Enum
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from genesis_core.cli.shell import UsageError

if TYPE_CHECKING:
    from genesis_core import Candles, Config

EMBEDDED_BARS = 10_000
SYMBOL, TIMEFRAME = "tBTCUSD", "1h"
_Command = Callable[..., None]


class Gaps(str, Enum):
    """What to do where candles are missing."""

    error = "error"
    keep = "keep"
    fill = "fill"


class Duplicates(str, Enum):
    """What to do where a time stands more than once."""

    error = "error"
    first = "first"
    last = "last"


GapPolicy = Annotated[
    Gaps,
    typer.Option(
        "--gaps", help="Where a file lacks candles: refuse it, keep the hole, or fill it with the last close."
    ),
]
DuplicatePolicy = Annotated[
    Duplicates,
    typer.Option(
        "--duplicates",
        help="Where a time stands more than once: refuse the file, or take the first or the last.",
    ),
]
STRATEGY = "FILE.toml, FILE.py or FILE.py:NAME. Without it: the default strategy."
StrategyName = Annotated[str | None, typer.Option("--strategy", "--config", metavar="FILE", help=STRATEGY)]


@dataclass(frozen=True)
class Source:
    """The candles a user asked for. Each field is an option of every command that :func:`reads_candles`.

    Parameters
    ----------
    symbol, timeframe : str or None
        None: what the file's name says, else ``tBTCUSD`` and ``1h``.
    data_dir, csv : Path or None
        A folder of named files, or one file; neither: the embedded data set.
    higher : Path or None
        A file of candles of the strategy's higher timeframe; without it they are joined from the others.
    bars : int or None
        Only the first so many, of those between `start` and `end`.
    start, end : str or None
        Times; `end` is outside.
    gaps : Gaps
        Policy, for files.
    duplicates : Duplicates
        Policy, for files.
    """

    symbol: Annotated[
        str | None,
        typer.Option(
            "--symbol",
            metavar="SYMBOL",
            help=f"Such as {SYMBOL}, which it is without this option, unless the file's name says another.",
        ),
    ] = None
    timeframe: Annotated[
        str | None,
        typer.Option(
            "--timeframe",
            metavar="TIMEFRAME",
            help=f"Such as {TIMEFRAME}, which it is without this option, unless the file's name says another.",
        ),
    ] = None
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            metavar="DIR",
            help="Read SYMBOL_TIMEFRAME.csv or .parquet of this folder. Without it and --csv: the embedded data set.",
        ),
    ] = None
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Read this file (.csv or .parquet).")
    ] = None
    higher: Annotated[
        Path | None,
        typer.Option(
            "--higher",
            metavar="FILE",
            help="Candles of the strategy's higher timeframe (.csv or .parquet). Without it they are joined from the "
            "candles read.",
        ),
    ] = None
    bars: Annotated[
        int | None, typer.Option("--bars", min=1, metavar="N", help="Only the first so many bars.")
    ] = None
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="First open time, such as 2020-06-01; UTC.")
    ] = None
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="Only candles that open before it, such as 2021-01-01."),
    ] = None
    gaps: GapPolicy = Gaps.error
    duplicates: DuplicatePolicy = Duplicates.error

    def read(self) -> tuple[Candles, str]:
        """Read or make the candles, and say where they are from.

        Raises
        ------
        UsageError
            For options that do not go together.
        CandleError
            As the readers.
        """
        if self.csv is not None and self.data_dir is not None:
            raise UsageError(
                f"--csv {self.csv} and --data-dir {self.data_dir} both say where candles are; give one"
            )
        if self.csv is None and self.data_dir is None:
            return self._embedded(), "embedded data set"
        candles, path = self._from_file()
        candles = self._between(candles, str(path))
        if self.bars is not None and self.bars > len(candles):
            raise UsageError(f"--bars {self.bars}: {self._span(str(path))} has {len(candles):,} bars")
        return candles if self.bars is None else candles[: self.bars], str(path)

    def read_for(self, config: Config, candles: Candles, place: str) -> tuple[Candles, str]:
        """Attach the higher candles a strategy is to look at, where ``--higher`` gives some; say where they are from.

        Parameters
        ----------
        config : Config
            The strategy; its higher timeframe is that of the file.
        candles, place
            What :meth:`read` returned.

        Raises
        ------
        UsageError
            If nothing of the strategy looks at a higher timeframe.
        CandleError
            As the readers, and for a file of another symbol or timeframe.
        """
        if self.higher is None:
            return candles, place
        from genesis_core.candles.timeframe import Timeframe
        from genesis_core.data import read
        from genesis_core.data.files import named
        from genesis_core.errors import CandleError

        if not config.reads_higher:
            raise UsageError(f"--higher {self.higher}: nothing of the strategy looks at a higher timeframe")
        timeframe, told = Timeframe.parse(config.higher.timeframe).name, named(self.higher)
        if told is not None and told.timeframe != timeframe:
            raise CandleError(
                f"{self.higher}: holds candles of {told.timeframe} by its name; the strategy's higher.timeframe is "
                f"{timeframe!r}"
            )
        symbol = candles.symbol if told is None else told.symbol
        policies = {"gaps": self.gaps.value, "duplicates": self.duplicates.value}
        higher = read(self.higher, symbol=symbol, timeframe=timeframe, **policies)
        try:
            return candles.with_higher(higher), f"{place}, higher candles of {self.higher}"
        except CandleError as fault:
            raise CandleError(f"{self.higher}: {fault}") from None

    def _from_file(self) -> tuple[Candles, Path]:
        from genesis_core.data import locate, read
        from genesis_core.data.files import named

        if self.data_dir is not None:
            symbol, timeframe = self.symbol or SYMBOL, self.timeframe or TIMEFRAME
            path = locate(self.data_dir, symbol, timeframe)
        else:
            assert self.csv is not None
            path, told = self.csv, named(self.csv)
            symbol = self.symbol or (told.symbol if told else SYMBOL)
            timeframe = self.timeframe or (told.timeframe if told else TIMEFRAME)
        policies = {"gaps": self.gaps.value, "duplicates": self.duplicates.value}
        return read(path, symbol=symbol, timeframe=timeframe, **policies), path

    def _embedded(self) -> Candles:
        from genesis_core import synthetic

        for option, value in (("--gaps", self.gaps.value), ("--duplicates", self.duplicates.value)):
            if value != "error" and self.higher is None:
                raise UsageError(
                    f"{option} {value} is about candles from a file; the embedded data set has no faults: "
                    "give --data-dir or --csv too"
                )
        bars = self.bars or EMBEDDED_BARS
        whole = bars if self.start is None and self.end is None else max(bars, EMBEDDED_BARS)
        candles = self._between(
            synthetic(self.symbol or SYMBOL, self.timeframe or TIMEFRAME, whole), "the embedded data set"
        )
        return candles[: self.bars] if self.bars is not None and self.bars < len(candles) else candles

    def _between(self, candles: Candles, name: str) -> Candles:
        if self.start is None and self.end is None:
            return candles
        start, end = span_of(self.start, self.end)
        first = 0 if start is None else int(candles.timestamp.searchsorted(start))
        last = len(candles) if end is None else int(candles.timestamp.searchsorted(end))
        if first >= last:
            raise UsageError(f"{self._span(name)}: no candles; it has {candles!r}")
        return candles[first:last]

    def _span(self, name: str) -> str:
        asked = (("--from", self.start), ("--to", self.end))
        return " ".join([name, *(f"{option} {value}" for option, value in asked if value is not None)])


def reads_candles(bars: str = "Only the first so many bars.") -> Callable[[_Command], _Command]:
    """Give a command the options of a :class:`Source`, which it gets as its first argument.

    Parameters
    ----------
    bars : str
        Help of ``--bars``.
    """
    hints = get_type_hints(Source, include_extras=True)
    hints["bars"] = Annotated[int | None, typer.Option("--bars", min=1, metavar="N", help=bars)]
    shared = [
        Parameter(field.name, Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name])
        for field in fields(Source)
    ]

    def give(command: _Command) -> _Command:
        own = list(signature(command, eval_str=True).parameters.values())[1:]

        def run(**given: Any) -> None:
            command(Source(**{one.name: given.pop(one.name) for one in shared}), **given)

        both = [*shared, *(one.replace(kind=Parameter.KEYWORD_ONLY) for one in own)]
        run.__doc__ = command.__doc__
        # What typer reads options from.
        run.__signature__ = Signature(both)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in both}
        return run

    return give


def span_of(start: str | None, end: str | None) -> tuple[int | None, int | None]:
    """Read the times of ``--from`` and ``--to``.

    Parameters
    ----------
    start, end : str or None
        What the user wrote.

    Returns
    -------
    tuple of int or None
        Epoch ms.

    Raises
    ------
    UsageError
        If one is no time, or the first is not before the second.
    """
    first = None if start is None else _time("--from", start)
    last = None if end is None else _time("--to", end)
    if first is not None and last is not None and first >= last:
        raise UsageError(f"--from {start} --to {end}: the first time must be before the second")
    return first, last


def _time(option: str, text: str) -> int:
    from genesis_core.candles.columns import Source as Column
    from genesis_core.candles.timestamps import from_text
    from genesis_core.errors import CandleError

    try:
        return int(from_text([text], Column(option))[0])
    except CandleError:
        raise UsageError(
            f"{option} {text!r}: not a time; write 2020-06-01, 2020-06-01T12:00Z or an epoch number"
        ) from None


def read_strategy(name: str | None) -> tuple[Config, str]:
    """Read a strategy, and say what to call it.

    Parameters
    ----------
    name : str or None
        What the user wrote; None: the default strategy.

    Raises
    ------
    ConfigError
        As :func:`genesis_core.strategy.load.load_strategy`.
    """
    from genesis_core import Config

    if name is None:
        return Config.default(), "default strategy"
    from genesis_core.strategy.load import load_strategy

    return load_strategy(name), name
