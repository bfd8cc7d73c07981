"""Readers that remember answer like one that reads everything anew, after whatever happens to the files."""

from __future__ import annotations

import io
import mmap
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from genesis_core.errors import SearchError
from genesis_core.optimize import index as index_module
from genesis_core.optimize import reading, validating
from genesis_core.optimize.definition import Search
from genesis_core.optimize.importance import LEAST_TRIALS
from genesis_core.optimize.index import NAME, Entry, Signature, State, load_index, save_index
from genesis_core.optimize.leases import Writers
from genesis_core.optimize.objective import Objective
from genesis_core.optimize.ranking import Analysis, analyse, best_of
from genesis_core.optimize.reading import TrialReader
from genesis_core.optimize.record import Record, to_bytes
from genesis_core.optimize.store import file_name, read_all, trial_names, write_records
from genesis_core.optimize.study import Study
from genesis_core.optimize.summarizing import StudyReader, summarize
from genesis_core.optimize.validating import FILE, Validated
from tests.unit.trial_cases import (
    OBJECTIVE,
    has_leases,
    make_study,
    rewrite,
    trial,
    wait_for_tick,
    write_in_place,
)

LESS = Objective(figure="sharpe", direction="minimize")
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


@pytest.fixture(autouse=True)
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
            return trial(number, None, status="failed", figures=None, error="died", feasible=False)
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


@posix
@pytest.mark.parametrize("seed", range(6))
def test_all_readers_agree_with_one_that_remembers_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng, clock = random.Random(seed), Clock()
    clock.ahead = HOUR
    monkeypatch.setattr(reading, "time", clock)
    study = Folder(tmp_path, rng, clock)
    long_lived = {
        "with an index": (StudyReader(study.path), False),
        "without an index": (StudyReader(study.path, index=False), False),
        "watching": (StudyReader(study.path, index=False), True),
        "watching, with an index": (StudyReader(study.path), True),
    }
    done: list[str] = []
    for _ in range(60):
        wait_for_tick(study.path, *study.links)
        done.append(rng.choice(ACTIONS))
        getattr(study, done[-1])()
        expected = truth(study.path)
        for name, (reader, watch) in long_lived.items():
            if rng.random() < (0.6 if watch else 0.3):
                continue
            for again in range(2 if watch else 1):
                assert reader.summary(watch=watch).to_json() == expected, (name, again, done)
        assert StudyReader(study.path).summary().to_json() == expected, ("new", done)
        if rng.random() < 0.2:
            # At once, without a change: from the index alone.
            assert StudyReader(study.path).summary().to_json() == expected, ("warm", done)
    assert len(set(done)) > 20  # of the things that may happen


def test_the_actions_of_these_tests_do_happen(tmp_path: Path) -> None:
    study = Folder(tmp_path, random.Random(0), Clock())
    study.link()
    assert len(ACTIONS) == 31
    for name in (
        "rewrite",
        "write_through_a_link",
        "write_through_a_mapping",
        "rename_over",
        "delete",
        "flip",
    ):
        before = truth(study.path)
        for _ in range(5):
            getattr(study, name)()
        assert truth(study.path) != before, name


