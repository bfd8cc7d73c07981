"""The line that says what a run came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_genesis_perf.record import Comparison
    from pytest_genesis_perf.report.model import Report


def counts(records: Sequence[Comparison]) -> str:
    """Return how many comparisons came to which verdict, worst first."""
    found = Counter(record.verdict for record in records)
    return ", ".join(f"{count} {verdict}" for verdict, count in found.items()) or "no comparison"


def closing_line(report: Report) -> str:
    """Return how many comparisons came to which verdict, and how far to trust that."""
    more = f" ({trust(report)})" if trust(report) else ""
    return f"genesis-perf: {counts(report.comparisons)}{more}"


def trust(report: Report) -> str:
    """Return how far to trust the verdicts of a run, empty where nothing is to be said."""
    if not report.comparisons:
        return ""
    if report.mode == "identity":
        return "identity only; add --genesis-perf to judge speed"
    if report.mode == "record" or not report.gates:
        return ""
    return f"{report.gates} judged; chance of any false alarm among them at most {report.family_bound:.1g}"


def headline(report: Report) -> str:
    """Return in a few words whether anything failed."""
    total = len(report.comparisons)
    failed = sum(record.effect == "fail" for record in report.comparisons)
    warned = sum(record.effect == "warn" for record in report.comparisons)
    if failed:
        return f"{failed} of {total:,} comparisons failed"
    if report.errors:
        return f"no comparison failed, but the run did ({total:,} compared)"
    warnings = f", {warned} with a warning" if warned else ""
    return f"{total:,} comparison{'' if total == 1 else 's'}, none failed{warnings}"
