"""Studies made for measuring: folders of trial records that no engine has run."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from genesis_core.digest import digest
from genesis_core.optimize import Search
from genesis_core.optimize.identity import Ground, identity_of
from genesis_core.optimize.objective import METRICS, judge
from genesis_core.optimize.reading import YOUNG_NS
from genesis_core.optimize.record import Record
from genesis_core.optimize.sampling import RandomSampler
from genesis_core.optimize.spans import Fold
from genesis_core.optimize.store import write_records
from genesis_core.optimize.study import begin, make_folder

SEARCH = {
    "name": "measured",
    "parameters": {
        "decision.threshold": {"kind": "float", "low": 0.5, "high": 0.7},
        "decision.edge": {"kind": "float", "low": 0.0, "high": 0.3, "step": 0.01},
        "exits.stop": {"kind": "float", "low": 1.0, "high": 6.0},
        "exits.max_bars": {"kind": "int", "low": 10, "high": 200},
    },
    "objective": {"metric": "sharpe"},
    "constraints": [{"metric": "trades", "at_least": 30}],
}
GROUND = Ground(
    data="0" * 32, first=0, last=1, bars=2, strategy="", strategy_code="", version="0", code="0" * 32
)
TOGETHER = 500


def make_study(folder: Path, trials: int) -> Path:
    """Write a study of so many trials, with drawn metrics; the same ones every time.

    Parameters
    ----------
    folder : Path
        Is made.
    trials : int
        How many records.
    """
    search = Search.from_dict(SEARCH)
    make_folder(folder)
    begin(folder, search, GROUND, Fold(0, 2))
    batch: list[Record] = []
    for record in _records(search, trials):
        batch.append(record)
        if len(batch) == TOGETHER:
            write_records(folder, batch)
            batch = []
    if batch:
        write_records(folder, batch)
    return folder


def _records(search: Search, trials: int) -> Iterator[Record]:
    sampler = RandomSampler(search.parameters, 0)
    for number in range(trials):
        parameters = sampler.ask(number, 1)[0]
        drawn = Random(number)
        metrics: dict[str, float | None] = {name: round(drawn.uniform(-1.0, 2.0), 9) for name in METRICS}
        metrics["trades"] = float(int(drawn.random() * 400.0))
        verdict = judge(metrics, search.objective, search.constraints)
        yield Record(
            number=number,
            identity=identity_of(GROUND, parameters),
            status="complete",
            parameters=parameters,
            metrics=metrics,
            score=verdict.score,
            feasible=verdict.feasible,
            reasons=verdict.reasons,
            summary_digest=digest((number, "run")),
            attempts=1,
            seconds=0.001,
            written=1_600_000_000_000 + number,
            data=GROUND.data,
            code=GROUND.code,
            config=digest((number, "config")),
        )


def let_settle(folder: Path) -> None:
    """Wait until the files are older than what a file system's clock can confuse."""
    newest = max(entry.stat().st_ctime_ns for entry in os.scandir(folder))
    time.sleep(max(0.0, (newest + YOUNG_NS - time.time_ns()) * 1e-9 + 0.01))
