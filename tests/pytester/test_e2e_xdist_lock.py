"""The lock of an xdist run: who measures, who waits, and what waiting does not do."""

from __future__ import annotations

import pytest

from tests.pytester.project_files import TIMERS

SLOWER_BESIDE_FILES = """
import time
from pathlib import Path
from arms import *

def test_slower(genesis_perf, tmp_path):
    genesis_perf.compare(baseline=quick, optimized=slow)

def test_files(tmp_path):
    mine = tmp_path / "mine"
    mine.touch()
    end = time.monotonic() + 60.0
    while time.monotonic() < end and not Path("settled").exists():
        assert mine.exists(), "somebody removed this test's file"
        time.sleep(0.05)
"""


def test_fresh_processes_leave_the_files_of_running_tests_alone(project: pytest.Pytester) -> None:
    project.makepyfile(test_it=SLOWER_BESIDE_FILES)
    project.makeconftest(
        """
        from pathlib import Path
        def pytest_runtest_logreport(report):
            if report.nodeid.endswith("test_slower") and report.when == "teardown":
                Path("settled").touch()
        """
    )
    result = project.runpytest_subprocess(
        "--genesis-perf", "-p", "xdist", "-n2", f"--basetemp={project.path / 'own'}", "--log-file=log.txt"
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["REGRESSED: *", "fresh processes: 0.*x, 0.*x, 0.*x"])


def test_the_log_of_a_run_is_not_its_fresh_processes(clocked: pytest.Pytester) -> None:
    clocked.makepyfile(
        test_it="""
        import logging
        from clocked import *

        def test_first():
            logging.getLogger().warning("said before")

        def test_slower(genesis_perf):
            genesis_perf.compare(baseline=taking(50), optimized=taking(100))
        """
    )
    result = clocked.runpytest_subprocess("--genesis-perf", "--log-file=log.txt")
    result.stdout.fnmatch_lines(["fresh processes: 0.*x, 0.*x, 0.*x"])
    assert "said before" in (clocked.path / "log.txt").read_text(encoding="utf-8")


PORT = """
import fcntl
from arms import *

@pytest.fixture
def port():
    with open("port", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

@pytest.mark.parametrize("number", range(2))
def test_served(genesis_perf, port, number):
    genesis_perf.compare(baseline=slow, optimized=middle)

def test_slower(genesis_perf, port):
    genesis_perf.compare(baseline=quick, optimized=slow)
"""


def test_a_fresh_process_that_waits_for_a_fixture_holds_no_lock(project: pytest.Pytester) -> None:
    """Else a test that has the fixture would wait for the lock, and the process for the fixture."""
    project.makepyfile(test_it=PORT)
    result = project.runpytest_subprocess(
        "--genesis-perf", "-p", "xdist", "-n2", "-o", "genesis_perf_child_timeout=120"
    )
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["REGRESSED: *", "fresh processes: 0.*x, 0.*x, 0.*x"])


COUNTED = """
import os
import pytest_genesis_perf.session as session

exclusive = session.exclusive

def counted(path, patience):
    with open("locked", "a") as file:
        file.write(f"{os.getpid()} {path}\\n")
    return exclusive(path, patience)

session.exclusive = counted
"""


def test_fresh_processes_take_the_lock_of_their_run_too(project: pytest.Pytester) -> None:
    project.makeconftest(COUNTED)
    project.makepyfile(
        test_it="""
        from arms import *
        def test_it(genesis_perf): genesis_perf.compare(baseline=quick, optimized=slow)
        """
    )
    project.runpytest_subprocess("--genesis-perf", "-p", "xdist", "-n1").assert_outcomes(failed=1)
    lines = [line.split() for line in (project.path / "locked").read_text(encoding="utf-8").splitlines()]
    assert len({process for process, _ in lines}) == 4
    assert len({path for _, path in lines}) == 1


HELD = """
import pytest_genesis_perf.session as session
from contextlib import contextmanager
from timers import running

exclusive = session.exclusive
tried = []

@contextmanager
def held_by_another(path, patience):
    if not tried:
        tried.append(path)
        raise session.LockHeldError("another one")
    with open("waits", "a") as file:
        file.write(f"{running()}\\n")
    with exclusive(path, patience):
        yield

session.exclusive = held_by_another
"""


def test_waiting_for_others_is_not_the_tests_time(project: pytest.Pytester) -> None:
    project.makeconftest(HELD)
    project.makepyfile(
        timers=TIMERS,
        test_it="""
        from arms import *
        from timers import running

        @pytest.mark.timeout(60)
        def test_it(genesis_perf):
            assert running()
            genesis_perf.compare(baseline=slow, optimized=middle)
            assert running()
        """,
    )
    result = project.runpytest_subprocess("--genesis-perf", "-p", "xdist", "-n1", "-p", "pytest_timeout")
    result.assert_outcomes(passed=1)
    assert (project.path / "waits").read_text() == "False\n"


def test_what_comes_after_waiting_has_a_timeout_again(project: pytest.Pytester) -> None:
    project.makeconftest(HELD)
    project.makepyfile(
        timers=TIMERS,
        test_it="""
        import time
        from arms import *

        def test_it(genesis_perf):
            genesis_perf.compare(baseline=slow, optimized=middle)
            time.sleep(30)
        """,
    )
    result = project.runpytest_subprocess(
        "--genesis-perf",
        "-p",
        "xdist",
        "-n1",
        "-p",
        "pytest_timeout",
        "--timeout=1",
        "--timeout-method=signal",
        "-o",
        "timeout_func_only=true",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*Timeout (>1.0s) from pytest-timeout*"])
