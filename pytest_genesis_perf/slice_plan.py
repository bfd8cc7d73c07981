"""How a pair of arms is measured, decided from how long their calls took: pure.

The constants say when arms are run side by side, in pairs or in blocks of four, and how many calls make a slice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pytest_genesis_perf.statistics import LONG_ARMS

LONG_NS = 50_000_000
"""Arms over 50 ms that run in turns are measured in pairs: of blocks of four too few fit into a budget."""
SAME_CALLS = 2
"""Slices of up to so many times the calls of the other arm's get as many: the same arm as 3 and as 4 calls a slice
was off by 0.05-0.26%, always in the same direction, which no coin makes fair."""
LONG_SHARE = 0.02
"""Beside a long arm the slice of the other is this share of it. One call of 0.6 ms right after 380 ms of the
other arm finds cold caches: over 16-50 pairs the interval was up to 69% wide, and no stored speed could judge it."""
BESIDE_NS = 5_000_000
"""Arms over 5 ms are run side by side where that can be done: a block of four takes 20 ms and more, within which the
machine changes its speed; arms of 10 ms differed from themselves by 18-35% (standard deviation of a block)."""
BESIDE_SLOT_SECONDS = 0.1
"""Calls for so long make a slice: some eighty turns of each process. Of 0.05 s pairs differed by 1-9%, not 1-2%."""
BESIDE_SHARE = 0.6
"""Of the time limit of a comparison: if the blocks up to the first look would take more, with the inputs that
``setup=`` makes for each call, arms run in turns, which costs half. The rest is for warming up and neighbours."""


@dataclass(frozen=True)
class SlicePlan:
    """How a pair of arms is measured: fixed before sampling, so that it cannot follow the result.

    Parameters
    ----------
    baseline_calls, optimized_calls : int
        Calls in one slice of each arm.
    long : bool
        Whether the arms are judged by the rule of long arms: those that run side by side, or in turns from 50 ms on.
    in_turns : str or None
        Why arms over 5 ms are not run side by side; None where they are, and for shorter arms.
    """

    baseline_calls: int
    optimized_calls: int
    long: bool
    in_turns: str | None = None

    @property
    def beside(self) -> bool:
        """Whether the arms run side by side."""
        return self.long and self.in_turns is None

    def order(self, first: int) -> tuple[int, ...]:
        """Return which arm each slice of a block is of where `first` begins: ABBA or BAAB; long in turns AB or BA."""
        pair = (first, 1 - first)
        return pair if self.long and not self.beside else (*pair, *reversed(pair))


@dataclass(frozen=True)
class CallTimes:
    """What is known of both arms before they are measured.

    Parameters
    ----------
    calls : tuple of int
        Calls of the baseline and of the optimized arm that make a short slice.
    seconds : tuple of float
        Of one call of each.
    inputs : float, optional
        Seconds that ``setup=`` takes for the inputs of one call.
    """

    calls: tuple[int, int]
    seconds: tuple[float, float]
    inputs: float = 0.0

    @property
    def worth_beside(self) -> bool:
        """Whether such arms are run side by side where that can be done."""
        return max(self.seconds) * 1e9 > BESIDE_NS

    @property
    def _alike(self) -> bool:
        return max(self.seconds) < SAME_CALLS * min(self.seconds)

    @property
    def _beside(self) -> SlicePlan:
        if self._alike:
            same = math.ceil(BESIDE_SLOT_SECONDS / min(self.seconds))
            return SlicePlan(same, same, long=True)
        slot = max(*self.seconds, BESIDE_SLOT_SECONDS)
        first, second = (math.ceil(slot / each) for each in self.seconds)
        return SlicePlan(first, second, long=True)

    @property
    def slot_seconds(self) -> float:
        """Seconds of a slice side by side, making its inputs included."""
        plan = self._beside
        slot = max(*self.seconds, BESIDE_SLOT_SECONDS)
        return slot + max(plan.baseline_calls, plan.optimized_calls) * self.inputs

    def plan(self, obstacle: str | None, cap: float = math.inf) -> SlicePlan:
        """Return how these arms are measured.

        Parameters
        ----------
        obstacle : str or None
            Why they cannot be run side by side.
        cap : float, optional
            Seconds that the whole comparison may take.
        """
        why = obstacle
        if self.worth_beside and why is None:
            beside = self._beside
            needed = LONG_ARMS.looks[0] * len(beside.order(0)) * self.slot_seconds
            if needed <= BESIDE_SHARE * cap:
                return beside
            why = f"{LONG_ARMS.looks[0]} blocks would take {needed:.0f} of {cap:g} s (ini genesis_perf_cap)"
        told = why if self.worth_beside else None
        longest = max(self.seconds)
        if longest * 1e9 > LONG_NS:
            first, second = (
                max(n, math.ceil(LONG_SHARE * longest / each))
                for n, each in zip(self.calls, self.seconds, strict=True)
            )
            return SlicePlan(first, second, long=True, in_turns=told)
        first, second = [max(self.calls)] * 2 if self._alike else self.calls
        return SlicePlan(first, second, long=False, in_turns=told)
