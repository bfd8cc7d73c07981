"""A strategy in code: a cross of two averages, with the RSI as a brake.

The rule, as one would say it:

* the fast average (EMA 12) crosses above the slow one (EMA 26) and RSI(14) is below 70: buy one unit;
* the fast average crosses below the slow one: leave;
* each fill costs 0.1% of what it is worth, and there is no slippage.

What stands here is the whole strategy. Run it from the root of the project::

    python examples/ema_rsi.py                             # prints the figures and the first trade's story

or from Python: ``backtest(synthetic(), load_strategy("examples/ema_rsi.py"), compiled=True)``.

The decide step below is called once a bar, on the bar's close, with that bar's values of the features it names. It is
plain Python in the kernel language (docs/exactness.md): floats, comparisons, branches. Because it is the only text of
the rule, every way to run it gives the same bits: bar by bar in Python, or compiled.
"""

from __future__ import annotations

from genesis_core import Config, Decide, Kernel, Param, Vector, indicator

ABOVE, BELOW = 1.0, -1.0


def ema_rsi(s: Vector, p: Vector, fast: float, slow: float, rsi: float) -> tuple[float, float, float]:
    """Return side, confidence and exit: what to do as of this close.

    `s` is the step's memory, a vector of floats that starts at zero: here, on which side of the slow average the fast
    one was a bar ago. 0 means that there was no bar before, so the first bar is never a cross. `p` holds the
    parameters, here how high the RSI may be.
    """
    before = s[0]
    now = ABOVE if fast > slow else BELOW
    s[0] = now
    if now == ABOVE and before == BELOW and rsi < p[0]:
        return 1.0, 1.0, 0.0
    if now == BELOW and before == ABOVE:
        return 0.0, 0.0, 1.0
    return 0.0, 0.0, 0.0


EMA_RSI = Kernel(
    name="ema_rsi",
    step=ema_rsi,
    inputs=("fast", "slow", "rsi"),
    params=(Param("overbought", 0.0, 100.0),),
    outputs=("side", "confidence", "exit"),
    neutral=(0.0, 0.0, 0.0),
    state=lambda p: 1,
)
"""The step with all that is declared about it: what it reads and returns, and one float of memory."""

STRATEGY = Config.from_code(
    [
        indicator("fast", "ema", "close", n=12),
        indicator("slow", "ema", "close", n=26),
        indicator("rsi", "rsi", "close", n=14),
    ],
    Decide(EMA_RSI, ("fast", "slow", "rsi"), {"overbought": 70.0}),
    decision={"size": 1.0, "size_unit": "units"},
    execution={"initial_equity": 1_000_000.0, "fee": 0.001, "slippage": 0.0},
)
"""The strategy is a value: ``STRATEGY.updated({"decide": {"overbought": 60.0}, "features": {"fast": {"n": 9}}})``."""


if __name__ == "__main__":
    from genesis_core import backtest, synthetic

    result = backtest(synthetic(), STRATEGY, compiled=True)
    print(result)
    print(result.explain(0))
