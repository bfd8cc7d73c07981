"""Faults at random moments: ``python -m benchmarks.faults [--times 50] [--kinds ...] [--out FILE]``.

A search runs on a Dask cluster of separate processes on this machine, and something goes wrong: a worker is killed;
the scheduler is killed and started again; the optimizer is killed and resumed; the disk is full for a while; a trial
raises; a trial never ends. In the end every trial must be on record once, whole, with the figures of an undisturbed
run, and the summary must have the same ranking, byte for byte. Exit code 1 where one is not.

Needs Dask. The full disk is a small tmpfs, which needs the right to mount one; without it that kind is left out, and
said to be.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from genesis_core.optimize import summarize
from genesis_core.optimize.store import read_all

ROOT = Path(__file__).parents[1]
KINDS = ("worker", "scheduler", "optimizer", "disk", "raises", "endless")
TRIALS = 96
LIMIT = 180.0
"""Seconds after which a run counts as hung."""

STRATEGY = """
from pathlib import Path

from genesis_core import Config, Decide, Feature, Kernel, Param, Vector, node

HERE = Path({here!r})


def tripped(name):
    try:
        (HERE / name).unlink()
    except FileNotFoundError:
        return False
    return True


def wired(p):
    by_a_trial = p["n"] != 20.0  # and not while a new worker reads this file
    if by_a_trial and tripped("raise"):
        raise RuntimeError("tripped")
    if by_a_trial and tripped("hang"):
        while True:
            pass
    return node("ema", "close", n=p["n"]).value


def follow(s: Vector, p: Vector, close: float, average: float) -> tuple[float, float]:
    if close > average * (1.0 + p[0]):
        return 1.0, 1.0
    if close < average * (1.0 - p[0]):
        return -1.0, 1.0
    return 0.0, 0.0


FOLLOW = Kernel(
    name="follow",
    step=follow,
    inputs=("close", "average"),
    params=(Param("band", 0.0, 1.0),),
    outputs=("side", "confidence"),
    neutral=(0.0, 0.0),
)
AVERAGE = Feature("average", (("n", 20.0),), wired)
STRATEGY = Config.from_code([AVERAGE], Decide(FOLLOW, ("close", "average"), {{"band": 0.01}}))
"""

SEARCH = """
name = "faults"
strategy = "strategy.py"

[data]
bars = {bars}

[parameters]
features.average.n = {{ kind = "int", low = 5, high = 200 }}
decide.band = {{ kind = "float", low = 0.0, high = 0.05 }}

[sampler]
kind = "random"
seed = 11
batch = 16

[budget]
trials = {trials}
trial_seconds = 1.5
retries = 1

[objective]
metric = "sharpe"

