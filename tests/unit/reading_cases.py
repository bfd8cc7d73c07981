"""What may happen to a study's folder, and what readers must say of it then."""

from __future__ import annotations

import mmap
import os
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from genesis_core.optimize.index import NAME
from genesis_core.optimize.objective import Objective
from genesis_core.optimize.reading import TrialReader
from genesis_core.optimize.record import Record, to_bytes
from genesis_core.optimize.store import file_name, read_all, trial_names, write_records
from genesis_core.optimize.summarizing import StudyReader
from tests.unit.trial_cases import (
    make_study,
    trial,
    write_in_place,
)

LESS = Objective(metric="sharpe", direction="minimize")
HOUR = 3_600_000_000_000
posix = pytest.mark.skipif(os.name != "posix", reason="inodes and open files of POSIX")


def truth(folder: Path) -> bytes:
    """Return the summary of a reader that remembers nothing."""
    return StudyReader(folder, index=False).summary().to_json()


def scores(reader: TrialReader, **how: bool) -> list[float | None]:
    reader.read(**how)
    return [record.score for record in reader.all_records()]


def read_anew(folder: Path) -> list[float | None]:
    return [record.score for record in read_all(folder)[0].values()]


class Clock:
    """The system's clock, set forward and back."""

    def __init__(self) -> None:
        self.ahead = 0

    def time_ns(self) -> int:
        return time.time_ns() + self.ahead


class Folder:
    """A study's folder and what may happen to it; each method that has no underscore is one thing that may."""

    def __init__(self, tmp: Path, rng: random.Random, clock: Clock) -> None:
        self.path = make_study(tmp / "study", [trial(number, self._score(rng)) for number in range(22)])
        self.other = make_study(tmp / "other", [trial(number, self._score(rng)) for number in range(22)])
        self.rng, self.clock = rng, clock
        self.links: list[Path] = []
        self.indexes: list[bytes] = []
        self.index = self.path / NAME
        StudyReader(self.other).summary()

    @staticmethod
    def _score(rng: random.Random) -> float:
        # Always three digits: trials of one size.
        return rng.randrange(101, 1000) / 100 if rng.random() < 0.95 else 5.55

    def _record(self, number: int) -> Record:
        score = self._score(self.rng)
        kind = self.rng.randrange(8)
        if kind == 0:
            return trial(number, score, feasible=False, reasons=["trades >= 30"])
        if kind == 1:
            return trial(number, None, status="failed", metrics=None, error="died", feasible=False)
        if kind == 2:
            return trial(number, score, status="repeated", repeats=0)
        return trial(number, score)

    def _some(self) -> Path:
        names = trial_names(self.path)
        if not names:
            write_records(self.path, [trial(0)])
            names = [file_name(0)]
        return self.path / self.rng.choice(names)

    def _number(self, path: Path) -> int:
        return int(path.name[6:-5])

    def add(self) -> None:
        write_records(self.path, [self._record(self.rng.randrange(40)) for _ in range(3)])

    def add_by_hand(self) -> None:
        number = self.rng.randrange(40)
        (self.path / file_name(number)).write_bytes(to_bytes(self._record(number)))

    def delete(self) -> None:
        self._some().unlink()

    def rewrite(self) -> None:
        path = self._some()
        write_in_place(path, to_bytes(trial(self._number(path), self._score(self.rng))))

    def rewrite_and_set_back(self) -> None:
        path = self._some()
        before = path.stat()
        write_in_place(path, to_bytes(trial(self._number(path), self._score(self.rng))))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def rename_over(self) -> None:
        path = self._some()
        new = self.path / "new"
        new.write_bytes(to_bytes(self._record(self._number(path))))
        if self.rng.random() < 0.5:
            shutil.copystat(path, new)
        new.replace(path)

    def truncate(self) -> None:
        path = self._some()
        os.truncate(path, self.rng.randrange(path.stat().st_size + 1))

    def flip(self) -> None:
        path = self._some()
        content = bytearray(path.read_bytes() or b"x")
        content[self.rng.randrange(len(content))] ^= 1 << self.rng.randrange(8)
        write_in_place(path, bytes(content))

    def replace_by_a_copy(self) -> None:
        path, other = self._some(), self._some()
        if path != other:
            shutil.copy2(other, path)

    def replace_by_another_study_s(self) -> None:
        path = self._some()
        source = self.other / file_name(self._number(path) % 22)
        new = self.path / "new"
        shutil.copy2(source, new)
        new.replace(path)

    def link(self) -> None:
        link = self.path.parent / f"link {len(self.links)}"
        os.link(self._some(), link)
        self.links.append(link)

    def write_through_a_link(self) -> None:
        if self.links:
            link = self.rng.choice(self.links)
            before = link.stat()
            write_in_place(link, to_bytes(self._record(self.rng.randrange(22))))
            os.utime(link, ns=(before.st_atime_ns, before.st_mtime_ns))

    def write_through_a_mapping(self) -> None:
        path = self._some()
        content = to_bytes(trial(self._number(path), self._score(self.rng)))
        os.truncate(path, len(content))
        with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
            mapped[:] = content

    def swap(self) -> None:
        one, two = self._some(), self._some()
        one.rename(self.path / "aside")
        if two != one:
            two.rename(one)
        (self.path / "aside").rename(two)

    def swap_contents(self) -> None:
        one, two = self._some(), self._some()
        first, second = one.read_bytes(), two.read_bytes()
        write_in_place(one, second)
        write_in_place(two, first)

    def link_by_name(self) -> None:
        path = self._some()
        target = self.path.parent / f"target of {path.name}"
        if not path.is_symlink():
            path.replace(target)
            path.symlink_to(target)

    def touch(self) -> None:
        os.utime(self._some())

    def touch_the_future(self) -> None:
        when = time.time_ns() + HOUR
        os.utime(self._some(), ns=(when, when))

    def permissions(self) -> None:
        self._some().chmod(self.rng.choice([0o600, 0o644]))

    def set_aside(self) -> None:
        (self.path / "quarantine").mkdir(exist_ok=True)
        path = self._some()
        path.replace(self.path / "quarantine" / path.name)

    def a_name_that_is_no_trial_s(self) -> None:
        (self.path / f"trial_{self.rng.randrange(9)}.json").write_bytes(to_bytes(trial(0)))

    def index_deleted(self) -> None:
        self.index.unlink(missing_ok=True)

    def index_flipped(self) -> None:
        if self.index.exists():
            content = bytearray(self.index.read_bytes())
            content[self.rng.randrange(len(content))] ^= 1 << self.rng.randrange(8)
            self.index.write_bytes(content)

    def index_truncated(self) -> None:
        if self.index.exists():
            os.truncate(self.index, self.rng.randrange(self.index.stat().st_size))

    def index_kept(self) -> None:
        if self.index.exists():
            self.indexes.append(self.index.read_bytes())

    def index_of_before(self) -> None:
        if self.indexes:
            self.index.write_bytes(self.rng.choice(self.indexes))

    def index_of_another_study(self) -> None:
        shutil.copy2(self.other / NAME, self.index)

    def index_of_another_objective(self) -> None:
        TrialReader(self.path, LESS).read()

    def index_emptied(self) -> None:
        self.index.write_bytes(b"")

    def index_held_up(self) -> None:
        (self.path / ".index.ab12.tmp").write_bytes(b"half")

    def clock_jumps(self) -> None:
        self.clock.ahead = self.rng.choice([-HOUR, -5_000_000_000, 0, 5_000_000_000, HOUR, HOUR, HOUR])


