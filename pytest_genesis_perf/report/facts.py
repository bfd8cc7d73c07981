"""What is known of a comparison beside its verdict, by name: the details of the terminal and of the page."""

from __future__ import annotations

from pytest_genesis_perf import record_text
from pytest_genesis_perf.notation import times
from pytest_genesis_perf.record import Comparison


def facts(record: Comparison) -> list[tuple[str, str]]:
    """Return name and words of each fact.

    Parameters
    ----------
    record : Comparison
        The comparison.
    """
    found = []
    if record.blocks:
        calls = ", ".join(f"{count:,} {role} calls" for role, count in record.calls.items())
        found.append(("claim", f"{record.claim}; {len(record.blocks):,} blocks, a slice is {calls}"))
    if record.disturbance:
        found.append(("meanwhile", record.disturbance))
    if record.confirmation:
        found.append(("fresh processes", ", ".join(map(times, record.confirmation))))
    found += [_split(line) for line in record_text.cost_lines(record)]
    if record.plans:
        found.append(("plans", record_text.plan_text(record)))
    if record.digest:
        found.append(("digest", f"{record.digest} ({record.digest_state})"))
    return found


def _split(line: str) -> tuple[str, str]:
    name, _, told = line.partition(": ")
    return name, told
