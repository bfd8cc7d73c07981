"""The end of a run: record, report, and refuse a run in which nothing was judged."""

from __future__ import annotations

import pytest

from pytest_genesis_perf.session import Session
from pytest_genesis_perf.toml_files import BaselineError

NOTHING_JUDGED = "nothing was judged: every comparison is INCONCLUSIVE"


def finish(run: pytest.Session, session: Session) -> None:
    """Do what is left when all tests are done.

    Parameters
    ----------
    run : pytest.Session
        pytest's session; its exit status becomes 1 where something here failed.
    session : Session
        The comparisons.
    """
    settings = session.settings
    if settings.worker:
        return
    if settings.recording:
        from pytest_genesis_perf.recording import write_output

        write_output(settings.recording, session.records)
        return
    if settings.update and not run.config.option.collectonly:
        from pytest_genesis_perf.update import update

        try:
            update(run.config, session)
        except BaselineError as error:
            session.errors.append(f"nothing was recorded: {error}")
    if session.nothing_judged:
        session.errors.append(NOTHING_JUDGED)
    if settings.report and session.records:
        _write_reports(session)
    if session.errors and run.exitstatus == pytest.ExitCode.OK:
        run.exitstatus = pytest.ExitCode.TESTS_FAILED


def _write_reports(session: Session) -> None:
    from pytest_genesis_perf.report import chart, json

    folder = session.settings.report
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = [json.write(folder, session), *chart.write(folder, session.records)]
    except OSError as error:
        session.errors.append(f"the report could not be written: {error}")
        return
    session.notes.append(f"report: {', '.join(str(path) for path in written)}")
