"""What a terminal shows while a comparison takes long: one line that is replaced, and gone at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

AFTER = 2.0
"""Seconds before anything is shown."""
EVERY = 0.5
_MOST_CHARACTERS = 100


class Progress:
    """Writes to a terminal, and to nothing else: not into a pipe, a log or a captured stream.

    Parameters
    ----------
    reporter : pytest.TerminalReporter or None
        Where to; None for nowhere.
    uncaptured : callable, optional
        Returns a context in which output is not captured for the running test.
    clock : callable, optional
        Seconds.
    """

    def __init__(
        self,
        reporter: pytest.TerminalReporter | None,
        uncaptured: Callable[[], AbstractContextManager[None]] = nullcontext,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reporter = reporter if reporter is not None and reporter.isatty else None
        self._uncaptured = uncaptured
        self._clock = clock
        self._shown = 0

    @contextmanager
    def measuring(self, what: str) -> Iterator[Callable[[int, int], None] | None]:
        """Show how far a comparison is while the body runs.

        Parameters
        ----------
        what : str
            The comparison.

        Yields
        ------
        callable or None
            To be told how many blocks there are, and how many the next look needs.
        """
        if self._reporter is None:
            yield None
            return
        started = shown = self._clock()

        def tell(blocks: int, look: int) -> None:
            nonlocal shown
            now = self._clock()
            if now - started >= AFTER and now - shown >= EVERY:
                shown = now
                self._show(f"{what}: {blocks} of {look} blocks, {now - started:.0f} s")

        try:
            yield tell
        finally:
            self._clear()

    def waiting(self, what: str) -> None:
        """Show what fresh processes are busy with; replaced by the next line."""
        if self._reporter is not None:
            self._show(what)

    def done(self) -> None:
        """Take the line away."""
        self._clear()

    def _show(self, line: str) -> None:
        self._clear()
        short = line if len(line) <= _MOST_CHARACTERS else f"...{line[3 - _MOST_CHARACTERS :]}"
        self._write(f" {short}")
        self._shown = len(short) + 1

    def _clear(self) -> None:
        if self._shown:
            self._write(" " * self._shown)
            self._shown = 0

    def _write(self, text: str) -> None:
        if self._reporter is not None:
            with self._uncaptured():
                # The cursor is saved and restored: the dots of the tests stand on this line.
                self._reporter.write(f"\0337{text}\0338", flush=True)
