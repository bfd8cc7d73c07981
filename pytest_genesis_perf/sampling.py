"""Measuring two arms against each other: blocks of slices, ordered by a fair coin.

The order within a block is the whole point. Noise on a shared machine comes in states that last from milliseconds on,
so both arms of a block are run inside one such state, in ABBA or BAAB order: a drift across the block cancels, and the
coin makes the signs of identical arms fair whatever the noise is. Arms longer than such states run at the same time,
side by side, and the coin says which of two such pairs comes first.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from random import Random
from types import TracebackType

from pytest_genesis_perf.arms import Arm, LastCalls
from pytest_genesis_perf.evidence import Unstable
from pytest_genesis_perf.slice_plan import SlicePlan
from pytest_genesis_perf.slots import slots_for
from pytest_genesis_perf.timing import Clock, ClockTooCoarseError


@dataclass
class Samples:
    """The blocks of one pair, growing.

    Parameters
    ----------
    plan : SlicePlan
        How they were measured.
    slices : list of tuple of int
        Nanoseconds of the slices of each block, in time order; side by side the first process stands first.
    xs : list of float
        A number a block: mean(log optimized) - mean(log baseline), in time order.
    baseline_seconds, optimized_seconds : list of float
        Geometric mean of the seconds of one call, a number a block.
    """

    plan: SlicePlan
    slices: list[tuple[int, ...]] = field(default_factory=list)
    xs: list[float] = field(default_factory=list)
    baseline_seconds: list[float] = field(default_factory=list)
    optimized_seconds: list[float] = field(default_factory=list)


class Sampler:
    """Draws blocks of one pair of arms; a ``with`` statement ends the processes that it may have made.

    Parameters
    ----------
    baseline, optimized : callable
        The arms.
    seed : str
        Seed of the coin.
    clock : callable, optional
        The clock, in nanoseconds. Only by the default one arms are run side by side.
    exchanged : bool, optional
        Exchange the roles of the arms in warm-up and slot order, as a confirmation does.
    slice_ns : int, optional
        Length of a slice, as in :func:`timing.calibrate`: the doctor tries lengths that the rule does not use.
    last_calls : callable, optional
        What :meth:`last` calls.
    side_by_side : bool, optional
        Whether the arms may be run at the same time.
    cap : float, optional
        Seconds that the whole comparison may take.
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
        last_calls: LastCalls | None = None,
        side_by_side: bool = True,
        cap: float = math.inf,
    ) -> None:
        self._coin = Random(seed)
        self._exchanged = exchanged
        self._slots = slots_for(
            (baseline, optimized),
            clock,
            seed,
            exchanged=exchanged,
            slice_ns=slice_ns,
            last_calls=last_calls,
            side_by_side=side_by_side,
            cap=cap,
        )
        self.samples = Samples(self._slots.plan)

    def __enter__(self) -> Sampler:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what was begun."""
        self._slots.stop(at_once=kind is not None)

    def draw_block(self) -> None:
        """Measure one block and append it to the samples.

        Raises
        ------
        ArmRaisedError, NotComparableError
            If an arm raised.
        NoAnswerError, SideBySideError
            If a process that runs an arm did not answer in time, or died.
        ClockTooCoarseError
            If a slice took no time by the clock.
        """
        samples, plan = self.samples, self.samples.plan
        first = int((self._coin.random() < 0.5) != self._exchanged)
        order = plan.order(first)
        slices = self._slots.time(order)
        if min(slices) <= 0:
            raise ClockTooCoarseError("the clock is too coarse: a slice took no time")
        logs: tuple[list[float], list[float]] = ([], [])
        calls = (plan.baseline_calls, plan.optimized_calls)
        for role, elapsed in zip(order, slices, strict=True):
            logs[role].append(math.log(elapsed * 1e-9 / calls[role]))
        baseline, optimized = (math.fsum(values) / len(values) for values in logs)
        samples.slices.append(slices)
        samples.xs.append(optimized - baseline)
        samples.baseline_seconds.append(math.exp(baseline))
        samples.optimized_seconds.append(math.exp(optimized))

    def last(self) -> Unstable | None:
        """Make the last calls, where the arms were run, and return what they found."""
        return self._slots.last()
