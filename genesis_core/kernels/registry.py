"""All kernels of the package, found by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from genesis_core.errors import FeatureError, nearest
from genesis_core.kernels import context, model_inputs
from genesis_core.kernels.base import Kernel
from genesis_core.kernels.fibonacci import higher, levels, swings
from genesis_core.kernels.indicators import averages, derived, dispersion, momentum


def _by_name(*kernels: Kernel) -> Mapping[str, Kernel]:
    named = {kernel.name: kernel for kernel in kernels}
    if len(named) != len(kernels):
        raise FeatureError("two kernels have the same name")
    return MappingProxyType(named)


KERNELS: Mapping[str, Kernel] = _by_name(
    averages.SMA,
    averages.EMA,
    averages.WILDER,
    dispersion.MEAN_STD,
    dispersion.BOLLINGER_BANDS,
    dispersion.BOLLINGER_POSITION,
    momentum.RSI,
    momentum.TRUE_RANGE,
    momentum.ADX,
    derived.LAG,
    derived.VOLATILITY_SHIFT,
    derived.SLOPE,
    swings.PIVOTS,
    swings.SWINGS,
    higher.HIGHER_SWINGS,
    levels.FIB_LEVELS,
    levels.FIB_DISTANCE,
    levels.FIB_PROXIMITY,
    levels.FIB_PROX_SCORE,
    levels.SWING_RETRACE_DEPTH,
    levels.LEVEL_DISTANCE,
    levels.LEVELS_BEYOND,
    model_inputs.RSI_INV_LAG1,
    model_inputs.VOLATILITY_SHIFT_MA3,
    model_inputs.BB_POSITION_INV_MA3,
    model_inputs.RSI_VOL_INTERACTION,
    model_inputs.VOL_REGIME,
    model_inputs.FIB05_X_EMA_SLOPE,
    model_inputs.FIB_PROX_X_ADX,
    model_inputs.FIB05_X_RSI_INV,
    context.REGIME,
    context.DATA_QUALITY,
    context.VOLATILITY_ZONE,
)


def kernel(name: str) -> Kernel:
    """Find a kernel by its name.

    Raises
    ------
    FeatureError
        If there is none of that name; the message names the nearest.
    """
    try:
        return KERNELS[name]
    except KeyError:
        raise FeatureError(f"unknown kernel {name!r}{nearest(name, KERNELS)}") from None
