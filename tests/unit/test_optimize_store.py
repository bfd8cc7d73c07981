"""A study's folder: each trial whole or absent, whatever happens to its writer, its disk and its neighbours."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from genesis_core.errors import SearchError
from genesis_core.optimize.files import write_text
from genesis_core.optimize.locking import LOCK, only_writer
from genesis_core.optimize.record import Record, to_bytes
from genesis_core.optimize.store import (
    QUARANTINE,
    file_name,
    number_in,
    quarantine,
    read_all,
    read_record,
    trial_names,
    write_records,
)
from tests.unit.trial_cases import trial

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(os.name != "posix", reason="processes and signals of POSIX")


def held(folder: Path) -> dict[int, Record]:
    """Return the trials of a folder in which every trial's file is whole."""
    records, broken = read_all(folder)
    assert broken == {}
    return records


def temporary(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.endswith(".tmp")]


def refuse(*_: object, **__: object) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


class TestNames:
    @pytest.mark.parametrize("number", [0, 7, 999_999, 1_000_000, 12_345_678])
    def test_a_name_tells_its_number(self, number: int) -> None:
        assert number_in(file_name(number)) == number

    @pytest.mark.parametrize(
        "name",
        [
            "trial_1.json",
            "trial_0000001.json",
            "trial_000001.json.2",
            ".trial_000001.json.ab12.tmp",
            "trial_000001.json\n",
            "trial_-00001.json",
            "trial_00000\u0661.json",
            "Trial_000001.json",
            "trial_000001.jsonx",
            "xtrial_000001.json",
            ".index",
            "",
        ],
    )
    def test_nothing_else_is_a_trial(self, name: str) -> None:
        assert number_in(name) is None

    def test_they_are_in_the_order_of_the_numbers(self, tmp_path: Path) -> None:
        for number in (1_000_000, 2, 999_999, 0):
            (tmp_path / file_name(number)).touch()
        (tmp_path / "notes.json").touch()
        assert [number_in(name) for name in trial_names(tmp_path)] == [0, 2, 999_999, 1_000_000]

    def test_a_folder_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(SearchError, match=r"nowhere: cannot be read: "):
            trial_names(tmp_path / "nowhere")


