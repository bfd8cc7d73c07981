"""Plain ``pytest``: identity, vacuity and stored digests, without a clock."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from pytest_genesis_perf.baseline_files import write_digests
from pytest_genesis_perf.identity import digest

COMPARE = """
from arms import *

def test_it(genesis_perf):
    {call}
"""


def run(project: pytest.Pytester, call: str, *arguments: str) -> pytest.RunResult:
    project.makepyfile(test_it=COMPARE.format(call=call))
    return project.runpytest_inprocess("--junitxml=junit.xml", *arguments)


def failure(project: pytest.Pytester) -> str:
    """Return the one failure that JUnit tells of."""
    tree = ElementTree.parse(project.path / "junit.xml")
    (found,) = tree.findall(".//failure")
    return (found.get("message") or "") + (found.text or "")


def junit_properties(project: pytest.Pytester) -> dict[str, str]:
    tree = ElementTree.parse(project.path / "junit.xml")
    return {p.attrib["name"]: p.attrib["value"] for p in tree.findall(".//property")}


def test_identical_arms_pass_and_are_not_timed(project: pytest.Pytester) -> None:
    result = run(
        project,
        "record = genesis_perf.compare(baseline=slow, optimized=fast)\n"
        "    assert (record.verdict, record.speedup, record.interval) == ('PASS', None, None)",
    )
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["genesis-perf: 1 PASS (identity only; add --genesis-perf to judge speed)"])
    assert junit_properties(project) == {"genesis_perf[comparison]": "PASS"}


def test_each_arm_is_called_once(project: pytest.Pytester) -> None:
    result = run(
        project,
        "calls = []\n"
        "    genesis_perf.compare(baseline=lambda: calls.append('b'), optimized=lambda: calls.append('o'))\n"
        "    assert calls == ['b', 'o']",
    )
    assert result.ret == pytest.ExitCode.OK


def test_a_difference_fails_and_says_where_and_how_to_repeat_it(project: pytest.Pytester) -> None:
    result = run(project, "genesis_perf.compare(baseline=slow, optimized=other)")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1)
    tree = ElementTree.parse(project.path / "junit.xml")
    for told in ("\n".join(result.outlines), tree.findall(".//failure")[0].text or ""):
        lines = told[told.index("DIFFERENT: the arms differ") :].splitlines()
        assert lines[1] == "result[0]: values differ (1 ulp)"
        assert "1.5 " in lines[2]
        assert "1.5000000000000002 " in lines[3]
        assert lines[4] == "comparison: test_it.py::test_it / comparison"
        assert lines[5] == "reproduce: pytest test_it.py::test_it"
    result.stdout.fnmatch_lines(["genesis-perf: 1 DIFFERENT*", "FAILED *DIFFERENT: the arms differ*"])


def test_minus_zero_is_not_zero(project: pytest.Pytester) -> None:
    result = run(project, "genesis_perf.compare(baseline=lambda: 0.0, optimized=lambda: -0.0)")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "DIFFERENT" in failure(project)


def test_arms_that_share_a_buffer_cannot_pass(project: pytest.Pytester) -> None:
    result = run(
        project,
        "shared = []\n"
        "    def fill(value):\n"
        "        shared[:] = [value]\n"
        "        return shared\n"
        "    genesis_perf.compare(baseline=lambda: fill(1), optimized=lambda: fill(2))",
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "DIFFERENT" in failure(project)
    assert "share memory" in failure(project)


def test_a_failing_comparison_ends_the_test(project: pytest.Pytester) -> None:
    run(project, "genesis_perf.compare(baseline=slow, optimized=other)\n    open('reached', 'w').close()")
    assert not (project.path / "reached").exists()


def test_swallowing_the_failure_does_not_help(project: pytest.Pytester) -> None:
    result = run(
        project,
        "try:\n"
        "        genesis_perf.compare(baseline=slow, optimized=other)\n"
        "    except BaseException:\n"
        "        pass",
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "DIFFERENT" in failure(project)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("pass", "ERROR: the fixture genesis_perf was requested but nothing was compared"),
        (
            "for _ in range(2): genesis_perf.compare(baseline=slow, optimized=fast, label='x')",
            "ERROR: compare(): the label 'x' is used twice in this test",
        ),
        (
            "genesis_perf.compare(baseline=slow, optimized=lambda: 1 // 0)",
            "ERROR: the optimized arm raised ZeroDivisionError",
        ),
        (
            "genesis_perf.compare(baseline=lambda: {}['x'], optimized=fast)",
            "ERROR: the baseline arm raised KeyError: 'x'",
        ),
        (
            "genesis_perf.compare(baseline=object, optimized=object)",
            "ERROR: the baseline arm's result: values of type object cannot be compared",
        ),
        ("genesis_perf.compare(baseline=3, optimized=fast)", "ERROR: compare(): baseline must be callable"),
        (
            "genesis_perf.compare(baseline=slow, optimized=fast, label='two\\nlines')",
            "ERROR: compare(): label must be one line of printable text",
        ),
        (
            "genesis_perf.compare(baseline=slow, optimized=fast, work=7)",
            "ERROR: compare(): work must be one line of printable text, not 7",
        ),
        (
            "genesis_perf.compare(baseline=slow, optimized=fast, min_speedup='3')",
            "ERROR: compare(): min_speedup must be a finite number > 0, such as 3.0, not '3'",
        ),
        (
            "genesis_perf.compare(baseline=slow, optimized=fast, margin=-0.1)",
            "ERROR: compare(): margin must be a share from 0 up to 1",
        ),
        (
            "genesis_perf.compare(baseline=slow, optimized=fast, margin=0.1, min_speedup=2.0)",
            "ERROR: compare(): give margin (of the default claim) or min_speedup, not both",
        ),
    ],
)
def test_what_cannot_be_compared_is_an_error(project: pytest.Pytester, call: str, message: str) -> None:
    result = run(project, call)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1)
    assert message in failure(project)
    result.stdout.fnmatch_lines(["genesis-perf: 1 ERROR*"])


def test_the_traceback_of_an_arm_starts_in_the_users_code(project: pytest.Pytester) -> None:
    run(project, "genesis_perf.compare(baseline=slow, optimized=lambda: 1 // 0)")
    told = failure(project)
    assert "in <lambda>" in told
    assert "first_calls" not in told


def test_skipping_inside_an_arm_skips_the_test(project: pytest.Pytester) -> None:
    result = run(project, "genesis_perf.compare(baseline=slow, optimized=lambda: pytest.skip('no data'))")
    result.assert_outcomes(skipped=1)
    assert result.ret == pytest.ExitCode.OK


def test_labels_by_default_count_up(project: pytest.Pytester) -> None:
    result = run(
        project,
        "labels = [genesis_perf.compare(baseline=slow, optimized=fast, label=l).label"
        " for l in (None, None, 'comparison 3', None)]\n"
        "    assert labels == ['comparison', 'comparison 2', 'comparison 3', 'comparison 4']",
    )
    assert result.ret == pytest.ExitCode.OK


PLANS = """
import pytest

