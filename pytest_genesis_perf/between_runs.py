"""Two runs compared: what changed from one report to the next. Pure.

The speedups of a run are ratios of arms that were measured together; two runs were not. So a speed counts as changed
only by the rule for stored speeds, with its tolerance, and nothing here is a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pytest_genesis_perf.arms import ROLES
from pytest_genesis_perf.costs import SLACK, Kind
from pytest_genesis_perf.evidence import Cost, StoredSpeed
from pytest_genesis_perf.notation import grouped
from pytest_genesis_perf.record import VERDICTS, Comparison
from pytest_genesis_perf.verdict import StoredState, against_stored

Counts = Mapping[str, "int | str"] | None
CHANGES = (
    "other results",
    "slower",
    "costs more",
    "worse",
    "gone",
    "not measured",
    "unclear",
    "other work",
    "other claim",
    "new",
    "better",
    "costs less",
    "faster",
    "same",
)
"""What can have happened to a comparison, worst first."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What happened to one comparison.

    Parameters
    ----------
    before, after : Comparison or None
        Its records; None where it was not made.
    words : tuple of str
        Of :data:`CHANGES`, worst first: all that happened.
    reasons : tuple of str
        Each with the figures of both runs.
    """

    before: Comparison | None
    after: Comparison | None
    words: tuple[str, ...]
    reasons: tuple[str, ...] = ()

    @property
    def record(self) -> Comparison:
        """The newer record there is."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def ratio(self) -> float | None:
        """The newer speedup over the older one; None where one was not measured, or the work is another."""
        if self.before is None or self.after is None or "other work" in self.words:
            return None
        if self.before.speedup is None or self.after.speedup is None:
            return None
        return self.after.speedup / self.before.speedup


def changes(before: Iterable[Comparison], after: Iterable[Comparison], tolerance: float) -> list[Change]:
    """Return what happened to each comparison of two runs, worst first.

    Parameters
    ----------
    before, after : iterable of Comparison
        The older and the newer run, each comparison once.
    tolerance : float
        Share by which a speedup may lie beyond the older interval and still count as the same.
    """
    old, new = ({record.key: record for record in records} for records in (before, after))
    found = [_change(old.get(key), new.get(key), tolerance) for key in sorted({**old, **new})]
    return sorted(found, key=lambda change: (CHANGES.index(change.words[0]), change.ratio or 0.0))


def _change(before: Comparison | None, after: Comparison | None, tolerance: float) -> Change:
    if before is None or after is None:
        word = "new" if before is None else "gone"
        return Change(before=before, after=after, words=(word,))
    told = [*_work(before, after), *_verdict(before, after)]
    if before.work == after.work:
        told += [*_results(before, after), *_speed(before, after, tolerance), *_costs(before, after)]
    told.sort(key=lambda pair: CHANGES.index(pair[0]))
    words = tuple(dict.fromkeys(word for word, _ in told)) or ("same",)
    reasons = tuple(reason for _, reason in told if reason)
    return Change(before=before, after=after, words=words, reasons=reasons)


def _work(before: Comparison, after: Comparison) -> Iterable[tuple[str, str]]:
    for what, old, new in (("work", before.work, after.work), ("claim", before.claim, after.claim)):
        if old != new:
            yield f"other {what}", f"{what}: {old or 'not said'} before, {new or 'not said'} after"


def _verdict(before: Comparison, after: Comparison) -> Iterable[tuple[str, str]]:
    if before.verdict != after.verdict:
        worse = VERDICTS.index(after.verdict) < VERDICTS.index(before.verdict)
        told = f"verdict: {before.verdict} before, {after.verdict} after"
        yield "worse" if worse else "better", told


def _results(before: Comparison, after: Comparison) -> Iterable[tuple[str, str]]:
    if before.digest and after.digest and before.digest != after.digest:
        yield "other results", f"digest: {before.digest} before, {after.digest} after"


def _speed(before: Comparison, after: Comparison, tolerance: float) -> Iterable[tuple[str, str]]:
    if before.interval is not None and after.interval is None:
        yield "not measured", "speed: measured before, not after"
    if before.digest and not after.digest:
        yield "not measured", "results: a digest before, none after"
    if before.interval is None or after.interval is None or before.speedup is None:
        return
    low, high = before.interval
    stored = StoredSpeed(low, before.speedup, high, tolerance)
    state = against_stored(after.interval, stored)
    if state is StoredState.CROSSED:
        yield "slower", ""
    elif state is StoredState.IMPROVED:
        yield "faster", ""
    elif state is StoredState.TOO_WIDE or high > low * stored.factor:
        yield "unclear", f"an interval is wider than {tolerance:.0%}: the speeds cannot be told apart"


def _costs(before: Comparison, after: Comparison) -> Iterable[tuple[str, str]]:
    kinds: tuple[tuple[Kind, str, str, Counts, Counts], ...] = (
        ("memory", "peak memory", " bytes", before.memory_bytes, after.memory_bytes),
        ("instructions", "instructions", "", before.instructions, after.instructions),
    )
    for kind, what, unit, old, new in kinds:
        if old is None or new is None or old.get("tool") != new.get("tool"):
            continue
        for role in ROLES:
            was, now = _count(old, role), _count(new, role)
            reason = f"{role} {what}: {grouped(was)}{unit} before, {grouped(now)}{unit} after"
            if Cost(what, was, now, SLACK[kind]).crossed:
                yield "costs more", reason
            elif Cost(what, now, was, SLACK[kind]).crossed:
                yield "costs less", reason


def _count(counts: Mapping[str, int | str], role: str) -> int:
    return int(counts[role])
