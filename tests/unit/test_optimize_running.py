"""A search from end to end: the same trials, scores and records wherever it runs, and each the engine's own result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from genesis_core import Candles, Config, backtest, synthetic
from genesis_core.backtesting import Sweep
from genesis_core.compiler.jit import CompilerError
from genesis_core.errors import SearchError
from genesis_core.optimize import (
    Search,
    backend,
    evaluate,
    optimize,
    processes,
    summarize,
)
from genesis_core.optimize.optimizing import plan
from genesis_core.optimize.progress import Progress
from genesis_core.optimize.record import Record
from genesis_core.optimize.store import read_all, trial_names
from genesis_core.optimize.study import Study
from genesis_core.strategy import load_strategy
from tests.unit.search_cases import (
    BY,
    ROOT,
    TABLES,
    TRIALS,
    config_of,
    disturbed,
    search_of,
    stored,
    write_own,
    write_search,
)
from tests.unit.test_cli import process

CANDLES = synthetic(bars=1_500)
SEARCHED, TESTED = CANDLES[:1_050], CANDLES[1_050:]
BASE = load_strategy(TABLES)
GRID: dict[str, Any] = {"sampler": {"kind": "grid", "batch": 4}, "constraints": [], "validation": None}
RETURN = {"metric": "total_return"}


def records_of(folder: Path) -> list[Record]:
    records, broken = read_all(folder)
    assert broken == {}
    assert sorted(records) == list(range(len(records)))
    return [records[number] for number in range(len(records))]


def ranking(folder: Path) -> list[tuple[Any, ...]]:
    """Return parameters and scores, best first, whatever the trials' numbers are."""
    top = summarize(folder, 1_000).top
    return [(sorted(one.parameters.items()), one.score, one.metrics, one.summary_digest) for one in top]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the search in this process; nobody may change the folder."""
    return optimize(search_of(), CANDLES, results=tmp_path_factory.mktemp("here")).folder


def test_processes_change_nothing(here: Path, tmp_path: Path) -> None:
    done = optimize(search_of(), CANDLES, results=tmp_path, executor="processes", workers=2)
    assert (done.progress.run, done.progress.done, done.progress.stopped) == (TRIALS, TRIALS, "trials")
    assert stored(done.folder) == stored(here)
    assert ranking(done.folder) == ranking(here)
    assert (done.folder / "validation.json").read_bytes() == (here / "validation.json").read_bytes()


def test_an_executor_of_the_callers_own_changes_nothing_and_stays_open(here: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        done = optimize(search_of(), CANDLES, results=tmp_path, executor=pool, workers=3)
        assert pool.submit(int, "7").result() == 7
    assert stored(done.folder) == stored(here)
    assert (done.folder / "validation.json").read_bytes() == (here / "validation.json").read_bytes()


@pytest.mark.parametrize("batch", [1, 7, 64])
def test_the_size_of_the_batches_changes_no_random_trial(here: Path, tmp_path: Path, batch: int) -> None:
    done = optimize(search_of(sampler={"batch": batch}), CANDLES, results=tmp_path)
    assert stored(done.folder) == stored(here)
    assert ranking(done.folder) == ranking(here)


def test_two_runs_with_tpe_are_the_same_and_it_learns_from_the_results(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    tpe = search_of(sampler={"kind": "tpe", "startup": 8})
    one = optimize(tpe, CANDLES, results=tmp_path / "one").folder
    part = optimize(tpe.with_trials(16), CANDLES, results=tmp_path / "two").folder
    rest = optimize(tpe, CANDLES, results=tmp_path / "two")
    assert (rest.progress.known, rest.progress.run) == (16, 8)
    assert stored(one) == stored(part)
    least = search_of(
        sampler={"kind": "tpe", "startup": 8}, objective={"metric": "sharpe", "direction": "minimize"}
    )
    other = optimize(least, CANDLES, results=tmp_path / "three")
    parameters = [[record.parameters for record in records_of(folder)] for folder in (one, other.folder)]
    assert parameters[0][:8] == parameters[1][:8]
    assert parameters[0][16:] != parameters[1][16:]


def test_each_trial_is_a_single_backtest(here: Path) -> None:
    digests = set()
    for record in records_of(here):
        config = config_of(record.parameters, BASE)
        single = backtest(SEARCHED, config, compiled=True)
        assert record.config == config.digest
        assert record.summary_digest == single.summary_digest
        assert record.metrics is not None
        assert record.metrics["sharpe"] == single.metrics.sharpe
        for name in ("total_return", "trades", "win_rate", "profit_factor", "max_drawdown"):
            assert record.metrics[name] == getattr(single.metrics, name)
        assert record.metrics["final_equity"] == single.equity.item(-1)
        assert record.metrics["fees"] == single.fees
        assert record.score == single.metrics.sharpe
        assert record.feasible == (single.metrics.max_drawdown <= 0.025)
        digests.add(record.summary_digest)
    assert len(digests) > TRIALS // 2


def test_a_short_trial_is_a_run_of_the_reference(tmp_path: Path) -> None:
    short = synthetic(bars=260)
    search = search_of(validation=None, budget={"trials": 2}, constraints=[], data={"bars": 260})
    for record in records_of(optimize(search, short, results=tmp_path).folder):
        slow = backtest(short, config_of(record.parameters, BASE))
        assert slow.plan.path == "recompute"
        assert record.summary_digest == slow.summary_digest


def test_a_strategy_in_code_is_a_single_backtest_wherever_it_runs(tmp_path: Path) -> None:
    own = write_own(tmp_path / "own.py")
    search = search_of(strategy=str(own), parameters=BY, objective=RETURN, **GRID)
    one = optimize(search, CANDLES, results=tmp_path / "one")
    assert one.progress.stopped == "grid"
    base = load_strategy(own)
    records = records_of(one.folder)
    assert sorted(record.parameters["features.slope.by"] for record in records) == [1.0, 2.0, 3.0, 4.0, 5.0]
    for record in records:
        config = base.updated({"features": {"slope": {"by": record.parameters["features.slope.by"]}}})
        assert record.summary_digest == backtest(CANDLES, config, compiled=True).summary_digest
        assert record.config == config.digest
    assert len({record.score for record in records}) == 5
    two = optimize(search, CANDLES, results=tmp_path / "two", executor="processes", workers=1)
    assert stored(two.folder) == stored(one.folder)


def test_parameters_of_a_decide_step_can_be_searched(tmp_path: Path) -> None:
    own = write_own(tmp_path / "own.py")
    least = {"decide": {"least": {"kind": "choice", "values": [20.0, 50.0, 90.0]}}}
    search = search_of(strategy=str(own), parameters=least, objective=RETURN, **GRID)
    records = records_of(optimize(search, CANDLES, results=tmp_path / "r").folder)
    assert len({record.score for record in records}) == 3
    for record in records:
        config = load_strategy(own).updated({"decide": {"least": record.parameters["decide.least"]}})
        assert record.summary_digest == backtest(CANDLES, config, compiled=True).summary_digest


class Counted:
    """Counts the configs that the engine runs over a search's candles, and disturbs it where asked to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, faults: dict[str, int] | None = None) -> None:
        self.configs: list[Config] = []
        self._faults = faults or {}
        counted = self

        class Watched(Sweep):
            def __init__(self, candles: Candles, keep: Iterable[Config] = ()) -> None:
                super().__init__(candles, keep)
                self.searched = candles.timestamp[0] == CANDLES.timestamp[0]

            def run(self, configs: Iterable[Any], *, threads: int = 1) -> list[Any]:
                given = list(configs)
                counted.look(given, self.searched)
                return super().run(given, threads=threads)

        monkeypatch.setattr(evaluate, "Sweep", Watched)

    def look(self, configs: list[Config], searched: bool) -> None:
        for config in configs:
            if len(configs) == 1 and self._faults.get(config.digest, 0):
                self._faults[config.digest] -= 1
                raise RuntimeError("once")
        if any(self._faults.get(config.digest, 0) for config in configs):
            raise RuntimeError("one of them")
        if searched:
            self.configs += configs

    def times(self, record: Record) -> int:
        return sum(config.digest == record.config for config in self.configs)


