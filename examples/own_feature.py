"""A feature of one's own, and a strategy that trades on it.

The feature is the efficiency ratio: how far the price went in n bars, against how far it walked to get there. Near 1
or -1 it went straight up or down, near 0 it went nowhere. The strategy follows the price where the ratio is high, in
both directions, sizes by it, and protects each position with a stop in units of ATR(14)::

    python examples/own_feature.py

A feature has four things to declare besides its formula:

* **state**: how many floats it remembers. Here two rings of n values, the closes and the steps between them, a
  position in the rings, the previous close, and the length of the walk;
* **params**: what may be chosen at run time, with its range. A minimum above 0 lets the step divide by it;
* **warm-up**: how many bars after the first its value becomes valid. Nothing decides on it before that;
* **neutral**: its value until then.
"""

from __future__ import annotations

from genesis_core import Config, Decide, Feature, Kernel, Param, Vector, node, window

# Where things stand in the state: n closes and n steps begin at RINGS.
AT, SEEN, BEFORE, RINGS = 0, 1, 2, 3


def efficiency(s: Vector, p: Vector, close: float) -> float:
    """Return how far the price went in the last n bars, as a share of the way it walked: -1 to 1.

    The walk is summed anew over the ring each bar: a running sum that values are added to and taken from would drift.
    """
    n = int(p[0])
    at = int(s[AT])
    then = s[RINGS + at]
    step = abs(close - s[BEFORE]) if s[SEEN] > 0.0 else 0.0
    s[RINGS + at] = close
    s[RINGS + n + at] = step
    s[AT] = float(at + 1) if at + 1 < n else 0.0
    s[SEEN] = 1.0
    s[BEFORE] = close
    walk = 0.0
    for i in range(n):
        walk = walk + s[RINGS + n + i]
    if walk <= 0.0:
        return 0.0
    return (close - then) / walk


EFFICIENCY = Kernel(
    name="efficiency",
    step=efficiency,
    inputs=("close",),
    params=(window("n", minimum=2),),
    neutral=(0.0,),
    state=lambda p: RINGS + 2 * int(p[0]),
    warmup=lambda p: int(p[0]),
)

TREND = Feature("trend", (("n", 24.0),), lambda p: node(EFFICIENCY, "close", n=p["n"]).value)
"""The kernel wired to the closes, under a name; 24 bars unless a strategy says otherwise."""


def follow(s: Vector, p: Vector, trend: float) -> tuple[float, float]:
    """Return side and confidence: with the trend where it is strong enough."""
    if trend >= p[0]:
        return 1.0, trend
    if trend <= -p[0]:
        return -1.0, -trend
    return 0.0, 0.0


FOLLOW = Kernel(
    name="follow",
    step=follow,
    inputs=("trend",),
    params=(Param("least", 0.0, 1.0),),
    outputs=("side", "confidence"),
    neutral=(0.0, 0.0),
)

STRATEGY = Config.from_code(
    [TREND],
    Decide(FOLLOW, ("trend",), {"least": 0.35}),
    decision={"cooldown_bars": 6, "size": [[0.0, 0.1], [0.5, 0.2]], "zone_size": {"high": 0.5}},
    exits={"stop": 2.5, "trailing": 4.0, "max_bars": 96},
)


if __name__ == "__main__":
    from genesis_core import backtest, synthetic

    result = backtest(synthetic(), STRATEGY, compiled=True)
    print(result)
    print(result.explain(0))
