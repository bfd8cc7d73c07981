"""One measurement of a pair: draw blocks, look, and stop as soon as the claim is decided."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pytest_genesis_perf.arms import Arm, LastCalls, NoAnswerError
from pytest_genesis_perf.disturbance import Disturbance, Watch
from pytest_genesis_perf.evidence import Claim, StoredSpeed, Unstable
from pytest_genesis_perf.identity import Handler
from pytest_genesis_perf.sampling import Sampler, Samples
from pytest_genesis_perf.slots import SlicePlan
from pytest_genesis_perf.statistics import (
    FRESH_LONG_ARMS,
    LONG_ARMS,
    SHORT_ARMS,
    ClaimState,
    Rule,
    blocks_needed,
    doubt_about,
    interval,
    judge_claim,
    median,
)
from pytest_genesis_perf.timing import Clock, ClockTooCoarseError, garbage_held, sweep_young
from pytest_genesis_perf.verdict import STORED_TOLERANCE, StoredState, against_stored

HOPELESS = 1.5
"""An interval that would still be so many times too wide when time is up is not waited for."""
LONG_BUDGET = 6.0
"""Long arms get so many times the budget: 40 pairs of 0.3 s take 24 s."""


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

    def sampler(self, last_calls: LastCalls | None, *, exchanged: bool = False) -> Sampler:
        """Return what draws blocks of the arms."""
        return Sampler(
            self.baseline,
            self.optimized,
            self.seed,
            self.clock,
            exchanged=exchanged,
            last_calls=last_calls,
            side_by_side=self.side_by_side,
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
        Calls in a slice, pairs or blocks of four.
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

    @property
    def drawn(self) -> int | None:
        """How many blocks of four a process that measures again is asked for; None where these are pairs.

        Of pairs it draws what its own first look needs: an arm of just 5 ms may be long here and short there.
        """
        return None if self.plan.long else len(self.xs)

    def against(self, stored: StoredSpeed | None) -> StoredState | None:
        """Say how this measurement lies to a stored speedup, None if it cannot be said."""
        return against_stored(self.interval, stored) if stored and self.interval else None


Tell = Callable[[int, int], None]
"""Is told between pairs of long arms how many there are, and how many the next look needs."""


def measure(
    pair: Pair, terms: Terms, *, tell: Tell | None = None, last_calls: LastCalls | None = None
) -> Measurement:
    """Measure a pair until its claim is decided, or time is up.

    Parameters
    ----------
    pair : Pair
        The arms.
    terms : Terms
        Claim, stored speedup and budget. Beside a stored speedup a claim that holds is sampled on until the
        interval is narrow enough to be held against it, or cannot become so in time.
    tell : callable, optional
        Is told how far it is, never within a block.
    last_calls : callable, optional
        Called after the last block, where the arms were run.

    Raises
    ------
    ArmRaisedError, NotComparableError, SideBySideError
        If an arm raised, or a process that ran it died.
    """
    start, watch = pair.clock(), Watch()
    unstable = None
    with garbage_held(), pair.sampler(last_calls) as sampler:
        rule = LONG_ARMS if sampler.samples.plan.long else SHORT_ARMS
        budget = min(LONG_BUDGET * terms.budget if sampler.samples.plan.long else terms.budget, terms.left)
        xs = sampler.samples.xs
        state, doubt, stopped = ClaimState.UNDECIDED, None, None
        for look in rule.looks:
            stopped = _draw(sampler, look, rule, budget, terms.cap, start, pair.clock, tell)
            if stopped:
                break
            if state is ClaimState.UNDECIDED:
                doubt = doubt_about(xs, terms.claim.limit)
                state = ClaimState.UNDECIDED if doubt else judge_claim(xs, terms.claim.limit, rule)
            if state is ClaimState.FAILS:
                break
            if state is ClaimState.HOLDS and (
                not _too_wide(xs, rule, terms.stored)
                or _stays_too_wide(xs, rule, (pair.clock() - start) * 1e-9, budget)
            ):
                break
        unstable = sampler.last()
    reason = None
    if state is ClaimState.UNDECIDED:
        reason = _why_undecided(sampler.samples, rule, terms.claim, doubt, stopped)
    return _measurement(sampler.samples, rule, state, reason, watch, unstable)


@dataclass(frozen=True)
class Asked:
    """What a child measures for its parent.

    Parameters
    ----------
    blocks, pairs : int or None
        How many blocks of short arms, and how many pairs of long ones; None for as many as the first look needs.
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
    pairs: int | None
    beyond: float | None
    budget: float
    cap: float
    exchanged: bool = False


