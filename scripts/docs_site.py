"""What mkdocs generates while it builds the site: the reference of exported names, and the help of all programs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import genesis_core
import genesis_core.optimize

PROGRAMS = {"genesis": "genesis_core.cli", "genesis-perf": "pytest_genesis_perf.cli"}
GROUP = "identity and speed of two code paths"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill in what a page asks for by a comment."""
    for package in (genesis_core, genesis_core.optimize):
        comment = f"<!-- exports of {package.__name__} -->"
        if comment in markdown:
            markdown = markdown.replace(comment, "\n".join(exports(package)))
    if "<!-- help of all programs -->" in markdown:
        markdown = markdown.replace("<!-- help of all programs -->", "\n".join(helps()))
    return markdown


def exports(package: Any) -> Iterator[str]:
    """Yield an entry of mkdocstrings for each exported name of a package, by the module that defines it."""
    for name in sorted(package.__all__, key=str.lower):
        found = getattr(package, name)
        if not name.startswith("__"):
            home = found.__module__ if hasattr(found, "__qualname__") else type(found).__module__
            yield f"::: {home}.{name}\n"


def helps() -> Iterator[str]:
    """Yield the help of pytest's options and of each command of each program."""
    told = _run("-m", "pytest", "--help", "-p", "genesis_perf")
    group = re.search(rf"(?m)^{GROUP}.*?(?=^\S)", told, re.DOTALL)
    assert group is not None, "pytest --help has no group of ours"
    keys = "\n".join(line for line in told.splitlines() if re.match(r"  genesis_perf", line))
    yield f"## pytest\n\n```text\n{group[0].rstrip()}\n```\n\nIni keys:\n\n```text\n{keys}\n```\n"
    for program, module in PROGRAMS.items():
        for words in commands(module):
            title = " ".join((program, *words))
            yield f"## {title}\n\n```text\n{_help(module, *words)}\n```\n"


def commands(module: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command of a program, groups before their members."""
    import importlib

    import typer

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield words
        for name, inner in sorted(getattr(command, "commands", {}).items()):
            yield from walk(inner, (*words, name))

    yield from walk(typer.main.get_command(importlib.import_module(module).app), ())


def _help(module: str, *words: str) -> str:
    return _run("-c", f"from {module} import main; main()", *words, "--help").strip()


def _run(*arguments: str) -> str:
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    command = [sys.executable, *arguments]
    # Elsewhere: this repository's own conftest has wishes of its own.
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=True, env=environment
        ).stdout
