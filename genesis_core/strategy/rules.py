"""What the types of a strategy file cannot say: which values go together, and which numbers are too large."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from types import NoneType
from typing import TYPE_CHECKING, Any

import msgspec

from genesis_core.candles.timeframe import Timeframe
from genesis_core.errors import CandleError, ConfigError, nearest
from genesis_core.features import FeatureSet
from genesis_core.kernels.trading.layout import MOST_STEPS

if TYPE_CHECKING:
    from genesis_core.strategy.config import Config
    from genesis_core.strategy.parts import Side

_LARGEST_WEIGHT = 1e9
_LARGEST = 1e15
_TABLES = ("decision", "higher", "exits", "execution")
_OTHERS = (int, str, bool, NoneType)


def check_values(config: Config, where: str, base: Config | None = None) -> None:
    """Check a config as a whole.

    Parameters
    ----------
    config : Config
        Its features are wired.
    where : str
        What error messages call it.
    base : Config or None
        A checked one; the tables that both have are not checked again.

    Raises
    ------
    ConfigError
        Naming the key, its value and what would be right.
    """
    if (config.model is None) == (config.decide is None):
        if config.model is None:
            raise ConfigError(
                f"{where}: model: missing; weights are needed, or a decide step: Config.from_code"
            )
        raise ConfigError(f"{where}: a strategy has a model or a decide step, not both")
    new = [name for name in _TABLES if base is None or getattr(config, name) is not getattr(base, name)]
    for name in new:
        _check_numbers(name, getattr(config, name), where)
    if "decision" in new:
        _check_steps(config, where)
    if "exits" in new:
        _check_exits(config, where)
    if "higher" in new:
        try:
            Timeframe.parse(config.higher.timeframe)
        except CandleError as fault:
            raise ConfigError(f"{where}: higher.timeframe = {config.higher.timeframe!r}; {fault}") from None
    weighed = base is None or config.model is not base.model or config.features is not base.features
    if config.model is not None and weighed:
        for label, side in (("model.buy", config.model.buy), ("model.sell", config.model.sell)):
            _check_side(side, label, config.feature_set.names, where)
    _check_context(config, where)


def _check_numbers(table: str, values: msgspec.Struct, where: str) -> None:
    if _all_good(values):
        return
    for name, value in _numbers(table, values):
        if not _all_good((value,)):
            raise ConfigError(f"{where}: {name} = {value!r}; a finite number of at most 1e15 is needed")


def _all_good(values: Any) -> bool:
    """Say whether all numbers of a table are good, without naming each: a sweep checks thousands of tables."""
    for value in msgspec.structs.astuple(values) if isinstance(values, msgspec.Struct) else values:
        kind = type(value)
        if kind is float:
            if not -math.inf < value <= _LARGEST:
                return False
        elif kind not in _OTHERS and not _all_good(value):
            return False
    return True


def _numbers(path: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _numbers(f"{path}.{name}", getattr(value, name))
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _numbers(f"{path}.{name}", item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _numbers(path, item)
    elif isinstance(value, float):
        yield path, value


def _check_steps(config: Config, where: str) -> None:
    decision = config.decision
    if isinstance(decision.size, tuple):
        if not 1 <= len(decision.size) <= MOST_STEPS:
            raise ConfigError(
                f"{where}: decision.size = {_lists(decision.size)}; 1 to {MOST_STEPS} steps are needed, "
                f"not {len(decision.size)}"
            )
        confidences, sizes = zip(*decision.size, strict=True)
        if not _increases(confidences) or list(sizes) != sorted(sizes):
            raise ConfigError(
                f"{where}: decision.size = {_lists(decision.size)}; steps of rising confidence "
                "with sizes that do not fall are needed"
            )
    if decision.size_unit == "equity":
        largest = decision.size if isinstance(decision.size, float) else decision.size[-1][1]
        if largest > 1.0:
            raise ConfigError(
                f"{where}: decision.size = {largest!r}; a fraction of the equity is at most 1; "
                'for base units say size_unit = "units"'
            )
    drawdown = decision.drawdown_size
    if len(drawdown) > 2 or not _increases([depth for depth, _ in drawdown]):
        raise ConfigError(
            f"{where}: decision.drawdown_size = {_lists(drawdown)}; up to two steps of rising "
            "drawdown are needed"
        )


def _check_exits(config: Config, where: str) -> None:
    partials = config.exits.partials
    if len(partials) > 2 or math.fsum(partials) > 1.0 or not all(partials):
        raise ConfigError(
            f"{where}: exits.partials = {list(partials)}; one or two fractions above 0 of together at most 1 are needed"
        )
    if config.exits.unit == "price":
        for name in ("stop", "trailing"):
            if getattr(config.exits, name) >= 1.0:
                raise ConfigError(
                    f"{where}: exits.{name} = {getattr(config.exits, name)!r}; as a fraction of the price it must be "
                    "below 1"
                )


def _check_side(side: Side, label: str, names: Sequence[str], where: str) -> None:
    for name in side.weights:
        if name not in names:
            raise ConfigError(
                f"{where}: {label}.weights: {name!r} is not among the features{nearest(name, names)}"
            )
    for name in names:
        if name not in side.weights:
            raise ConfigError(f"{where}: {label}.weights: no weight for the feature {name!r}")
    for name, value in _numbers(label, side):
        if not math.isfinite(value) or abs(value) > _LARGEST_WEIGHT:
            raise ConfigError(f"{where}: {name} = {value!r}; a number between -1e9 and 1e9 is needed")


def _check_context(config: Config, where: str) -> None:
    """Refuse a feature of the strategy that stands in the way of one that decisions look at."""
    own = [feature.name for feature in config.own]
    for name, given in config.context:
        if name not in config.features:
            continue
        wanted = FeatureSet([(name, given)])
        if wanted.values[name] == config.feature_set.values[name]:
            continue
        if name in own:
            raise ConfigError(
                f"{where}: features.{name}: decisions of this strategy look at the package's feature {name!r}, so "
                f"the name is taken; call your own feature something else, such as 'my_{name}', also where it is read"
            )
        raise ConfigError(
            f"{where}: features.{name}: decisions look at it with {wanted.parameters[name]}; "
            "leave its parameters as they are"
        )


def _lists(steps: Sequence[Sequence[float]]) -> list[list[float]]:
    return [list(step) for step in steps]


def _increases(values: Sequence[float]) -> bool:
    return all(a < b for a, b in pairwise(values))
