"""Living with others: xdist, pytest-benchmark, absence of the plugin, and a price nobody notices."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from pytest_genesis_perf.baseline_files import write_digests
from pytest_genesis_perf.identity import digest

TESTS = """
from arms import *

@pytest.mark.parametrize("number", range(3))
def test_same(genesis_perf, number):
    genesis_perf.compare(baseline=slow, optimized=fast)

def test_different(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=other)
"""


def properties(project: pytest.Pytester) -> list[str]:
    """Return what JUnit has of all comparisons, sorted."""
    found = ElementTree.parse(project.path / "junit.xml").findall(".//testcase/properties/property")
    return sorted(f"{entry.attrib['name']} {entry.attrib['value']}" for entry in found)


ONE_AT_A_TIME = """
import time
from pathlib import Path
import pytest_genesis_perf.observe as observe

whole = observe.measure

def measure(*arguments, **more):
    begun = time.monotonic_ns()
    try:
        return whole(*arguments, **more)
    finally:
        with Path("measured").open("a") as file:
            file.write(f"{begun} {time.monotonic_ns()}\\n")

observe.measure = measure
"""


def test_under_xdist_one_worker_at_a_time_measures_and_the_verdicts_are_the_same(
    project: pytest.Pytester,
) -> None:
    project.makepyfile(test_it=TESTS)
    project.makeconftest(ONE_AT_A_TIME)
    result = project.runpytest_subprocess("--genesis-perf", "-p", "xdist", "-n2", "--junitxml=junit.xml")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=3, failed=1)
    name = "genesis_perf[comparison]"
    different, *measured = properties(project)
    assert different == f"{name} DIFFERENT"
    assert len(measured) == 3
    assert all(told.startswith(f"{name} NO-BASELINE ") and "x [" in told for told in measured)
    (failure,) = ElementTree.parse(project.path / "junit.xml").findall(".//failure")
    assert "DIFFERENT: the arms differ" in (failure.get("message") or "")
    result.stdout.fnmatch_lines(["genesis-perf: 1 DIFFERENT, 3 NO-BASELINE (3 judged*"])
    lines = (project.path / "measured").read_text(encoding="utf-8").splitlines()
    spans = sorted(tuple(map(int, line.split())) for line in lines)
    assert len(spans) == 3
    assert all(end <= begun for (_, end), (begun, _) in pairwise(spans))


def test_a_slowdown_is_confirmed_from_a_worker_of_xdist(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        from arms import *
        def test_slower(genesis_perf): genesis_perf.compare(baseline=quick, optimized=slow)
        def test_faster(genesis_perf): genesis_perf.compare(baseline=slow, optimized=middle)
        """
    )
    result = project.runpytest_subprocess("--genesis-perf", "-p", "xdist", "-n2")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["REGRESSED: the claim *", "fresh processes: 0.*x, 0.*x, 0.*x"])


def test_identity_alone_under_xdist_is_as_without(project: pytest.Pytester) -> None:
    project.makepyfile(test_it=TESTS)
    result = project.runpytest_subprocess("-p", "xdist", "-n2")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["genesis-perf: 1 DIFFERENT, 3 PASS (identity only*"])


def test_a_bad_marker_fails_its_test_in_a_worker(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        import pytest
        @pytest.mark.genesis_perf(min_speed=3)
        def test_it(): pass
        """
    )
    result = project.runpytest_subprocess("-p", "xdist", "-n1")
    result.assert_outcomes(errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*unknown keyword 'min_speed'; did you mean 'min_speedup'?*"])


def test_the_group_that_xdist_adds_to_a_name_is_not_part_of_the_comparison(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        import pytest
        @pytest.mark.xdist_group("one")
        def test_it(genesis_perf): genesis_perf.compare(baseline=int, optimized=int)
        """
    )
    path = project.path / "baselines" / "digests.toml"
    write_digests(path, {("test_it.py::test_it", "comparison"): digest(0)})
    arguments = ("-p", "xdist", "-n1", "--dist=loadgroup", "-o", "genesis_perf_no_digest=fail")
    assert project.runpytest_subprocess(*arguments).ret == pytest.ExitCode.OK


def test_an_update_under_xdist_records_from_processes_of_their_own(clocked: pytest.Pytester) -> None:
    compared = "genesis_perf.compare(baseline=taking(200), optimized=taking(100))"
    clocked.makepyfile(test_it=f"from clocked import taking\ndef test_it(genesis_perf): {compared}")
    result = clocked.runpytest_subprocess("-p", "xdist", "-n1", "--genesis-perf-update")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["recorded 1 speeds and 1 digests*"])


def test_beside_pytest_benchmark_and_with_warnings_as_errors(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        def test_both(genesis_perf, benchmark):
            genesis_perf.compare(baseline=int, optimized=int)
            benchmark.pedantic(int, rounds=2, iterations=1)
        """
    )
    result = project.runpytest_subprocess("-p", "pytest_benchmark.plugin", "-W", "error")
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=1)


def test_switched_off_by_name_nothing_of_it_is_left(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_PLUGINS")
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    project.makepyfile(test_it="def test_it(genesis_perf): pass")
    result = project.runpytest_subprocess("-p", "no:genesis_perf")
    result.stdout.fnmatch_lines(["*fixture 'genesis_perf' not found"])
    assert project.runpytest_subprocess("-p", "no:genesis_perf", "--genesis-perf").ret == 4


def test_a_run_that_asks_for_nothing_imports_nothing(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        import sys

        def test_it():
            heavy = {"numpy", "numba", "matplotlib", "msgspec", "statistics", "genesis_core"}
            assert not heavy & set(sys.modules)
            lazy = {name for name in sys.modules if name.startswith("pytest_genesis_perf.")}
            assert lazy <= {
                f"pytest_genesis_perf.{name}"
                for name in (
                    *("hookspecs", "plugin", "keys", "marker", "nearest", "options", "seen"),
                    *("setting_values", "settings", "soft_states"),
                    *("fixtures", "engine_fixtures"),
                )
            }
        """
    )
    result = project.runpytest_subprocess()
    result.assert_outcomes(passed=1)
    assert "genesis-perf" not in str(result.stdout)


def test_an_expected_failure_stays_one(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        import pytest
        @pytest.mark.xfail
        def test_it(genesis_perf): genesis_perf.compare(baseline=int, optimized=float)
        """
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(xfailed=1)
    assert result.ret == pytest.ExitCode.OK


def test_a_comparison_in_a_fixture_counts_and_its_failure_is_an_error_there(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        import pytest

        @pytest.fixture
        def compared(genesis_perf, request):
            return genesis_perf.compare(baseline=int, optimized=request.param)

        @pytest.mark.parametrize("compared", [int, float], indirect=True)
        def test_it(compared): assert compared.verdict == "PASS"
        """
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*DIFFERENT: the arms differ*", "genesis-perf: 1 DIFFERENT, 1 PASS*"])


def test_a_test_that_fails_before_it_compares_says_only_that(project: pytest.Pytester) -> None:
    project.makepyfile(test_it="def test_it(genesis_perf): assert 1 == 2")
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    assert "nothing was compared" not in str(result.stdout)


def test_fixtures_of_the_engine_are_offered(project: pytest.Pytester) -> None:
    result = project.runpytest_inprocess("--fixtures")
    for name in (
        "genesis_perf",
        "uncached_features",
        "cached_features",
        "windowed_features",
        "precomputed_features",
        "streaming_features",
        "synthetic_candles",
        "real_candles",
    ):
        result.stdout.fnmatch_lines([f"{name}*"])
