"""A change token: whatever happens to a file that counts ends it, and where something could escape there is none."""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from genesis_core.optimize import watching
from genesis_core.optimize.record import to_bytes
from genesis_core.optimize.store import file_name, number_in, trial_names, write_records
from genesis_core.optimize.watching import Watch
from tests.unit.trial_cases import has_leases, rewrite, trial, write_in_place

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="change tokens are Linux's")

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ctypes.CDLL(None, use_errno=True)


def is_trial(name: str) -> bool:
    return number_in(name) is not None


def begin(folder: Path) -> Watch | None:
    return Watch.begin(folder, lambda: trial_names(folder), is_trial)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three trials and other files, on a file system that has read leases."""
    made = tmp_path / "study"
    made.mkdir()
    write_records(made, [trial(0), trial(1), trial(2)])
    (made / "study.toml").write_text("")
    (made / "quarantine").mkdir()
    if not has_leases(made / "study.toml"):
        pytest.skip("this file system has no read leases")
    return made


@pytest.fixture
def token(folder: Path) -> Iterator[Watch]:
    """A token that holds."""
    watch = begin(folder)
    assert watch is not None
    assert watch.unchanged()
    yield watch
    watch.close()


def through_a_mapping(path: Path) -> None:
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[0:1] = b"["


def renamed_over(path: Path) -> None:
    new = path.parent / ".new.tmp"
    new.write_bytes(to_bytes(trial(1, 7.0)))
    new.replace(path)


def truncated(path: Path) -> None:
    os.truncate(path, 5)


def grown(path: Path) -> None:
    os.truncate(path, 5_000)


def back_again(path: Path) -> None:
    path.rename(path.parent / "aside")
    (path.parent / "aside").rename(path)


def set_times(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def emptied_and_made_anew(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)


CHANGES: dict[str, Callable[[Path], object]] = {
    "written in place": lambda path: rewrite(path.parent, trial(1, 7.0)),
    "written in place, the same bytes": lambda path: write_in_place(path, path.read_bytes()),
    "opened for writing": lambda path: os.close(os.open(path, os.O_WRONLY)),
    "opened for appending": lambda path: path.open("ab").close(),
    "truncated": truncated,
    "grown": grown,
    "written through a mapping": through_a_mapping,
    "renamed over": renamed_over,
    "deleted": lambda path: path.unlink(),
    "moved away": lambda path: path.rename(path.parent.parent / "elsewhere"),
    "moved away and back": back_again,
    "moved within": lambda path: path.rename(path.parent / file_name(8)),
    "deleted and made anew": emptied_and_made_anew,
    "permissions": lambda path: path.chmod(0o600),
    "times": set_times,
    "linked": lambda path: os.link(path, path.parent.parent / "link"),
    "a new trial": lambda path: (path.parent / file_name(3)).write_bytes(b""),
    "a new trial, renamed": lambda path: write_records(path.parent, [trial(3)]),
    "a new trial, a link": lambda path: (path.parent / file_name(3)).symlink_to(path),
    "a new trial, a folder": lambda path: (path.parent / file_name(3)).mkdir(),
    "permissions of the folder": lambda path: path.parent.chmod(0o700),
    "the folder moved": lambda path: path.parent.rename(path.parent.parent / "moved"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_of_a_file_that_counts_is_seen_and_never_forgotten(
    folder: Path, token: Watch, change: Callable[[Path], object]
) -> None:
    change(folder / file_name(1))
    assert not token.unchanged()
    assert not token.unchanged()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_each_file_is_watched(folder: Path, token: Watch, number: int) -> None:
    os.truncate(folder / file_name(number), 3)
    assert not token.unchanged()


def test_a_write_through_another_name_is_seen(folder: Path) -> None:
    link = folder.parent / "link"
    os.link(folder / file_name(1), link)
    token = begin(folder)
    assert token is not None
    os.truncate(link, 3)
    assert not token.unchanged()


def test_a_mapping_is_seen_before_its_writer_has_closed_anything(folder: Path, token: Watch) -> None:
    """What is stored into memory is no call that could be seen: opening the file was one."""
    with (folder / file_name(1)).open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[0:1] = b"["
        assert not token.unchanged()


def test_a_writer_is_seen_before_it_writes(folder: Path, token: Watch) -> None:
    with (folder / file_name(1)).open("r+b"):
        assert not token.unchanged()


def test_a_change_among_many_that_do_not_count_is_seen(folder: Path, token: Watch) -> None:
    """More of them than one look takes from the queue."""
    for at in range(3_000):
        (folder / f".{at:0100}.tmp").touch()
    os.truncate(folder / file_name(1), 3)
    for at in range(300):
        (folder / f".{at:0100}.tmp").unlink()
    assert not token.unchanged()


def test_what_does_not_count_is_not_seen(folder: Path, token: Watch) -> None:
    index, temporary = folder / ".index", folder / ".trial_000001.json.ab12.tmp"
    for path in (
        index,
        temporary,
        folder / "study.toml",
        folder / "notes",
        folder / "quarantine" / file_name(1),
    ):
        path.write_bytes(b"1")
        path.write_bytes(b"22")
        path.chmod(0o600)
    temporary.replace(index)
    index.unlink()
    os.listdir(folder)
    os.stat(folder / file_name(1))
    assert token.unchanged()
    assert token.unchanged()
    os.truncate(folder / file_name(1), 3)
    assert not token.unchanged()


def test_lost_events_count(folder: Path, token: Watch) -> None:
    assert token._any_counts(watching._EVENT.pack(-1, 0x4000, 0, 0))


def test_names_of_any_length_are_read(token: Watch) -> None:
    def event(name: bytes) -> bytes:
        padded = name + bytes(16 - len(name) % 16)
        return watching._EVENT.pack(1, 0x100, 0, len(padded)) + padded

    others = b"".join(event(b"x" * length) for length in range(1, 256))
    assert not token._any_counts(others)
    assert token._any_counts(others + event(file_name(1).encode()) + others)
    assert not token._any_counts(event(b"\xff\xfe"))


@pytest.mark.parametrize("mode", ["r+b", "ab"])
def test_a_file_that_is_open_for_writing_gives_no_token(folder: Path, mode: str) -> None:
    with (folder / file_name(1)).open(mode):
        assert begin(folder) is None
    watch = begin(folder)
    assert watch is not None
    watch.close()


def test_a_file_that_is_open_for_reading_is_nobody_s_business(folder: Path) -> None:
    with (folder / file_name(1)).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ):
        watch = begin(folder)
        assert watch is not None
        assert watch.unchanged()
        watch.close()


def test_a_writable_mapping_gives_no_token_even_when_its_file_is_closed(folder: Path) -> None:
    file = (folder / file_name(1)).open("r+b")
    with mmap.mmap(file.fileno(), 0) as mapped:
        file.close()
        assert begin(folder) is None
        mapped[0:1] = b"["
        assert begin(folder) is None


def test_a_writer_through_another_name_gives_no_token(folder: Path) -> None:
    link = folder.parent / "link"
    os.link(folder / file_name(1), link)
    with link.open("r+b"):
        assert begin(folder) is None


def made_a_link(path: Path) -> None:
    path.rename(path.parent / "target")
    path.symlink_to(path.parent / "target")


def made_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("change", [made_a_link, made_a_folder, Path.unlink])
def test_what_is_no_plain_file_gives_no_token(folder: Path, change: Callable[[Path], object]) -> None:
    names = trial_names(folder)
    change(folder / file_name(1))
    assert Watch.begin(folder, lambda: names, is_trial) is None


def test_no_folder_gives_no_token(tmp_path: Path) -> None:
    assert Watch.begin(tmp_path / "nowhere", list, is_trial) is None


def test_another_system_gives_no_token(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "sys", SimpleNamespace(platform="darwin"))
    assert begin(folder) is None


class Limited:
    """A C library that has only so many watches."""

    def __init__(self, watches: int, descriptors: int = 1) -> None:
        self.real = LIBRARY
        self.watches, self.descriptors = watches, descriptors

    def inotify_init1(self, flags: int) -> int:
        return int(self.real.inotify_init1(flags)) if self.descriptors else -1

    def inotify_add_watch(self, opened: int, path: bytes, mask: int) -> int:
        self.watches -= 1
        return int(self.real.inotify_add_watch(opened, path, mask)) if self.watches >= 0 else -1


def test_too_few_watches_give_no_token_and_leak_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = descriptors()
    for watches in range(4):
        library = Limited(watches)
        monkeypatch.setattr(watching.ctypes, "CDLL", lambda *_, made=library, **__: made)
        assert begin(folder) is None
        assert library.watches < 0
    assert set(descriptors()) <= set(before)


def test_four_watches_are_enough_for_three_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching.ctypes, "CDLL", lambda *_, **__: Limited(4))
    assert begin(folder) is not None


def test_no_descriptor_gives_no_token(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching.ctypes, "CDLL", lambda *_, **__: Limited(9, descriptors=0))
    assert begin(folder) is None


def test_a_file_that_is_not_ours_gives_no_token(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    real = fcntl.fcntl

    def refused(file: int, command: int, argument: Any = 0) -> Any:
        if command == fcntl.F_SETLEASE and argument == fcntl.F_RDLCK:
            raise PermissionError(13, "Permission denied")
        return real(file, command, argument)

    monkeypatch.setattr(fcntl, "fcntl", refused)
    before = descriptors()
    assert begin(folder) is None
    assert set(descriptors()) <= set(before)


def descriptors() -> list[str]:
    """Return the open files of this process."""
    gc.collect()
    return sorted(os.listdir("/proc/self/fd"))


def test_two_hundred_tokens_leak_no_descriptor(folder: Path) -> None:
    before = descriptors()
    for at in range(150):
        watch = begin(folder)
        assert watch is not None
        assert watch.unchanged()
        if at % 4 == 0:
            watch.close()
            watch.close()
        elif at % 4 == 1:
            os.utime(folder / file_name(0))
            assert not watch.unchanged()
        del watch
    with (folder / file_name(1)).open("r+b"):
        assert [begin(folder) for _ in range(50)] == [None] * 50
    assert set(descriptors()) <= set(before)


def test_a_closed_token_does_not_hold_and_is_not_another_s(folder: Path) -> None:
    watch = begin(folder)
    assert watch is not None
    watch.close()
    other = begin(folder)  # most likely of the same descriptor
    assert other is not None
    assert not watch.unchanged()
    watch.close()
    assert other.unchanged()


def test_the_descriptor_is_not_inherited(token: Watch) -> None:
    assert not os.get_inheritable(token._opened)


def test_no_lease_is_left_to_hold_up_a_writer(folder: Path, token: Watch) -> None:
    os.close(os.open(folder / file_name(1), os.O_WRONLY | os.O_NONBLOCK))


MEANWHILE = """
import fcntl, os, signal, sys, threading
from pathlib import Path
from genesis_core.optimize.watching import Watch

