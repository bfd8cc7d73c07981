"""Ini keys beside their options: the option wins, and the marker over both."""

from __future__ import annotations

import pytest

COMPARED = "from arms import *\n{mark}\ndef test_it(genesis_perf): genesis_perf.compare(baseline=slow, optimized=fast)"


def run(project: pytest.Pytester, ini: str, *options: str, mark: str = "") -> pytest.RunResult:
    project.makeini(f"[pytest]\naddopts = --strict-markers --strict-config\n{ini}\n")
    project.makepyfile(test_it=COMPARED.format(mark=mark))
    return project.runpytest_subprocess(*options)


@pytest.mark.parametrize(
    ("ini", "told"), [("true", "1 NO-BASELINE (1 judged"), ("false", "1 PASS (identity only")]
)
def test_a_project_can_measure_in_every_run(project: pytest.Pytester, ini: str, told: str) -> None:
    result = run(project, f"genesis_perf = {ini}")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines([f"genesis-perf: {told}*"])


def test_the_folder_of_the_report_is_the_projects_and_an_option_names_another(
    project: pytest.Pytester,
) -> None:
    run(project, "genesis_perf_report = kept")
    # Plain pytest, run all day, leaves what was measured alone.
    assert not (project.path / "kept").exists()
    run(project, "genesis_perf_report = kept", "--genesis-perf")
    assert (project.path / "kept" / "genesis-perf.html").is_file()
    run(project, "genesis_perf_report = unused", "--genesis-perf-report=asked")
    assert (project.path / "asked" / "genesis-perf.json").is_file()
    assert not (project.path / "unused").exists()


def test_the_time_of_a_run_can_be_bounded_for_good(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\ngenesis_perf_run_budget = 1e-9\n")
    project.makepyfile(
        test_it="""
        from arms import *
        @pytest.mark.parametrize("number", range(2))
        def test_it(genesis_perf, number): genesis_perf.compare(baseline=slow, optimized=fast)
        """
    )
    result = project.runpytest_subprocess("--genesis-perf")
    result.stdout.fnmatch_lines(
        ["*INCONCLUSIVE: the time for all measurements of the run, 1e-09 s, is used up"]
    )


@pytest.mark.parametrize(
    ("ini", "options", "mark", "told"),
    [
        ("0.5", (), "", "not slower by more than 50%"),
        ("0.5", (), "@pytest.mark.genesis_perf(margin=0.25)", "not slower by more than 25%"),
    ],
)
def test_the_marker_wins_over_the_ini_key(
    project: pytest.Pytester, ini: str, options: tuple[str, ...], mark: str, told: str
) -> None:
    result = run(project, f"genesis_perf_margin = {ini}", "--genesis-perf", "-v", *options, mark=mark)
    result.stdout.fnmatch_lines([f"    claim: {told}; *"])


@pytest.mark.parametrize(
    ("options", "mark", "told"),
    [
        ((), "", "1e-09"),
        (("--genesis-perf-budget=2e-9",), "", "2e-09"),
        (("--genesis-perf-budget=2e-9",), "@pytest.mark.genesis_perf(budget=3e-9)", "3e-09"),
    ],
    ids=["ini", "option", "marker"],
)
def test_the_budget_is_the_markers_then_the_options_then_the_ini_keys(
    project: pytest.Pytester, options: tuple[str, ...], mark: str, told: str
) -> None:
    project.makeini("[pytest]\ngenesis_perf_budget = 1e-9\n")
    # Same code: the first look at 32 blocks leaves the claim open, and then the time is up.
    project.makepyfile(
        test_it=f"from arms import *\n{mark}\ndef test_it(genesis_perf):\n"
        "    genesis_perf.compare(baseline=slow, optimized=slow, min_speedup=1.0)"
    )
    result = project.runpytest_subprocess("--genesis-perf", *options)
    result.stdout.fnmatch_lines([f"*stopped by the time budget of {told} s*"])
