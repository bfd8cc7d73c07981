"""What trials of a study were scored by: a trial that was scored by something else does not rank with them."""

from __future__ import annotations

import msgspec

from genesis_core.optimize.objective import METRICS, Constraint, Objective, judge
from genesis_core.optimize.record import Record


class Aim(msgspec.Struct, frozen=True):
    """What a search varies, and what it is after.

    Attributes
    ----------
    parameters : list of str
        Their dotted names.
    objective : Objective
        What is better.
    constraints : list of Constraint
        What must be kept to.
    """

    parameters: list[str]
    objective: Objective
    constraints: list[Constraint]

    def fault_of(self, record: Record) -> str:
        """Say why a trial is none of such a search; "" for one that is.

        Parameters
        ----------
        record : Record
            Its score is computed again from its metrics.
        """
        if record.parameters.keys() != set(self.parameters):
            return "a trial of other parameters than the study's"
        if record.metrics is None:
            return ""
        if record.metrics.keys() != set(METRICS):
            return "a trial of other metrics than this version's"
        found = judge(record.metrics, self.objective, self.constraints)
        if (found.score, found.feasible, found.reasons) != (record.score, record.feasible, record.reasons):
            return "a trial scored by another objective or other constraints than the study's"
        return ""
