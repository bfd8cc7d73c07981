"""What a terminal shows while a comparison takes long."""

from __future__ import annotations

from typing import Any, cast

import pytest

from pytest_genesis_perf.progress import AFTER, EVERY, Progress


class Terminal:
    """Keeps what is written."""

    def __init__(self, *, isatty: bool) -> None:
        self.isatty = isatty
        self.written: list[str] = []

    def write(self, text: str, *, flush: bool) -> None:
        assert flush
        self.written.append(text.removeprefix("\0337").removesuffix("\0338"))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def made(*, isatty: bool = True) -> tuple[Terminal, Clock, Progress]:
    terminal, clock = Terminal(isatty=isatty), Clock()
    return terminal, clock, Progress(cast("pytest.TerminalReporter", cast(Any, terminal)), clock=clock)


def test_nothing_is_shown_for_what_is_quick() -> None:
    terminal, clock, progress = made()
    with progress.measuring("a") as tell:
        assert tell is not None
        clock.now = AFTER - 0.1
        tell(1, 16)
    assert terminal.written == []


def test_a_line_is_replaced_now_and_then_and_gone_at_the_end() -> None:
    terminal, clock, progress = made()
    with progress.measuring("test.py::t / c") as tell:
        assert tell is not None
        clock.now = AFTER
        tell(3, 16)
        clock.now += EVERY / 2
        tell(4, 16)
        clock.now += EVERY
        tell(5, 16)
    first, second = " test.py::t / c: 3 of 16 blocks, 2 s", " test.py::t / c: 5 of 16 blocks, 3 s"
    assert terminal.written == [first, " " * len(first), second, " " * len(second)]


def test_it_is_gone_when_the_measurement_is_interrupted() -> None:
    terminal, clock, progress = made()

    def interrupted() -> None:
        with progress.measuring("c") as tell:
            assert tell is not None
            clock.now = AFTER
            tell(1, 16)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert terminal.written[-1].strip() == ""


def test_nothing_is_written_where_nobody_looks() -> None:
    terminal, _, progress = made(isatty=False)
    with progress.measuring("c") as tell:
        assert tell is None
    progress.waiting("c")
    progress.done()
    assert terminal.written == []
    with Progress(None).measuring("c") as tell:
        assert tell is None


def test_fresh_processes_are_told_one_after_the_other() -> None:
    terminal, _, progress = made()
    progress.waiting("t / c: fresh process 1")
    progress.waiting("t / c: fresh process 2")
    progress.done()
    shown = [text for text in terminal.written if text.strip()]
    assert shown == [" t / c: fresh process 1", " t / c: fresh process 2"]
    assert terminal.written[-1].strip() == ""
