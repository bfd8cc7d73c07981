"""Whether fresh processes find again what one process suspected: a pure judgement of their blocks.

A long-lived process can be biased by up to 11% between identical arms, by the layout of its memory; no margin and no
control inside it sees that. Fresh processes agreed within 0.28%. So the process is the unit here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from pytest_genesis_perf.evidence import MARGIN
from pytest_genesis_perf.notation import times
from pytest_genesis_perf.statistics import ClaimState, fresh_rule, interval, median

PROCESSES = 3
"""Fresh processes that must agree before a test fails."""


ISOLATED_PROCESSES = 7
"""Fresh processes whose medians are the blocks of an isolated comparison: of 5 a slowdown of 3% is found in 94%, of 7
in 97%, drawn again from 40 processes on a busy machine whose medians scattered by 0.8-1.1%."""


class Suspicion(Enum):
    """Why fresh processes are asked."""

    CLAIM_FAILS = "the claim fails"
    STORED_CROSSED = "slower than the stored baseline"
    ISOLATED = "judged from fresh processes from the start"


@dataclass(frozen=True)
class Fresh:
    """The blocks of one fresh process.

    Parameters
    ----------
    blocks : tuple of float
        In log units, in time order; not empty.
    long : bool
        Whether they are blocks of long arms.
    """

    blocks: tuple[float, ...]
    long: bool = False

    @property
    def median(self) -> float:
        """The median block, in log units."""
        return median(self.blocks)

    @property
    def interval(self) -> tuple[float, float]:
        """The interval of the median, in log units; an end is infinite where too few blocks bound it."""
        return interval(self.blocks, fresh_rule(self.long))

    @property
    def least(self) -> float:
        """What x is at least, in log units: the median of hundreds of short blocks, the interval's end of six long."""
        return self.interval[0] if self.long else self.median

    @property
    def speedup(self) -> float:
        """The median speedup."""
        return math.exp(-self.median)


@dataclass(frozen=True)
class Confirmation:
    """What measuring again found.

    Parameters
    ----------
    reproduced : bool or None
        Whether the suspicion was found again; None if it could not be tried.
    speedups : tuple of float
        The medians that were measured.
    why : str
        Why it could not be tried, or what was found instead.
    """

    reproduced: bool | None
    speedups: tuple[float, ...]
    why: str


def slow_side(limit: float) -> float:
    """Return what a process must lie beyond to have found a slowdown: 0, or `limit` where a claim asks for more."""
    return min(0.0, limit)


def judge(processes: Sequence[Fresh], limit: float, control: Fresh | None) -> Confirmation:
    """Say whether all fresh processes found what was suspected.

    Parameters
    ----------
    processes : sequence of Fresh
        At least one.
    limit : float
        What the median of x was found to lie beyond, in log units: the limit of the claim, or of the stored speed.
    control : Fresh or None
        The baseline arm against itself, in one of the processes.

    Returns
    -------
    Confirmation
        Reproduced if every process has its whole interval on the slow side of 0 (of `limit` where a claim asks for
        more than "not slower"), the median of their medians lies beyond `limit`, and the control is not out by as much.
    """
    speedups = tuple(one.speedup for one in processes)
    told = ", ".join(times(speedup) for speedup in speedups)
    agreed = sum(one.interval[0] > slow_side(limit) for one in processes)
    if agreed < len(processes) or median([one.median for one in processes]) <= limit:
        found = (
            f"{agreed} of {len(processes)} fresh processes found it"
            if agreed < len(processes)
            else "less clear"
        )
        return Confirmation(False, speedups, f"not reproduced in fresh processes ({found}: {told})")
    fit = min(abs(limit), math.log1p(MARGIN))
    if control is not None and (control.interval[0] > fit or control.interval[1] < -fit):
        out = times(control.speedup)
        return Confirmation(
            False, speedups, f"the machine is not fit to judge: the baseline against itself gave {out}"
        )
    return Confirmation(True, speedups, "")


@dataclass(frozen=True)
class Isolated:
    """What fresh processes say about a claim that no other process judged.

    Parameters
    ----------
    claim : ClaimState
        What they say.
    medians : tuple of float
        One a process, in log units.
    reason : str or None
        Why it is undecided.
    """

    claim: ClaimState
    medians: tuple[float, ...]
    reason: str | None

    @property
    def interval(self) -> tuple[float, float]:
        """Lowest and highest speedup of a process."""
        return math.exp(-max(self.medians)), math.exp(-min(self.medians))


def judge_isolated(processes: Sequence[Fresh], limit: float) -> Isolated:
    """Judge a claim by fresh processes alone.

    Parameters
    ----------
    processes : sequence of Fresh
        At least two.
    limit : float
        The limit of the claim, in log units.

    Returns
    -------
    Isolated
        Fails if the medians of all processes but one lie on the slow side of 0 (of `limit` where a claim asks for more;
        of long arms the whole intervals: the median of six blocks has the sign of a coin), and the median of these
        beyond `limit`. Holds if the medians of all but one lie below `limit`. Else they disagree. One may be an
        outlier: 5% slower code was found 5% slower by six processes and 8% faster by a seventh.
        There is no first stage before this: of arms that lie on the limit about half fail.
    """
    medians = tuple(one.median for one in processes)
    ordered = sorted(medians)
    if sorted(one.least for one in processes)[1] > slow_side(limit) and median(medians) > limit:
        return Isolated(ClaimState.FAILS, medians, None)
    if ordered[-2] < limit:
        return Isolated(ClaimState.HOLDS, medians, None)
    told = ", ".join(times(one.speedup) for one in processes)
    return Isolated(ClaimState.UNDECIDED, medians, f"{len(medians)} fresh processes disagree: {told}")
