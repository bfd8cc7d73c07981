"""Which same-code pairs the doctor measures: in turns, so that a drift of the machine hits all of them alike."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import cycle
from random import Random

from pytest_genesis_perf.arms import Arm
from pytest_genesis_perf.doctor.findings import DEFAULT_SLICE_US
from pytest_genesis_perf.doctor.series import Series
from pytest_genesis_perf.sampling import Sampler
from pytest_genesis_perf.timing import Clock, ClockTooCoarseError, garbage_held, sweep_young, time_calls

SLICES_US = (25, 50, DEFAULT_SLICE_US, 200, 500, 1500)
_FEW_SLICES_US = (50, DEFAULT_SLICE_US, 200)
_SHORT_SECONDS = 5.0
"""Below this there is time for few lengths only."""
_TURN_SECONDS = 0.05
"""Long enough for several looks in neighbouring blocks, short enough for twenty rounds in 20 s."""
_LEAST_ROUNDS = 4
_DEFAULT_WEIGHT = 3
"""The verdict rests on the default length: it gets so many times the time of the others."""
_LOOP = 100
_BYTES = 16_384
_BUFFER_BYTES, _WINDOW_BYTES = 1_048_576, 8_192

Tell = Callable[[float, str], None]
"""Is told between turns how many seconds have passed, and what comes next."""


@dataclass(frozen=True)
class Drawn:
    """All that was measured.

    Parameters
    ----------
    series : tuple of Series
        A kind and a slice length each.
    seconds : float
        What it took, calibration included.
    interrupted : bool
        Whether Ctrl-C ended it.
    """

    series: tuple[Series, ...]
    seconds: float
    interrupted: bool


def kinds() -> dict[str, Arm]:
    """Return what the arms do, by name; each call takes a few microseconds.

    Notes
    -----
    Interpreted code, code that streams through memory it alone reads, and (where NumPy is installed) vector code on a
    buffer of 1 MB, which both arms share: buffers of their own would lie differently, and so would the times.
    """
    made: dict[str, Arm] = {"Python loop": _python_loop, "bytes, crc32": _crc32()}
    if find_spec("numpy") is not None:
        made["NumPy, 1 MB"] = _numpy_sum()
    return made


def draw(
    arms: dict[str, Arm],
    seconds: float,
    seed: str,
    *,
    slices_us: Sequence[int] | None = None,
    clock: Clock = time.perf_counter_ns,
    tell: Tell | None = None,
) -> Drawn:
    """Measure every kind against itself at every slice length, in turns, until the time is up or Ctrl-C comes.

    Parameters
    ----------
    arms : dict
        From :func:`kinds`.
    seconds : float
        How long, all together.
    seed : str
        Seed of the coins, and of the order of the turns.
    slices_us : sequence of int, optional
        Slice lengths in microseconds; those of ``SLICES_US``, or a few of them where the time is short.
    clock : callable, optional
        Nanoseconds.
    tell : callable, optional
        Is told between turns, never within one.
    """
    start = clock()
    if slices_us is None:
        slices_us = SLICES_US if seconds >= _SHORT_SECONDS else _FEW_SLICES_US
    pairs: list[_Pair] = []
    interrupted = False
    with garbage_held():
        try:
            wanted = ((kind, arm, length) for kind, arm in arms.items() for length in slices_us)
            pairs.extend(_Pair.calibrated(*each, f"{seed}:{each[0]}:{each[2]}", clock) for each in wanted)
            turns = _turns(pairs, seconds - (clock() - start) * 1e-9, Random(seed))
            weight_left = sum(pair.weight for pair in turns)
            for pair in turns:
                passed = (clock() - start) * 1e-9
                if passed >= seconds:
                    break
                if tell:
                    tell(passed, f"{pair.kind} in slices of {pair.slice_us} us")
                # A share of what is left: a turn that was held up must not make the whole longer.
                pair.take_turn((seconds - passed) * pair.weight / weight_left)
                weight_left -= pair.weight
        except KeyboardInterrupt:
            interrupted = True
    return Drawn(tuple(pair.series() for pair in pairs), (clock() - start) * 1e-9, interrupted)


@dataclass
class _Pair:
    kind: str
    slice_us: int
    arm: Arm
    sampler: Sampler
    clock: Clock
    passed: int = 0
    too_coarse: bool = False

    @property
    def weight(self) -> int:
        return _DEFAULT_WEIGHT if self.slice_us == DEFAULT_SLICE_US else 1

    @classmethod
    def calibrated(cls, kind: str, arm: Arm, slice_us: int, seed: str, clock: Clock) -> _Pair:
        # The default length is left to the rule, which makes slices longer where the clock is coarse.
        slice_ns = None if slice_us == DEFAULT_SLICE_US else slice_us * 1_000
        return cls(kind, slice_us, arm, Sampler(arm, arm, seed, clock, slice_ns=slice_ns), clock)

    def take_turn(self, seconds: float) -> None:
        """Draw blocks for so long, one at least; what another kind left in the caches is driven out before."""
        if self.too_coarse:
            return
        sweep_young()
        time_calls(self.arm, self.sampler.samples.plan.baseline_calls, self.clock)
        start = self.clock()
        try:
            self.sampler.draw_block()
            while (self.clock() - start) * 1e-9 < seconds:
                self.sampler.draw_block()
        except ClockTooCoarseError:
            self.too_coarse = True
        finally:
            self.passed += self.clock() - start

    def series(self) -> Series:
        samples = self.sampler.samples
        calls = (samples.plan.baseline_calls, samples.plan.optimized_calls)
        xs = () if self.too_coarse else tuple(samples.xs)
        return Series(self.kind, self.slice_us, xs, self.passed * 1e-9, calls)


def _turns(pairs: Sequence[_Pair], seconds: float, random: Random) -> list[_Pair]:
    """Plan the turns: as many rounds as fit, each in an order of its own, so that no rhythm meets the same pair."""
    round_seconds = _TURN_SECONDS * sum(pair.weight for pair in pairs)
    rounds = max(_LEAST_ROUNDS, round(seconds / round_seconds))
    return [pair for _ in range(rounds) for pair in random.sample(pairs, len(pairs))]


def _python_loop() -> int:
    total = 0
    for number in range(_LOOP):
        total ^= number
    return total


def _crc32() -> Arm:
    data = bytes(range(256)) * (_BYTES // 256)

    def checksum() -> int:
        return zlib.crc32(data)

    return checksum


def _numpy_sum() -> Arm:
    import numpy as np

    buffer = np.arange(_BUFFER_BYTES // 8, dtype=np.float64)
    # Window after window: a call over the whole buffer would be longer than the shortest slices.
    windows = cycle(np.split(buffer, _BUFFER_BYTES // _WINDOW_BYTES))

    def total() -> float:
        return float(next(windows).sum())

    return total
