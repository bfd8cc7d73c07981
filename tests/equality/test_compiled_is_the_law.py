"""A compiled function that is not the law's is caught by the checks that the equality tests use."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest

from genesis_core import Candles, Config, Decide, Kernel, Vector, backtest, run_features, synthetic
from genesis_core.kernels import exact
from genesis_core.kernels.fibonacci import swings
from genesis_core.kernels.indicators import averages, derived
from genesis_core.kernels.indicators.averages import AVERAGE, SEED_COUNT
from genesis_core.kernels.trading import bar, books, decision, metrics, model, protection, sizing
from genesis_core.kernels.trading.metrics import MAX_DRAWDOWN
from tests.equality.checks import feature_fault, result_fault
from tests.equality.mutants import compiled_side, edited

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
        return true_seed(s, 0, n, x)
    average = s[AVERAGE] + (x - s[AVERAGE]) / n
    s[AVERAGE] = average
    return average


def seed(s: Vector, base: int, n: float, x: float) -> float:
    """A helper of step functions: a sum of shares instead of a share of the sum."""
    s[base] = s[base] + 1.0
    s[base + 1] = s[base + 1] + x / n
    return s[base + 1]


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


def summarize(
    equity: Vector, points: int, net: Vector, trades: int, initial: float, bars_a_year: float, out: Vector
) -> None:
    """The figures of a run, one of them in the last bit."""
    true_summarize(equity, points, net, trades, initial, bars_a_year, out)
    out[MAX_DRAWDOWN] = out[MAX_DRAWDOWN] * 1.0000000000000002


def rarely(s: Vector, p: Vector, close: float, quality: float) -> tuple[float, float]:
    """Say long every twentieth bar, and nothing in between."""
    s[0] = s[0] + 1.0
    if s[0] < 20.0:
        return 0.0, 0.0
    s[0] = 0.0
    return 1.0, quality


RARELY = Kernel(
    "rarely",
    rarely,
    ("close", "quality"),
    outputs=("side", "confidence"),
    neutral=(0.0, 0.0),
    state=lambda p: 1,
)

Law = Callable[..., Any]

FEATURE_MUTANTS: dict[str, tuple[Law, Law]] = {
    "step": (averages.wilder, wilder),
    "helper": (averages.seed, seed),
    "helper of another module": (exact.exp, exp),
    "helper of many": (derived.clip, clip),
    "swings one bar early": (swings.pivots, pivots),
}
"""Other last bits of a feature seldom change a trade: that is why features are compared as well."""

PLACES: dict[str, tuple[Law, str, str]] = {
    "fills": (books.reduce, "fee = units * price * p[FEE]", "fee = units * raw * p[FEE]"),
    "stops": (
        protection.protect,
        "leave(s, p, events, STOP_GAP, open_,",
        "leave(s, p, events, STOP_GAP, low,",
    ),
    "candidates": (decision.accept, "s[RUN_LENGTH] < p[HYSTERESIS]", "s[RUN_LENGTH] <= p[HYSTERESIS]"),
    "sizes": (sizing.size, "reached * p[ZONE_SIZE + int(zone + 1.0)]", "reached * p[ZONE_SIZE + 1]"),
    "probabilities": (model.calibrated, "m[pair] * z + m[pair + 1]", "m[pair] * (z + m[pair + 1])"),
    "five at once": (model.add_five_columns, "m[at + 4], e[t]", "m[at + 4], d[t]"),
}
"""Places of the trading kernels, and what is written there instead."""
TRADING_MUTANTS: dict[str, tuple[Law, Law]] = {
    "swings one bar early": (swings.pivots, pivots),
    "figures": (metrics.summarize, summarize),
    **{name: (law, edited(law, old, new)) for name, (law, old, new) in PLACES.items()},
}

BUSY = Config.default().updated(
    {
        "decision": {"zone_size": {"low": 0.5, "high": 0.25}},
        "exits": {"stop": 1.0, "trailing": 1.5},
        "model": {"buy": {"calibration": {"scale": 1.5, "shift": 0.1}}},
    }
)
"""A strategy in which all of these places matter."""


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
        reference = backtest(short, BUSY, precompute_features=True)
        with compiled_side({law: changed}):
            result = backtest(short, BUSY, compiled=True)
        fault = result_fault(reference, result)
        assert fault is not None
        assert fault.startswith("compiled is not precomputed: result[")
        assert reference.digest != result.digest
        assert result_fault(reference, backtest(short, BUSY, compiled=True)) is None

    def test_what_the_compiled_loop_skips_is_seen(self, short: Candles) -> None:
        """Only this loop passes over bars without a signal; one that passes over too many is caught."""
        config = Config.from_code(
            ["data_quality"], Decide(RARELY, ("close", "data_quality")), exits={"stop": 1.0, "max_bars": 5}
        )
        reference = backtest(short, config, precompute_features=True)
        assert len(reference.trades) > 5
        hasty = edited(bar.quiet, "s[BUSY] == 0.0 and ", "")
        with compiled_side({bar.quiet: hasty}):
            assert result_fault(reference, backtest(short, config, compiled=True)) is not None
        assert result_fault(reference, backtest(short, config, compiled=True)) is None
