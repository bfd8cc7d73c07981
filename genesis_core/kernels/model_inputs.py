"""The features that a model reads: indicators brought to a common scale, lagged, averaged, combined."""

from __future__ import annotations

from genesis_core.kernels.base import Kernel, Vector
from genesis_core.kernels.indicators.derived import clip


def rsi_inv_lag1(s: Vector, p: Vector, rsi: float) -> float:
    """Return ``(RSI[t-1]-50)/50`` in [-1, 1]."""
    before = s[0]
    s[0] = rsi
    return clip((before - 50.0) / 50.0, -1.0, 1.0)


RSI_INV_LAG1 = Kernel(
    name="rsi_inv_lag1", step=rsi_inv_lag1, inputs=("rsi",), state=lambda p: 1, warmup=lambda p: 1
)


def mean_of_three(s: Vector, x: float) -> float:
    """Return the mean of `x` and the two values before it, oldest first."""
    total = s[0] + s[1] + x
    s[0] = s[1]
    s[1] = x
    return total / 3.0


def volatility_shift_ma3(s: Vector, p: Vector, shift: float) -> float:
    """Return the mean of the last 3 volatility shifts in [0.5, 2]."""
    return clip(mean_of_three(s, shift), 0.5, 2.0)


VOLATILITY_SHIFT_MA3 = Kernel(
    name="volatility_shift_ma3",
    step=volatility_shift_ma3,
    inputs=("shift",),
    neutral=(1.0,),
    state=lambda p: 2,
    warmup=lambda p: 2,
)


def bb_position_inv_ma3(s: Vector, p: Vector, position: float) -> float:
    """Return the mean of the last 3 of ``1 - position`` in [0, 1]."""
    return clip(mean_of_three(s, 1.0 - position), 0.0, 1.0)


BB_POSITION_INV_MA3 = Kernel(
    name="bb_position_inv_ma3",
    step=bb_position_inv_ma3,
    inputs=("position",),
    neutral=(0.5,),
    state=lambda p: 2,
    warmup=lambda p: 2,
)


def rsi_vol_interaction(s: Vector, p: Vector, rsi: float, shift: float) -> float:
    """Return ``(RSI-50)/50`` times the volatility shift in [0.5, 2]."""
    return clip((rsi - 50.0) / 50.0 * clip(shift, 0.5, 2.0), -2.0, 2.0)


RSI_VOL_INTERACTION = Kernel(name="rsi_vol_interaction", step=rsi_vol_interaction, inputs=("rsi", "shift"))


def vol_regime(s: Vector, p: Vector, shift: float) -> float:
    """Return 1 where volatility is above its longer mean, else 0."""
    return 1.0 if shift > 1.0 else 0.0


VOL_REGIME = Kernel(name="vol_regime", step=vol_regime, inputs=("shift",))


def fib05_x_ema_slope(s: Vector, p: Vector, proximity: float, slope: float) -> float:
    """Return the proximity of the 0.5 level times the EMA slope in [-0.1, 0.1]; 0 where there is no level."""
    if proximity == 0.0:
        return 0.0
    return clip(proximity * clip(slope, -0.1, 0.1), -0.1, 0.1)


FIB05_X_EMA_SLOPE = Kernel(name="fib05_x_ema_slope", step=fib05_x_ema_slope, inputs=("proximity", "slope"))


def fib_prox_x_adx(s: Vector, p: Vector, score: float, adx: float) -> float:
    """Return ``score * ADX / 100`` in [0, 1]."""
    return clip(score * adx / 100.0, 0.0, 1.0)


FIB_PROX_X_ADX = Kernel(name="fib_prox_x_adx", step=fib_prox_x_adx, inputs=("score", "adx"))


def fib05_x_rsi_inv(s: Vector, p: Vector, proximity: float, rsi: float) -> float:
    """Return ``-proximity * (RSI-50)/50`` in [-1, 1]; 0 where there is no level."""
    if proximity == 0.0:
        return 0.0
    return clip(-proximity * (rsi - 50.0) / 50.0, -1.0, 1.0)


FIB05_X_RSI_INV = Kernel(name="fib05_x_rsi_inv", step=fib05_x_rsi_inv, inputs=("proximity", "rsi"))
