"""The line that says what a run came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_genesis_perf.record import Comparison
    from pytest_genesis_perf.session import Session


def verdict_line(records: Sequence[Comparison]) -> str:
    """Return how many comparisons came to which verdict, worst first."""
    counts = Counter(record.verdict for record in records)
    return "genesis-perf: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


def closing_line(session: Session) -> str:
    """Return how many comparisons came to which verdict, and how far to trust that."""
    if not session.records:
        return "genesis-perf: no comparison"
    line = verdict_line(session.records)
    if session.settings.update:
        return line
    if not session.settings.timed:
        return f"{line} (identity only; add --genesis-perf to judge speed)"
    gates, bound = session.family_bound
    if not gates:
        return line
    return f"{line} ({gates} judged; chance of any false alarm among them at most {bound:.1g})"
