"""Measuring two arms against each other: calibrated slices in blocks ordered by a fair coin.

The order within a block is the whole point. Noise on a shared machine comes in states that last
milliseconds, so both arms of a block are run inside one such state, in ABBA or BAAB order: a drift across
the block cancels, and the coin makes the signs of identical arms fair whatever the noise is.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise, repeat
from random import Random

from pytest_genesis_perf.arms import ROLES, Arm, running
from pytest_genesis_perf.prepared import PreparedArm

Clock = Callable[[], int]
"""Returns nanoseconds; only differences have a meaning."""

SLICE_NS = 100_000
"""Slices of 50-150 us resolve 1% in under 0.05 s; with 1-3 ms, 9 of 20 slowdowns of 3% were found."""
SLICE_TICKS = 1_000
"""A slice of fewer timer ticks is quantised by more than 0.1%."""
LONG_NS = 50_000_000
"""Arms over 50 ms are measured in pairs: of blocks of four too few fit into a budget."""
SAME_CALLS = 2
"""Slices of up to so many times the calls of the other arm's get as many: the same arm as 3 and as 4 calls a slice
was off by 0.05-0.26%, always in the same direction, which no coin makes fair."""
LONG_SHARE = 0.02
"""Beside a long arm the slice of the other is this share of it. One call of 0.6 ms right after 380 ms of the
other arm finds cold caches: over 16-50 pairs the interval was up to 69% wide, and no stored speed could judge it."""
_CALIBRATION_ROUNDS = 3
_TICK_READS = 200


@dataclass(frozen=True)
class SlicePlan:
    """How a pair of arms is measured: fixed before sampling, so that it cannot follow the result.

    Parameters
    ----------
    baseline_calls, optimized_calls : int
        Calls in one slice of each arm.
    long : bool
        Whether a block is a pair AB/BA instead of ABBA/BAAB.
    """

    baseline_calls: int
    optimized_calls: int
    long: bool


@dataclass
class Samples:
    """The blocks of one pair, growing.

    Parameters
    ----------
    plan : SlicePlan
        How they were measured.
    xs : list of float
        A number a block: mean(log optimized) - mean(log baseline), in time order.
    baseline_seconds, optimized_seconds : list of float
        Geometric mean of the seconds of one call, a number a block.
    """

    plan: SlicePlan
    xs: list[float] = field(default_factory=list)
    baseline_seconds: list[float] = field(default_factory=list)
    optimized_seconds: list[float] = field(default_factory=list)


class ClockTooCoarseError(Exception):
    """A slice took no time at all by this clock: its logarithm does not exist."""


def timer_tick(clock: Clock) -> int:
    """Return the smallest step of a clock that was seen, in nanoseconds, at least 1.

    Parameters
    ----------
    clock : callable
        The clock.
    """
    reads = [clock() for _ in range(_TICK_READS)]
    steps = [b - a for a, b in pairwise(reads) if b > a]
    return max(1, min(steps, default=1))


def time_calls(arm: Arm, calls: int, clock: Clock) -> int:
    """Return the nanoseconds that `calls` calls of an arm take, results thrown away.

    Parameters
    ----------
    arm : callable
        Called without arguments.
    calls : int
        At least 1.
    clock : callable
        The clock.
    """
    if isinstance(arm, PreparedArm):
        return arm.time(calls, clock)
    start = clock()
    for _ in repeat(None, calls):
        arm()
    return clock() - start


def calibrate(arm: Arm, clock: Clock, tick: int, slice_ns: int | None = None) -> tuple[int, float]:
    """Find how many calls make a slice; the calls made for it are also the arm's warm-up.

    Parameters
    ----------
    arm : callable
        The arm.
    clock : callable
        The clock.
    tick : int
        Step of the clock, from :func:`timer_tick`.
    slice_ns : int, optional
        Length of a slice in nanoseconds, whatever the tick; by default 100 us, never under 1,000 ticks.

    Returns
    -------
    calls : int
        Calls in a slice of about that length; 1 where one call is longer.
    seconds : float
        Of one call, the fastest seen: a disturbed calibration must not make slices too short.
    """
    target = max(SLICE_NS, SLICE_TICKS * tick) if slice_ns is None else slice_ns
    calls = 1
    elapsed = time_calls(arm, calls, clock)
    while elapsed < target:
        calls *= 2
        elapsed = time_calls(arm, calls, clock)
    fastest = elapsed
    # A long call speaks for itself, and costs: more rounds only where a slice has to be sized.
    if elapsed < LONG_NS:
        fastest = min(elapsed, *(time_calls(arm, calls, clock) for _ in range(_CALIBRATION_ROUNDS)))
    per_call = max(fastest, 1) / calls
    return max(1, math.ceil(target / per_call)), per_call * 1e-9


class Sampler:
    """Draws blocks of one pair of arms.

    Parameters
    ----------
    baseline, optimized : callable
        The arms.
    seed : str
        Seed of the coin.
    clock : callable, optional
        The clock, in nanoseconds.
    exchanged : bool, optional
        Exchange the roles of the arms in warm-up and slot order, as a confirmation does.
    slice_ns : int, optional
        Length of a slice, as in :func:`calibrate`: the doctor tries lengths that the rule does not use.
    """

    def __init__(
        self,
        baseline: Arm,
        optimized: Arm,
        seed: str,
        clock: Clock = time.perf_counter_ns,
        *,
        exchanged: bool = False,
        slice_ns: int | None = None,
    ) -> None:
        self._arms = (baseline, optimized)
        self._clock = clock
        self._slice_ns = slice_ns
        self._coin = Random(seed)
        self._exchanged = exchanged
        self.samples = Samples(self._plan())

    def _plan(self) -> SlicePlan:
        tick = timer_tick(self._clock)
        calls, seconds = [0, 0], [0.0, 0.0]
        for role in (1, 0) if self._exchanged else (0, 1):
            with running(ROLES[role]):
                calls[role], seconds[role] = calibrate(self._arms[role], self._clock, tick, self._slice_ns)
        longest = max(seconds)
        if longest * 1e9 <= LONG_NS:
            if max(calls) < SAME_CALLS * min(calls):
                calls = [max(calls)] * 2
            return SlicePlan(calls[0], calls[1], long=False)
        baseline, optimized = (
            max(n, math.ceil(LONG_SHARE * longest / s)) for n, s in zip(calls, seconds, strict=True)
        )
        return SlicePlan(baseline, optimized, long=True)

    def draw_block(self) -> None:
        """Measure one block and append it to the samples.

        Raises
        ------
        ArmRaisedError
            If an arm raised.
        ClockTooCoarseError
            If a slice took no time by the clock.
        """
        plan = self.samples.plan
        first = int((self._coin.random() < 0.5) != self._exchanged)
        order = (first, 1 - first) if plan.long else (first, 1 - first, 1 - first, first)
        logs: tuple[list[float], list[float]] = ([], [])
        calls = (plan.baseline_calls, plan.optimized_calls)
        self._renew(order[0])
        for role in order:
            with running(ROLES[role]):
                elapsed = time_calls(self._arms[role], calls[role], self._clock)
            if elapsed <= 0:
                raise ClockTooCoarseError("the clock is too coarse: a slice took no time")
            logs[role].append(math.log(elapsed * 1e-9 / calls[role]))
        baseline, optimized = (math.fsum(values) / len(values) for values in logs)
        self.samples.xs.append(optimized - baseline)
        self.samples.baseline_seconds.append(math.exp(baseline))
        self.samples.optimized_seconds.append(math.exp(optimized))

    def _renew(self, first: int) -> None:
        """Make the inputs of a block, in the order in which the coin lets the arms begin."""
        for role in (first, 1 - first):
            arm = self._arms[role]
            if isinstance(arm, PreparedArm):
                with running(ROLES[role]):
                    arm.renew()


def sweep_young() -> None:
    """Collect what was allocated since the last sweep: cheap, and cycles of the arms cannot pile up."""
    gc.collect(0)


@contextmanager
def garbage_held() -> Iterator[None]:
    """Collect garbage, keep the collector off inside, and restore it whatever happens."""
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
