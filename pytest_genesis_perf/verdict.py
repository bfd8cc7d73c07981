"""The verdict of one comparison: the outcome table, as one function.

Pure: an :class:`Evidence` goes in, an :class:`Outcome` comes out.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum
from typing import cast

from pytest_genesis_perf.evidence import COST_TOLERANCE, Evidence, StoredSpeed
from pytest_genesis_perf.notation import times
from pytest_genesis_perf.soft_states import DEFAULTS, EFFECTS, Effect, SoftState
from pytest_genesis_perf.statistics import ClaimState


class Verdict(str, Enum):
    """What a comparison came to, worst first."""

    ERROR = "ERROR"
    DIFFERENT = "DIFFERENT"
    REGRESSED = "REGRESSED"
    MISSED = "MISSED"
    INCONCLUSIVE = "INCONCLUSIVE"
    NO_BASELINE = "NO-BASELINE"
    IMPROVED = "IMPROVED"
    PASS = "PASS"

    def __str__(self) -> str:
        return self.value


class StoredState(Enum):
    """How a measured interval lies to a stored speedup."""

    CROSSED = "crossed"
    IMPROVED = "improved"
    TOO_WIDE = "too wide"
    INSIDE = "inside"


@dataclass(frozen=True)
class Policy:
    """What each soft state does to the test: "pass", "warn" or "fail".

    Parameters
    ----------
    not_reproduced, inconclusive, no_digest, no_speed, no_cost, improved, orphaned : {"pass", "warn", "fail"}
        Rows 5, 8, 9, 10, 11 and 13 of the outcome table; costs stand in rows 8 and 10.

    Raises
    ------
    ValueError
        For any other choice.
    """

    not_reproduced: Effect = DEFAULTS["not_reproduced"]
    inconclusive: Effect = DEFAULTS["inconclusive"]
    no_digest: Effect = DEFAULTS["no_digest"]
    no_speed: Effect = DEFAULTS["no_speed"]
    no_cost: Effect = DEFAULTS["no_cost"]
    improved: Effect = DEFAULTS["improved"]
    orphaned: Effect = DEFAULTS["orphaned"]

    def __post_init__(self) -> None:
        for state in fields(self):
            choice = getattr(self, state.name)
            if choice not in EFFECTS:
                raise ValueError(f"{state.name} must be 'pass', 'warn' or 'fail', not {choice!r}")


@dataclass(frozen=True)
class Outcome:
    """The verdict on one comparison.

    Parameters
    ----------
    verdict : Verdict
        The word.
    detail : str
        The reason, one sentence or a few lines.
    failed_default : {"fail", "warn", "pass"}
        What the table does with it by default.
    row : int
        The row of the outcome table that applied.
    soft : str or None
        The soft state, a field of :class:`Policy`; None where no choice is offered.
    judged : bool
        Whether something was decided; a run in which nothing was is an error (row 14).
    """

    verdict: Verdict
    detail: str
    failed_default: Effect
    row: int
    soft: SoftState | None = None
    judged: bool = True

    def effect(self, policy: Policy) -> Effect:
        """Return what this outcome does to the test under a policy."""
        if self.soft is None:
            return self.failed_default
        return cast(Effect, getattr(policy, self.soft))


def against_stored(interval: tuple[float, float], stored: StoredSpeed) -> StoredState:
    """Say how the interval of a measured speedup lies to a stored one.

    Parameters
    ----------
    interval : tuple of float
        Lower and upper end of the speedup.
    stored : StoredSpeed
        What was recorded.

    Returns
    -------
    StoredState
        ``CROSSED`` or ``IMPROVED`` if the whole interval is beyond the tolerance, however wide it is;
        else ``TOO_WIDE`` if it spans more than that: more blocks may then settle it.

    Raises
    ------
    ValueError
        If the ends are not in order.
    """
    low, high = interval
    if not 0.0 <= low <= high:
        raise ValueError(f"the interval of a speedup must be (lower, upper), not ({low!r}, {high!r})")
    if high < stored.tripwire:
        return StoredState.CROSSED
    if low > stored.high * stored.factor:
        return StoredState.IMPROVED
    return StoredState.TOO_WIDE if high > low * stored.factor else StoredState.INSIDE


def decide(evidence: Evidence) -> Outcome:
    """Return the outcome of a comparison: the first row of the table that applies.

    Parameters
    ----------
    evidence : Evidence
        All that was observed.

    Returns
    -------
    Outcome
        Verdict, reason, row, and what it does by default.
    """
    e = evidence
    speed = _speed(e.interval)
    # 1: nothing could be compared.
    if e.error is not None:
        return Outcome(Verdict.ERROR, e.error, "fail", 1, judged=False)
    # 2: not the same bits.
    if e.difference is not None:
        return Outcome(Verdict.DIFFERENT, f"the arms differ\n{e.difference.describe()}", "fail", 2)
    if e.unstable is not None:
        where = e.unstable.difference.describe()
        text = f"first (baseline) and last (optimized) call of the {e.unstable.arm} arm differ\n{where}"
        return Outcome(Verdict.DIFFERENT, text, "fail", 2)
    if e.digest_state == "differs":
        text = "both arms agree, but not with the stored digest"
        return Outcome(Verdict.DIFFERENT, text, "fail", 2)
    # 4: no process judged the claim, though some were to do so from the start: nothing fails open.
    if e.unjudged is not None:
        text = f'the claim "{e.asked.text}" could not be judged: {e.unjudged}'
        return Outcome(Verdict.REGRESSED, text, "fail", 4, judged=False)
    # 3, 4, 5: the claim fails.
    if e.claim is ClaimState.FAILS:
        failed = f'the claim "{e.asked.text}" fails{speed}'
        if e.confirmed is True:
            verdict = Verdict.REGRESSED if e.asked.min_speedup is None else Verdict.MISSED
            return Outcome(verdict, failed, "fail", 3)
        if e.confirmed is None:
            why = e.unconfirmable or "confirmation was not run"
            return Outcome(Verdict.REGRESSED, f"{failed} (unconfirmable: {why})", "fail", 4)
        why = e.not_reproduced or "not reproduced when measured again"
        return _soft(Verdict.INCONCLUSIVE, f"{failed}, {why}", 5, "not_reproduced", judged=False)
    # 6: a cost went up.
    crossed = [c for c in e.costs if c.crossed]
    if crossed:
        text = "; ".join(
            f"{c.what}: {c.current:,}, stored {c.stored:,} x {COST_TOLERANCE:g}" for c in crossed
        )
        return Outcome(Verdict.REGRESSED, f"cost: {text}", "fail", 6)
    # 7: slower than what was stored.
    stored = against_stored(e.interval, e.stored) if e.interval and e.stored else None
    beside = f"{speed}, stored {_stored(e.stored)}"
    if stored is StoredState.CROSSED and e.stored_confirmed is not False:
        text = f"slower than the stored baseline{beside}"
        if e.stored_confirmed is None:
            text += f" (unconfirmable: {e.unconfirmable or 'confirmation was not run'})"
        return Outcome(Verdict.REGRESSED, text, "fail", 7)
    # 8: undecided, by the clock or by the claim; a claim that holds still stands beside a stored doubt.
    undecided = e.inconclusive_reason
    if undecided is None and e.claim is ClaimState.UNDECIDED:
        undecided = f'the claim "{e.asked.text}" is undecided{speed}'
    if undecided is not None:
        return _soft(Verdict.INCONCLUSIVE, undecided, 8, "inconclusive", judged=False)
    if stored is StoredState.CROSSED:
        why = e.not_reproduced or "not reproduced when measured again"
        text = f"the claim holds; slower than the stored baseline{beside}, {why}"
        return _soft(Verdict.INCONCLUSIVE, text, 8, "inconclusive")
    if stored is StoredState.TOO_WIDE:
        wide = f"over {_width(e.stored)} wide, the interval cannot be held against the baseline"
        text = f"the claim holds; {wide}{beside}"
        return _soft(Verdict.INCONCLUSIVE, text, 8, "inconclusive")
    if e.uncounted:
        return _soft(Verdict.INCONCLUSIVE, "; ".join(e.uncounted), 8, "no_cost")
    # 9, 10: nothing to hold it against.
    if e.digest_state == "missing":
        text = "digest: none is stored for this comparison, record it with --genesis-perf-update"
        return _soft(Verdict.NO_BASELINE, text, 9, "no_digest")
    if e.claim is None:
        return Outcome(Verdict.PASS, "identical; speed was not measured", "pass", 12)
    if stored is None:
        text = f"speed: {e.stored_missing or 'none is stored for this environment class and comparison'}"
        return _soft(Verdict.NO_BASELINE, text, 10, "no_speed")
    if e.unstored:
        return _soft(Verdict.NO_BASELINE, "; ".join(e.unstored), 10, "no_cost")
    # 11, 12: it holds.
    holds = f'the claim "{e.asked.text}" holds{beside}'
    if stored is StoredState.IMPROVED:
        return _soft(Verdict.IMPROVED, f"{holds}; an update is advised", 11, "improved")
    return Outcome(Verdict.PASS, holds, "pass", 12)


def _soft(verdict: Verdict, detail: str, row: int, state: SoftState, *, judged: bool = True) -> Outcome:
    return Outcome(verdict, detail, DEFAULTS[state], row, soft=state, judged=judged)


def _speed(interval: tuple[float, float] | None) -> str:
    return f": speedup {times(interval[0])} to {times(interval[1])}" if interval else ""


def _stored(stored: StoredSpeed | None) -> str:
    return f"{times(stored.low)} to {times(stored.high)}" if stored else "none"


def _width(stored: StoredSpeed | None) -> str:
    return f"{100.0 * stored.tolerance:.3g}%" if stored else ""
