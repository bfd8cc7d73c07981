"""``raises=``, registered comparators, and results that are iterators, as a user meets them."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

COMPARE = """
from arms import *
from shop import Portfolio

def failing(error):
    def arm():
        work(20)
        raise error
    return arm

def test_it(genesis_perf):
    {call}
"""
SHOP = """
class Portfolio:
    def __init__(self, *weights):
        self.weights = weights
"""
TEACH = """
from shop import Portfolio

def pytest_genesis_perf_comparators(config):
    return {Portfolio: lambda portfolio: portfolio.weights}
"""


def run(project: pytest.Pytester, call: str, *arguments: str) -> pytest.RunResult:
    project.makepyfile(shop=SHOP, test_it=COMPARE.format(call=call))
    return project.runpytest_inprocess("--junitxml=junit.xml", *arguments)


def failure(project: pytest.Pytester) -> str:
    (found,) = ElementTree.parse(project.path / "junit.xml").findall(".//failure")
    return (found.get("message") or "") + (found.text or "")


def verdict(project: pytest.Pytester) -> str:
    (found,) = ElementTree.parse(project.path / "junit.xml").findall(".//property")
    return found.attrib["value"].split()[0]


def test_arms_that_raise_alike_pass(project: pytest.Pytester) -> None:
    call = "genesis_perf.compare(baseline=failing(KeyError('x')), optimized=failing(KeyError('x')), raises=KeyError)"
    result = run(project, call)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["genesis-perf: 1 PASS*"])
    assert verdict(project) == "PASS"


def test_arms_that_raise_are_timed(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
from arms import *

def raising(turns):
    work(turns)
    raise KeyError("x")

def test_it(genesis_perf):
    record = genesis_perf.compare(
        baseline=lambda: raising(4000), optimized=lambda: raising(20), raises=KeyError, min_speedup=3.0
    )
    assert record.interval[0] > 3.0, record
"""
    )
    assert project.runpytest_subprocess("--genesis-perf").ret == pytest.ExitCode.OK


def test_exceptions_that_differ_are_a_difference(project: pytest.Pytester) -> None:
    call = "genesis_perf.compare(baseline=failing(KeyError('x')), optimized=failing(KeyError('y')), raises=KeyError)"
    result = run(project, call)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "DIFFERENT: the arms differ" in failure(project)
    assert "result['args'][0]: values differ" in failure(project)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            "genesis_perf.compare(baseline=failing(KeyError('x')), optimized=fast, raises=KeyError)",
            "ERROR: the optimized arm did not raise KeyError, as raises= says it does",
        ),
        (
            "genesis_perf.compare(baseline=fast, optimized=fast, raises=KeyError)",
            "ERROR: the baseline arm did not raise KeyError, as raises= says it does",
        ),
        (
            "genesis_perf.compare(baseline=failing(KeyError('x')), optimized=failing(OSError()), raises=KeyError)",
            "ERROR: the optimized arm raised OSError",
        ),
        (
            "genesis_perf.compare(baseline=failing(KeyError('x')), optimized=failing(KeyError('x')))",
            "ERROR: the baseline arm raised KeyError",
        ),
        (
            "genesis_perf.compare(baseline=fast, optimized=fast, raises='KeyError')",
            "ERROR: compare(): raises must be an exception class, such as ValueError, or a tuple of them, not",
        ),
        (
            "genesis_perf.compare(baseline=lambda: (1 // x for x in (1, 0)), optimized=fast)",
            "ERROR: the baseline arm raised ZeroDivisionError",
        ),
    ],
)
def test_what_does_not_raise_as_it_should_is_an_error(
    project: pytest.Pytester, call: str, message: str
) -> None:
    result = run(project, call)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1)
    assert message in failure(project)
    result.stdout.fnmatch_lines(["genesis-perf: 1 ERROR*"])


SAME = "genesis_perf.compare(baseline=lambda: [Portfolio(1.0)], optimized=lambda: [Portfolio({})])"


def test_an_unknown_type_says_how_to_make_it_known(project: pytest.Pytester) -> None:
    assert run(project, SAME.format("1.0")).ret == pytest.ExitCode.TESTS_FAILED
    told = failure(project)
    assert "ERROR: the baseline arm's result[0]: values of type shop.Portfolio cannot be compared" in told
    assert "def __genesis_identity__(self): return " in told
    assert "def pytest_genesis_perf_comparators(): return {Portfolio: lambda value: " in told


def test_a_conftest_teaches_a_type(project: pytest.Pytester) -> None:
    project.makeconftest(TEACH)
    assert run(project, SAME.format("1.0")).ret == pytest.ExitCode.OK
    assert run(project, SAME.format("2.0")).ret == pytest.ExitCode.TESTS_FAILED
    assert "result[0][0]: values differ" in failure(project)


def test_two_comparators_for_a_type_are_an_error_that_names_both(project: pytest.Pytester) -> None:
    project.makeconftest(TEACH)
    project.syspathinsert()
    project.makepyfile(shop=SHOP)
    project.makepyfile(other=TEACH.replace("lambda portfolio: portfolio.weights", "repr"))
    assert run(project, SAME.format("1.0"), "-p", "other").ret == pytest.ExitCode.TESTS_FAILED
    told = failure(project)
    assert "ERROR: pytest_genesis_perf_comparators: two comparators are registered for shop.Portfolio" in told
    assert "conftest.py:4" in told
    assert "builtins.repr" in told


def test_a_conftest_beside_does_not_teach_other_folders(project: pytest.Pytester) -> None:
    beside = project.mkpydir("beside")
    (beside / "conftest.py").write_text(
        "def pytest_genesis_perf_comparators():\n    raise AssertionError\n", "utf-8"
    )
    call = "genesis_perf.compare(baseline=slow, optimized=fast)"
    assert run(project, call).ret == pytest.ExitCode.OK


def test_generators_are_compared_by_what_they_yield(project: pytest.Pytester) -> None:
    call = "genesis_perf.compare(baseline=lambda: (x for x in slow()), optimized=lambda: iter({}()))"
    assert run(project, call.format("fast")).ret == pytest.ExitCode.OK
    assert run(project, call.format("other")).ret == pytest.ExitCode.TESTS_FAILED
    assert "result[0]: values differ (1 ulp)" in failure(project)


LAZY = """
from arms import *

def lazily(turns):
    yield work(turns)
    yield 1

def test_claim(genesis_perf):
    record = genesis_perf.compare(
        baseline=lambda: lazily({slow}), optimized=lambda: lazily(20), min_speedup=3.0
    )
    assert record.interval[0] > 3.0, record

def test_inside(genesis_perf):
    genesis_perf.compare(baseline=lambda: [lazily(20)], optimized=lambda: [lazily(20)])
"""


def test_the_work_of_a_generator_is_timed(project: pytest.Pytester) -> None:
    project.makepyfile(test_it=LAZY.format(slow=4000))
    result = project.runpytest_subprocess("--genesis-perf", "--junitxml=junit.xml")
    result.assert_outcomes(passed=1, failed=1)
    assert "ERROR: speed cannot be judged: there is an iterator inside a result" in failure(project)
    assert project.runpytest_subprocess("-k", "inside").ret == pytest.ExitCode.OK
