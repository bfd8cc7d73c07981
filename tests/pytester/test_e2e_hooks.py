"""What a project tells the plugin by hooks: fields of the environment class, columns of the reports."""

from __future__ import annotations

import json
import re
from doctest import DocTestParser

import pytest

from pytest_genesis_perf import hookspecs
from tests.unit.rendered import rendered

TESTS = """
from arms import *

def test_fast(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=fast)

def test_same(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=slow)
"""
RUNNER = """
import os

def pytest_genesis_perf_environment_class():
    return {"runner": os.environ.get("RUNNER_SIZE", "desktop")}
"""
SAVED = """
def pytest_genesis_perf_report_row(comparison):
    if "fast" in comparison.nodeid:
        return {"saved | a lot": f"{comparison.speedup > 1} <b>"}
"""


def test_a_field_of_the_project_is_part_of_the_class(
    clocked: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = clocked
    compared = "genesis_perf.compare(baseline=taking(200), optimized=taking(100))"
    project.makepyfile(test_it=f"from clocked import taking\ndef test_fast(genesis_perf): {compared}")
    project.makeconftest(f"import clocked\n{RUNNER}")
    monkeypatch.setenv("RUNNER_SIZE", "large 8")
    result = project.runpytest_subprocess("--genesis-perf-update", "-k", "fast")
    assert result.ret == pytest.ExitCode.OK
    (file,) = (project.path / "baselines" / "speed").iterdir()
    assert file.stem.endswith("_runner-large-8")
    assert 'more = { runner = "large 8" }' in file.read_text(encoding="utf-8")
    again = project.runpytest_subprocess("--genesis-perf", "-k", "fast", "--genesis-perf-report=report")
    again.stdout.fnmatch_lines(["genesis-perf: *, runner large 8; seed *; speed baselines: 1 of 1 active"])
    assert again.ret == pytest.ExitCode.OK
    stored = json.loads((project.path / "report" / "genesis-perf.json").read_text(encoding="utf-8"))
    assert stored["environment"]["more"] == {"runner": "large 8"}
    monkeypatch.setenv("RUNNER_SIZE", "small")
    elsewhere = project.runpytest_subprocess("--genesis-perf", "-k", "fast")
    elsewhere.stdout.fnmatch_lines(["*NO-BASELINE*runner is small here, large 8 there*"])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("'large'", "must return a mapping of str to str, not 'large'"),
        ("{'runner': 8}", "must return a mapping of str to str, not 'runner': 8"),
        ("{'Runner Size': 'large'}", "a field must be named like gpu or runner-size, not 'Runner Size'"),
        ("{'cpu': 'mine'}", "the field cpu is there already"),
        ("{'numpy': '9'}", "the field numpy is there already"),
        ("{'runner': '--'}", "the field runner must have a letter or digit, not '--'"),
    ],
)
def test_a_field_that_makes_no_sense_is_a_usage_error(
    project: pytest.Pytester, given: str, told: str
) -> None:
    project.makepyfile(test_it=TESTS)
    project.makeconftest(f"def pytest_genesis_perf_environment_class(): return {given}")
    result = project.runpytest_inprocess("--genesis-perf")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: pytest_genesis_perf_environment_class*{told.replace('[', '[[]')}"])


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n2")], ids=["alone", "xdist"])
def test_a_column_of_the_project_stands_in_every_report(
    project: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    project.makepyfile(test_it=TESTS)
    project.makeconftest(SAVED)
    result = project.runpytest_subprocess("--genesis-perf", "--genesis-perf-report=report", *workers)
    assert result.ret == pytest.ExitCode.OK
    lines = result.outlines
    head = next(number for number, line in enumerate(lines) if line.startswith("verdict "))
    assert lines[head].endswith("saved | a lot")
    cells = {line.split()[1].rpartition("::")[2]: line for line in lines[head + 1 : head + 3]}
    assert cells["test_fast"].endswith("  True <b>")
    assert cells["test_same"].endswith("  -")
    folder = project.path / "report"
    stored = json.loads((folder / "genesis-perf.json").read_text(encoding="utf-8"))
    extra = {record["nodeid"].rpartition("::")[2]: record["extra"] for record in stored["comparisons"]}
    assert extra == {"test_fast": {"saved | a lot": "True <b>"}, "test_same": {}}
    (table,) = rendered((folder / "genesis-perf.md").read_text(encoding="utf-8")).tables
    assert table[0][-1] == "saved | a lot"
    assert sorted(row[-1] for row in table[1:]) == ["-", "True <b>"]
    assert "True &lt;b&gt;" in (folder / "genesis-perf.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "told"),
    [("['x']", "must return a mapping of str to str, not ['x']"), ("{'saved': 1.5}", "not 'saved': 1.5")],
)
def test_a_column_that_makes_no_sense_fails_the_run_and_the_report_is_still_written(
    project: pytest.Pytester, given: str, told: str
) -> None:
    project.makepyfile(test_it=TESTS)
    project.makeconftest(f"def pytest_genesis_perf_report_row(): return {given}")
    result = project.runpytest_subprocess("--genesis-perf", "--genesis-perf-report=report", "-k", "fast")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (line,) = [line for line in result.outlines if line.startswith("genesis-perf: ERROR: ")]
    assert line.startswith("genesis-perf: ERROR: pytest_genesis_perf_report_row must return a mapping")
    assert line.endswith(told)
    assert (project.path / "report" / "genesis-perf.json").is_file()


def test_a_hook_that_raises_is_named_with_its_line_and_nothing_is_lost(project: pytest.Pytester) -> None:
    project.makepyfile(test_it=TESTS)
    project.makeconftest(
        "def pytest_genesis_perf_report_row(comparison):\n    return {'x': comparison.seconds['y']}\n"
    )
    result = project.runpytest_subprocess("--genesis-perf-report=report", "--junitxml=junit.xml")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["genesis-perf: ERROR: pytest_genesis_perf_report_row: *TypeError: *conftest.py:2)"]
    )
    assert (project.path / "report" / "genesis-perf.html").is_file()
    assert (project.path / "junit.xml").is_file()
    project.makeconftest("def pytest_genesis_perf_environment_class():\n    return {}['gpu']\n")
    result = project.runpytest_subprocess("--genesis-perf")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: pytest_genesis_perf_environment_class: KeyError: 'gpu' (*conftest.py:2)"]
    )


