"""How far a search is, on a terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

    from genesis_core.optimize.running import Progress


class SearchBars:
    """The progress bar of a search: a line a fold, with the best score, trials a second and the time left."""

    def __init__(self) -> None:
        self._bars = _bars()
        self._tasks: dict[str, Any] = {}
        self._run: dict[str, tuple[int, float]] = {}

    def __enter__(self) -> SearchBars:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the bar away."""
        if self._bars is not None:
            self._bars.stop()

    def told(self, name: str, progress: Progress) -> None:
        """Move the bar."""
        if self._bars is None:
            return
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=progress.total, best="", speed="")
            self._run[name] = (progress.run, time.monotonic())
        run, since = self._run[name]
        seconds = time.monotonic() - since
        best = "" if progress.best is None else f"best {progress.best:.5g} (trial {progress.best_number})"
        speed = (
            f"{(progress.run - run) / seconds:,.0f} trials/s" if progress.run > run and seconds > 0.0 else ""
        )
        self._bars.update(
            self._tasks[name], completed=progress.done, total=progress.total, best=best, speed=speed
        )


def _bars() -> Bars | None:
    """Return the progress display of a search, None where standard error is no terminal."""
    if not sys.stderr.isatty():
        return None
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[best]}"),
        TextColumn("{task.fields[speed]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
