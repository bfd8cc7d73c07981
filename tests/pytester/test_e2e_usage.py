"""Options, ini keys and markers: bad ones are usage errors with one clear line."""

from __future__ import annotations

import pytest

from pytest_genesis_perf import keys
from pytest_genesis_perf.child_request import Request

TEST = "def test_it(genesis_perf): genesis_perf.compare(baseline=int, optimized=int)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--genesis-perf-budget=soon"],
            "--genesis-perf-budget: must be a finite number of seconds > 0, not 'soon'",
        ),
        (
            ["--genesis-perf-budget=0"],
            "--genesis-perf-budget: must be a finite number of seconds > 0, not '0'",
        ),
        (["--genesis-perf-budget=inf"], "--genesis-perf-budget: must be a finite number"),
        (["--genesis-perf-seed=-1"], "--genesis-perf-seed: must be a whole number >= 0, not '-1'"),
        (["--genesis-perf-seed=x"], "--genesis-perf-seed: must be a whole number >= 0, not 'x'"),
        (["--genesis-perf-report=test_it.py"], "--genesis-perf-report: *test_it.py is not a folder"),
        (["--genesis-perf-baselines=test_it.py"], "--genesis-perf-baselines: *test_it.py is not a folder"),
        (["--genesis-perf-baselines="], "--genesis-perf-baselines: must name a folder, not ''"),
        (["--genesis-perf-update=most"], "*--genesis-perf-update: must be all, new or lower, not 'most'*"),
        (["--genesis-perf-update", "test_it.py"], "*write --genesis-perf-update=all before a path"),
        (
            ["-o", "genesis_perf_margin=2%"],
            "ini genesis_perf_margin: must be a share from 0 up to 1*, not '2%'",
        ),
        (["-o", "genesis_perf_margin=1.0"], "ini genesis_perf_margin: must be a share from 0 up to 1*"),
        (["-o", "genesis_perf_cap=-1"], "ini genesis_perf_cap: must be a finite number of seconds > 0*"),
        (["-o", "genesis_perf_budget=x"], "ini genesis_perf_budget: must be a finite number*"),
        (["-o", "genesis_perf_seed=x"], "ini genesis_perf_seed: must be a whole number*"),
        (
            ["-o", "genesis_perf_no_speed=ignore"],
            "ini genesis_perf_no_speed: must be pass, warn or fail, not 'ignore'",
        ),
    ],
)
def test_a_bad_option_is_a_usage_error(project: pytest.Pytester, arguments: list[str], message: str) -> None:
    project.makepyfile(test_it=TEST)
    result = project.runpytest_inprocess(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{message}*"])
    assert "Traceback" not in str(result.stderr)


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("min_speed=3", "unknown keyword 'min_speed'; did you mean 'min_speedup'?"),
        (
            "whatever=3",
            "unknown keyword 'whatever'; valid: budget, isolate, margin, memory, min_speedup, side_by_side, warm",
        ),
        ("margin='2%'", "margin must be a share from 0 up to 1, such as 0.02, not '2%'"),
        ("margin=True", "margin must be a share from 0 up to 1, such as 0.02, not True"),
        ("margin=1.0", "margin must be a share from 0 up to 1, such as 0.02, not 1.0"),
        ("margin=float('nan')", "margin must be a share from 0 up to 1, such as 0.02, not nan"),
        ("min_speedup=True", "min_speedup must be a finite number > 0, such as 3.0, not True"),
        ("min_speedup=0", "min_speedup must be a finite number > 0, such as 3.0, not 0"),
        ("budget=None", "budget must be a finite number of seconds > 0, not None"),
        (
            "3.0",
            "takes keywords only (margin, min_speedup, budget, isolate, memory, side_by_side, warm), not 3.0",
        ),
        ("margin=0.1, min_speedup=2", "give margin or min_speedup, not both"),
    ],
)
def test_a_bad_marker_is_a_usage_error_at_collection(
    project: pytest.Pytester, marker: str, message: str
) -> None:
    project.makepyfile(
        test_it=f"import pytest\n@pytest.mark.genesis_perf({marker})\ndef test_it(): print('it ran')"
    )
    result = project.runpytest_inprocess("-s")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: test_it.py::test_it: @pytest.mark.genesis_perf: " in str(result.stderr)
    assert message in str(result.stderr)
    assert "it ran" not in str(result.stdout)


