"""The trials in a study's folder: one complete file each, and nothing half-written.

A trial without a complete record has not happened. Records are written as temporary files, brought to the disk
together, renamed, and the folder after them: a power cut leaves each one whole or absent.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from genesis_core.durable import flush_folder
from genesis_core.errors import SearchError
from genesis_core.optimize.files import NEW, write_whole
from genesis_core.optimize.record import Record, from_bytes, to_bytes

STUDY_FILE = "study.toml"
QUARANTINE = "quarantine"
_NAME = re.compile(r"trial_(\d{6,})\.json")
_TOGETHER = 32
"""Files that are open at the same time."""
_FLUSHERS = 8
"""Threads that wait for the disk: it commits what is asked for at the same time in one go."""


def file_name(number: int) -> str:
    """Return the name of a trial's file."""
    return f"trial_{number:06d}.json"


def number_in(name: str) -> int | None:
    """Return the number of the trial whose file has this name, None for any other file."""
    found = _NAME.fullmatch(name)
    if found is None or file_name(int(found[1])) != name:
        return None
    return int(found[1])


def write_records(folder: Path, records: Sequence[Record]) -> None:
    """Write records durably: when this returns they survive a power cut; before, each is whole or absent.

    Raises
    ------
    SearchError
        If they cannot be written, such as on a full disk; none of them is then half there.
    """
    try:
        for at in range(0, len(records), _TOGETHER):
            _write_together(folder, records[at : at + _TOGETHER])
    except OSError as fault:
        raise SearchError(f"{folder}: a trial cannot be written: {fault.strerror or fault}") from None


def _write_together(folder: Path, records: Sequence[Record]) -> None:
    names = [file_name(record.number) for record in records]
    token = secrets.token_hex(6)
    # Texts, not paths: these would be a tenth of the time.
    temporary = [os.path.join(folder, f".{name}.{token}-{at}.tmp") for at, name in enumerate(names)]
    opened: list[int] = []
    flushing: list[Future[None]] = []
    try:
        for path, record in zip(temporary, records, strict=True):
            opened.append(os.open(path, NEW, 0o666))
            write_whole(opened[-1], to_bytes(record))
        flushers = _flushers(os.getpid())
        for part in [opened[at::_FLUSHERS] for at in range(min(_FLUSHERS, len(opened)))]:
            flushing.append(flushers.submit(_flush_all, part))  # noqa: PERF401  # an interrupt must find those begun
        for flushed in flushing:
            flushed.result()
        _close_all(opened)
        for name, path in zip(names, temporary, strict=True):
            os.replace(path, os.path.join(folder, name))
        temporary = []
        flush_folder(folder)
    finally:
        wait(flushing)
        for file in opened:
            with suppress(OSError):
                os.close(file)
        for path in temporary:
            with suppress(OSError):  # the next writer tries again; what went wrong is told, not this
                os.unlink(path)


def _flush_all(files: Sequence[int]) -> None:
    for file in files:
        os.fsync(file)


def _close_all(files: list[int]) -> None:
    while files:
        os.close(files.pop())


@lru_cache(maxsize=1)
def _flushers(process: int) -> ThreadPoolExecutor:
    """Return the threads that flush, a fork its own: to start them anew for each batch would cost half of the gain."""
    return ThreadPoolExecutor(_FLUSHERS, thread_name_prefix="genesis-flush")


def record_in(name: str, content: bytes) -> Record:
    """Return the record that a trial's file of this name holds.

    Raises
    ------
    SearchError
        If it is cut short or changed, or is of another trial than the name says.
    """
    record = from_bytes(content)
    if record.number != number_in(name):
        raise SearchError(f"holds trial {record.number}")
    return record


def read_record(path: Path) -> Record:
    """Read one trial.

    Raises
    ------
    SearchError
        If it cannot be read, is cut short or changed, or is of another trial than its name says.
    """
    try:
        return record_in(path.name, path.read_bytes())
    except OSError as fault:
        raise SearchError(f"{path}: cannot be read: {fault.strerror or fault}") from None
    except SearchError as fault:
        raise SearchError(f"{path}: {fault}") from None


def read_all(folder: Path) -> tuple[dict[int, Record], dict[str, str]]:
    """Read all trials of a folder.

    Returns
    -------
    records : dict
        Number -> record.
    broken : dict
        Name of a file that is no whole record -> why.

    Raises
    ------
    SearchError
        If the folder or a file in it cannot be read.
    """
    records: dict[int, Record] = {}
    broken: dict[str, str] = {}
    for name in trial_names(folder):
        path = folder / name
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                broken[name] = "not a file"
                continue
            content = path.read_bytes()
        except OSError as fault:
            raise SearchError(f"{path}: cannot be read: {fault.strerror or fault}") from None
        try:
            record = record_in(name, content)
        except SearchError as fault:
            broken[name] = str(fault)
        else:
            records[record.number] = record
    return records, broken


def trial_names(folder: Path) -> list[str]:
    """Return the names of all trials' files, in order.

    Raises
    ------
    SearchError
        If there is no such folder.
    """
    try:
        return sorted((name for name in os.listdir(folder) if number_in(name) is not None), key=_order)
    except OSError as fault:
        raise SearchError(f"{folder}: cannot be read: {fault.strerror or fault}") from None


def _order(name: str) -> int:
    return int(name[6:-5])


def quarantine(folder: Path, name: str) -> Path:
    """Set a broken file aside, under a name that is free; it is never deleted.

    Raises
    ------
    SearchError
        If it cannot be moved.
    """
    aside = folder / QUARANTINE
    try:
        aside.mkdir(exist_ok=True)
        target = aside / name
        count = 1
        while os.path.lexists(target):
            count += 1
            target = aside / f"{name}.{count}"
        (folder / name).rename(target)
    except OSError as fault:
        raise SearchError(f"{folder / name}: cannot be set aside: {fault.strerror or fault}") from None
    return target
