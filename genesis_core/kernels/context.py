"""Context values: what gates and exits look at besides the model's inputs."""

from __future__ import annotations

from genesis_core.kernels.base import Kernel, Param, Vector, window

BULL, RANGING, BEAR = 1.0, 0.0, -1.0


def regime(s: Vector, p: Vector, close: float, e: float) -> float:
    """Return 1 (bull) above the EMA by more than the band, -1 (bear) below it, else 0 (ranging)."""
    if e == 0.0:
        return RANGING
    away = (close - e) / e
    if away > p[0]:
        return BULL
    if away < -p[0]:
        return BEAR
    return RANGING


REGIME = Kernel(name="regime", step=regime, inputs=("close", "ema"), params=(Param("band", 0.0, 1.0),))


def data_quality(s: Vector, p: Vector, elapsed: float, volume: float) -> float:
    """Return 1, halved when more than 3 timeframes lie since the bar before, halved when nothing was traded."""
    quality = 1.0
    if elapsed > 3.0:
        quality = quality * 0.5
    if volume == 0.0:
        quality = quality * 0.5
    return quality


DATA_QUALITY = Kernel(name="data_quality", step=data_quality, inputs=("elapsed", "volume"), neutral=(1.0,))

LOW_ZONE, MID_ZONE, HIGH_ZONE = -1.0, 0.0, 1.0


def volatility_zone(s: Vector, p: Vector, atr: float) -> float:
    """Return -1 (low), 0 (mid) or 1 (high): the ATR against two of its order statistics over the last n bars.

    Below the low-th smallest: fewer than that many values do not exceed it. Above the high-th smallest: at least that
    many lie below it. `s` is a ring of n values behind its position.
    """
    n = int(p[0])
    at = int(s[0])
    s[1 + at] = atr
    following = s[0] + 1.0
    s[0] = following if following < p[0] else 0.0
    below = 0
    at_most = 0
    for i in range(n):
        if s[1 + i] < atr:
            below = below + 1
        if s[1 + i] <= atr:
            at_most = at_most + 1
    if at_most < int(p[1]):
        return LOW_ZONE
    if below >= int(p[2]):
        return HIGH_ZONE
    return MID_ZONE


VOLATILITY_ZONE = Kernel(
    name="volatility_zone",
    step=volatility_zone,
    inputs=("atr",),
    params=(window("n"), window("low_rank"), window("high_rank")),
    state=lambda p: 1 + int(p[0]),
    warmup=lambda p: int(p[0]) - 1,
)
