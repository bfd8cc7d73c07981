"""The arms of the study: seven kinds of work, each the same, written differently, slower or faster."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pytest_genesis_perf.arms import Arm

Column = NDArray[np.float64]

PYTHON_NUMBERS = 2_000
CRC_BYTES = 65_536
NUMPY_FLOATS = 131_072
"""One MB."""
ALLOCATIONS = 400
COMPILED_FLOATS = 20_000
BACKTEST_BARS = 22_000
"""About 0.3 s with precomputed features."""
MOST_WORK = 1.05


@dataclass(frozen=True)
class Variant:
    """What the optimized arm is beside the baseline.

    Parameters
    ----------
    name : str
        For people and files.
    work : float
        Its share of the baseline's work.
    other : bool
        Whether it is another function of equal cost.
    """

    name: str
    work: float = 1.0
    other: bool = False

    @property
    def truth(self) -> float:
        """The logarithm of its share of the baseline's time, as far as time is work."""
        return math.log(self.work)


SAME = Variant("same")
DIFFERENT = Variant("different", other=True)
SLOWER_3 = Variant("slower 3%", 1.03)
SLOWER_5 = Variant("slower 5%", 1.05)
FASTER_5 = Variant("faster 5%", 0.95)
VARIANTS: Mapping[str, Variant] = {one.name: one for one in (SAME, DIFFERENT, SLOWER_3, SLOWER_5, FASTER_5)}


def _amount(whole: int, share: float) -> int:
    return round(whole * share)


def _sum_of_squares(numbers: list[int]) -> int:
    total = 0
    for number in numbers:
        total += number * number
    return total


def _add_up_squares(amounts: list[int]) -> int:
    gathered = 0
    for amount in amounts:
        gathered = gathered + amount * amount
    return gathered


def python_arms(variant: Variant) -> tuple[Arm, Arm]:
    """Make arms of plain Python: a loop over a list; the other function has other names and order of terms."""
    # Small numbers and a small sum: Python's additions get dearer where an integer needs a second digit.
    numbers = [n % 50 for n in range(_amount(PYTHON_NUMBERS, MOST_WORK))]
    base, mine = (numbers[: _amount(PYTHON_NUMBERS, share)] for share in (1.0, variant.work))
    second = _add_up_squares if variant.other else _sum_of_squares
    return partial(_sum_of_squares, base), partial(second, mine if variant.work != 1.0 else base)


def _checksum(data: memoryview) -> int:
    return crc32(data)


def _sum_for_check(buffer: memoryview) -> int:
    start = 0
    return crc32(buffer, start)


def bytes_arms(variant: Variant) -> tuple[Arm, Arm]:
    """Make arms that check bytes which both read; the other function passes the start value."""
    data = memoryview(bytes(range(256)) * math.ceil(CRC_BYTES * MOST_WORK / 256))
    second = _sum_for_check if variant.other else _checksum
    return partial(_checksum, data[:CRC_BYTES]), partial(second, data[: _amount(CRC_BYTES, variant.work)])


def _columns(seed: int) -> tuple[Column, Column, Column]:
    size = math.ceil(NUMPY_FLOATS * MOST_WORK)
    random = np.random.default_rng(seed)
    return random.random(size), random.random(size), np.zeros(size)


def _numpy_arm(columns: tuple[Column, Column, Column], variant: Variant) -> Arm:
    size = _amount(NUMPY_FLOATS, variant.work)
    a, b, out = (column[:size] for column in columns)
    # A product and a sum: two loops of equal cost, bound by the same traffic of memory.
    return partial(np.add if variant.other else np.multiply, a, b, out=out)


def numpy_shared_arms(variant: Variant) -> tuple[Arm, Arm]:
    """Make arms that pass over columns of 1 MB which both read and write; the other function adds, not multiplies."""
    columns = _columns(0)
    return _numpy_arm(columns, SAME), _numpy_arm(columns, variant)


def numpy_owned_arms(variant: Variant) -> tuple[Arm, Arm]:
    """Make arms that pass over columns of their own: where these lie in memory differs between the arms."""
    return _numpy_arm(_columns(0), SAME), _numpy_arm(_columns(1), variant)


def _records(count: int) -> list[dict[str, object]]:
    # From 1,000 on: Python makes the integers up to 256 once and for all.
    return [{"key": n, "value": (n, n + 1)} for n in range(1_000, 1_000 + count)]


def _entries(number: int) -> list[dict[str, object]]:
    return [{"name": i, "pair": (i, 1 + i)} for i in range(1_000, number + 1_000)]


def allocating_arms(variant: Variant) -> tuple[Arm, Arm]:
    """Make arms that make and drop many small objects; the other function has other names and order of terms."""
    second = _entries if variant.other else _records
    return partial(_records, ALLOCATIONS), partial(second, _amount(ALLOCATIONS, variant.work))


def _smoothed(x: Column, share: float) -> float:
    level = x[0]
    for i in range(len(x)):
        level += share * (x[i] - level)
    return float(level)


def _average(prices: Column, weight: float) -> float:
    state = prices[0]
    t = 0
    while t < len(prices):
        state = state + (prices[t] - state) * weight
        t += 1
    return float(state)


@lru_cache(maxsize=2)
def _compiled(other: bool) -> Callable[..., Any]:
    import numba

    kernel: Callable[..., Any] = numba.njit(cache=True)(_average if other else _smoothed)
    return kernel


def compiled_arms(variant: Variant) -> tuple[Arm, Arm]:
    """Make arms of a compiled recursion over a column that both read; the other function is another loop."""
    x = np.random.default_rng(0).random(math.ceil(COMPILED_FLOATS * MOST_WORK))
    mine = x[: _amount(COMPILED_FLOATS, variant.work)]
    return partial(_compiled(False), x[:COMPILED_FLOATS], 0.1), partial(_compiled(variant.other), mine, 0.1)


def backtest_arms(variant: Variant) -> tuple[Arm, Arm]:
    """Make arms that run a backtest of 0.3 s; the other one has candles and a strategy of its own, of equal content."""
    from genesis_core import Config, backtest, synthetic

    most = synthetic(bars=_amount(BACKTEST_BARS, MOST_WORK))
    strategy = Config.default()
    candles = most[:BACKTEST_BARS]
    if variant.other:
        mine, its = synthetic(bars=BACKTEST_BARS), Config.default()
    else:
        mine, its = (candles if variant == SAME else most[: _amount(BACKTEST_BARS, variant.work)]), strategy
    return (
        lambda: backtest(candles, strategy, precompute_features=True),
        lambda: backtest(mine, its, precompute_features=True),
    )


@dataclass(frozen=True)
class Kind:
    """One kind of work.

    Parameters
    ----------
    name : str
        For people and files.
    arms : callable
        Makes baseline and optimized arm of a variant, with inputs of their own making.
    long : bool
        Whether a call takes more than 50 ms.
    """

    name: str
    arms: Callable[[Variant], tuple[Arm, Arm]]
    long: bool = False


KINDS: Mapping[str, Kind] = {
    one.name: one
    for one in (
        Kind("python", python_arms),
        Kind("crc32", bytes_arms),
        Kind("numpy shared", numpy_shared_arms),
        Kind("numpy owned", numpy_owned_arms),
        Kind("allocating", allocating_arms),
        Kind("compiled", compiled_arms),
        Kind("backtest", backtest_arms, long=True),
    )
}
SHORT = tuple(name for name, kind in KINDS.items() if not kind.long)
LONG = tuple(name for name, kind in KINDS.items() if kind.long)
