"""Instructions of a call, counted by the callgrind that this process runs under: marked segments of N and 3N calls.

Callgrind writes a dump whenever the process enters ``getppid``, a function of libc that hardly anything calls. Two
segments of different length in one process: all that is not a call drops out of their difference, whereas between two
processes start-up varies by more than the calls of a NumPy arm take.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from pytest_genesis_perf.arms import ROLES, Arm, running
from pytest_genesis_perf.callgrind_file import CallgrindError, Dump, dumps_of, read_dump
from pytest_genesis_perf.costs import Counted
from pytest_genesis_perf.prepared import PreparedArm
from pytest_genesis_perf.timing import garbage_held, time_calls

Switch = Callable[[bool], None]
"""Turns callgrind on or off: off, a process is slowed 5 to 10 times, on, 50 times."""
Segments = Callable[[str, Arm, tuple[int, ...]], list[Dump]]
"""Calls the arm of a role so many times between marks, and returns what was counted."""

TARGET = 1_000_000
"""Instructions that the shorter segment should at least have: short calls are repeated until they do."""
MOST_CALLS = 1_000
MOST_INSTRUCTIONS = 2_000_000_000
"""Of one call, 0.1 s of pure Python. Callgrind does some 250 million in a second: five such calls take 40 s."""
MOST_SECONDS = 20.0
"""Of one call with callgrind off, where so many instructions took 2 s: not even tried."""
_SWITCH_SECONDS = 60.0


def count_instructions(baseline: Arm, optimized: Arm, switch: Switch, segments: Segments) -> Counted:
    """Count the instructions of one call of each arm.

    Parameters
    ----------
    baseline, optimized : callable
        The arms, called before: what they compile, import or remember is not counted.
    switch : callable
        Turns callgrind on and off.
    segments : callable
        Calls an arm between marks.

    Raises
    ------
    ArmRaisedError
        If an arm raises.
    """
    counts: dict[str, int] = {}
    tool = ""
    try:
        for role, arm in zip(ROLES, (baseline, optimized), strict=True):
            with running(role):
                seconds = time_calls(arm, 1, time.perf_counter_ns) * 1e-9
            if seconds > MOST_SECONDS:
                raise CallgrindError(
                    f"a call of the {role} arm takes {seconds:,.0f} s even without being counted"
                )
        switch(True)
        try:
            for role, arm in zip(ROLES, (baseline, optimized), strict=True):
                with garbage_held():
                    counts[role], tool = _per_call(role, arm, segments)
        finally:
            switch(False)
    except CallgrindError as fault:
        return Counted(why=str(fault))
    return Counted(counts, tool)


def _per_call(role: str, arm: Arm, segments: Segments) -> tuple[int, str]:
    if isinstance(arm, PreparedArm):
        with running(role):
            arm.renew()
    first = segments(role, arm, (1,))[0].instructions
    if first > MOST_INSTRUCTIONS:
        raise CallgrindError(f"a call of the {role} arm takes over {MOST_INSTRUCTIONS:,} instructions")
    calls = min(MOST_CALLS, max(1, TARGET // max(1, first)))
    if calls > 1:
        # Python makes code faster that has run often, and free lists fill: the segments are to find both done.
        segments(role, arm, (calls,))
    few, many = segments(role, arm, (calls, 3 * calls))
    return max(0, round((many.instructions - few.instructions) / (2 * calls))), few.tool


def marked(folder: Path) -> Segments:
    """Return what calls an arm between marks, where callgrind writes its dumps into a folder.

    Parameters
    ----------
    folder : Path
        The folder.
    """

    def segments(role: str, arm: Arm, calls: tuple[int, ...]) -> list[Dump]:
        clock = time.perf_counter_ns
        with running(role):
            os.getppid()
            for count in calls:
                time_calls(arm, count, clock)
                os.getppid()
        # Only now: what is done between marks would be counted.
        written = dumps_of(folder, os.getpid())
        dumps = [read_dump(path) for path in written]
        for path in written:
            path.unlink()
        if not dumps:
            raise CallgrindError("callgrind wrote no dump when getppid was called")
        if len(dumps) != len(calls) + 1:
            raise CallgrindError("an arm calls getppid itself, which marks where counting begins and ends")
        return dumps[1:]

    return segments


def switched(vgdb: str, prefix: str) -> Switch:
    """Return what turns the callgrind of this process on and off.

    Parameters
    ----------
    vgdb : str
        Valgrind's program that talks to processes under it.
    prefix : str
        Where the two of them meet, as valgrind was told.
    """

    def switch(on: bool) -> None:
        command = [vgdb, f"--pid={os.getpid()}", f"--vgdb-prefix={prefix}"]
        command += ["instrumentation", "on" if on else "off"]
        quiet = subprocess.DEVNULL
        try:
            asking = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
        except OSError as fault:
            raise CallgrindError(f"vgdb could not be started: {fault}") from None
        deadline = time.monotonic() + _SWITCH_SECONDS
        # Valgrind listens while this process runs code; it would not while it waited for vgdb to end.
        while asking.poll() is None:
            if time.monotonic() > deadline:
                asking.kill()
                asking.wait()
                raise CallgrindError(f"vgdb did not turn callgrind on or off within {_SWITCH_SECONDS:g} s")
        if asking.returncode != 0:
            raise CallgrindError(f"vgdb could not turn callgrind on or off: exit code {asking.returncode}")

    return switch
