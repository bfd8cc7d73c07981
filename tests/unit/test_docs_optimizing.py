"""The page about optimizing shows what its search prints on the real candles."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from genesis_core.cli import app

ROOT = Path(__file__).parents[2]
SHOWN = "study          search"


@pytest.mark.skipif("GENESIS_DATA_DIR" not in os.environ, reason="needs real candles: GENESIS_DATA_DIR")
def test_the_real_search_says_what_the_page_shows(tmp_path: Path) -> None:
    candles = Path(os.environ["GENESIS_DATA_DIR"]) / "tBTCUSD_1h.csv"
    search = ROOT / "examples" / "search.toml"
    words = ["optimize", "run", search, "--csv", candles, "--gaps", "keep", "--results", tmp_path]
    done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exit_code == 0, done.stderr
    told = [line.rstrip() for line in done.stdout.splitlines()]
    told = told[told.index(SHOWN) :]
    page = (ROOT / "docs" / "optimizing.md").read_text(encoding="utf-8").splitlines()
    start = page.index(f"    {SHOWN}")
    assert [line.removeprefix("    ") for line in page[start : start + len(told)]] == told
