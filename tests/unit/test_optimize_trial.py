"""``genesis backtest --trial``: a recorded trial again, bit for bit."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import Result

from genesis_core.optimize.record import to_bytes
from genesis_core.optimize.store import file_name, read_record
from tests.unit.search_cases import BY, TABLES, write_own, write_search
from tests.unit.study_cases import optimize, refused
from tests.unit.test_cli import invoke


def again(file: Path, *more: object) -> Result:
    return invoke("backtest", "--trial", file, *more)


@pytest.mark.parametrize("plan", [(), ("--precompute-features",), ("--fast-window",)])
def test_a_trial_gives_the_recorded_result(study: Path, plan: tuple[str, ...]) -> None:
    done = again(study / file_name(4), *plan)
    assert done.exit_code == 0, done.output
    assert "trial 4 of s: the recorded result, bit for bit" in done.stdout
    plain = json.loads(again(study / file_name(4), *plan, "--json", "-").stdout)
    record = read_record(study / file_name(4))
    assert plain["trial"]["same"] is True
    assert plain["trial"]["recorded"] == plain["summary_digest"] == record.summary_digest
    assert plain["bars"] == 1_050
    assert record.metrics is not None
    assert plain["metrics"]["sharpe"] == record.metrics["sharpe"]
    assert plain["final_equity"] == record.metrics["final_equity"]


def test_another_result_is_exit_code_1(study: Path) -> None:
    record = read_record(study / file_name(4))
    (study / file_name(4)).write_bytes(to_bytes(msgspec.structs.replace(record, summary_digest="0" * 32)))
    done = again(study / file_name(4))
    assert done.exit_code == 1
    assert "NOT the recorded result" in done.stdout
    plain = again(study / file_name(4), "--json", "-")
    assert plain.exit_code == 1
    assert json.loads(plain.stdout)["trial"]["same"] is False


def test_it_says_candles_and_strategy_alone(study: Path) -> None:
    for more in (("--bars", 100), ("--strategy", TABLES), ("--symbol", "tBTCUSD")):
        assert "leave the options of both out" in refused(again(study / file_name(4), *more))


def test_a_damaged_record_is_one_line(study: Path, tmp_path: Path) -> None:
    file = study / file_name(4)
    content = file.read_bytes()
    file.write_bytes(content[:200])
    assert "cut short" in refused(again(file))
    file.write_bytes(content.replace(b'"exits.stop": ', b'"exits.stop": 1'))
    assert "checksum" in refused(again(file))
    (study / file_name(5)).write_bytes(content)
    assert "holds trial 4" in refused(again(study / file_name(5)))
    assert "cannot be read" in refused(again(study / file_name(999)))
    (tmp_path / file_name(4)).write_bytes(content)
    assert "there is no study here" in refused(again(tmp_path / file_name(4)))


@pytest.mark.parametrize("fault", ["RuntimeError('by three')", "ValueError('by three')"])
def test_a_trial_that_failed_is_one_line(tmp_path: Path, fault: str) -> None:
    write_own(tmp_path / "own.py", building=f"if p['by'] == 3.0: raise {fault}")
    write_search(
        tmp_path / "s.toml", strategy="own.py", parameters=BY, sampler={"kind": "grid"}, constraints=[],
        objective={"metric": "total_return"}, validation=None,
    )  # fmt: skip
    done = optimize("run", tmp_path / "s.toml", "--results", tmp_path / "r")
    assert done.exit_code == 0, done.output
    records = [read_record(tmp_path / "r" / "s" / file_name(number)) for number in range(5)]
    (failed,) = [record for record in records if record.status == "failed"]
    assert "by three" in refused(again(tmp_path / "r" / "s" / file_name(failed.number)))


def test_a_trial_of_a_fold_runs_over_its_candles(tmp_path: Path) -> None:
    walk = {"kind": "walk-forward", "test": 0.15, "folds": 3, "embargo": 5, "mode": "rolling"}
    write_search(tmp_path / "w.toml", validation=walk, budget={"trials": 6}, constraints=[])
    done = optimize("run", tmp_path / "w.toml", "--results", tmp_path / "r")
    assert done.exit_code == 0, done.output
    assert [line[:6] for line in done.stdout.splitlines() if line[1:6] == " of 3"] == [
        "1 of 3",
        "2 of 3",
        "3 of 3",
    ]
    for home in ("fold_01", "fold_02", "."):
        found = again(tmp_path / "r" / "w" / home / file_name(2))
        assert found.exit_code == 0, found.output
        assert "bit for bit" in found.stdout
    told = refused(optimize("resume", tmp_path / "r" / "w" / "fold_01"))
    assert "fold" in told
    assert "changed since" not in told
