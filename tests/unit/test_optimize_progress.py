"""What a search shows meanwhile."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from genesis_core.cli import optimize_progress
from genesis_core.cli.optimize_progress import SearchBars, pace
from genesis_core.optimize.progress import Progress


@pytest.mark.parametrize(
    ("trials", "seconds", "left", "expected"),
    [
        (0, 5.0, 10, ("", "")),
        (5, 0.0, 10, ("", "")),
        (20_000, 10.0, 4_000, ("2,000 trials/s", "0:02 left")),
        (25, 10.0, 100, ("2.5 trials/s", "0:40 left")),
        (5, 10.0, 100, ("30.0 trials/min", "3:20 left")),
        (1, 120.0, 100, ("30.0 trials/h", "3:20:00 left")),
        (7, 1.0, 0, ("7.0 trials/s", "")),
    ],
)
def test_a_pace_in_words(trials: int, seconds: float, left: int, expected: tuple[str, str]) -> None:
    assert pace(trials, seconds, left) == expected


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(optimize_progress, "time", made)
    return made


def test_without_a_terminal_there_is_a_line_a_minute(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with SearchBars() as shown:
        # 500 trials were on record; from then on ten a second.
        shown.told("s", Progress(2_000, done=500, known=500))
        for second in range(1, 131):
            clock.now = 100.0 + second
            shown.told("s", Progress(2_000, 500 + 10 * second, 500, 10 * second, 0.25, 7))
    assert capsys.readouterr().err.splitlines() == [
        "genesis: s: 1,100 of 2,000 trials, best 0.25 (trial 7), 10 trials/s, 1:30 left",
        "genesis: s: 1,700 of 2,000 trials, best 0.25 (trial 7), 10 trials/s, 0:30 left",
    ]


def test_a_quick_search_is_silent_without_a_terminal(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with SearchBars() as shown:
        for second in range(60):
            clock.now = 100.0 + second
            shown.told("s", Progress(60, second, 0, second))
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_each_part_has_a_bar(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal: Any = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TERM", "xterm")
    with SearchBars() as shown:
        shown.told("s, fold 1 of 2", Progress(20))
        clock.now += 4.0
        shown.told("s, fold 1 of 2", Progress(20, 10, 0, 10, 0.5, 3))
        shown.told("s", Progress(20))
        assert shown._bars is not None
        shown._bars.refresh()
    said = terminal.getvalue()
    for words in ("s, fold 1 of 2", "10/20", "best 0.5 (trial 3)", "2.5 trials/s", "0:04 left"):
        assert words in said
