"""Strictness of configs: every key must be known, and an unknown one is met with the nearest that is valid."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple, NoReturn, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from genesis_core.errors import ConfigError, nearest

T = TypeVar("T")


class FrozenDict(dict[str, T]):
    """A dict that refuses to change: a config is shared, hashed and digested."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("a Config cannot be changed; Config.updated() returns a changed copy")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)


class _Key(NamedTuple):
    """What may stand at a key: a table of which keys, if any, and whether it may be left out as None."""

    table: type[msgspec.Struct] | None
    optional: bool


@lru_cache(maxsize=64)
def _keys(struct: type[msgspec.Struct]) -> Mapping[str, _Key]:
    """Return the keys of a struct; resolving its types takes 0.1 ms, and a sweep makes thousands of configs."""
    hints = get_type_hints(struct)
    written = zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True)
    tables = {key: (hints[name], _table(hints[name])) for name, key in written}
    return {name: _Key(table, table is not kind) for name, (kind, table) in tables.items()}


def check_keys(struct: type[msgspec.Struct], values: object, where: str, path: str = "") -> None:
    """Raise for the first key that the struct, or a struct inside it, does not have.

    Raises
    ------
    ConfigError
        Naming the place, the key and the nearest valid one; or a table that is none.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where}: {path or 'the whole'} = {values!r}; a table of keys is needed")
    keys = _keys(struct)
    for key, value in values.items():
        found = keys.get(key)
        if found is None:
            raise ConfigError(f"{where}: unknown key {_joined(path, key)!r}{nearest(str(key), keys)}")
        if found.table is not None and not (value is None and found.optional):
            check_keys(found.table, value, where, _joined(path, key))


def _joined(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def check_known(given: object, valid: Mapping[str, object], where: str, path: str) -> None:
    """Raise for the first key of a table whose keys are not fields but names, such as those of features.

    Raises
    ------
    ConfigError
        Naming the key and the nearest of `valid`.
    """
    for key in given if isinstance(given, Mapping) else ():
        if key not in valid:
            raise ConfigError(f"{where}: unknown key '{path}.{key}'{nearest(str(key), valid)}")


def as_written(value: Any) -> Any:
    """Return plain values as a file says them: lists, and no keys whose value is None."""
    if type(value) in (float, str, int, bool):  # at once: most are
        return value
    if isinstance(value, Mapping):
        return {key: as_written(item) for key, item in value.items() if item is not None}
    return [as_written(item) for item in value] if isinstance(value, (list, tuple)) else value


def _table(kind: Any) -> type[msgspec.Struct] | None:
    """Return the struct that a table of this type is, or is if it is there at all."""
    for option in (kind, *get_args(kind)):
        if isinstance(option, type) and issubclass(option, msgspec.Struct):
            return option
    return None


def field_words(struct: type[msgspec.Struct], values: Mapping[str, Any], where: str, message: str) -> str:
    """Turn msgspec's ``... - at `$.a.b` `` into ``where: a.b = value; ...``.

    Parameters
    ----------
    struct : type
        What `values` were converted to.
    values : mapping
        What the user gave.
    where : str
        What the user calls it.
    message : str
        Of the ``ValidationError``.
    """
    found = re.fullmatch(r"(.*) - at `\$\.?(.*)`", message, re.DOTALL)
    words, path = found.groups() if found else (message, "")
    words = words[0].lower() + words[1:]
    for theirs, ours in (
        (" | null", ""),  # TOML has none: a key is left out
        ("`object`", "a table"),
        ("`array`", "a list"),
        ("object", "table"),
        ("array", "list"),
    ):
        words = words.replace(theirs, ours)
    steps = re.findall(r"\[\.\.\.\]|[^.\[\]]+", path)
    names, value = _follow(values, steps, "a table" in words)
    if "missing required field" in words or not names:
        return f"{where}: {'.'.join(names)}{': ' if names else ''}{words}"
    choices = _choices(struct, names)
    hint = nearest(str(value), choices) if choices else ""
    return f"{where}: {'.'.join(names)} = {value!r}; {words}{hint}"


def _follow(value: Any, steps: list[str], wants_table: bool) -> tuple[list[str], Any]:
    """Walk to the value that is at fault; msgspec leaves out the keys of free tables, ``[...]``."""
    names: list[str] = []
    for depth, step in enumerate(steps):
        if not isinstance(value, Mapping):
            break
        if step == "[...]":
            rest = steps[depth + 1 :]
            faulty = (key for key, item in value.items() if _at_fault(item, len(rest), wants_table))
            step = next(faulty, step)
        names.append(str(step))
        value = value.get(step)
    return names, value


def _at_fault(item: Any, deeper: int, wants_table: bool) -> bool:
    if deeper and isinstance(item, Mapping):
        return any(_at_fault(inner, deeper - 1, wants_table) for inner in item.values())
    if deeper or wants_table:
        return not isinstance(item, Mapping)
    return isinstance(item, bool) or not isinstance(item, (int, float))


def _choices(struct: type[msgspec.Struct], names: list[str]) -> tuple[str, ...]:
    """Return the texts that may stand at a place, if only some may."""
    kind: Any = struct
    for name in names:
        table = _table(kind)
        if table is None:
            return ()
        kind = get_type_hints(table).get(name)
    return get_args(kind) if get_origin(kind) is Literal else ()


def deep_update(
    old: Mapping[str, Any], changes: Mapping[str, Any], whole: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return `old` with `changes` laid over it, table by table; keys in `whole` are replaced, not merged."""
    merged = dict(old)
    for key, value in changes.items():
        inner = merged.get(key)
        if isinstance(inner, dict) and isinstance(value, Mapping) and key not in whole:
            merged[key] = deep_update(inner, value, whole)
        else:
            merged[key] = value
    return merged
