"""Where results go: lines for people, JSON, files."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genesis_core.cli.shell import UsageError

if TYPE_CHECKING:
    from rich.console import Console

JsonFile = Annotated[
    Path | None,
    typer.Option(
        "--json", metavar="FILE", help="Write the result as JSON; - for standard output, and nothing else."
    ),
]
_PIPED_WIDTH = 180


def is_standard_output(file: Path | None) -> bool:
    """Say whether ``--json -`` was given: then nothing else is printed."""
    return file is not None and str(file) == "-"


def console() -> Console:
    """Return where lines for people are printed; a pipe has no width that tables must keep to."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=_PIPED_WIDTH)


def print_figures(rows: Iterable[tuple[str, str]]) -> None:
    """Print names and their values, one a line."""
    from rich.markup import escape

    out = console()
    for name, text in rows:
        out.print(f"[bold]{name:<15}[/bold]{escape(text)}", soft_wrap=True)


def write_json(file: Path | None, plain: Mapping[str, Any]) -> None:
    """Write what a command found as JSON, if that was asked for.

    Parameters
    ----------
    file : Path or None
        ``-`` is standard output.
    plain : mapping
        Values that JSON knows; floats in the shortest form that reads back as the same bits.

    Raises
    ------
    UsageError
        If the file cannot be written.
    """
    if file is None:
        return
    text = json.dumps(plain, indent=2, allow_nan=False) + "\n"
    if is_standard_output(file):
        sys.stdout.write(text)
    else:
        write_file(file, text.encode(), "--json")


def write_file(file: Path, content: bytes, option: str) -> None:
    """Write a file that an option names.

    Raises
    ------
    UsageError
        If it cannot be written; names option, file and fault.
    """
    try:
        file.write_bytes(content)
    except OSError as fault:
        raise UsageError(f"{option} {file}: cannot be written: {fault.strerror}") from None


def check_folder(file: Path | None, option: str) -> None:
    """Say before a long run that a file it shall write has no folder to be in.

    Raises
    ------
    UsageError
        If the folder does not exist, or the file is one.
    """
    if file is None or str(file) == "-":
        return
    if not file.parent.is_dir():
        raise UsageError(f"{option} {file}: cannot be written: {file.parent} is no folder")
    if file.is_dir():
        raise UsageError(f"{option} {file}: cannot be written: it is a folder")
