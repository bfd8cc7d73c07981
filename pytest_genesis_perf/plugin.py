"""The hooks of the plugin, and nothing else: each hands over to the module that does the work.

A run without the fixture pays for this module only; everything heavier is imported inside the hooks.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import pytest

from pytest_genesis_perf import hookspecs, keys, marker, options
from pytest_genesis_perf.fixtures import genesis_perf as genesis_perf
from pytest_genesis_perf.seen import Seen
from pytest_genesis_perf.settings import read_settings

pytest_plugins = ("pytest_genesis_perf.engine_fixtures",)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the hooks that others may implement."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register options and ini keys."""
    options.add_options(parser)


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Examine the machine instead of running tests, where that was asked for."""
    if config.option.genesis_perf_doctor is None or config.option.help or config.option.version:
        return None
    from pytest_genesis_perf.doctor.under_pytest import run

    return run(config)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Check the options and register the marker."""
    config.addinivalue_line("markers", marker.HELP)
    settings = read_settings(config)
    config.stash[keys.SETTINGS] = settings
    config.stash[keys.SEEN] = Seen()
    # xdist hands the options on: workers must not draw a seed of their own.
    config.option.genesis_perf_seed = str(settings.seed)
    config.pluginmanager.register(Collector(config), "genesis_perf_collector")
    if settings.child:
        from pytest_genesis_perf.child_side import prepare

        prepare(config, settings.child)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say in which environment class and with which seed speed is judged."""
    if not config.stash[keys.SETTINGS].timed:
        return None
    from pytest_genesis_perf.report.terminal import header
    from pytest_genesis_perf.session import session_of

    return header(session_of(config))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Check the markers; a child keeps the tests it was asked for."""
    settings = config.stash[keys.SETTINGS]
    if not settings.worker:
        marker.check_items(items)
    if settings.child:
        from pytest_genesis_perf.child_side import select

        select(config, settings.child, items)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Check the marker in an xdist worker: its controller knows no items, and a usage error would crash it."""
    if item.config.stash[keys.SETTINGS].worker:
        marker.check_items([item])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test whose speed is judged so that fresh processes can confirm a failing claim after its teardown."""
    if not item.config.stash[keys.SETTINGS].timed:
        return None
    from pytest_genesis_perf import protocol

    if not protocol.judged_after_teardown(item):
        return None
    protocol.run(item, nextitem)
    return True


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item) -> bool | None:
    """Set no timer of pytest-timeout in a child: it measures more than its parent did, and has a timeout of its own."""
    return True if item.config.stash[keys.SETTINGS].child else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that asked for the fixture and compared nothing, or swallowed a failing verdict."""
    yield
    perf = item.stash.get(keys.ITEM, None)
    if perf is None:
        return
    if perf.pending and keys.OWN_PROTOCOL not in item.stash:
        # Asked for by getfixturevalue, or run by another plugin's protocol: judged at once.
        from pytest_genesis_perf.protocol import settle

        settle(item, perf)
    perf.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Free what wider fixtures hold too, where fresh processes are about to run the same test."""
    yield
    perf = item.stash.get(keys.ITEM, None)
    if perf is not None and perf.pending:
        from pytest_genesis_perf.protocol import release_all

        release_all(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the report carry the comparisons, also from an xdist worker."""
    report = yield
    perf = item.stash.get(keys.ITEM, None)
    if perf is not None:
        setattr(report, keys.REPORT_ATTRIBUTE, perf.take_plain())
    return report


class Collector:
    """Collects comparisons, and which tests there were, from the reports of a run.

    Parameters
    ----------
    config : pytest.Config
        The run.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._seen = config.stash[keys.SEEN]

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Remember that tests were left out."""
        self._seen.deselected |= bool(items)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember what could not be looked into."""
        if not report.passed:
            self._seen.uncollected.append(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take over the comparisons that a report carries, and whether the test passed."""
        if report.when == "call" and report.passed:
            self._seen.passed.add(report.nodeid)
        carried = getattr(report, keys.REPORT_ATTRIBUTE, None)
        if carried is not None:
            from pytest_genesis_perf.session import session_of

            session_of(self._config).collect(carried["test"], carried["comparisons"], failed=report.failed)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Record baselines, write reports, and refuse a run in which nothing was judged: before JUnit is written."""
    config = session.config
    settings = config.stash[keys.SETTINGS]
    # A report that was asked for is written even if nothing was compared: an old one must not stand for this run.
    if keys.SESSION in config.stash or settings.report or settings.markdown:
        from pytest_genesis_perf.finish import finish
        from pytest_genesis_perf.session import session_of

        finish(session, session_of(config), config.stash[keys.SEEN])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write the table."""
    known = terminalreporter.config.stash.get(keys.SESSION, None)
    if known is not None:
        from pytest_genesis_perf.report.terminal import write_summary

        write_summary(terminalreporter, known)
