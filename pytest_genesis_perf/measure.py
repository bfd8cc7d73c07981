"""One measurement of a pair: draw blocks, look, and stop as soon as the claim is decided."""

from __future__ import annotations

import math
from collections.abc import Callable

from pytest_genesis_perf.arms import LastCalls, NoAnswerError
from pytest_genesis_perf.disturbance import Watch
from pytest_genesis_perf.evidence import Claim, StoredSpeed
from pytest_genesis_perf.measurement import Asked, Measurement, Pair, Terms, measurement_of, speedup_interval
from pytest_genesis_perf.sampling import Sampler, Samples
from pytest_genesis_perf.statistics import (
    LONG_ARMS,
    SHORT_ARMS,
    ClaimState,
    Rule,
    blocks_needed,
    doubt_about,
    fresh_rule,
    interval,
    judge_claim,
)
from pytest_genesis_perf.timing import Clock, ClockTooCoarseError, garbage_held, sweep_young
from pytest_genesis_perf.verdict import StoredState, against_stored

HOPELESS = 1.5
"""An interval that would still be so many times too wide when time is up is not waited for."""
LONG_BUDGET = 6.0
"""Long arms get so many times the budget: 18 blocks of four calls of 0.3 s take 22 s."""


Tell = Callable[[int, int], None]
"""Is told between blocks of long arms how many there are, and how many the next look needs."""


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
    with garbage_held(), pair.sampler(last_calls, terms.cap) as sampler:
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
                or _stays_too_wide(xs, rule, terms.stored, (pair.clock() - start) * 1e-9, budget)
            ):
                break
        unstable = sampler.last()
    reason = None
    if state is ClaimState.UNDECIDED:
        reason = _why_undecided(sampler.samples, rule, terms.claim, doubt, stopped)
    return measurement_of(sampler.samples, rule, state, reason, watch, unstable)


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
    with garbage_held(), pair.sampler(last_calls, asked.cap, exchanged=asked.exchanged) as sampler:
        budget = LONG_BUDGET * asked.budget if sampler.samples.plan.long else asked.budget
        rule = fresh_rule(sampler.samples.plan.long)
        xs = sampler.samples.xs
        wanted = (asked.long_blocks if sampler.samples.plan.long else asked.blocks) or rule.looks[0]
        stopped = _draw(sampler, wanted, rule, math.inf, asked.cap, start, pair.clock)
        while not stopped and 2 * len(xs) <= rule.looks[-1] and not _one_sided(xs, rule, asked.beyond):
            if _draw(sampler, 2 * len(xs), rule, budget, asked.cap, start, pair.clock):
                break
        unstable = sampler.last()
    reason = f"stopped by {stopped} after {len(xs):,} blocks" if stopped else None
    return measurement_of(sampler.samples, rule, ClaimState.UNDECIDED, reason, watch, unstable)


def _one_sided(xs: list[float], rule: Rule, beyond: float | None) -> bool:
    lower, upper = interval(xs, rule)
    return beyond is None or lower > beyond or upper < beyond


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
            return f"a fault: {error}"
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


def _stays_too_wide(
    xs: list[float], rule: Rule, stored: StoredSpeed | None, spent: float, budget: float
) -> bool:
    """Say whether the time left cannot make the interval narrow enough: its width falls as the root of the blocks."""
    ends = speedup_interval(xs, rule)
    if stored is None or ends is None or spent <= 0.0:
        return False
    most = min(rule.looks[-1], len(xs) * budget / spent)
    width = math.log(ends[1] / ends[0]) * math.sqrt(len(xs) / max(most, len(xs)))
    return width > HOPELESS * math.log(stored.factor)


def _why_undecided(samples: Samples, rule: Rule, claim: Claim, doubt: str | None, stopped: str | None) -> str:
    xs = samples.xs
    apart = (
        f"; the arms could not be run side by side: {samples.plan.in_turns}" if samples.plan.in_turns else ""
    )
    if not xs:
        return f'the claim "{claim.text}" is undecided, not one block could be drawn: stopped by {stopped}{apart}'
    ended = f'the claim "{claim.text}" is undecided after {len(xs):,} blocks, stopped by {stopped or "the last look"}'
    if doubt:
        return f"{ended}; {doubt}{apart}"
    needed = blocks_needed(xs, claim.limit, rule)
    more = f"about {needed:,} blocks would decide it" if needed else "the median is too close to the limit"
    return f"{ended}; {more}{apart}"
