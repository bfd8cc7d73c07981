"""The page about optimizing shows what its search prints on the real candles."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks import search, summaries
from genesis_core.cli import app

ROOT = Path(__file__).parents[2]
SHOWN = "study          search"
WORDS = {
    "disk": "the disk is full, then is not, and the search resumed",
    "endless": "a trial never ends",
    "optimizer": "the optimizer is killed, and resumed",
    "raises": "a trial raises",
    "scheduler": "the scheduler is killed, and started again",
    "worker": "a worker is killed, and another started",
}


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


def test_the_page_shows_the_faults_that_were_made() -> None:
    found = json.loads((ROOT / "benchmarks" / "results" / "faults.json").read_text(encoding="utf-8"))["kinds"]
    rows = [
        f"| {WORDS[kind]} | {one['times']} | {len(one['wrong'])} |" for kind, one in sorted(found.items())
    ]
    page = (ROOT / "docs" / "optimizing.md").read_text(encoding="utf-8")
    table = re.findall(r"<!-- faults -->\n.*?\n.*?\n(.*?)<!-- end -->", page, re.DOTALL)[0].splitlines()
    assert sorted(table) == sorted(rows)


def test_the_benchmarks_of_the_optimizer_run_in_a_small_size(monkeypatch: pytest.MonkeyPatch) -> None:
    # Their answers are compared before anything is timed; how large the figures are is not asked here.
    assert {one.section for one in summaries.run(60, 1)} == {"summaries"}
    monkeypatch.setattr(search, "_two_workers", lambda *_: [])
    made = search.run(1_000, 40, 5, 1)
    assert [one.value for one in made if one.key == "search.again"] == [5]
