"""What every contender shares: candles from a file, and a conversation of one JSON line each over standard input.

Knows only the standard library and NumPy, because it runs in each contender's own environment. The parent says
``time`` for one sample; anything else ends the conversation.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]
SAMPLE_SECONDS = 0.02
"""A faster contender runs several times a sample."""


def arguments() -> argparse.Namespace:
    """Read what the parent says on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("candles", help="the .npz file of the candles")
    parser.add_argument("--engine", help="which engine of the contender")
    parser.add_argument("--sets", help="a JSON file of parameter sets [fast, slow, overbought]: run them all")
    return parser.parse_args()


def columns(file: str) -> dict[str, Any]:
    """Read timestamp, open, high, low, close and volume."""
    with np.load(file) as stored:
        return {name: stored[name] for name in stored.files}


def sets(file: str) -> list[tuple[int, int, float]]:
    """Read the parameter sets."""
    with open(file, encoding="utf-8") as stored:
        return [(int(fast), int(slow), float(limit)) for fast, slow, limit in json.load(stored)]


def missing(what: str) -> None:
    """Tell the parent that this contender cannot run here, and leave."""
    say({"missing": what})
    sys.exit(0)


def say(message: dict[str, Any]) -> None:
    """Send one line to the parent, whatever the contender has done to standard output."""
    _PARENT.write(json.dumps(message) + "\n")
    _PARENT.flush()


def serve(
    name: str,
    version: str,
    run: Callable[[], Any],
    describe: Callable[[Any], dict[str, Any]],
    bare: Callable[[], Any] | None = None,
) -> None:
    """Warm up, tell the result, then answer the parent.

    Parameters
    ----------
    name, version : str
        Of the contender.
    run : callable
        From candles in memory to a usable result: what is timed.
    describe : callable
        Says what the result holds, for the check. Not timed.
    bare : callable, optional
        A part of `run` that is timed beside it.
    """
    # The second run is described: what the first one compiled is then out of the way.
    run()
    result = run()
    # Before the result is described: what that takes is no part of a run.
    about = {"name": name, "version": version, "python": sys.version.split()[0], "peak": _peak()}
    say(about | describe(result))
    del result
    for line in sys.stdin:
        asked = line.strip()
        if asked == "time":
            say({"seconds": _sample(run), "bare": _sample(bare) if bare else None})
        else:
            return


def _sample(run: Callable[[], Any]) -> float:
    """Return the mean seconds of a run."""
    calls, spent = 0, 0.0
    gc.collect()
    while spent < SAMPLE_SECONDS:
        gc.disable()
        began = time.perf_counter()
        run()
        spent += time.perf_counter() - began
        calls += 1
        gc.enable()
    return spent / calls


def _peak() -> int:
    status = Path("/proc/self/status")
    if status.is_file():
        # What getrusage says on Linux may include the parent's memory at the time of the fork.
        lines = status.read_text(encoding="ascii").splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


# The parent's line: a copy of standard output, which itself is turned to standard error so that no progress bar or
# banner of a contender gets into the conversation.
_PARENT = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
