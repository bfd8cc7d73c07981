"""The costs that an update stores: where processes agree, and what is said where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_genesis_perf import cost_recording
from pytest_genesis_perf.baseline_files import SpeedEntry
from pytest_genesis_perf.child_request import Measured
from pytest_genesis_perf.cost_recording import COUNTINGS, with_costs
from pytest_genesis_perf.costs import Counted
from pytest_genesis_perf.counting import TestCounts
from pytest_genesis_perf.evidence import StoredSpeed
from pytest_genesis_perf.session import Session

KEY = ("tests/test_it.py::test_it", "one")
ENTRY = SpeedEntry(StoredSpeed(1.0, 2.0, 3.0), 5)


def recorded(
    *peaks: dict[str, int] | None, instructions: bool = False, rootpath: Path = Path()
) -> tuple[SpeedEntry, list[str]]:
    """Return the entry of the comparison after processes with such peaks, and the errors."""
    settings = SimpleNamespace(instructions=instructions, child_timeout=5.0)
    session = cast(Session, SimpleNamespace(settings=settings, errors=[]))
    plugins = SimpleNamespace(get_plugin=lambda name: None)
    config: Any = SimpleNamespace(pluginmanager=plugins, rootpath=rootpath)
    other = Measured(nodeid=KEY[0], label="another", memory_bytes={"baseline": 9, "optimized": 9})
    processes: Sequence[Sequence[Measured]] = [
        [other, Measured(nodeid=KEY[0], label=KEY[1], memory_bytes=peak)] for peak in peaks
    ]
    return with_costs(config, session, {KEY: ENTRY}, processes)[KEY], session.errors


def test_peaks_that_agree_are_stored_at_their_highest() -> None:
    entry, errors = recorded(
        {"baseline": 400_000, "optimized": 0},
        {"baseline": 401_000, "optimized": 0},
        {"baseline": 399_000, "optimized": 32},
    )
    assert entry.memory_bytes == {"baseline": 401_000, "optimized": 32}
    assert (entry.instructions, errors) == (None, [])
    assert (entry.speedup, entry.processes) == (ENTRY.speedup, 5)


def test_peaks_that_differ_are_not_stored_and_all_are_named() -> None:
    entry, errors = recorded({"baseline": 400_000, "optimized": 1}, {"baseline": 410_000, "optimized": 1})
    assert entry.memory_bytes is None
    assert errors == [
        "memory not recorded: tests/test_it.py::test_it / one: processes are over 1% apart: "
        "baseline 400,000, optimized 1; baseline 410,000, optimized 1"
    ]


def test_costs_that_nobody_asked_for_are_no_fault() -> None:
    assert recorded(None, None) == (ENTRY, [])


def test_instructions_that_could_not_be_counted_are_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    entry, errors = recorded(None, instructions=True)
    assert entry.instructions is None
    assert errors == [
        "instructions not recorded: tests/test_it.py::test_it / one: not counted, valgrind was not found"
    ]


@pytest.mark.parametrize(("second", "stored"), [(100_900, 100_900), (101_100, None)])
def test_instructions_are_counted_more_than_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, second: int, stored: int | None
) -> None:
    asked: list[tuple[str, tuple[str, ...]]] = []

    def count_test(config: object, nodeid: str, files: tuple[str, ...], timeout: float) -> TestCounts:
        asked.append((nodeid, files))
        count = 100_000 if len(asked) == 1 else second
        return TestCounts({KEY[1]: Counted({"baseline": count, "optimized": 7}, "valgrind 3.19")})

    monkeypatch.setattr(cost_recording, "count_test", count_test)
    entry, errors = recorded(None, instructions=True, rootpath=tmp_path)
    assert asked == [(KEY[0], (str(tmp_path / "tests/test_it.py"),))] * COUNTINGS
    if stored is None:
        assert entry.instructions is None
        assert "processes are over 1% apart: baseline 100,000, optimized 7; baseline 101,100" in errors[0]
    else:
        assert entry.instructions == {"baseline": stored, "optimized": 7, "tool": "valgrind 3.19"}
        assert errors == []
