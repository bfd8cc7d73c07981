"""What waits for fresh processes, or for counted instructions, once its test is over: from there to its record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_genesis_perf.costs import Counted, held
from pytest_genesis_perf.observe import Observation
from pytest_genesis_perf.pending import AskChild, Pending
from pytest_genesis_perf.record import Comparison
from pytest_genesis_perf.record_making import make_record
from pytest_genesis_perf.session import Session

if TYPE_CHECKING:
    from pytest_genesis_perf.counting import TestCounts


def waits(seen: Observation, session: Session) -> bool:
    """Say whether a comparison has its verdict only once the test is over.

    Parameters
    ----------
    seen : Observation
        What was observed.
    session : Session
        The run.
    """
    settings = session.settings
    measured = seen.measurement is not None and seen.evidence.unstable is None
    counts = settings.instructions and not settings.child and measured
    return seen.suspicion is not None or counts


def final_record(
    one: Pending, session: Session, ask: AskChild, files: tuple[str, ...], instructions: TestCounts | None
) -> Comparison:
    """Have fresh processes judge a comparison, and return its final record.

    Parameters
    ----------
    one : Pending
        The comparison.
    session : Session
        The run.
    ask : callable
        Runs a child.
    files : tuple of str
        Files of the test, for the child.
    instructions : TestCounts or None
        What was counted of the test under valgrind.
    """
    seen, found = one.ask_fresh(ask, files)
    if instructions is not None:
        seen = _with_instructions(seen, one, session, instructions.of(one.label))
    record = make_record(session, one.nodeid, one.label, one.work, seen.evidence, seen, found)
    return replace(record, remarks=one.remarks)


def _with_instructions(seen: Observation, one: Pending, session: Session, counted: Counted) -> Observation:
    entry = session.stored_speed((one.nodeid, one.label))
    evidence = held(seen.evidence, "instructions", counted, entry.instructions if entry else None)
    return replace(seen, evidence=evidence, instructions=counted)
