"""Run a fresh process to its end: with a time limit, in a group of its own, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

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
            code = child.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            # Also when the wait was interrupted: nothing of it stays behind.
            _kill(child)
        printed.seek(0)
        lines = printed.read().decode("utf-8", "replace").splitlines()
        return Ended(code, "\n".join(lines[-LAST_LINES:]))


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill a process and its group; harmless once they have ended."""
    if os.name == "posix" and sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    elif child.poll() is None:
        child.kill()
    child.wait()
