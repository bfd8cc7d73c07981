"""The file of history: what is appended is read back, and nothing in it is ever lost."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from pytest_genesis_perf import history
from pytest_genesis_perf.file_lock import exclusive
from pytest_genesis_perf.history import HistoryError, append, commit_of, entries, read
from pytest_genesis_perf.report.json import write
from tests.unit.reports import HERE, comparison, failing, report

WHEN = datetime(2026, 11, 27, 14, 30, 59, 999_999, tzinfo=timezone(timedelta(hours=2)))


def some() -> list[history.Entry]:
    counted = comparison(
        "counted",
        memory_bytes={"baseline": 1, "optimized": 2},
        instructions={"baseline": 3, "optimized": 4, "tool": "valgrind 3.19"},
    )
    unmeasured = comparison("unmeasured", speedup=None, interval=None, seconds=None)
    return entries(report(failing(), counted, unmeasured), WHEN, "abc", changed=True)


def test_a_run_gives_a_line_for_each_measured_comparison_by_name() -> None:
    counted, slower = some()
    assert (counted.test, slower.test) == ("tests/test_it.py::test_counted", "tests/test_it.py::test_failing")
    assert counted.time == "2026-11-27T12:30:59Z"
    assert (counted.commit, counted.changed, counted.environment) == ("abc", True, HERE.text())
    assert (slower.verdict, slower.speedup, slower.interval) == ("REGRESSED", 0.9, (0.89, 0.91))
    assert counted.memory_bytes == {"baseline": 1, "optimized": 2}


def test_what_was_appended_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "history.jsonl"
    append(file, some())
    append(file, some()[:1])
    assert read(file) == [*some(), some()[0]]
    assert [path.name for path in file.parent.iterdir()] == ["history.jsonl"]


def test_a_line_that_was_cut_off_is_kept_and_the_next_run_is_not_joined_to_it(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    append(file, some())
    whole = file.read_bytes()
    file.write_bytes(whole[:-40])
    append(file, some())
    assert file.read_bytes() == whole[:-40] + b"\n" + whole
    with pytest.raises(
        HistoryError, match=r"history\.jsonl:2: is damaged: .*nothing was changed: remove the line"
    ):
        read(file)


def line(**changes: object) -> str:
    return json.dumps({**json.loads(json.dumps(history.asdict(some()[0]))), **changes})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is damaged: Input data was truncated"),
        ("[]", "is no line of a history: it has no key schema"),
        (line(schema=2), "schema 2 was written by another version, this one reads 1"),
        (line(speedup="3"), r"is damaged: Expected `float`, got `str` - at `\$.speedup`"),
        (line(speedup=0.0), r"is damaged: Expected speedups over 0, got \[0\.0, 2\.95, 3\.05\]"),
        (line(interval=[0.0, 2.0]), "is damaged: Expected speedups over 0"),
        (line(speedup=1e308), "is damaged: Expected speedups over 0"),
        (line(time="yesterday"), "is damaged: time data 'yesterday' does not match"),
        (line().replace('"label"', '"lable"'), "is damaged: Object missing required field `label`"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "history.jsonl"
    append(file, some())
    with file.open("a", encoding="utf-8") as out:
        out.write(f"{text}\n")
    with pytest.raises(HistoryError, match=rf"history\.jsonl:3: {told}"):
        read(file)


def test_a_report_is_not_mistaken_for_a_history(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"genesis-perf\.json: is no history, .*; is it a report\?"):
        read(write(tmp_path, report(comparison())))


def test_a_missing_file_says_how_one_is_made(tmp_path: Path) -> None:
    with pytest.raises(
        HistoryError, match="No such file or directory; a history is written by --genesis-perf-history"
    ):
        read(tmp_path / "none")


def test_empty_lines_say_nothing(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    append(file, some())
    file.write_text(file.read_text(encoding="utf-8").replace("\n", "\n\n"), encoding="utf-8")
    assert read(file) == some()


WRITER = """
import sys
from pathlib import Path
from functools import partial
from pytest_genesis_perf import history
from pytest_genesis_perf.history import append
from tests.unit.test_history import some
history.exclusive = partial(history.exclusive, patience=120.0)
for _ in range(20):
    append(Path(sys.argv[1]), some())
"""


def test_runs_at_the_same_time_do_not_mix_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    root = Path(__file__).parents[2]
    # Held here for a while: whoever did not ask for the lock would be done before it is free.
    with exclusive(file.with_name(f".{file.name}.lock")):
        writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(file)], cwd=root) for _ in range(4)]
        with pytest.raises(subprocess.TimeoutExpired):
            writers[0].wait(4)
        assert not file.exists()
    assert [writer.wait(120) for writer in writers] == [0] * 4
    found = read(file)
    assert len(found) == 160
    assert found[0::2] == [some()[0]] * 80


def test_the_commit_and_whether_files_were_changed(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == (None, False)

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    git("init", "-q")
    file = tmp_path / "file"
    file.write_text("1", encoding="utf-8")
    assert commit_of(tmp_path) == (None, False)
    git("add", "file")
    git("commit", "-q", "-m", "one")
    commit = git("rev-parse", "HEAD")
    assert commit_of(tmp_path) == (commit, False)
    (tmp_path / "untracked").write_text("", encoding="utf-8")
    assert commit_of(tmp_path) == (commit, False)
    file.write_text("2", encoding="utf-8")
    assert commit_of(tmp_path) == (commit, True)


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_of(Path(__file__).parent) == (None, False)
