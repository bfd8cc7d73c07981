"""Figures: what was measured, what it may be at most, and how they are written to files."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from genesis_core.benchmarking import Ratio
from genesis_core.benchmarking.statistics import CONFIDENCE, digits

SCHEMA = 1
RESULTS = "results.json"
TABLE = "README.md"


class WrongResultError(Exception):
    """Two ways that should give the same do not: then nothing is measured."""


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Parameters
    ----------
    key : str
        What the guide calls it, ``section.name``.
    what : str
        What it says, for people.
    value : float
        The figure: the median of the rounds where there are rounds.
    unit : str
        ``ns a bar``, ``MiB``, ``x``, ...
    low, high : float or None
        The interval of the median; None for what is counted or measured once.
    coverage : float or None
        How often such an interval covers the median, where the rounds are too few for 95%.
    at_most, at_least : float or None
        The limit it must hold. A ratio (unit ``x``) must hold it with its whole interval, a cost with its median: it
        is of this machine.
    """

    key: str
    what: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    coverage: float | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the limit is held; None without one."""
        low, high = self.low, self.high
        if self.unit != "x" or low is None or high is None:
            low = high = self.value
        if self.at_most is not None:
            return high <= self.at_most
        if self.at_least is not None:
            return low >= self.at_least
        return None

    @property
    def section(self) -> str:
        """The benchmark it comes from."""
        return self.key.partition(".")[0]

    def text(self) -> str:
        """Write figure, interval and unit: ``34.1x [33.8, 34.4]``, with ``(75%)`` of three rounds."""
        unit = "x" if self.unit == "x" else f" {self.unit}"
        if self.low is None or self.high is None:
            return f"{_digits(self.value)}{unit}"
        covered = "" if self.coverage is None else f" ({self.coverage:.0%})"
        return f"{_digits(self.value)}{unit} [{_digits(self.low)}, {_digits(self.high)}]{covered}"

    def limit_text(self) -> str:
        """Write the limit and whether it is held."""
        if self.at_most is not None:
            text = f"at most {self.at_most:,.12g}"
        elif self.at_least is not None:
            text = f"at least {self.at_least:,.12g}"
        else:
            return ""
        return text if self.holds else f"**missed**: {text}"


def figure(key: str, what: str, measured: Ratio, unit: str, scale: float = 1.0, **limits: float) -> Figure:
    """Return a figure of several rounds, in another unit."""
    return Figure(
        key,
        what,
        rounded(measured.median * scale),
        unit,
        rounded(measured.low * scale),
        rounded(measured.high * scale),
        coverage=None if measured.coverage >= CONFIDENCE else rounded(measured.coverage),
        **limits,
    )


def rounded(value: float) -> float:
    """Keep four digits: what is more is noise."""
    return float(f"{value:.4g}")


def command(section: str) -> str:
    """Return the command that measures a section."""
    return f"python -m benchmarks {section}"


def write(folder: Path, figures: Sequence[Figure], notes: Iterable[str], seconds: float) -> None:
    """Write results and table; sections that were not measured now are kept from the file that is there.

    Parameters
    ----------
    folder : Path
        Where the two files go; made if it does not exist.
    figures : sequence of Figure
        Of whole sections.
    notes : iterable of str
        What was left out, and why.
    seconds : float
        How long it took.
    """
    folder.mkdir(parents=True, exist_ok=True)
    now = {one.section for one in figures}
    file = folder / RESULTS
    old = read(folder) if file.is_file() else ()
    kept = [one for one in old if one.section not in now]
    every = [*kept, *figures]
    notes = list(notes)
    document = {
        "schema": SCHEMA,
        "environment": environment(),
        "seconds": round(seconds),
        "notes": notes,
        "figures": [asdict(one) | {"holds": one.holds} for one in every],
    }
    file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (folder / TABLE).write_text(table_page(every, notes), encoding="utf-8")


def read(folder: Path) -> tuple[Figure, ...]:
    """Read the figures of a results file."""
    document: dict[str, Any] = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    if document.get("schema") != SCHEMA:
        raise ValueError(f"{folder / RESULTS}: schema {document.get('schema')!r}; {SCHEMA} is needed")
    return tuple(Figure(**{k: v for k, v in one.items() if k != "holds"}) for one in document["figures"])


def environment() -> dict[str, str]:
    """Return what the figures depend on, without naming the machine."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        **{name: version(name) for name in ("numpy", "numba")},
    }


def table_page(figures: Sequence[Figure], notes: Iterable[str] = ()) -> str:
    """Write all figures as one Markdown page."""
    here = ", ".join(f"{name} {value}" for name, value in environment().items())
    lines = [
        "# Measured",
        "",
        f"Written by `python -m benchmarks --out benchmarks/results` ({here}). Every result was checked before it was",
        "timed. Figures are medians of paired, interleaved rounds with their 95% intervals (of three rounds, where a",
        "round takes minutes, 75%, which is said); what they mean, and when which way to run is worth it, is said in",
        "[the performance guide](../../docs/PERFORMANCE_GUIDE.md).",
        "",
        "| figure | measured | limit | command |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {one.what} | {one.text()} | {one.limit_text()} | `{command(one.section)}` |" for one in figures
    ]
    notes = list(notes)
    if notes:
        lines += ["", *[f"- {note}" for note in notes]]
    return "\n".join(lines) + "\n"


def _digits(number: float) -> str:
    if number <= 0.0:
        return f"{number:g}"
    return f"{number:,.0f}" if number >= 1_000 else digits(number)
