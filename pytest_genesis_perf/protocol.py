"""The life of a test whose speed is judged: fresh processes run after its teardown, before its reports are out.

Until then its fixtures hold ports, locks and files that the same test in a child needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import (
    runtestprotocol,  # public to plugins in all but name: xdist and rerunfailures use it
)

from pytest_genesis_perf import keys
from pytest_genesis_perf.beside_timeout import stop_timer

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
        stop_timer(item)
        _settled(item, perf, reports)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


def release_all(item: pytest.Item) -> None:
    """Tear down the fixtures of class, module, package and session too; the next test sets up what it needs."""
    item.session._setupstate.teardown_exact(None)


def settle(item: pytest.Item, perf: GenesisPerf) -> str | None:
    """Have fresh processes judge what waits for them; return what the failing test says."""
    from pytest_genesis_perf.children import ask_child, files_of
    from pytest_genesis_perf.session import session_of

    progress = session_of(item.config).progress
    asked = count(1)

    def ask(request: Request) -> Answer:
        progress.waiting(f"{item.nodeid} / {request.label}: fresh process {next(asked)}")
        locked = replace(request, lock=str(settings.lock or ""))
        return ask_child(item.config, locked, settings.child_timeout)

    settings, files = item.config.stash[keys.SETTINGS], files_of([item])
    try:
        counts = None
        if settings.instructions:
            from pytest_genesis_perf.counting import count_test

            progress.waiting(f"{item.nodeid}: instructions, under valgrind")
            counts = count_test(item.config, perf.nodeid, files, settings.child_timeout)
        return perf.settle(ask, files, counts)
    finally:
        progress.done()


def _settled(item: pytest.Item, perf: GenesisPerf, reports: Sequence[pytest.TestReport]) -> None:
    """Put the final verdicts into the reports of a test."""
    failure = settle(item, perf)
    # The phase that compared: the call, but for comparisons made while setting up only.
    told = next((report for report in reports if report.when == "call"), reports[0])
    if failure is not None and (not told.failed or _unexpected(told)):
        _fail(item, told, failure)
    late = perf.take_plain()
    carried = getattr(told, keys.REPORT_ATTRIBUTE, late)
    if carried is not late:
        carried["comparisons"] += late["comparisons"]
    setattr(told, keys.REPORT_ATTRIBUTE, carried)
    for report in reports:
        report.user_properties = list(item.user_properties)


def _unexpected(report: pytest.TestReport) -> bool:
    """Say whether a test failed only because it was expected to and did not."""
    return isinstance(report.longrepr, str) and report.longrepr.startswith("[XPASS(strict)]")


def _fail(item: pytest.Item, report: pytest.TestReport, failure: str) -> None:
    """Turn a report into what pytest writes of a test that fails; one that is expected to fail stays so.

    The hook that makes reports is not called again: plugins look into fixtures there, and those are torn down.
    """

    def fail() -> None:
        pytest.fail(failure, pytrace=False)

    call = pytest.CallInfo.from_call(fail, when="call")
    again = pytest.TestReport.from_item_and_call(item, call)
    if hasattr(report, "wasxfail"):
        del report.wasxfail
    expecting: Any = item.config.pluginmanager.get_plugin("skipping")
    if expecting is not None:
        wrapper = expecting.pytest_runtest_makereport(item=item, call=call)
        next(wrapper)
        with suppress(StopIteration):
            wrapper.send(again)
    report.outcome, report.longrepr = again.outcome, again.longrepr
    if hasattr(again, "wasxfail"):
        report.wasxfail = again.wasxfail