path = Path(sys.argv[1])
real = fcntl.fcntl
writers = []

def write():
    file = os.open(path, os.O_WRONLY)
    os.write(file, b"[")
    os.close(file)

def meanwhile(file, command, argument=0):
    result = real(file, command, argument)
    if command == fcntl.F_SETLEASE and argument == fcntl.F_RDLCK:
        writers.append(threading.Thread(target=write))
        writers[-1].start()
        while real(file, fcntl.F_GETLEASE) == fcntl.F_RDLCK:  # until the writer waits for the lease
            pass
    return result

fcntl.fcntl = meanwhile
watch = Watch.begin(path.parent, lambda: [path.name], lambda name: True)
assert len(writers) == 1
writers[0].join()
assert path.read_bytes()[:1] == b"["
print("alive", watch is not None and watch.unchanged(), flush=True)
"""


def test_a_writer_that_comes_in_between_kills_nobody_waits_for_nothing_and_is_seen(folder: Path) -> None:
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    ended = subprocess.run(
        [sys.executable, "-c", MEANWHILE, str(folder / file_name(1))],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "alive False\n", "")


@pytest.mark.parametrize("moment", ["before the lease", "after the lease"])
def test_a_file_replaced_while_its_watch_begins_is_seen(
    folder: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    import fcntl

    real = fcntl.fcntl
    wanted = fcntl.F_SETSIG if moment == "before the lease" else fcntl.F_SETLEASE
    done: list[int] = []

    def replacing(file: int, command: int, argument: Any = 0) -> Any:
        result = real(file, command, argument)
        if command == wanted and not done:
            done.append(file)
            renamed_over(folder / file_name(0))
        return result

    monkeypatch.setattr(fcntl, "fcntl", replacing)
    watch = begin(folder)
    assert done
    assert watch is None or not watch.unchanged()


def test_a_writer_that_comes_the_moment_the_lease_ends_is_seen(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    real = fcntl.fcntl
    writers: list[int] = []

    def opening(file: int, command: int, argument: Any = 0) -> Any:
        result = real(file, command, argument)
        if command == fcntl.F_SETLEASE and argument == fcntl.F_UNLCK and not writers:
            writers.append(os.open(folder / file_name(0), os.O_WRONLY))
        return result

    monkeypatch.setattr(fcntl, "fcntl", opening)
    watch = begin(folder)
    assert len(writers) == 1
    assert watch is None or not watch.unchanged()
    os.close(writers[0])


@pytest.mark.parametrize("by", ["renamed", "linked"])
def test_another_folder_of_the_same_path_is_seen(tmp_path: Path, folder: Path, by: str) -> None:
    """``mv results old && mv new results``: the folder that was watched is untouched, but it is another's now."""
    results, new = tmp_path / "results", tmp_path / "new"
    (new / "study").mkdir(parents=True)
    write_records(new / "study", [trial(0, 7.0)])
    if by == "renamed":
        results.mkdir()
        folder.rename(results / "study")
    else:
        results.symlink_to(tmp_path)
    watch = begin(results / "study")
    assert watch is not None
    assert watch.unchanged()
    if by == "renamed":
        results.rename(tmp_path / "old")
        new.rename(results)
    else:
        results.unlink()
        results.symlink_to(new)
    assert not watch.unchanged()
