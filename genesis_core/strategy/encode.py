"""Lay a config out as the flat parameter vectors of the trading kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genesis_core.kernels.trading import layout as at
from genesis_core.strategy.parts import Calibration, Side

if TYPE_CHECKING:
    from genesis_core.strategy.config import Config

_POLICIES = {"both": at.BOTH_SIDES, "long": at.LONG_ONLY, "short": at.SHORT_ONLY}
_MISSING = {"off": at.OFF, "pass": at.PASS, "block": at.BLOCK}
_REGIMES = ("bear", "ranging", "bull")
_ZONES = ("low", "mid", "high")


def parameter_vector(config: Config) -> list[float]:
    """Return the vector ``p`` of :mod:`genesis_core.kernels.trading.layout`."""
    decision, exits, execution = config.decision, config.exits, config.execution
    p = [0.0] * at.PARAMS_SIZE
    p[at.SOURCE] = at.BY_MODEL if config.model is not None else at.BY_SIGNAL
    p[at.REWARD_RISK] = decision.reward_risk
    p[at.POLICY] = _POLICIES[decision.side]
    p[at.CONFIDENCE] = decision.confidence
    p[at.EDGE] = decision.edge
    p[at.HYSTERESIS] = float(decision.hysteresis)
    p[at.COOLDOWN] = float(decision.cooldown_bars)
    p[at.HIGHER_MISSING] = _MISSING[decision.higher_fib.missing]
    p[at.HIGHER_TOLERANCE] = decision.higher_fib.within_atr
    p[at.LOWER_MISSING] = _MISSING[decision.lower_fib.missing]
    p[at.LOWER_TOLERANCE] = decision.lower_fib.within_atr
    p[at.THRESHOLDS : at.THRESHOLDS + 18] = _thresholds(config)
    p[at.IN_UNITS] = 1.0 if decision.size_unit == "units" else 0.0
    steps = ((0.0, decision.size),) if isinstance(decision.size, float) else decision.size
    p[at.STEPS] = float(len(steps))
    for i, (confidence, size) in enumerate(steps):
        p[at.STEP_CONFIDENCE + i] = confidence
        p[at.STEP_SIZE + i] = size
    p[at.REGIME_SIZE : at.REGIME_SIZE + 3] = [getattr(decision.regime_size, name) for name in _REGIMES]
    p[at.ZONE_SIZE : at.ZONE_SIZE + 3] = [getattr(decision.zone_size, name) for name in _ZONES]
    for i in range(2):
        # A drawdown beyond all equity is never reached.
        depth, left = decision.drawdown_size[i] if i < len(decision.drawdown_size) else (1e300, 1.0)
        p[at.DRAWDOWN + i] = depth
        p[at.DRAWDOWN_SIZE + i] = left
    p[at.INTRABAR] = 1.0 if exits.test == "intrabar" else 0.0
    p[at.STOP_DISTANCE] = exits.stop
    p[at.TARGET_DISTANCE] = exits.target
    p[at.TRAIL_DISTANCE] = exits.trailing
    p[at.IN_ATR] = 1.0 if exits.unit == "atr" else 0.0
    p[at.MAX_BARS] = float(exits.max_bars)
    p[at.CONFIDENCE_BELOW] = exits.confidence_below
    p[at.ON_REGIME_FLIP] = 1.0 if exits.regime_flip else 0.0
    p[at.FIRST_PART : at.FIRST_PART + len(exits.partials)] = exits.partials
    watched = (
        exits.stop,
        exits.target,
        exits.trailing,
        exits.partials,
        exits.max_bars,
        exits.confidence_below,
    )
    p[at.WATCHED] = 1.0 if any(watched) or exits.regime_flip else 0.0
    p[at.FEE] = execution.fee
    p[at.SLIPPAGE] = execution.slippage
    p[at.AT_CLOSE] = 1.0 if execution.fill == "close" else 0.0
    p[at.INITIAL] = execution.initial_equity
    return [float(value) for value in p]


def model_vector(config: Config) -> list[float]:
    """Return the vector ``m`` of :mod:`genesis_core.kernels.trading.model`; without a model it is empty."""
    if config.model is None:
        return []
    names = config.feature_set.names
    sides = (config.model.buy, config.model.sell)
    m = [float(len(names))]
    for side in sides:
        m.extend(_lines(side.calibration))
    for side in sides:
        m.extend(_weights(side, names))
    return [float(value) for value in m]


def _lines(calibration: Calibration) -> list[float]:
    lines = (getattr(calibration, name) or calibration for name in _REGIMES)
    return [value for line in lines for value in (line.scale, line.shift)]


def _weights(side: Side, names: tuple[str, ...]) -> list[float]:
    return [side.bias, *(side.weights[name] for name in names)]


def _thresholds(config: Config) -> list[float]:
    """Return the threshold of each zone, regime and side: the zone's, else the regime's, else the general one."""
    decision = config.decision
    made = []
    for zone in _ZONES:
        for regime in _REGIMES:
            for side in ("long", "short"):
                for table in (
                    getattr(decision.zone_thresholds, zone),
                    getattr(decision.regime_thresholds, regime),
                ):
                    value = getattr(table, side)
                    if value is not None:
                        break
                made.append(decision.threshold if value is None else value)
    return made
