"""The history of speeds as lines of text and as plain values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pytest_genesis_perf.notation import times
from pytest_genesis_perf.record import named
from pytest_genesis_perf.report.summary import Printer

if TYPE_CHECKING:
    from pytest_genesis_perf.change_points import ChangePoint
    from pytest_genesis_perf.history import Entry
    from pytest_genesis_perf.speed_series import Series

SCHEMA = 1
STEPS, PLAIN_STEPS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588", "_.-~=+*#"
"""From the lowest to the highest speedup of a series."""
LEAST_SPAN = 1.05
"""A series that varies by less is drawn as flat as it is."""
WIDEST = 60
NO_VERDICT = (
    "A change of level is a place to look at, not a verdict: another machine of the class moves a level too."
)


def write(printer: Printer, found: Sequence[Series], width: int, drawable: bool) -> None:
    """Write each series as a small drawing, and its changes of level.

    Parameters
    ----------
    printer : Printer
        Where to.
    found : sequence of Series
        In the order in which they are shown.
    width : int
        Characters of a line.
    drawable : bool
        Whether block signs can be written.
    """
    steps = STEPS if drawable else PLAIN_STEPS
    for series in found:
        last = series.entries[-1]
        printer.write_line(named(last.test, last.label), bold=True)
        printer.write_line(f"  {last.environment}{f'; {last.work}' if last.work else ''}")
        shown = [entry.speedup for entry in series.entries][-min(WIDEST, max(width - 50, 10)) :]
        count = len(series.entries)
        runs = f"{count:,} run{'' if count == 1 else 's'}, {_day(series.entries[0])} to {_day(last)}"
        printer.write_line(f"  {small(shown, steps)}  {times(last.speedup)} now; {runs}")
        for point in series.points:
            bad = point.change < 0.0
            printer.write_line(f"  {change_text(series, point)}", red=bad, green=not bad)
    changed = sum(bool(series.points) for series in found)
    printer.write_line(
        f"genesis-perf: {len(found):,} series, {changed:,} with a change of level"
        if changed
        else f"genesis-perf: {len(found):,} series, no change of level"
    )
    if changed:
        printer.write_line(NO_VERDICT)


def small(values: Sequence[float], steps: str) -> str:
    """Return a series as one sign a run, on a log scale of its own."""
    low, high = min(values), max(values)
    middle, half = math.sqrt(low * high), max(math.sqrt(high / low), math.sqrt(LEAST_SPAN))
    lowest, span = math.log(middle / half), 2.0 * math.log(half)
    return "".join(
        steps[min(len(steps) - 1, max(0, int((math.log(value) - lowest) / span * len(steps))))]
        for value in values
    )


def change_text(series: Series, point: ChangePoint) -> str:
    """Return a change of level in words: when, between which commits, how much, how sure."""
    before, after = series.entries[point.first - 1], series.entries[point.first]
    commits = f", commits {_commit(before)} to {_commit(after)}" if before.commit or after.commit else ""
    return (
        f"{_day(after)}: {times(point.before)} to {times(point.after)} ({point.change:+.1%}), "
        f"p {point.p:.1g}{commits}"
    )


def to_plain(found: Sequence[Series]) -> dict[str, Any]:
    """Return the series as plain values."""
    return {
        "schema": SCHEMA,
        "command": "trend",
        "series": [
            {
                "test": series.entries[-1].test,
                "label": series.entries[-1].label,
                "environment": series.entries[-1].environment,
                "work": series.entries[-1].work,
                "runs": [
                    {"time": entry.time, "commit": entry.commit, "speedup": entry.speedup}
                    for entry in series.entries
                ],
                "changes": [
                    {
                        "time": series.entries[point.first].time,
                        "commit_before": series.entries[point.first - 1].commit,
                        "commit": series.entries[point.first].commit,
                        "before": point.before,
                        "after": point.after,
                        "change": point.change,
                        "p": point.p,
                    }
                    for point in series.points
                ],
            }
            for series in found
        ],
    }


def _day(entry: Entry) -> str:
    return entry.time[:10]


def _commit(entry: Entry) -> str:
    if entry.commit is None:
        return "unknown"
    return entry.commit[:10] + ("+" if entry.changed else "")
