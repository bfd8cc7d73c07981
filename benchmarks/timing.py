"""Time several ways in turn, so that their times are pairs; measure how much memory a fresh process needs."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from genesis_core.benchmarking import Ratio
from genesis_core.benchmarking.statistics import middle

ROOT = Path(__file__).parents[1]
SAMPLE_SECONDS = 0.02
"""A faster way is called several times a round."""

_PEAK = """
import sys
def peak():
    try:
        # What getrusage says of a child on Linux includes its parent's memory at the time of the fork.
        with open("/proc/self/status") as status:
            return 1024 * int(next(line.split()[1] for line in status if line.startswith("VmHWM")))
    except OSError:
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
"""


def rounds_of(ways: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of one call of each way, a value a round; every other round runs in reverse order."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for run in ways.values():
        run()
    for number in range(rounds):
        names = list(ways) if number % 2 == 0 else list(ways)[::-1]
        for name in names:
            seconds[name].append(one_sample(ways[name]))
    return seconds


def one_sample(run: Callable[[], Any], least: float = SAMPLE_SECONDS) -> float:
    """Return the mean seconds of as many calls as take `least`, without a garbage collection in between."""
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    calls, batch, spent = 0, 1, 0.0
    try:
        while spent < least:
            began = time.perf_counter()
            for _ in range(batch):
                run()
            spent += time.perf_counter() - began
            calls += batch
            # Calls of less than a microsecond are not to be timed one by one.
            batch = min(2 * batch, 4_096)
    finally:
        if collecting:
            gc.enable()
    return spent / calls


def spread(values: Sequence[float]) -> Ratio:
    """Return median and interval of plain values, such as seconds of rounds, or what one took more than another."""
    return middle(values)


def peak_bytes(code: str) -> int:
    """Run code in a fresh Python, and return the most memory that it held, interpreter and imports included.

    Raises
    ------
    RuntimeError
        If the code fails.
    """
    done = subprocess.run(
        [sys.executable, "-c", f"{_PEAK}\n{code}\nprint(peak())"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the child that measures memory failed:\n{done.stderr}")
    return int(done.stdout.splitlines()[-1])
