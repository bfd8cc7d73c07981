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

# Compiled functions of a compiled run besides its features' passes: trading, the model's three, figures.
_LOOPS, _LOOPS_IN_CODE = 5, 2


def recomputes(path: str) -> bool:
    """Say whether a plan's path interprets the law from bar 0 at each bar."""
    return path in ("recompute", "cached(recompute)")


def compiled_functions(config: Config, path: str) -> int:
    """Return how many functions of different names a run asks to be compiled.

    Parameters
    ----------
    config : Config
        The strategy.
    path : str
        The plan's path, such as ``compiled`` or ``cached(precomputed)``.
    """
    if recomputes(path):
        return 0
    passes = {placed.node.kernel.step for placed in config.asked_features.graph.nodes}
    loops = 0 if path != "compiled" else _LOOPS if config.model is not None else _LOOPS_IN_CODE
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
    """Shows what a run says of itself: which kernel is compiled, which bar is done, which step of another loop.

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
        # By name: a kernel may be asked for in several forms.
        self._asked: set[str] = set()
        self._compiling: Any = None
        self._running: Any = None
        self._steps: dict[str, Any] = {}

    def asked_for_code(self, name: str) -> None:
        """Count the function."""
        self._asked.add(name)
        if self._compiling is not None:
            self._bars.update(self._compiling, completed=len(self._asked) - 1)

    def compiling(self, name: str) -> None:
        """Say its name: this takes a while."""
        kernel = name.rpartition(".")[2].strip("_")
        total = max(self._functions, len(self._asked))
        text = f"compiling the kernel {kernel} ({len(self._asked)} of {total}), once for this machine ..."
        if self._compiling is None:
            self._compiling = self._bars.add_task(text, total=total, completed=len(self._asked) - 1)
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

    def step_done(self, what: str, done: int, steps: int) -> None:
        """Move the bar of this loop; each has one of its own, below those that are done."""
        if what not in self._steps:
            self._finish_compiling()
            self._steps[what] = self._bars.add_task("", total=steps)
        self._bars.update(self._steps[what], completed=done, description=f"{what} {done:,} of {steps:,}")

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
    display = RunDisplay(bars, compiled_functions(config, path), quadratic=recomputes(path))
    with bars, observed_by(display):
        yield
