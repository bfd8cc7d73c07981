"""The life of a test whose speed is judged: fresh processes run after its teardown, before its reports are out.

Until then its fixtures hold ports, locks and files that the same test in a child needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from _pytest.runner import (
    runtestprotocol,  # public to plugins in all but name: xdist and rerunfailures use it
)

from pytest_genesis_perf import keys

if TYPE_CHECKING:
    from pytest_genesis_perf.child_request import Request
    from pytest_genesis_perf.children import Answer
    from pytest_genesis_perf.comparing import GenesisPerf

FIXTURE = "genesis_perf"


def judged_after_teardown(item: pytest.Item) -> bool:
    """Say whether a test is run by this protocol: its speed is judged, here and not for a parent."""
    settings = item.config.stash[keys.SETTINGS]
    return settings.timed and not settings.child and FIXTURE in getattr(item, "fixturenames", ())


def run(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Run a test, have what it suspects confirmed, and hand its reports on."""
    item.stash[keys.OWN_PROTOCOL] = True
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    perf = item.stash.get(keys.ITEM, None)
    if perf is not None and perf.pending:
        reports = _settled(item, perf, reports)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


def settle(item: pytest.Item, perf: GenesisPerf) -> str | None:
    """Have fresh processes judge what waits for them; return what the failing test says."""
    from pytest_genesis_perf.children import ask_child, files_of

    def ask(request: Request) -> Answer:
        return ask_child(item.config, request, item.config.stash[keys.SETTINGS].child_timeout)

    return perf.settle(ask, files_of(item.config, [item]))


def _settled(
    item: pytest.Item, perf: GenesisPerf, reports: Sequence[pytest.TestReport]
) -> list[pytest.TestReport]:
    """Return the reports with the final verdicts in them."""
    from pytest_genesis_perf.plugin import REPORT_ATTRIBUTE

    failure = settle(item, perf)
    # The phase that compared, which is the call but for a comparison made while setting up.
    at = next((i for i, report in enumerate(reports) if report.when == "call"), 0)
    told = reports[at]
    if failure is not None and not told.failed:
        told = _failed(item, told, failure)
    late = perf.take_plain()
    carried = getattr(told, REPORT_ATTRIBUTE, late)
    earlier = getattr(reports[at], REPORT_ATTRIBUTE, late)
    if told is not reports[at]:
        carried["comparisons"] = [*earlier["comparisons"], *carried["comparisons"]]
    carried["comparisons"] = [*carried["comparisons"], *late["comparisons"]]
    setattr(told, REPORT_ATTRIBUTE, carried)
    settled = [told if i == at else report for i, report in enumerate(reports)]
    for report in settled:
        report.user_properties = list(item.user_properties)
    return settled


def _failed(item: pytest.Item, report: pytest.TestReport, failure: str) -> pytest.TestReport:
    """Return the report again as pytest and its plugins write it for a test that fails."""

    def fail() -> None:
        pytest.fail(failure, pytrace=False)

    call = pytest.CallInfo.from_call(fail, when="call")
    again: pytest.TestReport = item.ihook.pytest_runtest_makereport(item=item, call=call)
    again.sections = report.sections
    again.duration, again.start, again.stop = report.duration, report.start, report.stop
    return again
