"""The history of speeds: a file of JSON lines, one for each comparison of each run, only ever appended to."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pytest_genesis_perf.file_lock import exclusive
from pytest_genesis_perf.record import LARGEST, SMALLEST

if TYPE_CHECKING:
    from pytest_genesis_perf.record import Comparison
    from pytest_genesis_perf.report.model import Report

SCHEMA = 1
_GIT_SECONDS = 10.0


class HistoryError(Exception):
    """A file of history that cannot be read: which line, and what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One comparison of one run.

    Parameters
    ----------
    schema : int
        Version of the form.
    time : str
        When the run ended: ISO 8601 in UTC, to the second.
    commit : str or None
        The commit that was checked out, None outside a repository.
    changed : bool
        Whether files that it tracks had been changed.
    environment : str
        The environment class in words.
    test, label : str
        Which comparison of which test.
    work : str or None
        What one call does.
    verdict : str
        As the run said it.
    speedup : float
        Baseline seconds / optimized seconds.
    interval : tuple of float or None
        Its ends.
    seconds : dict or None
        Median seconds of one call of "baseline" and "optimized".
    memory_bytes, instructions : dict or None
        Costs of a call of each, where they were counted.
    """

    schema: int
    time: str
    commit: str | None
    changed: bool
    environment: str
    test: str
    label: str
    work: str | None
    verdict: str
    speedup: float
    interval: tuple[float, float] | None
    seconds: dict[str, float] | None
    memory_bytes: dict[str, int] | None
    instructions: dict[str, int | str] | None


def entries(report: Report, time: datetime, commit: str | None, *, changed: bool) -> list[Entry]:
    """Return the lines of a run: its measured comparisons, by test and label.

    Parameters
    ----------
    report : Report
        The run.
    time : datetime
        When it ended, with a zone.
    commit : str or None
        The commit that was checked out.
    changed : bool
        Whether tracked files had been changed.
    """
    when = time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    measured = sorted((r for r in report.comparisons if r.speedup is not None), key=lambda record: record.key)
    return [_entry(record, when, commit, changed, report.environment.text()) for record in measured]


def append(path: Path, told: Sequence[Entry]) -> None:
    """Put lines behind those that a file holds; folders above it are made.

    Parameters
    ----------
    path : Path
        The file. A last line that was cut off is left as it is, on a line of its own.
    told : sequence of Entry
        The new lines.

    Raises
    ------
    OSError
        If it cannot be written, or another run holds its lock for too long.
    """
    text = "".join(json.dumps(asdict(entry), allow_nan=False) + "\n" for entry in told)
    path.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(path.with_name(f".{path.name}.lock")), path.open("a+b") as file:
        if file.tell():
            file.seek(-1, 2)
            if file.read(1) != b"\n":
                text = "\n" + text
        file.write(text.encode())


def read(path: Path) -> list[Entry]:
    """Read a file of history.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    HistoryError
        If it cannot be read, or a line is none that was written.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise HistoryError(
            f"{path}: {error.strerror}; a history is written by --genesis-perf-history=FILE"
        ) from None
    if lines[:1] == [b"{"]:
        raise HistoryError(f"{path}: is no history, which has a whole value in each line; is it a report?")
    return [
        _read_line(f"{path}:{number}", line) for number, line in enumerate(lines, start=1) if line.strip()
    ]


def commit_of(folder: Path) -> tuple[str | None, bool]:
    """Return the commit that is checked out where a folder is, None outside a repository, and whether files changed.

    Parameters
    ----------
    folder : Path
        A folder of the project.
    """
    head = _git(folder, "rev-parse", "HEAD")
    status = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return (head or None), bool(status)


def _entry(record: Comparison, when: str, commit: str | None, changed: bool, environment: str) -> Entry:
    assert record.speedup is not None
    return Entry(
        schema=SCHEMA,
        time=when,
        commit=commit,
        changed=changed,
        environment=environment,
        test=record.nodeid,
        label=record.label,
        work=record.work,
        verdict=record.verdict,
        speedup=record.speedup,
        interval=record.interval,
        seconds=dict(record.seconds) if record.seconds else None,
        memory_bytes=dict(record.memory_bytes) if record.memory_bytes else None,
        instructions=dict(record.instructions) if record.instructions else None,
    )


def _read_line(where: str, line: bytes) -> Entry:
    try:
        plain = msgspec.json.decode(line)
        if not isinstance(plain, dict) or "schema" not in plain:
            raise HistoryError(f"{where}: is no line of a history: it has no key schema")
        if plain["schema"] != SCHEMA:
            raise HistoryError(
                f"{where}: schema {plain['schema']!r} was written by another version, this one reads {SCHEMA}"
            )
        entry = msgspec.convert(plain, Entry)
        datetime.strptime(entry.time, "%Y-%m-%dT%H:%M:%SZ")
        numbers = [entry.speedup, *(entry.interval or ())]
        if not all(SMALLEST <= number <= LARGEST for number in numbers):
            raise ValueError(f"Expected speedups over 0, got {numbers} - at `$.speedup`, `$.interval`")
    except ValueError as error:
        raise HistoryError(
            f"{where}: is damaged: {error}; nothing was changed: remove the line, or mend it"
        ) from None
    return entry


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_GIT_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""
