"""Stored entries whose comparison no longer exists: told only where a run could have made every one of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_genesis_perf.seen import Seen
from pytest_genesis_perf.session import Session

if TYPE_CHECKING:
    from pytest_genesis_perf.baseline_files import Key

_FILTERS = (
    *("keyword", "markexpr", "deselect", "lf", "stepwise", "ignore", "ignore_glob"),
    *("pyargs", "collectonly", "setuponly", "setupplan"),
)
"""Options of pytest's own by which a run leaves tests out, or does not run them."""


def orphaned(run: pytest.Session, session: Session, seen: Seen) -> list[Key]:
    """Return the stored entries, of the digests and of this environment class, that nothing can meet any more.

    An entry is orphaned if its test was not collected, or passed without making the comparison. Tests that were
    skipped or failed tell nothing. A run of some folders or files tells of the entries in them.

    Parameters
    ----------
    run : pytest.Session
        pytest's session, at its end.
    session : Session
        The comparisons and baselines.
    seen : Seen
        Which tests there were.

    Returns
    -------
    list of (str, str)
        Node id and label, sorted; empty for a run that was filtered, ended early or was distributed.

    Raises
    ------
    BaselineError
        If a stored file cannot be trusted.
    """
    if not _is_whole(run, seen):
        return []
    collected = {item.nodeid for item in run.items}
    made = {record.key for record in session.records}
    stored = {*(session.store.digests or ()), *session.store.speeds(session.environment)}
    return sorted(
        key
        for key in stored - made
        if (key[0] in seen.passed if key[0] in collected else _is_in_scope(run.config, seen, key[0]))
    )


def _is_whole(run: pytest.Session, seen: Seen) -> bool:
    """Say whether every test below what was asked for has been collected and run."""
    config = run.config
    ended = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
    return not (
        seen.deselected
        or any(getattr(config.option, name, None) for name in _FILTERS)
        or any("::" in argument for argument in config.args)
        or run.shouldstop
        or run.shouldfail
        or run.exitstatus not in ended
        # The controller of distributed workers collects nothing itself.
        or config.pluginmanager.hasplugin("dsession")
    )


def _is_in_scope(config: pytest.Config, seen: Seen, nodeid: str) -> bool:
    """Say whether a test of this name would have been collected, if it existed."""
    if any(nodeid == name or nodeid.startswith((f"{name}::", f"{name}/")) for name in seen.uncollected):
        return False
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        return True
    file = (config.rootpath / nodeid.partition("::")[0]).resolve()
    folders = [Path(config.invocation_params.dir, argument).resolve() for argument in config.args]
    return any(folder == file or folder in file.parents for folder in folders)