def test_what_was_tried_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {
        "exits": {"stop": {"kind": "choice", "values": [2.0, 3.0]}},
        "decision": {"cooldown_bars": {"kind": "choice", "values": [0, 6, 12]}},
    }
    counted = Counted(monkeypatch)
    done = optimize(search_of(parameters=few, budget={"trials": 30}), CANDLES, results=tmp_path)
    records = records_of(done.folder)
    first: dict[str, Record] = {}
    for record in records:
        seen = json.dumps(record.parameters, sort_keys=True)
        if seen not in first:
            first[seen] = record
            assert (record.status, record.repeats, record.attempts) == ("complete", None, 1)
            continue
        before = first[seen]
        assert (record.status, record.repeats, record.attempts) == ("repeated", before.number, 0)
        for name in ("identity", "metrics", "score", "feasible", "summary_digest", "config"):
            assert getattr(record, name) == getattr(before, name)
    assert len(first) == 6
    assert [counted.times(record) for record in first.values()] == [1] * 6
    assert done.progress.run == 6
    assert done.progress.done == 30
    summary = summarize(done.folder, 100)
    assert summary.counts["repeated"] == 24
    assert len(summary.top) == summary.ranks <= 6


@pytest.mark.parametrize("retries", [0, 2])
def test_a_trial_that_raises_is_tried_again_and_then_recorded(tmp_path: Path, retries: int) -> None:
    undisturbed = write_own(tmp_path / "well.py")
    raising = write_own(tmp_path / "raises.py", building="if p['by'] == 3.0: raise RuntimeError('by three')")
    folders = []
    for file in (undisturbed, raising):
        search = search_of(
            file.stem,
            strategy=str(file),
            parameters=BY,
            objective=RETURN,
            budget={"retries": retries},
            **GRID,
        )
        folders.append(optimize(search, CANDLES, results=tmp_path / "r").folder)
    (failed,) = [record for record in records_of(folders[1]) if record.status != "complete"]
    assert failed.status == "failed"
    assert failed.parameters == {"features.slope.by": 3.0}
    assert failed.attempts == retries + 1
    assert failed.error is not None
    assert failed.error.startswith("RuntimeError: by three (raises.py:")
    assert (failed.metrics, failed.score, failed.feasible, failed.summary_digest) == (None, None, False, None)
    others = [one for one in ranking(folders[0]) if one[0] != [("features.slope.by", 3.0)]]
    assert ranking(folders[1]) == others
    assert len(others) == 4
    summary = summarize(folders[1])
    assert summary.counts["failed"] == 1
    assert summary.reasons[failed.error] == 1
    again = optimize(Study.open(folders[1]).search, CANDLES, results=tmp_path / "r")
    assert (again.progress.known, again.progress.run) == (5, 0)


