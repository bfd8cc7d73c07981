"""Passes in lanes: the bits of one lane, also where the stretches do not meet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from genesis_core import Candles, synthetic
from genesis_core.compiler.columns import column_pass
from genesis_core.compiler.lanes import LANES, LEAST_STRETCH, fast_pass
from genesis_core.kernels.base import Kernel, Vector
from genesis_core.kernels.registry import KERNELS

CANDLES = synthetic(bars=9_000)
FORGETFUL = sorted(name for name, kernel in KERNELS.items() if kernel.forgets is not None)


def runs(
    kernel: Kernel, params: tuple[float, ...], columns: tuple[np.ndarray, ...]
) -> list[tuple[bytes, bytes]]:
    """Return values and final state, from the pass in lanes and from the single one."""
    single = column_pass(kernel.step, len(kernel.inputs), len(kernel.outputs))
    made = []
    for run in (fast_pass(kernel), single):
        state, out = np.zeros(kernel.state(params)), np.full(len(columns[0]), -1.0)
        run(state, np.array(params), columns, (out,), len(out))
        made.append((out.tobytes(), state.tobytes()))
    return made


def column(values: np.ndarray) -> np.ndarray:
    return np.frombuffer(np.ascontiguousarray(values).tobytes())


@pytest.mark.parametrize("n", [1.0, 2.0, 14.0, 26.0])
@pytest.mark.parametrize("name", FORGETFUL)
def test_lanes_give_the_bits_and_the_state_of_one_lane(name: str, n: float) -> None:
    kernel = KERNELS[name]
    assert kernel.forgets is not None
    assert len(CANDLES) // LANES >= LEAST_STRETCH * kernel.forgets([n]), (
        "too short for lanes: nothing is tested"
    )
    fast, single = runs(kernel, (n,), (CANDLES.close,))
    assert fast == single


@pytest.mark.parametrize("name", FORGETFUL)
@pytest.mark.parametrize("length", [8_997, 8_998, 8_999])
def test_what_does_not_divide_into_lanes_is_run_behind_them(name: str, length: int) -> None:
    fast, single = runs(KERNELS[name], (5.0,), (CANDLES.close[:length],))
    assert fast == single


@pytest.mark.parametrize(
    "series",
    [
        np.full(9_000, 7.0),
        np.where(np.arange(9_000) < 4_000, 1.0, 1e300),
        np.where(np.arange(9_000) % 2, 1e-8, 1e8),
        np.concatenate([np.full(4_500, 3.0), np.zeros(4_500)]),
        np.cumsum(np.full(9_000, 0.1)),
    ],
    ids=["constant", "one jump", "alternating", "nothing from the middle on", "rising"],
)
@pytest.mark.parametrize("name", FORGETFUL)
def test_series_on_which_lanes_may_not_meet(name: str, series: np.ndarray) -> None:
    fast, single = runs(KERNELS[name], (14.0,), (column(series),))
    assert fast == single


def counting(s: Vector, p: Vector, x: float) -> float:
    """Never forgets: how many bars it has seen."""
    s[0] = s[0] + 1.0
    return s[0] + x


def signed(s: Vector, p: Vector, x: float) -> float:
    """Forgets all but the sign of a zero: the first bar makes it negative."""
    if s[1] == 0.0:
        s[1] = 1.0
        s[0] = -0.0 if x > 10.0 else 0.0
    return 1.0 if x > 0.5 and s[0] == 0.0 else 0.0


@pytest.mark.parametrize("step", [counting, signed])
def test_a_kernel_that_does_not_forget_as_it_says_loses_time_and_no_bit(step: object) -> None:
    claimed = Kernel("claims to forget", step, ("x",), state=lambda p: 2, forgets=lambda p: 10)  # type: ignore[arg-type]
    for values in (CANDLES.close, column(np.arange(9_000.0)), column(11.0 - np.arange(9_000.0))):
        fast, single = runs(claimed, (), (values,))
        assert fast == single


@pytest.mark.parametrize("bars", [9_000])
def test_the_features_do_not_depend_on_lanes(bars: int) -> None:
    kernel = KERNELS["wilder"]
    without = replace(kernel, forgets=None)
    candles: Candles = CANDLES[:bars]
    assert runs(kernel, (50.0,), (candles.high,)) == runs(without, (50.0,), (candles.high,))
