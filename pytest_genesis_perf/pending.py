"""A comparison that waits for fresh processes, and what they make of it once the test is over."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pytest_genesis_perf.child_request import Measured, Request
from pytest_genesis_perf.children import Answer
from pytest_genesis_perf.confirm import (
    ISOLATED_PROCESSES,
    PROCESSES,
    Confirmation,
    Fresh,
    Suspicion,
    judge,
    judge_isolated,
    slow_side,
)
from pytest_genesis_perf.evidence import Evidence, StoredSpeed
from pytest_genesis_perf.measurement import Measurement
from pytest_genesis_perf.observe import Observation
from pytest_genesis_perf.slice_plan import SlicePlan
from pytest_genesis_perf.statistics import ClaimState, fresh_rule, median

AskChild = Callable[[Request], Answer]
"""Runs one child; what it is asked for stands in the request."""
ISOLATED_BLOCKS = 256
"""Blocks of an isolated process: the scatter between processes is then larger than that within one."""


@dataclass(frozen=True)
class Pending:
    """A comparison whose verdict waits for fresh processes.

    Parameters
    ----------
    nodeid, label : str
        The comparison.
    work : str or None
        What one call does.
    seen : Observation
        With a suspicion, or one whose instructions are still to be counted.
    remarks : tuple of str
        What should be looked at besides.
    """

    nodeid: str
    label: str
    work: str | None
    seen: Observation
    remarks: tuple[str, ...] = ()

    def ask_fresh(self, ask: AskChild, files: tuple[str, ...]) -> tuple[Observation, Confirmation | None]:
        """Ask fresh processes, and return the observation with what they found.

        Parameters
        ----------
        ask : callable
            Runs a child.
        files : tuple of str
            Of the test.
        """
        if self.seen.suspicion is None:
            return self.seen, None
        if self.seen.suspicion is Suspicion.ISOLATED:
            return self._isolated(ask, files)
        limit = self._limit()
        blocks = self.seen.measurement.drawn if self.seen.measurement else None
        asked = replace(self._request(files), blocks=blocks, beyond=slow_side(limit), exchanged=True)
        answers, why = self._ask([replace(asked, control=n == 0) for n in range(PROCESSES)], ask)
        processes = [Fresh(one.blocks, one.long) for one in answers]
        if why:
            fault = f"fresh process {len(answers) + 1} of {PROCESSES}: {why}"
            found = Confirmation(None, tuple(one.speedup for one in processes), fault)
        else:
            control = Fresh(answers[0].control, answers[0].control_long) if answers[0].control else None
            found = judge(processes, limit, control)
        return replace(self.seen, evidence=self._evidence(found)), found

    def _isolated(self, ask: AskChild, files: tuple[str, ...]) -> tuple[Observation, Confirmation]:
        asked = replace(self._request(files), blocks=ISOLATED_BLOCKS)
        # Every other process exchanges the roles of the arms.
        answers, why = self._ask(
            [replace(asked, exchanged=n % 2 == 1) for n in range(ISOLATED_PROCESSES)], ask
        )
        evidence = self.seen.evidence
        speedups = tuple(one.speedup for one in answers if one.speedup is not None)
        if why:
            fault = f"fresh process {len(answers) + 1} of {ISOLATED_PROCESSES} could not measure it: {why}"
            evidence = replace(evidence, claim=ClaimState.UNDECIDED, unjudged=fault)
            return replace(self.seen, evidence=evidence), Confirmation(None, speedups, fault)
        judged = judge_isolated([Fresh(one.blocks, one.long) for one in answers], evidence.asked.limit)
        evidence = replace(
            evidence,
            claim=judged.claim,
            confirmed=True if judged.claim is ClaimState.FAILS else None,
            interval=judged.interval,
            inconclusive_reason=judged.reason,
            stored_confirmed=True,
        )
        measurement = _measurement(answers, judged.claim, judged.medians, judged.interval, judged.reason)
        found = Confirmation(True, speedups, judged.reason or "")
        return replace(self.seen, evidence=evidence, measurement=measurement), found

    def _request(self, files: tuple[str, ...]) -> Request:
        return Request(answer="", select=(self.nodeid,), files=files, label=self.label)

    def _ask(self, requests: Sequence[Request], ask: AskChild) -> tuple[list[Measured], str]:
        """Return what the processes measured, and why the next one could not; those behind it are not asked."""
        answers: list[Measured] = []
        for request in requests:
            answer = ask(request)
            mine = [one for one in answer.measured if (one.nodeid, one.label) == (self.nodeid, self.label)]
            if not mine:
                return answers, answer.fault or "the comparison did not run there"
            drawn, least = len(mine[0].blocks), fresh_rule(mine[0].long).looks[0]
            if drawn < least:
                return answers, mine[0].why or f"it drew {drawn} of {least} blocks"
            answers.append(mine[0])
        return answers, ""

    def _limit(self) -> float:
        if self.seen.suspicion is Suspicion.CLAIM_FAILS:
            return self.seen.evidence.asked.limit
        stored = self.seen.evidence.stored
        assert isinstance(stored, StoredSpeed)
        return -math.log(stored.tripwire)

    def _evidence(self, found: Confirmation) -> Evidence:
        evidence = self.seen.evidence
        if found.reproduced is None:
            evidence = replace(evidence, unconfirmable=found.why)
        if self.seen.suspicion is Suspicion.STORED_CROSSED:
            return replace(evidence, stored_confirmed=found.reproduced, not_reproduced=found.why)
        return replace(evidence, confirmed=found.reproduced, not_reproduced=found.why)


def _measurement(
    answers: Sequence[Measured],
    claim: ClaimState,
    medians: tuple[float, ...],
    interval: tuple[float, float],
    reason: str | None,
) -> Measurement:
    """Return what the processes measured as one measurement whose blocks are their medians."""
    calls = answers[0].calls
    seconds = {role: median([one.seconds[role] for one in answers if one.seconds]) for role in calls}
    return Measurement(
        plan=SlicePlan(calls["baseline"], calls["optimized"], answers[0].long, answers[0].in_turns),
        xs=medians,
        claim=claim,
        reason=reason,
        speedup=math.exp(-median(medians)),
        interval=interval,
        baseline_seconds=seconds["baseline"],
        optimized_seconds=seconds["optimized"],
    )
