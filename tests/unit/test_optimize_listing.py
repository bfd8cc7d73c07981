"""The studies there are, and every trial of one as a table."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from genesis_core.optimize import summarize
from genesis_core.optimize.objective import METRICS
from genesis_core.optimize.store import read_all
from tests.unit.search_cases import TRIALS, write_search
from tests.unit.study_cases import optimize, refused


def test_the_list_names_each_study_and_what_it_found(study: Path, tmp_path: Path) -> None:
    write_search(
        tmp_path / "none.toml", validation=None, budget={"trials": 3}, objective={"metric": "trades"}
    )
    assert optimize("run", tmp_path / "none.toml", "--results", study.parent).exit_code == 0
    (study.parent / "notes").mkdir()
    done = optimize("list", "--results", study.parent)
    assert done.exit_code == 0
    assert done.stderr == ""
    heads, *rows = (line.split() for line in done.stdout.splitlines())
    assert heads == ["study", "trials", "best", "out-of-sample", "objective"]
    summary, other = summarize(study), summarize(study.parent / "none")
    assert rows[0][:2] == ["none", "3"]
    assert rows[0][3] == "-"
    assert rows[1][:2] == ["s", str(TRIALS)]
    assert rows[1][2] == f"{summary.top[0].score:.4f}"
    told = json.loads(optimize("list", "--results", study.parent, "--json", "-").stdout)
    assert told == {
        "schema": 1,
        "command": "optimize list",
        "studies": [
            {
                "study": "none",
                "objective": "maximize trades",
                "trials": 3,
                "wanted": 3,
                "best": other.top[0].score if other.top else None,
                "out_of_sample": None,
            },
            {
                "study": "s",
                "objective": "maximize sharpe",
                "trials": TRIALS,
                "wanted": TRIALS,
                "best": summary.top[0].score,
                "out_of_sample": summary.folds[0].best.out_of_sample,
            },
        ],
    }


def test_a_damaged_study_hides_no_other(study: Path) -> None:
    (study.parent / "bad").mkdir()
    (study.parent / "bad" / "study.toml").write_text("schema = 99\n")
    done = optimize("list", "--results", study.parent)
    assert done.exit_code == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"genesis: warning: {study.parent / 'bad' / 'study.toml'}: schema = 99")
    assert [row.split()[0] for row in done.stdout.splitlines()] == ["study", "bad", "s"]
    told = json.loads(optimize("list", "--results", study.parent, "--json", "-").stdout)["studies"]
    assert [one["study"] for one in told] == ["bad", "s"]
    assert "schema = 99" in told[0]["error"]


def test_without_studies_it_says_so(tmp_path: Path) -> None:
    for results in (tmp_path, tmp_path / "none"):
        done = optimize("list", "--results", results)
        assert (done.exit_code, done.stdout.replace("\n", "")) == (0, f"{results} has no studies")
    (tmp_path / "file").touch()
    assert "cannot be read" in refused(optimize("list", "--results", tmp_path / "file"))


def test_the_table_has_every_trial_to_the_last_bit(study: Path, tmp_path: Path) -> None:
    file = tmp_path / "trials.csv"
    plain = optimize("summarize", study)
    done = optimize("summarize", study, "--table", file)
    assert (done.exit_code, done.stdout) == (0, plain.stdout)
    records, _ = read_all(study)
    with file.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    assert [int(row["number"]) for row in rows] == sorted(records)
    for row in rows:
        record = records[int(row["number"])]
        assert record.metrics is not None
        for name in METRICS:
            value = record.metrics[name]
            assert row[name] == "" if value is None else float(row[name]) == value
        assert {name: json.loads(row[name]) for name in record.parameters} == record.parameters
        assert json.loads(row["feasible"]) == record.feasible
        assert row["summary_digest"] == record.summary_digest
        assert row["reasons"] == "; ".join(record.reasons)
        assert float(row["score"]) == record.score


def test_a_table_that_cannot_be_written_is_told_before(study: Path, tmp_path: Path) -> None:
    told = refused(optimize("summarize", study, "--table", tmp_path / "no" / "t.csv"))
    assert "--table" in told
    assert refused(optimize("summarize", study, "--table", "-")) == "--table -: a file is needed"


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_tests_in_a_row_are_told_as_one(study: Path, tmp_path: Path, direction: str) -> None:
    walk = {"kind": "walk-forward", "folds": 3, "test": 0.2}
    goal = {"metric": "total_return", "direction": direction}
    write_search(tmp_path / "w.toml", validation=walk, constraints=[], budget={"trials": 6}, objective=goal)
    done = optimize("run", tmp_path / "w.toml", "--results", study.parent)
    summary = summarize(study.parent / "w")
    scores = [fold.best.out_of_sample for fold in summary.folds]
    assert all(score is not None for score in scores)
    ordered = sorted(float(score or 0.0) for score in scores)
    whole = (1.0 + (scores[0] or 0.0)) * (1.0 + (scores[1] or 0.0)) * (1.0 + (scores[2] or 0.0)) - 1.0
    found = summary.together
    assert found is not None
    assert (found.tests, found.total_return, found.median_score) == (3, whole, ordered[1])
    assert found.worst_score == (ordered[0] if direction == "maximize" else ordered[-1])
    assert f"3 tests in a row: return {whole:+.2%}; score: median {ordered[1]:.4f}, worst " in done.stdout
    assert summarize(study).together is None