class TestWrite:
    @pytest.mark.parametrize("count", [1, 2, 40])
    def test_what_is_written_is_read(self, tmp_path: Path, count: int) -> None:
        records = [trial(number, 0.1 * number) for number in range(count)]
        write_records(tmp_path, records)
        assert held(tmp_path) == dict(enumerate(records))
        assert sorted(os.listdir(tmp_path)) == [file_name(number) for number in range(count)]
        for record in records:
            assert read_record(tmp_path / file_name(record.number)) == record
            assert (tmp_path / file_name(record.number)).read_bytes() == to_bytes(record)

    def test_no_trials_are_no_fault(self, tmp_path: Path) -> None:
        write_records(tmp_path, [])

    def test_a_trial_that_is_there_is_replaced_not_written_over(self, tmp_path: Path) -> None:
        write_records(tmp_path, [trial(0)])
        os.link(tmp_path / file_name(0), tmp_path / "link")
        write_records(tmp_path, [trial(0, 7.0)])
        assert held(tmp_path) == {0: trial(0, 7.0)}
        assert (tmp_path / "link").read_bytes() == to_bytes(trial(0))

    def test_a_system_that_writes_a_few_bytes_at_a_time_gets_them_all(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        really, rng = os.write, random.Random(1)
        monkeypatch.setattr(os, "write", lambda file, data: really(file, bytes(data[: rng.randint(1, 60)])))
        write_records(tmp_path, [trial(0), trial(1)])
        assert held(tmp_path) == {0: trial(0), 1: trial(1)}

    @pytest.mark.parametrize("count", [1, 5])
    def test_contents_are_on_the_disk_before_any_name_and_the_names_after(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
    ) -> None:
        steps: list[str] = []
        fsync, replace = os.fsync, os.replace
        records = [trial(number) for number in range(count)]
        sizes = sorted(len(to_bytes(record)) for record in records)
        flushed: list[int] = []

        def noted_fsync(file: int) -> None:
            status = os.fstat(file)
            steps.append("folder" if stat.S_ISDIR(status.st_mode) else "content")
            if steps[-1] == "content":
                flushed.append(status.st_size)
            fsync(file)

        def noted_replace(source: str, target: str) -> None:
            steps.append("name")
            assert number_in(Path(target).name) is not None
            assert Path(source).parent == Path(target).parent
            replace(source, target)

        monkeypatch.setattr(os, "fsync", noted_fsync)
        monkeypatch.setattr(os, "replace", noted_replace)
        write_records(tmp_path, records)
        last = ["folder"] if os.name == "posix" else []
        assert steps == ["content"] * count + ["name"] * count + last
        assert sorted(flushed) == sizes

    @pytest.mark.parametrize("step", ["open", "write", "fsync"])
    @pytest.mark.parametrize("after", [0, 1, 3])
    @pytest.mark.parametrize("count", [1, 4])
    def test_a_failure_before_the_names_leaves_everything_as_it_was(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: int, count: int
    ) -> None:
        write_records(tmp_path, [trial(0), trial(1)])
        really, calls = getattr(os, step), iter(range(100))

        def failing(*given: Any) -> Any:
            if next(calls) >= min(after, count - 1):
                if step == "write":  # half of it gets through
                    really(given[0], bytes(given[1][:50]))
                refuse()
            return really(*given)

        with monkeypatch.context() as patched:
            patched.setattr(os, step, failing)
            with pytest.raises(SearchError) as caught:
                write_records(tmp_path, [trial(number, 7.0) for number in range(1, 1 + count)])
        assert str(caught.value) == f"{tmp_path}: a trial cannot be written: No space left on device"
        assert held(tmp_path) == {0: trial(0), 1: trial(1)}
        assert temporary(tmp_path) == []

    @pytest.mark.parametrize("after", [0, 1, 2])
    def test_a_failure_among_the_names_leaves_each_whole_old_or_new(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
    ) -> None:
        write_records(tmp_path, [trial(0), trial(1)])
        really, calls = os.replace, iter(range(100))
        new = [trial(number, 7.0) for number in range(3)]
        with monkeypatch.context() as patched:
            patched.setattr(
                os, "replace", lambda *paths: refuse() if next(calls) >= after else really(*paths)
            )
            with pytest.raises(SearchError, match=r"a trial cannot be written: No space left on device$"):
                write_records(tmp_path, new)
        assert held(tmp_path) == {0: trial(0), 1: trial(1), **dict(enumerate(new[:after]))}
        assert temporary(tmp_path) == []

    @pytest.mark.parametrize("step", ["fsync", "write"])
    def test_an_interrupted_write_leaves_nothing_behind(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(os, step, interrupted)
            with pytest.raises(KeyboardInterrupt):
                write_records(tmp_path, [trial(0), trial(1)])
        assert os.listdir(tmp_path) == []

    def test_no_descriptor_is_left_open(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        opened: list[int] = []
        really_open, really_close = os.open, os.close

        def noted_open(*given: Any) -> int:
            opened.append(really_open(*given))
            return opened[-1]

        def noted_close(file: int) -> None:
            opened.remove(file)
            really_close(file)

        monkeypatch.setattr(os, "open", noted_open)
        monkeypatch.setattr(os, "close", noted_close)
        write_records(tmp_path, [trial(0), trial(1)])
        assert opened == []
        monkeypatch.setattr(os, "fsync", refuse)
        with pytest.raises(SearchError):
            write_records(tmp_path, [trial(0), trial(1)])
        assert opened == []

    def test_a_folder_in_a_trial_s_place_is_a_clear_error_and_stays(self, tmp_path: Path) -> None:
        (tmp_path / file_name(1)).mkdir()
        with pytest.raises(SearchError, match=r"a trial cannot be written: "):
            write_records(tmp_path, [trial(0), trial(1)])
        assert (tmp_path / file_name(1)).is_dir()
        assert temporary(tmp_path) == []

    def test_a_folder_that_is_not_there_is_a_clear_error(self, tmp_path: Path) -> None:
        with pytest.raises(SearchError, match=r"nowhere: a trial cannot be written: "):
            write_records(tmp_path / "nowhere", [trial(0)])

    def test_a_text_is_replaced_whole_or_not_at_all(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "study.toml"
        write_text(path, "größer\n")
        assert path.read_bytes() == "größer\n".encode()
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", refuse)
            with pytest.raises(SearchError, match=r"study.toml: cannot be written: No space left on device$"):
                write_text(path, "new\n")
        assert path.read_bytes() == "größer\n".encode()
        assert os.listdir(tmp_path) == ["study.toml"]


class TestRead:
    def test_a_file_under_another_name_is_refused(self, tmp_path: Path) -> None:
        write_records(tmp_path, [trial(0), trial(1)])
        (tmp_path / file_name(1)).rename(tmp_path / file_name(2))
        with pytest.raises(SearchError, match=r"trial_000002.json: holds trial 1$"):
            read_record(tmp_path / file_name(2))
        assert read_all(tmp_path) == ({0: trial(0)}, {file_name(2): "holds trial 1"})

    def test_broken_files_are_named_and_the_others_read(self, tmp_path: Path) -> None:
        write_records(tmp_path, [trial(number) for number in range(4)])
        (tmp_path / file_name(1)).write_bytes(b"")
        os.truncate(tmp_path / file_name(2), 100)
        records, broken = read_all(tmp_path)
        assert records == {0: trial(0), 3: trial(3)}
        assert broken == {file_name(1): "empty", file_name(2): "cut short, or no trial's record"}
        with pytest.raises(SearchError, match=r"trial_000001.json: empty$"):
            read_record(tmp_path / file_name(1))

    def test_what_is_no_file_is_a_broken_trial(self, tmp_path: Path) -> None:
        write_records(tmp_path, [trial(0)])
        (tmp_path / file_name(1)).mkdir()
        assert read_all(tmp_path) == ({0: trial(0)}, {file_name(1): "not a file"})
        with pytest.raises(SearchError, match=r"trial_000001.json: cannot be read: "):
            read_record(tmp_path / file_name(1))

    def test_a_disk_that_fails_is_an_error_and_no_broken_trial(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Else it would be set aside and run again."""
        write_records(tmp_path, [trial(0)])

        def failing(_: Path) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(Path, "read_bytes", failing)
        with pytest.raises(SearchError, match=r"trial_000000.json: cannot be read: Input/output error$"):
            read_all(tmp_path)
        with pytest.raises(SearchError, match=r"trial_000000.json: cannot be read: Input/output error$"):
            read_record(tmp_path / file_name(0))


class TestQuarantine:
    def test_nothing_is_deleted_or_written_over(self, tmp_path: Path) -> None:
        name = file_name(3)
        for at in range(12):
            (tmp_path / name).write_text(f"broken {at}")
            where = quarantine(tmp_path, name)
            assert not (tmp_path / name).exists()
            assert where.read_text() == f"broken {at}"
        aside = tmp_path / QUARANTINE
        assert sorted(path.read_text() for path in aside.iterdir()) == sorted(
            f"broken {at}" for at in range(12)
        )
        assert all(number_in(path.name) in (3, None) for path in aside.iterdir())

    def test_a_gap_in_the_names_is_filled_and_a_folder_is_not_moved_into(self, tmp_path: Path) -> None:
        aside = tmp_path / QUARANTINE
        aside.mkdir()
        (aside / file_name(3)).mkdir()
        (aside / f"{file_name(3)}.3").write_text("third")
        (tmp_path / file_name(3)).write_text("broken")
        assert quarantine(tmp_path, file_name(3)) == aside / f"{file_name(3)}.2"
        (tmp_path / file_name(3)).write_text("broken again")
        assert quarantine(tmp_path, file_name(3)) == aside / f"{file_name(3)}.4"
        assert (aside / f"{file_name(3)}.3").read_text() == "third"
        assert list((aside / file_name(3)).iterdir()) == []

    def test_what_cannot_be_moved_stays_and_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / file_name(3)).write_text("broken")
        with monkeypatch.context() as patched:
            patched.setattr(Path, "rename", refuse)
            with pytest.raises(SearchError, match=r"trial_000003.json: cannot be set aside: No space left"):
                quarantine(tmp_path, file_name(3))
        assert (tmp_path / file_name(3)).read_text() == "broken"
        (tmp_path / QUARANTINE).rmdir()
        (tmp_path / QUARANTINE).write_text("a file")
        with pytest.raises(SearchError, match=r"trial_000003.json: cannot be set aside: "):
            quarantine(tmp_path, file_name(3))
        assert (tmp_path / file_name(3)).read_text() == "broken"
        with pytest.raises(SearchError, match=r"trial_000004.json: cannot be set aside: "):
            quarantine(tmp_path, file_name(4))

    @posix
    def test_a_link_that_leads_nowhere_is_not_written_over(self, tmp_path: Path) -> None:
        aside = tmp_path / QUARANTINE
        aside.mkdir()
        (aside / file_name(3)).symlink_to("an archive that is not mounted")
        (tmp_path / file_name(3)).write_text("broken")
        quarantine(tmp_path, file_name(3))
        assert (aside / file_name(3)).is_symlink()


NURSERY = """
import itertools, os, pathlib, signal, sys, time
from pathlib import Path
from genesis_core.optimize import store
from genesis_core.optimize.locking import only_writer
from genesis_core.optimize.store import write_records
from tests.unit.trial_cases import trial

folder = Path(sys.argv[1])

def write(begun):
    with only_writer(folder):
        if begun is not None:
            os.write(begun, b".")
        for score in itertools.count(1):
            write_records(folder, [trial(number, float(score)) for number in range(6)])

def hold(begun):
    with only_writer(folder):
        os.write(begun, b".")
        signal.pause()

def die_at(step):
    calls = itertools.count()
    def dying(function):
        def call(*given, **named):
            if next(calls) == step:
                if function is os.write:
                    function(given[0], bytes(given[1][:50]))
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*given, **named)
        return call
    for name in ("open", "write", "close"):
        setattr(os, name, dying(getattr(os, name)))
    for name in ("fsync", "replace", "unlink"):
        setattr(os, name, dying(getattr(os, name)))
    write_records(folder, [trial(number, 7.0) for number in range(3)])
    os._exit(7)

def child(task, *given):
    process = os.fork()
    if process == 0:
        try:
            task(*given)
        finally:
            os._exit(9)
    return process

holder = 0
for line in sys.stdin:
    word, number = line.split()
    if word in ("write", "hold"):
        reading, writing = os.pipe()
        holder = child(write if word == "write" else hold, writing)
        os.close(writing)
        begun = os.read(reading, 1)
        os.close(reading)
        if word == "hold":
            print(int(begun == b"."), flush=True)
            continue
        time.sleep(int(number) / 1e6)
        os.kill(holder, signal.SIGKILL)
        os.waitpid(holder, 0)
        print(int(begun == b"."), flush=True)
    elif word == "kill":
        os.kill(holder, signal.SIGKILL)
        os.waitpid(holder, 0)
        print(1, flush=True)
    else:
        _, status = os.waitpid(child(die_at, int(number)), 0)
        print(int(os.WIFSIGNALED(status)), flush=True)
"""
"""A process that makes writers, so that each costs a fork and not an import, and kills them."""


class Nursery:
    def __init__(self, asked: IO[str], told: IO[str]) -> None:
        self._asked, self._told = asked, told

    def ask(self, word: str, number: int = 0) -> int:
        self._asked.write(f"{word} {number}\n")
        self._asked.flush()
        return int(self._told.readline())


def environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return os.environ | {"PYTHONPATH": path, "PYTHONWARNINGS": "ignore"}


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Nursery(process.stdin, process.stdout)
        process.kill()


@posix
class TestKilledWriters:
    def test_writers_killed_at_random_moments_leave_whole_files_and_the_next_one_clears_up(
        self, tmp_path: Path, nursery: Nursery
    ) -> None:
        rng = random.Random(3)
        left = 0
        for _ in range(20):
            assert nursery.ask("write", rng.randrange(15_000)) == 1
            for number, record in held(tmp_path).items():
                assert record.score is not None
                assert record == trial(number, record.score)
            names = set(os.listdir(tmp_path)) - set(temporary(tmp_path))
            assert names <= {LOCK, *map(file_name, range(6))}
            left += len(temporary(tmp_path))
            with only_writer(tmp_path):
                assert temporary(tmp_path) == []
            assert set(os.listdir(tmp_path)) == names

    def test_a_writer_killed_at_any_step_leaves_each_trial_whole_old_or_new(
        self, tmp_path: Path, nursery: Nursery
    ) -> None:
        """At every call to the system: the first half of a write, and what was to come after, never happened."""
        old, new = (
            {number: trial(number, score) for number in numbers}
            for numbers, score in ((range(2), 1.0), (range(3), 7.0))
        )
        step = died = left = mixed = 0
        while True:
            for number in range(3):
                (tmp_path / file_name(number)).unlink(missing_ok=True)
            write_records(tmp_path, list(old.values()))
            if nursery.ask("die", step) == 0:
                break
            found = held(tmp_path)
            assert all(record in (old.get(number), new[number]) for number, record in found.items())
            assert found.keys() >= old.keys()
            died += 1
            left += len(temporary(tmp_path))
            mixed += old != found != new
            with only_writer(tmp_path):
                assert temporary(tmp_path) == []
            assert held(tmp_path) == found
            step += 1
        assert held(tmp_path) == new
        # Else the steps were none.
        assert died >= 15
        assert left > 0
        assert mixed > 0

    def test_a_second_writer_is_refused_until_the_first_is_killed(
        self, tmp_path: Path, nursery: Nursery
    ) -> None:
        assert nursery.ask("hold") == 1
        half = tmp_path / ".trial_000001.json.ab12.tmp"
        half.write_text("the first one's")
        for _ in range(2):
            with pytest.raises(SearchError) as caught, only_writer(tmp_path):
                pytest.fail("two at once")
            assert str(caught.value) == f"{tmp_path}: another optimizer is working on this study"
        assert half.exists()
        nursery.ask("kill")
        with only_writer(tmp_path):
            assert not half.exists()

    def test_what_reads_is_not_locked_out(self, tmp_path: Path, nursery: Nursery) -> None:
        write_records(tmp_path, [trial(0)])
        assert nursery.ask("hold") == 1
        assert held(tmp_path) == {0: trial(0)}


FILL = """
import sys
from pathlib import Path
from genesis_core.errors import SearchError
from genesis_core.optimize.store import write_records
from tests.unit.trial_cases import trial

folder, error, number = Path(sys.argv[1]), None, 0
{limit}
while error is None and number < 4_000:
    batch = [trial(number + k, error="x" * (number + k)) for k in range(3)]
    try:
        write_records(folder, batch)
    except SearchError as fault:
        error = str(fault)
    else:
        number += 3
print(error)
print(number)
{after}
"""
VERIFY = """
from genesis_core.optimize.store import read_all
import os
records, broken = read_all(folder)
assert broken == {}, broken
assert sorted(records) == list(range(number)), (number, sorted(records))
assert all(records[k] == trial(k, error="x" * k) for k in records)
assert [name for name in os.listdir(folder) if name.startswith(".")] == []
os.unlink(folder / "trial_000000.json")
os.unlink(folder / "trial_000001.json")
os.unlink(folder / "trial_000002.json")
write_records(folder, [trial(1)])  # room again
print("whole")
"""


@posix
class TestFullDisk:
    def run(self, *command: str) -> list[str]:
        ended = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout.splitlines()

    def test_a_full_disk_is_one_clear_error_and_leaves_what_was_there_whole(self, tmp_path: Path) -> None:
        if shutil.which("unshare") is None:
            pytest.skip("no unshare: a disk of 64 kB cannot be had")
        # In a name space of its own: the disk goes with the process.
        mounted = f"mount -t tmpfs -o size=64k none '{tmp_path}'"
        inside = [
            "unshare",
            *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]),
            "--mount",
            "sh",
            "-c",
        ]
        if subprocess.run([*inside, mounted], capture_output=True, check=False).returncode != 0:
            pytest.skip("this user may not mount a disk of 64 kB")
        code = FILL.format(limit="", after=VERIFY)
        error, number, said = self.run(
            *inside, f'{mounted} && exec "$0" "$@"', sys.executable, "-c", code, str(tmp_path)
        )
        assert error == f"{tmp_path}: a trial cannot be written: No space left on device"
        assert 3 <= int(number) < 64
        assert said == "whole"

    def test_a_file_that_may_not_grow_is_one_clear_error_and_leaves_what_was_there_whole(
        self, tmp_path: Path
    ) -> None:
        limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1_200, 1_200))"
        error, number, said = self.run(
            sys.executable, "-c", FILL.format(limit=limit, after=VERIFY), str(tmp_path)
        )
        assert error == f"{tmp_path}: a trial cannot be written: File too large"
        assert int(number) >= 100
        assert said == "whole"

    def test_a_batch_of_more_trials_than_files_may_be_open_is_written(self, tmp_path: Path) -> None:
        """A small space has thousands of repeated trials in one batch; macOS lets a process open 256 files."""
        limit = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))"
        after = "print(sorted(os.listdir(folder)) == [f'trial_{k:06d}.json' for k in range(300)])"
        code = FILL.format(limit=limit, after=f"import os\n{after}")
        code = code.replace("range(3)", "range(300)").replace("4_000", "1").replace("(number + k))", "1)")
        error, _, all_there = self.run(sys.executable, "-c", code, str(tmp_path))
        assert (error, all_there) == ("None", "True")


@posix
def test_signals_of_the_limits_of_these_tests_are_ignored() -> None:
    """Python ignores the signal for a file that grows beyond its limit; else the test above would see a death."""
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN
