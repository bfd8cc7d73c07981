"""A recording process: a child pytest run that measures the tests it is asked for, and judges nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from pytest_genesis_perf import keys
from pytest_genesis_perf.record import Comparison


@dataclass(frozen=True)
class Recorded:
    """What one process measured of one comparison.

    Parameters
    ----------
    nodeid, label : str
        The comparison.
    speedup : float or None
        Median; None if it was not measured.
    seconds : mapping or None
        Of one call of each arm.
    why : str
        Why it was not measured.
    """

    nodeid: str
    label: str
    speedup: float | None
    seconds: Mapping[str, float] | None
    why: str


def write_request(path: Path, output: Path, nodeids: Iterable[str]) -> None:
    """Write what a child is to measure and where to put it."""
    path.write_text(json.dumps({"output": str(output), "select": sorted(nodeids)}), encoding="utf-8")


def prepare_child(config: pytest.Config) -> None:
    """Keep a child, which is started with its parent's arguments, from writing its parent's files."""
    if getattr(config.option, "xmlpath", None):
        config.option.xmlpath = None


def select(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests that the request names."""
    path = config.stash[keys.SETTINGS].recording
    wanted = set(json.loads(path.read_text(encoding="utf-8"))["select"]) if path else set()
    left = [item for item in items if item.nodeid not in wanted]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item.nodeid in wanted]


def write_output(request: Path, records: Iterable[Comparison]) -> None:
    """Write what was measured to where the request says."""
    output = Path(json.loads(request.read_text(encoding="utf-8"))["output"])
    measured = [
        asdict(
            Recorded(
                record.nodeid,
                record.label,
                # A result that differs between calls has no speed worth storing.
                record.speedup if record.effect != "fail" else None,
                dict(record.seconds) if record.seconds else None,
                record.detail.splitlines()[0],
            )
        )
        for record in records
    ]
    output.write_text(json.dumps(measured), encoding="utf-8")


def read_output(path: Path) -> list[Recorded]:
    """Read what a child measured, nothing if it did not get that far."""
    if not path.exists():
        return []
    return [Recorded(**values) for values in json.loads(path.read_text(encoding="utf-8"))]
