"""Fixtures that several files of tests ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.bitfinex_server import MARKET, BitfinexServer, rows_of
from tests.unit.language_cases import HEADER, Define


@pytest.fixture
def define(tmp_path: Path) -> Define:
    """Write a module and return one of its functions; the checker reads sources from files."""

    def run(text: str, name: str = "f", header: str = HEADER) -> Callable[..., Any]:
        path = tmp_path / "law.py"
        path.write_text(header + text, encoding="utf-8")
        namespace: dict[str, Any] = {"__name__": "law"}
        exec(compile(header + text, str(path), "exec"), namespace)
        return namespace[name]

    return run


@pytest.fixture
def exchange() -> Iterator[BitfinexServer]:
    """Serve a local market."""
    with BitfinexServer(rows_of(MARKET)) as server:
        yield server
