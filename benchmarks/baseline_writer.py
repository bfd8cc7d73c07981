"""Baseline files against killed and concurrent writers: ``python -m benchmarks.baseline_writer --kills 200``.

A real process rewrites a file of hundreds of entries as an update does, and is killed at random moments; after each
kill the file must be whole and hold one of the states that were written. Then several processes add entries of their
own to the same files at the same time; none may be lost.

A kill proves that no half-written file takes the place of a whole one. That a file outlives a power failure is up to
fsync and the disk, which no program can test on itself.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from pytest_genesis_perf.baseline_files import SpeedEntry, read_digests
from pytest_genesis_perf.baselines import LOCK_FILE, Store, editing
from pytest_genesis_perf.environment import EnvironmentClass
from pytest_genesis_perf.evidence import StoredSpeed
from pytest_genesis_perf.toml_files import BaselineError

ROOT = Path(__file__).resolve().parent.parent
ENTRIES = 400
HERE = EnvironmentClass("CPython 3.11", "x86_64", "any", 2, (("numpy", "2.4"),))
LATEST = 0.04
"""Seconds from a writer's first write to its end, at most: some twenty writes."""
PATIENCE = 60.0


@dataclass
class Killed:
    """What killing writers showed.

    Attributes
    ----------
    kills, writes : int
        Writers killed, and files that they had written.
    while_locked, while_writing : int
        Kills that left the lock file, and a temporary file: those that hit a writer at work.
    faults : list of str
        States of the file that nobody had written.
    """

    kills: int = 0
    writes: int = 0
    while_locked: int = 0
    while_writing: int = 0
    faults: list[str] = field(default_factory=list)


def kill_writers(folder: Path, kills: int, seed: int) -> Killed:
    """Kill one writer after the other at random moments, and look at the file after each.

    Parameters
    ----------
    folder : Path
        An empty folder for the baselines.
    kills : int
        How many.
    seed : int
        Of the moments.
    """
    moments = random.Random(seed)
    store = Store(folder)
    found = Killed()
    started = 0
    for _ in range(kills):
        with _start("--rewrite", str(folder), "--first", str(started)) as process:
            assert process.stdout is not None
            told = [process.stdout.readline(), process.stdout.readline()]
            with suppress(subprocess.TimeoutExpired):
                process.wait(moments.uniform(0.0, LATEST))
            process.kill()
            # Not communicate(): it does not know what readline() has read ahead.
            told += process.stdout.read().splitlines()
        # The last line may be cut off; what it says has then not happened.
        words = [line.split() for line in told]
        begun = [int(word[1]) for word in words if len(word) == 3 and word[0] == "begin"]
        ended = [int(word[1]) for word in words if len(word) == 3 and word[0] == "end"]
        found.kills += 1
        found.writes += len(ended)
        found.while_locked += (folder / LOCK_FILE).exists()
        found.while_writing += len(_temporary(folder)) > 0
        if not ended:
            found.faults.append(f"the writer failed: {' '.join(told)}")
            break
        fault = _fault(store.digests_path, range(ended[-1], begun[-1] + 1))
        if fault:
            found.faults.append(fault)
        started = begun[-1] + 1
    return found


def add_at_once(folder: Path, writers: int, rounds: int) -> list[str]:
    """Have processes add entries of their own to the same files at the same time; return what went wrong.

    Parameters
    ----------
    folder : Path
        A folder for the baselines.
    writers, rounds : int
        How many processes, and entries of each.
    """
    faults = []
    with ExitStack() as running:
        processes = [
            running.enter_context(
                _start("--add", str(folder), "--writer", str(writer), "--rounds", str(rounds))
            )
            for writer in range(writers)
        ]
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for writer, process in enumerate(processes):
            assert process.stdout is not None
            told = process.stdout.read()
            if process.wait():
                faults.append(f"writer {writer}: {told}")
    asked = {_key(writer, turn) for writer in range(writers) for turn in range(rounds)}
    store = Store(folder)
    for kind, keys in (("digests", set(store.digests or {})), ("speeds", set(store.speeds(HERE)))):
        if asked - keys:
            faults.append(f"{len(asked - keys)} of {len(asked)} {kind} lost")
    return faults


def _fault(path: Path, turns: range) -> str | None:
    try:
        digests = read_digests(path)
    except BaselineError as error:
        return str(error)
    written = {int(digest, 16) for digest in digests.values()}
    if len(digests) != ENTRIES or len(written) != 1:
        return f"{len(digests)} entries of the turns {sorted(written)}"
    return None if written.pop() in turns else f"not of the turns {turns}"


def _temporary(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.endswith(".tmp")]


def _rewrite(folder: Path, first: int) -> None:
    for turn in count(first):
        digest = f"{turn:032x}"
        digests = {(f"tests/test_{n % 40}.py::test[{n}]", "comparison"): digest for n in range(ENTRIES)}
        print("begin", turn, ".", flush=True)
        with editing(folder, PATIENCE) as store:
            store.write_digests(digests)
        print("end", turn, ".", flush=True)


def _add(folder: Path, writer: int, rounds: int) -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    for turn in range(rounds):
        speed = SpeedEntry(StoredSpeed(1.0 + writer, 2.0 + writer, 3.0 + writer), 5)
        with editing(folder, PATIENCE) as store:
            store.write_digests({**(store.digests or {}), _key(writer, turn): f"{writer:032x}"})
            store.write_speeds(HERE, {**store.speeds(HERE), _key(writer, turn): speed})


def _key(writer: int, turn: int) -> tuple[str, str]:
    return f"test_{writer}.py::test", f"comparison {turn}"


def _start(*arguments: str) -> subprocess.Popen[str]:
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.baseline_writer", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit code is 1 where a file was damaged or an entry lost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.baseline_writer", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=20, help="entries of each concurrent writer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rewrite", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--add", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--writer", type=int, default=0, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.rewrite:
        _rewrite(chosen.rewrite, chosen.first)
    if chosen.add:
        _add(chosen.add, chosen.writer, chosen.rounds)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "baselines"
        killed = kill_writers(folder, chosen.kills, chosen.seed)
        print(
            f"{killed.kills} writers killed after {killed.writes:,} writes of {ENTRIES} entries: "
            f"{killed.while_locked} held the lock, {killed.while_writing} left a temporary file; "
            f"{len(killed.faults)} files damaged"
        )
        lost = add_at_once(folder, chosen.writers, chosen.rounds)
        left = sorted(path.name for path in folder.iterdir())
        print(
            f"{chosen.writers} writers at once, {chosen.rounds} entries each: {'; '.join(lost) or 'none lost'}"
        )
        print(f"left in the folder: {', '.join(left)}")
    for fault in killed.faults:
        print(fault)
    return 1 if killed.faults or lost else 0


if __name__ == "__main__":
    sys.exit(main())
