"""Standard output of a program, with colours where they are wanted."""

from __future__ import annotations

import os
import shutil
from typing import TextIO

LOG_WIDTH = 160
"""Characters of a line where the output is not a terminal and nothing says how wide it is."""
_CODES = {"bold": "1", "red": "31", "green": "32", "yellow": "33"}


def shows_colours(stream: TextIO) -> bool:
    """Say whether colours are wanted on a stream: a terminal that is not a dumb one, and no ``NO_COLOR``.

    Parameters
    ----------
    stream : file
        Where to write.
    """
    # The older consoles of Windows print the codes.
    shown = os.name != "nt" or "WT_SESSION" in os.environ
    return stream.isatty() and shown and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class Screen:
    """Writes lines.

    Parameters
    ----------
    stream : file
        Where to write.
    coloured : bool
        Whether colours are written.
    """

    def __init__(self, stream: TextIO, *, coloured: bool) -> None:
        self._stream = stream
        self._coloured = coloured

    def write(self, content: str, **markup: bool) -> None:
        """Write a part of a line; `markup` names a colour or ``bold``."""
        codes = ";".join(_CODES[name] for name, wanted in markup.items() if wanted)
        self._stream.write(f"\033[{codes}m{content}\033[0m" if codes and self._coloured else content)

    def write_line(self, line: str, **markup: bool) -> None:
        """Write a line, or the rest of one."""
        self.write(line, **markup)
        self._stream.write("\n")


def width_of(stream: TextIO) -> int:
    """Return the characters of a line of a terminal or as ``COLUMNS`` says; a log's where neither is known."""
    if not stream.isatty() and "COLUMNS" not in os.environ:
        return LOG_WIDTH
    return shutil.get_terminal_size((LOG_WIDTH, 24)).columns
