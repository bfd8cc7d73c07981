"""A search that is killed, stopped or damaged anywhere, and goes on as if nothing had happened."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from genesis_core import synthetic
from genesis_core.optimize import optimize, summarize
from genesis_core.optimize.store import file_name, read_record
from tests.unit.search_cases import ROOT, TABLES, TRIALS, contents, names, search_of, stored, write_search
from tests.unit.test_cli import invoke

CANDLES = synthetic(bars=1_500)
PATIENCE = 120.0
"""Seconds to wait for what has to happen, however busy the machine is."""

# The program as a user runs it, but for two things: it is forked from a process that has read and compiled everything
# already, which takes longer than the search; and before its n-th write to the disk something happens to it. A step
# is a write of bytes, a flush, or a renaming: six of each for six trials, which one process runs and records together,
# and one flush of the folder.
DRIVER = """
import json, os, signal, sys, threading, time
from multiprocessing import active_children
from pathlib import Path

count, lock = 0, threading.Lock()


def happens(what):
    if what == "kill":
        print(*(child.pid for child in active_children()), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "stop":
        os.killpg(os.getpgrp(), signal.SIGINT)
    elif what == "kill a worker":
        active_children()[0].kill()
        print("killed", flush=True)


def counted(real, what, at):
    def step(*args, **more):
        global count
        with lock:
            count += 1
            now = count == at
        if now:
            happens(what)
        return real(*args, **more)

    return step


if __name__ == "__main__":  # and not in its workers
    from genesis_core import synthetic
    from genesis_core.cli import main
    from genesis_core.optimize import evaluate, files, optimize, running, store
    from genesis_core.strategy import load_strategy

    evaluate.Task(synthetic(bars=300), load_strategy(sys.argv[1])).warm
    for line in sys.stdin:
        given = json.loads(line)
        child = os.fork()
        if child == 0:
            break
        end = time.monotonic() + given["patience"]
        ended = (0, 0)
        while ended == (0, 0):
            ended = os.waitpid(child, os.WNOHANG)
            time.sleep(0.002)
            if time.monotonic() > end:
                os.killpg(child, signal.SIGKILL)
        print(os.waitstatus_to_exitcode(ended[1]), flush=True)
    else:
        sys.exit()
    os.setsid()
    for number, name in enumerate((os.devnull, given["stdout"], given["stderr"])):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), number)
    os.environ.clear()
    os.environ.update(given["environment"])
    # As in a terminal: what is started in the background ignores Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    what, at = given["what"], given["at"]
    # The same groups however slow the machine is.
    running.MOST_TOGETHER, running.SECONDS_TOGETHER = 6, (0.0, 1e6)
    sys.argv[1:] = given["arguments"]
    store.write_whole = files.write_whole = counted(files.write_whole, what, at)
    os.fsync = counted(os.fsync, what, at)
    os.replace = counted(os.replace, what, at)
    main()
