"""A small study as ``genesis optimize run`` leaves it, and what the command says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import Result

from genesis_core import synthetic
from tests.unit.test_cli import invoke

CANDLES = synthetic(bars=1_500)


def optimize(*arguments: object) -> Result:
    return invoke("optimize", *arguments)


def refused(done: Result) -> str:
    """Return the one line of a refusal, without its beginning."""
    assert done.exit_code == 2, done.output
    assert isinstance(done.exception, SystemExit), done.exception
    (line,) = done.stderr.splitlines()
    assert line.startswith("genesis: ")
    return line.removeprefix("genesis: ")


def scores(study: Path) -> list[dict[str, Any]]:
    """Return what the validation says about each of the best trials."""
    tested: list[dict[str, Any]] = json.loads((study / "validation.json").read_bytes())["tested"]
    return tested
