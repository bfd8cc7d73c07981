"""A study's folder: its definition, one complete file a trial, and nothing half-written.

A trial without a complete record has not happened. Records are written as temporary files, brought to the disk
together, renamed, and the folder after them: a power cut leaves each one whole or absent.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

import msgspec

from genesis_core.errors import SearchError
from genesis_core.optimize.record import Record, from_bytes, to_bytes

STUDY_FILE = "study.toml"
QUARANTINE = "quarantine"
LOCK = ".lock"
_NAME = re.compile(r"trial_(\d{6,})\.json")
_TOGETHER = 32
"""Files that are open at the same time."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
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
            opened.append(os.open(path, _NEW, 0o666))
            _write_whole(opened[-1], to_bytes(record))
        flushers = _flushers(os.getpid())
        for part in [opened[at::_FLUSHERS] for at in range(min(_FLUSHERS, len(opened)))]:
            flushing.append(flushers.submit(_flush_all, part))  # noqa: PERF401  # an interrupt must find those begun
        for flushed in flushing:
            flushed.result()
        _close_all(opened)
        for name, path in zip(names, temporary, strict=True):
            os.replace(path, os.path.join(folder, name))
        temporary = []
        _flush_folder(folder)
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


def _write_durably(path: Path, content: bytes) -> None:
    file = os.open(path, _NEW, 0o666)
    try:
        _write_whole(file, content)
        os.fsync(file)
    finally:
        os.close(file)


def _write_whole(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


@lru_cache(maxsize=1)
def _flushers(process: int) -> ThreadPoolExecutor:
    """Return the threads that flush, a fork its own: to start them anew for each batch would cost half of the gain."""
    return ThreadPoolExecutor(_FLUSHERS, thread_name_prefix="genesis-flush")


def _flush_folder(folder: Path) -> None:
    if sys.platform == "win32":  # a folder cannot be opened there; renames are journalled
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def write_text(path: Path, text: str) -> None:
    """Write a text, see :func:`write_bytes`."""
    write_bytes(path, text.encode())


def write_struct(path: Path, value: msgspec.Struct) -> None:
    """Write a struct as JSON that a person can read, see :func:`write_bytes`."""
    write_bytes(path, msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file of the study atomically and durably.

    Raises
    ------
    SearchError
        If it cannot be written.
    """
    temporary = path.parent / f".{path.name}.{secrets.token_hex(6)}.tmp"
    try:
        try:
            _write_durably(temporary, content)
            temporary.replace(path)
            _flush_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as fault:
        raise SearchError(f"{path}: cannot be written: {fault.strerror or fault}") from None


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


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that one optimizer at a time writes; the system frees it when a process dies.

    Raises
    ------
    SearchError
        If another one holds it.
    """
    try:
        lock = open(folder / LOCK, "a+b")  # noqa: SIM115
    except OSError as fault:
        raise SearchError(f"{folder}: cannot be written: {fault.strerror or fault}") from None
    with lock:
        try:
            _lock(lock.fileno())
        except OSError as fault:
            if fault.errno in (errno.EAGAIN, errno.EACCES):
                raise SearchError(f"{folder}: another optimizer is working on this study") from None
            raise SearchError(f"{folder}: cannot be locked: {fault.strerror or fault}") from None
        for stale in folder.glob(".*.tmp"):  # of a writer that was killed
            if stale.is_file():
                stale.unlink(missing_ok=True)
        yield


def _lock(file: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
