"""From two arms to the evidence about them: identity, then speed, and what has to be looked at once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pytest_genesis_perf.arms import ROLES
from pytest_genesis_perf.confirm import Fresh, Suspicion
from pytest_genesis_perf.costs import Counted, held
from pytest_genesis_perf.evidence import Claim, Evidence
from pytest_genesis_perf.file_lock import LockHeldError
from pytest_genesis_perf.first_calls import FirstCalls, call_arms, find_unstable
from pytest_genesis_perf.measure import measure, measure_asked
from pytest_genesis_perf.measurement import Asked, Measurement, Pair, Terms
from pytest_genesis_perf.session import Session
from pytest_genesis_perf.statistics import ClaimState
from pytest_genesis_perf.tracing import active_tracer
from pytest_genesis_perf.verdict import StoredState


@dataclass(frozen=True)
class Observation:
    """All that was seen of one comparison.

    Parameters
    ----------
    evidence : Evidence
        What the verdict is made of; not yet confirmed where there is a suspicion.
    first : FirstCalls
        The first calls of the arms.
    measurement : Measurement or None
        The blocks; None if speed was not measured.
    suspicion : Suspicion or None
        What fresh processes must find again before the test fails.
    memory, instructions : Counted or None
        What a call of each arm costs besides; None if that was not asked for.
    """

    evidence: Evidence
    first: FirstCalls
    measurement: Measurement | None = None
    suspicion: Suspicion | None = None
    memory: Counted | None = None
    instructions: Counted | None = None


def observe(
    pair: Pair,
    claim: Claim,
    budget: float,
    session: Session,
    *,
    isolate: bool = False,
    memory: bool = False,
    waiting: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Observation:
    """Compare the arms, measure them if asked to, and gather the evidence.

    Parameters
    ----------
    pair : Pair
        The arms.
    claim : Claim
        What is claimed about their speed.
    budget : float
        Seconds to judge it.
    session : Session
        Settings and baselines.
    isolate : bool, optional
        Leave the measuring to fresh processes.
    memory : bool, optional
        Count peak memory too.
    waiting : callable, optional
        Makes what is entered while this worker of xdist waits for others that measure.

    Raises
    ------
    ArmRaisedError, NotComparableError, BaselineError
        If nothing can be compared (row 1).
    """
    settings = session.settings
    key = (pair.nodeid, pair.label)
    first = call_arms(pair.baseline, pair.optimized, pair.clock, pair.handlers)
    difference = first.difference
    evidence = Evidence(
        asked=claim,
        difference=difference,
        digest_state="untracked" if difference else session.digest_state(key, first.digests[0]),
    )
    different = evidence.difference is not None or evidence.digest_state == "differs"
    if different or not settings.timed or settings.update:
        return Observation(evidence, first)
    obstacle = timing_obstacle()
    if obstacle:
        return _untimed(pair, evidence, first, obstacle)
    baseline, optimized = first.timeable(pair.baseline, pair.optimized)
    pair = replace(pair, baseline=baseline, optimized=optimized)
    if settings.child:
        return _asked(pair, evidence, first, budget, session, memory)
    entry = session.stored_speed(key)
    why_missing = None if entry else session.store.why_no_speed(session.environment, key)
    last_calls = partial(find_unstable, first, pair.baseline, pair.optimized)
    left = settings.run_budget - session.spent
    if left <= 0.0:
        reason = f"the time for all measurements of the run, {settings.run_budget:g} s, is used up"
        return _untimed(pair, evidence, first, reason)
    if isolate:
        peaks = _peaks(pair, memory)
        unstable = last_calls()
        stored = entry.speedup if entry else None
        evidence = replace(evidence, unstable=unstable, stored=stored, stored_missing=why_missing)
        if peaks:
            evidence = held(evidence, "memory", peaks, entry.memory_bytes if entry else None)
        return Observation(evidence, first, None, None if unstable else Suspicion.ISOLATED, peaks)
    terms = Terms(claim, entry.speedup if entry else None, budget, settings.cap, left)
    try:
        with session.alone(waiting), session.progress.measuring(f"{pair.nodeid} / {pair.label}") as tell:
            measurement = measure(pair, terms, tell=tell, last_calls=last_calls)
    except LockHeldError as error:
        return _untimed(pair, evidence, first, f"{OTHERS_MEASURED}: {error}")
    if measurement.disturbance:
        session.spent += measurement.disturbance.wall_seconds
    peaks = _peaks(pair, memory)
    unstable = measurement.unstable
    if unstable:
        return Observation(replace(evidence, unstable=unstable), first, measurement)
    evidence = replace(
        evidence,
        claim=measurement.claim,
        interval=measurement.interval,
        inconclusive_reason=measurement.reason,
        stored=terms.stored,
        stored_missing=why_missing,
    )
    if peaks:
        evidence = held(evidence, "memory", peaks, entry.memory_bytes if entry else None)
    return Observation(evidence, first, measurement, _suspicion(measurement, terms), peaks)


def _untimed(pair: Pair, evidence: Evidence, first: FirstCalls, reason: str) -> Observation:
    """Return what is known where speed cannot be judged: the results of first and last calls."""
    unstable = find_unstable(first, pair.baseline, pair.optimized)
    return Observation(
        replace(evidence, unstable=unstable, claim=ClaimState.UNDECIDED, inconclusive_reason=reason), first
    )


def _peaks(pair: Pair, memory: bool) -> Counted | None:
    """Count peak memory, in calls of their own: time is not to see it, nor it what was never called before."""
    if not memory:
        return None
    from pytest_genesis_perf.memory import count_memory

    return count_memory(pair.baseline, pair.optimized)


def _asked(
    pair: Pair, evidence: Evidence, first: FirstCalls, budget: float, session: Session, memory: bool
) -> Observation:
    """Measure what the parent of this process asks for, and judge nothing."""
    request = session.settings.child
    if request is None or request.label not in (None, pair.label):
        return Observation(evidence, first)
    if request.dumps:
        from pytest_genesis_perf.counting import counted_here

        session.instructions[pair.nodeid, pair.label] = counted_here(pair, request)
        return Observation(evidence, first)
    asked = Asked(request.blocks, None, request.beyond, budget, session.settings.cap, request.exchanged)
    last_calls = partial(find_unstable, first, pair.baseline, pair.optimized)
    try:
        with session.alone(partial(_marked, request.waiting)):
            measurement = measure_asked(pair, asked, last_calls=last_calls)
            if request.control:
                beside = pair.side_by_side and measurement.plan.in_turns is None
                same = replace(
                    pair, optimized=pair.baseline, seed=f"{pair.seed} control", side_by_side=beside
                )
                again = replace(asked, blocks=measurement.drawn, beyond=None, exchanged=False)
                control = measure_asked(same, again)
                session.controls[pair.nodeid, pair.label] = Fresh(control.xs, control.plan.long)
    except LockHeldError as error:
        return _untimed(pair, evidence, first, f"{OTHERS_MEASURED}: {error}")
    peaks = _peaks(pair, memory and request.memory)
    evidence = replace(evidence, unstable=measurement.unstable, inconclusive_reason=measurement.reason)
    return Observation(evidence, first, measurement, None, peaks)


OTHERS_MEASURED = "other workers of xdist measured all the while"


@contextmanager
def _marked(file: str) -> Iterator[None]:
    """Have a file there for a while: the parent sees that this process waits, and does not lose patience."""
    path = Path(file)
    path.touch()
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


MEMO_RATIO = 20.0
"""A first call that took so many times the median is one that later calls may remember."""
MEMO_SECONDS = 100e-6
"""... if it took so long: the first call of any function, with cold caches, takes 2 to 30 us on a busy machine."""


def memo_remarks(seen: Observation) -> tuple[str, ...]:
    """Return what should be said of arms whose first call took far longer than later ones.

    Parameters
    ----------
    seen : Observation
        Of arms without inputs made anew.
    """
    measured = seen.measurement
    if measured is None or measured.baseline_seconds is None or measured.optimized_seconds is None:
        return ()
    medians = (measured.baseline_seconds, measured.optimized_seconds)
    return tuple(
        f"the first call of the {role} arm took {first / later:,.0f} times its median: it may measure what it "
        "remembers; give setup= for new inputs, or warm=True if that is meant"
        for role, first, later in zip(ROLES, seen.first.seconds, medians, strict=True)
        if first > max(MEMO_RATIO * later, MEMO_SECONDS)
    )


def _suspicion(measurement: Measurement, terms: Terms) -> Suspicion | None:
    if measurement.claim is ClaimState.FAILS:
        return Suspicion.CLAIM_FAILS
    if measurement.against(terms.stored) is StoredState.CROSSED:
        return Suspicion.STORED_CROSSED
    return None


def timing_obstacle() -> str | None:
    """Return why no time measured now can be trusted, None if nothing is known to disturb it."""
    tracer = active_tracer()
    return f"speed is not judged while {tracer} is active" if tracer else None
