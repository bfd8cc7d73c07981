"""Long arms: in two copies of the test's process, and what a run says of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_genesis_perf.own_time import own_time_missing
from tests.pytester.project_files import failures

pytestmark = pytest.mark.skipif(own_time_missing() is not None, reason=str(own_time_missing()))

NOTING = """
import os
from pathlib import Path
from arms import *

noted = []

def noting(turns=100_000):
    # Once in each process: an arm that waited for a disk would not be run side by side.
    if os.getpid() not in noted:
        noted.append(os.getpid())
        with open("pids", "a") as file:
            file.write(f"{os.getpid()}\\n")
    return work(turns)

THIS_PROCESS = os.getpid()
in_a_copy = []

def calls_in_a_copy():
    # By the process: how many calls come before the copy is a matter of the machine's speed.
    if os.getpid() != THIS_PROCESS:
        in_a_copy.append(1)
    return len(in_a_copy)
"""


SHORT = """
import pytest_genesis_perf.confirm
import pytest_genesis_perf.slice_plan

pytest_genesis_perf.confirm.MARGIN = 0.5
pytest_genesis_perf.slice_plan.BESIDE_SLOT_SECONDS = 0.02
pytest_genesis_perf.slice_plan.BESIDE_NS = 100_000
"""
"""Short slices: what is compared here differs by far, and is not judged closely. Arms run side by side however fast
the machine is, and one that neighbours disturb is still fit to confirm a threefold slowdown."""


def run(project: pytest.Pytester, body: str, *options: str) -> tuple[pytest.RunResult, dict[str, Any]]:
    project.makeconftest(SHORT)
    project.makepyfile(test_it=NOTING + body)
    result = project.runpytest_subprocess(
        "--genesis-perf", "--genesis-perf-report=report", "--junitxml=junit.xml", *options
    )
    records = json.loads((project.path / "report" / "genesis-perf.json").read_text())["comparisons"]
    return result, {record["nodeid"].partition("::")[2]: record for record in records}


def pids(project: pytest.Pytester) -> set[int]:
    return {int(line) for line in (project.path / "pids").read_text().splitlines()}


def test_a_slowdown_is_found_and_confirmed_and_same_code_passes(project: pytest.Pytester) -> None:
    result, records = run(
        project,
        """
def test_same(genesis_perf):
    genesis_perf.compare(baseline=noting, optimized=noting, margin=0.5)

def test_slower(genesis_perf):
    genesis_perf.compare(baseline=noting, optimized=lambda: noting(200_000) and noting(), margin=0.5)
""",
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert set(failures(project)) == {"test_slower"}
    assert failures(project)["test_slower"].startswith("REGRESSED: ")
    assert [(one["long"], one["in_turns"]) for one in records.values()] == [(True, "")] * 2
    assert len(records["test_slower"]["confirmation"]) == 3
    assert records["test_same"]["verdict"] == "NO-BASELINE"


def test_the_last_call_is_the_last_of_those_in_a_copy(project: pytest.Pytester) -> None:
    result, _ = run(
        project,
        """
def wears_out():
    # Of at least nine: one before the first pair, one in each of eight blocks.
    return [noting(), calls_in_a_copy() > 5]

def test_it(genesis_perf):
    genesis_perf.compare(baseline=wears_out, optimized=noting_twice, margin=0.5)

def noting_twice():
    return [noting(), False]
""",
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told = failures(project)["test_it"].splitlines()
    assert told[0] == "DIFFERENT: first (baseline) and last (optimized) call of the baseline arm differ"
    assert told[1].startswith("result[1]: ")


@pytest.mark.parametrize(
    ("mark", "argument", "options"),
    [
        ("", ", side_by_side=False", ()),
        ("@pytest.mark.genesis_perf(side_by_side=False)", "", ()),
        ("", "", ("-o", "genesis_perf_side_by_side=false")),
    ],
    ids=["argument", "marker", "ini"],
)
def test_arms_that_must_not_run_at_the_same_time(
    project: pytest.Pytester, mark: str, argument: str, options: tuple[str, ...]
) -> None:
    result, records = run(
        project,
        f"""
def brief():
    return noting()

{mark}
def test_it(genesis_perf):
    genesis_perf.compare(baseline=brief, optimized=brief, min_speedup=0.01{argument})
""",
        *options,
    )
    result.assert_outcomes(passed=1)
    assert records["test_it"]["in_turns"] == "side_by_side=False"
    assert len(pids(project)) == 1


def test_a_wrong_value_is_a_usage_error(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
import pytest
@pytest.mark.genesis_perf(side_by_side="no")
def test_it(genesis_perf): pass
"""
    )
    result = project.runpytest_subprocess("--genesis-perf")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*side_by_side must be False where the arms must not run at the same time*"])


def test_an_arm_that_ends_its_copy_is_an_error(project: pytest.Pytester) -> None:
    result, _ = run(
        project,
        """
def dies():
    if calls_in_a_copy() > 5:
        os._exit(7)
    return noting()

def test_it(genesis_perf):
    genesis_perf.compare(baseline=noting, optimized=dies)
""",
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert failures(project)["test_it"].startswith("ERROR: a process that ran an arm ended with exit code 7")


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_no_copy_outlives_the_run(project: pytest.Pytester, ending: signal.Signals) -> None:
    project.makepyfile(
        test_it=NOTING
        + """
def test_it(genesis_perf):
    genesis_perf.compare(baseline=lambda: noting(2_000_000), optimized=lambda: noting(2_000_000))
"""
    )
    running = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--genesis-perf"],
        cwd=project.path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 60.0
    while time.monotonic() < end and not (Path("pids").exists() and len(pids(project)) == 3):
        time.sleep(0.05)
    copies = pids(project) - {running.pid}
    assert len(copies) == 2
    running.send_signal(ending)
    running.wait(60.0)
    while time.monotonic() < end and any(_alive(pid) for pid in copies):
        time.sleep(0.05)
    assert not [pid for pid in copies if _alive(pid)]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    # Nobody may be there to ask a zombie how it ended.
    return state != "Z"
