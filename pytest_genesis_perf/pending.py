"""A suspected comparison, and what fresh processes make of it once the test is over."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from pytest_genesis_perf.child_request import Request
from pytest_genesis_perf.children import Answer
from pytest_genesis_perf.confirm import PROCESSES, Confirmation, Fresh, Suspicion, judge
from pytest_genesis_perf.evidence import Evidence, StoredSpeed
from pytest_genesis_perf.observe import Observation
from pytest_genesis_perf.verdict import STORED_TOLERANCE

AskChild = Callable[[Request], Answer]
"""Runs one child; what it is asked for stands in the request."""


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
        With a suspicion and a measurement.
    """

    nodeid: str
    label: str
    work: str | None
    seen: Observation

    def confirmed(self, ask: AskChild, files: tuple[str, ...]) -> tuple[Evidence, Confirmation]:
        """Ask fresh processes, and return the evidence with what they found.

        Parameters
        ----------
        ask : callable
            Runs a child.
        files : tuple of str
            Of the test.
        """
        measured = self.seen.measurement
        assert measured is not None
        request = Request(
            answer="",
            select=(self.nodeid,),
            files=files,
            label=self.label,
            blocks=len(measured.xs),
            exchanged=True,
        )
        processes: list[Fresh] = []
        control: Fresh | None = None
        for number in range(PROCESSES):
            fresh, other, fault = self._ask(ask, replace(request, control=number == 0))
            if fresh is None:
                why = f"fresh process {number + 1} of {PROCESSES}: {fault}"
                return self._found(Confirmation(None, tuple(one.speedup for one in processes), why))
            processes.append(fresh)
            control = other or control
        return self._found(judge(processes, self._limit(), control))

    def _ask(self, ask: AskChild, request: Request) -> tuple[Fresh | None, Fresh | None, str]:
        answer = ask(request)
        mine = [one for one in answer.measured if (one.nodeid, one.label) == (self.nodeid, self.label)]
        if not mine:
            return None, None, answer.fault or "the comparison did not run there"
        one = mine[0]
        if not one.blocks:
            return None, None, one.why
        control = Fresh(one.control, one.long) if one.control else None
        return Fresh(one.blocks, one.long), control, ""

    def _limit(self) -> float:
        if self.seen.suspicion is Suspicion.CLAIM_FAILS:
            return self.seen.evidence.asked.limit
        stored = self.seen.evidence.stored
        assert isinstance(stored, StoredSpeed)
        return -math.log(stored.low / STORED_TOLERANCE)

    def _found(self, found: Confirmation) -> tuple[Evidence, Confirmation]:
        evidence = self.seen.evidence
        if found.reproduced is None:
            evidence = replace(evidence, unconfirmable=found.why)
        if self.seen.suspicion is Suspicion.STORED_CROSSED:
            return replace(evidence, stored_confirmed=found.reproduced, not_reproduced=found.why), found
        return replace(evidence, confirmed=found.reproduced, not_reproduced=found.why), found
