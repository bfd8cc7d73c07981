"""Options that several commands of ``genesis-perf`` have, and what they do."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from pytest_genesis_perf.screen import Screen, shows_colours


class Colour(str, Enum):
    """When colours are written."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


ColourOption = Annotated[Colour, typer.Option("--color", help="When to write colours.", case_sensitive=False)]
JsonFile = Annotated[
    Path | None,
    typer.Option(
        "--json", metavar="FILE", help="Write the result as JSON; - for standard output, and nothing else."
    ),
]


def screen_of(color: Colour) -> Screen:
    """Return standard output, coloured as asked for."""
    coloured = shows_colours(sys.stdout) if color is Colour.AUTO else color is Colour.ALWAYS
    return Screen(sys.stdout, coloured=coloured)


def write_json(file: Path, text: str) -> None:
    """Write a text to a file, or to standard output for ``-``.

    Raises
    ------
    typer.BadParameter
        If it cannot be written.
    """
    if str(file) == "-":
        sys.stdout.write(text)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as fault:
        raise typer.BadParameter(f"{file}: {fault.strerror}", param_hint="--json") from None
