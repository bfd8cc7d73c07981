"""Trials that failed run again where it is asked for: what failed for want of something may not fail again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genesis_core.errors import SearchError
from genesis_core.optimize import Search, optimize, summarize
from genesis_core.optimize.store import file_name, read_all
from tests.unit.search_cases import BY, contents, search_of, stored, write_own, write_search
from tests.unit.study_cases import CANDLES, refused
from tests.unit.study_cases import optimize as command


def search(tmp_path: Path, name: str = "s", **tables: Any) -> Search:
    """Return a search some of whose trials fail as long as the file ``short`` is there."""
    # The file stands beside the strategy, so that both searches below have the same code.
    building = (
        "if p['by'] == 3.0 and (__import__('pathlib').Path(__file__).parent / 'short').exists(): "
        "raise MemoryError('no room')"
    )
    file = write_own(tmp_path / "own.py", building=building)
    tables = {"objective": {"metric": "total_return"}, "constraints": [], "budget": {"trials": 12}, **tables}
    return search_of(name, strategy=str(file), parameters=BY, **tables)


@pytest.mark.parametrize("validation", [None, {"kind": "walk-forward", "folds": 2, "test": 0.2}])
def test_failed_trials_run_again_and_the_rest_stays(
    tmp_path: Path, validation: dict[str, Any] | None
) -> None:
    asked = search(tmp_path, validation=validation)
    whole = optimize(asked, CANDLES, results=tmp_path / "whole").folder
    (tmp_path / "short").touch()
    folder = optimize(asked, CANDLES, results=tmp_path / "r").folder
    records, _ = read_all(folder)
    failed = {n for n, one in records.items() if one.parameters["features.slope.by"] == 3.0}
    assert {records[number].status for number in failed} == {"failed", "repeated"}
    assert all("no room" in (records[number].error or "") for number in failed)
    assert 0 < len(failed) < 12

    # Still no room: recorded as failed once more, and nothing is lost.
    done = optimize(asked, CANDLES, results=tmp_path / "r", retry_failed=True)
    assert (done.progress.run, done.progress.known) == (1, 12 - len(failed))
    assert read_all(folder)[0].keys() == records.keys()

    (tmp_path / "short").unlink()
    before = contents(folder)
    assert optimize(asked, CANDLES, results=tmp_path / "r").progress.run == 0
    assert contents(folder) == before
    done = optimize(asked, CANDLES, results=tmp_path / "r", retry_failed=True)
    assert stored(folder) == stored(whole)
    assert summarize(folder, 20).top == summarize(whole, 20).top
    aside = {file.name for file in (folder / "quarantine").iterdir()}
    assert aside == {name for n in failed for name in (file_name(n), f"{file_name(n)}.2")}
    assert len(done.quarantined) >= len(failed)
    after = contents(folder)
    assert all(after[file_name(n)] == before[file_name(n)] for n in records.keys() - failed)


def test_a_sampler_that_learned_from_a_failure_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    asked = search(tmp_path, sampler={"kind": "tpe"})
    with pytest.raises(SearchError, match="tpe was told that they are bad"):
        optimize(asked, CANDLES, results=tmp_path / "r", retry_failed=True)
    assert not (tmp_path / "r").exists()


def test_the_command_names_what_it_sets_aside(tmp_path: Path) -> None:
    asked = search(tmp_path)
    (tmp_path / "short").touch()
    folder = optimize(asked, CANDLES, results=tmp_path / "r").folder
    (tmp_path / "short").unlink()
    failed = sorted(n for n, one in read_all(folder)[0].items() if one.error is not None)
    done = command("resume", folder, "--retry-failed")
    assert done.exit_code == 0, done.output
    lines = [line for line in done.stderr.splitlines() if "set aside" in line]
    assert len(lines) == len(failed)
    for number, line in zip(reversed(failed), lines, strict=True):
        assert line.startswith(
            f"genesis: warning: {folder / file_name(number)}: failed: MemoryError: no room"
        )
        assert line.endswith(f"set aside as {folder / 'quarantine' / file_name(number)}")
    assert "1 trials run in " in done.stdout
    assert "set aside" not in command("resume", folder, "--retry-failed").stderr

    pytest.importorskip("optuna")
    write_search(tmp_path / "t.toml", sampler={"kind": "tpe"})
    assert "tpe was told" in refused(command("run", tmp_path / "t.toml", "--retry-failed"))
