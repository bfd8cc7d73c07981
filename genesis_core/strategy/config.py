"""One typed run config: everything that decides a backtest's result besides the candles."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from genesis_core.digest import Encoded, digest, encoded
from genesis_core.errors import ConfigError
from genesis_core.features import FeatureSet
from genesis_core.features.choices import FeatureChoice
from genesis_core.features.defaults import Feature
from genesis_core.features.sets import NO_FEATURES
from genesis_core.strategy import inputs
from genesis_core.strategy.code import SIDE, Decide, chosen_features
from genesis_core.strategy.encode import parameter_vector
from genesis_core.strategy.making import SECTIONS, Table, changed, made
from genesis_core.strategy.parts import Decision, Execution, Exits, Higher, Model
from genesis_core.strategy.strict import FrozenDict, as_written, check_keys, check_known
from genesis_core.strategy.unread import MODEL_KEYS, check_given

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True, kw_only=True, eq=False):
    """A strategy and its costs, as a value. Flags that choose speed are not part of it.

    Attributes
    ----------
    features : dict
        Feature name -> parameters that differ from the feature's defaults; the order is that of the model's sum.
    model : Model or None
        Weights for exactly these features; None for a strategy that decides in code.
    decision, higher, exits, execution
        See :mod:`genesis_core.strategy.parts`.
    own : tuple of Feature
        Features of the caller's own that `features` names. Not in files; see :meth:`from_dict`, :meth:`from_code`.
    decide : Decide or None
        The caller's own decide step, instead of a model.
    """

    features: dict[str, dict[str, float]]
    model: Model | None = None
    decision: Decision = Decision()
    higher: Higher = Higher()
    exits: Exits = Exits()
    execution: Execution = Execution()
    own: tuple[Feature, ...] = ()
    decide: Decide | None = None

    def __post_init__(self) -> None:
        if type(self.features) is not FrozenDict:
            frozen = {name: _frozen(parameters) for name, parameters in self.features.items()}
            msgspec.structs.force_setattr(self, "features", FrozenDict(frozen))

    @classmethod
    def default(cls) -> Config:
        """Return the default strategy of the package."""
        return _default()

    @classmethod
    def from_toml(cls, path: str | Path) -> Config:
        """Read a strategy file.

        Parameters
        ----------
        path : path
            The file.

        Raises
        ------
        ConfigError
            If the file cannot be read, is not TOML, or has an unknown key or a value out of range; the message
            names the file and the key.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except OSError as fault:
            raise ConfigError(f"{path}: cannot be read: {fault.strerror or fault}") from None
        except UnicodeDecodeError as fault:
            raise ConfigError(f"{path}: cannot be read: not UTF-8 text (offset {fault.start})") from None
        return cls._from_text(text, str(path))

    @classmethod
    def from_code(
        cls,
        features: Iterable[FeatureChoice],
        decide: Decide,
        *,
        decision: Mapping[str, Any] | None = None,
        higher: Mapping[str, Any] | None = None,
        exits: Mapping[str, Any] | None = None,
        execution: Mapping[str, Any] | None = None,
    ) -> Config:
        """Make a strategy that decides in code of the caller's own.

        Parameters
        ----------
        features : iterable
            Names of the package's features, features of the caller's own, or pairs of one and its parameters. None
            are needed where the decide step reads candle columns only.
        decide : Decide
            The decide step. Steps 1 to 5 of a model's decision are its own business; the trend policy, gates,
            confidence, hysteresis, cooldown and size apply to what it returns.
        decision, higher, exits, execution : mapping, optional
            The tables of a strategy file. Unlike there, no hysteresis, cooldown and confidence by default: what the
            step says is done.

        Raises
        ------
        ConfigError
            As :meth:`from_dict`, and for features or inputs that do not fit.
        """
        if not isinstance(decide, Decide):
            raise ConfigError(f"config: decide = {decide!r}; a Decide is needed")
        named, own = chosen_features(features, "config")
        tables = {"decision": decision, "higher": higher, "exits": exits, "execution": execution}
        given = {name: table for name, table in tables.items() if table is not None}
        check_keys(Table, given, "config")
        plain = {"hysteresis": 0, "cooldown_bars": 0, "confidence": 0.0, "drawdown_size": []}
        values = {"features": named, **given, "decision": plain | dict(given.get("decision", {}))}
        config = made(cls, values, "config", own, decide)
        check_given(given, config, "config")
        return config

    @classmethod
    def from_dict(
        cls, values: Mapping[str, Any], where: str = "config", *, own: Iterable[Feature] = ()
    ) -> Config:
        """Check plain values and return them as a config.

        Parameters
        ----------
        values : mapping
            The whole config, as a TOML file would give it.
        where : str
            What error messages call it.
        own : iterable of Feature
            Features of the caller's own among those that `features` names.

        Raises
        ------
        ConfigError
            See :meth:`from_toml`.
        """
        config = made(cls, values, where, tuple(own), None)
        check_given(values, config, where)
        return config

    def updated(self, changes: Mapping[str, Any]) -> Config:
        """Return this config with some values replaced.

        Parameters
        ----------
        changes : mapping
            Nested like the TOML file: ``{"decision": {"edge": 0.2}}``. Given `features` replace the old ones of a
            model, and then given `weights` do too; those of a strategy in code are merged. ``decide`` gives
            parameters of the decide step.

        Raises
        ------
        ConfigError
            See :meth:`from_toml`.
        """
        decide = self.decide
        if decide is not None and isinstance(changes, Mapping):
            changes = dict(changes)
            decide = decide.updated(changes.pop("decide", {}), "changes")
            check_known(changes.get("features"), self.features, "changes", "features")
        config = changed(self, changes, decide, "changes")
        check_given(changes, config, "changes")
        return config

    @property
    def values(self) -> dict[str, Any]:
        """What a strategy file would say, as plain values; without the caller's own code and what only models read."""
        values = self.plain()
        if self.decide is not None:
            for name in MODEL_KEYS:
                del values["decision"][name]
        return values

    def plain(self) -> dict[str, Any]:
        """Return all tables as a file says them; of a strategy in code also the keys that only models read."""
        plain = {name: msgspec.to_builtins(getattr(self, name)) for name in SECTIONS}
        values: dict[str, Any] = as_written(plain)
        return values

    @cached_property
    def checked(self) -> Config:
        """The config checked as if it came from a file: a struct can be built past all limits.

        The config itself where it was made by this class's methods. One built as a struct is returned with its numbers
        as a file gives them: ``Decision(edge=0)`` holds an int, the config that is returned 0.0.

        Raises
        ------
        ConfigError
            See :meth:`from_toml`.
        """
        return made(type(self), self.plain(), "config", self.own, self.decide)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Config):
            return NotImplemented
        return self.digest == other.digest and self.code == other.code

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def feature_set(self) -> FeatureSet:
        """The strategy's features."""
        if not self.features and self.decide is not None:
            return NO_FEATURES
        own = {feature.name: feature for feature in self.own}
        return FeatureSet((own.get(name, name), given) for name, given in self.features.items())

    @cached_property
    def context(self) -> tuple[inputs.Choice, ...]:
        """The features that decisions and exits look at besides the strategy's own, with their parameters."""
        return tuple(inputs.context(self))

    @cached_property
    def context_features(self) -> FeatureSet:
        """The features of :attr:`context`."""
        return NO_FEATURES.including(*self.context)

    @cached_property
    def asked_features(self) -> FeatureSet:
        """The strategy's features and, behind them, what its decide step returns and the context it looks at."""
        made = self.feature_set
        if self.decide is not None:
            made = made.joined(self.decide.returned(made))
        return made.joined(self.context_features)

    @cached_property
    def ready(self) -> int:
        """The first bar with a decision: all inputs of the model or of the decide step are valid.

        The ATR of stops and targets counts as one of them; regime, zone and levels are neutral until they are valid.
        """
        awaited = list(self.feature_set.names) if self.decide is None else [SIDE]
        if any(name == "atr_14" for name, _ in self.context):
            awaited.append("atr_14")
        return max(map(self.asked_features.first_valid, awaited))

    @cached_property
    def slots(self) -> tuple[int | None, ...]:
        """Where among the asked features each input of a decision stands; see :mod:`genesis_core.strategy.inputs`."""
        return inputs.sources(self)

    @cached_property
    def vector(self) -> tuple[float, ...]:
        """The parameters of the trading law, see :func:`~genesis_core.strategy.encode.parameter_vector`."""
        return tuple(parameter_vector(self))

    @cached_property
    def reads_higher(self) -> bool:
        """Whether something of it looks at the higher timeframe."""
        return any("span_ms" in given for given in self.asked_features.parameters.values())

    @cached_property
    def digest(self) -> str:
        """Digest of everything in it, defaults and all parameters of all features included.

        Of code of the caller's own the names, parameters and wiring count; see :attr:`code`.

        The order of the features counts, for it is that of the model's sum; the order of the weights does not.
        """
        if self.checked is not self:
            return self.checked.digest
        own = self.asked_features.wiring if self.decide is not None or self.own else ""
        there = [name for name in SECTIONS if getattr(self, name) is not None]
        return digest(({name: self._encoding(name) for name in there}, own))

    @cached_property
    def encodings(self) -> dict[str, Encoded]:
        """Tables as the digest has them, as far as they were needed."""
        return {}

    def _encoding(self, name: str) -> Encoded:
        if name not in self.encodings:
            values = as_written(msgspec.to_builtins(getattr(self, name)))
            if name == "features":
                # A whole number is the same as an int or a float.
                parameters = self.feature_set.parameters.items()
                values = {
                    own: {key: float(value) for key, value in given.items()} for own, given in parameters
                }
            elif name == "model":
                for side in values.values():
                    side["weights"] = {own: side["weights"][own] for own in self.feature_set.names}
            self.encodings[name] = encoded(values)
        return self.encodings[name]

    @cached_property
    def code(self) -> str:
        """Digest of the caller's own code in this interpreter, "" without any; outside :attr:`digest`.

        Bytecode differs between versions of Python where no bit of a result does.
        """
        return self.asked_features.digest if self.decide is not None or self.own else ""

    @classmethod
    def _from_text(cls, text: str, where: str) -> Config:
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as fault:
            raise ConfigError(f"{where}: not TOML: {fault}") from None
        return cls.from_dict(values, where)


def _frozen(parameters: Mapping[str, float]) -> FrozenDict[float]:
    return parameters if type(parameters) is FrozenDict else FrozenDict(parameters)


@lru_cache(maxsize=1)
def _default() -> Config:
    text = files("genesis_core.strategy").joinpath("default.toml").read_text(encoding="utf-8")
    return Config._from_text(text, "default.toml")
