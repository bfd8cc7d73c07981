"""Fixtures that several files of tests ask for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from genesis_core.optimize import reading
from tests.unit.bitfinex_server import MARKET, BitfinexServer, rows_of
from tests.unit.language_cases import HEADER, Define
from tests.unit.trial_cases import make_study, trial


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


@pytest.fixture
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no disk: no power cut is tested here."""
    monkeypatch.setattr(os, "fsync", lambda file: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study of three trials."""
    return make_study(tmp_path / "study", [trial(0), trial(1), trial(2)])


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file counts as old the moment its stamp has passed."""
    monkeypatch.setattr(reading, "YOUNG_NS", 0)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the trials that readers open from now on."""
    names: list[str] = []

    def noted(path: str, mode: str) -> Any:
        names.append(os.path.basename(path))
        return open(path, mode)

    monkeypatch.setattr(reading, "open", noted, raising=False)
    return names
