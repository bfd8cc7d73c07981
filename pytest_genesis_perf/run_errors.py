"""What fails a whole run stands in JUnit too: a reader of that file alone must not see green."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from _pytest.junitxml import xml_key  # nothing public leads from a run to its JUnit file

CLASS = "genesis-perf"


def add_to_junit(config: pytest.Config, errors: Iterable[str]) -> None:
    """Add a failed test case for each error; nothing where no JUnit file is asked for.

    Parameters
    ----------
    config : pytest.Config
        Of the run; its file is not written yet.
    errors : iterable of str
        What failed the run.
    """
    junit = config.stash.get(xml_key, None)
    if junit is None:
        return
    for number, error in enumerate(errors, start=1):
        nodeid = f"{CLASS}::run {number}"
        location = (CLASS, None, nodeid)
        failed = pytest.TestReport(nodeid, location, {}, "failed", f"genesis-perf: {error}", "call")
        ended = pytest.TestReport(nodeid, location, {}, "passed", None, "teardown")
        for report in (failed, ended):
            junit.pytest_runtest_logreport(report)
