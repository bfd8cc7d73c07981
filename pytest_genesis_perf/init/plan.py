"""What is written into a project, planned as text from the files that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pytest_genesis_perf.init import templates
from pytest_genesis_perf.init.settings_file import read_toml, settings, testpaths
from pytest_genesis_perf.init.steps import Step

Host = Literal["github", "gitlab", "none"]

TEST_FILE = "test_genesis_perf.py"
WORKFLOW_FILE = Path(".github/workflows/genesis-perf.yml")


def plan(root: Path, host: Host | None = None) -> list[Step]:
    """Return what to write into a project, and what is there already. Nothing that is there is lost.

    Parameters
    ----------
    root : Path
        The project's folder.
    host : str, optional
        Where its CI runs; by default as its files say.

    Raises
    ------
    InitError
        If a file of settings cannot be read.
    """
    chosen = host or _host(root)
    steps = [_test(root), settings(root)]
    if chosen == "github":
        text = templates.WORKFLOW.format(install=_install(root), test=test_file(root).as_posix())
        steps.append(_new(root, WORKFLOW_FILE, text, "a workflow that judges every push"))
    return steps


def job_to_paste(root: Path, host: Host | None = None) -> str | None:
    """Return the job for a file of CI that only its owner can edit, None where there is none."""
    chosen = host or _host(root)
    if chosen != "gitlab":
        return None
    return templates.GITLAB_JOB.format(install=_install(root), test=test_file(root).as_posix())


def _host(root: Path) -> Host:
    if (root / ".gitlab-ci.yml").exists():
        return "gitlab"
    return "github" if (root / ".github").is_dir() else "none"


def _test(root: Path) -> Step:
    return _new(root, test_file(root), templates.TEST, "a first test")


def test_file(root: Path) -> Path:
    """Return where the first test is put: into the first folder of tests that the settings name, or that is there."""
    named = [path for path in testpaths(root) if (root / path).is_dir()]
    there = [name for name in ("tests", "test") if (root / name).is_dir()]
    return Path([*named, *there, "tests"][0]) / TEST_FILE


def _new(root: Path, path: Path, text: str, what: str) -> Step:
    if (root / path).exists():
        return Step(path, None, "is there already, left as it is")
    return Step(path, text, what)


def _install(root: Path) -> str:
    """Return what CI installs: the project, or what it requires, and the plugin."""
    plugin = '"genesis-backtest[perf]"'
    project = root / "pyproject.toml"
    built = project.is_file() and {"project", "build-system"} & read_toml(project).keys()
    if built or (root / "setup.py").is_file():
        return f"-e . {plugin}"
    return f"-r requirements.txt {plugin}" if (root / "requirements.txt").is_file() else plugin
