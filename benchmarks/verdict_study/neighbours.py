"""The three situations: nobody else, one neighbour at 100% CPU, three that come in bursts.

``python -m benchmarks.verdict_study.neighbours busy|bursty SEED`` is one neighbour: it ends when its standard input is
closed.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pytest_genesis_perf.child_start import die_with_parent

ROOT = Path(__file__).parents[2]
SITUATIONS: Mapping[str, tuple[str, ...]] = {
    "quiet": (),
    "busy": ("busy",),
    "bursty": ("bursty", "bursty", "bursty"),
}
"""The neighbours of each situation."""
MEAN_BURST, MEAN_PAUSE = 0.05, 0.05
TRAFFIC_BYTES = 8 << 20


class SituationError(Exception):
    """A neighbour was not there from beginning to end: what was measured is not what it is called."""


@contextmanager
def situation(name: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Have the neighbours of a situation run, and hand them out, as long as the body does.

    Parameters
    ----------
    name : str
        Of :data:`SITUATIONS`.

    Raises
    ------
    SituationError
        If one of them ended before the body did.
    """
    running: list[subprocess.Popen[bytes]] = []
    try:
        for number, neighbour in enumerate(SITUATIONS[name]):
            command = [sys.executable, "-m", __name__, neighbour, str(number)]
            running.append(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        for one in running:
            # It says so when it has begun.
            if one.stdout is None or not one.stdout.readline():
                raise SituationError(f"a neighbour of the situation {name!r} did not start")
        yield running
        gone = [one for one in running if one.poll() is not None]
        if gone:
            raise SituationError(
                f"{len(gone)} of {len(running)} neighbours of {name!r} ended before their time"
            )
    finally:
        for one in running:
            one.kill()
        for one in running:
            one.communicate()


def busy() -> None:
    """Use one core for ever."""
    total = 0
    while True:
        for n in range(10_000):
            total ^= n * n


def bursty(seed: int) -> None:
    """Use a core and the memory's bandwidth in bursts of 50 ms and as long pauses, both exponential."""
    chance = random.Random(seed)
    source, target = bytearray(TRAFFIC_BYTES), bytearray(TRAFFIC_BYTES)
    while True:
        end = time.perf_counter() + chance.expovariate(1.0 / MEAN_BURST)
        while time.perf_counter() < end:
            target[:] = source
            sum(range(20_000))
        time.sleep(chance.expovariate(1.0 / MEAN_PAUSE))


def main(arguments: list[str]) -> None:
    """Be a neighbour."""
    kind, seed = arguments
    die_with_parent(sys.stdin.fileno())
    print("here", flush=True)
    if kind == "busy":
        busy()
    bursty(int(seed))


if __name__ == "__main__":
    main(sys.argv[1:])