def test_two_plugins_must_not_give_one_column(project: pytest.Pytester) -> None:
    project.makepyfile(test_it=TESTS, other="def pytest_genesis_perf_report_row(): return {'saved': 'x'}")
    project.makeconftest("def pytest_genesis_perf_report_row(): return {'saved': 'y'}")
    result = project.runpytest_subprocess("-p", "other")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["genesis-perf: ERROR: pytest_genesis_perf_report_row: the column saved is given twice"]
    )


def test_the_examples_of_all_hooks_run_as_they_stand(project: pytest.Pytester) -> None:
    hooks = [hook for name, hook in vars(hookspecs).items() if name.startswith("pytest_genesis_perf_")]
    assert len(hooks) == 3
    sources = [
        "".join(example.source for example in DocTestParser().get_examples(hook.__doc__ or ""))
        for hook in hooks
    ]
    assert all(
        re.search(rf"^def {hook.__name__}\(", source, re.MULTILINE)
        for hook, source in zip(hooks, sources, strict=True)
    )
    needed = "import os\nimport pytest\n\nclass Portfolio:\n    name, weights = 'a', [1.5]\n"
    project.makeconftest("\n\n".join([needed, *sources]))
    project.makepyfile(
        test_it="""
        from conftest import Portfolio
        from arms import work

        def fast():
            return Portfolio()

        def slow():
            work(4000)
            return Portfolio()

        def test_it(genesis_perf):
            genesis_perf.compare(baseline=slow, optimized=fast)
        """
    )
    result = project.runpytest_subprocess("--genesis-perf")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        ["genesis-perf: *, runner desktop; seed *", "verdict *saved", "NO-BASELINE *0.000 s"]
    )