def test_a_trial_that_raises_once_costs_nothing_but_an_attempt(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = records_of(here)
    Counted(monkeypatch, {records[3].config: 1, records[12].config: 1})
    done = optimize(search_of(), CANDLES, results=tmp_path)
    assert stored(done.folder) == stored(here)
    attempts = [record.attempts for record in records_of(done.folder)]
    assert attempts == [2 if number in (3, 12) else 1 for number in range(TRIALS)]


def test_a_trial_that_never_ends_is_stopped_and_recorded(tmp_path: Path) -> None:
    own = write_own(tmp_path / "own.py", "while p[0] == 3.0:\n        extra = extra + 1.0")
    well = write_own(tmp_path / "well.py")
    three = {"features": {"slope": {"by": {"kind": "choice", "values": [2.0, 3.0, 4.0]}}}}
    budget = {"trial_seconds": 2.0, "retries": 1}
    search = search_of("own", strategy=str(own), parameters=three, objective=RETURN, budget=budget, **GRID)
    done = optimize(search, CANDLES, results=tmp_path / "r", executor="processes", workers=1)
    records = {record.parameters["features.slope.by"]: record for record in records_of(done.folder)}
    assert records[3.0].status == "failed"
    assert records[3.0].error == "did not end within 2 s"
    assert records[3.0].attempts == 2
    assert records[3.0].metrics is None
    free = search_of("well", strategy=str(well), parameters=three, objective=RETURN, **GRID)
    expected = ranking(optimize(free, CANDLES, results=tmp_path / "r").folder)
    assert ranking(done.folder) == [one for one in expected if one[0] != [("features.slope.by", 3.0)]]
    assert {records[by].status for by in (2.0, 4.0)} == {"complete"}


class Dead:
    """A process that the pool's own thread reaps at the same time: its exit code is not there at once."""

    def __init__(self, code: int) -> None:
        self._codes = chain([None, None], repeat(code))

    def join(self, timeout: float | None = None) -> None:
        pass

    @property
    def exitcode(self) -> int | None:
        return next(self._codes)


@pytest.mark.parametrize(("code", "expected"), [(1, True), (-9, False), (3, False)])
def test_the_end_by_a_time_limit_is_told_from_a_death_by_the_exit_code(code: int, expected: bool) -> None:
    pool = object.__new__(processes.Pool)
    pool._pool = SimpleNamespace(_processes={7: Dead(code)})  # type: ignore[assignment]
    assert pool.ran_out_of_time() == expected


def test_a_trial_whose_process_dies_is_told_from_one_that_never_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "DEATHS", 1)
    building = "while p['by'] == 3.0: pass\n    if p['by'] == 5.0: os._exit(3)"
    own = write_own(tmp_path / "own.py", building=building)
    three = {"features": {"slope": {"by": {"kind": "choice", "values": [2.0, 3.0, 5.0]}}}}
    budget = {"trial_seconds": 2.0, "retries": 0}
    search = search_of(strategy=str(own), parameters=three, objective=RETURN, budget=budget, **GRID)
    records = records_of(
        optimize(search, CANDLES, results=tmp_path).folder
    )  # here: one process beside this one
    found = {
        record.parameters["features.slope.by"]: (record.status, record.error, record.attempts)
        for record in records
    }
    assert found == {
        2.0: ("complete", None, 1),
        3.0: ("failed", "did not end within 2 s", 1),
        5.0: ("failed", "its process died each time it was run", 2),
    }


