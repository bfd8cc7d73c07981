"""Summaries of a large study: cold, again in one process, under a change token, and in a new process with a warm index.

Every answer is compared with the cold one, byte for byte, before anything is timed and after.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure, WrongResultError, figure, rounded
from benchmarks.studies import let_settle, make_study
from benchmarks.timing import ROOT, one_sample, rounds_of, spread
from genesis_core.benchmarking import ratio
from genesis_core.optimize import StudyReader

FILES = 10_000
COLD_SECONDS, AGAIN_MS, TOKEN_TIMES, PROCESS_MS = 1.5, 60.0, 100.0, 150.0


def run(files: int = FILES, rounds: int = 9) -> list[Figure]:
    """Measure.

    Parameters
    ----------
    files : int
        Trials of the study.
    rounds : int
        Of each way.

    Raises
    ------
    WrongResultError
        If an answer is not the cold one.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = make_study(Path(place) / "measured", files)
        small = make_study(Path(place) / "small", 1)
        let_settle(folder)
        kept, watching = StudyReader(folder), StudyReader(folder)
        kept.summary()
        watching.summary(watch=True)
        ways = {
            "cold": lambda: StudyReader(folder, index=False).summary().to_json(),
            "again": lambda: kept.summary().to_json(),
            "stat": lambda: _stat(folder),
        }
        expected = ways["cold"]()
        _require(expected, kept.summary().to_json(), "a repeated call")
        _require(expected, watching.summary(watch=True).to_json(), "a call under a change token")
        _require(_printed(expected), _process(folder)[0], "a new process")
        seconds = rounds_of(ways, rounds)
        cold, token = _under_token(folder, watching, rounds)
        _require(expected, kept.summary().to_json(), "a repeated call")
        beyond = _beyond(folder, small, 3 * rounds)
        _touch(folder)
        changed = ways["cold"]()
        if changed == expected:
            raise WrongResultError("a changed file changed nothing")
        for name, reader in (("a repeated call", kept), ("a call under a change token", watching)):
            _require(changed, reader.summary(watch=reader is watching).to_json(), f"{name}, after a change")
        _require(_printed(changed), _process(folder)[0], "a new process, after a change")
    text = f"summary of {files:,} trial files"
    return [
        figure("summaries.cold", f"{text}, cold", spread(seconds["cold"]), "s", at_most=COLD_SECONDS),
        figure(
            "summaries.stat",
            f"looking at {files:,} files alone (scandir, stat)",
            spread(seconds["stat"]),
            "ms",
            1e3,
        ),
        figure(
            "summaries.again",
            f"{text}, again in one process, every file looked at",
            spread(seconds["again"]),
            "ms",
            1e3,
            at_most=AGAIN_MS,
        ),
        figure(
            "summaries.token",
            f"{text}, cold over unchanged by the change token",
            ratio(cold, token),
            "x",
            at_least=TOKEN_TIMES,
        ),
        Figure(
            "summaries.process",
            f"{text}, new process with a warm index, beyond that of a study of one trial",
            rounded(beyond * 1e3),
            "ms",
            at_most=PROCESS_MS,
        ),
    ]


def _under_token(folder: Path, watching: StudyReader, rounds: int) -> tuple[list[float], list[float]]:
    """Time pairs of a cold summary and one under a change token, which each cold one ends by opening every file."""
    cold, token = [], []
    for _ in range(rounds):
        cold.append(one_sample(lambda: StudyReader(folder, index=False).summary()))
        watching.summary(watch=True)
        token.append(one_sample(lambda: watching.summary(watch=True)))
    return cold, token


def _stat(folder: Path) -> int:
    with os.scandir(folder) as found:
        return sum(entry.stat(follow_symlinks=False).st_size for entry in found)


def _printed(summary: bytes) -> bytes:
    """Return a summary as the command prints it: with its own name."""
    plain = json.loads(summary)
    head = {"schema": plain.pop("schema"), "command": "optimize summarize"}
    return (json.dumps({**head, **plain}, indent=2) + "\n").encode()


def _process(folder: Path) -> tuple[bytes, float]:
    command = [sys.executable, "-c", "from genesis_core.cli import main; main()", "optimize", "summarize"]
    begun = time.perf_counter()
    done = subprocess.run([*command, str(folder), "--json", "-"], capture_output=True, cwd=ROOT, check=False)
    seconds = time.perf_counter() - begun
    if done.returncode:
        raise WrongResultError(done.stderr.decode())
    return done.stdout, seconds


def _beyond(folder: Path, small: Path, rounds: int) -> float:
    """Return the median of the differences of processes that ran one after the other."""
    _process(small)
    found = sorted(_process(folder)[1] - _process(small)[1] for _ in range(rounds))
    return found[len(found) // 2]


def _touch(folder: Path) -> None:
    """Rewrite the best trial in place as a bad one, with the same size and its old time."""
    best = folder / f"trial_{StudyReader(folder, index=False).summary(1).top[0].number:06d}.json"
    before = best.stat()
    others = (path for path in sorted(folder.glob("trial_*.json")) if path != best)
    other = next(path for path in others if path.stat().st_size == before.st_size)
    with best.open("r+b") as file:
        file.write(other.read_bytes())
    os.utime(best, ns=(before.st_atime_ns, before.st_mtime_ns))


def _require(expected: bytes, found: bytes, name: str) -> None:
    if found != expected:
        raise WrongResultError(f"{name} is not the cold answer")
