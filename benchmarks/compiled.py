"""A compiled run of 1,000,000 bars: the default strategy and the EMA/RSI example beside the bare control loop."""

from __future__ import annotations

import numpy as np

from benchmarks.control import control
from benchmarks.figures import Figure, WrongResultError, figure
from benchmarks.timing import ROOT, peak_bytes, rounds_of, spread
from genesis_core import Candles, Config, backtest, synthetic
from genesis_core.benchmarking import ratio
from genesis_core.strategy import load_strategy

BARS, ROUNDS = 1_000_000, 15
CHECKED_BARS = 3_000
MODEL_NS, EXAMPLE_NS = 250.0, 20.0
EXAMPLE = ROOT / "examples" / "ema_rsi.py"


def check(candles: Candles, config: Config, bars: int = CHECKED_BARS) -> None:
    """Stop unless the compiled run and the interpreted one over the same columns give the same bits.

    Raises
    ------
    WrongResultError
        With both digests.
    """
    some = candles[: min(bars, len(candles))]
    compiled = backtest(some, config, compiled=True)
    interpreted = backtest(some, config, precompute_features=True)
    if compiled.digest != interpreted.digest:
        raise WrongResultError(f"compiled {compiled.digest}, interpreted {interpreted.digest}")


def check_control(candles: Candles, config: Config) -> None:
    """Stop unless the control loop trades as the example does: the same trades, the equity to 1e-9 at every bar.

    Raises
    ------
    WrongResultError
        With what differs.
    """
    trades, equity = control(candles.open, candles.close)
    result = backtest(candles, config, compiled=True)
    if trades != result.metrics.trades or not trades:
        raise WrongResultError(f"the control loop makes {trades} trades, the engine {result.metrics.trades}")
    if np.any(np.abs(equity - result.equity) > 1e-9 * result.equity):
        raise WrongResultError("the control loop's equity is not the engine's")


def run(bars: int = BARS, rounds: int = ROUNDS, memory: bool = True) -> list[Figure]:
    """Check and time."""
    candles = synthetic(bars=bars)
    candles.fingerprint  # noqa: B018  # once per series, when it is read
    example, model = load_strategy(EXAMPLE), Config.default()
    check_control(candles, example)
    for config in (example, model):
        check(candles, config)
    seconds = rounds_of(
        {
            "control": lambda: control(candles.open, candles.close),
            "example": lambda: backtest(candles, example, compiled=True),
            "model": lambda: backtest(candles, model, compiled=True),
        },
        rounds,
    )
    each = 1e9 / bars
    label = f"compiled, {bars:,} bars"
    made = [
        figure(
            "compiled.control",
            f"bare control loop, {bars:,} bars",
            spread(seconds["control"]),
            "ns a bar",
            each,
        )
    ]
    for name, what, limit in (
        ("example", "EMA/RSI example", EXAMPLE_NS),
        ("model", "full default strategy", MODEL_NS),
    ):
        key = f"compiled.{name}"
        times = seconds[name]
        made.append(figure(key, f"{what}, {label}", spread(times), "ns a bar", each, at_most=limit))
        over = ratio(times, seconds["control"])
        what = f"{what}, {label}: cost over the bare control loop's"
        made.append(figure(f"{key}.ratio", what, over, "x"))
    if memory:
        code = (
            "from genesis_core import backtest, synthetic\n"
            "from genesis_core.strategy import load_strategy\n"
            f"result = backtest(synthetic(bars={bars}), load_strategy(), compiled=True)"
        )
        what = f"full default strategy, {label}: peak memory of the process, making the candles included"
        # 400 MB
        made.append(
            Figure("compiled.memory", what, round(peak_bytes(code) / 2**20), "MiB", at_most=400e6 // 2**20)
        )
    return made
