"""Fixtures that several files of tests ask for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from genesis_core.optimize import reading
from tests.unit.bitfinex_server import MARKET, BitfinexServer, rows_of
from tests.unit.language_cases import HEADER, Define
from tests.unit.search_cases import write_search
from tests.unit.study_cases import optimize
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


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """Run the search once; nobody may change the folder."""
    folder = tmp_path_factory.mktemp("searched")
    write_search(folder / "s.toml")
    done = optimize("run", folder / "s.toml", "--results", folder / "results")
    assert done.exit_code == 0, done.output
    return folder, done


@pytest.fixture
def study(searched: tuple[Path, Result], tmp_path: Path) -> Path:
    """Return a copy of the study, beside a copy of its search file."""
    shutil.copytree(searched[0], tmp_path, dirs_exist_ok=True)
    return tmp_path / "results" / "s"


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
