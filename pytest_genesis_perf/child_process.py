"""Run a fresh process to its end: with a time limit, in a group of its own, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_POLL_SECONDS = 0.25
LAST_LINES = 12
"""So much of what a failed child printed is repeated."""


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Parameters
    ----------
    code : int or None
        Its exit code; None if its time was up.
    tail : str
        The last lines it printed.
    """

    code: int | None
    tail: str


def run_child(
    command: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    timeout: float,
    waiting: Path | None = None,
    keep_open: Sequence[int] = (),
) -> Ended:
    """Run a command to its end.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    cwd : Path
        Where.
    environment : mapping
        All its environment variables.
    timeout : float
        Seconds after which it is killed, with all processes that it started.
    waiting : Path, optional
        While this file exists, no time is counted.
    keep_open : sequence of int
        File descriptors that it inherits (not on Windows).

    Returns
    -------
    Ended
        Also for a command that cannot be started: its exit code is then 127, as in a shell.
    """
    # A file, not a pipe: a grandchild that keeps the pipe open would be waited for.
    with tempfile.TemporaryFile() as printed:
        posix = {"start_new_session": True, "pass_fds": tuple(keep_open)} if os.name == "posix" else {}
        try:
            child = subprocess.Popen(
                list(command),
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                **posix,  # type: ignore[call-overload]
            )
        except OSError as fault:
            return Ended(127, f"{command[0]}: {fault}")
        code: int | None = None
        try:
            code = _wait(child, timeout, waiting)
        finally:
            # Also when the wait was interrupted: nothing of it stays behind.
            _kill(child)
        printed.seek(0)
        lines = printed.read().decode("utf-8", "replace").splitlines()
        return Ended(code, "\n".join(lines[-LAST_LINES:]))


def _wait(child: subprocess.Popen[bytes], timeout: float, waiting: Path | None) -> int | None:
    """Return the exit code of a process, None if its time is up first."""
    left = timeout
    while left > 0.0:
        begun = time.monotonic()
        try:
            return child.wait(min(left, _POLL_SECONDS))
        except subprocess.TimeoutExpired:
            if waiting is None or not waiting.exists():
                left -= time.monotonic() - begun
    return None


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill a process and its group; harmless once they have ended."""
    if os.name == "posix" and sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    elif child.poll() is None:
        child.kill()
    child.wait()
