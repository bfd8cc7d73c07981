"""What the plugin does differently in a child: collect only what is asked for, and die with the parent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from pytest_genesis_perf.child_request import Measured, Request, write_answer
from pytest_genesis_perf.child_start import ballast, die_with_parent
from pytest_genesis_perf.confirm import Fresh
from pytest_genesis_perf.costs import Counted
from pytest_genesis_perf.record import Comparison

BALLAST: pytest.StashKey[bytearray] = pytest.StashKey()

_FILES_OF_THE_PARENT = (
    "xmlpath",
    "benchmark_json",
    "benchmark_save",
    "benchmark_autosave",
    "benchmark_compare",
    "benchmark_compare_fail",
    "benchmark_histogram",
)
"""Options of pytest and pytest-benchmark that name files: a child would write over them, or add to them."""


def prepare(config: pytest.Config, request: Request) -> None:
    """Make a run, which has its parent's arguments, a child: no files of its parent's, only the asked tests' files.

    Parameters
    ----------
    config : pytest.Config
        The run.
    request : Request
        What is asked.
    """
    if request.lifeline is not None:
        die_with_parent(request.lifeline)
    config.stash[BALLAST] = ballast(request.ballast)
    for option in _FILES_OF_THE_PARENT:
        if getattr(config.option, option, None):
            setattr(config.option, option, None)
    if request.files:
        config.args = list(request.files)


def select(config: pytest.Config, request: Request, items: list[pytest.Item]) -> None:
    """Keep the tests that the request names."""
    wanted = frozenset(request.select)
    left = [item for item in items if item.nodeid not in wanted]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item.nodeid in wanted]


def answer(
    request: Request,
    records: Iterable[Comparison],
    controls: Mapping[tuple[str, str], Fresh],
    instructions: Mapping[tuple[str, str], Counted],
) -> None:
    """Write what was measured.

    Parameters
    ----------
    request : Request
        What was asked.
    records : iterable of Comparison
        All comparisons of the run.
    controls : mapping
        Blocks of the baseline arm against itself, by comparison.
    instructions : mapping
        What was counted under valgrind, by comparison.
    """
    measured = []
    for record in records:
        if request.label not in (None, record.label):
            continue
        counted = instructions.get(record.key)
        if counted is not None:
            measured.append(
                Measured(
                    nodeid=record.nodeid, label=record.label, instructions=counted.plain(), why=counted.why
                )
            )
            continue
        # A result that differs between calls has no speed.
        if record.effect == "fail" or record.speedup is None:
            measured.append(
                Measured(nodeid=record.nodeid, label=record.label, why=record.detail.splitlines()[0])
            )
            continue
        control = controls.get(record.key)
        measured.append(
            Measured(
                nodeid=record.nodeid,
                label=record.label,
                blocks=record.blocks,
                long=record.long,
                in_turns=record.in_turns or None,
                why=record.detail.partition("\n")[0] if record.verdict == "INCONCLUSIVE" else "",
                speedup=record.speedup,
                seconds=dict(record.seconds) if record.seconds else None,
                calls=dict(record.calls),
                digest=record.digest,
                memory_bytes=record.memory_bytes,
                control=control.blocks if control else (),
                control_long=control is not None and control.long,
            )
        )
    write_answer(request, measured)
