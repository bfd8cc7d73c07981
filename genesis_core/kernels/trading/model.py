"""The model: two calibrated logistic scores, and their probabilities beside that of holding."""

from __future__ import annotations

from genesis_core.kernels.base import Vector
from genesis_core.kernels.exact import sigmoid

# Parameters: how many inputs, (scale, shift) of the calibration of buy in each regime (bear, ranging, bull), then of
# sell, then bias and weights of buy, then of sell.
INPUTS, BUY_CALIBRATION, SELL_CALIBRATION, WEIGHTS = 0, 1, 7, 13


def weigh(z: float, weight: float, x: float) -> float:
    """Add one term of a score: the sum is taken from left to right, in the order of the features."""
    return z + weight * x


def score(m: Vector, f: Vector, at: int, inputs: int) -> float:
    """Return ``((b + w0*f0) + w1*f1) + ...`` of the model whose bias stands at `at`."""
    z = m[at]
    for i in range(inputs):
        z = weigh(z, m[at + 1 + i], f[i])
    return z


def calibrated(m: Vector, at: int, regime: float, z: float) -> float:
    """Return ``sigmoid(a*z + b)`` with the pair of the regime."""
    pair = at + 2 * int(regime + 1.0)
    return sigmoid(m[pair] * z + m[pair + 1])


def shares(buy: float, sell: float) -> tuple[float, float]:
    """Return the probabilities of buy and sell, divided by their sum with hold."""
    hold = 1.0 - buy - sell
    if hold < 0.0:
        hold = 0.0
    total = buy + sell + hold
    if total <= 0.0:
        return 0.0, 0.0
    return buy / total, sell / total


def probabilities(m: Vector, f: Vector, regime: float) -> tuple[float, float]:
    """Return the probabilities of buy and sell as of one bar, from the features of that bar."""
    inputs = int(m[INPUTS])
    z_buy = score(m, f, WEIGHTS, inputs)
    z_sell = score(m, f, WEIGHTS + 1 + inputs, inputs)
    return shares(
        calibrated(m, BUY_CALIBRATION, regime, z_buy), calibrated(m, SELL_CALIBRATION, regime, z_sell)
    )


def add_column(z: Vector, weight: float, x: Vector, bars: int) -> None:
    """Add one feature's term to the scores of many bars."""
    for t in range(bars):
        z[t] = weigh(z[t], weight, x[t])


def add_five_columns(
    z: Vector, m: Vector, at: int, a: Vector, b: Vector, c: Vector, d: Vector, e: Vector, bars: int
) -> None:
    """Add the terms of five features, whose weights stand from `at` on, to the scores of many bars."""
    for t in range(bars):
        part = weigh(weigh(z[t], m[at], a[t]), m[at + 1], b[t])
        z[t] = weigh(weigh(weigh(part, m[at + 2], c[t]), m[at + 3], d[t]), m[at + 4], e[t])


def finish_columns(m: Vector, buy: Vector, sell: Vector, regime: Vector, stride: int, bars: int) -> None:
    """Turn the scores of many bars into their probabilities, in place; a stride of 0 says one regime for all."""
    for t in range(bars):
        b = calibrated(m, BUY_CALIBRATION, regime[t * stride], buy[t])
        s = calibrated(m, SELL_CALIBRATION, regime[t * stride], sell[t])
        buy[t], sell[t] = shares(b, s)
