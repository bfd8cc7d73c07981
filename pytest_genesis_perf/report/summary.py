"""The report as lines of text: one table worst first, and what has to be said below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from pytest_genesis_perf import record_text
from pytest_genesis_perf.notation import seconds
from pytest_genesis_perf.report import text
from pytest_genesis_perf.report.closing import closing_line
from pytest_genesis_perf.report.facts import facts
from pytest_genesis_perf.report.table import Column, layout

if TYPE_CHECKING:
    from pytest_genesis_perf.record import Comparison
    from pytest_genesis_perf.report.model import Report

_COLOURS = {"fail": "red", "warn": "yellow", "pass": "green"}


class Printer(Protocol):
    """Where lines go: pytest's terminal reporter, or a program's standard output."""

    def write(self, content: str, **markup: bool) -> None:
        """Write a part of a line; `markup` names a colour or ``bold``."""

    def write_line(self, line: str, **markup: bool) -> None:
        """Write a line, or the rest of one."""


def write_table(printer: Printer, records: Sequence[Comparison], width: int) -> None:
    """Write a row for each comparison.

    Parameters
    ----------
    printer : Printer
        Where to.
    records : sequence of Comparison
        Worst first, at least one.
    width : int
        Characters of a line.
    """
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
    columns += [Column(title, cells, drop=7) for title, cells in text.extra_columns(records).items()]
    lines = layout(columns, width)
    printer.write_line(lines[0], bold=True)
    for record, line in zip(records, lines[1:], strict=True):
        # Colour the word only: it repeats what the word says.
        printer.write(line[: len(record.verdict)], **{_COLOURS[record.effect]: True})
        printer.write_line(line[len(record.verdict) :])


def write_details(printer: Printer, records: Sequence[Comparison], *, verbose: bool) -> None:
    """Write the reasons of warnings; of every comparison, and how it was measured, where that is asked for."""
    for record in records:
        if record.timed and (verbose or record.effect == "warn"):
            printer.write_line(f"{text.name(record)}: {record.verdict}: {record.detail.splitlines()[0]}")
        if verbose:
            for name, told in facts(record):
                printer.write_line(f"    {name}: {told}")


def write_warned(printer: Printer, records: Sequence[Comparison]) -> None:
    """Write the warnings of a run that judged identity alone."""
    for record in records:
        if record.effect == "warn":
            printer.write_line(
                f"genesis-perf: {record.verdict}: {text.name(record)}: {record.detail.splitlines()[0]}",
                yellow=True,
            )


def write_end(printer: Printer, report: Report, *, quiet: bool) -> None:
    """Write the line that says what the run came to, what should be looked at, and what went wrong.

    Parameters
    ----------
    printer : Printer
        Where to.
    report : Report
        The run.
    quiet : bool
        Leave out what should be looked at.
    """
    if report.comparisons or report.mode != "identity":
        printer.write_line(closing_line(report))
    if not quiet:
        for warning in text.warnings(report):
            printer.write_line(f"genesis-perf: WARNING: {warning}", yellow=True)
    for error in report.errors:
        printer.write_line(f"genesis-perf: ERROR: {error}", red=True, bold=True)


def _seconds(record: Comparison, role: str) -> str:
    return "-" if record.seconds is None else seconds(record.seconds[role])
