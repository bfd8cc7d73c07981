"""A failing claim is confirmed by fresh processes: which tests that works for, and what happens when it cannot."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.pytester.project_files import failures, properties

SLOW = "genesis_perf.compare(baseline=quick, optimized=slow)"


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess("--genesis-perf", "--junitxml=junit.xml", *arguments)


def processes(project: pytest.Pytester) -> list[int]:
    """Return the processes that wrote their number down, in order."""
    return [int(line) for line in (project.path / "pids").read_text().split()]


def test_three_fresh_processes_run_the_test_again_and_no_other(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it=f"""
        import os
        from pathlib import Path
        from arms import *

        def test_slower(genesis_perf):
            with open("pids", "a") as file:
                file.write(f"{{os.getpid()}}\\n")
            record = {SLOW}
            assert record.verdict == "PENDING"

        def test_another():
            with open("others", "a") as file:
                file.write("ran\\n")
        """,
        test_more="""
        def test_elsewhere():
            with open("others", "a") as file:
                file.write("ran\\n")
        """,
    )
    result = run(project)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=2, failed=1)
    assert len(set(processes(project))) == 4
    assert (project.path / "others").read_text() == "ran\n" * 2
    told = failures(project)["test_slower"].splitlines()
    assert told[0].startswith('REGRESSED: the claim "not slower by more than 2%" fails: speedup 0.')
    again = next(line for line in told if line.startswith("fresh processes: "))
    assert len(again.split(",")) == 3
    result.stdout.fnmatch_lines(
        ["REGRESSED *test_it.py::test_slower *", "FAILED test_it.py::test_slower - *REGRESSED*"]
    )


@pytest.mark.parametrize("name", ["a/b::c", "ü é", "x]y[z"])
def test_odd_parameters_are_found_again(project: pytest.Pytester, name: str) -> None:
    project.makepyfile(
        test_it=f"""
        from arms import *

        @pytest.mark.parametrize("value", [{name!r}, "other"])
        def test_slower(genesis_perf, value):
            genesis_perf.compare(baseline=quick, optimized=slow if value != "other" else quick)
        """
    )
    result = run(project)
    result.assert_outcomes(passed=1, failed=1)
    (told,) = failures(project).values()
    assert "fresh processes: 0." in told


def test_classes_fixtures_of_every_scope_and_what_they_hold(project: pytest.Pytester) -> None:
    """The children run after the teardown of wider fixtures too: a port that is still bound would stop them."""
    project.makepyfile(
        test_it=f"""
        import socket
        from arms import *

        @pytest.fixture(scope="session")
        def free_port(tmp_path_factory):
            return 0

        @pytest.fixture(scope="module")
        def lock():
            import os
            handle = os.open("lock", os.O_CREAT | os.O_EXCL)
            yield
            os.close(handle)
            os.unlink("lock")

        @pytest.fixture
        def mine():
            import os
            handle = os.open("mine", os.O_CREAT | os.O_EXCL)
            yield
            os.close(handle)
            os.unlink("mine")

        class TestSome:
            def test_slower(self, genesis_perf, free_port, lock, mine):
                {SLOW}

            def test_next(self, genesis_perf, lock, mine):
                genesis_perf.compare(baseline=slow, optimized=fast)
        """
    )
    result = run(project)
    result.assert_outcomes(passed=1, failed=1)
    assert "fresh processes: 0." in failures(project)["test_slower"]


def test_from_a_folder_below_and_with_a_selection(project: pytest.Pytester) -> None:
    folder = project.mkdir("below")
    (folder / "test_it.py").write_text(
        f"from arms import *\n\ndef test_slower(genesis_perf):\n    {SLOW}\n\ndef test_left_out():\n    assert False\n"
    )
    (project.path / "conftest.py").write_text(f"import sys\nsys.path.insert(0, {str(project.path)!r})\n")
    os.chdir(folder)
    result = run(project, "-k", "slower", "--junitxml=../junit.xml", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1, deselected=1)
    assert "fresh processes: 0." in failures(project)["test_slower"]


def test_an_expected_failure_stays_one(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it=f"""
        from arms import *

        @pytest.mark.xfail(strict=True)
        def test_strict(genesis_perf):
            {SLOW}

        @pytest.mark.xfail
        def test_not_strict(genesis_perf):
            {SLOW}

        @pytest.mark.xfail(raises=ValueError)
        def test_of_another_kind(genesis_perf):
            {SLOW}
        """
    )
    result = run(project)
    result.assert_outcomes(xfailed=2, failed=1)
    assert set(failures(project)) == {"test_of_another_kind"}


def test_a_test_that_skips_itself_does_not_hide_a_verdict(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it=f"""
        from arms import *

        def test_hides(genesis_perf):
            {SLOW}
            pytest.skip("nothing to see")

        def test_asked_for_late(request):
            genesis_perf = request.getfixturevalue("genesis_perf")
            {SLOW}
        """
    )
    result = run(project)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=2)
    assert set(failures(project)) == {"test_hides", "test_asked_for_late"}


def test_an_isolated_comparison_whose_child_dies_was_not_judged(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        import os
        from pathlib import Path
        from arms import *

        def test_faster(genesis_perf):
            if Path("first").exists():
                os._exit(3)
            Path("first").touch()
            genesis_perf.compare(baseline=slow, optimized=fast, isolate=True)
        """
    )
    result = run(project)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1)
    told = (
        'REGRESSED: the claim "not slower by more than 2%" could not be judged: '
        "fresh process 1 of 7 could not measure it: it ended with exit code 3:"
    )
    lines = failures(project)["test_faster"].splitlines()
    assert lines[0] == told
    assert not any("unconfirmable" in line or "fails" in line for line in lines)
    assert properties(project)["test_faster"] == {"genesis_perf[comparison]": "REGRESSED"}
    result.stdout.fnmatch_lines(
        [
            told,
            "REGRESSED  test_it.py::test_faster *",
            "genesis-perf: 1 REGRESSED*",
            "FAILED test_it.py::test_faster - *REGRESSED: the claim *",
        ]
    )


