"""Stored entries whose comparison is gone: named in a full run, and in no other."""

from __future__ import annotations

import json

import pytest

from pytest_genesis_perf.baseline_files import SpeedEntry, SpeedFile, write_digests, write_speeds
from pytest_genesis_perf.baselines import Store
from pytest_genesis_perf.environment import current
from pytest_genesis_perf.evidence import StoredSpeed
from pytest_genesis_perf.identity import digest

TESTS = """
import pytest
from arms import *

def test_kept(genesis_perf):
    genesis_perf.compare(baseline=slow, optimized=fast, label="kept")

@pytest.mark.skip
def test_skipped(genesis_perf):
    genesis_perf.compare(baseline=int, optimized=int)

def test_failing(genesis_perf):
    assert False
"""
MORE = """
def test_plain(): pass
"""
SKIPPED = """
import pytest
pytest.skip("not here", allow_module_level=True)
"""
SAME = digest([1.5, "same"])
GONE = {
    ("gone/test_old.py::test_it", "comparison"),
    ("sub/test_more.py::test_gone[a]", "comparison"),
    ("sub/test_more.py::test_plain", "no longer compared"),
    ("test_it.py::test_kept", "old label"),
}
KNOWN = {
    ("test_it.py::test_kept", "kept"),
    ("test_it.py::test_skipped", "comparison"),
    ("test_it.py::test_failing", "comparison"),
    ("sub/test_not_here.py::test_it", "comparison"),
}


@pytest.fixture
def stored(project: pytest.Pytester) -> pytest.Pytester:
    """A project with entries of comparisons that exist, and of some that do not."""
    project.makepyfile(test_it=TESTS)
    folder = project.mkdir("sub")
    (folder / "test_more.py").write_text(MORE, encoding="utf-8")
    (folder / "test_not_here.py").write_text(SKIPPED, encoding="utf-8")
    store = Store(project.path / "baselines")
    write_digests(store.digests_path, dict.fromkeys(GONE | KNOWN, SAME))
    entry = SpeedEntry(StoredSpeed(1.0, 1.0, 1.0), 5)
    write_speeds(
        store.speed_path(current()), SpeedFile(current(), {("test_it.py::only_a_speed", "comparison"): entry})
    )
    return project


def orphans(project: pytest.Pytester, *arguments: str, word: str = "WARNING") -> tuple[set[str], int]:
    """Run, and return the orphaned entries that were named, and the exit code."""
    result = project.runpytest_subprocess("--genesis-perf", "--genesis-perf-budget=0.2", *arguments)
    start, end = f"genesis-perf: {word}: orphaned: ", ": stored, but there is no such comparison any more; "
    named = [line for line in result.outlines if line.startswith(start)]
    assert all(line.endswith(f"{end}remove its entry") for line in named)
    assert named == sorted(named)
    return {line.removeprefix(start).partition(end)[0] for line in named}, int(result.ret)


def texts(keys: set[tuple[str, str]]) -> set[str]:
    return {" / ".join(key) for key in keys}


EVERY = texts(GONE | {("test_it.py::only_a_speed", "comparison")})


def test_a_full_run_names_them(stored: pytest.Pytester) -> None:
    named, code = orphans(stored, "--genesis-perf-report=out")
    assert named == EVERY
    assert code == pytest.ExitCode.TESTS_FAILED  # by test_failing alone
    report = json.loads((stored.path / "out" / "genesis-perf.json").read_text(encoding="utf-8"))
    assert [text.split(": ")[1] for text in report["warnings"]] == sorted(EVERY)
    assert report["errors"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("-k", "test"),
        ("-m", "not slow"),
        ("test_it.py::test_kept",),
        (".", "test_it.py::test_kept"),
        ("--lf",),
        ("--deselect=test_it.py::test_failing",),
        ("--ignore=sub",),
        ("--stepwise",),
        ("-x",),
        ("-p", "xdist", "-n1"),
        ("-p", "selecting"),
    ],
    ids=" ".join,
)
def test_a_filtered_or_broken_off_run_names_none(stored: pytest.Pytester, arguments: tuple[str, ...]) -> None:
    stored.makepyfile(
        selecting="""
        def pytest_collection_modifyitems(config, items):
            config.hook.pytest_deselected(items=items[1:])
            del items[1:]
        """
    )
    named, _ = orphans(stored, *arguments)
    assert named == set()


def test_an_identity_run_names_none(stored: pytest.Pytester) -> None:
    assert "orphaned" not in str(stored.runpytest_subprocess().stdout)


def test_a_run_of_a_folder_tells_of_the_entries_in_it(stored: pytest.Pytester) -> None:
    named, code = orphans(stored, "sub")
    assert named == {text for text in EVERY if text.startswith("sub/")}
    assert code == pytest.ExitCode.OK


def test_a_run_from_a_folder_tells_of_the_entries_in_it(
    stored: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(stored.path / "sub")
    named, _ = orphans(stored)
    assert named == {text for text in EVERY if text.startswith("sub/")}


def test_a_run_of_the_testpaths_is_a_full_one(stored: pytest.Pytester) -> None:
    named, _ = orphans(stored, "-o", "testpaths=test_it.py sub")
    assert named == EVERY


@pytest.mark.parametrize(
    ("choice", "word", "code"), [("fail", "ERROR", 1), ("pass", "ERROR", 0), ("warn", "ERROR", 0)]
)
def test_the_project_chooses_what_they_do(stored: pytest.Pytester, choice: str, word: str, code: int) -> None:
    named, found = orphans(stored, "sub", "-o", f"genesis_perf_orphaned={choice}", word=word)
    assert bool(named) == (choice == "fail")
    assert found == code


def test_many_are_counted(stored: pytest.Pytester) -> None:
    path = Store(stored.path / "baselines").digests_path
    write_digests(path, {("sub/test_more.py::test_gone", f"{n:02}"): SAME for n in range(25)})
    result = stored.runpytest_subprocess("--genesis-perf", "sub")
    assert sum("test_gone / " in line for line in result.outlines) == 20
    result.stdout.fnmatch_lines(["genesis-perf: WARNING: orphaned: 5 more entries"])
