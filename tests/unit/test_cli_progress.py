"""Progress: on a terminal, of what really happens; nothing in a pipe."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from genesis_core import Config, FeatureSet, Kernel, Vector, backtest, check_causal, node, synthetic
from genesis_core.cli.progress import RunDisplay, compiled_functions
from genesis_core.features import Feature, compute_columns
from genesis_core.kernels.base import Param
from genesis_core.progress import observed_by, observer
from tests.unit.test_cli import ROOT, process

CANDLES = synthetic(bars=100)


class Notes:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.compiled: list[str] = []
        self.bars: list[tuple[int, int]] = []
        self.steps: list[tuple[str, int, int]] = []

    def asked_for_code(self, name: str) -> None:
        self.asked.append(name)

    def compiling(self, name: str) -> None:
        self.compiled.append(name)

    def bar_done(self, done: int, bars: int) -> None:
        self.bars.append((done, bars))

    def step_done(self, what: str, done: int, steps: int) -> None:
        self.steps.append((what, done, steps))


def shifted() -> FeatureSet:
    """Make a feature of a kernel that no process has compiled yet; each call makes another function object."""

    def shifted_close(s: Vector, p: Vector, x: float) -> float:
        return x + p[0]

    kernel = Kernel("shifted_close", shifted_close, ("x",), (Param("by", -9.0, 9.0),), state=lambda p: 0)
    return FeatureSet([Feature("shifted", (("by", 1.0),), lambda p: node(kernel, "close", by=p["by"]).value)])


def test_compiling_is_told_once_and_loading_is_not_compiling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENESIS_CACHE_DIR", str(tmp_path))
    cold, warm = Notes(), Notes()
    with observed_by(cold):
        compute_columns(CANDLES, shifted().graph)
    with observed_by(warm):
        compute_columns(CANDLES, shifted().graph)
    name = cold.compiled[0]
    assert set(cold.compiled) == {name}
    assert name.endswith("shifted_close")
    assert set(cold.asked) == set(warm.asked) == {name}
    assert warm.compiled == []


def test_an_interpreted_run_tells_every_bar_and_changes_nothing() -> None:
    notes = Notes()
    with observed_by(notes):
        watched = backtest(CANDLES, precompute_features=True)
    assert notes.bars == [(i, 100) for i in range(1, 101)]
    assert watched.digest == backtest(CANDLES, precompute_features=True).digest
    assert observer() is None


def test_the_check_tells_its_bars_its_cuts_and_its_later_starts_and_changes_nothing() -> None:
    notes = Notes()
    with observed_by(notes):
        watched = check_causal(None, CANDLES, cuts=3)
    assert notes.bars == [(i, 100) for i in range(1, 101)]
    assert notes.steps == [
        *(("cut", i, 3) for i in range(1, 4)),
        *(("later start", i, 8) for i in range(1, 9)),
    ]
    assert watched == check_causal(None, CANDLES, cuts=3)


@pytest.mark.parametrize("path", ["compiled", "precomputed"])
def test_the_number_of_functions_is_known_beforehand(path: str) -> None:
    # In a process of its own: here most are compiled already and are not asked for again.
    flags = {"compiled": "compiled", "precomputed": "precompute_features"}
    code = (
        "from genesis_core import *\nfrom genesis_core.cli.progress import compiled_functions\n"
        "from genesis_core.progress import observed_by\nfrom tests.unit.test_cli_progress import Notes\n"
        "notes = Notes()\n"
        f"with observed_by(notes):\n    backtest(synthetic(bars=100), {flags[path]}=True)\n"
        f"print(len(set(notes.asked)), compiled_functions(Config.default(), {path!r}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env=os.environ
    )
    asked, expected = map(int, done.stdout.split())
    assert asked == expected > 10


def display(functions: int, quadratic: bool = False) -> tuple[RunDisplay, Progress]:
    bars = Progress(console=Console(file=io.StringIO()))
    return RunDisplay(bars, functions, quadratic), bars


def test_the_kernel_that_is_compiled_is_named_with_its_number() -> None:
    shown, bars = display(31)
    for name in ("averages.sma", "averages.ema", "run._trade"):
        shown.asked_for_code(name)
        if name != "averages.sma":
            shown.compiling(name)
    (task,) = bars.tasks
    assert task.description.startswith("compiling the kernel trade (3 of 31)")
    assert (task.completed, task.total) == (2, 31)
    shown.bar_done(1, 100)
    (task,) = bars.tasks
    assert task.description == "bar 1 of 100"


def test_recomputed_bars_count_for_what_they_cost() -> None:
    shown, bars = display(0, quadratic=True)
    shown.bar_done(50, 100)
    assert bars.tasks[0].completed / bars.tasks[0].total == 0.25
    linear, others = display(0)
    linear.bar_done(50, 100)
    assert others.tasks[0].percentage == 50.0


def test_each_loop_has_its_own_bar() -> None:
    shown, bars = display(31)
    shown.asked_for_code("averages.sma")
    shown.compiling("averages.sma")
    shown.step_done("cut", 1, 24)
    shown.step_done("cut", 6, 24)
    shown.step_done("later start", 1, 8)
    assert [(task.description, task.percentage) for task in bars.tasks] == [
        ("cut 6 of 24", 25.0),
        ("later start 1 of 8", 12.5),
    ]


@pytest.mark.parametrize("path", ["recompute", "cached(recompute)"])
def test_recomputing_compiles_nothing(path: str) -> None:
    assert compiled_functions(Config.default(), path) == 0
    assert compiled_functions(Config.default(), path.replace("recompute", "precomputed")) > 0


def on_a_terminal(read: Callable[[int], bytes], *arguments: str) -> tuple[str, str]:
    """Run the command with a terminal as standard error, and return both outputs."""
    pty = pytest.importorskip("pty", reason="terminals of this kind are POSIX's")
    master, slave = pty.openpty()
    code = "from genesis_core.cli import main; main()"
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    running = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=slave, env=environment
    )
    os.close(slave)
    told = b""
    while part := read(master):
        told += part
    os.close(master)
    assert running.stdout is not None
    out = running.stdout.read().decode()
    running.stdout.close()
    assert running.wait() == 0
    return out, told.decode()


def until_closed(master: int) -> bytes:
    try:
        return os.read(master, 65_536)
    except OSError:  # what Linux says where others say end of file
        return b""


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        (("backtest", "--bars", "140", "--reference"), ["of 140"]),
        (("check", "--bars", "140", "--cuts", "3"), ["140 of 140", "cut 3 of 3", "later start 8 of 8"]),
    ],
    ids=["backtest", "check"],
)
def test_a_terminal_sees_the_bars_pass_and_a_pipe_nothing(asked: tuple[str, ...], seen: list[str]) -> None:
    out, told = on_a_terminal(until_closed, *asked)
    assert [text for text in seen if text not in told] == []
    piped = process(*asked)
    assert piped.stdout == out
    assert piped.stderr == ""
