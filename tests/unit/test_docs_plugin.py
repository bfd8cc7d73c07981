"""The plugin's pages: their examples run, their recipes are what ``init`` writes, their lists are complete."""

from __future__ import annotations

import configparser
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from pytest_genesis_perf.init import templates
from pytest_genesis_perf.init.plan import WORKFLOW_FILE

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RECIPES = sorted((DOCS / "recipes").glob("*.md"))
TEST = "tests/test_genesis_perf.py"
INSTALL = '-e . "genesis-backtest[perf]"'


def fenced(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a page in a language."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def indented(page: Path) -> list[str]:
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", page.read_text(encoding="utf-8"), re.MULTILINE)
    return ["\n".join(line[4:] for line in block.strip("\n").splitlines()) for block in blocks]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with this plugin and no other."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "pytest_genesis_perf.plugin")
    monkeypatch.setenv("COLUMNS", "160")  # a worker of xdist has its own
    for name in ("GITHUB_STEP_SUMMARY", "CI", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    return pytester


COMPARED = """
def test_it(genesis_perf):
    genesis_perf.compare(baseline=lambda: sum(range(5000)), optimized=lambda: 4999 * 5000 // 2)
"""


def test_the_first_test_is_the_one_that_init_writes_and_passes(project: pytest.Pytester) -> None:
    (block,) = fenced(DOCS / "getting-started.md", "python")
    assert templates.TEST.endswith(block)
    project.makepyfile(test_first=block)
    project.runpytest_subprocess("--genesis-perf").assert_outcomes(passed=1)


def test_the_output_on_the_first_page_is_of_the_form_that_is_printed(project: pytest.Pytester) -> None:
    different, table = fenced(DOCS / "getting-started.md", "text")
    first = fenced(DOCS / "getting-started.md", "python")[0]
    project.makepyfile(test_genesis_perf=first)
    printed = project.runpytest_subprocess("--genesis-perf").outlines
    head, row = table.splitlines()
    assert head.split() == next(line for line in printed if line.startswith("verdict")).split()
    assert row.split()[:3] == next(line for line in printed if line.startswith("NO-BASELINE")).split()[:3]
    project.makepyfile(
        test_genesis_perf="""
        from collections import namedtuple
        Item = namedtuple("Item", "price")
        def test_it(genesis_perf):
            genesis_perf.compare(
                baseline=lambda: [Item(1.0)] * 17 + [Item(1.5)],
                optimized=lambda: [Item(1.0)] * 17 + [Item(1.5000000000000002)],
            )
        """
    )
    project.runpytest_subprocess().stdout.fnmatch_lines(
        [line.replace("[", "[[]") for line in different.splitlines()]
    )


@pytest.mark.parametrize(
    ("page", "style", "told"),
    [
        ("faq.md", "indented", "genesis-perf: *, runner desktop; seed *"),
        ("recipes/gitlab-ci.md", "python", "genesis-perf: *, runner desktop; seed *"),
        ("reports.md", "indented", "verdict *saved"),
    ],
)
def test_the_hooks_on_a_page_work_as_written(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, page: str, style: str, told: str
) -> None:
    for name in ("RUNNER_SIZE", "CI_RUNNER_DESCRIPTION"):
        monkeypatch.delenv(name, raising=False)
    blocks = indented(DOCS / page) if style == "indented" else fenced(DOCS / page, style)
    (block,) = [block for block in blocks if "def pytest_genesis_perf_" in block]
    project.makeconftest(block)
    project.makepyfile(test_it=COMPARED)
    result = project.runpytest_subprocess("--genesis-perf")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines([told])


def test_the_comparator_on_the_plugins_page_works_as_written(project: pytest.Pytester) -> None:
    (block,) = [
        block for block in indented(DOCS / "plugin.md") if "def pytest_genesis_perf_comparators" in block
    ]
    project.makepyfile(
        shop="class Portfolio:\n    name, weights = 'a', [1.5]\n",
        test_it="""
        from shop import Portfolio
        def test_it(genesis_perf): genesis_perf.compare(baseline=Portfolio, optimized=Portfolio)
        """,
    )
    project.makeconftest(f"import pytest\nfrom shop import Portfolio\n\n{block}\n")
    project.runpytest_subprocess().assert_outcomes(passed=1)
    # The page says that pytest runs without the plugin, too.
    project.makepyfile(test_it="def test_it(): pass")
    project.runpytest_subprocess("-p", "no:pytest_genesis_perf.plugin", "-W", "error").assert_outcomes(
        passed=1
    )


def test_the_recipes_for_hosts_are_what_init_writes() -> None:
    assert fenced(DOCS / "recipes" / "github-actions.md", "yaml")[0] == templates.WORKFLOW.format(
        install=INSTALL, test=TEST
    )
    assert fenced(DOCS / "recipes" / "gitlab-ci.md", "yaml")[0] == templates.GITLAB_JOB.format(
        install=INSTALL, test=TEST
    )
    assert WORKFLOW_FILE == Path(".github/workflows/genesis-perf.yml")


@pytest.mark.parametrize("page", RECIPES, ids=lambda page: page.stem)
def test_every_yaml_block_is_yaml_and_its_pytest_commands_have_options_that_exist(
    page: Path, pytestconfig: pytest.Config
) -> None:
    for block in fenced(page, "yaml"):
        assert yaml.safe_load(block)
        for option in re.findall(r"--genesis-perf[a-z-]*", block):
            pytestconfig.getoption(option)


def test_the_ini_settings_of_the_recipes_are_known_to_pytest(project: pytest.Pytester) -> None:
    (block,) = fenced(DOCS / "recipes" / "github-actions.md", "ini")
    project.makeini(f"{block}addopts = --strict-config\n")
    project.makepyfile(test_it=COMPARED)
    result = project.runpytest_subprocess("--genesis-perf")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*NO-BASELINE: *")


def test_the_recipe_for_tox_is_like_this_repositorys(pytestconfig: pytest.Config) -> None:
    (block,) = fenced(DOCS / "recipes" / "tox.md", "ini")
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(block)
    commands = parser["testenv:perf"]["commands"]
    assert commands.startswith("pytest --genesis-perf --genesis-perf-report={tox_root}/reports")
    own = configparser.ConfigParser(interpolation=None)
    own.read(ROOT / "tox.ini")
    assert "--genesis-perf --genesis-perf-report={tox_root}/reports" in own["testenv:perf"]["commands"]


def test_the_session_of_the_recipe_for_nox_installs_and_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = fenced(DOCS / "recipes" / "nox.md", "python")
    done: list[tuple[str, ...]] = []
    nox = SimpleNamespace(session=lambda **_: lambda function: function)
    monkeypatch.setitem(sys.modules, "nox", nox)
    names: dict[str, Any] = {}
    exec(compile(block, "noxfile.py", "exec"), names)
    session = SimpleNamespace(
        install=lambda *words: done.append(words),
        run=lambda *words: done.append(words),
        posargs=["--genesis-perf-update"],
    )
    names["perf"](session)
    assert done == [
        ("-e", ".", "genesis-backtest[perf]"),
        ("pytest", "--genesis-perf", "--genesis-perf-report=reports", "--genesis-perf-update"),
    ]


def test_every_option_and_ini_key_stands_on_the_plugins_page(pytestconfig: pytest.Config) -> None:
    page = (DOCS / "plugin.md").read_text(encoding="utf-8")
    parser = pytestconfig._parser
    options = {
        name
        for group in parser._groups
        for option in group.options
        for name in option.names()
        if name.startswith("--genesis-perf") and name != "--genesis-perf-child"
    }
    assert len(options) > 12
    assert {name for name in options if f"`{name}" not in page} == set()
    keys = {key for key in parser._inidict if key.startswith("genesis_perf")}
    assert len(keys) > 20
    assert {key for key in keys if f"`{key}`" not in page} == set()


def test_every_file_of_a_report_is_named(project: pytest.Pytester) -> None:
    page = (DOCS / "reports.md").read_text(encoding="utf-8")
    project.makepyfile(test_it=COMPARED)
    project.runpytest_subprocess("--genesis-perf", "--genesis-perf-memory", "--genesis-perf-report=report")
    files = [path for path in (project.path / "report").iterdir() if path.suffix != ".png"]
    assert len(files) == 6
    assert {path.name for path in files if f"`{path.name}`" not in page} == set()


def test_every_hook_stands_on_the_plugins_page() -> None:
    from pytest_genesis_perf import hookspecs

    page = (DOCS / "plugin.md").read_text(encoding="utf-8")
    hooks = [name for name in vars(hookspecs) if name.startswith("pytest_genesis_perf_")]
    assert len(hooks) == 3
    assert {name for name in hooks if name not in page} == set()


def test_every_command_of_the_program_stands_in_the_docs() -> None:
    import typer

    from pytest_genesis_perf.cli import app

    text = "".join(page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert set(commands) == {"doctor", "show", "compare", "trend", "init", "baseline"}
    for name in commands:
        assert f"genesis-perf {name}" in text
