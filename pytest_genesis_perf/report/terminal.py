"""The report in the terminal: a header line, one table worst first, and what has to be said below it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_genesis_perf import record_text
from pytest_genesis_perf.notation import seconds, times
from pytest_genesis_perf.report import text
from pytest_genesis_perf.report.closing import closing_line
from pytest_genesis_perf.report.table import Column, layout
from pytest_genesis_perf.toml_files import BaselineError

if TYPE_CHECKING:
    import pytest

    from pytest_genesis_perf.record import Comparison
    from pytest_genesis_perf.session import Session

LOG_WIDTH = 160
"""Characters of a line where the output is not a terminal and nothing says how wide it is."""

_COLOURS = {"fail": "red", "warn": "yellow", "pass": "green"}


def header(session: Session) -> str:
    """Return the header line: environment class, seed, and how many stored speeds hold here."""
    try:
        known = len(session.store.known())
        active = f"{len(session.store.speeds(session.environment))} of {known} active"
    except BaselineError as error:
        active = f"unreadable: {error}"
    return (
        f"genesis-perf: {session.environment.text()}; seed {session.settings.seed}; speed baselines: {active}"
    )


def write_summary(reporter: pytest.TerminalReporter, session: Session) -> None:
    """Write the section: the table where speed was judged, else a line; notes and errors in any case.

    Parameters
    ----------
    reporter : pytest.TerminalReporter
        pytest's reporter; verbosity and colour are its own.
    session : Session
        The comparisons.
    """
    records = session.records
    verbosity = reporter.config.get_verbosity()
    if session.settings.child or not (records or session.warnings or session.errors):
        return
    if verbosity >= 0 and (session.settings.timed or session.notes):
        reporter.ensure_newline()
        reporter.section("genesis-perf")
        if any(record.timed for record in records):
            _write_table(reporter, records)
        _write_details(reporter, session, verbosity)
    if verbosity >= 0 and not session.settings.timed:
        _write_soft(reporter, records)
    if records:
        reporter.write_line(closing_line(session))
    if verbosity >= 0:
        remarks = [f"{text.name(record)}: {remark}" for record in records for remark in record.remarks]
        for warning in [*session.warnings, *remarks]:
            reporter.write_line(f"genesis-perf: WARNING: {warning}", yellow=True)
    for error in session.errors:
        reporter.write_line(f"genesis-perf: ERROR: {error}", red=True, bold=True)


def _write_table(reporter: pytest.TerminalReporter, records: Sequence[Comparison]) -> None:
    columns = [
        Column("verdict", [r.verdict for r in records]),
        Column("comparison", text.short_names(records), shrink=True),
        Column("identical", [text.identical(r) for r in records]),
        Column("speedup", [record_text.speedup(r) for r in records], right=True),
        Column("stored", [text.stored(r) for r in records], right=True, drop=3),
        Column("baseline", [_seconds(r, "baseline") for r in records], right=True, drop=1),
        Column("optimized", [_seconds(r, "optimized") for r in records], right=True, drop=2),
        Column("work", [text.work(r) for r in records], drop=4),
        Column("peak memory", [text.memory(r) for r in records], right=True, drop=5),
        Column("instructions", [text.instructions(r) for r in records], right=True, drop=6),
    ]
    width = _width(reporter)
    lines = layout(columns, width)
    reporter.write_line(lines[0], bold=True)
    for record, line in zip(records, lines[1:], strict=True):
        # Colour the word only: it repeats what the word says.
        reporter.write(line[: len(record.verdict)], **{_COLOURS[record.effect]: True})
        reporter.write_line(line[len(record.verdict) :])


def _width(reporter: pytest.TerminalReporter) -> int:
    """Return the characters of a line; a log has no width of its own, and pytest's 80 would cut names and numbers."""
    writer = reporter.config.get_terminal_writer()
    return int(writer.fullwidth) if reporter.isatty or "COLUMNS" in os.environ else LOG_WIDTH


def _write_details(reporter: pytest.TerminalReporter, session: Session, verbosity: int) -> None:
    for record in session.records:
        if record.timed and (verbosity > 0 or record.effect == "warn"):
            reporter.write_line(f"{text.name(record)}: {record.verdict}: {record.detail.splitlines()[0]}")
        if verbosity > 0:
            for line in _more(record):
                reporter.write_line(f"    {line}")
    for note in session.notes:
        reporter.write_line(note)


def _write_soft(reporter: pytest.TerminalReporter, records: Sequence[Comparison]) -> None:
    for record in records:
        if record.effect == "warn":
            reporter.write_line(
                f"genesis-perf: {record.verdict}: {text.name(record)}: {record.detail.splitlines()[0]}",
                yellow=True,
            )


def _more(record: Comparison) -> list[str]:
    lines = []
    if record.blocks:
        calls = ", ".join(f"{count:,} {role} calls" for role, count in record.calls.items())
        lines.append(f"claim: {record.claim}; {len(record.blocks):,} blocks, a slice is {calls}")
    if record.disturbance:
        lines.append(f"meanwhile: {record.disturbance}")
    if record.confirmation:
        lines.append(f"fresh processes: {', '.join(map(times, record.confirmation))}")
    lines += record_text.cost_lines(record)
    if record.plans:
        lines.append(f"plans: {record_text.plan_text(record)}")
    if record.digest:
        lines.append(f"digest: {record.digest} ({record.digest_state})")
    return lines


def _seconds(record: Comparison, role: str) -> str:
    return "-" if record.seconds is None else seconds(record.seconds[role])
