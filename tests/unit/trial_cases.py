"""Trials as the optimizer records them, and a study's folder made by hand."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from genesis_core.optimize.definition import Search
from genesis_core.optimize.identity import Ground, identity_of
from genesis_core.optimize.objective import METRICS, Objective, judge
from genesis_core.optimize.record import Record, to_bytes
from genesis_core.optimize.spans import Fold
from genesis_core.optimize.store import file_name, write_records
from genesis_core.optimize.study import Study

OBJECTIVE = Objective(metric="sharpe")
GROUND = Ground(data="d", first=0, last=1, bars=2, strategy="s", strategy_code="", version="v", code="c")


def trial(number: int, score: float | None = 1.0, **given: Any) -> Record:
    """Return a trial, one that ranks unless told otherwise; scores of as many digits make records of one size."""
    parameters = {
        "decision.threshold": score or 0.55,
        "exits.max_bars": number % 4,
        "exits.kind": "größer",
    }
    metrics = dict.fromkeys(METRICS) | {"sharpe": score, "trades": 31.0}
    judged = judge(metrics, OBJECTIVE, [])
    return Record(
        **{
            "number": number,
            "identity": identity_of(GROUND, given.get("parameters", parameters)),
            "status": "complete",
            "parameters": parameters,
            "metrics": metrics,
            "score": judged.score,
            "feasible": judged.feasible,
            "reasons": [] if given.get("metrics", metrics) is None else judged.reasons,
            "summary_digest": "ab" * 16,
            "attempts": 1,
            "seconds": 0.25,
            "written": 1_700_000_000_000,
            "data": "d",
            "code": "c",
            **given,
        }
    )


def make_study(folder: Path, records: Iterable[Record] = (), **search: Any) -> Path:
    """Make a study's folder and write trials into it."""
    values = {
        "name": folder.name,
        "parameters": {
            "decision": {"threshold": {"kind": "float", "low": 0.5, "high": 0.7}},
            "exits": {
                "max_bars": {"kind": "int", "low": 0, "high": 3},
                "kind": {"kind": "choice", "values": ["größer", "kleiner"]},
            },
        },
        "objective": {"metric": "sharpe"},
        **search,
    }
    folder.mkdir(parents=True, exist_ok=True)
    Study(folder, Search.from_dict(values), GROUND, Fold(0, 2), {}).save()
    written = list(records)
    if written:
        write_records(folder, written)
    return folder


def write_in_place(path: Path, content: bytes) -> None:
    """Write over a file's bytes: the same inode, and never empty in between."""
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()


def rewrite(folder: Path, record: Record) -> None:
    """Write over a trial's bytes."""
    write_in_place(folder / file_name(record.number), to_bytes(record))


def wait_for_tick(folder: Path, *others: Path) -> None:
    """Wait, some milliseconds at most, until the file system's clock is past the last change in a folder.

    Old kernels have stamps as coarse as their timer; two changes within one tick are what young files are read again
    for, and tests that declare all files old must not make any.
    """
    stamps = []
    for path in [*folder.iterdir(), *others]:
        with suppress(FileNotFoundError):  # such as an index that a reader is just writing
            stamps.append(os.lstat(path).st_ctime_ns)
    newest = max(stamps)
    probe = folder.parent / f"{folder.name}.probe"
    probe.touch()
    while probe.stat().st_ctime_ns <= newest:
        time.sleep(0.0005)
        os.utime(probe)


def has_leases(path: Path) -> bool:
    """Ask the system itself: a token that is never given is a fault, and no reason to skip."""
    import fcntl

    with path.open("rb") as file:
        try:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except OSError:
            return False
    return True
