"""The report for machines: every comparison with its samples, and what it takes to judge them again; and its reader."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import msgspec

from pytest_genesis_perf.arms import ROLES
from pytest_genesis_perf.atomic_files import replace_file
from pytest_genesis_perf.environment import EnvironmentClass
from pytest_genesis_perf.record import LARGEST, SMALLEST, VERDICTS, Comparison, severity
from pytest_genesis_perf.report.model import Mode, Report
from pytest_genesis_perf.soft_states import EFFECTS

SCHEMA = 2
DIGEST_STATES = ("match", "missing", "differs", "untracked")
FILE = "genesis-perf.json"


class ReportError(Exception):
    """A stored report that cannot be read: which file, where in it, and what would be right."""


@dataclass(frozen=True)
class _Environment:
    python: str
    machine: str
    cpu: str
    cores: int
    libraries: dict[str, str]
    more: dict[str, str]


@dataclass(frozen=True)
class _Gates:
    judged: int
    family_bound: float


@dataclass(frozen=True)
class _Document:
    schema: int
    mode: Mode
    seed: int
    environment: _Environment
    gates: _Gates
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    comparisons: tuple[Comparison, ...]


def document(report: Report) -> dict[str, Any]:
    """Return a report as plain values.

    Parameters
    ----------
    report : Report
        The run.

    Returns
    -------
    dict
        ``schema``, ``mode``, ``seed``, ``environment``, ``gates`` (the number that were judged and their family
        bound), ``errors``, ``warnings`` and ``comparisons``, worst first; ``blocks`` are log optimized - log
        baseline, in time order.
    """
    environment = report.environment
    return {
        "schema": SCHEMA,
        "mode": report.mode,
        "seed": report.seed,
        "environment": {
            "python": environment.python,
            "machine": environment.machine,
            "cpu": environment.cpu,
            "cores": environment.cores,
            "libraries": dict(environment.libraries),
            "more": dict(environment.more),
        },
        "gates": {"judged": report.gates, "family_bound": report.family_bound},
        "errors": list(report.errors),
        "warnings": list(report.warnings),
        "comparisons": [record.to_plain() for record in report.comparisons],
    }


def write(folder: Path, report: Report) -> Path:
    """Write the report into a folder and return its path.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path = folder / FILE
    replace_file(path, json.dumps(document(report), indent=1, allow_nan=False) + "\n")
    return path


def read(path: Path) -> Report:
    """Read a stored report.

    Parameters
    ----------
    path : Path
        The file, or the folder that `write` wrote it into.

    Raises
    ------
    ReportError
        If there is none, it is damaged, or it is of another schema.
    """
    file = path / FILE if path.is_dir() else path
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError(
            f"{file}: {error.strerror}; a report is written by --genesis-perf-report=DIR"
        ) from None
    except ValueError as error:
        raise ReportError(f"{file}: is no JSON: {error}") from None
    if not isinstance(plain, dict) or "schema" not in plain:
        raise ReportError(f"{file}: is no report of pytest --genesis-perf: it has no key schema")
    schema = plain["schema"]
    if schema != SCHEMA:
        older = type(schema) is int and schema < SCHEMA
        cure = "make the report anew" if older else "upgrade genesis-backtest to read it"
        age = "an older version" if older else "another version"
        raise ReportError(f"{file}: schema {schema!r} was written by {age}, this one reads {SCHEMA}; {cure}")
    try:
        found = msgspec.convert(plain, _Document)
        _check(plain["comparisons"])
    except ValueError as error:
        raise ReportError(f"{file}: is damaged: {error}") from None
    return _report(found)


def _check(plain: list[dict[str, Any]]) -> None:
    """Refuse what the types allow and no report holds."""
    known = {field.name for field in fields(Comparison)}
    seen = set()
    for number, record in enumerate(plain):
        where = f"$.comparisons[{number}]"
        unknown = sorted(record.keys() - known)
        if unknown:
            raise ValueError(f"unknown key {unknown[0]!r} - at `{where}`")
        for name, words in (("verdict", VERDICTS), ("effect", EFFECTS), ("digest_state", DIGEST_STATES)):
            if record[name] not in words:
                raise ValueError(
                    f"must be one of {', '.join(words)}, not {record[name]!r} - at `{where}.{name}`"
                )
        _check_numbers(record, where)
        key = record["nodeid"], record["label"]
        if key in seen:
            raise ValueError(f"{key[0]} / {key[1]} stands twice - at `{where}`")
        seen.add(key)


def _check_numbers(record: dict[str, Any], where: str) -> None:
    """Refuse numbers that no measurement gives."""
    for name in ("speedup", "claim_limit", "interval", "stored", "confirmation"):
        value = record.get(name)
        numbers = [] if value is None else value if isinstance(value, list) else [value]
        if not all(SMALLEST <= number <= LARGEST for number in numbers):
            raise ValueError(
                f"must be between {SMALLEST:g} and {LARGEST:g}, not {value!r} - at `{where}.{name}`"
            )
        if name in ("interval", "stored") and numbers != sorted(numbers):
            raise ValueError(f"must be in order, not {value!r} - at `{where}.{name}`")
    if not all(abs(x) <= math.log(LARGEST) for x in record.get("blocks", ())):
        raise ValueError(f"must be logarithms of ratios - at `{where}.blocks`")
    for name in ("seconds", "memory_bytes", "stored_memory_bytes", "instructions", "stored_instructions"):
        counts = record.get(name)
        if counts is not None and not all(
            type(counts.get(role)) in (int, float) and 0 <= counts[role] <= LARGEST for role in ROLES
        ):
            raise ValueError(f"must have a number >= 0 for {' and '.join(ROLES)} - at `{where}.{name}`")
    if not record["detail"].strip():
        raise ValueError(f"must say something - at `{where}.detail`")


def _report(found: _Document) -> Report:
    here = found.environment
    return Report(
        mode=found.mode,
        seed=found.seed,
        environment=EnvironmentClass(
            here.python,
            here.machine,
            here.cpu,
            here.cores,
            tuple(sorted(here.libraries.items())),
            tuple(sorted(here.more.items())),
        ),
        gates=found.gates.judged,
        family_bound=found.gates.family_bound,
        errors=found.errors,
        warnings=found.warnings,
        comparisons=tuple(sorted(found.comparisons, key=severity)),
    )
