"""A compiled function that is not the law's is caught by the checks that the equality tests use."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest

from genesis_core import Candles, backtest, run_features, synthetic
from genesis_core.kernels import exact
from genesis_core.kernels.base import Vector
from genesis_core.kernels.fibonacci import swings
from genesis_core.kernels.indicators import averages, derived
from genesis_core.kernels.indicators.averages import AVERAGE, SEED_COUNT
from genesis_core.kernels.trading import books, metrics
from genesis_core.kernels.trading.books import post
from genesis_core.kernels.trading.layout import ENTRY_FEE, ENTRY_PRICE, FEE, GROSS, NET, SIDE, SLIPPAGE, UNITS
from genesis_core.kernels.trading.metrics import MAX_DRAWDOWN
from tests.equality.checks import feature_fault, result_fault
from tests.equality.mutants import compiled_side

BARS = 400


@pytest.fixture(scope="module")
def short() -> Candles:
    return synthetic(bars=BARS)


true_exp, true_pivots, true_seed, true_summarize = exact.exp, swings.pivots, averages.seed, metrics.summarize


# The same formulas on paper, other bits: only a comparison of bits sees them.
def wilder(s: Vector, p: Vector, x: float) -> float:
    """A step function: the average moved by a fraction of the difference."""
    n = p[0]
    if s[SEED_COUNT] < n:
        return true_seed(s, n, x)
    average = s[AVERAGE] + (x - s[AVERAGE]) / n
    s[AVERAGE] = average
    return average


def seed(s: Vector, n: float, x: float) -> float:
    """A helper of step functions: a sum of shares instead of a share of the sum."""
    s[0] = s[0] + 1.0
    s[1] = s[1] + x / n
    return s[1]


def exp(x: float) -> float:
    """A helper in another module, three calls deep."""
    half = true_exp(x * 0.5)
    return half * half


def clip(x: float, low: float, high: float) -> float:
    """A helper: a bound that is one digit off."""
    return low if x < low else (high - 1e-15 if x > high - 1e-15 else x)


def pivots(s: Vector, p: Vector, high: float, low: float) -> tuple[float, float]:
    """A step function: swings known one bar early."""
    p[0] = p[0] - 1.0
    found = true_pivots(s, p, high, low)
    p[0] = p[0] + 1.0
    return found


def leave(s: Vector, p: Vector, events: Vector, kind: float, price: float) -> None:
    """A trading kernel: the fee on the price before slippage."""
    side = s[SIDE]
    at = price * (1.0 - side * p[SLIPPAGE])
    value = s[UNITS] * at
    fee = s[UNITS] * price * p[FEE]
    gross = side * s[UNITS] * (at - s[ENTRY_PRICE])
    row = post(s, events, kind, side, at, fee, side * value - fee)
    events[row + GROSS] = gross
    events[row + NET] = gross - s[ENTRY_FEE] - fee
    s[SIDE] = 0.0
    s[UNITS] = 0.0


def summarize(
    equity: Vector, points: int, net: Vector, trades: int, initial: float, bars_a_year: float, out: Vector
) -> None:
    """The figures of a run, one of them in the last bit."""
    true_summarize(equity, points, net, trades, initial, bars_a_year, out)
    out[MAX_DRAWDOWN] = out[MAX_DRAWDOWN] * 1.0000000000000002


Law = Callable[..., Any]

FEATURE_MUTANTS: dict[str, tuple[Law, Law]] = {
    "step": (averages.wilder, wilder),
    "helper": (averages.seed, seed),
    "helper of another module": (exact.exp, exp),
    "helper of many": (derived.clip, clip),
    "swings one bar early": (swings.pivots, pivots),
}
TRADING_MUTANTS: dict[str, tuple[Law, Law]] = {
    "swings one bar early": (swings.pivots, pivots),
    "fills": (books.leave, leave),
    "figures": (metrics.summarize, summarize),
}
"""Other last bits of a feature seldom change a trade: that is why features are compared as well."""


@pytest.mark.parametrize("path", ["windowed", "precomputed"])
class TestFeatures:
    @pytest.mark.parametrize("mutant", FEATURE_MUTANTS)
    def test_a_changed_function_is_seen(self, mutant: str, path: str, short: Candles) -> None:
        law, changed = FEATURE_MUTANTS[mutant]
        reference = run_features("streaming", short)
        with compiled_side({law: changed}):
            fault = feature_fault(reference, run_features(path, short))
        assert fault is not None
        assert fault.startswith(f"{path} is not streaming: result[")
        assert feature_fault(reference, run_features(path, short)) is None

    def test_a_copy_of_the_law_is_the_law(self, path: str, short: Candles) -> None:
        copy = FunctionType(averages.seed.__code__, averages.seed.__globals__, "seed")
        reference = run_features("streaming", short)
        with compiled_side({averages.seed: copy}):
            assert feature_fault(reference, run_features(path, short)) is None


class TestBacktest:
    @pytest.mark.parametrize("mutant", TRADING_MUTANTS)
    def test_a_changed_function_is_seen(self, mutant: str, short: Candles) -> None:
        law, changed = TRADING_MUTANTS[mutant]
        reference = backtest(short, precompute_features=True)
        with compiled_side({law: changed}):
            result = backtest(short, compiled=True)
        fault = result_fault(reference, result)
        assert fault is not None
        assert fault.startswith("compiled is not precomputed: result[")
        assert reference.digest != result.digest
        assert result_fault(reference, backtest(short, compiled=True)) is None