"""
STUDY_STEPS, BATCH_STEPS = 4, 19
FLUSHED, NAMED = 8, 15
"""Within a group: some trials of six are flushed; two have their names."""
ALL_STEPS = STUDY_STEPS + 4 * BATCH_STEPS


class Driver:
    """Runs the program in sessions of their own, in each of which something happens to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "driver.py").write_text(DRIVER)
        self._started: subprocess.Popen[str] | None = None

    def run(self, what: str, at: int, *arguments: object) -> subprocess.CompletedProcess[str]:
        if self._started is None:
            self._started = subprocess.Popen(
                [sys.executable, str(self._folder / "driver.py"), str(TABLES)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        written = [self._folder / name for name in ("stdout", "stderr")]
        for file in written:
            file.unlink(missing_ok=True)
        given = {
            "what": what,
            "at": at,
            "arguments": ["optimize", *map(str, arguments)],
            "patience": PATIENCE,
            "stdout": str(written[0]),
            "stderr": str(written[1]),
            "environment": {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        }
        assert self._started.stdin is not None
        assert self._started.stdout is not None
        self._started.stdin.write(json.dumps(given) + "\n")
        self._started.stdin.flush()
        code = int(self._started.stdout.readline())
        return subprocess.CompletedProcess(what, code, *(file.read_text() for file in written))

    def close(self) -> None:
        if self._started is not None:
            self._started.communicate(timeout=PATIENCE)


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    made = Driver(tmp_path_factory.mktemp("driver"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the search without a fault; nobody may change the folder."""
    return optimize(search_of(), CANDLES, results=tmp_path_factory.mktemp("undisturbed")).folder


@pytest.fixture
def study(undisturbed: Path, tmp_path: Path) -> Path:
    shutil.copytree(undisturbed, tmp_path / "results" / "s")
    return tmp_path / "results" / "s"


def wait_until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def is_running(process: int) -> bool:
    """Say whether a process is there and not only waits to be buried."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def assert_as_undisturbed(folder: Path, undisturbed: Path) -> None:
    assert stored(folder) == stored(undisturbed)
    assert summarize(folder, 100).top == summarize(undisturbed, 100).top
    assert (folder / "validation.json").read_bytes() == (undisturbed / "validation.json").read_bytes()
    assert contents(folder).keys() == names() | {"study.toml", "validation.json"}


def test_the_steps_of_a_run_are_as_many_as_they_were(
    driver: Driver, tmp_path: Path, undisturbed: Path
) -> None:
    # Else what is killed below is killed elsewhere than it says. After the batches: the validation, and the index.
    write_search(tmp_path / "s.toml")
    last = driver.run("kill", ALL_STEPS + 5, "run", tmp_path / "s.toml", "--results", tmp_path / "r")
    assert last.returncode == -signal.SIGKILL
    assert f"{TRIALS} trials run in " in last.stdout
    assert list((tmp_path / "r" / "s").glob(".index.*.tmp")) != []
    assert stored(tmp_path / "r" / "s") == stored(undisturbed)


MOMENTS = {
    2: "the study's file is written and not yet flushed",
    STUDY_STEPS + 1: "before the first trial is written",
    STUDY_STEPS + FLUSHED: "trials are written, some of them are flushed",
    STUDY_STEPS + NAMED: "some of the first batch have their names",
    STUDY_STEPS + BATCH_STEPS + NAMED: "some of the second batch have their names",
    ALL_STEPS + 3: "the validation is written and has no name",
}


@pytest.mark.parametrize("at", MOMENTS, ids=MOMENTS.values())
def test_a_run_that_is_killed_goes_on(driver: Driver, tmp_path: Path, undisturbed: Path, at: int) -> None:
    write_search(tmp_path / "s.toml")
    results = tmp_path / "r"
    killed = driver.run("kill", at, "run", tmp_path / "s.toml", "--results", results)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    left = {file.name: file.read_bytes() for file in (results / "s").glob("trial_*.json")}
    for name in left:
        read_record(results / "s" / name)
    done = invoke("optimize", "run", tmp_path / "s.toml", "--results", results)
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    assert done.stdout.splitlines()[1].startswith(f"{TRIALS - len(left)} trials run in ")
    assert_as_undisturbed(results / "s", undisturbed)
    assert {name: (results / "s" / name).read_bytes() for name in left} == left


def test_a_run_that_is_killed_again_and_again_ends(driver: Driver, tmp_path: Path, undisturbed: Path) -> None:
    write_search(tmp_path / "s.toml")
    folder = tmp_path / "r" / "s"
    begun = ("run", tmp_path / "s.toml", "--results", tmp_path / "r")
    again = ("resume", folder)
    counts = []
    for at, command in ((STUDY_STEPS + NAMED, begun), (FLUSHED, again), (BATCH_STEPS, again)):
        assert driver.run("kill", at, *command).returncode == -signal.SIGKILL
        counts.append(len(list(folder.glob("trial_*.json"))))
    assert counts == sorted(counts)
    assert 0 < counts[0] <= counts[-1] < TRIALS
    done = invoke("optimize", *again)
    assert done.exit_code == 0, done.output
    assert_as_undisturbed(folder, undisturbed)


def test_a_walk_forward_that_is_killed_goes_on(driver: Driver, tmp_path: Path) -> None:
    walk: dict[str, Any] = {"kind": "walk-forward", "test": 0.15, "folds": 2}
    write_search(tmp_path / "s.toml", validation=walk, budget={"trials": 8})
    expected = optimize(search_of(validation=walk, budget={"trials": 8}), CANDLES, results=tmp_path / "e")
    # The study's file, the fold's, its batch and validation; then some of the study's own batch.
    for name, at in (("a", STUDY_STEPS + 1), ("b", 2 * STUDY_STEPS + BATCH_STEPS + 4 + NAMED)):
        command = ("run", tmp_path / "s.toml", "--results", tmp_path / name)
        assert driver.run("kill", at, *command).returncode == -signal.SIGKILL
        assert invoke("optimize", *command).exit_code == 0
        folder = tmp_path / name / "s"
        assert stored(folder) == stored(expected.folder)
        assert len(stored(folder)) == 16
        assert contents(folder).keys() == contents(expected.folder).keys()
        for home in ("fold_01", "."):
            there = (folder / home / "validation.json").read_bytes()
            assert there == (expected.folder / home / "validation.json").read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="no signals there")
@pytest.mark.parametrize("executor", ["here", "processes"])
def test_ctrl_c_says_how_to_go_on_and_leaves_whole_files(
    driver: Driver, tmp_path: Path, undisturbed: Path, executor: str
) -> None:
    write_search(tmp_path / "s.toml", sampler={"batch": 6})  # a group: what is asked for begins at once
    folder = tmp_path / "r" / "s"
    more = ("--executor", "processes", "--workers", 1) if executor == "processes" else ()
    at = STUDY_STEPS + BATCH_STEPS + FLUSHED
    done = driver.run("stop", at, "run", tmp_path / "s.toml", "--results", tmp_path / "r", *more)
    assert done.returncode == 130, done.stderr
    (line,) = done.stderr.splitlines()
    kept = len(list(folder.glob("trial_*")))
    assert kept == 6
    command = " ".join(["genesis optimize resume", str(folder), *map(str, more)])
    assert line == f"genesis: stopped; {kept} of {TRIALS} trials are on record; {command} goes on"
    assert list(folder.glob("*.tmp")) == list(folder.glob(".*.tmp")) == []
    for file in folder.glob("trial_*"):
        read_record(file)
    rest = invoke("optimize", "resume", folder)
    assert rest.exit_code == 0, rest.output
    assert f"{TRIALS - kept} trials run in " in rest.stdout
    assert_as_undisturbed(folder, undisturbed)


@pytest.mark.skipif(sys.platform == "win32", reason="no signals there")
def test_ctrl_c_while_files_get_their_names_counts_what_is_there(
    driver: Driver, tmp_path: Path, undisturbed: Path
) -> None:
    write_search(tmp_path / "s.toml")
    folder = tmp_path / "r" / "s"
    at = STUDY_STEPS + BATCH_STEPS + NAMED
    done = driver.run("stop", at, "run", tmp_path / "s.toml", "--results", tmp_path / "r")
    assert done.returncode == 130, done.stderr
    kept = len(list(folder.glob("trial_*")))
    assert 6 < kept < 12
    assert done.stderr.startswith(f"genesis: stopped; {kept} of {TRIALS} trials are on record; ")
    assert list(folder.glob(".*.tmp")) == []
    assert invoke("optimize", "resume", folder).exit_code == 0
    assert_as_undisturbed(folder, undisturbed)


def test_a_worker_that_is_killed_changes_nothing(driver: Driver, tmp_path: Path, undisturbed: Path) -> None:
    write_search(tmp_path / "s.toml")
    command = (
        "run",
        tmp_path / "s.toml",
        "--results",
        tmp_path / "r",
        "--executor",
        "processes",
        "--workers",
        2,
    )
    done = driver.run("kill a worker", STUDY_STEPS + 6, *command)
    assert done.returncode == 0, done.stderr
    assert "killed" in done.stdout
    assert done.stderr == ""
    assert_as_undisturbed(tmp_path / "r" / "s", undisturbed)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_workers_do_not_outlive_a_run_that_is_killed(
    driver: Driver, tmp_path: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_search(tmp_path / "s.toml")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    command = (
        "run",
        tmp_path / "s.toml",
        "--results",
        tmp_path / "r",
        "--executor",
        "processes",
        "--workers",
        2,
    )
    killed = driver.run("kill", STUDY_STEPS + 6, *command)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    workers = [int(word) for word in killed.stdout.splitlines()[-1].split()]
    assert len(workers) in (1, 2)
    wait_until(lambda: not any(is_running(worker) for worker in workers))
    wait_until(lambda: not list((tmp_path / "temporary").glob("genesis-*")))
    monkeypatch.delenv("TMPDIR")
    assert invoke("optimize", "resume", tmp_path / "r" / "s").exit_code == 0
    assert_as_undisturbed(tmp_path / "r" / "s", undisturbed)


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    """Change one bit of one digit, such that it is another digit."""
    at = content.index(b'"final_equity": ') + 19
    assert content[at : at + 1].isdigit()
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGES: dict[int, Callable[[bytes], bytes]] = {
    3: cut,
    11: flipped,
    17: lambda content: b"",
    20: lambda content: bytes(len(content)),
}


def damage(study: Path) -> dict[str, bytes]:
    """Damage some records; return what stands in their files now."""
    for number, how in DAMAGES.items():
        file = study / file_name(number)
        file.write_bytes(how(file.read_bytes()))
    return {file_name(number): (study / file_name(number)).read_bytes() for number in DAMAGES}


def test_damaged_records_are_named_by_the_summary_and_left_alone(study: Path) -> None:
    damage(study)
    before = contents(study)
    done = invoke("optimize", "summarize", study)
    assert done.exit_code == 0, done.output
    assert "4 files are no trial's record and left out" in done.stdout
    assert all(file_name(number) in done.stdout for number in DAMAGES)
    assert contents(study) == before
    summary = summarize(study, 100)
    assert summary.trials == TRIALS - 4
    assert set(summary.broken) == {file_name(number) for number in DAMAGES}
    assert "checksum" in summary.broken[file_name(11)]
    assert "cut short" in summary.broken[file_name(3)]
    assert not DAMAGES.keys() & {one.number for one in summary.top}


@pytest.mark.parametrize("command", ["run", "resume"])
def test_damaged_records_are_set_aside_and_run_again(
    study: Path, undisturbed: Path, tmp_path: Path, command: str
) -> None:
    write_search(tmp_path / "s.toml")
    damaged = damage(study)
    what = ("run", tmp_path / "s.toml", "--results", study.parent) if command == "run" else ("resume", study)
    done = invoke("optimize", *what)
    assert done.exit_code == 0, done.output
    assert "4 trials run in " in done.stdout
    lines = done.stderr.splitlines()
    assert len(lines) == 4
    for name, line in zip(damaged, lines, strict=True):
        assert line.startswith(f"genesis: warning: {study / name}: ")
        assert line.endswith(f"set aside as {study / 'quarantine' / name}")
    aside = study / "quarantine"
    assert {file.name: file.read_bytes() for file in aside.iterdir()} == damaged
    assert stored(study) == stored(undisturbed)
    assert summarize(study, 100).top == summarize(undisturbed, 100).top
    assert summarize(study).broken == {}

    again = {name: content + b"x" for name, content in damaged.items()}
    for name, content in again.items():
        (study / name).write_bytes(content)
    assert invoke("optimize", "resume", study).exit_code == 0
    kept = {file.name: file.read_bytes() for file in aside.iterdir()}
    assert kept == damaged | {f"{name}.2": content for name, content in again.items()}
    assert stored(study) == stored(undisturbed)


def test_a_lost_trial_of_others_that_repeat_it_is_run_again(tmp_path: Path) -> None:
    few = {"exits": {"stop": {"kind": "choice", "values": [2.0, 3.0]}}}
    search = search_of(parameters=few, constraints=[])
    folder = optimize(search, CANDLES, results=tmp_path).folder
    before = contents(folder)
    whole = stored(folder)
    assert whole[file_name(0)]["status"] == "complete"
    (folder / file_name(0)).write_bytes(b"")
    (folder / file_name(9)).unlink()
    done = optimize(search, CANDLES, results=tmp_path)
    assert len(done.quarantined) == 1
    assert stored(folder) == whole
    changed = {name for name, content in contents(folder).items() if before.get(name) != content}
    assert changed <= {file_name(0), file_name(9), f"quarantine/{file_name(0)}"}


def test_dask_changes_nothing(tmp_path: Path, undisturbed: Path) -> None:
    pytest.importorskip("distributed")
    done = optimize(search_of(), CANDLES, results=tmp_path, executor="dask-local", workers=2)
    assert (done.progress.run, done.progress.stopped) == (TRIALS, "trials")
    assert_as_undisturbed(done.folder, undisturbed)
