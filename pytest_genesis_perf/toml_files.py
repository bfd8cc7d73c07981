"""Strict TOML files: one clear error for anything unexpected, and never half a file on disk."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from pytest_genesis_perf.nearest import nearest

Scalar = str | int | float


class BaselineError(Exception):
    """A baseline file that cannot be trusted: names the file, the place and what would be right."""


def read(path: Path) -> dict[str, Any]:
    """Parse a file.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    BaselineError
        If it cannot be read or is not TOML; the message has the line and column.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BaselineError(f"{path}: cannot be read: {error}") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            raise BaselineError(
                f"{path}: line {number}: an unresolved merge conflict; restore or rerecord the file"
            )
    try:
        parsed: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BaselineError(f"{path}: not valid TOML: {error}; restore or rerecord the file") from error
    return parsed


class Table:
    """A TOML table under a strict schema: every key is asked for, or is an error.

    Parameters
    ----------
    path : Path
        The file, for messages.
    where : str
        The table's dotted name, "" for the root.
    values : object
        What the file has there.

    Raises
    ------
    BaselineError
        If it is not a table.
    """

    def __init__(self, path: Path, where: str, values: object) -> None:
        self.path = path
        self.where = where
        if not isinstance(values, dict):
            raise self.error(f"must be a table, not {values!r}")
        self.values: Mapping[str, Any] = values

    def error(self, message: str, key: str | None = None) -> BaselineError:
        """Return the error that names file, key and fault."""
        place = ".".join(part for part in (self.where, name(key) if key is not None else "") if part)
        return BaselineError(f"{self.path}: {place}: {message}" if place else f"{self.path}: {message}")

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
        return Table(self.path, ".".join(filter(None, (self.where, name(key)))), self.values[key])

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
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes private files; a baseline is committed and read by others.
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise BaselineError(f"{path}: cannot be written: {error}") from error
    finally:
        if temporary:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
