"""Arms that need more than a call: inputs made anew, coroutines, memory of their own, what they remember."""

from __future__ import annotations

import pytest

from tests.pytester.project_files import failures


def run(project: pytest.Pytester, body: str, *arguments: str) -> pytest.RunResult:
    project.makepyfile(test_it=f"from arms import *\n{body}")
    return project.runpytest_subprocess("--genesis-perf", "--junitxml=junit.xml", *arguments)


def test_setup_makes_the_argument_anew_for_each_arm_and_block(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
def test_fresh(genesis_perf):
    made, seen = [], {"slow": set(), "fast": set()}

    def numbers():
        made.append(list(range(3000)))
        return made[-1]

    def slow(given):
        seen["slow"].add(id(given))
        total = 0
        for number in given:
            total += number
        return total

    def fast(given):
        seen["fast"].add(id(given))
        return sum(given)

    record = genesis_perf.compare(setup=numbers, baseline=slow, optimized=fast, min_speedup=1.5)
    assert len(record.blocks) >= 32
    # Each arm: its first call, each block, its last call.
    assert len(made) == 2 * (len(record.blocks) + 2)
    assert not seen["slow"] & seen["fast"]

def test_not_callable(genesis_perf):
    genesis_perf.compare(setup=[1], baseline=len, optimized=len)

def test_raises(genesis_perf):
    def broken():
        raise OSError("no inputs today")
    genesis_perf.compare(setup=broken, baseline=len, optimized=len)
""",
    )
    result.assert_outcomes(passed=1, failed=2)
    told = failures(project)
    assert "compare(): setup must be callable without arguments, not [1]" in told["test_not_callable"]
    assert "no inputs today" in told["test_raises"]


def test_an_arm_that_remembers_is_told_and_may_be_meant(project: pytest.Pytester) -> None:
    body = """
def remembering(turns):
    known = {}
    def call():
        if not known:
            known["result"] = work(turns)
        return known["result"]
    return call

MORE
def test_memo(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=remembering(40_000), min_speedup=2)
"""
    told = "*WARNING: test_it.py::test_memo: the first call of the optimized arm took * times its median: *setup=*"
    result = run(project, body.replace("MORE", ""))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([told])
    meant = run(project, body.replace("MORE", "@pytest.mark.genesis_perf(warm=True)"))
    meant.stdout.no_fnmatch_line(told)


def test_coroutine_functions_are_awaited_and_timed_inside_a_loop(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
import asyncio
import functools

async def several(turns):
    await asyncio.sleep(0)
    return work(turns)

def test_faster(genesis_perf):
    record = genesis_perf.compare(
        baseline=functools.partial(several, 4000), optimized=functools.partial(several, 20), min_speedup=1.5
    )
    assert record.speedup > 1.5

def test_beside_a_plain_function(genesis_perf):
    genesis_perf.compare(baseline=functools.partial(several, 4000), optimized=fast, min_speedup=1.5)

def test_other_result(genesis_perf):
    async def another():
        return other()
    genesis_perf.compare(baseline=another, optimized=fast)

def test_inside_a_loop(genesis_perf):
    async def inside():
        genesis_perf.compare(baseline=functools.partial(several, 20), optimized=fast)
    asyncio.run(inside())
""",
    )
    result.assert_outcomes(passed=2, failed=2)
    told = failures(project)
    assert "DIFFERENT" in told["test_other_result"]
    assert (
        "the test runs inside an event loop already; make the test a plain function"
        in told["test_inside_a_loop"]
    )


OWNED = """
def holding(size, turns):
    mine = bytearray(size)
    def call():
        return [len(mine), work(turns)]
    return call

def test_it(genesis_perf):
    record = genesis_perf.compare(
        baseline=holding(SIZE, 2000), optimized=holding(SIZE, TURNS)ARGUMENTS
    )
    assert record.verdict == ("PENDING" if EXPECTED else record.verdict)
    assert bool(record.blocks) is not EXPECTED
"""


@pytest.mark.parametrize(
    ("size", "arguments", "isolated"),
    [
        (5_000_000, "", True),
        (1_000, "", False),
        (5_000_000, ", isolate=False", False),
        (1_000, ", isolate=True", True),
    ],
)
def test_arms_that_own_memory_are_judged_from_fresh_processes(
    project: pytest.Pytester, size: int, arguments: str, isolated: bool
) -> None:
    body = OWNED.replace("SIZE", str(size)).replace("ARGUMENTS", arguments).replace("TURNS", "500")
    # In a child the comparison is measured there and then.
    body = body.replace("EXPECTED", f"({isolated} and not CHILD)")
    body = body.replace(
        "def test_it(genesis_perf):", "def test_it(genesis_perf, request):\n    CHILD = child(request)"
    )
    body = f"def child(request):\n    return bool(request.config.option.genesis_perf_child)\n{body}"
    result = run(project, body, "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["NO-BASELINE *test_it.py::test_it *"])
    told = "*fresh processes: *x, *x, *x, *x, *x, *x, *x"
    # No bound is known for what no first stage judged.
    counted = "genesis-perf: 1 NO-BASELINE (1 judged; chance of any false alarm *"
    if isolated:
        result.stdout.fnmatch_lines([told])
        result.stdout.no_fnmatch_line(counted)
    else:
        result.stdout.no_fnmatch_line(told)
        result.stdout.fnmatch_lines([counted])


def test_an_isolated_slowdown_fails_the_test(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
@pytest.mark.genesis_perf(isolate=True)
def test_slower(genesis_perf):
    genesis_perf.compare(baseline=quick, optimized=slow)
""",
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told = failures(project)["test_slower"]
    assert told.startswith('REGRESSED: the claim "not slower by more than 2%" fails: speedup 0.')
    assert len(next(line for line in told.splitlines() if "fresh processes" in line).split(",")) == 7


def test_the_time_of_a_run_is_limited(project: pytest.Pytester) -> None:
    result = run(
        project,
        "".join(
            f"def test_{n}(genesis_perf):\n    genesis_perf.compare(baseline=middle, optimized=fast)\n"
            for n in range(3)
        ),
        "--genesis-perf-run-budget=0.000001",
    )
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "*INCONCLUSIVE: the time for all measurements of the run, 1e-06 s, is used up",
            "genesis-perf: 2 INCONCLUSIVE, 1 *",
        ]
    )
