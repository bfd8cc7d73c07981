"""``pytest --genesis-perf``: verdicts on arms whose real work differs strongly, whatever the load."""

from __future__ import annotations

import pytest

from pytest_genesis_perf.baseline_files import SpeedEntry
from pytest_genesis_perf.evidence import StoredSpeed
from tests.pytester.project_files import failures, properties, store


def run(project: pytest.Pytester, body: str, *arguments: str) -> pytest.RunResult:
    """Run tests in a process of their own: a debugger or coverage around this one would disturb them."""
    project.makepyfile(test_it=f"from arms import *\n{body}")
    return project.runpytest_subprocess("--genesis-perf", "--junitxml=junit.xml", *arguments)


def verdicts(project: pytest.Pytester) -> dict[str, str]:
    """Return the first word that JUnit has of the comparison of each test."""
    return {name: told["genesis_perf[comparison]"].split()[0] for name, told in properties(project).items()}


def test_claims_that_hold_and_claims_that_fail(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
def test_faster(genesis_perf):
    record = genesis_perf.compare(baseline=slow, optimized=fast, min_speedup=3.0, work="20 turns")
    assert record.verdict == "NO-BASELINE"
    assert record.interval[0] <= record.speedup <= record.interval[1]
    assert record.interval[0] > 3.0

def test_missed(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=middle, min_speedup=50.0)

def test_slower(genesis_perf):
    genesis_perf.compare(baseline=quick, optimized=slow)

@pytest.mark.genesis_perf(min_speedup=50.0)
def test_marker(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=middle)

@pytest.mark.genesis_perf(min_speedup=50.0)
def test_argument_over_marker(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=middle, margin=0.5)
""",
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=2, failed=3)
    assert verdicts(project) == {
        "test_faster": "NO-BASELINE",
        "test_missed": "MISSED",
        "test_slower": "REGRESSED",
        "test_marker": "MISSED",
        "test_argument_over_marker": "NO-BASELINE",
    }
    told = failures(project)
    assert set(told) == {"test_missed", "test_slower", "test_marker"}
    assert told["test_missed"].startswith('MISSED: the claim "at least 50x faster" fails: speedup ')
    assert told["test_slower"].startswith('REGRESSED: the claim "not slower by more than 2%" fails: speedup ')
    assert "fresh processes: 0." in told["test_slower"]
    assert "reproduce: pytest --genesis-perf --genesis-perf-seed=" in told["test_slower"]
    result.stdout.fnmatch_lines(
        [
            "genesis-perf: * cores*; seed *; speed baselines: 0 of 0 active",
            "verdict * comparison * speedup *baseline *optimized *work*",
            "REGRESSED *test_it.py::test_slower *",
            "MISSED *",
            "MISSED *",
            "NO-BASELINE *",
            "NO-BASELINE *",
            "genesis-perf: 1 REGRESSED, 2 MISSED, 2 NO-BASELINE (5 judged; * at most 5e-05)",
        ]
    )


def test_stored_speeds_are_a_tripwire(clocked_arms: pytest.Pytester) -> None:
    speeds = {
        "test_fell": StoredSpeed(100.0, 110.0, 120.0),
        "test_rose": StoredSpeed(0.001, 0.001, 0.001),
        "test_inside": StoredSpeed(0.001, 2.0, 1000.0),
    }
    store(clocked_arms, {name: SpeedEntry(speed, 5) for name, speed in speeds.items()})
    result = run(
        clocked_arms,
        "".join(
            f"def {name}(genesis_perf):\n    genesis_perf.compare(baseline=slow, optimized=middle)\n"
            for name in speeds
        ),
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    found = verdicts(clocked_arms)
    assert found["test_fell"] == "REGRESSED"
    assert found["test_rose"] == "IMPROVED"
    assert found["test_inside"] == "PASS"
    assert list(failures(clocked_arms)) == ["test_fell"]
    assert "slower than the stored baseline" in failures(clocked_arms)["test_fell"]
    assert "stored 100x to 120x" in failures(clocked_arms)["test_fell"]
    result.stdout.fnmatch_lines(["genesis-perf: *speed baselines: 3 of 3 active", "*1 REGRESSED*1 IMPROVED*"])


@pytest.mark.parametrize(("tolerance", "verdict"), [("0.1", "REGRESSED"), ("1.0", "PASS")])
def test_how_far_the_tripwire_lies_can_be_chosen(
    clocked_arms: pytest.Pytester, tolerance: str, verdict: str
) -> None:
    store(clocked_arms, {"test_it": SpeedEntry(StoredSpeed(3.0, 3.0, 3.0), 5)})
    body = "def test_it(genesis_perf):\n    genesis_perf.compare(baseline=slow, optimized=middle)\n"
    result = run(clocked_arms, body, "-o", f"genesis_perf_stored_tolerance={tolerance}")
    assert verdicts(clocked_arms)["test_it"] == verdict
    assert result.ret == (pytest.ExitCode.TESTS_FAILED if verdict == "REGRESSED" else pytest.ExitCode.OK)


def test_a_tolerance_that_is_none_is_refused(project: pytest.Pytester) -> None:
    result = run(project, "def test_it(): pass", "-o", "genesis_perf_stored_tolerance=-0.1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*ini genesis_perf_stored_tolerance: must be a share over 0, such as 0.10, not '-0.1'"]
    )


def test_an_arm_that_changes_the_object_it_returned_is_unstable(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
def test_it(genesis_perf):
    kept = []
    def growing():
        kept.append(0.0)
        return kept
    genesis_perf.compare(baseline=lambda: [0.0], optimized=growing)
""",
        "-o",
        "genesis_perf_cap=0.2",
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "a later call overwrites the first result" in failures(project)["test_it"]


def test_a_difference_is_not_timed(project: pytest.Pytester) -> None:
    result = run(
        project,
        """
def test_it(genesis_perf):
    calls = []
    def count(value):
        calls.append(value)
        return value
    try:
        genesis_perf.compare(baseline=lambda: count(1.0), optimized=lambda: count(2.0))
    finally:
        assert calls == [1.0, 2.0]
""",
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert failures(project)["test_it"].startswith("DIFFERENT: the arms differ")
    assert verdicts(project) == {"test_it": "DIFFERENT"}


def test_long_arms_are_cut_by_the_cap_only(clocked: pytest.Pytester) -> None:
    result = run(
        clocked,
        """
from clocked import taking
def test_it(genesis_perf):
    record = genesis_perf.compare(baseline=taking(200_000), optimized=taking(200_000))
    assert record.long
    assert record.verdict == "INCONCLUSIVE"
""",
        "-o",
        "genesis_perf_cap=0.5",
        "-o",
        "genesis_perf_side_by_side=false",  # by this process's clock
    )
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["*INCONCLUSIVE*stopped by the limit of 0.5 s per comparison (ini genesis_perf_cap)*"]
    )


def test_the_budget_comes_from_the_closest_marker(clocked: pytest.Pytester) -> None:
    result = run(
        clocked,
        """
from clocked import taking
pytestmark = pytest.mark.genesis_perf(budget=0.3)

@pytest.mark.genesis_perf(budget=0.125)
def test_it(genesis_perf):
    # Twice as fast in some blocks, half as fast in the next: no number of blocks decides that.
    alternating = taking(*[4000] * 8, *[1000] * 8)
    genesis_perf.compare(baseline=taking(2000), optimized=alternating)
""",
        "--genesis-perf-budget=0.5",
    )
    result.stdout.fnmatch_lines(["*INCONCLUSIVE: *, stopped by the time budget of 0.125 s; *"])
