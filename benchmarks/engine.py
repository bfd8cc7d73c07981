"""What the engine costs, as paired ratios in one run: ``python benchmarks/engine.py [--csv FILE]``.

Every speedup is measured by the plugin's own rule (interleaved slices, a fair coin, an exact sign test) on a result
that was checked first: bit for bit between our paths, to 1e-9 relative against TA-Lib.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import talib

from genesis_core import DEFAULT, Candles, FeatureCache, FeatureSet, make_path, synthetic
from genesis_core.features import Feature, compute_columns, interpret_columns, node
from genesis_core.features.graph import Value
from pytest_genesis_perf.evidence import Claim
from pytest_genesis_perf.identity import find_difference
from pytest_genesis_perf.measure import measure
from pytest_genesis_perf.measurement import Measurement, Pair, Terms

Call = Callable[[], Any]


def ours(value: Value) -> FeatureSet:
    """Return a feature set of one value."""
    return FeatureSet([Feature("value", (), lambda p: value)])


def true_range() -> Value:
    """Wire the true range."""
    return node("true_range", "high", "low", "close").value


def position() -> Value:
    """Wire the Bollinger position."""
    window = node("mean_std", "close", n=20)
    return node("bollinger_position", "close", window.output("mean"), window.output("std"), m=2.0).value


def indicators(c: Candles) -> dict[str, tuple[Value, Call]]:
    """Each indicator as our value and as TA-Lib's call."""
    std = node("mean_std", "close", n=20)
    return {
        "SMA(20)": (node("sma", "close", n=20).value, lambda: talib.SMA(c.close, 20)),
        "STD(20)": (std.output("std"), lambda: talib.STDDEV(c.close, 20)),
        "EMA(20)": (node("ema", "close", n=20).value, lambda: talib.EMA(c.close, 20)),
        "RSI(14)": (node("rsi", "close", n=14).value, lambda: talib.RSI(c.close, 14)),
        "TR": (true_range(), lambda: talib.TRANGE(c.high, c.low, c.close)),
        "ATR(14)": (node("wilder", true_range(), n=14).value, lambda: talib.ATR(c.high, c.low, c.close, 14)),
        "ADX(14)": (
            node("adx", "high", "low", true_range(), n=14).value,
            lambda: talib.ADX(c.high, c.low, c.close, 14),
        ),
    }


def judged(name: str, baseline: Call, optimized: Call) -> Measurement:
    """Measure one pair by the plugin's rule."""
    terms = Terms(Claim(0.02), stored=None, budget=2.0, cap=20.0)
    return measure(Pair("benchmarks/engine.py", name, baseline, optimized, seed=name), terms)


def agree(value: Any, other: Any, first: int) -> None:
    """Stop unless ours and TA-Lib's column agree to 1e-9 of the column's size, where something moves."""
    here, there = np.asarray(value)[first:], np.asarray(other)[first:]
    wrong = np.abs(here - there) > 1e-9 * np.max(np.abs(there))
    flat = (here == 50.0) & (there == 0.0)  # RSI where nothing moves: 50 by our law, 0 by TA-Lib's
    if np.any(wrong & ~flat):
        sys.exit("the two columns differ: nothing was measured")


def line(name: str, measured: Measurement, bars: int, direction: str) -> None:
    """Print one ratio with its interval and what one bar costs."""
    if measured.speedup is None or measured.interval is None or measured.optimized_seconds is None:
        print(f"{name:34s} not measured: {measured.reason}")
        return
    low, high = measured.interval
    each = measured.optimized_seconds / bars * 1e9
    print(f"{name:34s} {measured.speedup:9.3g}x [{low:.3g}, {high:.3g}]  {each:10,.1f} ns a bar  {direction}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", help="hourly candles; the embedded data set without it")
    chosen = parser.parse_args()
    candles = synthetic()
    if chosen.csv:
        candles = Candles.from_csv(chosen.csv, symbol="tBTCUSD", timeframe="1h", gaps="keep")
    bars = len(candles)
    print(f"{candles!r}\n\nIndicators: time of TA-Lib / time of our column pass (0.25x is four times slower)")
    for name, (value, reference) in indicators(candles).items():
        graph = ours(value).graph
        agree(compute_columns(candles, graph)[0], reference(), value.first_valid)
        line(name, judged(name, reference, lambda graph=graph: compute_columns(candles, graph)), bars, "ours")
    print("\nThe 15 default features")
    some = candles[: min(bars, 10_000)]
    graph = DEFAULT.graph
    if find_difference(interpret_columns(some, graph), compute_columns(some, graph)):
        sys.exit("interpreted and compiled columns differ: nothing was measured")
    compiled = judged("columns", lambda: interpret_columns(some, graph), lambda: compute_columns(some, graph))
    line("one pass: compiled / interpreted", compiled, len(some), "compiled")
    if compiled.baseline_seconds is not None:
        print(
            f"{'interpreted streaming update':34s} {compiled.baseline_seconds / len(some) * 1e6:9.1f} us a bar"
        )
    print("\nThe feature cache")
    cache = FeatureCache()
    path = make_path("precomputed", candles, feature_cache=cache)
    for bar in range(500):
        path.at(bar)
    hit = judged("hit", lambda: path.at(250), lambda: FeatureCache.key(candles, 250, DEFAULT))
    if hit.baseline_seconds is not None and hit.optimized_seconds is not None:
        print(f"{'a hit':34s} {hit.baseline_seconds * 1e6:9.2f} us")
        print(f"{'building a key':34s} {hit.optimized_seconds * 1e6:9.2f} us")
    print(f"{'500 entries':34s} {cache.nbytes / 2**20:9.2f} MiB")


if __name__ == "__main__":
    main()
