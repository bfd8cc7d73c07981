"""The 14 rows of the outcome table as a run tells them: exit code, terminal, JUnit.

Rows 1, 2, 9 and 12 without ``--genesis-perf`` are in test_e2e_identity.py, row 6 by instructions in test_e2e_costs.py.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from textwrap import indent

import pytest

from pytest_genesis_perf.baseline_files import SpeedEntry
from pytest_genesis_perf.evidence import StoredSpeed
from tests.pytester.outcome_rows import BRIEF, CASES, SLOWER_ONCE, TRACED, TWICE, UNDECIDED, Case
from tests.pytester.project_files import failures, properties, store

BESIDE = f"""
def test_beside(genesis_perf):
    genesis_perf.{TWICE}
"""
"""Is judged: a run of what is INCONCLUSIVE alone would meet row 14."""


def run(
    project: pytest.Pytester, body: str, *options: str, mark: str = "", more: str = ""
) -> pytest.RunResult:
    test = f"{mark}\ndef test_it(genesis_perf):\n    compare = genesis_perf.compare\n{indent(body, '    ')}\n"
    project.makepyfile(test_it=f"from clocked import *\n\n{test}{more}")
    return project.runpytest_subprocess("--genesis-perf", "--junitxml=junit.xml", *options)


def said_in_junit(project: pytest.Pytester, label: str = "comparison") -> str:
    return re.split("[ ;]", properties(project)["test_it"][f"genesis_perf[{label}]"])[0]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_row_about_one_comparison(clocked: pytest.Pytester, case: Case) -> None:
    if case.prepare:
        case.prepare(clocked)
    verdict, failed, says = case.says.partition(":")[0], case.by_default == "fail", case.says.splitlines()
    verbose = ("-v",) if case.by_default == "pass" else ()
    beside = BESIDE if verdict == "INCONCLUSIVE" else ""
    result = run(clocked, case.body, *case.options, *verbose, more=beside)

    assert result.ret == (pytest.ExitCode.TESTS_FAILED if failed else pytest.ExitCode.OK)
    table, closing = f"{verdict} *test_it.py::test_it *", f"genesis-perf: 1 {verdict}*"
    if failed:
        lines = [case.header, *says, table, closing, f"FAILED test_it.py::test_it - *{verdict}: *"]
    else:
        lines = [case.header, table, f"test_it.py::test_it: {case.says}", closing]
    result.stdout.fnmatch_lines(lines)
    if verbose:
        run(clocked, case.body, *case.options).stdout.no_fnmatch_line("test_it.py::test_it: *")

    told = failures(clocked)
    assert list(told) == [*(["test_it"] if failed else []), *case.run_errors]
    if failed:
        assert all(map(fnmatchcase, told["test_it"].splitlines(), says))
    assert said_in_junit(clocked, case.label) == verdict
    if case.by_default == "warn" and not failed:
        (line,) = says
        reason = line.partition(": ")[2]
        assert fnmatchcase(properties(clocked)["test_it"][f"genesis_perf[{case.label}]"], f"*; {reason}*")


def test_row_1_an_unknown_keyword_of_the_marker(clocked: pytest.Pytester) -> None:
    result = run(clocked, TWICE, mark="@pytest.mark.genesis_perf(speedup=3)")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: test_it.py::test_it: *: unknown keyword 'speedup'; did you mean *?"])
    assert properties(clocked) == {}


@pytest.mark.parametrize(
    ("choice", "word", "code"),
    [((), "WARNING", 0), (("-o", "genesis_perf_orphaned=fail"), "ERROR", 1)],
    ids=["by default", "chosen to fail"],
)
def test_row_13_a_stored_entry_without_its_test(
    clocked: pytest.Pytester, choice: tuple[str, ...], word: str, code: int
) -> None:
    entry = SpeedEntry(StoredSpeed(2.0, 2.0, 2.0), 5)
    store(clocked, {"test_it": entry, "test_gone": entry})
    result = run(clocked, TWICE, *choice)
    assert result.ret == code
    gone = "test_it.py::test_gone / comparison: stored, but there is no such comparison any more; *"
    result.stdout.fnmatch_lines(["genesis-perf: 1 PASS*", f"genesis-perf: {word}: orphaned: {gone}"])
    failed = failures(clocked)
    assert list(failed) == (["run 1"] if code else [])
    assert all(
        text.startswith("genesis-perf: orphaned: test_it.py::test_gone / ") for text in failed.values()
    )
    assert said_in_junit(clocked) == "PASS"


@pytest.mark.parametrize(
    ("body", "choice"),
    [
        (SLOWER_ONCE.format(again=100), ()),
        (UNDECIDED, ()),
        (TRACED, ()),
        (TRACED, ("-o", "genesis_perf_inconclusive=pass")),
    ],
    ids=["not reproduced", "undecided", "traced", "traced, chosen to pass"],
)
def test_row_14_nothing_was_judged(clocked: pytest.Pytester, body: str, choice: tuple[str, ...]) -> None:
    result = run(clocked, body, *BRIEF, *choice)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=1)
    error = "genesis-perf: ERROR: nothing was judged: every comparison is INCONCLUSIVE"
    result.stdout.fnmatch_lines(["genesis-perf: 1 INCONCLUSIVE", error])
    assert failures(clocked) == {
        "run 1": "genesis-perf: nothing was judged: every comparison is INCONCLUSIVE"
    }
    assert said_in_junit(clocked) == "INCONCLUSIVE"