def test_the_marker_is_registered_and_explained(project: pytest.Pytester) -> None:
    result = project.runpytest_inprocess("--markers")
    result.stdout.fnmatch_lines(
        [
            "@pytest.mark.genesis_perf(margin=0.02, min_speedup=None, budget=4.0, isolate=None, warm=False, "
            "memory=None, side_by_side=None): *"
        ]
    )


def test_options_stand_in_a_group_of_their_own_and_have_ini_twins(project: pytest.Pytester) -> None:
    result = project.runpytest_inprocess("--help")
    result.stdout.fnmatch_lines(["identity and speed of two code paths (genesis-perf):", "*--genesis-perf *"])
    told = str(result.stdout)
    for name in ("report", "baselines", "seed", "budget"):
        assert f"--genesis-perf-{name}=" in told
        assert f"genesis_perf_{name} " in told
    assert "--genesis-perf-child" not in told


def test_the_closest_marker_wins_keyword_by_keyword(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        import pytest
        pytestmark = pytest.mark.genesis_perf(margin=0.5, budget=1.0)

        @pytest.mark.genesis_perf(min_speedup=1e-9)
        def test_min_speedup(genesis_perf):
            record = genesis_perf.compare(baseline=int, optimized=int)
            assert record.claim == "at least 1e-09x the baseline's speed"

        def test_margin(genesis_perf):
            assert genesis_perf.compare(baseline=int, optimized=int).claim == "not slower by more than 50%"
            claim = genesis_perf.compare(baseline=int, optimized=int, margin=0.25).claim
            assert claim == "not slower by more than 25%"
            claim = genesis_perf.compare(baseline=int, optimized=int, min_speedup=7).claim
            assert claim == "at least 7x faster"
        """
    )
    assert project.runpytest_inprocess().ret == pytest.ExitCode.OK


def test_a_closer_margin_replaces_a_farther_min_speedup(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        import pytest
        pytestmark = pytest.mark.genesis_perf(min_speedup=9)

        @pytest.mark.genesis_perf(margin=0.5)
        def test_it(genesis_perf):
            assert genesis_perf.compare(baseline=int, optimized=int).claim == "not slower by more than 50%"
        """
    )
    assert project.runpytest_inprocess().ret == pytest.ExitCode.OK


def test_a_child_does_not_repeat_the_coins_of_its_parent(project: pytest.Pytester) -> None:
    given = "--genesis-perf-seed=5"
    assert project.parseconfigure(given).stash[keys.SETTINGS].seed == 5
    asked = project.path / "request.json"
    Request(answer="answer.json", select=()).write(asked)
    children = [project.parseconfigure(given, f"--genesis-perf-child={asked}") for _ in range(3)]
    assert len({config.stash[keys.SETTINGS].seed for config in children} | {5}) == 4


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "nonsense", '{"answer": "a", "select": [], "files": [], "x": 1}']
)
def test_a_request_that_no_parent_wrote_is_a_usage_error(project: pytest.Pytester, content: str) -> None:
    asked = project.path / "request.json"
    asked.write_text(content)
    result = project.runpytest_inprocess(f"--genesis-perf-child={asked}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --genesis-perf-child: {asked}: *the plugin alone gives it"])


def test_the_margin_comes_from_the_ini_file_where_nothing_is_closer(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_it="""
        def test_it(genesis_perf):
            assert genesis_perf.compare(baseline=int, optimized=int).claim == "not slower by more than 7%"
        """
    )
    assert project.runpytest_inprocess("-o", "genesis_perf_margin=0.07").ret == pytest.ExitCode.OK
