"""What is measured, on which terms, and what came of it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_genesis_perf.arms import Arm, LastCalls
from pytest_genesis_perf.disturbance import Disturbance, Watch
from pytest_genesis_perf.evidence import Claim, StoredSpeed, Unstable
from pytest_genesis_perf.identity import Handler
from pytest_genesis_perf.sampling import Sampler, Samples
from pytest_genesis_perf.slice_plan import SlicePlan
from pytest_genesis_perf.statistics import ClaimState, Rule, interval, median
from pytest_genesis_perf.timing import Clock
from pytest_genesis_perf.verdict import StoredState, against_stored


@dataclass(frozen=True)
class Pair:
    """Two arms to measure, and who they are.

    Parameters
    ----------
    nodeid, label : str
        The comparison, for those who must find it again in another process.
    baseline, optimized : callable
        The arms.
    seed : str
        Seed of the coin.
    clock : callable, optional
        Nanoseconds.
    handlers : tuple of Handler, optional
        How values of further types in the results are taken apart.
    side_by_side : bool, optional
        Whether the arms may be run at the same time, in two processes.
    """

    nodeid: str
    label: str
    baseline: Arm
    optimized: Arm
    seed: str
    clock: Clock = time.perf_counter_ns
    handlers: tuple[Handler, ...] = ()
    side_by_side: bool = True

    def sampler(self, last_calls: LastCalls | None, cap: float, *, exchanged: bool = False) -> Sampler:
        """Return what draws blocks of the arms."""
        return Sampler(
            self.baseline,
            self.optimized,
            self.seed,
            self.clock,
            exchanged=exchanged,
            last_calls=last_calls,
            side_by_side=self.side_by_side,
            cap=cap,
        )


@dataclass(frozen=True)
class Terms:
    """What is asked of a measurement, and what it may cost.

    Parameters
    ----------
    claim : Claim
        The claim.
    stored : StoredSpeed or None
        The stored speedup it is held against.
    budget : float
        Seconds after which sampling stops undecided, once the first look was reached (the second one of long arms).
    cap : float
        Seconds after which it stops even before the first look.
    left : float, optional
        What the budget is cut to: what the run has left for measuring.
    """

    claim: Claim
    stored: StoredSpeed | None
    budget: float
    cap: float
    left: float = math.inf


@dataclass(frozen=True)
class Measurement:
    """What one measurement came to.

    Parameters
    ----------
    plan : SlicePlan
        Calls in a slice, and how slices are run.
    xs : tuple of float
        The blocks, in log units, in time order.
    claim : ClaimState
        What they say about the claim.
    reason : str or None
        Why the claim is undecided.
    speedup : float or None
        ``exp(-median)``; None without blocks.
    interval : tuple of float or None
        Of the speedup; None where too few blocks bound it on both sides.
    baseline_seconds, optimized_seconds : float or None
        Median seconds of one call.
    disturbance : Disturbance or None
        What else the machine did meanwhile.
    slices : tuple of tuple of int
        Nanoseconds of the slices of each block.
    unstable : Unstable or None
        The arm whose last call did not return what its first did.
    block_seconds : pair of tuple of float
        Seconds of one call of baseline and optimized arm, a number a block.
    """

    plan: SlicePlan
    xs: tuple[float, ...]
    claim: ClaimState
    reason: str | None
    speedup: float | None
    interval: tuple[float, float] | None
    baseline_seconds: float | None
    optimized_seconds: float | None
    disturbance: Disturbance | None = None
    slices: tuple[tuple[int, ...], ...] = ()
    unstable: Unstable | None = None
    block_seconds: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())

    @property
    def drawn(self) -> int | None:
        """How many blocks a process that measures again is asked for; None for those of long arms.

        Of these it draws what its own first look needs: an arm of just 5 ms may be long here and short there.
        """
        return None if self.plan.long else len(self.xs)

    def against(self, stored: StoredSpeed | None) -> StoredState | None:
        """Say how this measurement lies to a stored speedup, None if it cannot be said."""
        return against_stored(self.interval, stored) if stored and self.interval else None


@dataclass(frozen=True)
class Asked:
    """What a child measures for its parent.

    Parameters
    ----------
    blocks, long_blocks : int or None
        How many blocks of short arms, and how many of long ones; None for as many as the first look needs.
    beyond : float or None
        Go on, doubling the blocks, until the whole interval of x lies on one side of this; None to stop at once.
    budget : float
        Seconds after which it does not go on.
    cap : float
        Seconds after which it stops in any case, with a reason.
    exchanged : bool
        Exchange the roles of the arms in warm-up, calibration and slot order.
    """

    blocks: int | None
    long_blocks: int | None
    beyond: float | None
    budget: float
    cap: float
    exchanged: bool = False


def measurement_of(
    samples: Samples,
    rule: Rule,
    state: ClaimState,
    reason: str | None,
    watch: Watch,
    unstable: Unstable | None,
) -> Measurement:
    """Sum up the blocks that were drawn."""
    xs = samples.xs
    return Measurement(
        plan=samples.plan,
        xs=tuple(xs),
        claim=state,
        reason=reason,
        speedup=math.exp(-median(xs)) if xs else None,
        interval=speedup_interval(xs, rule),
        baseline_seconds=median(samples.baseline_seconds) if xs else None,
        optimized_seconds=median(samples.optimized_seconds) if xs else None,
        disturbance=watch.seen(),
        slices=tuple(samples.slices),
        unstable=unstable,
        block_seconds=(tuple(samples.baseline_seconds), tuple(samples.optimized_seconds)),
    )


def speedup_interval(xs: Sequence[float], rule: Rule) -> tuple[float, float] | None:
    """Return the interval of the speedup, None where too few blocks bound it on both sides."""
    lower, upper = interval(xs, rule)
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return None
    return math.exp(-upper), math.exp(-lower)
