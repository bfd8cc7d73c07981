"""Progress on a terminal; silence in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from genesis_core.progress import observed_by

if TYPE_CHECKING:
    from rich.progress import Progress

    from genesis_core import Config

_LOOPS = 5  # compiled functions of a compiled run besides its features' passes: trading, the model's three, figures


def compiled_functions(config: Config, path: str) -> int:
    """Return how many compiled functions a run asks for.

    Parameters
    ----------
    config : Config
        The strategy.
    path : str
        The plan's path, such as ``compiled`` or ``cached(precomputed)``.
    """
    if "recompute" in path:
        return 0
    passes = {
        (placed.node.kernel.step, len(placed.reads), len(placed.node.kernel.outputs))
        for placed in config.asked_features.graph.nodes
    }
    loops = 0 if path != "compiled" else _LOOPS if config.model is not None else 2
    return len(passes) + loops


def make_bars() -> Progress | None:
    """Return the progress display of a terminal, None where standard error is none."""
    if not sys.stderr.isatty():
        return None
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


class RunDisplay:
    """Shows what a run says of itself: which kernel is compiled, which bar is done.

    Parameters
    ----------
    bars : Progress
        Where.
    functions : int
        How many compiled functions the run will ask for.
    quadratic : bool
        Whether a bar costs as much as all bars before it, as in recomputing.
    """

    def __init__(self, bars: Progress, functions: int, quadratic: bool) -> None:
        self._bars = bars
        self._functions = functions
        self._quadratic = quadratic
        self._asked = 0
        self._compiling: Any = None
        self._running: Any = None

    def asked_for_code(self, name: str) -> None:
        """Count the function."""
        self._asked += 1
        if self._compiling is not None:
            self._bars.update(self._compiling, completed=self._asked - 1)

    def compiling(self, name: str) -> None:
        """Say its name: this takes a while."""
        kernel = name.rpartition(".")[2].strip("_")
        total = max(self._functions, self._asked)
        text = f"compiling the kernel {kernel} ({self._asked} of {total}), once for this machine ..."
        if self._compiling is None:
            self._compiling = self._bars.add_task(text, total=total, completed=self._asked - 1)
        self._bars.update(self._compiling, description=text, total=total)

    def bar_done(self, done: int, bars: int) -> None:
        """Move the bar."""
        if self._running is None:
            self._finish_compiling()
            self._running = self._bars.add_task("", total=bars * bars if self._quadratic else bars)
        self._bars.update(
            self._running,
            completed=done * done if self._quadratic else done,
            description=f"bar {done:,} of {bars:,}",
        )

    def _finish_compiling(self) -> None:
        if self._compiling is not None:
            self._bars.remove_task(self._compiling)
            self._compiling = None


@contextmanager
def shown_run(config: Config, path: str) -> Iterator[None]:
    """Show on a terminal how far the run within is.

    Parameters
    ----------
    config : Config
        Its strategy.
    path : str
        Its plan's path.
    """
    bars = make_bars()
    if bars is None:
        yield
        return
    display = RunDisplay(bars, compiled_functions(config, path), quadratic="recompute" in path)
    with bars, observed_by(display):
        yield
