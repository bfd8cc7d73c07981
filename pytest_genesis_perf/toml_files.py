"""Strict TOML files: one clear error for anything unexpected, and never half a file on disk."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from pytest_genesis_perf.atomic_files import replace_file
from pytest_genesis_perf.nearest import nearest
from pytest_genesis_perf.toml_lines import KeyLines, Keys

Scalar = str | int | float

_CONFLICT = ("<<<<<<< ", "||||||| ", ">>>>>>> ")
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")


class BaselineError(Exception):
    """A baseline file that cannot be trusted: names the file, the line, the key and what would be right."""


def read(path: Path) -> Table:
    """Parse a file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Table
        Its root.

    Raises
    ------
    BaselineError
        If it cannot be read, has an unresolved merge conflict, is truncated or is not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BaselineError(f"{path}: cannot be read: {error}") from error
    lines = KeyLines(text)
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith(_CONFLICT):
            raise _unreadable(path, f"line {number}: an unresolved merge conflict", lines, number)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _PLACE.search(str(error))
        number = int(found[1]) if found and found[1] else lines.last
        told = str(error)[: found.start()] if found else str(error)
        raise _unreadable(path, f"not valid TOML: line {number}: {told}", lines, number) from error
    if text and not text.endswith("\n"):
        # What was cut off in the middle of a number is still a number.
        fault = f"line {lines.last}: the last line does not end, as in a truncated file"
        raise _unreadable(path, fault, lines, lines.last)
    return Table(path, lines, (), values)


def _unreadable(path: Path, fault: str, lines: KeyLines, number: int) -> BaselineError:
    key = dotted(lines.keys_at(number))
    near = f", at the key {key}" if key else ""
    return BaselineError(f"{path}: {fault}{near}; restore or rerecord the file")


class Table:
    """A TOML table under a strict schema: every key is asked for, or is an error.

    Parameters
    ----------
    path : Path
        The file, for messages.
    lines : KeyLines
        Where its keys stand, for messages.
    keys : tuple of str
        The table's name, empty for the root.
    values : object
        What the file has there.

    Raises
    ------
    BaselineError
        If it is not a table.
    """

    def __init__(self, path: Path, lines: KeyLines, keys: Keys, values: object) -> None:
        self.path = path
        self.lines = lines
        self.keys = keys
        if not isinstance(values, dict):
            raise self.error(f"must be a table, not {values!r}")
        self.values: Mapping[str, Any] = values

    def error(self, message: str, key: str | None = None) -> BaselineError:
        """Return the error that names file, line, key and fault."""
        keys = self.keys if key is None else (*self.keys, key)
        place = f"{self.path}: line {self.lines.line_of(keys)}"
        return BaselineError(f"{place}: {dotted(keys)}: {message}" if keys else f"{place}: {message}")

    def only(self, required: Iterable[str], optional: Iterable[str] = ()) -> None:
        """Require exactly these keys."""
        required, valid = list(required), [*required, *optional]
        for key in self.values:
            if key not in valid:
                raise self.error(f"unknown key{nearest(key, valid)}", key)
        for key in required:
            if key not in self.values:
                raise self.error("the key is missing", key)

    def table(self, key: str) -> Table:
        """Return the table at a key."""
        return Table(self.path, self.lines, (*self.keys, key), self.values[key])

    def text(self, key: str) -> str:
        """Return the non-empty string at a key."""
        value = self.values[key]
        if not isinstance(value, str) or not value:
            raise self.error(f"must be a non-empty string, not {value!r}", key)
        return value

    def count(self, key: str, minimum: int = 1) -> int:
        """Return the whole number at a key."""
        value = self.values[key]
        if type(value) is not int or value < minimum:
            raise self.error(f"must be a whole number >= {minimum}, not {value!r}", key)
        return value

    def positive(self, key: str) -> float:
        """Return the positive, finite number at a key."""
        return self._positive(key, self.values[key])

    def positives(self, key: str, length: int) -> list[float]:
        """Return the list of positive, finite numbers at a key."""
        value = self.values[key]
        if not isinstance(value, list) or len(value) != length:
            raise self.error(f"must be a list of {length} numbers, not {value!r}", key)
        return [self._positive(key, item) for item in value]

    def _positive(self, key: str, value: object) -> float:
        if type(value) not in (int, float) or not 0.0 < float(str(value)) < math.inf:
            raise self.error(f"must be a finite number > 0, not {value!r}", key)
        return float(str(value))


def quote(text: str) -> str:
    r"""Return a TOML basic string: quotes, backslashes and control characters escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() or c > "\u00a0" else f"\\u{ord(c):04X}" for c in escaped) + '"'


def value(item: Scalar | Iterable[float] | Mapping[str, Scalar]) -> str:
    """Return a scalar, a list or an inline table in TOML."""
    if isinstance(item, str):
        return quote(item)
    if isinstance(item, (int, float)):
        return repr(item)
    if isinstance(item, Mapping):
        inside = ", ".join(f"{name(key)} = {value(item[key])}" for key in item)
        return f"{{ {inside} }}" if inside else "{}"
    return f"[{', '.join(map(repr, item))}]"


def name(key: str) -> str:
    """Return a key, bare where TOML allows it."""
    bare = key and all(c.isascii() and (c.isalnum() or c in "-_") for c in key)
    return key if bare else quote(key)


def dotted(keys: Keys) -> str:
    """Return a key with the tables around it, as TOML writes it."""
    return ".".join(map(name, keys))


def write(path: Path, text: str) -> None:
    """Replace a file in one step: a crash leaves the old one or the new one, never a part.

    Parameters
    ----------
    path : Path
        The file; folders above it are made.
    text : str
        The new content.

    Raises
    ------
    BaselineError
        If it cannot be written.
    """
    try:
        replace_file(path, text)
    except OSError as error:
        raise BaselineError(f"{path}: cannot be written: {error}") from error