[[constraints]]
metric = "trades"
at_least = 5
"""


class MissedError(Exception):
    """The search was over before anything was done to it."""


@dataclass
class Cluster:
    """A scheduler and two workers, each a process of its own."""

    folder: Path
    port: int = 0
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Start what does not run."""
        if self.port == 0:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        if self.scheduler is None or self.scheduler.poll() is not None:
            self.scheduler = self._process(
                "scheduler", "--port", str(self.port), "--no-dashboard", "--host", "127.0.0.1"
            )
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < 2:
            self.workers.append(
                self._process(
                    "worker",
                    f"tcp://127.0.0.1:{self.port}",
                    "--nthreads",
                    "1",
                    "--no-nanny",
                    "--no-dashboard",
                    "--death-timeout",
                    "10",
                )
            )

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill one of its processes."""
        process.kill()
        process.wait()

    def close(self) -> None:
        """Kill all of them."""
        for process in [*self.workers, *([self.scheduler] if self.scheduler else [])]:
            process.kill()
            process.wait()

    def _process(self, *arguments: str) -> subprocess.Popen[bytes]:
        # In a group of their own: what is done to the optimizer is not done to them.
        return subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


class Run:
    """One disturbed search.

    Parameters
    ----------
    folder : Path
        Of its own.
    cluster : Cluster
        Running.
    results : Path
        Where the study goes.
    """

    def __init__(self, folder: Path, cluster: Cluster, results: Path) -> None:
        self.folder, self.cluster, self.results = folder, cluster, results
        self.begun = time.monotonic()
        self.process = self.optimizer("run", str(folder / "search.toml"))

    @property
    def study(self) -> Path:
        """The study's folder."""
        return self.results / "faults"

    @property
    def done(self) -> int:
        """Trials on record."""
        return len(list(self.study.glob("trial_*.json")))

    def optimizer(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the command."""
        command = [sys.executable, "-c", "from genesis_core.cli import main; main()", "optimize", *arguments]
        where = ["--results", str(self.results), "--executor", f"dask://127.0.0.1:{self.cluster.port}"]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen([*command, *where], cwd=ROOT, stdout=log, stderr=log)

    def wait_for(self, trials: int) -> None:
        """Wait until so many trials are on record, or the command ended."""
        while self.done < trials and self.process.poll() is None:
            self._tend()
            time.sleep(0.005)

    def finish(self) -> None:
        """Wait until the command ended; dead parts of the cluster are started again, as a supervisor would."""
        while self.process.poll() is None:
            self._tend()
            time.sleep(0.02)

    def _tend(self) -> None:
        self.cluster.start()
        if time.monotonic() - self.begun > LIMIT:
            self.process.kill()
            raise RuntimeError(f"hung after {LIMIT:g} s with {self.done} trials:\n{self.log()}")

    def log(self) -> str:
        """Return what the command printed."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")


def disturb(kind: str, run: Run, trips: Path, random: Random) -> str:
    """Do it at a random moment, in the folder where the strategy looks for it if a trial is to do it; return when."""
    # By a trial: not while a worker reads the strategy, which runs the same code.
    run.wait_for(random.randrange(16 if kind in ("raises", "endless") else 0, TRIALS - 16))
    time.sleep(random.random() * 0.1)
    at = f"at {run.done} trials"
    if run.process.poll() is not None:
        raise MissedError
    if kind == "worker":
        run.cluster.kill(random.choice(run.cluster.workers))
    elif kind == "scheduler":
        assert run.cluster.scheduler is not None
        run.cluster.kill(run.cluster.scheduler)
        time.sleep(random.random())
    elif kind == "optimizer":
        run.process.send_signal(signal.SIGKILL)
        run.process.wait()
        begun = (run.study / "study.toml").exists()
        run.process = run.optimizer(
            *(("resume", "faults") if begun else ("run", str(run.folder / "search.toml")))
        )
    elif kind == "disk":
        filler = run.results / "filler"
        _fill(filler)
        run.finish()
        code, said = run.process.returncode, run.log()
        if run.done < TRIALS and (code != 2 or "cannot be written" not in said or "Traceback" in said):
            raise RuntimeError(f"a full disk: exit code {code}:\n{said}")
        filler.unlink()
        run.process = run.optimizer("resume", "faults")
    else:
        trip = trips / {"raises": "raise", "endless": "hang"}[kind]
        trip.touch()
        run.finish()
        if trip.exists():
            trip.unlink()
            raise MissedError
    run.finish()
    return at


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 10, 1):
            with suppress(OSError):
                while True:
                    file.write(b"x" * size)


def meaning(folder: Path) -> tuple[list[Any], bytes]:
    """Return what must be as in an undisturbed run: every trial without its times, and the ranking."""
    records, broken = read_all(folder)
    if broken:
        raise RuntimeError(f"{folder}: broken records: {broken}")
    left = [name for name in os.listdir(folder) if name.endswith(".tmp")]
    if left:
        raise RuntimeError(f"{folder}: left behind: {left}")
    trials = [
        (
            one.number,
            one.identity,
            one.status,
            one.parameters,
            one.metrics,
            one.score,
            one.summary_digest,
            one.error,
        )
        for one in (records[number] for number in sorted(records))
    ]
    plain = json.loads(summarize(folder, TRIALS).to_json())
    del plain["seconds"]
    return trials, json.dumps(plain).encode()


