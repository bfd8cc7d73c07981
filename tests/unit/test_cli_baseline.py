"""``genesis baseline``: a command that the plugin brings along."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pytest_genesis_perf.baseline_files import SpeedEntry, SpeedFile, write_digests, write_speeds
from pytest_genesis_perf.baselines import Store
from pytest_genesis_perf.commands import app
from pytest_genesis_perf.environment import EnvironmentClass
from pytest_genesis_perf.evidence import StoredSpeed
from tests.unit.test_cli import ROOT, process

HERE = EnvironmentClass("CPython 3.11", "x86_64", "AMD EPYC", 2, (("numpy", "2.4"),))
KEPT, GONE, OTHER = (
    ("test_a.py::test_one[x]", "fast"),
    ("test_a.py::test_old", "fast"),
    ("test_b.py::test_two", "slow"),
)
ENTRY = SpeedEntry(StoredSpeed(9.0, 10.0, 11.0), 5, {"baseline": 1.0, "optimized": 0.1})


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Baselines of two tests that exist and one that does not."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "test_a.py").write_text(
        "import pytest\nprint('noise')\n@pytest.mark.parametrize('n', ['x'])\ndef test_one(n): pass\n"
    )
    (tmp_path / "test_b.py").write_text("def test_two(): pass\n")
    made = Store(tmp_path / "baselines")
    write_digests(made.digests_path, dict.fromkeys((KEPT, GONE, OTHER), "ab" * 16))
    write_speeds(made.speed_path(HERE), SpeedFile(HERE, {KEPT: ENTRY, GONE: ENTRY}))
    return made


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), prog_name="genesis baseline")


def stored() -> set[tuple[str, str]]:
    return Store(Path("baselines")).known()


@pytest.mark.usefixtures("store")
def test_list() -> None:
    done = invoke("list")
    assert done.exit_code == 0, done.output
    assert f"{KEPT[0]}  fast: abababababab, 10.0x" in done.stdout
    assert f"{OTHER[0]}  slow: abababababab, no speed" in done.stdout
    assert "3 comparisons, 1 environment classes" in done.stdout
    written = json.loads(invoke("list", "test_b", "--json", "-").stdout)
    assert [(entry["test"], entry["label"]) for entry in written["entries"]] == [OTHER]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("pattern", [KEPT[0], "one[x", "*test_one*"])
def test_show(pattern: str) -> None:
    done = invoke("show", pattern)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0] == f"{KEPT[0]}  fast"
    assert "10.0x [9.00, 11.0] of 5 processes, seconds 1 and 0.1" in done.stdout
    assert HERE.text() in done.stdout
    assert GONE[0] not in done.stdout


@pytest.mark.usefixtures("store")
def test_show_of_nothing_is_a_mistake() -> None:
    done = invoke("show", "test_nowhere")
    assert done.exit_code == 2
    assert (
        done.stderr == "genesis: baselines: nothing is stored for test_nowhere; see: genesis baseline list\n"
    )


@pytest.mark.usefixtures("store")
def test_prune_removes_what_pytest_no_longer_collects() -> None:
    done = invoke("prune", "--dry-run", "--json", "-")
    assert json.loads(done.stdout)["removed"] == [{"test": GONE[0], "label": GONE[1]}]
    assert stored() == {KEPT, GONE, OTHER}
    done = invoke("prune")
    assert done.exit_code == 0, done.output
    assert f"removed {GONE[0]}" in done.stdout
    assert "1 removed, 2 kept" in done.stdout
    after = Store(Path("baselines"))
    assert set(after.digests or ()) == {KEPT, OTHER}
    assert set(after.speeds(HERE)) == {KEPT}


@pytest.mark.usefixtures("store")
def test_prune_by_pattern() -> None:
    assert invoke("prune", "test_b.py").exit_code == 0
    assert stored() == {KEPT, GONE}


@pytest.mark.usefixtures("store")
def test_prune_removes_nothing_where_tests_cannot_be_collected() -> None:
    Path("test_b.py").write_text("import nothing_of_this_name\n")
    done = invoke("prune")
    assert done.exit_code == 2
    assert "nothing is removed" in done.stderr
    assert "nothing_of_this_name" in done.stderr
    assert stored() == {KEPT, GONE, OTHER}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    done = invoke("list", "--baselines", str(tmp_path / "no"))
    assert done.exit_code == 2
    assert "no such folder" in done.stderr


def test_a_damaged_file_is_named(store: Store) -> None:
    store.digests_path.write_text("schema = 1\n[entry\n")
    done = invoke("list")
    assert done.exit_code == 2
    assert "digests.toml: not valid TOML" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.usefixtures("store")
def test_without_a_reader_of_toml_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # As on Python 3.10 without tomli: importing the reader fails.
    for name in (
        "pytest_genesis_perf.baselines",
        "pytest_genesis_perf.baseline_files",
        "pytest_genesis_perf.toml_files",
    ):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "version_info", (3, 10, 0))
    monkeypatch.setitem(sys.modules, "tomli", None)
    done = invoke("list")
    assert done.exit_code == 2
    assert "pip install 'genesis-backtest[perf]'" in done.stderr


@pytest.fixture
def installed(tmp_path: Path) -> str:
    """A folder in which a package says that it brings two commands; one cannot be imported."""
    folder = tmp_path / "site" / "some_commands-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: some-commands\nVersion: 1.0\n")
    text = "[genesis.commands]\nbaseline = pytest_genesis_perf.commands:app\nlost = no_such_package:app\n"
    (folder / "entry_points.txt").write_text(text)
    return f"{folder.parent}{os.pathsep}{ROOT}"


@pytest.mark.usefixtures("store")
def test_genesis_finds_the_command_by_its_entry_point(installed: str) -> None:
    done = process("baseline", "list", "--json", "-", PYTHONPATH=installed)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["entries"]) == 3
    assert 'baseline = "pytest_genesis_perf.commands:app"' in (ROOT / "pyproject.toml").read_text()


def test_help_names_the_command_and_says_what_it_does(installed: str) -> None:
    lines = [line.strip("│ ").split() for line in process("--help", PYTHONPATH=installed).stdout.splitlines()]
    assert any(words[:2] == ["baseline", "Stored"] for words in lines)


def test_a_command_that_cannot_be_imported_spoils_no_other(installed: str) -> None:
    done = process("--help", PYTHONPATH=installed)
    assert done.returncode == 0
    assert "lost" in done.stdout
    assert "backtest" in done.stdout
    done = process("lost", "--anything", PYTHONPATH=installed)
    assert done.returncode == 2
    assert done.stderr == "genesis: the command 'lost' cannot be loaded: No module named 'no_such_package'\n"
