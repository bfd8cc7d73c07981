"""``--genesis-perf-memory`` and ``--genesis-perf-instructions``: costs beside and against the stored ones."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from pytest_genesis_perf.baseline_files import SpeedEntry, read_speeds
from pytest_genesis_perf.baselines import Store
from pytest_genesis_perf.environment import current
from pytest_genesis_perf.evidence import StoredSpeed
from tests.pytester import project_files

HUNGRY = """
from arms import *

def hungry():
    return fast() if bytearray(300_000) else None

def test_it(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=hungry{more})
"""
KEY = ("test_it.py::test_it", "comparison")
IMPROVED = StoredSpeed(0.001, 0.001, 0.001)
"""So low that a claim that holds is IMPROVED, however busy the machine is."""


def store(
    project: pytest.Pytester,
    memory: dict[str, int] | None = None,
    instructions: dict[str, int | str] | None = None,
) -> None:
    project_files.store(project, {"test_it": SpeedEntry(IMPROVED, 5, None, memory, instructions)})


def stored(project: pytest.Pytester) -> SpeedEntry:
    return read_speeds(Store(project.path / "baselines").speed_path(current())).entries[KEY]


def run(project: pytest.Pytester, *arguments: str, more: str = "", marker: str = "") -> pytest.RunResult:
    """Run a test whose optimized arm holds 300,000 bytes; it is over 10 times as fast."""
    text = HUNGRY.format(more=more).replace("def test_it", f"{marker}\ndef test_it")
    project.makepyfile(test_it=text)
    return project.runpytest_subprocess("--genesis-perf", "--junitxml=junit.xml", *arguments)


def junit(project: pytest.Pytester) -> tuple[str, str]:
    """Return the property of the comparison, and the text of the failure."""
    told = project_files.properties(project)["test_it"]
    return told["genesis_perf[comparison]"], project_files.failures(project).get("test_it", "")


def test_memory_over_the_stored_peak_fails(project: pytest.Pytester) -> None:
    store(project, {"baseline": 1000, "optimized": 200_000})
    result = run(project, "--genesis-perf-memory", "--genesis-perf-report=out")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1)
    told, failure = junit(project)
    assert told.startswith("REGRESSED ")
    assert "; peak memory: baseline " in told
    assert " bytes (stored 200,000)" in told
    assert failure.startswith("REGRESSED: cost: optimized peak memory, bytes: 300,")
    assert ", stored 200,000 x 1.01" in failure.splitlines()[0]
    assert "peak memory: baseline " in failure
    assert " --genesis-perf-memory " in failure.splitlines()[-1]
    result.stdout.fnmatch_lines(
        ["verdict *peak memory*", "REGRESSED *test_it.py::test_it* 293 KiB*", "genesis-perf: 1 REGRESSED *"]
    )
    (comparison,) = json.loads((project.path / "out" / "genesis-perf.json").read_text())["comparisons"]
    assert 300_000 < comparison["memory_bytes"]["optimized"] < 302_000
    assert comparison["stored_memory_bytes"] == {"baseline": 1000, "optimized": 200_000}
    assert comparison["row"] == 6


def test_memory_within_the_stored_peak_passes_and_v_shows_it(project: pytest.Pytester) -> None:
    store(project, {"baseline": 1000, "optimized": 300_500})
    result = run(project, "-v", more=", memory=True")
    assert result.ret == pytest.ExitCode.OK
    assert junit(project)[0].startswith("IMPROVED ")
    result.stdout.fnmatch_lines(["*peak memory: baseline * (stored 1,000), optimized 300,* (stored 300,500)"])


def test_memory_without_a_stored_peak_has_nothing_to_be_held_against(project: pytest.Pytester) -> None:
    store(project)
    result = run(project, marker="@pytest.mark.genesis_perf(memory=True)")
    assert result.ret == pytest.ExitCode.OK
    assert junit(project)[0].startswith("NO-BASELINE ")
    result.stdout.fnmatch_lines(
        ["*NO-BASELINE: memory: none is stored, record with --genesis-perf-update and *memory=True"]
    )


def test_a_project_may_choose_that_a_missing_peak_fails(project: pytest.Pytester) -> None:
    store(project)
    result = run(project, "-o", "genesis_perf_memory=true", "-o", "genesis_perf_no_cost=fail")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert junit(project)[1].startswith("NO-BASELINE: memory: none is stored")


def test_a_test_may_refuse_what_the_run_asks_for(project: pytest.Pytester) -> None:
    store(project, {"baseline": 1, "optimized": 1})
    result = run(project, "--genesis-perf-memory", more=", memory=False")
    assert result.ret == pytest.ExitCode.OK
    assert "peak memory" not in result.stdout.str()


def test_memory_must_be_a_choice(project: pytest.Pytester) -> None:
    run(project, more=", memory=3")
    assert junit(project)[1].startswith("ERROR: compare(): memory must be True to hold peak memory against")
    result = run(project, marker="@pytest.mark.genesis_perf(memory='yes')")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_it.py::test_it: @pytest.mark.genesis_perf: memory must be True *"])


@pytest.mark.parametrize("cost", ["memory", "instructions"])
def test_a_cost_asked_for_where_nothing_is_measured_is_a_mistake(project: pytest.Pytester, cost: str) -> None:
    project.makepyfile(test_it=HUNGRY.format(more=""))
    result = project.runpytest_subprocess(f"--genesis-perf-{cost}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--genesis-perf-{cost}: add --genesis-perf, without which nothing*"])


def test_an_update_stores_the_peaks_and_says_what_rose(clocked: pytest.Pytester) -> None:
    store(clocked, {"baseline": 1000, "optimized": 100_000})
    arms = "from clocked import *\n\nslow, fast = taking(2000), taking(200)"
    clocked.makepyfile(test_it=HUNGRY.format(more=", memory=True").replace("from arms import *", arms))
    result = clocked.runpytest_subprocess("--genesis-perf-update")
    assert result.ret == pytest.ExitCode.OK
    found = stored(clocked).memory_bytes
    assert found is not None
    assert 300_000 < found["optimized"] < 302_000
    assert found["baseline"] < 2_000
    result.stdout.fnmatch_lines(
        ["cost HIGHER: test_it.py::test_it / comparison: optimized peak memory, bytes: 100,000 -> 300,*"]
    )


def test_where_memory_is_traced_already_nothing_is_judged(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONTRACEMALLOC", "1")
    more = ", memory=True)\n    import tracemalloc\n    assert tracemalloc.is_tracing("
    result = run(project, more=more)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*INCONCLUSIVE: speed is not judged while tracemalloc is active"])


NO_VALGRIND = "instructions: not counted, valgrind was not found"


@pytest.fixture
def no_valgrind(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PATH", str(project.mkdir("empty")))
    return project


@pytest.mark.parametrize("known", [True, False], ids=["stored", "none stored"])
def test_where_valgrind_is_missing_the_verdict_says_so(no_valgrind: pytest.Pytester, known: bool) -> None:
    counts: dict[str, int | str] = {"baseline": 9, "optimized": 9, "tool": "valgrind 3.19"}
    store(no_valgrind, instructions=counts if known else None)
    result = run(no_valgrind, "--genesis-perf-instructions")
    assert result.ret == pytest.ExitCode.OK
    told, _ = junit(no_valgrind)
    assert told.startswith("INCONCLUSIVE ")
    assert told.endswith(f"; {NO_VALGRIND}")
    result.stdout.fnmatch_lines(
        [f"*test_it.py::test_it: INCONCLUSIVE: {NO_VALGRIND}", "genesis-perf: 1 INCONCLUSIVE (1 judged;*"]
    )


def test_a_project_may_choose_that_a_missing_valgrind_fails(no_valgrind: pytest.Pytester) -> None:
    store(no_valgrind)
    result = run(no_valgrind, "-o", "genesis_perf_instructions=true", "-o", "genesis_perf_no_cost=fail")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1)
    assert junit(no_valgrind)[1].startswith(f"INCONCLUSIVE: {NO_VALGRIND}")


FAKE_VALGRIND = """\
#!{python}
import sys
print("valgrind: the 'impossible' happened")
sys.exit(9)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows starts no scripts by their first line")
def test_a_python_that_does_not_run_under_valgrind_is_said(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project.mkdir("bin")
    for name in ("valgrind", "vgdb"):
        program = folder / name
        program.write_text(FAKE_VALGRIND.format(python=sys.executable), encoding="utf-8")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    store(project)
    result = run(project, "--genesis-perf-instructions")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "*INCONCLUSIVE: instructions: not counted, under valgrind it ended with exit code 9: "
            "valgrind: the 'impossible' happened"
        ]
    )