def main(arguments: Sequence[str] | None = None) -> int:
    """Disturb searches, compare, print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--times", type=int, default=50, help="of each kind (default: 50)")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=KINDS, help="all without")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--bars", type=int, default=20_000, help="of the candles (default: 20000)")
    parser.add_argument("--out", type=Path, help="JSON file for what was found")
    asked = parser.parse_args(arguments)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        cluster = Cluster(place)
        cluster.start()
        try:
            expected = _undisturbed(place, cluster, asked.bars)
            for kind in asked.kinds:
                found[kind] = _kind(kind, place, cluster, expected, asked.times, asked.seed, asked.bars)
        finally:
            cluster.close()
    if asked.out:
        asked.out.write_text(
            json.dumps({"schema": 1, "trials": TRIALS, "kinds": found}, indent=1) + "\n", encoding="utf-8"
        )
    return 1 if any(one["wrong"] for one in found.values()) else 0


def _undisturbed(place: Path, cluster: Cluster, bars: int) -> tuple[list[Any], bytes]:
    run = Run(_prepared(place / "calm", place / "calm", bars), cluster, place / "calm")
    run.finish()
    if run.process.returncode:
        raise RuntimeError(f"the undisturbed run failed:\n{run.log()}")
    return meaning(run.study)


def _prepared(folder: Path, here: Path, bars: int) -> Path:
    folder.mkdir(parents=True)
    (folder / "strategy.py").write_text(STRATEGY.format(here=str(here)), encoding="utf-8")
    (folder / "search.toml").write_text(SEARCH.format(bars=bars, trials=TRIALS), encoding="utf-8")
    return folder


def _kind(
    kind: str,
    place: Path,
    cluster: Cluster,
    expected: tuple[list[Any], bytes],
    times: int,
    seed: int,
    bars: int,
) -> dict[str, Any]:
    wrong: list[str] = []
    moments: list[str] = []
    begun = time.monotonic()
    tries = 0
    done = 0
    while done < times and tries < 3 * times:
        tries += 1
        random = Random(f"{seed}/{kind}/{tries}")
        folder = place / f"{kind}-{tries}"
        # The strategy's text, with its path in it, is part of what a trial is: all runs have the same one.
        _prepared(folder, place / "calm", bars)
        results = folder / "results"
        results.mkdir()
        if kind == "disk" and not _mount(results):
            return {"times": 0, "wrong": [], "left out": "no tmpfs can be mounted here"}
        try:
            run = Run(folder, cluster, results)
            moments.append(disturb(kind, run, place / "calm", random))
            if run.process.returncode:
                raise RuntimeError(f"exit code {run.process.returncode}:\n{run.log()}")
            if meaning(run.study) != expected:
                raise RuntimeError("other trials or another ranking than the undisturbed run")
        except MissedError:
            continue
        except RuntimeError as fault:
            wrong.append(f"{tries}: {fault}")
        finally:
            if kind == "disk":
                subprocess.run(["umount", str(results)], check=False)
            shutil.rmtree(folder, ignore_errors=True)
        done += 1
        print(f"{kind} {done}/{times}: {len(wrong)} wrong, {moments[-1:]}", file=sys.stderr)
    seconds = time.monotonic() - begun
    print(f"{kind}: {done} times, {len(wrong)} wrong, {seconds:.0f} s", flush=True)
    for text in wrong:
        print(f"  {text}")
    return {"times": done, "wrong": wrong, "moments": moments, "seconds": round(seconds)}


def _mount(folder: Path) -> bool:
    return (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=False
        ).returncode
        == 0
    )


if __name__ == "__main__":
    sys.exit(main())
