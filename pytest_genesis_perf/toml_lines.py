"""Where a key stands in the text of a TOML file: Python's reader keeps no line numbers."""

from __future__ import annotations

import re
import sys
from functools import cached_property
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Keys = tuple[str, ...]
"""A key with the tables around it, outermost first."""

_WORD = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)"""
_DOTTED = rf"{_WORD}(?:[ \t]*\.[ \t]*{_WORD})*"
_LINE = re.compile(rf"[ \t]*(?:\[[ \t]*(?P<table>{_DOTTED})[ \t]*\]|(?P<key>{_DOTTED})[ \t]*=)")


class KeyLines:
    """The lines of tables and keys in a text, which need not be valid TOML.

    Good for messages only: a line of a string of several lines may look like a key.

    Parameters
    ----------
    text : str
        The text.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _found(self) -> list[tuple[int, Keys]]:
        found = []
        table: Keys = ()
        # Not splitlines(): the reader counts line feeds alone.
        for number, line in enumerate(self._text.split("\n"), start=1):
            match = _LINE.match(line)
            if match is None:
                continue
            if match["table"] is not None:
                table = _keys(match["table"])
                found.append((number, table))
            else:
                found.append((number, (*table, *_keys(match["key"]))))
        return found

    @property
    def last(self) -> int:
        """The number of the last line."""
        return self._text.count("\n") + (not self._text.endswith("\n"))

    def line_of(self, keys: Keys) -> int:
        """Return the line of a key, else of the nearest table around it, else the first."""
        for length in range(len(keys), 0, -1):
            for number, found in self._found:
                if found[:length] == keys[:length]:
                    return number
        return 1

    def keys_at(self, line: int) -> Keys:
        """Return the key on a line, else the one before it, else the first; empty if there is none."""
        before = [keys for number, keys in self._found if number <= line]
        return before[-1] if before else next((keys for _, keys in self._found), ())


def _keys(dotted: str) -> Keys:
    """Return the words of a dotted key; one that is no key, such as a wrong escape, as it stands."""
    try:
        values: Any = tomllib.loads(f"{dotted} = 0")
    except tomllib.TOMLDecodeError:
        return (dotted,)
    words = []
    while isinstance(values, dict):
        ((word, values),) = values.items()
        words.append(word)
    return tuple(words)
