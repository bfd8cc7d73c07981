"""The costs that ``--genesis-perf-update`` stores with a speed: peak memory and instructions, if processes agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pytest

from pytest_genesis_perf.baseline_files import Key, SpeedEntry
from pytest_genesis_perf.child_request import Measured
from pytest_genesis_perf.children import as_arguments
from pytest_genesis_perf.costs import Counted, Kind, agreed
from pytest_genesis_perf.counting import TestCounts, count_test
from pytest_genesis_perf.session import Session

COUNTINGS = 2
"""Processes under valgrind for each test: one cannot show that an arm does the same every time."""


def with_costs(
    config: pytest.Config,
    session: Session,
    entries: Mapping[Key, SpeedEntry],
    processes: Sequence[Sequence[Measured]],
) -> dict[Key, SpeedEntry]:
    """Return the entries with the costs that were asked for; errors are added for those that cannot be stored.

    Parameters
    ----------
    config : pytest.Config
        The run.
    session : Session
        Its settings; takes the errors.
    entries : mapping
        What is to be stored, by comparison.
    processes : sequence of sequences of Measured
        What each fresh process measured.
    """
    counts = _instructions(config, session, {nodeid for nodeid, _ in entries})
    found = {}
    for key, entry in entries.items():
        mine = [one for process in processes for one in process if (one.nodeid, one.label) == key]
        peaks = [Counted(one.memory_bytes) for one in mine if one.memory_bytes is not None]
        memory = _stored("memory", key, peaks, session) if peaks else None
        counted = [count.of(key[1]) for count in counts.get(key[0], ())]
        instructions = _stored("instructions", key, counted, session) if counted else None
        found[key] = replace(
            entry,
            memory_bytes=dict(memory.arms) if memory else None,
            instructions=instructions.plain() if instructions else None,
        )
    return found


def _stored(kind: Kind, key: Key, counted: Sequence[Counted], session: Session) -> Counted | None:
    """Return the cost to store; None, and an error, where it was not counted or processes disagree."""
    fault = next((one.why for one in counted if not one.arms), None)
    if fault is not None:
        session.errors.append(f"{kind} not recorded: {' / '.join(key)}: not counted, {fault}")
        return None
    arms = agreed([one.arms for one in counted], kind)
    if arms is None:
        told = "; ".join(", ".join(f"{role} {n:,}" for role, n in one.arms.items()) for one in counted)
        session.errors.append(f"{kind} not recorded: {' / '.join(key)}: processes are over 1% apart: {told}")
        return None
    return Counted(arms, counted[0].tool)


def _instructions(
    config: pytest.Config, session: Session, nodeids: Iterable[str]
) -> dict[str, list[TestCounts]]:
    settings = session.settings
    if not settings.instructions:
        return {}
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    found: dict[str, list[TestCounts]] = {}
    for nodeid in sorted(nodeids):
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(f"genesis-perf: counting instructions of {nodeid}, {COUNTINGS} processes")
        # As when they are held against what is stored: the test alone, of its file alone.
        file = str(config.rootpath / nodeid.partition("::")[0])
        files = as_arguments([file])
        found[nodeid] = [count_test(config, nodeid, files, settings.child_timeout) for _ in range(COUNTINGS)]
    return found
