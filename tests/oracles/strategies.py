"""Configs said to the plain simulator, and what its decisions see, from definitions over whole arrays."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from genesis_core import Config
from genesis_core.candles.timeframe import Timeframe
from tests.oracles import features as oracle
from tests.oracles.bars import Bars
from tests.oracles.decision import AsOf, Exits, Gate, Logistic, Settings, Signal, probabilities
from tests.oracles.higher import HigherLegs, beyond, distance
from tests.oracles.swings import Leg, legs

REGIMES = ("bear", "ranging", "bull")
ZONES = ("low", "mid", "high")


def settings_of(config: Config) -> Settings:
    """Say the same to the simulator; features and model are told apart, see :func:`logistic`."""
    decision, execution = config.decision, config.execution
    tables = {name: getattr(decision.regime_thresholds, name) for name in REGIMES}
    tables.update((name, getattr(decision.zone_thresholds, name)) for name in ZONES)
    factors = {name: getattr(decision.regime_size, name) for name in REGIMES}
    factors.update((name, getattr(decision.zone_size, name)) for name in ZONES)
    steps = ((0.0, decision.size),) if isinstance(decision.size, float) else decision.size
    exits = config.exits
    return Settings(
        risk_reward=decision.reward_risk,
        trend=decision.side,
        threshold=decision.threshold,
        thresholds={
            (name, side): value
            for name, table in tables.items()
            for side, value in (("long", table.long), ("short", table.short))
            if value is not None
        },
        higher_gate=_gate(decision.higher_fib),
        lower_gate=_gate(decision.lower_fib),
        entry_confidence=decision.confidence,
        minimum_edge=decision.edge,
        hysteresis=decision.hysteresis,
        cooldown=decision.cooldown_bars,
        sizes=steps,
        in_units=decision.size_unit == "units",
        multipliers=factors,
        drawdowns=decision.drawdown_size,
        exits=Exits(
            on_close=exits.test == "close",
            in_atr=exits.unit == "atr",
            stop=exits.stop,
            target=exits.target,
            trailing=exits.trailing,
            partials=exits.partials,
            max_bars=exits.max_bars,
            confidence_below=exits.confidence_below,
            regime_flip=exits.regime_flip,
        ),
        fill=execution.fill,
        fee=execution.fee,
        slippage=execution.slippage,
        cash=execution.initial_equity,
    )


def logistic(config: Config, label: str) -> Logistic:
    """Return one side's model."""
    model = getattr(config.model, label)
    whole = model.calibration
    lines = {name: getattr(whole, name) or whole for name in REGIMES}
    weights = tuple(model.weights[name] for name in config.features)
    return Logistic(model.bias, weights, {name: (line.scale, line.shift) for name, line in lines.items()})


def _gate(gate: Any) -> Gate | None:
    return None if gate.missing == "off" else Gate(gate.missing, gate.within_atr)


class Context:
    """What decisions over one series look at besides the model's inputs; nothing here is the engine's."""

    def __init__(self, bars: Bars) -> None:
        self.bars = bars
        self._higher: dict[tuple[object, ...], HigherLegs] = {}
        self._fresh: dict[tuple[object, ...], list[Leg]] = {}

    @cached_property
    def regime(self) -> list[str]:
        return oracle.regime(self.bars)[0]

    @cached_property
    def zone(self) -> list[str]:
        return oracle.volatility_zone(self.bars)[0]

    @cached_property
    def quality(self) -> list[float]:
        return oracle.data_quality(self.bars)

    @cached_property
    def atr(self) -> list[float]:
        return oracle.Inputs(self.bars).atr

    @cached_property
    def lower(self) -> list[Leg]:
        return legs(self.bars, 6)

    def higher(self, config: Config) -> list[Leg]:
        """Return the leg of the higher timeframe as of each bar."""
        table = config.higher
        key = (table.timeframe, table.depth, table.min_swing_atr)
        if key not in self._higher:
            span = Timeframe.parse(table.timeframe).ms
            self._higher[key] = HigherLegs(self.bars, span, table.depth, table.min_swing_atr)
        aged = (*key, table.days)
        if aged not in self._fresh:
            self._fresh[aged] = self._higher[key].fresh(table.days)
        return self._fresh[aged]

    def seen(self, config: Config, said: Sequence[tuple[float, ...] | Signal | None]) -> list[AsOf | None]:
        """Return what is known at each bar, given the model's inputs or the signal of each."""
        models = [logistic(config, label) for label in ("buy", "sell")] if config.model is not None else []
        made: list[AsOf | None] = []
        for t, each in enumerate(said):
            if each is None:
                made.append(None)
                continue
            spoken = (
                each
                if isinstance(each, Signal)
                else probabilities(models[0], models[1], each, self.regime[t])
            )
            made.append(self._as_of(config, t, spoken))
        return made

    def _as_of(self, config: Config, t: int, said: tuple[float, float] | Signal) -> AsOf:
        close, atr = self.bars.close[t], self.atr[t]
        far = higher_levels = None
        if config.decision.higher_fib.missing != "off" or config.exits.partials:
            higher_levels = self.higher(config)[t].levels
            far = distance(close, atr, higher_levels)
        return AsOf(
            said,
            regime=self.regime[t],
            zone=self.zone[t],
            quality=self.quality[t],
            atr=atr,
            higher=far,
            lower=distance(close, atr, self.lower[t].levels),
            above=beyond(close, higher_levels or (), up=True),
            below=beyond(close, higher_levels or (), up=False),
        )