class TestUnchanged:
    def test_a_folder_of_old_files_is_not_read_again(
        self, folder: Path, old: None, opened: list[str]
    ) -> None:
        wait_for_tick(folder)
        reader = TrialReader(folder, OBJECTIVE)
        state = reader.read()
        assert sorted(opened) == trial_names(folder)
        for _ in range(3):
            assert reader.read() is state
        assert len(opened) == 3

    def test_nor_by_a_new_reader_with_the_index(self, folder: Path, old: None, opened: list[str]) -> None:
        wait_for_tick(folder)
        state = TrialReader(folder, OBJECTIVE).read()
        opened.clear()
        again = TrialReader(folder, OBJECTIVE).read()
        assert opened == []
        assert again == state
        assert list(again.entries) == list(state.entries)

    def test_nor_by_another_process_with_the_index(self, folder: Path, old: None) -> None:
        wait_for_tick(folder)
        TrialReader(folder, OBJECTIVE).read()
        code = (
            "import sys\nfrom pathlib import Path\nfrom genesis_core.optimize import reading\n"
            "from tests.unit.trial_cases import OBJECTIVE\nreading._read = None\n"
            "reader = reading.TrialReader(Path(sys.argv[1]), OBJECTIVE)\nprint(reader.read().analysis.order)"
        )
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        ended = subprocess.run(
            [sys.executable, "-c", code, str(folder)],
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONPATH": path},
            check=False,
        )
        assert (ended.stdout, ended.stderr) == ("[0, 1, 2]\n", "")

    def test_only_what_changed_is_read(self, folder: Path, old: None, opened: list[str]) -> None:
        wait_for_tick(folder)
        reader = TrialReader(folder, OBJECTIVE)
        reader.read()
        opened.clear()
        rewrite(folder, trial(1, 7.0))
        write_records(folder, [trial(3, 8.0)])
        (folder / file_name(2)).unlink()
        wait_for_tick(folder)
        assert scores(reader) == [1.0, 7.0, 8.0]
        assert sorted(opened) == [file_name(1), file_name(3)]
        opened.clear()
        assert scores(TrialReader(folder, OBJECTIVE)) == [1.0, 7.0, 8.0]
        assert opened == []

    def test_without_an_index_none_is_read_or_written(
        self, folder: Path, old: None, opened: list[str]
    ) -> None:
        TrialReader(folder, OBJECTIVE, index=False).read()
        assert not (folder / NAME).exists()
        TrialReader(folder, OBJECTIVE).read()
        opened.clear()
        TrialReader(folder, OBJECTIVE, index=False).read()
        assert len(opened) == 3

    def test_broken_files_are_remembered_too(self, folder: Path, old: None, opened: list[str]) -> None:
        os.truncate(folder / file_name(0), 9)
        (folder / file_name(1)).replace(folder / file_name(7))
        wait_for_tick(folder)
        reader = StudyReader(folder)
        broken = {file_name(0): "cut short, or no trial's record", file_name(7): "holds trial 1"}
        assert reader.summary().broken == broken
        opened.clear()
        assert reader.summary().broken == broken
        assert StudyReader(folder).summary().broken == broken
        assert opened == []

    @pytest.mark.skipif(sys.platform != "linux", reason="change tokens are Linux's")
    def test_with_a_token_the_folder_is_not_even_looked_at(
        self, folder: Path, old: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not has_leases(folder / file_name(0)):
            pytest.skip("this file system has no read leases")
        wait_for_tick(folder)
        reader = StudyReader(folder)
        for _ in range(2):  # reading the files is seen by the token too
            reader.summary(watch=True)
        with monkeypatch.context() as patched:
            patched.setattr(TrialReader, "_look", None)
            first = reader.summary(watch=True)
            assert reader.summary(watch=True) is first
            assert reader.summary(top=1, watch=True).top == first.top[:1]
            assert reader.summary(top=10).to_json() == first.to_json()
        rewrite(folder, trial(1, 7.0))
        assert reader.summary(watch=True).to_json() == truth(folder) != first.to_json()


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


class TestCoarseStamps:
    @pytest.fixture
    def stamps(self, monkeypatch: pytest.MonkeyPatch) -> Stamps:
        """All files were written at noon, and all later writes are too."""
        made = Stamps(NOON, NOON)
        monkeypatch.setattr(reading, "os", made)
        return made

    @pytest.fixture
    def at(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
        """Set the clock."""

        def set_clock(now: int) -> None:
            monkeypatch.setattr(reading, "time", SimpleNamespace(time_ns=lambda: now))

        return set_clock

    @pytest.mark.parametrize("after", [-HOUR, -1, 0, 1, SECOND, 2 * SECOND, reading.YOUNG_NS])
    @pytest.mark.parametrize("index", [False, True])
    def test_a_young_file_is_read_again_and_seen_though_its_stamps_are_the_same(
        self, folder: Path, stamps: Stamps, at: Callable[[int], None], after: int, index: bool
    ) -> None:
        at(NOON + after)
        reader = TrialReader(folder, OBJECTIVE, index=index)
        state = reader.read()
        assert not any(entry.settled for entry in state.entries.values())
        assert reader.read() is state
        rewrite(folder, trial(1, 7.0))
        assert scores(TrialReader(folder, OBJECTIVE)) == [1.0, 7.0, 1.0]
        rewrite(folder, trial(1, 8.0))
        # Later, it still was young when it was read.
        at(NOON + HOUR)
        assert scores(reader) == [1.0, 8.0, 1.0]

    def test_it_is_young_or_old_by_the_time_before_it_was_read(
        self, folder: Path, stamps: Stamps, at: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Reading may take long, and somebody writes meanwhile."""
        at(NOON + SECOND)

        def slow(path: str, mode: str) -> Any:
            return Meanwhile(path, "after it was read", lambda: at(NOON + HOUR))

        reader = TrialReader(folder, OBJECTIVE)
        (folder / file_name(0)).unlink()
        (folder / file_name(2)).unlink()
        with monkeypatch.context() as patched:
            patched.setattr(reading, "open", slow, raising=False)
            reader.read()
        rewrite(folder, trial(1, 7.0))
        assert scores(reader) == [7.0]

    def test_an_old_one_is_not(
        self, folder: Path, stamps: Stamps, at: Callable[[int], None], opened: list[str]
    ) -> None:
        at(NOON + reading.YOUNG_NS + 1)
        reader = TrialReader(folder, OBJECTIVE)
        state = reader.read()
        assert all(entry.settled for entry in state.entries.values())
        assert reader.read() is state
        assert TrialReader(folder, OBJECTIVE).read() == state
        assert len(opened) == 3

    def test_a_young_one_that_grew_old_unchanged_is_read_a_last_time(
        self, folder: Path, stamps: Stamps, at: Callable[[int], None], opened: list[str]
    ) -> None:
        reader = TrialReader(folder, OBJECTIVE)
        for when in (0, 1, 3, 4, 5):
            at(NOON + when * SECOND)
            reader.read()
        assert len(opened) == 9
        assert TrialReader(folder, OBJECTIVE).read().analysis.order == [0, 1, 2]
        assert len(opened) == 9

    @pytest.mark.parametrize("young", ["modified", "changed"])
    @pytest.mark.parametrize("ahead", [-SECOND, 0, HOUR])
    def test_either_stamp_that_is_young_or_in_the_future_is_enough(
        self, folder: Path, stamps: Stamps, at: Callable[[int], None], young: str, ahead: int
    ) -> None:
        stamps.modified = stamps.changed = NOON - HOUR
        setattr(stamps, young, NOON + ahead)
        at(NOON)
        reader = TrialReader(folder, OBJECTIVE)
        reader.read()
        rewrite(folder, trial(1, 7.0))
        assert scores(reader) == [1.0, 7.0, 1.0]
        rewrite(folder, trial(1, 8.0))
        assert scores(TrialReader(folder, OBJECTIVE)) == [1.0, 8.0, 1.0]

    @pytest.mark.parametrize("moved", ["modified", "changed"])
    @pytest.mark.parametrize("by", [-1, 1])
    def test_each_stamp_alone_tells_a_change(
        self, folder: Path, stamps: Stamps, at: Callable[[int], None], moved: str, by: int
    ) -> None:
        at(NOON + HOUR)
        reader = TrialReader(folder, OBJECTIVE)
        reader.read()
        rewrite(folder, trial(1, 7.0))
        setattr(stamps, moved, NOON + by)
        assert scores(TrialReader(folder, OBJECTIVE)) == [1.0, 7.0, 1.0]
        assert scores(reader) == [1.0, 7.0, 1.0]

    def test_so_does_the_size(self, folder: Path, stamps: Stamps, at: Callable[[int], None]) -> None:
        at(NOON + HOUR)
        reader = TrialReader(folder, OBJECTIVE)
        reader.read()
        rewrite(folder, trial(1, 7.25))
        assert scores(TrialReader(folder, OBJECTIVE)) == [1.0, 7.25, 1.0]
        assert scores(reader) == [1.0, 7.25, 1.0]

    @posix
    def test_so_does_the_inode(self, folder: Path, stamps: Stamps, at: Callable[[int], None]) -> None:
        at(NOON + HOUR)
        reader = TrialReader(folder, OBJECTIVE)
        reader.read()
        write_records(folder, [trial(1, 7.0)])
        assert scores(TrialReader(folder, OBJECTIVE)) == [1.0, 7.0, 1.0]
        assert scores(reader) == [1.0, 7.0, 1.0]


class Meanwhile(io.FileIO):
    """A file to which something happens at one moment of its being read."""

    def __init__(self, path: str, moment: str, happens: Callable[[], None]) -> None:
        if moment == "before it is opened":
            happens()
        super().__init__(path, "rb")
        self._moment, self._happens = moment, happens

    def read(self, size: int = -1) -> Any:
        if self._moment == "before it is read":
            self._happens()
        if self._moment == "while it is read":
            begun = super().read(150)
            self._happens()
            return begun + super().read(size)
        content = super().read(size)
        if self._moment == "after it was read":
            self._happens()
        return content

    def close(self) -> None:
        opened = not self.closed
        super().close()
        if opened and self._moment == "after it was closed":
            self._happens()


def rewrite_and_set_back(path: Path, content: bytes) -> None:
    before = path.stat()
    write_in_place(path, content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def rename_over(path: Path, content: bytes) -> None:
    new = path.parent / "new"
    new.write_bytes(content)
    shutil.copystat(path, new)
    new.replace(path)


MOMENTS = [
    "before it is opened",
    "before it is read",
    "while it is read",
    "after it was read",
    "after it was closed",
]


@contextmanager
def no_lease(file: int) -> Iterator[Writers]:
    """As where there are none: another system, or another's file."""
    yield Writers.UNKNOWN


class Reading:
    """A reader of a folder, one of whose trials changes while it is read for the first time."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.path = folder, folder / file_name(1)
        self.reader = TrialReader(folder, OBJECTIVE)
        self.file: Meanwhile | None = None
        self._monkeypatch = monkeypatch

    def change(self, how: Callable[[Path, bytes], None]) -> None:
        wait_for_tick(self.folder)
        how(self.path, to_bytes(trial(1, 7.0)))
        wait_for_tick(self.folder)

    def read(self, moment: str, change: Callable[[], None], *, watch: bool) -> Entry:
        """Return what the reader then knows about the trial."""
        done: list[str] = []

        def happens() -> None:
            if not done:
                done.append(moment)
                change()

        def meanwhile(name: str, mode: str) -> Any:
            if name != str(self.path):
                return open(name, mode)
            self.file = Meanwhile(name, moment, happens)
            return self.file

        wait_for_tick(self.folder)
        with self._monkeypatch.context() as patched:
            patched.setattr(reading, "open", meanwhile, raising=False)
            state = self.reader.read(watch=watch)
        assert done == [moment]
        return state.entries[self.path.name]

    def assert_right(self, *, watch: bool) -> None:
        assert scores(TrialReader(self.folder, OBJECTIVE)) == [1.0, 7.0, 1.0]
        for _ in range(3):
            assert scores(self.reader, watch=watch) == [1.0, 7.0, 1.0]


@posix
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(
    ("how", "leases"),
    [(rewrite_and_set_back, False), (rename_over, False), (rename_over, True)],
    ids=["written to, no leases", "renamed over, no leases", "renamed over"],
)
@pytest.mark.parametrize("watch", [False, True])
def test_what_changes_while_it_is_read_is_right_the_next_time(
    folder: Path,
    old: None,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    how: Callable[[Path, bytes], None],
    leases: bool,
    watch: bool,
) -> None:
    """A lease does not hinder who renames; who writes is hindered by one, see below, but not everywhere."""
    if not leases:
        monkeypatch.setattr(reading, "lease", no_lease)
    one = Reading(folder, monkeypatch)
    entry = one.read(moment, lambda: one.change(how), watch=watch)
    assert entry.fault or msgspec.msgpack.decode(entry.content, type=Record) in (trial(1), trial(1, 7.0))
    one.assert_right(watch=watch)


@pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's")
@pytest.mark.parametrize("moment", MOMENTS[1:4])
@pytest.mark.parametrize("watch", [False, True])
def test_who_begins_to_write_while_it_is_read_waits_and_is_seen_the_next_time(
    folder: Path, old: None, monkeypatch: pytest.MonkeyPatch, moment: str, watch: bool
) -> None:
    import fcntl

    if not has_leases(folder / file_name(1)):
        pytest.skip("this file system has no read leases")
    one = Reading(folder, monkeypatch)
    writer = threading.Thread(target=lambda: one.change(rewrite_and_set_back), daemon=True)

    def write() -> None:
        assert one.file is not None
        assert fcntl.fcntl(one.file, fcntl.F_GETLEASE) == fcntl.F_RDLCK
        writer.start()
        while fcntl.fcntl(one.file, fcntl.F_GETLEASE) == fcntl.F_RDLCK:  # until the writer waits for it
            assert writer.is_alive()
            time.sleep(0.0005)

    entry = one.read(moment, write, watch=watch)
    assert entry.fault == ""
    assert msgspec.msgpack.decode(entry.content, type=Record) == trial(1)
    writer.join(10)
    assert not writer.is_alive()
    one.assert_right(watch=watch)


@pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's")
@pytest.mark.parametrize("moment", MOMENTS[1:4])
@pytest.mark.parametrize("watch", [False, True])
def test_a_writer_that_waited_until_the_lease_was_taken_away_is_seen_the_next_time(
    folder: Path, old: None, monkeypatch: pytest.MonkeyPatch, moment: str, watch: bool
) -> None:
    """After 45 seconds the system does, such as from a process that was stopped by Ctrl-Z."""
    import fcntl

    if not has_leases(folder / file_name(1)):
        pytest.skip("this file system has no read leases")
    one = Reading(folder, monkeypatch)

    def taken_away() -> None:
        assert one.file is not None
        fcntl.fcntl(one.file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        one.change(rewrite_and_set_back)

    entry = one.read(moment, taken_away, watch=watch)
    assert entry.fault or msgspec.msgpack.decode(entry.content, type=Record) in (trial(1), trial(1, 7.0))
    one.assert_right(watch=watch)


@posix
@pytest.mark.parametrize("watch", [False, True])
def test_a_file_that_somebody_has_open_for_writing_is_read_each_time(
    folder: Path, old: None, opened: list[str], watch: bool
) -> None:
    """Not where the system cannot say so: there, stamps are all there is."""
    if sys.platform != "linux" or not has_leases(folder / file_name(1)):
        pytest.skip("this file system has no read leases")
    wait_for_tick(folder)
    reader = TrialReader(folder, OBJECTIVE)
    with (folder / file_name(1)).open("r+b"):
        for _ in range(3):
            reader.read(watch=watch)
        assert sorted(opened) == sorted([*trial_names(folder), file_name(1), file_name(1)])
        TrialReader(folder, OBJECTIVE).read()
        assert len(opened) == 6
    for _ in range(3):
        reader.read(watch=watch)
    assert len(opened) == 7


@posix
def test_a_writer_s_half_is_broken_and_whole_the_next_time(folder: Path, old: None) -> None:
    content = to_bytes(trial(1, 7.0))
    reader = StudyReader(folder)
    with (folder / file_name(1)).open("r+b", buffering=0) as file:
        for at in range(0, len(content), 60):
            wait_for_tick(folder)
            file.write(content[at : at + 60])
            assert reader.summary().to_json() == truth(folder)
            assert StudyReader(folder).summary().to_json() == truth(folder)
    wait_for_tick(folder)
    assert reader.summary().broken == {}
    assert reader.summary().top[0].score == 7.0


class TestIndex:
    @pytest.fixture(autouse=True)
    def written(self, folder: Path, old: None) -> None:
        """An index of old files, and the trial that it says is the best is not the first."""
        write_records(folder, [trial(1, 2.0), trial(4, 1.5)])
        wait_for_tick(folder)
        TrialReader(folder, OBJECTIVE).read()

    def test_what_is_saved_is_loaded(self, folder: Path) -> None:
        state = TrialReader(folder, OBJECTIVE, index=False).read()
        loaded = load_index(folder, OBJECTIVE)
        assert loaded == state
        assert list(loaded.entries) == list(state.entries)
        assert msgspec.json.encode(loaded.analysis) == msgspec.json.encode(state.analysis)
        assert all(type(entry.signature) is Signature for entry in loaded.entries.values())

    def test_whatever_bit_of_it_flips_no_answer_changes(self, folder: Path) -> None:
        content = (folder / NAME).read_bytes()
        rng, expected = random.Random(2), truth(folder)
        for _ in range(250):
            flipped = bytearray(content)
            flipped[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            (folder / NAME).write_bytes(flipped)
            assert load_index(folder, OBJECTIVE) is None
        assert StudyReader(folder).summary().to_json() == expected

    def test_however_it_is_cut_or_grows_no_answer_changes(self, folder: Path) -> None:
        content = (folder / NAME).read_bytes()
        for length in [*range(60), *range(60, len(content), 37)]:
            (folder / NAME).write_bytes(content[:length])
            assert load_index(folder, OBJECTIVE) is None
        for longer in (content + b"\n", content + content, b"\n" + content, content + bytes(16)):
            (folder / NAME).write_bytes(longer)
            assert load_index(folder, OBJECTIVE) is None
        assert StudyReader(folder).summary().to_json() == truth(folder)
        assert load_index(folder, OBJECTIVE) is not None

    def test_a_content_that_flips_is_not_believed(self, folder: Path) -> None:
        """A score that is another number, and nothing else wrong."""
        content = (folder / NAME).read_bytes()
        score = msgspec.msgpack.encode(2.0)
        assert score in content
        (folder / NAME).write_bytes(content.replace(score, msgspec.msgpack.encode(9.0)))
        assert scores(TrialReader(folder, OBJECTIVE)) == [1.0, 2.0, 1.0, 1.5]

    def test_one_of_another_objective_is_not_used(self, folder: Path, opened: list[str]) -> None:
        assert load_index(folder, LESS) is None
        assert TrialReader(folder, LESS).read().analysis.order == [0, 2, 4, 1]
        assert len(opened) == 4
        assert TrialReader(folder, OBJECTIVE).read().analysis.order == [1, 4, 0, 2]
        assert len(opened) == 8

    @pytest.mark.parametrize(
        "other",
        [
            Objective(figure="trades"),
            Objective(score={"sharpe": 1.0}),
            Objective(score={"sharpe": 1.0, "fees": -0.5}),
        ],
    )
    def test_each_part_of_the_objective_counts(self, folder: Path, other: Objective) -> None:
        assert load_index(folder, OBJECTIVE) is not None
        assert load_index(folder, other) is None

    def test_one_of_another_version_is_not_used(
        self, folder: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(index_module, "__version__", "99.0")
        assert load_index(folder, OBJECTIVE) is None
        assert TrialReader(folder, OBJECTIVE).read().analysis.order == [1, 4, 0, 2]
        assert len(opened) == 4
        assert load_index(folder, OBJECTIVE) is not None

    def test_one_of_other_code_of_the_same_version_is_not_used(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        code = folder.parent / "code"
        shutil.copytree(Path(index_module.__file__).parent, code)
        monkeypatch.setattr(index_module, "__file__", str(code / "index.py"))
        assert load_index(folder, OBJECTIVE) is not None
        with (code / "ranking.py").open("a") as file:
            file.write("# changed\n")
        assert load_index(folder, OBJECTIVE) is None

    def test_an_index_of_before_is_no_answer(self, folder: Path) -> None:
        before = (folder / NAME).read_bytes()
        rewrite(folder, trial(1, 7.0))
        write_records(folder, [trial(0, 8.0), trial(5, 9.0)])
        (folder / file_name(2)).unlink()
        (folder / NAME).write_bytes(before)
        assert scores(TrialReader(folder, OBJECTIVE)) == [8.0, 7.0, 1.5, 9.0]

    def test_one_that_came_with_a_copied_folder_is_no_answer(self, folder: Path, tmp_path: Path) -> None:
        copied = tmp_path / "copied"
        shutil.copytree(folder, copied)
        rewrite_and_set_back(copied / file_name(1), to_bytes(trial(1, 7.0)))
        assert scores(TrialReader(copied, OBJECTIVE)) == [1.0, 7.0, 1.0, 1.5]

    def test_what_it_knows_of_files_that_are_gone_is_forgotten(self, folder: Path) -> None:
        for name in trial_names(folder):
            (folder / name).unlink()
        state = TrialReader(folder, OBJECTIVE).read()
        assert state.entries == {}
        assert state.analysis.trials == 0
        assert load_index(folder, OBJECTIVE) == state

    @pytest.mark.parametrize("what", ["a folder", "a link to itself", "a link that leads nowhere"])
    def test_something_else_in_its_place_is_no_fault(self, folder: Path, what: str) -> None:
        (folder / NAME).unlink()
        if what == "a folder":
            (folder / NAME).mkdir()
        elif what == "a link to itself":
            (folder / NAME).symlink_to(NAME)
        else:
            (folder / NAME).symlink_to("nowhere")
        for _ in range(2):
            assert scores(TrialReader(folder, OBJECTIVE)) == [1.0, 2.0, 1.0, 1.5]
        assert [name for name in os.listdir(folder) if name.endswith(".tmp")] == []

    def test_a_disk_that_is_full_gives_no_index_and_the_same_answer(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = (folder / NAME).read_bytes()

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        rewrite(folder, trial(1, 7.0))
        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", full)
            assert scores(TrialReader(folder, OBJECTIVE)) == [1.0, 7.0, 1.0, 1.5]
        assert (folder / NAME).read_bytes() == before
        assert [name for name in os.listdir(folder) if name.endswith(".tmp")] == []

    def test_it_is_never_there_in_half(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        really, seen = Path.replace, []

        def noted(source: Path, target: Path) -> Path:
            seen.append((source.parent, target.name, source.read_bytes()))
            return really(source, target)

        monkeypatch.setattr(Path, "replace", noted)
        save_index(folder, OBJECTIVE, State({}, analyse([], OBJECTIVE)))
        assert seen == [(folder, NAME, (folder / NAME).read_bytes())]

    @pytest.mark.parametrize("content", [("another", [], {}), ("another", [], {}, 1), {"key": 1}, None])
    def test_one_of_a_version_that_keeps_other_things_is_not_used(self, folder: Path, content: Any) -> None:
        body = index_module._MAGIC + msgspec.msgpack.encode(content)
        (folder / NAME).write_bytes(body + index_module._checksum(body))
        assert scores(TrialReader(folder, OBJECTIVE)) == [1.0, 2.0, 1.0, 1.5]


class TestUnreadable:
    @pytest.mark.parametrize(
        "what",
        [
            "a folder",
            pytest.param("a link", marks=posix),
            pytest.param("a link that leads nowhere", marks=posix),
            pytest.param("a pipe", marks=posix),
        ],
    )
    def test_what_is_no_file_in_a_trial_s_place_is_named_and_its_removal_seen(
        self, folder: Path, old: None, what: str
    ) -> None:
        reader, path = StudyReader(folder), folder / file_name(7)
        reader.summary()
        if what == "a folder":
            path.mkdir()
        elif what == "a pipe":
            os.mkfifo(path)
        else:
            path.symlink_to(file_name(1) if what == "a link" else "nowhere")
        for each in (reader, StudyReader(folder), StudyReader(folder, index=False)):
            for watch in (False, True, True):
                made = each.summary(watch=watch)
                assert (made.broken, made.trials) == ({file_name(7): "not a file"}, 3)
        if what == "a folder":
            path.rmdir()
        else:
            path.unlink()
        for each in (reader, StudyReader(folder), StudyReader(folder, index=False)):
            assert each.summary().broken == {}
        assert scores(reader.trials) == [1.0, 1.0, 1.0]

    @pytest.mark.parametrize(
        "what",
        [
            "a folder",
            pytest.param("a link to the trial", marks=posix),
            pytest.param("a link that leads nowhere", marks=posix),
        ],
    )
    def test_the_summary_promises_only_what_an_optimizer_does_that_resumes(
        self, folder: Path, what: str
    ) -> None:
        path = folder / file_name(2)
        path.replace(folder.parent / "aside")
        if what == "a folder":
            path.mkdir()
        else:
            path.symlink_to(folder.parent / ("aside" if what == "a link to the trial" else "nowhere"))
        made = StudyReader(folder).summary()
        try:
            records, broken = read_all(folder)
        except SearchError:
            assert "resume sets them aside" not in made.warnings[0]
        else:
            assert (len(records), set(broken)) == (made.trials, set(made.broken))

    @pytest.mark.parametrize("watch", [False, True])
    def test_a_folder_that_went_is_named_and_its_return_seen(self, folder: Path, watch: bool) -> None:
        reader = TrialReader(folder, OBJECTIVE)
        for _ in range(3):
            reader.read(watch=watch)
        folder.rename(folder.parent / "gone")
        with pytest.raises(SearchError, match=r"study: cannot be read: "):
            reader.read(watch=watch)
        rewrite(folder.parent / "gone", trial(1, 7.0))
        (folder.parent / "gone").rename(folder)
        assert scores(reader, watch=watch) == [1.0, 7.0, 1.0]

    def test_a_failed_look_is_not_half_remembered(
        self, folder: Path, old: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reader = TrialReader(folder, OBJECTIVE)
        reader.read()
        rewrite(folder, trial(1, 7.0))
        self.fail_once(reader, monkeypatch, watch=False)
        assert scores(reader) == [1.0, 7.0, 1.0]

    @pytest.mark.skipif(sys.platform != "linux", reason="change tokens are Linux's")
    @pytest.mark.parametrize("fault", [OSError(24, "Too many open files"), KeyboardInterrupt()])
    def test_nor_is_one_with_a_token(
        self, folder: Path, old: None, monkeypatch: pytest.MonkeyPatch, fault: BaseException
    ) -> None:
        reader = TrialReader(folder, OBJECTIVE)
        for _ in range(3):
            reader.read(watch=True)
        rewrite(folder, trial(1, 7.0))
        self.fail_once(reader, monkeypatch, watch=True, fault=fault)
        assert scores(reader, watch=True) == [1.0, 7.0, 1.0]

    @staticmethod
    def fail_once(
        reader: TrialReader,
        monkeypatch: pytest.MonkeyPatch,
        *,
        watch: bool,
        fault: BaseException | None = None,
    ) -> None:
        def failing(*_: object) -> Any:
            raise fault or OSError(5, "Input/output error")

        with monkeypatch.context() as patched:
            patched.setattr(reading, "open", failing, raising=False)
            with pytest.raises((SearchError, KeyboardInterrupt)):
                reader.read(watch=watch)

    def test_a_trial_that_is_set_aside_while_the_folder_is_looked_at_is_no_fault(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As a resumed optimizer does with broken ones."""

        def gone(path: str, mode: str) -> Any:
            if path.endswith(file_name(1)):
                os.unlink(path)
            return open(path, mode)

        monkeypatch.setattr(reading, "open", gone, raising=False)
        assert scores(TrialReader(folder, OBJECTIVE)) == [1.0, 1.0]

    def test_a_number_that_no_search_may_have_is_no_traceback(self, folder: Path) -> None:
        (folder / file_name(3)).write_bytes(to_bytes(trial(3, parameters={"exits.max_bars": 2**70})))
        for _ in range(2):
            made = StudyReader(folder).summary()
            assert made.broken == {file_name(3): "holds a number of more than 64 bits"}
            assert made.trials == 3

    @pytest.mark.parametrize("value", [2**53, -(2**53)])
    def test_a_parameter_of_any_size_that_a_search_may_have_can_be_read(
        self, folder: Path, value: int
    ) -> None:
        """JSON has larger whole numbers than the index."""

        def table(value: int) -> dict[str, Any]:
            return {
                "parameters": {"exits": {"max_bars": {"kind": "choice", "values": [value]}}},
                "objective": {"figure": "sharpe"},
            }

        assert Search.from_dict(table(value))
        with pytest.raises(SearchError, match="9,007,199,254,740,992"):
            Search.from_dict(table(value + (1 if value > 0 else -1)))
        kept = trial(3, parameters={"exits.max_bars": value})
        write_records(folder, [kept])
        for _ in range(2):
            reader = TrialReader(folder, OBJECTIVE)
            reader.read()
            assert reader.records([3]) == [kept]


@pytest.mark.skipif(sys.platform != "linux", reason="change tokens are Linux's")
class TestTokens:
    @pytest.fixture
    def reader(self, folder: Path, old: None) -> TrialReader:
        """A reader that holds a token."""
        wait_for_tick(folder)
        made = TrialReader(folder, OBJECTIVE, index=False)
        for _ in range(3):
            made.read(watch=True)
        if not has_leases(folder / file_name(0)):
            pytest.skip("this file system has no read leases")
        assert made._watch is not None
        wait_for_tick(folder)
        return made

    def test_a_token_is_given_up_when_none_is_asked_for(self, folder: Path, reader: TrialReader) -> None:
        rewrite(folder, trial(1, 7.0))
        assert scores(reader) == [1.0, 7.0, 1.0]
        assert reader._watch is None

    def test_a_file_that_is_open_for_writing_is_looked_at_each_time(
        self, folder: Path, reader: TrialReader
    ) -> None:
        with (folder / file_name(1)).open("r+b", buffering=0) as file:
            for score in (7.0, 8.0, 9.0):
                wait_for_tick(folder)
                os.pwrite(file.fileno(), to_bytes(trial(1, score)), 0)
                for _ in range(2):
                    assert scores(reader, watch=True) == [1.0, score, 1.0]

    @pytest.mark.parametrize("how", [rewrite_and_set_back, rename_over])
    def test_what_changes_between_token_and_look_is_seen(
        self,
        folder: Path,
        reader: TrialReader,
        monkeypatch: pytest.MonkeyPatch,
        how: Callable[[Path, bytes], None],
    ) -> None:
        """Before the look, after it, and while it goes on."""
        really = TrialReader._look
        for at, before in enumerate((True, False)):
            score = 7.0 + at

            def changing(
                one: TrialReader, known: State | None, before: bool = before, score: float = score
            ) -> State:
                if not before:
                    state = really(one, known)
                how(folder / file_name(1), to_bytes(trial(1, score)))
                wait_for_tick(folder)
                return really(one, known) if before else state

            how(folder / file_name(0), to_bytes(trial(0, score)))
            wait_for_tick(folder)
            with monkeypatch.context() as patched:
                patched.setattr(TrialReader, "_look", changing)
                reader.read(watch=True)
            for _ in range(3):
                assert scores(reader, watch=True) == [score, score, 1.0]

    def test_a_file_that_comes_between_list_and_token_is_watched_too(
        self, folder: Path, reader: TrialReader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        really = reading.trial_names

        def and_another(where: Path) -> list[str]:
            names = really(where)
            (where.parent / "new").replace(where / file_name(3))
            return names

        (folder.parent / "new").write_bytes(to_bytes(trial(3)))
        (folder / file_name(2)).unlink()
        wait_for_tick(folder, folder.parent / "new")
        with monkeypatch.context() as patched:
            patched.setattr(reading, "trial_names", and_another)
            reader.read(watch=True)
        rewrite(folder, trial(3, 7.0))
        assert scores(reader, watch=True) == [1.0, 1.0, 7.0]

    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    def test_a_forked_process_takes_nothing_away(self, folder: Path, reader: TrialReader) -> None:
        (folder / file_name(1)).unlink()
        child = os.fork()
        if child == 0:
            try:
                reader.read()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert scores(reader, watch=True) == [1.0, 1.0]

    def test_another_folder_of_the_same_path_is_read(self, tmp_path: Path, old: None) -> None:
        for name, score in (("results", 1.0), ("new", 7.0)):
            make_study(tmp_path / name / "study", [trial(0, score)])
        reader = TrialReader(tmp_path / "results" / "study", OBJECTIVE)
        for _ in range(3):
            reader.read(watch=True)
        (tmp_path / "results").rename(tmp_path / "old")
        (tmp_path / "new").rename(tmp_path / "results")
        assert scores(reader, watch=True) == [7.0]


@posix
@pytest.mark.parametrize("index", [False, True])
def test_a_store_into_a_mapping_that_was_there_before_the_look_is_seen(
    folder: Path, old: None, index: bool
) -> None:
    """The system moves the stamp when a page is first written to, and not again before it is on the disk."""
    path = folder / file_name(1)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[:] = to_bytes(trial(1, 7.0))
        wait_for_tick(folder)
        reader = TrialReader(folder, OBJECTIVE, index=index)
        assert scores(reader) == [1.0, 7.0, 1.0]
        mapped[:] = to_bytes(trial(1, 8.0))
        assert scores(reader) == read_anew(folder) == [1.0, 8.0, 1.0]


def validated(number: int, warning: str) -> bytes:
    tested = validating.Tested(
        number=number,
        identity=f"{number:032x}",
        in_sample=1.0,
        out_of_sample=0.5,
        feasible=True,
        reasons=[],
        figures={"sharpe": 0.5},
        summary_digest="cd" * 16,
    )
    found = Validated(first=1, last=2, bars=2, data="d", tested=[tested], place=1, warnings=[warning])
    return msgspec.json.encode(found)


class TestSummary:
    @pytest.mark.parametrize("watch", [False, True])
    def test_a_test_that_comes_changes_or_goes_is_seen(self, folder: Path, old: None, watch: bool) -> None:
        make_study(folder, validation={"kind": "walk-forward", "folds": 2})
        wait_for_tick(folder)
        reader = StudyReader(folder)
        for _ in range(3):
            assert reader.summary(watch=watch).folds == []
        for warning in ("first", "other"):
            (folder / FILE).write_bytes(validated(0, warning))
            for _ in range(2):
                assert reader.summary(watch=watch).to_json() == truth(folder)
                assert [fold.warnings for fold in reader.summary(watch=watch).folds] == [[warning]]
        make_study(folder / "fold_01")
        (folder / "fold_01" / FILE).write_bytes(validated(1, "a fold's"))
        assert reader.summary(watch=watch).to_json() == truth(folder)
        assert len(reader.summary(watch=watch).folds) == 2
        (folder / FILE).unlink()
        assert reader.summary(watch=watch).to_json() == truth(folder)

    @pytest.mark.parametrize("change", [{"budget": {"trials": 500}}, {"objective": {"figure": "trades"}}])
    def test_a_study_that_was_resumed_with_more_trials_or_begun_anew_is_seen(
        self, folder: Path, change: dict[str, Any]
    ) -> None:
        reader = StudyReader(folder)
        reader.summary()
        make_study(folder, **change)
        assert reader.summary().to_json() == truth(folder)

    def test_it_says_what_stands_in_the_files(self, tmp_path: Path) -> None:
        records = [
            trial(0, 1.5, seconds=0.5),
            trial(1, 2.5, seconds=0.25, reasons=["fees <= 5 (soft)"]),
            trial(2, 9.5, feasible=False, reasons=["trades >= 30"]),
            trial(3, None, status="failed", figures=None, feasible=False, error="it died"),
            trial(4, None, status="invalid", figures=None, feasible=False, error="it died"),
            trial(5, 2.5, status="repeated", repeats=1, reasons=["fees <= 5 (soft)"]),
            trial(6, 2.5),
        ]
        folder = make_study(tmp_path / "study", records, budget={"trials": 9})
        (folder / file_name(7)).write_bytes(to_bytes(trial(8)))
        made = summarize(folder, top=2)
        assert (made.study, made.objective) == ("study", "maximize sharpe")
        assert (made.trials, made.wanted, made.ranks, made.seconds) == (7, 9, 3, 2.0)
        assert made.counts == {"feasible": 3, "infeasible": 1, "repeated": 1, "invalid": 1, "failed": 1}
        assert list(made.reasons.items()) == [("it died", 2), ("fees <= 5 (soft)", 1), ("trades >= 30", 1)]
        assert [(one.rank, one.number, one.score) for one in made.top] == [(1, 1, 2.5), (2, 6, 2.5)]
        assert made.top[0].parameters == records[1].parameters
        assert made.top[0].reasons == ["fees <= 5 (soft)"]
        assert made.broken == {file_name(7): "holds trial 8"}
        assert made.importances == []
        assert len(made.warnings) == 2
        assert made.warnings[0].startswith("1 file is no trial's record and left out: trial_000007.json; ")
        assert msgspec.json.decode(made.to_json())["schema"] == 1
        assert made.to_json() == summarize(folder, top=2).to_json()
        assert Study.open(folder).search.budget.trials == 9


class TestRanking:
    RECORDS = tuple(
        trial(
            number,
            (number * 7 % 10) / 2 - 2.0,
            seconds=0.1 * number,
            feasible=number % 5 != 0,
            reasons=["b"] if number % 5 == 0 else ["a"] if number % 4 == 0 else [],
        )
        for number in range(2 * LEAST_TRIALS)
    )

    @pytest.mark.parametrize("objective", [OBJECTIVE, LESS])
    def test_the_order_of_reading_changes_nothing(self, objective: Objective) -> None:
        rng, records = random.Random(4), list(self.RECORDS)
        expected = msgspec.json.encode(analyse(records, objective))
        for _ in range(20):
            rng.shuffle(records)
            assert msgspec.json.encode(analyse(iter(records), objective)) == expected

    @pytest.mark.parametrize("objective", [OBJECTIVE, LESS])
    def test_it_is_the_order_of_a_sort_by_hand(self, objective: Objective) -> None:
        sign = -1.0 if objective is OBJECTIVE else 1.0
        ranks = [record for record in self.RECORDS if record.feasible]
        by_hand = sorted(ranks, key=lambda record: (sign * (record.score or 0.0), record.number))
        found = analyse(self.RECORDS, objective)
        assert found.order == [record.number for record in by_hand]
        assert len({record.score for record in ranks}) < len(ranks)
        assert best_of(self.RECORDS[::-1], objective, 5) == by_hand[:5]
        assert found.trials == sum(found.counts.values()) == len(self.RECORDS)
        assert list(found.reasons.items()) == [("a", 8), ("b", 8)]
        assert found.importances

    def test_nothing_is_said_about_nothing(self) -> None:
        counts = {"feasible": 0, "infeasible": 0, "repeated": 0, "invalid": 0, "failed": 0}
        empty = Analysis(trials=0, counts=counts, reasons={}, importances=[], seconds=0.0, order=[])
        assert analyse([], OBJECTIVE) == empty


def test_the_order_in_which_a_folder_is_listed_changes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Backwards(Stamps):
        @contextmanager
        def scandir(self, folder: Path) -> Iterator[Iterator[Any]]:
            with super().scandir(folder) as found:
                yield iter(sorted(found, key=lambda one: one.name, reverse=True))

    for number in (0, 2):
        os.truncate(folder / file_name(number), 9)
    expected = truth(folder)
    monkeypatch.setattr(reading, "os", Backwards(NOON, NOON))
    assert truth(folder) == expected
    reader = StudyReader(folder)
    assert list(reader.summary().broken) == [file_name(0), file_name(2)]
    assert list(reader.trials.read().entries) == trial_names(folder)


def test_records_come_back_to_the_bit(folder: Path, old: None) -> None:
    kept = trial(
        1, -0.0, parameters={"a": [0.1, 1], "b": [[5e-324, -0.0]], "c": True, "d": None, "e": 2**64 - 1}
    )
    write_records(folder, [kept])
    wait_for_tick(folder)
    for reader in (TrialReader(folder, OBJECTIVE), TrialReader(folder, OBJECTIVE)):
        reader.read()
        assert [to_bytes(record) for record in reader.records([1, 0])] == [to_bytes(kept), to_bytes(trial(0))]
        assert [record.number for record in reader.all_records()] == [0, 1, 2]
    assert isinstance(reader.read().entries[file_name(1)], Entry)


def test_trials_beyond_six_digits_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = make_study(tmp_path / "study", [trial(number) for number in (1_000_000, 999_999, 2)])
    reader = TrialReader(folder, OBJECTIVE)
    assert reader.read().analysis.order == [2, 999_999, 1_000_000]
    assert [record.number for record in reader.all_records()] == [2, 999_999, 1_000_000]
