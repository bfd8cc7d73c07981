"""Where and when the slices of a block are run: in turns in this process, or side by side in two copies of it."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pytest_genesis_perf.arms import ROLES, Arm, SideBySideError, running
from pytest_genesis_perf.own_time import OwnClock, Reading
from pytest_genesis_perf.prepared import PreparedArm
from pytest_genesis_perf.side_by_side import Closing, SideBySide
from pytest_genesis_perf.timing import LONG_NS, Clock, calibrate, time_calls, timer_tick

SAME_CALLS = 2
"""Slices of up to so many times the calls of the other arm's get as many: the same arm as 3 and as 4 calls a slice
was off by 0.05-0.26%, always in the same direction, which no coin makes fair."""
LONG_SHARE = 0.02
"""Beside a long arm the slice of the other is this share of it. One call of 0.6 ms right after 380 ms of the
other arm finds cold caches: over 16-50 pairs the interval was up to 69% wide, and no stored speed could judge it."""
_PATIENCE, _PATIENCE_SECONDS = 20.0, 5.0
"""A process hangs if it takes so many times as long as it should, and so many seconds more."""


@dataclass(frozen=True)
class SlicePlan:
    """How a pair of arms is measured: fixed before sampling, so that it cannot follow the result.

    Parameters
    ----------
    baseline_calls, optimized_calls : int
        Calls in one slice of each arm.
    long : bool
        Whether a block is a pair of slices instead of ABBA/BAAB.
    in_turns : str or None
        Why the slices of a pair are not run side by side; None where they are, and for blocks of four.
    """

    baseline_calls: int
    optimized_calls: int
    long: bool
    in_turns: str | None = None


class Slots(Protocol):
    """Runs the slices of a block."""

    plan: SlicePlan

    def time(self, order: Sequence[int]) -> tuple[int, ...]:
        """Return the nanoseconds of each slice; the order says which arm each is of (0 baseline, 1 optimized)."""

    def close_with(self) -> Any:
        """Return what the closing function returns."""

    def stop(self, *, at_once: bool) -> None:
        """End what was begun."""


class InTurns:
    """Runs slices one after the other in this process.

    Parameters
    ----------
    arms : tuple of callable
        Baseline and optimized.
    plan : SlicePlan
        Calls in a slice.
    clock : callable
        Nanoseconds.
    closing : callable or None
        See :class:`Slots`.
    """

    def __init__(self, arms: tuple[Arm, Arm], plan: SlicePlan, clock: Clock, closing: Closing | None) -> None:
        self.plan = plan
        self._arms = arms
        self._calls = (plan.baseline_calls, plan.optimized_calls)
        self._clock = clock
        self._closing = closing

    def time(self, order: Sequence[int]) -> tuple[int, ...]:
        """Make inputs anew, in the order in which the coin lets the arms begin, and time each slice."""
        for role in order[:2]:
            arm = self._arms[role]
            if isinstance(arm, PreparedArm):
                with running(ROLES[role]):
                    arm.renew()
        slices = []
        for role in order:
            with running(ROLES[role]):
                slices.append(time_calls(self._arms[role], self._calls[role], self._clock))
        return tuple(slices)

    def close_with(self) -> Any:
        """Return what the closing function returns, called here."""
        return self._closing() if self._closing else None

    def stop(self, *, at_once: bool) -> None:
        """Nothing was begun."""


class Beside:
    """Runs the two slices of a pair at the same time, in two processes on one core.

    Parameters
    ----------
    processes : SideBySide
        Warmed up.
    plan : SlicePlan
        Calls in a slice.
    patience : float
        Seconds after which a process hangs.
    """

    def __init__(self, processes: SideBySide, plan: SlicePlan, patience: float) -> None:
        self.plan = plan
        self._processes = processes
        self._calls = (plan.baseline_calls, plan.optimized_calls)
        self._patience = patience

    def time(self, order: Sequence[int]) -> tuple[int, ...]:
        """Have the first process run the arm that the order says first, the second one the other."""
        return self._processes.time([(role, self._calls[role]) for role in order], self._patience)

    def close_with(self) -> Any:
        """Return what the closing function returns, called in the first process."""
        return self._processes.close_with(self._patience)

    def stop(self, *, at_once: bool) -> None:
        """End the processes."""
        self._processes.stop(at_once=at_once)


def slots_for(
    arms: tuple[Arm, Arm],
    clock: Clock,
    seed: str,
    *,
    exchanged: bool = False,
    slice_ns: int | None = None,
    closing: Closing | None = None,
) -> Slots:
    """Warm both arms up, size their slices, and choose how they are run.

    Parameters
    ----------
    arms : tuple of callable
        Baseline and optimized.
    clock : callable
        Nanoseconds; side by side only where it is ``time.perf_counter_ns``.
    seed : str
        Chooses the core.
    exchanged : bool, optional
        Warm the optimized arm up first.
    slice_ns : int, optional
        Length of a slice.
    closing : callable, optional
        See :class:`Slots`.
    """
    try:
        own = _own_clock(arms, clock)
    except SideBySideError as error:
        own, in_turns = None, str(error)
    tick = timer_tick(clock)
    calls, seconds = [0, 0], [0.0, 0.0]
    for role in (1, 0) if exchanged else (0, 1):
        before = Reading.now(own) if own else None
        with running(ROLES[role]):
            calls[role], seconds[role] = calibrate(arms[role], clock, tick, slice_ns)
        if own and before and not Reading.now(own).computed_alone_since(before):
            own, in_turns = None, f"the {ROLES[role]} arm waits, or computes in several threads"
    longest = max(seconds)
    if longest * 1e9 <= LONG_NS:
        if max(calls) < SAME_CALLS * min(calls):
            calls = [max(calls)] * 2
        return InTurns(arms, SlicePlan(calls[0], calls[1], long=False), clock, closing)
    for role in (0, 1):
        calls[role] = max(calls[role], math.ceil(LONG_SHARE * longest / seconds[role]))
    plan = SlicePlan(calls[0], calls[1], long=True)
    if own:
        patience = _PATIENCE * 2.0 * longest + _PATIENCE_SECONDS
        try:
            return Beside(SideBySide(arms, seed, closing, patience), plan, patience)
        except SideBySideError as error:
            in_turns = str(error)
    return InTurns(arms, replace(plan, in_turns=in_turns), clock, closing)


def _own_clock(arms: tuple[Arm, Arm], clock: Clock) -> OwnClock:
    """Return the clock of processes side by side.

    Raises
    ------
    SideBySideError
        If arms cannot be run so here.
    """
    if clock is not time.perf_counter_ns:
        raise SideBySideError("the clock is the caller's own")
    if sys.platform != "linux":
        raise SideBySideError("only Linux keeps processes on a core, and says how long they waited for it")
    if any(isinstance(arm, PreparedArm) and arm.awaits for arm in arms):
        raise SideBySideError("an event loop cannot be copied into another process")
    return OwnClock()
