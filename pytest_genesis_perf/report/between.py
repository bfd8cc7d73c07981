"""Two runs compared, as lines of text and as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pytest_genesis_perf import record_text
from pytest_genesis_perf.report import text
from pytest_genesis_perf.report.summary import Printer
from pytest_genesis_perf.report.table import Column, layout

if TYPE_CHECKING:
    from pytest_genesis_perf.between_runs import Change
    from pytest_genesis_perf.record import Comparison
    from pytest_genesis_perf.report.model import Report

SCHEMA = 1
_BAD = ("other results", "slower", "costs more", "worse", "gone", "not measured")
_GOOD = ("better", "costs less", "faster")
NO_VERDICT = (
    "Each speedup is a ratio measured in one run; the runs were not measured side by side, and the same code differs "
    "by up to 26% between machines of one class. A change between runs is a hint, not a verdict."
)


def write(printer: Printer, before: Report, after: Report, changes: Sequence[Change], width: int) -> None:
    """Write a table, worst first, the figures behind each change, and how far to trust them.

    Parameters
    ----------
    printer : Printer
        Where to.
    before, after : Report
        The older and the newer run.
    changes : sequence of Change
        Worst first.
    width : int
        Characters of a line.
    """
    if changes:
        _write_table(printer, changes, width)
    names = dict(zip(map(id, changes), text.short_names([c.record for c in changes]), strict=True))
    for change in changes:
        for reason in change.reasons:
            printer.write_line(f"{names[id(change)]}: {reason}")
    for difference in _elsewhere(before, after):
        printer.write_line(f"another environment class: {difference}")
    found = Counter(change.words[0] for change in changes)
    told = ", ".join(f"{count} {word}" for word, count in found.items()) or "no comparison in either"
    printer.write_line(f"genesis-perf: {told}")
    if any(change.ratio is not None for change in changes):
        printer.write_line(NO_VERDICT)


def to_plain(before: Report, after: Report, changes: Sequence[Change]) -> dict[str, Any]:
    """Return what changed as plain values."""
    return {
        "schema": SCHEMA,
        "command": "compare",
        "environment_differences": _elsewhere(before, after),
        "comparisons": [
            {
                "test": change.record.nodeid,
                "label": change.record.label,
                "changes": list(change.words),
                "reasons": list(change.reasons),
                "ratio": change.ratio,
                "before": _side(change.before),
                "after": _side(change.after),
            }
            for change in changes
        ],
    }


def _write_table(printer: Printer, changes: Sequence[Change], width: int) -> None:
    columns = [
        Column("change", [", ".join(change.words) for change in changes]),
        Column("comparison", text.short_names([change.record for change in changes]), shrink=True),
        Column("before", [_speedup(change.before) for change in changes], right=True, drop=1),
        Column("after", [_speedup(change.after) for change in changes], right=True, drop=2),
        Column("after/before", [_ratio(change) for change in changes], right=True),
    ]
    lines = layout(columns, width)
    printer.write_line(lines[0], bold=True)
    for change, line in zip(changes, lines[1:], strict=True):
        word = change.words[0]
        length = len(", ".join(change.words))
        printer.write(line[:length], red=word in _BAD, green=word in _GOOD, yellow=word == "unclear")
        printer.write_line(line[length:])


def _elsewhere(before: Report, after: Report) -> list[str]:
    return after.environment.differences(before.environment, here="after", there="before")


def _speedup(record: Comparison | None) -> str:
    return "-" if record is None else record_text.speedup(record)


def _ratio(change: Change) -> str:
    return "-" if change.ratio is None else f"{change.ratio - 1.0:+.1%}"


def _side(record: Comparison | None) -> dict[str, Any] | None:
    if record is None:
        return None
    return {
        "verdict": record.verdict,
        "speedup": record.speedup,
        "interval": None if record.interval is None else list(record.interval),
        "digest": record.digest,
    }
