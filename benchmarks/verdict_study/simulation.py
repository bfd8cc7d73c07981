"""Errors of the rule where they can be known: many streams of blocks, a seed, and no clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.verdict_study import streams as made
from benchmarks.verdict_study.bounds import at_most, upper
from benchmarks.verdict_study.exact import behaviour
from benchmarks.verdict_study.streams import Noise, judge_many
from pytest_genesis_perf.statistics import LONG_ARMS, SHORT_ARMS, Rule

STREAMS = 100_000
BATCH = 1_000
SEED = 20_240_229
RULES: Mapping[str, Rule] = {"short": SHORT_ARMS, "long": LONG_ARMS}


@dataclass(frozen=True)
class Simulated:
    """How many streams of a noise ended how.

    Parameters
    ----------
    truth : str
        "same code", or "on the limit".
    noise : str
        Its name.
    rule : str
        "short" or "long".
    promised : bool
        Whether the errors are promised for it.
    streams, fails, holds : int
        Counts.
    a_bad, a_ok : float
        What is allowed.
    """

    truth: str
    noise: str
    rule: str
    promised: bool
    streams: int
    fails: int
    holds: int
    a_bad: float
    a_ok: float

    @property
    def fails_bound(self) -> float:
        """Upper 95% bound of the share of streams that fail."""
        return upper(self.fails, self.streams)

    @property
    def holds_bound(self) -> float:
        """Upper 95% bound of the share of streams that hold."""
        return upper(self.holds, self.streams)

    @property
    def exceeds(self) -> bool:
        """Whether so many ends, where the promise holds, would be seen once in ten thousand simulations at most."""
        if not self.promised:
            return False
        wrong_holds = self.truth == "on the limit" and _unlikely(self.holds, self.streams, self.a_ok)
        return wrong_holds or _unlikely(self.fails, self.streams, self.a_bad)

    def to_plain(self) -> dict[str, Any]:
        """Return counts and bounds."""
        return asdict(self) | {"fails_bound": self.fails_bound, "holds_bound": self.holds_bound}


def cases(traces: Mapping[str, NDArray[np.float64]]) -> Iterator[tuple[str, str, Noise, bool]]:
    """Return truth, name and noise of each simulation, and whether the errors are promised there.

    Parameters
    ----------
    traces : mapping
        Recorded disturbances, by name: blocks of identical arms without the coin.
    """
    for name, noise in made.INDEPENDENT.items():
        yield "on the limit", name, made.on_the_limit(noise), True
    for name, noise in made.DEPENDENT.items():
        yield "on the limit", name, made.on_the_limit(noise), False
    for name, noise in made.ANY.items():
        yield "same code", name, made.same_code(noise), True
    for name, trace in traces.items():
        yield "same code", f"recorded: {name}", made.same_code(made.recorded(trace)), True


def simulate(truth: str, name: str, noise: Noise, promised: bool, rule: str, streams: int) -> Simulated:
    """Judge so many streams of a noise; the same call gives the same counts everywhere."""
    which = RULES[rule]
    random = np.random.default_rng([SEED, *f"{truth}/{name}/{rule}".encode()])
    fails = holds = 0
    for start in range(0, streams, BATCH):
        ends = judge_many(noise(random, min(BATCH, streams - start), which.looks[-1]), made.LIMIT, which)
        fails += int((ends.states == made.FAILS).sum())
        holds += int((ends.states == made.HOLDS).sum())
    return Simulated(truth, name, rule, promised, streams, fails, holds, which.a_bad, which.a_ok)


def _unlikely(found: int, tried: int, allowed: float) -> bool:
    return found > 0 and 1.0 - at_most(found - 1, tried, allowed) < 1e-4


def exact_errors() -> dict[str, dict[str, float]]:
    """Return the exact errors of both rules on independent blocks at a truth on the limit."""
    found = {name: behaviour(rule, 0.5) for name, rule in RULES.items()}
    return {name: {"fails": one.fails, "holds": one.holds} for name, one in found.items()}
