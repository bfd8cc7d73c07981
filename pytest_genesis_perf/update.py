"""``--genesis-perf-update``: digests from this run, speeds from fresh processes, and every change said.

A comparison is recorded whole or not at all, and what is not makes the run fail: one whose test failed (DIFFERENT among
them), one that a fresh process could not measure, one whose processes disagree (INCONCLUSIVE), and one that fell
below the tripwire. A file that cannot be trusted stops the update before anything is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from pytest_genesis_perf.baseline_files import Key, SpeedEntry
from pytest_genesis_perf.baseline_recording import PROCESSES, merged
from pytest_genesis_perf.baselines import Store, editing
from pytest_genesis_perf.changes import Mode, Recorded, changes
from pytest_genesis_perf.child_request import Measured, Request
from pytest_genesis_perf.children import ask_child
from pytest_genesis_perf.cost_recording import with_costs
from pytest_genesis_perf.session import Session
from pytest_genesis_perf.toml_files import BaselineError


def update(config: pytest.Config, session: Session) -> None:
    """Record the comparisons of a run whose tests passed.

    Parameters
    ----------
    config : pytest.Config
        The run, repeated in fresh processes.
    session : Session
        Its comparisons; notes and errors are added to it.

    Raises
    ------
    BaselineError
        If a stored file cannot be trusted, locked or written. A file that cannot be trusted is left as it is.
    """
    mode = cast(Mode, session.settings.update)
    good = _passed(session)
    old = _stored(session, session.store)
    wanted = {key for key in good if mode != "new" or key not in old.digests or key not in old.speeds}
    measured = _measure(config, session, {nodeid for nodeid, _ in wanted}) if wanted else []
    entries: dict[Key, SpeedEntry] = {}
    for key in sorted(wanted):
        entry = merged(key, measured)
        if isinstance(entry, str):
            session.errors.append(f"not recorded: {' / '.join(key)}: {entry}")
        else:
            entries[key] = entry
    entries = with_costs(config, session, entries, measured)
    new = Recorded({key: good[key] for key in entries}, entries)
    done = changes(old, new, mode)
    if entries:
        with editing(session.settings.baselines) as store:
            # Once more: another update may have stored its entries while this one measured.
            old = _stored(session, store)
            done = changes(old, new, mode)
            if done.store.speeds:
                store.write_speeds(session.environment, {**old.speeds, **done.store.speeds})
            if done.store.digests:
                try:
                    store.write_digests({**old.digests, **done.store.digests})
                except BaselineError as fault:
                    session.errors.append(f"the digests were not recorded, the speeds were: {fault}")
    session.errors[:] = [*done.refused, *session.errors]
    session.notes += [*done.alarming, *done.told]
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and config.get_verbosity() < 0:
        # Notes are not shown under -q; these are never silent.
        for line in done.alarming:
            reporter.write_line(line)


def _passed(session: Session) -> dict[Key, str]:
    """Return the digests of the comparisons whose tests passed."""
    good: dict[Key, str] = {}
    for record in session.records:
        if record.effect == "fail" or record.nodeid in session.failed_tests or record.digest is None:
            session.errors.append(f"not recorded, the test failed: {record.nodeid} / {record.label}")
        else:
            good[record.key] = record.digest
    return good


def _stored(session: Session, store: Store) -> Recorded:
    return Recorded(store.digests or {}, session.stored_speeds(store))


def _measure(config: pytest.Config, session: Session, nodeids: set[str]) -> list[Sequence[Measured]]:
    """Have fresh processes measure, one after the other."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    # Each test may take as long as in a process that confirms it alone.
    limit = session.settings.child_timeout * len(nodeids)
    measured: list[Sequence[Measured]] = []
    for number in range(1, PROCESSES + 1):
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(f"genesis-perf: recording: fresh process {number} of {PROCESSES}")
        answer = ask_child(config, Request(answer="", select=tuple(sorted(nodeids)), memory=True), limit)
        if answer.fault:
            rule = f"it may take {limit:g} s: ini genesis_perf_child_timeout for each of {len(nodeids)} tests"
            raise BaselineError(f"fresh process {number} of {PROCESSES}: {answer.fault} ({rule})")
        measured.append(answer.measured)
    return measured
