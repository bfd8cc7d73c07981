"""What follows from the blocks of same-code pairs: which effect resolves in which time here. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import geometric_mean

from pytest_genesis_perf.doctor.series import (
    GateCount,
    Series,
    effect_after,
    same_code_gates,
    seconds_to_resolve,
)
from pytest_genesis_perf.evidence import MARGIN

EFFECTS = (0.01, 0.02, 0.03, 0.05)
DEFAULT_SLICE_US = 100
NEAR = 0.2
"""A slice length that is better by less than this share is no reason to leave the default."""
_LEAST_EFFECT = 1e-6


class Fitness(Enum):
    """What this machine is good for."""

    FIT = "fit"
    LIMITED = "limited"
    NOT_FIT = "not fit"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Verdict:
    """The doctor's verdict.

    Parameters
    ----------
    fitness : Fitness
        In a word.
    text : str
        In a sentence.
    effect, seconds : float or None
        The smallest effect, not below the default margin, that resolves with every kind, and in which time.
    """

    fitness: Fitness
    text: str
    effect: float | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Resolution:
    """What resolves with one kind of pair in slices of the default length.

    Parameters
    ----------
    kind : str
        The pair.
    blocks : int
        How many were drawn.
    seconds : mapping
        For each effect the time within which nine of ten gates resolve it; None where the last look comes first.
    """

    kind: str
    blocks: int
    seconds: Mapping[float, float | None]


@dataclass(frozen=True)
class Slices:
    """What the length of a slice does.

    Parameters
    ----------
    effects : mapping
        For each kind and each length (microseconds) the smallest effect detected after a second.
    best : int or None
        The length with the smallest effects over all kinds; None where that, or the default, is not known.
    ratio : float or None
        The effects at the best length / those at the default, in the geometric mean over the kinds.
    clear : bool
        Whether that length is clearly better than the default, in both halves of the run too.
    """

    effects: Mapping[str, Mapping[int, float | None]]
    best: int | None
    ratio: float | None
    clear: bool = False

    @property
    def text(self) -> str:
        """The advice in a sentence."""
        if self.best is None or self.ratio is None:
            return "the best slice length is not known: too few blocks, or too coarse a clock"
        if self.best == DEFAULT_SLICE_US:
            return f"{DEFAULT_SLICE_US} us, the default, is the best length here"
        compared = f"{self.best} us is the best length here: effects {self.ratio:.2f}x those at {DEFAULT_SLICE_US} us"
        if self.clear:
            return f"{compared} (advice only: the rule keeps to its length)"
        return f"{compared}; the default is fine"


@dataclass(frozen=True)
class Findings:
    """All that follows from the blocks.

    Parameters
    ----------
    resolutions : tuple of Resolution
        A kind each, at the default slice length.
    slices : Slices
        What other lengths would do.
    gates : GateCount
        Gates of the default claim on equal arms, at all lengths.
    verdict : Verdict
        What the machine is good for.
    """

    resolutions: tuple[Resolution, ...]
    slices: Slices
    gates: GateCount
    verdict: Verdict


def conclude(drawn: Sequence[Series], budget: float, tracer: str | None = None) -> Findings:
    """Draw all conclusions.

    Parameters
    ----------
    drawn : sequence of Series
        All series, of every kind and length.
    budget : float
        Seconds that one comparison may take.
    tracer : str or None, optional
        What traces this process, if anything does.
    """
    resolutions = tuple(
        Resolution(s.kind, len(s.xs), {effect: seconds_to_resolve(s, effect) for effect in EFFECTS})
        for s in drawn
        if s.slice_us == DEFAULT_SLICE_US
    )
    gates = sum((same_code_gates(series, math.log1p(MARGIN)) for series in drawn), GateCount())
    unknown = [s.kind for s in drawn if s.slice_us == DEFAULT_SLICE_US and not s.enough]
    return Findings(
        resolutions, compare_slices(drawn), gates, _verdict(resolutions, unknown, gates, budget, tracer)
    )


def compare_slices(drawn: Sequence[Series]) -> Slices:
    """Say which slice length detects the smallest effects in the same time.

    Parameters
    ----------
    drawn : sequence of Series
        All series, of every kind and length.
    """
    effects: dict[str, dict[int, float | None]] = {}
    for series in drawn:
        effects.setdefault(series.kind, {})[series.slice_us] = effect_after(series)
    ratios = _ratios(drawn)
    if not ratios:
        return Slices(effects, None, None)
    best = min(ratios, key=lambda length: (ratios[length], abs(length - DEFAULT_SLICE_US)))
    halves = zip(*(series.halves for series in drawn), strict=True)
    # The best of six is best by chance too: one that is not so in each half of the run is not recommended.
    in_halves = [_ratios(half).get(best, 1.0) for half in halves]
    clear = max(ratios[best], *in_halves) < 1.0 - NEAR
    return Slices(effects, best, ratios[best], clear)


def _ratios(drawn: Sequence[Series]) -> dict[int, float]:
    """Return the effects at each length / those at the default; empty where the default is not known."""
    by_length: dict[int, list[float | None]] = {}
    for series in drawn:
        by_length.setdefault(series.slice_us, []).append(effect_after(series))
    means = {length: _mean(effects) for length, effects in by_length.items()}
    default = means.get(DEFAULT_SLICE_US)
    return {length: mean / default for length, mean in means.items() if mean and default}


def _mean(effects: Sequence[float | None]) -> float | None:
    known = [max(effect, _LEAST_EFFECT) for effect in effects if effect is not None]
    # A length that one kind could not be measured at would be compared over other kinds than the rest.
    return geometric_mean(known) if len(known) == len(effects) else None


def _verdict(
    resolutions: Sequence[Resolution],
    unknown: Sequence[str],
    gates: GateCount,
    budget: float,
    tracer: str | None,
) -> Verdict:
    if tracer is not None:
        return Verdict(Fitness.NOT_FIT, f"not fit: {tracer} is active, and every time is taken with it")
    if gates.false_alarms:
        of = f"{gates.false_alarms:,} of {gates.total:,} gates"
        return Verdict(Fitness.NOT_FIT, f"not fit: {of} called the same code slower than itself")
    if unknown or not resolutions:
        what = f" with {', '.join(unknown)}" if unknown else ""
        return Verdict(Fitness.UNKNOWN, f"not known: too few blocks were drawn{what}; measure longer")
    for effect in (effect for effect in EFFECTS if effect >= MARGIN):
        slowest = _slowest(resolutions, effect)
        if slowest is None or slowest > budget:
            continue
        if effect == MARGIN:
            text = f"fit to judge {effect:.0%} in {slowest:.2g} s"
            return Verdict(Fitness.FIT, text, effect, slowest)
        text = f"fit to judge {effect:.0%} only, in {slowest:.2g} s"
        return Verdict(Fitness.LIMITED, text, effect, slowest)
    text = f"not fit: not even {EFFECTS[-1]:.0%} resolves in the {budget:g} s of a comparison"
    return Verdict(Fitness.NOT_FIT, text)


def _slowest(resolutions: Sequence[Resolution], effect: float) -> float | None:
    slowest = 0.0
    for resolution in resolutions:
        seconds = resolution.seconds[effect]
        if seconds is None:
            return None
        slowest = max(slowest, seconds)
    return slowest
