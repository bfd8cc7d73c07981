"""How far a search is: bars on a terminal, elsewhere a line a minute, so that a log shows that it goes on."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from genesis_core.optimize.progress import Progress

EVERY = 60.0
"""Seconds between two lines where there is no terminal."""


@dataclass(frozen=True)
class _Begun:
    """Where a part of a search was when it was heard of first, what was on record read."""

    run: int
    since: float


class SearchBars:
    """Shows, for each part of a search, its best score, trials a second and the time left."""

    def __init__(self) -> None:
        self._bars = _bars()
        self._tasks: dict[str, Any] = {}
        self._begun: dict[str, _Begun] = {}
        self._said = time.monotonic()

    def __enter__(self) -> SearchBars:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the bars away."""
        if self._bars is not None:
            self._bars.stop()

    def told(self, name: str, progress: Progress) -> None:
        """Show it."""
        now = time.monotonic()
        begun = self._begun.setdefault(name, _Begun(progress.run, now))
        best = "" if progress.best is None else f"best {progress.best:.5g} (trial {progress.best_number})"
        # What was on record came at once, and says nothing of how fast trials are.
        speed, left = pace(progress.run - begun.run, now - begun.since, progress.total - progress.done)
        if self._bars is not None:
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task(
                    name, total=progress.total, best="", speed="", left=""
                )
            task, done, total = self._tasks[name], progress.done, progress.total
            self._bars.update(task, completed=done, total=total, best=best, speed=speed, left=left)
        elif now - self._said >= EVERY:
            self._said = now
            counted = f"{progress.done:,} of {progress.total:,} trials"
            line = ", ".join(part for part in (counted, best, speed, left) if part)
            print(f"genesis: {name}: {line}", file=sys.stderr, flush=True)


def pace(trials: int, seconds: float, left: int) -> tuple[str, str]:
    """Return in words how fast trials are run, and how long those that are left take; nothing before there are any.

    Parameters
    ----------
    trials : int
        Run in `seconds`.
    seconds : float
        See above.
    left : int
        Trials.
    """
    if trials < 1 or seconds <= 0.0:
        return "", ""
    rate = trials / seconds
    speed = f"{rate:,.0f} trials/s" if rate >= 10.0 else f"{rate:.1f} trials/s"
    if rate < 1.0:
        speed = f"{60.0 * rate:.1f} trials/min" if rate >= 1.0 / 60.0 else f"{3_600.0 * rate:.1f} trials/h"
    minutes, rest = divmod(round(left / rate), 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
    return speed, f"{clock} left" if left > 0 else ""


def _bars() -> Bars | None:
    """Return the progress display of a search, None where standard error is no terminal."""
    if not sys.stderr.isatty():
        return None
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[best]}"),
        TextColumn("{task.fields[speed]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        console=Console(stderr=True),
        transient=True,
    )