def test_a_machine_that_cannot_compile_says_nothing_of_the_parameters(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, trials = Sweep.run, []

    def breaks(sweep: Sweep, configs: Any) -> Any:
        trials.extend(configs)
        if len(trials) > 12:
            raise CompilerError("there is no compiler")
        return really(sweep, configs)

    with monkeypatch.context() as patch:
        patch.setattr(Sweep, "run", breaks)
        with pytest.raises(CompilerError):
            optimize(search_of(), CANDLES, results=tmp_path)
    records = records_of(tmp_path / "s")
    assert 0 < len(records) < TRIALS
    assert {record.status for record in records} == {"complete"}
    assert stored(optimize(search_of(), CANDLES, results=tmp_path).folder) == stored(here)


@pytest.mark.parametrize("executor", ["here", "processes"])
def test_without_a_compiler_no_trial_is_recorded(tmp_path: Path, executor: str) -> None:
    search = write_search(tmp_path / "s.toml")
    done = process(
        *("optimize", "run", str(search), "--results", str(tmp_path / "r"), "--executor", executor),
        NUMBA_DISABLE_JIT="1",
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("genesis: ")
    assert "NUMBA_DISABLE_JIT is set" in done.stderr.splitlines()[-1]
    assert trial_names(tmp_path / "r" / "s") == []


def test_a_time_limit_needs_processes_of_this_programs_own(tmp_path: Path) -> None:
    search = search_of(budget={"trial_seconds": 5.0})
    with ThreadPoolExecutor(1) as pool, pytest.raises(SearchError, match=r"budget\.trial_seconds"):
        optimize(search, CANDLES, results=tmp_path, executor=pool)


def test_parameters_that_are_no_strategy_are_recorded_as_invalid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stops = {"exits": {"stop": {"kind": "choice", "values": [2.0, -1.0, 3.0]}}}
    counted = Counted(monkeypatch)
    search = search_of(parameters=stops, **GRID)
    records = records_of(optimize(search, CANDLES, results=tmp_path).folder)
    (invalid,) = [record for record in records if record.parameters["exits.stop"] == -1.0]
    assert invalid.status == "invalid"
    assert invalid.error is not None
    assert "exits.stop = -1" in invalid.error
    assert (invalid.attempts, invalid.metrics, invalid.feasible) == (1, None, False)
    assert [record.status for record in records if record is not invalid] == ["complete", "complete"]
    assert [counted.times(record) for record in records if record is not invalid] == [1, 1]
    assert summarize(tmp_path / "s").counts["invalid"] == 1


def assert_tested(study: Study, candles: Candles) -> None:
    """Assert that a validation is that of single runs over the slice of candles."""
    found = json.loads((study.folder / "validation.json").read_bytes())
    fold = study.fold
    part = candles[fold.test_from : fold.test_to]
    assert (found["bars"], found["first"], found["last"]) == (
        len(part),
        int(part.timestamp[0]),
        int(part.timestamp[-1]),
    )
    assert found["data"] == part.fingerprint
    best = summarize(study.folder, study.search.validation.top).top
    assert [one["number"] for one in found["tested"]] == [one.number for one in best]
    for one, ranked in zip(found["tested"], best, strict=True):
        single = backtest(part, config_of(ranked.parameters, BASE), compiled=True)
        assert one["in_sample"] == ranked.score
        assert one["summary_digest"] == single.summary_digest
        assert one["out_of_sample"] == one["metrics"]["sharpe"] == single.metrics.sharpe
        assert one["metrics"]["final_equity"] == single.equity.item(-1)
        assert one["feasible"] == (single.metrics.max_drawdown <= 0.025)
    tests = [one["out_of_sample"] for one in found["tested"]]
    assert found["place"] == sorted(tests, reverse=True).index(tests[0]) + 1


def test_a_holdout_is_not_seen_by_the_search(here: Path, tmp_path: Path) -> None:
    other = optimize(search_of(), disturbed(CANDLES, 1_050), results=tmp_path)
    assert stored(other.folder) == stored(here)
    assert ranking(other.folder) == ranking(here)
    files = [(folder / "validation.json").read_bytes() for folder in (here, other.folder)]
    assert files[0] != files[1]
    seen = optimize(search_of(), disturbed(CANDLES, 1_049), results=tmp_path / "seen")
    assert stored(seen.folder) != stored(here)


def test_a_holdout_is_tested_by_single_runs(here: Path) -> None:
    study = Study.open(here)
    assert (study.fold.search_from, study.fold.search_to) == (0, 1_050)
    assert (study.fold.test_from, study.fold.test_to) == (1_050, 1_500)
    assert_tested(study, CANDLES)


WALK: dict[str, Any] = {"kind": "walk-forward", "test": 0.15, "folds": 3, "embargo": 20, "top": 4}


@pytest.mark.parametrize("mode", ["anchored", "rolling"])
def test_no_fold_sees_its_test_or_what_comes_after(tmp_path: Path, mode: str) -> None:
    search = search_of(validation={**WALK, "mode": mode}, budget={"trials": 12})
    folds = plan(search, CANDLES, BASE)
    assert [fold.test_from for fold in folds] == [825, 1_050, 1_275]
    assert [fold.search_to for fold in folds] == [805, 1_030, 1_255]
    one = optimize(search, CANDLES, results=tmp_path / "one").folder
    homes = ("fold_01", "fold_02", ".")
    for home, fold in zip(homes, folds, strict=True):
        study = Study.open(one / home)
        assert study.fold == fold
        assert_tested(study, CANDLES)
        part = CANDLES[fold.search_from : fold.search_to]
        for record in records_of(one / home)[:3]:
            single = backtest(part, config_of(record.parameters, BASE), compiled=True)
            assert record.summary_digest == single.summary_digest
    for place, (home, fold) in enumerate(zip(homes, folds, strict=True)):
        other = optimize(search, disturbed(CANDLES, fold.search_to), results=tmp_path / f"from{place}").folder
        same = [stored_in(one / name) for name in homes[: place + 1]]
        assert [stored_in(other / name) for name in homes[: place + 1]] == same
        assert (other / home / "validation.json").read_bytes() != (
            one / home / "validation.json"
        ).read_bytes()
    gap = disturbed(CANDLES, folds[0].search_to, folds[0].test_from)
    within = optimize(search, gap, results=tmp_path / "gap").folder
    assert (within / "fold_01/validation.json").read_bytes() == (one / "fold_01/validation.json").read_bytes()


def stored_in(folder: Path) -> dict[str, Any]:
    """Return a folder's own records, without those of the folds in it."""
    return {name: plain for name, plain in stored(folder).items() if "/" not in name}


def test_the_folds_of_a_summary_are_in_time_order(tmp_path: Path) -> None:
    search = search_of(validation=WALK, budget={"trials": 12})
    told: list[str] = []

    def watch(name: str, progress: Progress) -> None:
        if name not in told:
            told.append(name)

    folder = optimize(search, CANDLES, results=tmp_path, tell=watch).folder
    assert told == ["s, fold 1 of 3", "s, fold 2 of 3", "s"]
    folds = summarize(folder).folds
    assert [fold.fold for fold in folds] == [1, 2, 3]
    for fold, home in zip(folds, ("fold_01", "fold_02", "."), strict=True):
        found = json.loads((folder / home / "validation.json").read_bytes())
        assert fold.best.number == found["tested"][0]["number"]
        assert (fold.first, fold.last, fold.tried) == (found["first"], found["last"], len(found["tested"]))
        part = CANDLES[int((fold.first - int(CANDLES.timestamp[0])) // 3_600_000) :][: fold.bars]
        single = backtest(
            part, config_of(records_of(folder / home)[fold.best.number].parameters, BASE), compiled=True
        )
        assert fold.best.summary_digest == single.summary_digest
    assert int(CANDLES.timestamp[-1]) == folds[-1].last


def test_the_default_strategy_is_searched_with_its_higher_candles(tmp_path: Path) -> None:
    base = Config.default()
    assert base.reads_higher
    search = Search.from_dict(
        {
            "parameters": {"decision": {"threshold": {"kind": "float", "low": 0.5, "high": 0.6}}},
            "objective": {"metric": "total_return"},
            "budget": {"trials": 4},
            "validation": {"kind": "holdout", "test": 0.3},
        }
    )
    folder = optimize(search, CANDLES, results=tmp_path).folder
    runs = [
        base.updated({"decision": {"threshold": record.parameters["decision.threshold"]}})
        for record in records_of(folder)
    ]
    for record, config in zip(records_of(folder), runs, strict=True):
        assert record.summary_digest == backtest(SEARCHED, config, compiled=True).summary_digest
    tested = json.loads((folder / "validation.json").read_bytes())["tested"]
    assert len(tested) == 4
    for one in tested:
        single = backtest(TESTED, runs[one["number"]], compiled=True)
        assert one["summary_digest"] == single.summary_digest


def test_workers_that_cannot_start_are_no_failure_of_the_trials(tmp_path: Path) -> None:
    # A script without a guard is run anew by each of its workers, which then die before they do anything.
    (tmp_path / "script.py").write_text(
        "import multiprocessing, os\n"
        "if multiprocessing.parent_process() is not None:\n    os._exit(1)\n"
        "from genesis_core import synthetic\n"
        "from genesis_core.optimize import optimize\n"
        "from tests.unit.search_cases import search_of\n"
        "search = search_of(budget={'trials': 2})\n"
        f"optimize(search, synthetic(bars=1_500), results={str(tmp_path)!r}, executor='processes', workers=1)\n"
    )
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 1
    assert "SearchError" in done.stderr.splitlines()[-1]
    assert list((tmp_path / "s").glob("trial_*")) == []