def test_a_child_that_hangs_is_killed_with_all_it_started(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it=f"""
        import subprocess, sys, time
        from pathlib import Path
        from arms import *
        import pytest_genesis_perf.child_process as child_process

        wait = child_process._wait

        def wait_once_it_hangs(*given):
            end = time.monotonic() + 60.0
            while time.monotonic() < end and not (Path("grandchild").exists() and Path("grandchild").read_text()):
                time.sleep(0.02)
            return wait(*given)

        child_process._wait = wait_once_it_hangs

        def test_slower(genesis_perf):
            if Path("first").exists():
                grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
                Path("grandchild").write_text(str(grandchild.pid))
                time.sleep(600)
            Path("first").touch()
            {SLOW}
        """
    )
    result = run(project, "-o", "genesis_perf_child_timeout=1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told = failures(project)["test_slower"]
    assert "(unconfirmable: fresh process 1 of 3: it did not end within 1 s and was killed)" in told
    pid = int((project.path / "grandchild").read_text())
    end = time.monotonic() + 60.0
    while not gone(pid) and time.monotonic() < end:
        time.sleep(0.02)
    assert gone(pid)


def gone(pid: int) -> bool:
    """Say whether a process has ended, or is but a zombie that nobody waits for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")
    except FileNotFoundError:
        return True


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks at processes in /proc")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_no_child_outlives_its_parent(project: pytest.Pytester, ending: signal.Signals) -> None:
    project.makepyfile(
        test_it=f"""
        import os, time
        from pathlib import Path
        from arms import *

        def test_slower(genesis_perf):
            if Path("first").exists():
                os.mkfifo("never")
                Path("telling").write_text(str(os.getpid()))
                os.rename("telling", "told")
                open("never").read()
            Path("first").touch()
            {SLOW}
        """
    )
    told = project.path / "told"
    parent = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--genesis-perf"],
        cwd=project.path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not told.exists() and parent.poll() is None:
            time.sleep(0.02)
        child = int(told.read_text())
        parent.send_signal(ending)
        parent.wait(30)
        # The child reads the end of its lifeline and exits; wait for that as long as it takes, bounded.
        for _ in range(3000):
            if gone(child):
                break
            time.sleep(0.01)
        assert gone(child)
    finally:
        if parent.poll() is None:
            parent.kill()
            parent.wait()
