"""Which candles and which strategy a command works on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genesis_core.cli.shell import UsageError

if TYPE_CHECKING:
    from genesis_core import Candles, Config

EMBEDDED_BARS = 10_000
SYMBOL, TIMEFRAME = "tBTCUSD", "1h"


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


Symbol = Annotated[
    str | None,
    typer.Option("--symbol", help=f"Symbol, such as {SYMBOL}; without it what the file's name says."),
]
TimeframeName = Annotated[
    str | None,
    typer.Option(
        "--timeframe", help=f"Timeframe, such as {TIMEFRAME}; without it what the file's name says."
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", metavar="DIR", help="Read DIR/{symbol}_{timeframe}.csv or .parquet."),
]
CandleFile = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Read this file (.csv or .parquet).")
]
Bars = Annotated[int | None, typer.Option("--bars", min=1, help="Only the first so many bars.")]
Start = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="First open time, such as 2020-06-01; UTC.")
]
End = Annotated[
    str | None,
    typer.Option("--to", metavar="TIME", help="Only candles that open before it, such as 2021-01-01."),
]
GapPolicy = Annotated[Gaps, typer.Option("--gaps", help="Missing candles in a file.")]
DuplicatePolicy = Annotated[Duplicates, typer.Option("--duplicates", help="Repeated candles in a file.")]
StrategyName = Annotated[
    str | None,
    typer.Option(
        "--strategy",
        "--config",
        metavar="FILE",
        help="FILE.toml, FILE.py or FILE.py:NAME. Without it: the default strategy.",
    ),
]


@dataclass(frozen=True)
class Source:
    """The candles a user asked for.

    Parameters
    ----------
    symbol, timeframe : str or None
        None: what the file's name says, else ``tBTCUSD`` and ``1h``.
    data_dir, csv : Path or None
        A folder of named files, or one file; neither: the embedded data set.
    bars : int or None
        Only the first so many, of those between `start` and `end`.
    start, end : str or None
        Times; `end` is outside.
    gaps, duplicates : str
        Policies, for files.
    """

    symbol: str | None = None
    timeframe: str | None = None
    data_dir: Path | None = None
    csv: Path | None = None
    bars: int | None = None
    start: str | None = None
    end: str | None = None
    gaps: str = "error"
    duplicates: str = "error"

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
        policies = {"gaps": self.gaps, "duplicates": self.duplicates}
        return read(path, symbol=symbol, timeframe=timeframe, **policies), path

    def _embedded(self) -> Candles:
        from genesis_core import synthetic

        for option, value in (("--gaps", self.gaps), ("--duplicates", self.duplicates)):
            if value != "error":
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
        first = 0 if self.start is None else int(candles.timestamp.searchsorted(_time("--from", self.start)))
        last = (
            len(candles) if self.end is None else int(candles.timestamp.searchsorted(_time("--to", self.end)))
        )
        if first >= last:
            raise UsageError(f"{self._span(name)}: no candles; it has {candles!r}")
        return candles[first:last]

    def _span(self, name: str) -> str:
        asked = (("--from", self.start), ("--to", self.end))
        return " ".join([name, *(f"{option} {value}" for option, value in asked if value is not None)])


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
