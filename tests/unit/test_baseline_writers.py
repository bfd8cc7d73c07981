"""Writers of baseline files: one at a time, killed at any moment, never half a file and never a lost entry."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.baseline_writer import HERE, ROOT, add_at_once, kill_writers
from pytest_genesis_perf.atomic_files import replace_file
from pytest_genesis_perf.baseline_files import SpeedEntry, read_digests, read_speeds
from pytest_genesis_perf.baselines import LOCK_FILE, Store, editing
from pytest_genesis_perf.environment import EnvironmentClass
from pytest_genesis_perf.evidence import StoredSpeed
from pytest_genesis_perf.file_lock import LockHeldError, exclusive
from pytest_genesis_perf.toml_files import BaselineError

KEY = ("test_it.py::test", "comparison")
DIGEST = "ab" * 16
ENTRY = SpeedEntry(StoredSpeed(1.0, 2.0, 3.0), 5)
HOLD = """
import sys
from pathlib import Path
from pytest_genesis_perf.baselines import editing
with editing(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the baselines in the test's folder."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_writers_killed_at_random_moments_leave_a_whole_file_that_was_written(tmp_path: Path) -> None:
    folder = tmp_path / "baselines"
    found = kill_writers(folder, kills=30, seed=1)
    assert found.faults == []
    assert found.kills == 30
    # Else the kills proved nothing.
    assert found.while_locked > 0
    # The next writer is not locked out, and clears up.
    with editing(folder) as store:
        store.write_digests({KEY: DIGEST})
    assert os.listdir(folder) == ["digests.toml"]
    assert read_digests(folder / "digests.toml") == {KEY: DIGEST}


def test_eight_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "baselines"
    assert add_at_once(folder, writers=8, rounds=5) == []
    assert len(read_digests(folder / "digests.toml")) == 40
    assert len(read_speeds(Store(folder).speed_path(HERE)).entries) == 40
    assert sorted(os.listdir(folder)) == ["digests.toml", "speed"]


def test_a_lock_that_is_held_names_file_and_holder(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    told = f"{tmp_path / LOCK_FILE}: locked for over 0.1 s by process {holder.pid}, which writes baselines"
    with pytest.raises(BaselineError, match=re.escape(told)), editing(tmp_path, patience=0.1):
        pytest.fail("two at once")


def test_a_lock_is_free_once_its_holder_has_let_go(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    assert holder.stdin is not None
    holder.stdin.write("go\n")
    holder.stdin.flush()
    with editing(tmp_path, patience=60.0):
        assert (tmp_path / LOCK_FILE).read_text() == f"{os.getpid()}\n"
    assert os.listdir(tmp_path) == []


def test_a_killed_holder_locks_nobody_out(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    assert os.listdir(tmp_path) == [LOCK_FILE]
    with editing(tmp_path, patience=0.0) as store:
        assert store.digests is None
    assert os.listdir(tmp_path) == []


def test_a_lock_holds_within_one_process_too_and_is_let_go_after_a_failure(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    told = f"by process {os.getpid()}$"
    with exclusive(lock), pytest.raises(LockHeldError, match=told), exclusive(lock, patience=0.0):
        pytest.fail("two at once")
    with pytest.raises(ZeroDivisionError), exclusive(lock):
        raise ZeroDivisionError
    with exclusive(lock, patience=0.0):
        pass
    assert not lock.exists()


def test_a_lock_file_removed_by_hand_is_not_removed_again_from_under_the_next(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with exclusive(lock):
        lock.unlink()
        with exclusive(lock, patience=0.0):
            pass
        lock.write_text("somebody else's\n")
    assert lock.exists()


def test_a_lock_file_that_its_holder_removes_just_before_it_is_locked_here_is_not_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "lock"
    really_open, opened = os.open, []

    def opened_just_before_it_goes(path: Path, flags: int, mode: int = 0o777) -> int:
        descriptor = really_open(path, flags, mode)
        if not opened:
            os.unlink(path)
        opened.append(descriptor)
        return descriptor

    monkeypatch.setattr(os, "open", opened_just_before_it_goes)
    with exclusive(lock):
        assert len(opened) == 2
        assert lock.exists()


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = "cannot be locked: "
    with pytest.raises(BaselineError, match=told), editing(tmp_path / "file" / "baselines"):
        pytest.fail("there is no such folder")


def test_the_store_under_the_lock_is_read_anew(tmp_path: Path) -> None:
    before = Store(tmp_path)
    assert before.digests is None
    with editing(tmp_path) as store:
        store.write_digests({KEY: DIGEST})
    with editing(tmp_path) as store:
        assert store.digests == {KEY: DIGEST}
        store.write_speeds(HERE, {KEY: ENTRY})
    with editing(tmp_path) as store:
        assert store.speeds(HERE) == {KEY: ENTRY}


def test_another_class_of_the_same_file_name_is_not_written_over(tmp_path: Path) -> None:
    other = EnvironmentClass(HERE.python, HERE.machine, HERE.cpu.upper(), HERE.cores, HERE.libraries)
    assert other != HERE
    assert other.slug() == HERE.slug()
    with editing(tmp_path) as store:
        store.write_speeds(HERE, {KEY: ENTRY})
    before = store.speed_path(HERE).read_bytes()
    with editing(tmp_path) as store, pytest.raises(BaselineError, match="holds another class of that name"):
        store.write_speeds(other, {KEY: ENTRY})
    assert store.speed_path(HERE).read_bytes() == before


def test_hidden_files_are_no_baselines_and_leftovers_are_cleared_by_the_next_writer(tmp_path: Path) -> None:
    with editing(tmp_path) as store:
        store.write_speeds(HERE, {KEY: ENTRY})
    speed = tmp_path / "speed"
    name = store.speed_path(HERE).name
    left = [tmp_path / ".digests.toml.a1b2.tmp", speed / f".{name}.c3d4.tmp"]
    foreign = [speed / f".#{name}", speed / f"._{name}", tmp_path / "notes.tmp"]
    for path in (*left, *foreign):
        path.write_text("half a fi")
    assert Store(tmp_path).known() == {KEY}
    with editing(tmp_path) as store:
        assert store.known() == {KEY}
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in foreign)


def test_content_is_on_the_disk_before_the_name_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "content")
        fsync(handle)

    def noted_replace(source: str, target: Path) -> None:
        assert Path(source).read_text(encoding="utf-8") == "new\n"
        steps.append("name")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    replace_file(tmp_path / "file", "new\n")
    assert steps == ["content", "name", *(["folder"] if os.name == "posix" else [])]


@pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX")
def test_a_file_keeps_its_permissions_and_a_link_its_target(tmp_path: Path) -> None:
    target, link = tmp_path / "file", tmp_path / "elsewhere" / "link"
    target.write_text("old\n")
    target.chmod(0o664)
    link.parent.mkdir()
    link.symlink_to(target)
    replace_file(link, "new\n")
    assert link.is_symlink()
    assert target.read_text() == "new\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o664
    assert os.listdir(link.parent) == ["link"]


def test_an_interrupted_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old\n")

    def interrupted(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace_file(path, "new\n")
    assert path.read_text() == "old\n"
    assert os.listdir(tmp_path) == ["file"]
