"""Context values: what gates and exits look at besides the model's inputs."""

from __future__ import annotations

from genesis_core.kernels.base import Kernel, Param, Vector

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
