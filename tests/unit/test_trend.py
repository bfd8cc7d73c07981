"""``genesis-perf trend``, run as a user runs it."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from pytest_genesis_perf import history
from pytest_genesis_perf.report.trend import PLAIN_STEPS, STEPS, small
from tests.unit.program import run_program
from tests.unit.reports import comparison, report

LEVELS = {"steady": [3.0], "slower": [3.0, 2.6], "both": [5.0, 4.0, 7.0]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a history of 60 daily runs of three comparisons."""
    draw, start = random.Random(3), datetime(2026, 9, 1, tzinfo=timezone.utc)
    path = tmp_path / "history.jsonl"
    for day in range(60):
        records = []
        for name, levels in LEVELS.items():
            speed = levels[len(levels) * day // 60] * draw.uniform(0.98, 1.02)
            records.append(comparison(name, speedup=speed, interval=(0.99 * speed, 1.01 * speed)))
        when = start + timedelta(days=day)
        history.append(path, history.entries(report(*records), when, f"{day:02d}" * 20, changed=day == 30))
    return path


def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object
) -> tuple[int, str, str]:
    return run_program(capsys, monkeypatch, "trend", *arguments)


def test_changes_of_level_stand_first_the_slowdown_before_the_speedup(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = run(capsys, monkeypatch, file)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.rpartition("test_")[2] for line in lines if line.startswith("tests/")] == [
        "slower",
        "both",
        "steady",
    ]
    slower, faster = lines[3], lines[8]
    assert slower.startswith("  2026-10-01: ")
    assert slower.endswith(", commits 2929292929 to 3030303030+")
    assert "(-1" in slower
    assert faster.startswith("  2026-10-11: 4.")
    assert "(+7" in faster
    assert lines[-2] == "genesis-perf: 3 series, 2 with a change of level"
    assert "not a verdict" in lines[-1]
    assert "60 runs, 2026-09-01 to 2026-10-30" in lines[2]


def test_runs_are_put_in_order_of_time_and_the_newest_are_drawn(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    straight = run(capsys, monkeypatch, file)
    file.write_text("".join(reversed(lines)), encoding="utf-8")
    assert run(capsys, monkeypatch, file) == straight
    monkeypatch.setattr("pytest_genesis_perf.report.trend.WIDEST", 25)
    _, out, _ = run(capsys, monkeypatch, file, "both")
    drawn = out.splitlines()[2].split()[0]
    # Of the last 25 runs five are before the change to the fastest level.
    assert len(drawn) == 25
    assert set(drawn[:5]).isdisjoint(drawn[5:])


def test_a_slower_level_is_red_and_a_faster_one_green(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out, _ = run(capsys, monkeypatch, file, "--color", "always")
    assert [line[:5] for line in out.splitlines() if "2026-10-01: " in line] == ["\033[31m"]
    assert [line[:5] for line in out.splitlines() if "2026-10-11: " in line] == ["\033[32m"]


def test_patterns_choose_tests(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out, _ = run(capsys, monkeypatch, file, "*steady*")
    assert "genesis-perf: 1 series, no change of level" in out
    assert "not a verdict" not in out


def test_json_is_nothing_else(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out, _ = run(capsys, monkeypatch, file, "slower", "--json", "-")
    (series,) = json.loads(out)["series"]
    (change,) = series["changes"]
    assert change["time"] == "2026-10-01T00:00:00Z"
    assert (change["commit_before"][:2], change["commit"][:2]) == ("29", "30")
    assert change["change"] == change["after"] / change["before"] - 1.0
    assert len(series["runs"]) == 60


def test_the_charts_bytes_follow_from_the_history(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    for folder in ("a", "b"):
        _, out, _ = run(capsys, monkeypatch, file, "--charts", tmp_path / folder)
        assert f"chart: {tmp_path / folder / 'genesis-perf-trend.svg'}" in out
        drawn.append({path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()})
    assert drawn[0] == drawn[1]
    svg = drawn[0]["genesis-perf-trend.svg"].decode()
    for told in ("tests/test_it.py::test_slower", "2026-10-01: ", "no change of level", "; 1 earlier"):
        assert told in svg


def test_another_class_or_another_work_is_another_series(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "history.jsonl"
    when = datetime(2026, 9, 1, tzinfo=timezone.utc)
    told = report(comparison(), comparison(label="b"), comparison(work="9 bars", label="b", nodeid="t::x"))
    history.append(path, history.entries(told, when, None, changed=False))
    elsewhere = report(
        comparison(), environment=told.environment.__class__("CPython 3.12", "arm64", "M", 4, ())
    )
    history.append(path, history.entries(elsewhere, when, None, changed=False))
    assert "genesis-perf: 4 series, no change of level" in run(capsys, monkeypatch, path)[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Missing argument 'FILE'"),
        (["none"], "none: No such file or directory; a history is written by --genesis-perf-history=FILE"),
        (["empty"], "empty: no comparison"),
        (["broken"], "broken:1: is damaged"),
        (["full", "*zzz*"], "full: no comparison like *zzz*"),
        (["full", "--charts", "full"], "full: File exists"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").touch()
    Path("broken").write_text('{"schema": 1}\n', encoding="utf-8")
    when = datetime(2026, 9, 1, tzinfo=timezone.utc)
    history.append(Path("full"), history.entries(report(comparison()), when, None, changed=False))
    code, out, err = run(capsys, monkeypatch, *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert told in err


def test_a_small_drawing_shows_little_change_as_little() -> None:
    assert small([1.0, 1.0, 1.0], STEPS) == STEPS[4] * 3
    assert set(small([1.0, 1.01, 1.0], STEPS)) <= set(STEPS[3:6])
    assert small([1.0, 4.0], PLAIN_STEPS) == "_#"
