"""The report on a candle file: what it holds, and everything that is wrong with it at once."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genesis_core.candles import Repair
from genesis_core.candles.repair import repair
from genesis_core.candles.timeframe import Timeframe
from genesis_core.candles.timestamps import utc_text
from genesis_core.data.faults import Fault, backward_steps, broken_candles
from genesis_core.data.files import symbol_and_timeframe
from genesis_core.data.rows import readable_rows

_MOST_SHOWN = 10


@dataclass(frozen=True)
class Report:
    """What `check` found.

    Gaps, duplicates and the counts below them are about the rows that are candles: those without a fault of
    their own, in order of time.

    Attributes
    ----------
    path : str
        The file.
    symbol, timeframe : str
        Of its candles.
    rows : int
        Rows that could be read.
    candles : int
        Different times among the rows that are candles.
    first, last : int or None
        The earliest and the latest of these, epoch ms.
    faults : tuple of Fault
        All for which `Candles` refuses the file under every policy, in order of their place. A row that breaks several
        rules is named once.
    gaps : tuple of Repair
        Each stretch of missing candles: its first time and how many.
    duplicates : tuple of Repair
        Each time that stands more than once: how often too many, and what the rows before the last one say.
    zero_volume : int
        Candles without volume.
    equal_closes : int
        Candles that close as the one before them.
    """

    path: str
    symbol: str
    timeframe: str
    rows: int
    candles: int
    first: int | None
    last: int | None
    faults: tuple[Fault, ...]
    gaps: tuple[Repair, ...]
    duplicates: tuple[Repair, ...]
    zero_volume: int
    equal_closes: int

    @property
    def loads(self) -> bool:
        """Whether `Candles` takes the file, under suitable policies on gaps and duplicates."""
        return not self.faults

    @property
    def clean(self) -> bool:
        """Whether `Candles` takes the file as it is."""
        return not (self.faults or self.gaps or self.duplicates)

    @property
    def missing(self) -> int:
        """Candles missing in all gaps."""
        return sum(gap.count for gap in self.gaps)

    @property
    def largest_gap(self) -> Repair | None:
        """The longest gap, the first one of several."""
        return max(self.gaps, key=lambda gap: gap.count, default=None)

    def lines(self) -> list[str]:
        """Write the report for people.

        Returns
        -------
        list of str
            A heading, then one line a finding; of many findings of one kind the first few.
        """
        span = ""
        if self.first is not None and self.last is not None:
            span = f", {utc_text(self.first)} to {utc_text(self.last)}"
        text = [f"{self.path}: {self.symbol} {self.timeframe}, {_count(self.candles, 'candle')}{span}"]
        text.append(f"  faults: {len(self.faults):,}" if self.faults else "  faults: none")
        text += _few([str(fault) for fault in self.faults])
        if self.largest_gap is None:
            text.append("  gaps: none")
        else:
            text.append(
                f"  gaps: {len(self.gaps):,}, {_count(self.missing, 'candle')} missing, "
                f"the largest of {self.largest_gap.count:,} at {utc_text(self.largest_gap.timestamp)}"
            )
            text += _few([f"{utc_text(gap.timestamp)}: {gap.count:,} missing" for gap in self.gaps])
        text.append(f"  duplicates: {len(self.duplicates):,}" if self.duplicates else "  duplicates: none")
        text += _few([f"{utc_text(one.timestamp)}: {one.count:,} too many" for one in self.duplicates])
        text.append(f"  without volume: {_count(self.zero_volume, 'candle')}")
        text.append(f"  closing as the one before: {_count(self.equal_closes, 'candle')}")
        return text

    def plain(self) -> dict[str, Any]:
        """Give the report as values that JSON knows.

        Returns
        -------
        dict
            All findings; with ``"schema": 1``.
        """
        return {
            "schema": 1,
            **asdict(self),
            "faults": [asdict(fault) for fault in self.faults],
            "gaps": [{"timestamp": gap.timestamp, "count": gap.count} for gap in self.gaps],
            "duplicates": [
                {"timestamp": one.timestamp, "count": one.count, "detail": one.detail}
                for one in self.duplicates
            ],
            "missing": self.missing,
            "largest_gap": 0 if self.largest_gap is None else self.largest_gap.count,
            "loads": self.loads,
            "clean": self.clean,
        }


def check(path: str | os.PathLike[str], *, symbol: str | None = None, timeframe: str | None = None) -> Report:
    """Look a candle file through, by the rules by which `Candles` reads it.

    Parameters
    ----------
    path : path-like
        Ends in ``.csv`` or ``.parquet``.
    symbol, timeframe : str, optional
        Of the candles; without them, what the file's name says.

    Returns
    -------
    Report
        Also for a file full of faults.

    Raises
    ------
    CandleError
        If there is no such file, it is empty, pyarrow is missing, or nobody says the timeframe.
    """
    symbol, timeframe = symbol_and_timeframe(path, symbol, timeframe)
    frame = Timeframe.parse(timeframe)
    found = readable_rows(Path(path))
    columns = found.columns
    if columns is None or not len(columns.timestamp):
        faults = found.faults or (Fault("", "no candles; a series has at least one"),)
        return Report(os.fspath(path), symbol, timeframe, 0, 0, None, None, faults, (), (), 0, 0)
    broken = broken_candles(columns, frame, found.source)
    backwards = backward_steps(columns, found.source)
    by_row = sorted([*broken.items(), *backwards.items()], key=lambda item: item[0])
    faults = (*found.faults, *(fault for _, fault in by_row))
    if found.faults:
        faults = tuple(sorted(faults, key=_place))

    good = np.ones(len(columns.timestamp), dtype=np.bool_)
    good[list(broken)] = False
    order = np.flatnonzero(good)
    order = order[np.argsort(columns.timestamp[order], kind="stable")]
    repairs: tuple[Repair, ...] = ()
    candles = columns.take(order)
    if len(order):
        candles, repairs = repair(candles, frame, found.source, duplicates="last", gaps="keep")
    times = candles.timestamp
    return Report(
        path=os.fspath(path),
        symbol=symbol,
        timeframe=timeframe,
        rows=len(columns.timestamp),
        candles=len(times),
        first=int(times[0]) if len(times) else None,
        last=int(times[-1]) if len(times) else None,
        faults=faults,
        gaps=tuple(one for one in repairs if one.kind == "gap-kept"),
        duplicates=tuple(one for one in repairs if one.kind == "duplicate-dropped"),
        zero_volume=int((candles.volume == 0.0).sum()),
        equal_closes=int((candles.close[1:] == candles.close[:-1]).sum()),
    )


def _place(fault: Fault) -> int:
    number = fault.place.rpartition(" ")[2]
    return int(number) if number else -1


def _few(items: list[str]) -> list[str]:
    shown = [f"    {item}" for item in items[:_MOST_SHOWN]]
    if len(items) > _MOST_SHOWN:
        shown.append(f"    and {len(items) - _MOST_SHOWN:,} more")
    return shown


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"
