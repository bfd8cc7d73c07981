"""The report for a review: one table, worst first, unchanged rows folded. GitHub's and GitLab's Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pytest_genesis_perf import record_text
from pytest_genesis_perf.atomic_files import replace_file
from pytest_genesis_perf.record import Comparison
from pytest_genesis_perf.report import text
from pytest_genesis_perf.report.closing import closing_line
from pytest_genesis_perf.report.model import Report

FILE = "genesis-perf.md"
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#$&])")
_TIMED = ("verdict", "comparison", "identical", "speedup", "stored", "work")
_UNTIMED = ("verdict", "comparison", "identical", "work")


def document(report: Report) -> str:
    """Return the report as Markdown.

    Parameters
    ----------
    report : Report
        The run.
    """
    records = report.comparisons
    unchanged = [record for record in records if record.verdict == "PASS" and record.effect == "pass"]
    others = [record for record in records if record not in unchanged]
    parts = [f"## {_escaped(closing_line(report))}"]
    parts += [f"**ERROR:** {_escaped(error)}" for error in report.errors]
    parts += [f"**WARNING:** {_escaped(warning)}" for warning in text.warnings(report)]
    if others:
        parts.append(_table(others))
        parts += _reasons(others, report.seed)
    if unchanged:
        title = f"{len(unchanged)} PASS"
        parts.append(
            f"<details><summary>{title}</summary>\n\n{_table(unchanged)}\n\n</details>"
            if others
            else _table(unchanged)
        )
    seed = "" if report.mode == "identity" else f"; seed {report.seed}"
    parts.append(f"{_escaped(report.environment.text())}{seed}")
    return "\n\n".join(parts) + "\n"


def append(path: Path, report: Report) -> Path:
    """Put the report behind what a file holds already, and return its path.

    Parameters
    ----------
    path : Path
        The file; it and its folder are made where they do not exist.
    report : Report
        The run.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        # A heading needs an empty line before it; nobody knows how the text before ends.
        file.write(f"\n\n{document(report)}" if file.tell() else document(report))
    return path


def write(folder: Path, report: Report) -> Path:
    """Write the report into a folder and return its path.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path = folder / FILE
    replace_file(path, document(report))
    return path


def _table(records: Sequence[Comparison]) -> str:
    head = _TIMED if any(record.timed for record in records) else _UNTIMED
    extra = text.extra_columns(records)
    rows = []
    for number, (record, name) in enumerate(zip(records, text.short_names(records), strict=True)):
        cells = {
            "verdict": record.verdict,
            "comparison": _code(name).replace("|", r"\|"),  # in a table even a code span ends at a bar
            "identical": _escaped(text.identical(record)),
            "speedup": _escaped(record_text.speedup(record)),
            "stored": text.stored(record),
            "work": _escaped(text.work(record)),
        }
        own = [_escaped(column[number]) for column in extra.values()]
        rows.append([*(cells[column] for column in head), *own])
    head = (*head, *map(_escaped, extra))
    aligned = ["---:" if column in ("speedup", "stored") else "---" for column in head]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, aligned, *rows))


def _reasons(records: Sequence[Comparison], seed: int) -> list[str]:
    """Say why tests failed or were warned of, each failure with its command; what many share is said once."""
    told: list[str] = []
    warned: dict[tuple[str, str], list[str]] = {}
    for record in records:
        # The second line says where results differ.
        reason = _escaped(" ".join(record.detail.splitlines()[:2]))
        name = _code(text.name(record))
        if record.effect == "fail":
            again = record_text.reproduce(record, seed).replace("\n", "\n    ")
            told.append(f"**{record.verdict}** {name}: {reason}\n\n    {again}")
        elif record.effect == "warn":
            warned.setdefault((record.verdict, reason), []).append(name)
    for (verdict, reason), names in warned.items():
        told.append(f"**{verdict}** {', '.join(names)}: {reason}")
    return told


def _escaped(words: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(words.split()))


def _code(words: str) -> str:
    """Return a code span, fenced by more backticks than it holds."""
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", words)), default=0))
    space = " " if words.startswith("`") or words.endswith("`") else ""
    return f"{fence}{space}{' '.join(words.split())}{space}{fence}"
