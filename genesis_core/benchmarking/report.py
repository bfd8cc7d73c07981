"""What a benchmark found, as rows, sentences and plain values."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np

from genesis_core.backtesting.plan import counted
from genesis_core.benchmarking.measure import Measured
from genesis_core.benchmarking.modes import BASELINE, COMPILED, STREAMING
from genesis_core.benchmarking.statistics import Ratio, digits, ratio
from genesis_core.version import __version__

SCHEMA = 1


@dataclass(frozen=True)
class Row:
    """One mode.

    Parameters
    ----------
    name, against : str, str or None
        The mode, and the one its speedup is over.
    path : str
        The plan that ran.
    bars, backtests : int
        Bars of a backtest, and how many backtests a call runs.
    work : dict of str to int
        What the plan did in one call.
    seconds : tuple of float
        Of one call, a value a round.
    peak_bytes : int
        Peak memory of one call.
    speedup : Ratio or None
        None for a mode that others are compared with.
    no_effect : bool
        Whether a feature cache answered nothing: then its speedup is noise, and no claim.
    """

    name: str
    against: str | None
    path: str
    bars: int
    backtests: int
    work: dict[str, int]
    seconds: tuple[float, ...]
    peak_bytes: int
    speedup: Ratio | None
    no_effect: bool

    @property
    def median_seconds(self) -> float:
        """Seconds of a call, the median of the rounds."""
        return median(self.seconds)

    @property
    def ms_per_bar(self) -> float:
        """Milliseconds a bar, all backtests of a call together."""
        return self.median_seconds * 1_000.0 / (self.bars * self.backtests)

    def speedup_text(self) -> str:
        """Write the speedup, or why there is none."""
        if self.speedup is None:
            return "1"
        return "no effect (0 hits)" if self.no_effect else self.speedup.text()

    def cost_text(self) -> str:
        """Write what a bar and a call cost."""
        return f"{digits(self.ms_per_bar)} ms a bar, {memory_text(self.peak_bytes)}"

    def work_text(self) -> str:
        """Write what the plan did."""
        done = [counted(name, count) for name, count in self.work.items() if count and name != "bars"]
        return ", ".join(done)

    def plain(self) -> dict[str, Any]:
        """Give the row as values that JSON knows."""
        speedup = None if self.speedup is None or self.no_effect else asdict(self.speedup)
        return {
            **asdict(self),
            "seconds": list(self.seconds),
            "median_seconds": self.median_seconds,
            "ms_per_bar": self.ms_per_bar,
            "speedup": speedup,
        }


@dataclass(frozen=True)
class Report:
    """A benchmark.

    Parameters
    ----------
    title, subtitle : str
        What was run, and how it was measured.
    digest : str
        Of the result that all modes of the whole series gave.
    rows : tuple of Row
        The modes, the baseline first.
    one_pass, compiling : Ratio
        The two parts of the compiled mode's speedup: one pass over the bars instead of one per bar, both interpreted;
        and compiling, both in one pass.
    """

    title: str
    subtitle: str
    digest: str
    rows: tuple[Row, ...]
    one_pass: Ratio
    compiling: Ratio

    @property
    def baseline(self) -> Row:
        """The row of the baseline."""
        return self.rows[0]

    def row(self, name: str) -> Row:
        """Return a row by its name."""
        return next(row for row in self.rows if row.name == name)

    def parts(self) -> str:
        """Say which part of the compiled speedup is which."""
        compiled = self.row(COMPILED).speedup_text()
        return (
            f"compiled, {compiled}, is {self.one_pass.text()} by one pass over the bars instead of one per bar "
            f"(O(t^2) to O(t), both interpreted; grows with the bars), times {self.compiling.text()} by compiling "
            "(both in one pass)"
        )

    def plain(self) -> dict[str, Any]:
        """Give the report as values that JSON knows."""
        return {
            "schema": SCHEMA,
            "command": "benchmark",
            "title": self.title,
            "identical": True,
            "digest": self.digest,
            "rounds": self.one_pass.rounds,
            "coverage": self.one_pass.coverage,
            "rows": [row.plain() for row in self.rows],
            "parts": {"one_pass": asdict(self.one_pass), "compiling": asdict(self.compiling)},
            "environment": {
                "genesis_core": __version__,
                "python": platform.python_version(),
                "numpy": np.__version__,
                "machine": platform.machine(),
                "platform": platform.system(),
            },
        }


def make_report(title: str, measured: Sequence[Measured]) -> Report:
    """Put measurements together.

    Parameters
    ----------
    title : str
        What was run.
    measured : sequence of Measured
        From :func:`~genesis_core.benchmarking.measure.measure`, the baseline first.
    """
    by_name = {one.mode.name: one for one in measured}
    rows = tuple(_row(one, by_name) for one in measured)
    seconds = {name: one.seconds for name, one in by_name.items()}
    one_pass = ratio(seconds[BASELINE], seconds[STREAMING])
    how = (
        f"identical digests everywhere ({measured[0].ran.digests[0][:12]}); {one_pass.rounds} paired, interleaved "
        f"rounds, medians with their {one_pass.coverage:.0%} intervals"
    )
    return Report(
        title=title,
        subtitle=how,
        digest=measured[0].ran.digests[0],
        rows=rows,
        one_pass=one_pass,
        compiling=ratio(seconds[STREAMING], seconds[COMPILED]),
    )


def memory_text(size: int) -> str:
    """Write a number of bytes for people."""
    return (
        f"{digits(max(size, 1) / 2**20)} MiB" if size >= 2**20 / 10 else f"{digits(max(size, 1) / 2**10)} KiB"
    )


def _row(one: Measured, by_name: dict[str, Measured]) -> Row:
    mode = one.mode
    counters = one.ran.counters
    return Row(
        name=mode.name,
        against=mode.against,
        path=one.ran.path,
        bars=mode.bars,
        backtests=mode.backtests,
        work=counters,
        seconds=one.seconds,
        peak_bytes=one.peak_bytes,
        speedup=None if mode.against is None else ratio(by_name[mode.against].seconds, one.seconds),
        no_effect=one.ran.path.startswith("cached") and not counters.get("hits"),
    )
