"""``genesis-perf init``: what it writes works, and nothing that was there is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_genesis_perf.init import templates
from tests.unit.program import run_program

ROOT = Path(__file__).parents[2]
KEY = "genesis_perf_report = reports"
HIDDEN = 'a = """\n[tool.pytest.ini_options]\n"""\n[tool."pytest".ini_options]\n'
TOML_KEY = 'genesis_perf_report = "reports"'


def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object
) -> tuple[int, str, str]:
    return run_program(capsys, monkeypatch, "init", *arguments)


def test_in_an_empty_folder_a_test_and_settings_are_written_that_give_a_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = run(capsys, monkeypatch, tmp_path)
    assert (code, err) == (0, "")
    assert out.splitlines()[:2] == [
        "wrote       tests/test_genesis_perf.py: a first test",
        "wrote       pytest.ini: ini setting genesis_perf_report added",
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {
        "PYTHONPATH": str(ROOT),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_PLUGINS": "pytest_genesis_perf.plugin",
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--genesis-perf", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "genesis-perf: 1 NO-BASELINE (1 judged" in done.stdout
    # On a busy machine the first call of an arm may be interrupted, which is told.
    told = [
        line for line in done.stdout.splitlines() if "WARNING" in line and "the first call of" not in line
    ]
    assert told == []
    assert (tmp_path / "reports" / "genesis-perf.html").is_file()


def test_a_second_time_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".github").mkdir()
    run(capsys, monkeypatch, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(before) == 3
    code, out, _ = run(capsys, monkeypatch, tmp_path)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[:3]] == ["unchanged"] * 3
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_dry_run_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out, _ = run(capsys, monkeypatch, tmp_path, "--dry-run")
    assert out.startswith("would write tests/test_genesis_perf.py: a first test\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("files", "changed", "text"),
    [
        ({"pytest.ini": "[pytest]\ntestpaths = t\n"}, "pytest.ini", f"[pytest]\n{KEY}\ntestpaths = t\n"),
        ({"pytest.ini": ""}, "pytest.ini", f"[pytest]\n{KEY}\n"),
        (
            {"tox.ini": "[tox]\na = 1\n[pytest]\nb = 2\n"},
            "tox.ini",
            f"[tox]\na = 1\n[pytest]\n{KEY}\nb = 2\n",
        ),
        ({"tox.ini": "[tox]\na = 1\n"}, "pytest.ini", f"[pytest]\n{KEY}\n"),
        ({"setup.cfg": "[tool:pytest]\n"}, "setup.cfg", f"[tool:pytest]\n{KEY}\n"),
        (
            {"pyproject.toml": "# mine\n[tool.pytest.ini_options]  # here\na = 'x'\n"},
            "pyproject.toml",
            f"# mine\n[tool.pytest.ini_options]  # here\n{TOML_KEY}\na = 'x'\n",
        ),
        ({"pyproject.toml": "[tool.pytest]\n"}, "pyproject.toml", f"[tool.pytest]\n{TOML_KEY}\n"),
        (
            {"pyproject.toml": "[project]\nname = 'a'\n"},
            "pyproject.toml",
            f"[project]\nname = 'a'\n\n[tool.pytest.ini_options]\n{TOML_KEY}\n",
        ),
        ({".pytest.ini": "[pytest]\n"}, ".pytest.ini", f"[pytest]\n{KEY}\n"),
        ({"tox.ini": "[pytest]\n", "setup.cfg": "[tool:pytest]\n"}, "tox.ini", f"[pytest]\n{KEY}\n"),
        (
            {"pyproject.toml": "[project]\n", "tox.ini": "[pytest]\n"},
            "tox.ini",
            f"[pytest]\n{KEY}\n",
        ),
        (
            {"pyproject.toml": "[tool.pytest.ini_options]\n", "pytest.ini": "[pytest]\n"},
            "pytest.ini",
            f"[pytest]\n{KEY}\n",
        ),
    ],
)
def test_the_settings_go_into_the_file_that_pytest_reads(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    changed: str,
    text: str,
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    code, out, _ = run(capsys, monkeypatch, tmp_path)
    assert code == 0
    assert f"wrote       {changed}: ini setting genesis_perf_report added" in out
    assert (tmp_path / changed).read_text(encoding="utf-8") == text
    for name, content in files.items():
        if name != changed:
            assert (tmp_path / name).read_text(encoding="utf-8") == content
    # pytest itself reads it from there.
    config = pytest.Config.fromdictargs({}, [str(tmp_path), f"--rootdir={tmp_path}"])
    assert config.inipath == tmp_path / changed


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("pyproject.toml", "[tool\n", "pyproject.toml: cannot be read: Expected ']'"),
        (
            "pyproject.toml",
            'tool = { pytest = { ini_options = { a = "1" } } }\n',
            "cannot be edited safely; add to its section",
        ),
        ("pytest.ini", "[pytest]\n# caf\udce9\n", "pytest.ini: is not written in UTF-8"),
        (
            "pyproject.toml",
            'a = """\n[tool.pytest.ini_options]\n"""\n[tool."pytest".ini_options]\n',
            "cannot be edited safely",
        ),
        ("pytest.ini", "a = 1\n", "pytest.ini: cannot be read: File contains no section headers"),
    ],
)
def test_what_cannot_be_edited_safely_is_left_alone_and_nothing_is_written(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    content: str,
    told: str,
) -> None:
    before = content.encode("utf-8", "surrogateescape")
    (tmp_path / name).write_bytes(before)
    code, out, err = run(capsys, monkeypatch, tmp_path)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1
    assert (tmp_path / name).read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\r\na = 1\r\n",
            f"[tool.pytest.ini_options]\r\n{TOML_KEY}\r\na = 1\r\n",
        ),
        ("pytest.ini", "[pytest]\r\na = 1\r\n", f"[pytest]\r\n{KEY}\r\na = 1\r\n"),
        ("pytest.toml", "[pytest]\na = 1\n", f"[pytest]\n{TOML_KEY}\na = 1\n"),
        ("pytest.toml", "", f"[pytest]\n{TOML_KEY}\n"),
    ],
    ids=["toml with CR LF", "ini with CR LF", "pytest.toml", "empty pytest.toml"],
)
def test_line_ends_stay_as_they_are_and_pytest_9s_file_is_known(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    before: str,
    after: str,
) -> None:
    (tmp_path / name).write_bytes(before.encode())
    code, _, _ = run(capsys, monkeypatch, tmp_path)
    assert code == 0
    assert (tmp_path / name).read_bytes().decode() == after


def test_the_first_test_is_where_pytest_looks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pkg" / "tests").mkdir(parents=True)
    (tmp_path / "tests").mkdir()
    (tmp_path / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\ntestpaths = ["none", "pkg/tests"]\n', encoding="utf-8"
    )
    run(capsys, monkeypatch, tmp_path, "--ci", "github")
    assert (tmp_path / "pkg" / "tests" / "test_genesis_perf.py").is_file()
    workflow = (tmp_path / ".github" / "workflows" / "genesis-perf.yml").read_text(encoding="utf-8")
    assert "python -m pytest pkg/tests/test_genesis_perf.py --genesis-perf" in workflow


def test_a_test_of_that_name_is_the_users(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "test").mkdir()
    own = tmp_path / "test" / "test_genesis_perf.py"
    own.write_text("mine", encoding="utf-8")
    _, out, _ = run(capsys, monkeypatch, tmp_path)
    assert "unchanged   test/test_genesis_perf.py: is there already, left as it is" in out
    assert own.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("file", "install"),
    [
        ("pyproject.toml", '-e . "genesis-backtest[perf]"'),
        ("setup.py", '-e . "genesis-backtest[perf]"'),
        ("requirements.txt", '-r requirements.txt "genesis-backtest[perf]"'),
        ("other", '"genesis-backtest[perf]"'),
    ],
)
def test_the_job_installs_the_project_as_it_can_be(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    install: str,
) -> None:
    (tmp_path / file).write_text("[project]\n" if file.endswith("toml") else "", encoding="utf-8")
    run(capsys, monkeypatch, tmp_path, "--ci", "github")
    workflow = tmp_path / ".github" / "workflows" / "genesis-perf.yml"
    assert workflow.read_text(encoding="utf-8") == templates.WORKFLOW.format(
        install=install, test="tests/test_genesis_perf.py"
    )


def test_a_gitlab_job_is_shown_because_its_file_is_the_users(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".gitlab-ci.yml").write_text("mine: 1\n", encoding="utf-8")
    _, out, _ = run(capsys, monkeypatch, tmp_path)
    assert (
        templates.GITLAB_JOB.format(install='"genesis-backtest[perf]"', test="tests/test_genesis_perf.py")
        in out
    )
    assert (tmp_path / ".gitlab-ci.yml").read_text(encoding="utf-8") == "mine: 1\n"
    assert ".gitlab-ci.yml" not in run(capsys, monkeypatch, tmp_path, "--ci", "none")[1]


def test_a_folder_that_is_not_there_is_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = run(capsys, monkeypatch, tmp_path / "none")
    assert (code, out) == (2, "")
    assert "none: no such folder" in err