def measure_asked(pair: Pair, asked: Asked, *, last_calls: LastCalls | None = None) -> Measurement:
    """Measure what a parent asks for and judge nothing.

    Parameters
    ----------
    pair : Pair
        The arms.
    asked : Asked
        How many blocks, and how.
    last_calls : callable, optional
        Called after the last block, where the arms were run.

    Raises
    ------
    ArmRaisedError, NotComparableError, SideBySideError
        If an arm raised, or a process that ran it died.
    """
    start, watch = pair.clock(), Watch()
    with garbage_held(), pair.sampler(last_calls, exchanged=asked.exchanged) as sampler:
        budget = LONG_BUDGET * asked.budget if sampler.samples.plan.long else asked.budget
        rule = FRESH_LONG_ARMS if sampler.samples.plan.long else SHORT_ARMS
        xs = sampler.samples.xs
        wanted = (asked.pairs if sampler.samples.plan.long else asked.blocks) or rule.looks[0]
        stopped = _draw(sampler, wanted, rule, math.inf, asked.cap, start, pair.clock)
        while not stopped and 2 * len(xs) <= rule.looks[-1] and not _one_sided(xs, rule, asked.beyond):
            if _draw(sampler, 2 * len(xs), rule, budget, asked.cap, start, pair.clock):
                break
        unstable = sampler.last()
    reason = f"stopped by {stopped} after {len(xs):,} blocks" if stopped else None
    return _measurement(sampler.samples, rule, ClaimState.UNDECIDED, reason, watch, unstable)


def _one_sided(xs: list[float], rule: Rule, beyond: float | None) -> bool:
    lower, upper = interval(xs, rule)
    return beyond is None or lower > beyond or upper < beyond


def _measurement(
    samples: Samples,
    rule: Rule,
    state: ClaimState,
    reason: str | None,
    watch: Watch,
    unstable: Unstable | None,
) -> Measurement:
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
    )


def _draw(
    sampler: Sampler,
    look: int,
    rule: Rule,
    budget: float,
    cap: float,
    start: int,
    clock: Clock,
    tell: Tell | None = None,
) -> str | None:
    """Draw blocks up to a look; return why that was not possible."""
    samples = sampler.samples
    sweep_young()
    while len(samples.xs) < look:
        spent = (clock() - start) * 1e-9
        if spent > cap:
            return f"the limit of {cap:g} s per comparison (ini genesis_perf_cap)"
        # Where 12 blocks of long arms leave a claim open, 18 nearly always close it.
        if spent > budget and len(samples.xs) >= rule.looks[1 if samples.plan.long else 0]:
            return f"the time budget of {budget:g} s"
        try:
            sampler.draw_block()
        except (ClockTooCoarseError, NoAnswerError) as error:
            return str(error)
        if samples.plan.long or samples.plan.in_turns:
            sweep_young()
            if tell and samples.plan.long:
                tell(len(samples.xs), look)
    return None


def _too_wide(xs: list[float], rule: Rule, stored: StoredSpeed | None) -> bool:
    if stored is None:
        return False
    ends = speedup_interval(xs, rule)
    return ends is None or against_stored(ends, stored) is StoredState.TOO_WIDE


def _stays_too_wide(xs: list[float], rule: Rule, spent: float, budget: float) -> bool:
    """Say whether the time left cannot make the interval narrow enough: its width falls as the root of the blocks."""
    ends = speedup_interval(xs, rule)
    if ends is None or spent <= 0.0:
        return False
    most = min(rule.looks[-1], len(xs) * budget / spent)
    width = math.log(ends[1] / ends[0]) * math.sqrt(len(xs) / max(most, len(xs)))
    return width > HOPELESS * math.log(STORED_TOLERANCE)


def speedup_interval(xs: Sequence[float], rule: Rule) -> tuple[float, float] | None:
    """Return the interval of the speedup, None where too few blocks bound it on both sides."""
    lower, upper = interval(xs, rule)
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return None
    return math.exp(-upper), math.exp(-lower)


def _why_undecided(samples: Samples, rule: Rule, claim: Claim, doubt: str | None, stopped: str | None) -> str:
    xs = samples.xs
    blocks = f'the claim "{claim.text}" is undecided after {len(xs):,} blocks'
    apart = (
        f"; the arms could not be run side by side: {samples.plan.in_turns}" if samples.plan.in_turns else ""
    )
    if doubt:
        return f"{blocks}: {doubt}{apart}"
    needed = blocks_needed(xs, claim.limit, rule) if xs else None
    more = f"about {needed:,} blocks would decide it" if needed else "the median is too close to the limit"
    return f"{blocks}, stopped by {stopped or 'the last look'}; {more}{apart}"
