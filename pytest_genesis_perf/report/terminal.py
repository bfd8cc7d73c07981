"""The report in pytest's terminal: a header line, one section, worst first, and what has to be said below it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_genesis_perf.report import summary
from pytest_genesis_perf.report.model import report_of
from pytest_genesis_perf.screen import LOG_WIDTH
from pytest_genesis_perf.toml_files import BaselineError

if TYPE_CHECKING:
    import pytest

    from pytest_genesis_perf.session import Session


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
    asked = session.settings.timed or session.notes
    if session.settings.child or not (session.records or session.warnings or session.errors or asked):
        return
    report = report_of(session)
    verbosity = reporter.config.get_verbosity()
    if verbosity >= 0 and (report.mode != "identity" or session.notes):
        reporter.ensure_newline()
        reporter.section("genesis-perf")
        if any(record.timed for record in report.comparisons):
            summary.write_table(reporter, report.comparisons, _width(reporter))
        summary.write_details(reporter, report.comparisons, verbose=verbosity > 0)
        for note in session.notes:
            reporter.write_line(note)
    if verbosity >= 0 and report.mode == "identity":
        summary.write_warned(reporter, report.comparisons)
    summary.write_end(reporter, report, quiet=verbosity < 0)


def _width(reporter: pytest.TerminalReporter) -> int:
    """Return the characters of a line; a log has no width of its own, and pytest's 80 would cut names and numbers."""
    writer = reporter.config.get_terminal_writer()
    return int(writer.fullwidth) if reporter.isatty or "COLUMNS" in os.environ else LOG_WIDTH
