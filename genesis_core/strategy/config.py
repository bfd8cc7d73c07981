"""One typed run config: everything that decides a backtest's result besides the candles."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from genesis_core.digest import digest
from genesis_core.errors import ConfigError, FeatureError, nearest
from genesis_core.features import FeatureSet
from genesis_core.features.defaults import CONTEXT_FEATURES
from genesis_core.strategy.strict import FrozenDict, check_keys, deep_update, field_words

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONTEXT = tuple(feature.name for feature in CONTEXT_FEATURES)
"""Features the decision looks at besides the model's inputs."""

Fraction = Annotated[float, msgspec.Meta(ge=0, le=1)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Rate = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calibration of a model's score z before the logistic function: ``scale*z + shift``."""

    scale: float = 1.0
    shift: float = 0.0


class Side(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One logistic model: a bias and a weight for each feature of the strategy."""

    bias: float
    weights: dict[str, float]
    calibration: Calibration = Calibration()

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "weights", FrozenDict(self.weights))


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The two models whose probabilities are weighed against each other."""

    buy: Side
    sell: Side


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What turns probabilities into orders.

    Attributes
    ----------
    reward_risk : float
        R of the expected value, ``p_buy*R - p_sell`` for a long.
    side : str
        Which sides may be taken: ``both``, ``long`` or ``short``.
    threshold : float
        Least probability of a side.
    confidence : float
        Least probability times data quality.
    edge : float
        Least difference of the two probabilities.
    hysteresis : int
        Bars in a row that a side other than the last accepted one must be the candidate.
    cooldown_bars : int
        Bars between an entry's fill and the next accepted decision.
    size : float
        Worth of a position as a fraction of the equity at the close of the decision.
    """

    reward_risk: Positive = 1.8
    side: Literal["both", "long", "short"] = "both"
    threshold: Fraction = 0.55
    confidence: Fraction = 0.5
    edge: Fraction = 0.1
    hysteresis: Count = 2
    cooldown_bars: Count = 3
    size: Share = 0.2


class Execution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How orders are filled and what that costs. These are the one place with default costs.

    Attributes
    ----------
    initial_equity : float
        In quote currency.
    fill : str
        ``next_open`` or ``close``.
    fee : float
        Of the notional, on every fill. Bitfinex takes 0.2% from takers.
    slippage : float
        By which a fill's price moves against us.
    """

    initial_equity: Positive = 10_000.0
    fill: Literal["next_open", "close"] = "next_open"
    fee: Rate = 0.002
    slippage: Rate = 0.0005


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True, kw_only=True, eq=False):
    """A strategy and its costs, as a value. Flags that choose speed are not part of it.

    Attributes
    ----------
    features : dict
        Feature name -> parameters that differ from the feature's defaults; the order is that of the model's sum.
    model : Model
        Weights for exactly these features.
    decision, execution
        See there.
    """

    features: dict[str, dict[str, float]]
    model: Model
    decision: Decision = Decision()
    execution: Execution = Execution()

    def __post_init__(self) -> None:
        frozen = {name: FrozenDict(parameters) for name, parameters in self.features.items()}
        msgspec.structs.force_setattr(self, "features", FrozenDict(frozen))

    @classmethod
    def default(cls) -> Config:
        """Return the default strategy of the package."""
        return _default()

    @classmethod
    def from_toml(cls, path: str | Path) -> Config:
        """Read a strategy file.

        Raises
        ------
        ConfigError
            If the file cannot be read, is not TOML, or has an unknown key or a value out of range; the message
            names the file and the key.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            raise ConfigError(f"{path}: cannot be read: {fault}") from None
        return cls._from_text(text, str(path))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str = "config") -> Config:
        """Check plain values and return them as a config.

        Parameters
        ----------
        values : mapping
            The whole config, as a TOML file would give it.
        where : str
            What error messages call it.

        Raises
        ------
        ConfigError
            See :meth:`from_toml`.
        """
        check_keys(cls, values, where)
        try:
            made = msgspec.convert(values, cls)
        except msgspec.ValidationError as fault:
            raise ConfigError(field_words(cls, values, where, str(fault))) from None
        made._check(where)
        made.__dict__["checked"] = made
        return made

    def updated(self, changes: Mapping[str, Any]) -> Config:
        """Return this config with some values replaced.

        Parameters
        ----------
        changes : mapping
            Nested like the TOML file: ``{"decision": {"edge": 0.2}}``. Given `features` replace the old ones,
            and then given `weights` do too.

        Raises
        ------
        ConfigError
            See :meth:`from_toml`.
        """
        check_keys(type(self), changes, "changes")
        whole = ("features", "weights") if "features" in changes else ()
        return type(self).from_dict(deep_update(msgspec.to_builtins(self), changes, whole), "changes")

    @cached_property
    def checked(self) -> Config:
        """The config itself, checked as if it came from a file: a struct can be built past all limits.

        Raises
        ------
        ConfigError
            See :meth:`from_toml`.
        """
        type(self).from_dict(msgspec.to_builtins(self))
        return self

    def __eq__(self, other: object) -> bool:
        return self.digest == other.digest if isinstance(other, Config) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def feature_set(self) -> FeatureSet:
        """The model's features."""
        return FeatureSet(self.features.items())

    @cached_property
    def asked_features(self) -> FeatureSet:
        """The model's features and, behind them, the context that decisions look at."""
        return self.feature_set.including(*CONTEXT)

    @cached_property
    def digest(self) -> str:
        """Digest of everything in it, defaults and all parameters of all features included.

        The order of the features counts, for it is that of the model's sum; the order of the weights does not.
        """
        values = msgspec.to_builtins(self)
        values["features"] = self.feature_set.parameters
        for side in values["model"].values():
            side["weights"] = {name: side["weights"][name] for name in self.feature_set.names}
        return digest(values)

    @classmethod
    def _from_text(cls, text: str, where: str) -> Config:
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as fault:
            raise ConfigError(f"{where}: not TOML: {fault}") from None
        return cls.from_dict(values, where)

    def _check(self, where: str) -> None:
        try:
            names = self.feature_set.names
        except FeatureError as fault:
            raise ConfigError(f"{where}: features: {fault}") from None
        standard = FeatureSet(CONTEXT).parameters
        for name in CONTEXT:
            if name in names and self.feature_set.parameters[name] != standard[name]:
                raise ConfigError(
                    f"{where}: features.{name}: decisions look at it with its default parameters, {standard[name]}; "
                    "leave them as they are"
                )
        for label, side in (("model.buy", self.model.buy), ("model.sell", self.model.sell)):
            for name in side.weights:
                if name not in names:
                    raise ConfigError(
                        f"{where}: {label}.weights: {name!r} is not among the features{nearest(name, names)}"
                    )
            for name in names:
                if name not in side.weights:
                    raise ConfigError(f"{where}: {label}.weights: no weight for the feature {name!r}")
            numbers = {"bias": side.bias, **side.weights, **msgspec.structs.asdict(side.calibration)}
            for name, value in numbers.items():
                if not math.isfinite(value) or abs(value) > 1e9:
                    raise ConfigError(
                        f"{where}: {label}: {name} = {value!r}; a number between -1e9 and 1e9 is needed"
                    )
        for section, part in (("decision", self.decision), ("execution", self.execution)):
            for name, value in msgspec.structs.asdict(part).items():
                if isinstance(value, float) and (not math.isfinite(value) or value > 1e15):
                    raise ConfigError(
                        f"{where}: {section}.{name} = {value!r}; a finite number of at most 1e15 is needed"
                    )


@lru_cache(maxsize=1)
def _default() -> Config:
    text = files("genesis_core.strategy").joinpath("default.toml").read_text(encoding="utf-8")
    return Config._from_text(text, "default.toml")
