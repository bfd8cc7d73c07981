"""Strictness of configs: every key must be known, and an unknown one is met with the nearest that is valid."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_type_hints

import msgspec

from genesis_core.errors import ConfigError, nearest


def check_keys(struct: type[msgspec.Struct], values: object, where: str, path: str = "") -> None:
    """Raise for the first key that the struct, or a struct inside it, does not have.

    Raises
    ------
    ConfigError
        Naming the place, the key and the nearest valid one; or a table that is none.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where}: {path or 'the whole'} is {values!r}; a table of keys is needed")
    types = get_type_hints(struct)
    for key, value in values.items():
        full = f"{path}.{key}" if path else str(key)
        if key not in types:
            raise ConfigError(f"{where}: unknown key {full!r}{nearest(str(key), types)}")
        if isinstance(types[key], type) and issubclass(types[key], msgspec.Struct):
            check_keys(types[key], value, where, full)


def field_words(where: str, message: str) -> str:
    """Turn msgspec's ``... - at `$.a.b` `` into ``where: a.b: ...``."""
    found = re.fullmatch(r"(.*) - at `\$\.?(.*)`", message, re.DOTALL)
    if not found:
        return f"{where}: {message[0].lower()}{message[1:]}"
    words, path = found.groups()
    return f"{where}: {path}: {words[0].lower()}{words[1:]}" if path else f"{where}: {words}"


def deep_update(
    old: Mapping[str, Any], changes: Mapping[str, Any], whole: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return `old` with `changes` laid over it, table by table; keys in `whole` are replaced, not merged."""
    merged = dict(old)
    for key, value in changes.items():
        inner = merged.get(key)
        if isinstance(value, Mapping) and isinstance(inner, Mapping) and key not in whole:
            merged[key] = deep_update(inner, value, whole)
        else:
            merged[key] = value
    return merged
