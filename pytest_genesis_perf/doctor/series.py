"""The blocks of one kind of pair at one slice length, and what the rule would have made of them: pure functions.

Both arms of a pair are the same callable, so its true effect is 0. The signs of its blocks about a limit of ``-e`` are
those of a pair that is slower than its limit by ``e``, and the signs about ``+e`` those of equal arms with the margin
``e``: no effect needs to be built into an arm, and all effects are judged on the same blocks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_genesis_perf.statistics import (
    MAX_TIE_SHARE,
    SHORT_ARMS,
    ClaimState,
    Rule,
    blocks_needed,
    doubt_about,
    judge_claim,
    median,
    minimum_detectable_effect,
    tie_share,
)

GATES = 20
"""Gates that are simulated on one series, each beginning at another block."""
MOST_OF = 0.9
"""An effect resolves when so many of the gates are decided: nine of ten."""


@dataclass(frozen=True)
class Series:
    """The blocks of one same-code pair.

    Parameters
    ----------
    kind : str
        What its arms do.
    slice_us : int
        The slice length asked for, in microseconds.
    xs : tuple of float
        The blocks, in log units, in time order.
    seconds : float
        What drawing them took, all together.
    calls : tuple of int
        Calls in a slice of each arm.
    """

    kind: str
    slice_us: int
    xs: tuple[float, ...]
    seconds: float
    calls: tuple[int, int] = (1, 1)

    @property
    def enough(self) -> bool:
        """Whether the rule could look at them even once."""
        return len(self.xs) >= SHORT_ARMS.looks[0]

    @property
    def too_coarse(self) -> bool:
        """Whether so many blocks are equal that their spread says nothing: the clock cannot tell such slices apart."""
        return bool(self.xs) and tie_share(self.xs, median(self.xs)) > MAX_TIE_SHARE

    @property
    def halves(self) -> tuple[Series, Series]:
        """The first and the second half of the blocks."""
        middle = len(self.xs) // 2
        return self._part(self.xs[:middle]), self._part(self.xs[middle:])

    @property
    def block_seconds(self) -> float:
        """What one block costs."""
        return self.seconds / len(self.xs)

    def _part(self, xs: tuple[float, ...]) -> Series:
        return replace(self, xs=xs, seconds=self.block_seconds * len(xs) if xs else 0.0)


@dataclass(frozen=True)
class GateCount:
    """Gates on equal arms, run back to back over the blocks of a series.

    Parameters
    ----------
    passed, false_alarms, undecided : int
        The claim holds; fails though the arms are equal; was not decided by the last look.
    """

    passed: int = 0
    false_alarms: int = 0
    undecided: int = 0

    @property
    def total(self) -> int:
        """All gates."""
        return self.passed + self.false_alarms + self.undecided

    def __add__(self, other: GateCount) -> GateCount:
        """Add the gates of another series."""
        return GateCount(
            self.passed + other.passed,
            self.false_alarms + other.false_alarms,
            self.undecided + other.undecided,
        )


def judge(xs: Sequence[float], limit: float, rule: Rule = SHORT_ARMS) -> tuple[ClaimState, int]:
    """Judge a claim as a measurement does, look by look, in blocks that are there already.

    Parameters
    ----------
    xs : sequence of float
        Blocks; those beyond the last look are not used.
    limit : float
        The limit of the claim, in log units.
    rule : Rule, optional
        Looks and errors.

    Returns
    -------
    state : ClaimState
        UNDECIDED too where the blocks are not enough for the next look.
    blocks : int
        How many blocks it took: of the deciding look, or of the last one there was.
    """
    used = 0
    for look in rule.looks:
        if look > len(xs):
            break
        used, seen = look, xs[:look]
        if doubt_about(seen, limit):
            continue
        state = judge_claim(seen, limit, rule)
        if state is not ClaimState.UNDECIDED:
            return state, look
    return ClaimState.UNDECIDED, used


def same_code_gates(series: Series, limit: float, rule: Rule = SHORT_ARMS) -> GateCount:
    """Count what gates on equal arms come to; a gate begins where the one before it ended.

    Parameters
    ----------
    series : Series
        The blocks.
    limit : float
        The limit of the claim, in log units.
    rule : Rule, optional
        Looks and errors.

    Notes
    -----
    The last gate is left out where the blocks end before it is decided.
    """
    counted = GateCount()
    start = 0
    while True:
        state, blocks = judge(series.xs[start : start + rule.looks[-1]], limit, rule)
        if state is ClaimState.UNDECIDED and blocks < rule.looks[-1]:
            return counted
        start += blocks
        counted += GateCount(
            passed=int(state is ClaimState.HOLDS),
            false_alarms=int(state is ClaimState.FAILS),
            undecided=int(state is ClaimState.UNDECIDED),
        )


def seconds_to_resolve(series: Series, effect: float, rule: Rule = SHORT_ARMS) -> float | None:
    """Return the time within which nine of ten gates resolve an effect.

    Parameters
    ----------
    series : Series
        The blocks.
    effect : float
        As a share, such as 0.02: how much slower than its limit an arm is.
    rule : Rule, optional
        Looks and errors.

    Returns
    -------
    float or None
        Seconds; None where the last look would come first, or there are fewer blocks than a look needs.

    Notes
    -----
    A gate resolves the effect when it has both failed an arm that is slower than its limit by so much, and passed
    equal arms with a margin of so much. Where the blocks end before it is decided, the number needed is estimated from
    the shares on both sides of the limit (:func:`blocks_needed`).
    """
    if not series.enough:
        return None
    log_effect = math.log1p(effect)
    slower = _blocks_to(series.xs, -log_effect, ClaimState.FAILS, rule)
    equal = _blocks_to(series.xs, log_effect, ClaimState.HOLDS, rule)
    needed = sorted(map(max, zip(slower, equal, strict=True)))[math.ceil(MOST_OF * GATES) - 1]
    return needed * series.block_seconds if needed <= rule.looks[-1] else None


def effect_after(series: Series, seconds: float = 1.0, rule: Rule = SHORT_ARMS) -> float | None:
    """Return the smallest effect that would be detected after so much measuring, as a share.

    Parameters
    ----------
    series : Series
        The blocks.
    seconds : float, optional
        Time spent on one comparison.
    rule : Rule, optional
        Looks and errors.

    Returns
    -------
    float or None
        None where there are too few blocks, or the clock is too coarse for such slices.

    Notes
    -----
    The minimum detectable effect of as many blocks as that time has room for, taken evenly from the sorted ones there
    are. The square root would not do: with few blocks the rule looks at the tails of the noise, not at its middle.
    """
    if not series.enough or series.too_coarse:
        return None
    ordered, wanted = sorted(series.xs), int(seconds / series.block_seconds)
    stretched = [ordered[(2 * i + 1) * len(ordered) // (2 * wanted)] for i in range(wanted)]
    effect = minimum_detectable_effect(stretched, rule) if wanted else math.inf
    return math.expm1(effect) if math.isfinite(effect) else None


def _blocks_to(xs: tuple[float, ...], limit: float, wanted: ClaimState, rule: Rule) -> list[float]:
    """Return how many blocks each of the gates needs to see what is true; infinitely many if it never does."""
    found: list[float] = []
    for gate in range(GATES):
        start = gate * len(xs) // GATES
        # Round the end of the series: every gate has all blocks before it, and the noise of its own beginning.
        state, blocks = judge((xs[start:] + xs[:start])[: rule.looks[-1]], limit, rule)
        if state is ClaimState.UNDECIDED:
            found.append(_estimate(xs, limit, wanted, rule))
        else:
            found.append(blocks if state is wanted else math.inf)
    return found


def _estimate(xs: tuple[float, ...], limit: float, wanted: ClaimState, rule: Rule) -> float:
    """Return how many blocks such blocks would have needed."""
    leads_to = ClaimState.FAILS if median(xs) > limit else ClaimState.HOLDS
    if leads_to is not wanted or doubt_about(xs, limit):
        return math.inf
    return blocks_needed(xs, limit, rule) or math.inf
