"""Beside other plugins: pytest-benchmark, pytest-timeout, rerunfailures, randomly, pytest-cov."""

from __future__ import annotations

import json

import pytest

from tests.pytester.project_files import TIMERS

TESTS = """
from arms import *

@pytest.mark.parametrize("number", range(3))
def test_same(genesis_perf, number):
    genesis_perf.compare(baseline=slow, optimized=fast)

def test_different(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=other)
"""
BENCHED = """
from arms import *

@pytest.mark.parametrize("number", [7])
def test_arms(genesis_perf, number):
    genesis_perf.compare(baseline=slow, optimized=fast)
    genesis_perf.compare(baseline=slow, optimized=middle, label="half")

def test_own(benchmark):
    benchmark.pedantic(fast, rounds=2, iterations=1)
"""


def test_the_arms_stand_in_the_table_and_the_json_of_pytest_benchmark(project: pytest.Pytester) -> None:
    project.makepyfile(test_it=BENCHED.replace("optimized=middle", "optimized=lambda: work(2000) and slow()"))
    result = project.runpytest_subprocess(
        "-p", "pytest_benchmark.plugin", "--genesis-perf", "--benchmark-json=bench.json", "-k", "arms or own",
        "--genesis-perf-report=report",
    )  # fmt: skip
    result.stdout.fnmatch_lines(["*benchmark 'genesis-perf test_it.py::test_arms[[]7[]]': 2 tests*"])
    rows = json.loads((project.path / "bench.json").read_text(encoding="utf-8"))["benchmarks"]
    assert [row["name"] for row in rows] == [
        "test_arms[7]: baseline",
        "test_arms[7]: optimized",
        "test_arms[7] / half: baseline",
        "test_arms[7] / half: optimized",
        "test_own",
    ]
    assert {row["group"] for row in rows} == {
        "genesis-perf test_it.py::test_arms[7]",
        "genesis-perf test_it.py::test_arms[7] / half",
        None,
    }
    report = json.loads((project.path / "report" / "genesis-perf.json").read_text(encoding="utf-8"))
    fast = next(one for one in report["comparisons"] if one["label"] == "comparison")
    for row, role in zip(rows, ("baseline", "optimized"), strict=False):
        assert row["stats"]["median"] == fast["seconds"][role]
        assert row["stats"]["rounds"] == len(fast["blocks"])
        assert row["stats"]["iterations"] == fast["calls"][role]


def test_fresh_processes_save_nothing_for_pytest_benchmark(project: pytest.Pytester) -> None:
    compared = "genesis_perf.compare(baseline=quick, optimized=slow)"
    project.makepyfile(test_it=f"from arms import *\ndef test_it(genesis_perf): {compared}")
    result = project.runpytest_subprocess(
        "-p", "pytest_benchmark.plugin", "--genesis-perf", "--benchmark-autosave", "--benchmark-storage=saved"
    )
    result.stdout.fnmatch_lines(["fresh processes: 0.*x, 0.*x, 0.*x"])
    assert len(list((project.path / "saved").rglob("*.json"))) == 1


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--benchmark-disable", 0),
        ("--override-ini=genesis_perf_benchmark_rows=false", 0),
        ("-pno:pytest_benchmark.plugin", None),
    ],
    ids=["disabled", "not wanted", "absent"],
)
def test_where_pytest_benchmark_is_off_the_arms_stand_nowhere(
    project: pytest.Pytester, option: str, told: int | None
) -> None:
    compared = "genesis_perf.compare(baseline=slow, optimized=fast)"
    project.makepyfile(test_it=f"from arms import *\ndef test_it(genesis_perf): {compared}")
    plugin = () if told is None else ("-p", "pytest_benchmark.plugin")
    result = project.runpytest_subprocess(*plugin, option, "--genesis-perf")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*2 tests*")


SLOWER = """
from arms import *

def test_slower(genesis_perf):
    genesis_perf.compare(baseline=quick, optimized=slow)

def test_after():
    pass
"""


WATCHED = """
import pytest_genesis_perf.child_process as child_process
from timers import running

wait = child_process._wait

def noting(*given):
    with open("waits", "a") as file:
        file.write(f"{running()}\\n")
    return wait(*given)

child_process._wait = noting
"""


@pytest.mark.parametrize("method", ["signal", "thread"])
@pytest.mark.parametrize("mark", ["", "@pytest.mark.timeout(60)"], ids=["option", "marker"])
def test_the_time_that_fresh_processes_take_is_not_the_tests(
    project: pytest.Pytester, method: str, mark: str
) -> None:
    project.makeconftest(WATCHED)
    project.makepyfile(
        timers=TIMERS,
        test_it=f"""
from arms import *
from timers import running

{mark}
def test_slower(genesis_perf):
    with open("tests", "a") as file:
        file.write(f"{{running()}}\\n")
    genesis_perf.compare(baseline=quick, optimized=slow)

def test_after():
    pass
""",
    )
    limit = () if mark else ("--timeout=60",)
    result = project.runpytest_subprocess(
        "-p", "pytest_timeout", f"--timeout-method={method}", *limit, "--genesis-perf"
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["REGRESSED: *", "fresh processes: 0.*x, 0.*x, 0.*x"])
    # Here the test has a timer; in a fresh process our own limit holds, and no other.
    assert (project.path / "tests").read_text().splitlines() == ["True", *["False"] * 3]
    assert (project.path / "waits").read_text().splitlines() == ["False"] * 3


def test_a_verdict_is_not_made_again_by_reruns(project: pytest.Pytester) -> None:
    project.makepyfile(test_it=SLOWER)
    result = project.runpytest_subprocess("-p", "pytest_rerunfailures", "--reruns=2", "--genesis-perf")
    result.assert_outcomes(passed=1, failed=1)
    assert "rerun" not in str(result.stdout).splitlines()[-1]


def test_in_random_order_and_with_new_seeds_verdicts_are_the_same(project: pytest.Pytester) -> None:
    project.makepyfile(test_it=TESTS)
    for seed in (1, 2):
        result = project.runpytest_subprocess(
            "-p", "pytest_randomly", f"--randomly-seed={seed}", "--genesis-perf"
        )
        result.assert_outcomes(passed=3, failed=1)
        result.stdout.fnmatch_lines(["genesis-perf: 1 DIFFERENT, 3 NO-BASELINE*"])


def test_under_coverage_nothing_is_judged_and_that_is_said(project: pytest.Pytester) -> None:
    project.makepyfile(test_it=TESTS)
    result = project.runpytest_subprocess("-p", "pytest_cov", "--cov=.", "--cov-report=", "--genesis-perf")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        ["*INCONCLUSIVE: speed is not judged while *cov*", "genesis-perf: 1 DIFFERENT, 3 INCONCLUSIVE*"]
    )


def test_under_coverage_alone_nothing_is_judged_fails_the_run(project: pytest.Pytester) -> None:
    project.makepyfile(test_it=TESTS)
    result = project.runpytest_subprocess(
        "-p", "pytest_cov", "--cov=.", "--cov-report=", "--genesis-perf", "-k", "same"
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["genesis-perf: ERROR: nothing was judged: every comparison is INCONCLUSIVE"])