ACTIONS = [name for name in vars(Folder) if not name.startswith("_")]


class Stamps:
    """A file system whose clock is as coarse as the test wants it: what `os` is to the reader."""

    def __init__(self, modified: int, changed: int) -> None:
        self.modified, self.changed = modified, changed
        self.size: int | None = None

    def status(self, status: os.stat_result) -> Any:
        return SimpleNamespace(
            st_mode=status.st_mode,
            st_mtime_ns=self.modified,
            st_ctime_ns=self.changed,
            st_ino=status.st_ino,
            st_size=status.st_size if self.size is None else self.size,
        )

    def fstat(self, file: int) -> Any:
        return self.status(os.fstat(file))

    @contextmanager
    def scandir(self, folder: Path) -> Iterator[Iterator[Any]]:
        def entry(one: os.DirEntry[str]) -> Any:
            def stat(*, follow_symlinks: bool) -> Any:
                assert not follow_symlinks
                return self.status(os.lstat(one.path))

            return SimpleNamespace(name=one.name, path=one.path, stat=stat)

        with os.scandir(folder) as found:
            yield map(entry, list(found))


SECOND = 1_000_000_000
NOON = 1_800_000_000 * SECOND


def rewrite_and_set_back(path: Path, content: bytes) -> None:
    before = path.stat()
    write_in_place(path, content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def rename_over(path: Path, content: bytes) -> None:
    new = path.parent / "new"
    new.write_bytes(content)
    shutil.copystat(path, new)
    new.replace(path)