COUNTED = """
from pathlib import Path
from arms import *

def test_it(genesis_perf, tmp_path):
    genesis_perf.compare(baseline=slow, optimized=middle)
    (Path(__file__).parent / "over").write_text("the test is over")
"""


@pytest.mark.skipif(
    shutil.which("valgrind") is None or shutil.which("vgdb") is None,
    reason="valgrind, which counts the instructions, is not installed here",
)
def test_instructions_over_the_stored_count_fail(project: pytest.Pytester) -> None:
    version = subprocess.run(["valgrind", "--version"], capture_output=True, text=True, check=True).stdout
    tool = " ".join(version.strip().split("-")[:2]).rpartition(".")[0]
    store(project, instructions={"baseline": 1_000_000_000, "optimized": 1000, "tool": tool})
    project.makepyfile(test_it=COUNTED)
    result = project.runpytest_subprocess(
        "--genesis-perf", "--genesis-perf-instructions", "--genesis-perf-report=out", "--junitxml=junit.xml"
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told, failure = junit(project)
    assert told.startswith("REGRESSED ")
    assert "; instructions: baseline " in told
    assert told.endswith(f" (stored 1,000) ({tool})")
    assert failure.startswith("REGRESSED: cost: optimized instructions: ")
    assert ", stored 1,000 x 1.01" in failure
    assert " --genesis-perf-instructions " in failure.splitlines()[-1]
    result.stdout.fnmatch_lines(["verdict * instructions*", "genesis-perf: 1 REGRESSED *"])
    (comparison,) = json.loads((project.path / "out" / "genesis-perf.json").read_text())["comparisons"]
    counts = comparison["instructions"]
    # Loops of 4,000 and 2,000 turns, whatever a turn takes.
    assert counts["optimized"] > 10 * 2000
    assert 1.8 < counts["baseline"] / counts["optimized"] < 2.2
    # A fixture that is gone by then was set up anew for the child.
    assert (project.path / "over").exists()
