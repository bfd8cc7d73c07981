"""``genesis baseline prune`` beside other writers."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from pytest_genesis_perf.baseline_files import read_digests
from pytest_genesis_perf.baselines import Store, editing
from pytest_genesis_perf.commands import app

KEPT, GONE, LATER = (("test_a.py::test_kept", "x"), ("test_a.py::test_gone", "x"), ("test_b.py::test", "x"))
# Prune collects the tests between reading the baselines and writing them.
WRITES_WHEN_COLLECTED = f"""
from pathlib import Path
from pytest_genesis_perf.baselines import editing

with editing(Path("baselines")) as store:
    store.write_digests({{**store.digests, {LATER!r}: "{"b" * 32}"}})

def test_kept(): pass
"""


def test_entries_that_another_process_adds_meanwhile_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("baselines")
    with editing(folder) as store:
        store.write_digests(dict.fromkeys((KEPT, GONE), "a" * 32))
    Path("test_a.py").write_text(WRITES_WHEN_COLLECTED, encoding="utf-8")
    done = CliRunner().invoke(app, ["prune"], prog_name="genesis baseline")
    assert done.exit_code == 0, done.output
    assert f"removed {GONE[0]}" in done.stdout
    assert read_digests(folder / "digests.toml") == {KEPT: "a" * 32, LATER: "b" * 32}
    assert [path.name for path in folder.iterdir()] == ["digests.toml"]


def test_a_faulty_file_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = Store(Path("baselines")).digests_path
    path.parent.mkdir()
    path.write_bytes(b"schema = 1\n[entry.'test_a.py::test']\nx = 1\n")
    done = CliRunner().invoke(app, ["prune", "test_a"], prog_name="genesis baseline")
    assert done.exit_code == 2
    assert 'line 3: entry."test_a.py::test".x: must be a non-empty string, not 1' in done.stderr
    assert path.read_bytes() == b"schema = 1\n[entry.'test_a.py::test']\nx = 1\n"
