"""Where and when the slices of a block are run: in turns in this process, or side by side in two copies of it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Protocol

from pytest_genesis_perf.arms import ROLES, Arm, LastCalls, SideBySideError, running
from pytest_genesis_perf.evidence import Unstable
from pytest_genesis_perf.own_time import ComputesAlone, OwnClock, own_time_missing
from pytest_genesis_perf.prepared import PreparedArm
from pytest_genesis_perf.side_by_side import SideBySide
from pytest_genesis_perf.slice_plan import BESIDE_NS, CallTimes, SlicePlan
from pytest_genesis_perf.timing import Clock, calibrate, time_calls, timer_tick

_CLEARLY_TOO_LONG_NS = 2_000_000_000
"""Calls of more are not timed a second time: they run in turns by any limit that leaves them twelve pairs."""
_PATIENCE, _PATIENCE_SECONDS = 20.0, 5.0
"""A process hangs if it takes so many times as long as it should, and so many seconds more."""


class Slots(Protocol):
    """Runs the slices of a block."""

    plan: SlicePlan

    def time(self, order: Sequence[int]) -> tuple[int, ...]:
        """Return the nanoseconds of each slice; the order says which arm each is of (0 baseline, 1 optimized)."""

    def last(self) -> Unstable | None:
        """Make the last calls, and return what they found."""

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
    last_calls : callable or None
        What :meth:`last` calls.
    """

    def __init__(
        self, arms: tuple[Arm, Arm], plan: SlicePlan, clock: Clock, last_calls: LastCalls | None
    ) -> None:
        self.plan = plan
        self._arms = arms
        self._calls = (plan.baseline_calls, plan.optimized_calls)
        self._clock = clock
        self._last_calls = last_calls

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

    def last(self) -> Unstable | None:
        """Make the last calls here, and return what they found."""
        return self._last_calls() if self._last_calls else None

    def stop(self, *, at_once: bool) -> None:
        """Let the clock's file go."""
        if isinstance(self._clock, OwnClock):
            self._clock.close()


class Beside:
    """Runs two slices at a time, in two processes on one core, and then two with the arms exchanged.

    What differs between the processes for good (where their pages lie) then cancels within a block, as a drift does
    in turns. In pairs the coin made it a scatter: of 50 processes one had two that differed by 3.5%.

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
        """Have both processes run two slices each: the first one those at even places of the order."""
        tasks = [(role, self._calls[role]) for role in order]
        return (
            *self._processes.time(tasks[:2], self._patience),
            *self._processes.time(tasks[2:], self._patience),
        )

    def last(self) -> Unstable | None:
        """Have the first process make the last calls, and return what they found."""
        return self._processes.last(self._patience)

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
    last_calls: LastCalls | None = None,
    side_by_side: bool = True,
    cap: float = math.inf,
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
        Length of a slice, as in :func:`timing.calibrate`.
    last_calls : callable, optional
        What :meth:`Slots.last` calls.
    side_by_side : bool, optional
        Whether the arms may be run at the same time.
    cap : float, optional
        Seconds that the whole comparison may take.
    """
    times, why = _calibrated(arms, clock, exchanged, slice_ns, _obstacle(arms, clock, side_by_side))
    # Such arms are timed by their own time from 50 ms on, in turns too: a neighbour on the core is not theirs.
    alone = why is None
    if alone and times.worth_beside:
        times = replace(times, inputs=_seconds_of_inputs(arms))
    plan = times.plan(why, cap)
    if plan.beside:
        patience = _PATIENCE * 2.0 * times.slot_seconds + _PATIENCE_SECONDS
        try:
            return Beside(SideBySide(arms, seed, last_calls, patience), plan, patience)
        except SideBySideError as error:
            plan = times.plan(str(error), cap)
    return InTurns(arms, plan, OwnClock() if plan.long and alone else clock, last_calls)


def _calibrated(
    arms: tuple[Arm, Arm], clock: Clock, exchanged: bool, slice_ns: int | None, why: str | None
) -> tuple[CallTimes, str | None]:
    """Return how long calls of both arms take, and why they cannot be run side by side."""
    tick = timer_tick(clock)
    calls, seconds = [0, 0], [0.0, 0.0]
    for role in (1, 0) if exchanged else (0, 1):
        watched = ComputesAlone() if why is None else None
        with running(ROLES[role]):
            calls[role], seconds[role] = calibrate(arms[role], clock, tick, slice_ns)
        found = watched.fault() if watched else None
        if found:
            why = f"the {ROLES[role]} arm {found}"
        elif watched and BESIDE_NS < seconds[role] * 1e9 < _CLEARLY_TOO_LONG_NS:
            # One call by the wall's clock, and a neighbour takes the core: identical arms would look far apart.
            arm = arms[role]
            with running(ROLES[role]), closing(OwnClock()) as own:
                if isinstance(arm, PreparedArm):
                    arm.renew()
                again = time_calls(arm, 1, own) * 1e-9
            # Inputs that calls before it have used up (a list sorted already) say nothing of the calls to come.
            used_up = isinstance(arm, PreparedArm) and arm.prepares
            seconds[role] = again if used_up else min(seconds[role], again)
    return CallTimes((calls[0], calls[1]), (seconds[0], seconds[1])), why


def _seconds_of_inputs(arms: tuple[Arm, Arm]) -> float:
    """Return how long it takes to make the inputs of one call, 0 where none are made."""
    for role, arm in zip(ROLES, arms, strict=True):
        if isinstance(arm, PreparedArm) and arm.prepares:
            with running(role):
                start = time.perf_counter()
                arm.renew()
                return time.perf_counter() - start
    return 0.0


def _obstacle(arms: tuple[Arm, Arm], clock: Clock, allowed: bool) -> str | None:
    """Return why arms cannot be run side by side, as far as that is known before they are run."""
    if not allowed:
        return "side_by_side=False"
    if clock is not time.perf_counter_ns:
        return "the clock is the caller's own"
    if any(isinstance(arm, PreparedArm) and arm.awaits for arm in arms):
        return "an event loop cannot be copied into another process"
    return own_time_missing()
