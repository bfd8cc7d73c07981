"""From what was observed of a comparison to its record: the verdict, and every number beside it."""

from __future__ import annotations

from typing import Any

from pytest_genesis_perf.confirm import Confirmation, Suspicion
from pytest_genesis_perf.evidence import Evidence
from pytest_genesis_perf.measurement import Measurement
from pytest_genesis_perf.observe import Observation
from pytest_genesis_perf.record import Comparison
from pytest_genesis_perf.session import Session
from pytest_genesis_perf.verdict import decide


def seed_of(session: Session, nodeid: str, label: str) -> str:
    """Return the seed of the coin of a comparison, which no other comparison of the run has.

    Parameters
    ----------
    session : Session
        The run.
    nodeid, label : str
        The comparison.
    """
    return f"{session.settings.seed} {nodeid} {label}"


def make_record(
    session: Session,
    nodeid: str,
    label: str,
    work: str | None,
    evidence: Evidence,
    seen: Observation | None,
    confirmation: Confirmation | None = None,
) -> Comparison:
    """Decide about a comparison, and return its record.

    Parameters
    ----------
    session : Session
        The run: its policy, and what is stored.
    nodeid, label : str
        The comparison.
    work : str or None
        What one call does.
    evidence : Evidence
        What the verdict is made of.
    seen : Observation or None
        What was observed; None where nothing could be compared.
    confirmation : Confirmation, optional
        What fresh processes found.
    """
    outcome = decide(evidence)
    settings = session.settings
    measured = seen.measurement if seen else None
    stored = evidence.stored
    return Comparison(
        nodeid=nodeid,
        label=label,
        verdict=str(outcome.verdict),
        effect=outcome.effect(session.policy),
        row=outcome.row,
        detail=outcome.detail,
        judged=outcome.judged,
        timed=settings.timed and not settings.update,
        seed=seed_of(session, nodeid, label) if measured else "",
        claim=evidence.asked.text,
        claim_limit=evidence.asked.min_speedup or 1.0 / (1.0 + evidence.asked.margin),
        work=work,
        stored=(stored.low, stored.median, stored.high) if stored else None,
        digest=seen.first.digests[0] if seen and not evidence.difference else None,
        stored_digest=session.stored_digest((nodeid, label)) if evidence.error is None else None,
        digest_state=evidence.digest_state,
        plans=seen.first.plans if seen else {},
        isolated=seen is not None and seen.suspicion is Suspicion.ISOLATED,
        confirmation=confirmation.speedups if confirmation else (),
        cost_gaps=(*evidence.uncounted, *evidence.unstored),
        **(_timings(measured) if measured else {}),
        **(_costs(session, nodeid, label, seen) if seen else {}),
    )


def _timings(measured: Measurement) -> dict[str, Any]:
    seconds = None
    if measured.baseline_seconds is not None and measured.optimized_seconds is not None:
        seconds = {"baseline": measured.baseline_seconds, "optimized": measured.optimized_seconds}
    return {
        "speedup": measured.speedup,
        "interval": measured.interval,
        "seconds": seconds,
        "blocks": measured.xs,
        "long": measured.plan.long,
        "in_turns": measured.plan.in_turns or "",
        "disturbance": measured.disturbance.text if measured.disturbance else "",
        "calls": {"baseline": measured.plan.baseline_calls, "optimized": measured.plan.optimized_calls},
    }


def _costs(session: Session, nodeid: str, label: str, seen: Observation) -> dict[str, Any]:
    if seen.memory is None and seen.instructions is None:
        return {}
    entry = None if session.settings.child else session.stored_speed((nodeid, label))
    return {
        "memory_bytes": seen.memory.plain() if seen.memory else None,
        "stored_memory_bytes": entry.memory_bytes if entry and seen.memory else None,
        "instructions": seen.instructions.plain() if seen.instructions else None,
        "stored_instructions": entry.instructions if entry and seen.instructions else None,
    }
