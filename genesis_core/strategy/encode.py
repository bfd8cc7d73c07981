"""Lay a config out as the flat parameter vector of the trading kernels."""

from __future__ import annotations

from genesis_core.kernels.trading import layout as at
from genesis_core.strategy.config import Config

_POLICIES = {"both": at.BOTH_SIDES, "long": at.LONG_ONLY, "short": at.SHORT_ONLY}


def parameter_vector(config: Config) -> list[float]:
    """Return the vector ``p`` of :mod:`genesis_core.kernels.trading`, in the order of its layout."""
    names = config.feature_set.names
    buy, sell = config.model.buy, config.model.sell
    p = [0.0] * at.MODEL
    p[at.REWARD_RISK] = config.decision.reward_risk
    p[at.POLICY] = _POLICIES[config.decision.side]
    p[at.THRESHOLD] = config.decision.threshold
    p[at.CONFIDENCE] = config.decision.confidence
    p[at.EDGE] = config.decision.edge
    p[at.HYSTERESIS] = float(config.decision.hysteresis)
    p[at.COOLDOWN] = float(config.decision.cooldown_bars)
    p[at.SIZE] = config.decision.size
    p[at.FEE] = config.execution.fee
    p[at.SLIPPAGE] = config.execution.slippage
    p[at.AT_CLOSE] = 1.0 if config.execution.fill == "close" else 0.0
    p[at.INITIAL] = config.execution.initial_equity
    p[at.BUY_SCALE] = buy.calibration.scale
    p[at.BUY_SHIFT] = buy.calibration.shift
    p[at.SELL_SCALE] = sell.calibration.scale
    p[at.SELL_SHIFT] = sell.calibration.shift
    p[at.INPUTS] = float(len(names))
    for side in (buy, sell):
        p.append(side.bias)
        p.extend(side.weights[name] for name in names)
    return [float(value) for value in p]
