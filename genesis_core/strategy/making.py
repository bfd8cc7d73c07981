"""From plain values to a checked config, and from one config to the next of a sweep.

A sweep makes thousands of configs that differ in a few numbers. :func:`changed` converts and checks the tables that the
changes name, and takes over what it made of the others for the config before. What is taken over was computed from
parts that both configs have: the same objects, or the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from genesis_core.errors import ConfigError, FeatureError
from genesis_core.kernels.walk import KernelError
from genesis_core.strategy.parts import Decision, Execution, Exits, Higher, Model
from genesis_core.strategy.rules import check_values
from genesis_core.strategy.strict import check_keys, deep_update, field_words
from genesis_core.strategy.unread import check_read

if TYPE_CHECKING:
    from genesis_core.features.defaults import Feature
    from genesis_core.strategy.code import Decide
    from genesis_core.strategy.config import Config

C = TypeVar("C", bound="Config")


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a strategy file may say."""

    features: dict[str, dict[str, float]]
    model: Model | None = None
    decision: Decision = Decision()
    higher: Higher = Higher()
    exits: Exits = Exits()
    execution: Execution = Execution()


SECTIONS = Table.__struct_fields__
"""The tables of a strategy file."""


def made(
    kind: type[C], values: Mapping[str, Any], where: str, own: tuple[Feature, ...], decide: Decide | None
) -> C:
    """Return plain values as a checked config.

    Parameters
    ----------
    kind : type
        The class of the config.
    values : mapping
        The whole of it, as a TOML file would give it.
    where : str
        What error messages call it.
    own : tuple of Feature
        Features of the caller's own.
    decide : Decide or None
        The caller's own decide step.

    Raises
    ------
    ConfigError
        Naming the key, its value and what would be right.
    """
    check_keys(Table, values, where)
    table = _converted(values, where)
    config = kind(**{name: getattr(table, name) for name in SECTIONS}, own=own, decide=decide)
    return _checked(config, where, None)


def changed(base: C, changes: Mapping[str, Any], decide: Decide | None, where: str) -> C:
    """Return a config with some values replaced.

    Parameters
    ----------
    base : Config
        What the changes are laid over.
    changes : mapping
        As of a TOML file. Features of a model are replaced as a whole, and then given weights too.
    decide : Decide or None
        The decide step with its changes.
    where : str
        What error messages call the changes.

    Raises
    ------
    ConfigError
        As :func:`made`.
    """
    check_keys(Table, changes, where)
    whole = ("features", "weights") if "features" in changes and decide is None else ()
    if not _can_share(base):
        return made(type(base), deep_update(base.plain(), changes, whole), where, base.own, decide)
    # In the order of a whole file: of two faults, the first is told.
    old = {name: msgspec.to_builtins(getattr(base, name)) for name in SECTIONS if name in changes}
    table = _converted({"features": base.features, **deep_update(old, changes, whole)}, where)
    parts = {name: getattr(table if name in changes else base, name) for name in SECTIONS}
    if "features" in changes and decide is not None:
        parts["features"] = {**base.features, **{name: table.features[name] for name in changes["features"]}}
    return _checked(type(base)(**parts, own=base.own, decide=decide), where, base)


def _can_share(config: Config) -> bool:
    """Say whether a config went through the checks, and the caller's kernels are those it was made with."""
    if config.__dict__.get("checked") is not config:
        return False
    try:
        config.asked_features.graph.require_current()
    except KernelError:
        return False
    return True


def _converted(values: Mapping[str, Any], where: str) -> Table:
    try:
        return msgspec.convert(values, Table)
    except msgspec.ValidationError as fault:
        raise ConfigError(field_words(Table, values, where, str(fault))) from None


def _checked(config: C, where: str, base: C | None) -> C:
    """Check what the types of the tables cannot say; features are wired now, so that a ready config wires nothing."""
    try:
        if base is not None:
            _take_over_parts(config, base)
        config.feature_set  # noqa: B018
    except FeatureError as fault:
        raise ConfigError(f"{where}: features: {fault}") from None
    check_values(config, where, base)
    if base is not None:
        _take_over_whole(config, base)
    try:
        config.asked_features  # noqa: B018
    except FeatureError as fault:
        raise ConfigError(f"{where}: {fault}") from None
    check_read(config, where)
    config.__dict__["checked"] = config
    return config


def _take_over_parts(config: Config, base: Config) -> None:
    """Let a config have what its base made of equal tables, and of each feature with equal parameters."""
    if all(getattr(config, name) is getattr(base, name) for name in SECTIONS if name != "features"):
        config.__dict__["context"], config.__dict__["vector"] = base.context, base.vector
        config.__dict__["context_features"] = base.context_features
    features, before = config.features, base.features
    # The weights of a model are digested in the order of the features.
    named = () if features is before else ("features", "model")
    same = [name for name in SECTIONS if name not in named and getattr(config, name) is getattr(base, name)]
    config.__dict__["encodings"] = {name: base.encodings[name] for name in same if name in base.encodings}
    if features is before:
        config.__dict__["feature_set"] = base.feature_set
    elif tuple(features) == tuple(before):
        new = {name: given for name, given in features.items() if given is not before[name]}
        config.__dict__["feature_set"] = base.feature_set.altered(new)


def _take_over_whole(config: Config, base: Config) -> None:
    """Let a config have what its base made of features and context together, where they are the same."""
    if tuple(config.features) != tuple(base.features) or config.context != base.context:
        return
    # These depend on names only.
    config.__dict__["slots"], config.__dict__["reads_higher"] = base.slots, base.reads_higher
    # The parameters of context features are those of `higher`; by identity, because equal zeros have two signs.
    if config.features is base.features and config.decide is base.decide and config.higher is base.higher:
        config.__dict__["asked_features"], config.__dict__["ready"] = base.asked_features, base.ready
