"""Time modes in interleaved rounds, and check at every turn that they still give the same bits."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from genesis_core.backtesting import Result
from genesis_core.benchmarking.modes import Mode, Ran, ran

SAMPLE_SECONDS = 0.02
"""A mode that is faster is called several times a round: the clock and the first call's misses weigh less."""
MOST_CALLS = 200


@dataclass(frozen=True)
class Measured:
    """What was measured of one mode.

    Parameters
    ----------
    mode : Mode
        Which.
    ran : Ran
        What its calls did.
    seconds : tuple of float
        Of one call, a value a round.
    peak_bytes : int
        The most memory that Python and NumPy held for one call, in a run of its own that was not timed.
    """

    mode: Mode
    ran: Ran
    seconds: tuple[float, ...]
    peak_bytes: int


@dataclass(frozen=True)
class Mismatch:
    """A mode whose results are not those of the mode it is compared with.

    Parameters
    ----------
    name, against : str
        The two modes.
    found, expected : tuple of str
        Digests of their results.
    """

    name: str
    against: str
    found: tuple[str, ...]
    expected: tuple[str, ...]

    def __str__(self) -> str:
        pairs = zip(self.found, self.expected, strict=True)
        here, there = next((a, b) for a, b in pairs if a != b)
        return f"{self.name} gives another result than {self.against}: digest {here}, not {there}"


def measure(
    modes: Sequence[Mode],
    rounds: int,
    progress: Callable[[int, int], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[Measured, ...] | Mismatch:
    """Time all modes, once a round each.

    Parameters
    ----------
    modes : sequence of Mode
        The modes; one that others are compared with comes before them.
    rounds : int
        At least 1. Every other one runs in reverse order, so that no mode always follows the same one.
    progress : callable, optional
        Is told before each turn: ``progress(done, turns)``.
    clock : callable
        Gives the time in seconds.

    Returns
    -------
    tuple of Measured, or Mismatch
        The first mode that gave other bits, and no times, if there is one.
    """
    turns = len(modes) * (rounds + 2)
    done = 0

    def tick() -> None:
        nonlocal done
        if progress is not None:
            progress(done, turns)
        done += 1

    # The first calls are not timed: they may compile.
    first: dict[str, Ran] = {}
    for mode in modes:
        tick()
        first[mode.name] = ran(mode.run())
        wrong = _mismatch(mode, first[mode.name], first)
        if wrong is not None:
            return wrong
    seconds_of: dict[str, list[float]] = {mode.name: [] for mode in modes}
    for number in range(rounds):
        gc.collect()
        for mode in modes if number % 2 == 0 else reversed(modes):
            tick()
            seconds, results = _sample(mode, clock)
            seconds_of[mode.name].append(seconds)
            wrong = _mismatch(mode, ran(results), first)
            if wrong is not None:
                return wrong
    measured = []
    for mode in modes:
        tick()
        measured.append(Measured(mode, first[mode.name], tuple(seconds_of[mode.name]), _peak_bytes(mode)))
    return tuple(measured)


def _mismatch(mode: Mode, found: Ran, first: dict[str, Ran]) -> Mismatch | None:
    against = mode.against or mode.name
    expected = first[against].digests
    if found.digests == expected:
        return None
    return Mismatch(mode.name, against, found.digests, expected)


def _sample(mode: Mode, clock: Callable[[], float]) -> tuple[float, list[Result]]:
    """Return the seconds of a call, the mean of as many as make a sample, and what the last one gave."""
    collecting = gc.isenabled()
    gc.disable()
    calls, seconds = 0, 0.0
    results: list[Result] = []
    try:
        began = clock()
        while seconds < SAMPLE_SECONDS and calls < MOST_CALLS:
            results = mode.run()
            calls += 1
            seconds = clock() - began
    finally:
        if collecting:
            gc.enable()
    return seconds / calls, results


def _peak_bytes(mode: Mode) -> int:
    traced = tracemalloc.is_tracing()
    if not traced:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        mode.run()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        if not traced:
            tracemalloc.stop()
    return peak - before
