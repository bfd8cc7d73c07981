"""Keys that nothing reads: a value that changes nothing is a mistake, and said to be one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from genesis_core.errors import ConfigError
from genesis_core.strategy.strict import as_written

if TYPE_CHECKING:
    from genesis_core.strategy.config import Config

Path = tuple[str, ...]

MODEL_KEYS = ("reward_risk", "threshold", "regime_thresholds", "zone_thresholds", "edge")
"""Keys of ``decision`` that only models read."""


@dataclass(frozen=True)
class _Dependent:
    """A key that is read only where others say so.

    Attributes
    ----------
    key : path
        A table stands for all in it.
    switches : tuple of path
        What turns their reader on. One that is written out beside them says that "off" is meant.
    read : callable
        Whether a config reads them.
    words : str
        Why not, and what would be right.
    """

    key: Path
    switches: tuple[Path, ...]
    read: Callable[[Config], bool]
    words: str


def _distances(config: Config) -> bool:
    return bool(config.exits.stop or config.exits.target or config.exits.trailing)


_DISTANCES: tuple[Path, ...] = (("exits", "stop"), ("exits", "target"), ("exits", "trailing"))
_PARTIALS: Path = ("exits", "partials")
_HIGHER_GATE: Path = ("decision", "higher_fib", "missing")
_LOWER_GATE: Path = ("decision", "lower_fib", "missing")
_GATE_WORDS = 'nothing reads it while {}.missing is "off"; say "pass" or "block" there, or leave it out'

_DEPENDENTS = (
    _Dependent(
        ("higher",),
        (_HIGHER_GATE, _PARTIALS),
        lambda config: config.decision.higher_fib.missing != "off" or bool(config.exits.partials),
        "nothing reads it without decision.higher_fib or exits.partials; give one of them, or leave it out",
    ),
    _Dependent(
        ("decision", "higher_fib", "within_atr"),
        (_HIGHER_GATE,),
        lambda config: config.decision.higher_fib.missing != "off",
        _GATE_WORDS.format("decision.higher_fib"),
    ),
    _Dependent(
        ("decision", "lower_fib", "within_atr"),
        (_LOWER_GATE,),
        lambda config: config.decision.lower_fib.missing != "off",
        _GATE_WORDS.format("decision.lower_fib"),
    ),
    _Dependent(
        ("exits", "unit"),
        _DISTANCES,
        _distances,
        "nothing reads it without exits.stop, target or trailing; give one of them, or leave it out",
    ),
    _Dependent(
        ("exits", "test"),
        (*_DISTANCES, _PARTIALS),
        lambda config: _distances(config) or bool(config.exits.partials),
        "nothing reads it without exits.stop, target, trailing or partials; give one of them, or leave it out",
    ),
)


def check_given(given: Mapping[str, Any], config: Config, where: str) -> None:
    """Refuse keys that the user wrote and that the config made of them does not read.

    A key beside which the switch of its reader is written out, as off, is no mistake: a sweep turns a gate off by its
    switch and leaves the rest alone.

    Parameters
    ----------
    given : mapping
        What the user wrote: a whole strategy, or changes.
    config : Config
        What it led to.
    where : str
        What error messages call it.

    Raises
    ------
    ConfigError
        Naming the key, its value, and what would read it.
    """
    if config.decide is not None and "decision" in given:
        for name in MODEL_KEYS:
            _refuse_model_key(name, _at(given, ("decision", name)), where)
    for dependent in _DEPENDENTS:
        value = _at(given, dependent.key) if dependent.key[0] in given else None
        if value is None or dependent.read(config):
            continue
        if all(_at(given, switch) is None for switch in dependent.switches):
            raise ConfigError(f"{where}: {'.'.join(dependent.key)} = {value!r}; {dependent.words}")


def why_unread(config: Config, key: Path) -> str | None:
    """Say why nothing of a config reads a key, None if something does.

    Parameters
    ----------
    config : Config
        The strategy.
    key : path
        Such as ``("exits", "unit")``.
    """
    for dependent in _DEPENDENTS:
        if key[: len(dependent.key)] == dependent.key and not dependent.read(config):
            return dependent.words
    return None


def check_read(config: Config, where: str) -> None:
    """Refuse what a config holds and cannot read, however it was made: keys of models, features, own features.

    Raises
    ------
    ConfigError
        As :func:`check_given`.
    """
    names = config.features
    for feature in config.own:
        if feature.name not in names:
            raise ConfigError(
                f"{where}: own = {feature.name!r}; features does not name it, so nothing reads it"
            )
    if config.decide is None:
        return
    standard = type(config.decision)()
    for name in MODEL_KEYS:
        value = getattr(config.decision, name)
        if value != getattr(standard, name):
            _refuse_model_key(name, as_written(msgspec.to_builtins(value)), where)
    looked_at = [name for name, _ in config.context]
    for name in names:
        if name not in config.decide.inputs and name not in looked_at:
            raise ConfigError(
                f"{where}: features.{name}: the decide step does not read it; it reads "
                f"{', '.join(config.decide.inputs)}"
            )


def _refuse_model_key(name: str, value: object, where: str) -> None:
    if value is not None:
        raise ConfigError(
            f"{where}: decision.{name} = {value!r}; only models read it, and this strategy decides in code of its "
            "own; leave it out"
        )


def _at(given: Any, path: Path) -> Any:
    """Return what stands at a path; None where nothing does."""
    for key in path:
        if not isinstance(given, Mapping) or key not in given:
            return None
        given = given[key]
    return given
