"""A file is known by its stamps only where no later write could have the same, whatever the file system's clock."""

from __future__ import annotations

import io
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

from genesis_core.optimize import reading
from genesis_core.optimize.index import Entry
from genesis_core.optimize.leases import Writers
from genesis_core.optimize.reading import TrialReader
from genesis_core.optimize.record import Record, to_bytes
from genesis_core.optimize.store import file_name, trial_names, write_records
from genesis_core.optimize.summarizing import StudyReader
from tests.unit.reading_cases import (
    HOUR,
    NOON,
    SECOND,
    Stamps,
    posix,
    rename_over,
    rewrite_and_set_back,
    scores,
    truth,
)
from tests.unit.trial_cases import (
    OBJECTIVE,
    has_leases,
    rewrite,
    trial,
    wait_for_tick,
)

pytestmark = pytest.mark.usefixtures("quick_disk")


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
    writer.join(60)
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
