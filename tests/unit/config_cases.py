"""Ways to change one value of the default strategy, which the tests of configs share."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from genesis_core import Config, ConfigError, synthetic

DEFAULT_CONFIG = Config.default()
VALUES: dict[str, Any] = DEFAULT_CONFIG.values
CANDLES = synthetic(bars=200)

Path_ = tuple[str | int, ...]


def with_value(path: Path_, value: Any, base: Mapping[str, Any] = VALUES) -> dict[str, Any]:
    """Return the default values with one of them replaced or added."""
    values: Any = copy.deepcopy(dict(base))
    table = values
    for key in path[:-1]:
        table = table.setdefault(key, {}) if isinstance(table, dict) else table[key]
    table[path[-1]] = value
    return dict(values)


def fault(values: Any, where: str = "my.toml") -> str:
    """Return the message of the error that these values are: one line that names where it is."""
    with pytest.raises(ConfigError) as caught:
        Config.from_dict(values, where)
    return one_line(caught.value, where)


def changes_fault(changes: Any, base: Config = DEFAULT_CONFIG) -> str:
    """Return the message of the error that these changes are."""
    with pytest.raises(ConfigError) as caught:
        base.updated(changes)
    return one_line(caught.value, "changes")


def one_line(error: Exception, where: str) -> str:
    message = str(error)
    assert "\n" not in message
    assert message.startswith(f"{where}: ")
    return message.removeprefix(f"{where}: ")


def spelled(path: Path_) -> str:
    return ".".join(map(str, path))


# What a file may leave out, and what it is then.
SHORT = Config.from_dict({key: VALUES[key] for key in ("features", "model")})
