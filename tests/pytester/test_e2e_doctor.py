"""``pytest --genesis-perf-doctor``: no test runs, the machine is examined."""

from __future__ import annotations

import pytest

from pytest_genesis_perf.doctor import diagnosis, under_pytest

RAISES = "raise SystemError('this module was imported')\ndef test_it(): assert 0"


def test_it_collects_nothing_examines_the_machine_and_succeeds(project: pytest.Pytester) -> None:
    project.makepyfile(test_it=RAISES)
    result = project.runpytest_subprocess(
        "--genesis-perf-doctor=1", "--genesis-perf-seed=7", "--junitxml=junit.xml"
    )
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "genesis-perf doctor: * seed 7",
            "Time in which 9 of 10 gates*",
            "What was seen of the machine",
            "What to change",
        ]
    )
    assert "SystemError" not in result.stdout.str() + result.stderr.str()
    assert "\033" not in result.stdout.str()
    assert result.stderr.str() == ""
    assert not (project.path / "junit.xml").exists(), "there was no test run to report"


def test_colours_are_the_choice_of_pytest_s_option(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("--genesis-perf-doctor=1", "--color=yes")
    assert result.ret == pytest.ExitCode.OK
    assert "\033[1mWhat to change\033[0m" in result.stdout.str()


def test_budget_libraries_and_seed_are_those_of_the_project(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []

    def examine(
        seconds: float, seed: int, *, budget: float, libraries: tuple[str, ...]
    ) -> diagnosis.Diagnosis:
        asked.append((seconds, seed, budget, libraries))
        return diagnosis.examine(seconds, seed, budget=budget, libraries=libraries)

    monkeypatch.setattr(under_pytest, "examine", examine)
    monkeypatch.setattr(diagnosis, "kinds", lambda: {"loop": lambda: sum(range(100))})
    project.makeini("[pytest]\ngenesis_perf_budget = 7\ngenesis_perf_libraries = pytest\n")
    result = project.runpytest_inprocess("--genesis-perf-doctor=1", "--genesis-perf-seed=5")
    assert result.ret == pytest.ExitCode.OK
    assert asked == [(1.0, 5, 7.0, ("pytest",))]
    assert "loop" in result.stdout.str()


def test_together_with_update_it_is_a_usage_error(project: pytest.Pytester) -> None:
    for update in ("--genesis-perf-update", "--genesis-perf-update=new"):
        result = project.runpytest_inprocess("--genesis-perf-doctor=1", update)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(
            ["ERROR: --genesis-perf-doctor runs no test, so --genesis-perf-update would*"]
        )
        assert "same-code pairs" not in result.stdout.str()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--genesis-perf-doctor=0.1"], "must be a number of seconds from 1 to 3600, not '0.1'"),
        (["--genesis-perf-doctor=nan"], "must be a number of seconds from 1 to 3600, not 'nan'"),
        (["--genesis-perf-doctor", "test_it.py"], "write --genesis-perf-doctor=20 before a path"),
        (
            ["--genesis-perf-doctor=1", "--genesis-perf-budget=soon"],
            "--genesis-perf-budget: must be a finite number",
        ),
    ],
)
def test_bad_options_are_usage_errors(project: pytest.Pytester, arguments: list[str], message: str) -> None:
    result = project.runpytest_inprocess(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()


@pytest.mark.parametrize(
    "arguments", [["--help", "--genesis-perf-doctor"], ["--genesis-perf-doctor=1", "--help"]], ids=" ".join
)
def test_help_is_help(project: pytest.Pytester, arguments: list[str]) -> None:
    result = project.runpytest_inprocess(*arguments)
    assert result.ret == pytest.ExitCode.OK
    assert "--genesis-perf-doctor" in result.stdout.str()
    assert "same-code pairs" not in result.stdout.str()


def test_without_the_option_tests_run(project: pytest.Pytester) -> None:
    project.makepyfile(test_it="def test_it(): pass")
    project.runpytest_inprocess().assert_outcomes(passed=1)
