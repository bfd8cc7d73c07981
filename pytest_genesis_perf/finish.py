"""The end of a run: record, report, and refuse a run in which nothing was judged."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_genesis_perf.orphans import orphaned
from pytest_genesis_perf.own_hooks import HookError, with_columns
from pytest_genesis_perf.seen import Seen
from pytest_genesis_perf.session import Session
from pytest_genesis_perf.toml_files import BaselineError

if TYPE_CHECKING:
    from pytest_genesis_perf.report.model import Report

NOTHING_JUDGED = "nothing was judged: every comparison is INCONCLUSIVE"
STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""Names the file that GitHub shows as the summary of a job."""
_MOST_ORPHANS = 20


def finish(run: pytest.Session, session: Session, seen: Seen) -> None:
    """Do what is left when all tests are done.

    Parameters
    ----------
    run : pytest.Session
        pytest's session; its exit status becomes 1 where something here failed.
    session : Session
        The comparisons.
    seen : Seen
        Which tests there were.
    """
    settings = session.settings
    if settings.worker:
        return
    if settings.child:
        from pytest_genesis_perf.child_side import answer

        answer(settings.child, session.records, session.controls, session.instructions)
        return
    if settings.timed:
        _tell_orphans(run, session, seen)
    ended = run.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    if settings.update and ended and not run.config.option.collectonly:
        from pytest_genesis_perf.update import update

        try:
            update(run.config, session)
        except BaselineError as error:
            session.errors.append(f"nothing was recorded: {error}")
    if session.nothing_judged:
        session.errors.append(NOTHING_JUDGED)
    if not run.config.option.collectonly:
        _tell_files(run, session)
    if session.errors:
        from pytest_genesis_perf.run_errors import add_to_junit

        add_to_junit(run.config, session.errors)
        if run.exitstatus == pytest.ExitCode.OK:
            run.exitstatus = pytest.ExitCode.TESTS_FAILED


def _tell_orphans(run: pytest.Session, session: Session, seen: Seen) -> None:
    effect = session.policy.orphaned
    if effect == "pass":
        return
    try:
        found = [
            f"orphaned: {nodeid} / {label}: stored, but there is no such comparison any more; remove its entry"
            for nodeid, label in orphaned(run, session, seen)
        ]
    except BaselineError as error:
        session.errors.append(f"orphaned entries are not known: {error}")
        return
    told = session.errors if effect == "fail" else session.warnings
    told += found[:_MOST_ORPHANS]
    if len(found) > _MOST_ORPHANS:
        told.append(f"orphaned: {len(found) - _MOST_ORPHANS} more entries")


def _tell_files(run: pytest.Session, session: Session) -> None:
    """Write what was asked for; the reports come last, because they say what went wrong with the others."""
    settings = session.settings
    try:
        session.replace_records(with_columns(run.config, session.records))
    except HookError as error:
        session.errors.append(str(error))
    if settings.history and not settings.update and session.records:
        _append_history(settings.history, run.config.rootpath, session)
    _write_reports(session)


def _write_reports(session: Session) -> None:
    settings = session.settings
    # A job runs pytest for much else: its summary is for runs that compared something, or failed here.
    summary = os.environ.get(STEP_SUMMARY) if session.records or session.errors else None
    if not (settings.report or settings.markdown or summary):
        return
    from pytest_genesis_perf.report import markdown
    from pytest_genesis_perf.report.model import report_of

    try:
        if settings.report:
            session.notes.append(_write_folder(settings.report, report_of(session)))
        if settings.markdown:
            session.notes.append(f"report: {markdown.append(settings.markdown, report_of(session))}")
    except OSError as error:
        session.errors.append(f"the report could not be written: {error}")
    if summary:
        try:
            markdown.append(Path(summary), report_of(session))
        except OSError as error:
            session.warnings.append(f"no summary of this job: {STEP_SUMMARY}: {error}")


def _append_history(file: Path, root: Path, session: Session) -> None:
    from pytest_genesis_perf import history
    from pytest_genesis_perf.report.model import report_of

    commit, changed = history.commit_of(root)
    told = history.entries(report_of(session), datetime.now(timezone.utc), commit, changed=changed)
    try:
        history.append(file, told)
    except OSError as error:
        session.errors.append(f"the history could not be written: {error}")
        return
    session.notes.append(f"history: {len(told)} line{'' if len(told) == 1 else 's'} appended to {file}")


def _write_folder(folder: Path, report: Report) -> str:
    """Write all files of a report and say which."""
    from pytest_genesis_perf.report import charts, json, markdown, page

    folder.mkdir(parents=True, exist_ok=True)
    first = page.write(folder, report)
    json.write(folder, report)
    markdown.write(folder, report)
    drawn = len(charts.write(folder, report)) // 2
    return f"report: {first}, beside it .json, .md and {drawn} chart{'' if drawn == 1 else 's'} (.svg, .png)"