class Result:
    def __init__(self, plan):
        self.plan = plan
    def __genesis_identity__(self):
        return [1.0]
    def __genesis_plan__(self):
        return self.plan

def test_it(genesis_perf):
    genesis_perf.compare(baseline=lambda: Result({baseline}), optimized=lambda: Result({optimized}))
"""


@pytest.mark.parametrize(
    ("baseline", "optimized", "message"),
    [
        ({"path": "recompute"}, {"path": "recompute"}, "vacuous: both arms ran plan 'recompute'"),
        (
            {"path": "recompute"},
            {"path": "cached", "hits": 0},
            "vacuous: the optimized arm ran plan 'cached' with 0 hits",
        ),
        ({"path": "recompute"}, {"hits": 3}, "the optimized arm's __genesis_plan__() must return a mapping"),
        ({"path": "recompute"}, ["x"], "the optimized arm's __genesis_plan__() must return a mapping"),
    ],
)
def test_a_comparison_that_proves_nothing_fails(
    project: pytest.Pytester, baseline: object, optimized: object, message: str
) -> None:
    project.makepyfile(test_it=PLANS.format(baseline=baseline, optimized=optimized))
    result = project.runpytest_inprocess("--junitxml=junit.xml")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert f"ERROR: {message}" in failure(project)


def test_two_plans_and_some_hits_pass(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it=PLANS.format(baseline={"path": "recompute"}, optimized={"path": "cached", "hits": 4})
    )
    assert project.runpytest_inprocess().ret == pytest.ExitCode.OK


SAME = "genesis_perf.compare(baseline=slow, optimized=fast)"


def store(project: pytest.Pytester, digests: dict[tuple[str, str], str]) -> Path:
    path = project.path / "baselines" / "digests.toml"
    write_digests(path, digests)
    return path


def test_a_stored_digest_that_matches_passes(project: pytest.Pytester) -> None:
    store(project, {("test_it.py::test_it", "comparison"): digest([1.5, "same"])})
    result = run(project, SAME)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["genesis-perf: 1 PASS*"])


def test_a_stored_digest_that_differs_fails_though_both_arms_agree(project: pytest.Pytester) -> None:
    store(project, {("test_it.py::test_it", "comparison"): "0" * 32})
    result = run(project, SAME)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "DIFFERENT: both arms agree, but not with the stored digest" in failure(project)
    assert "0" * 32 in failure(project)
    assert digest([1.5, "same"]) in failure(project)


@pytest.mark.parametrize(("choice", "code"), [("warn", 0), ("fail", 1), ("pass", 0)])
def test_a_missing_digest_does_what_the_project_chose(
    project: pytest.Pytester, choice: str, code: int
) -> None:
    store(project, {("elsewhere.py::test", "comparison"): "0" * 32})
    result = run(project, SAME, "-o", f"genesis_perf_no_digest={choice}")
    assert result.ret == code
    result.stdout.fnmatch_lines(["genesis-perf: 1 NO-BASELINE*"])
    said = "digest: none is stored for this comparison" in "\n".join(result.outlines)
    assert said is (choice != "pass")
    if choice == "fail":
        assert "NO-BASELINE: digest: none is stored" in failure(project)


def test_a_project_that_must_have_digests_fails_even_when_all_are_gone(project: pytest.Pytester) -> None:
    result = run(project, SAME, "-o", "genesis_perf_no_digest=fail")
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_corrupt_file_of_digests_fails_and_is_named(project: pytest.Pytester) -> None:
    path = store(project, {})
    path.write_text("schema = 1\n[entry", encoding="utf-8")
    result = run(project, SAME)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert f"ERROR: {path}: not valid TOML" in failure(project)


def test_the_folder_of_baselines_can_be_chosen(project: pytest.Pytester) -> None:
    write_digests(project.path / "elsewhere" / "digests.toml", {})
    result = run(project, SAME, "--genesis-perf-baselines=elsewhere")
    result.stdout.fnmatch_lines(["genesis-perf: 1 NO-BASELINE*"])
    result = run(project, SAME, "-o", "genesis_perf_baselines=elsewhere")
    result.stdout.fnmatch_lines(["genesis-perf: 1 NO-BASELINE*"])
