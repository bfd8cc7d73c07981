"""What a search does about places where trials run: other code, lost connections, interrupts, limits of time."""

from __future__ import annotations

import errno
import faulthandler
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest

from genesis_core import Config, backtest, synthetic
from genesis_core.errors import GenesisError, SearchError
from genesis_core.optimize import Search, optimize, processes, promote, running
from genesis_core.optimize.backend import Lost
from genesis_core.optimize.evaluate import Task, evaluate
from genesis_core.optimize.identity import Ground
from genesis_core.optimize.objective import Judgement
from genesis_core.optimize.outcome import Outcome
from genesis_core.optimize.processes import Given, Here
from genesis_core.optimize.running import MOST_IN_VAIN, Runner
from genesis_core.optimize.sampling import make_sampler
from genesis_core.optimize.spans import Fold
from genesis_core.optimize.store import read_all
from genesis_core.optimize.study import begin
from genesis_core.optimize.validating import read_validation

CANDLES = synthetic(bars=1_500)
BASE = Config.default()


def search_of(**more: Any) -> Search:
    values = {
        "name": "s",
        "parameters": {"decision.threshold": {"kind": "float", "low": 0.5, "high": 0.7}},
        "objective": {"metric": "total_return"},
        "budget": {"trials": 8},
    }
    return Search.from_dict(values | more)


class Faulty(Here):
    """Runs trials here, after as many faults as wanted."""

    def __init__(self, task: Task, faults: int, fault: BaseException, kind: Lost | None) -> None:
        super().__init__(task)
        self.faults, self.fault, self.kind = faults, fault, kind
        self.restarts = 0

    def submit(self, trials: Sequence[Any], seconds: float | None) -> Future[list[Outcome]]:
        if self.faults == 0:
            return super().submit(trials, seconds)
        self.faults -= 1
        failed: Future[list[Outcome]] = Future()
        failed.set_exception(self.fault)
        return failed

    def lost(self, fault: BaseException) -> Lost | None:
        return self.kind

    def restart(self) -> None:
        self.restarts += 1


def runner_of(folder: Path, backend: Any, search: Search) -> Runner:
    folder.mkdir()
    ground = Ground.of(CANDLES, BASE)
    begin(folder, search, ground, Fold(0, len(CANDLES)))
    return Runner(folder, search, ground, {}, make_sampler(search), backend, lambda progress: None)


def test_a_connection_that_comes_back_costs_nothing(tmp_path: Path) -> None:
    task, search = Task(CANDLES, BASE), search_of()
    backend = Faulty(task, 5, OSError("gone"), Lost.WITHOUT_FAULT)
    runner_of(tmp_path / "s", backend, search).run()
    runner_of(tmp_path / "calm", Here(task), search).run()
    found, calm = read_all(tmp_path / "s")[0], read_all(tmp_path / "calm")[0]
    assert [one.metrics for one in found.values()] == [one.metrics for one in calm.values()]
    assert {one.attempts for one in found.values()} == {1}
    assert backend.restarts == 5


def test_a_connection_that_never_holds_ends_the_run(tmp_path: Path) -> None:
    backend = Faulty(Task(CANDLES, BASE), 10**6, OSError("gone"), Lost.WITHOUT_FAULT)
    with pytest.raises(SearchError, match=f"lost {MOST_IN_VAIN} times without one trial done \\(gone\\)"):
        runner_of(tmp_path / "s", backend, search_of()).run()
    assert read_all(tmp_path / "s") == ({}, {})


def test_a_fault_of_an_unknown_kind_is_one_sentence(tmp_path: Path) -> None:
    backend = Faulty(Task(CANDLES, BASE), 1, ValueError("odd"), None)
    with pytest.raises(SearchError, match=r"^trials cannot be run any more: ValueError: odd$"):
        runner_of(tmp_path / "s", backend, search_of()).run()


def test_a_worker_with_other_code_is_no_trials_fault(tmp_path: Path) -> None:
    task = Task(CANDLES, BASE)
    task._law = "0" * 32
    with pytest.raises(GenesisError, match="a worker has other code of genesis_core than the search"):
        runner_of(tmp_path / "s", Here(task), search_of()).run()
    assert read_all(tmp_path / "s") == ({}, {})


def test_a_strategy_that_was_edited_meanwhile_is_no_trials_fault(tmp_path: Path) -> None:
    file = tmp_path / "strategy.py"
    text = "from genesis_core import Config\nSTRATEGY = Config.default()"
    file.write_text(f"{text}\n")
    task = Task(CANDLES, BASE, str(file))
    file.write_text(f"{text}.updated({{'exits': {{'stop': 2.0}}}})\n")
    with pytest.raises(GenesisError, match="the strategy changed while the study ran"):
        runner_of(tmp_path / "s", Here(task), search_of()).run()
    assert read_all(tmp_path / "s") == ({}, {})


def test_what_is_done_is_recorded_before_more_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MOST_TOGETHER", 2)

    class Interrupted(Here):
        calls = 0

        def submit(self, trials: Sequence[Any], seconds: float | None) -> Future[list[Outcome]]:
            self.calls += 1
            if self.calls == 2:
                raise KeyboardInterrupt
            return super().submit(trials, seconds)

    with pytest.raises(KeyboardInterrupt):
        runner_of(tmp_path / "s", Interrupted(Task(CANDLES, BASE)), search_of()).run()
    assert list(read_all(tmp_path / "s")[0]) == [0, 1]


class Slowest(Here):
    """Does the first group last of all, and says of each trial that it took so long."""

    workers = 2

    def __init__(self, task: Task, seconds: float) -> None:
        super().__init__(task)
        self.seconds = seconds
        self.sizes: list[int] = []
        self.begun: list[float] = []
        self._late: Future[list[Outcome]] | None = None
        self._outcomes: list[Outcome] = []
        self._seen = 0

    def submit(self, trials: Sequence[Any], seconds: float | None) -> Future[list[Outcome]]:
        self.sizes.append(len(trials))
        self.begun += [trial["decision.threshold"] for trial in trials]
        done = [
            msgspec.structs.replace(one, seconds=self.seconds)
            for one in super().submit(trials, seconds).result()
        ]
        future: Future[list[Outcome]] = Future()
        if self._late is None:
            self._late, self._outcomes = future, done
        else:
            future.set_result(done)
        return future

    def look_after_workers(self) -> None:
        """End the first group when nothing else is left to wait for: nothing began between two looks."""
        idle, self._seen = self._seen == len(self.sizes) > 0, len(self.sizes)
        if idle and self._late is not None and not self._late.done():
            self._late.set_result(self._outcomes)


def thresholds(folder: Path) -> list[Any]:
    return [one.parameters["decision.threshold"] for _, one in sorted(read_all(folder)[0].items())]


def test_where_nothing_is_learned_no_worker_waits_for_the_slowest_of_a_batch(tmp_path: Path) -> None:
    backend = Slowest(Task(CANDLES, BASE), 0.001)
    search = search_of(sampler={"batch": 5}, budget={"trials": 23})
    runner_of(tmp_path / "s", backend, search).run()
    assert sum(backend.sizes) == 23
    assert backend.begun == thresholds(tmp_path / "s")


@pytest.mark.parametrize("batch", [1, 64])
def test_a_small_space_is_begun_before_all_its_repetitions_are_asked_for(tmp_path: Path, batch: int) -> None:
    few = {"decision.threshold": {"kind": "choice", "values": [0.5, 0.55, 0.6, 0.65, 0.7]}}
    backend = Slowest(Task(CANDLES, BASE), 0.001)
    search = search_of(parameters=few, sampler={"batch": batch}, budget={"trials": 1_000})
    asked: list[int] = []
    begun: list[int] = []
    runner = runner_of(tmp_path / "s", backend, search)
    ask, submit = runner.sampler.ask, backend.submit

    def watched_ask(first: int, count: int) -> list[Any]:
        asked.append(first)
        return ask(first, count)

    def watched_submit(trials: Sequence[Any], seconds: float | None) -> Future[list[Outcome]]:
        begun.append(asked[-1])
        return submit(trials, seconds)

    runner.sampler.ask = watched_ask  # type: ignore[method-assign]
    backend.submit = watched_submit  # type: ignore[method-assign]
    runner.run()
    assert begun[0] == 0
    assert max(begun) < 500
    records = read_all(tmp_path / "s")[0]
    assert sorted(records) == list(range(1_000))
    assert sum(one.status == "repeated" for one in records.values()) == 995
    assert len(backend.begun) == len(set(backend.begun)) == 5


def test_where_something_is_learned_a_batch_is_told_before_the_next(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    backend = Slowest(Task(CANDLES, BASE), 0.001)
    search = search_of(sampler={"kind": "tpe", "batch": 5, "startup": 2}, budget={"trials": 10})
    told: list[int] = []
    runner = runner_of(tmp_path / "s", backend, search)
    tell = runner.sampler.tell

    def watched(results: Sequence[Any]) -> None:
        told.append(len(backend.begun))
        tell(results)

    runner.sampler.tell = watched  # type: ignore[method-assign]
    runner.run()
    assert told == [0, 5]


def test_groups_get_smaller_where_trials_are_slow_and_towards_the_end(tmp_path: Path) -> None:
    search = search_of(budget={"trials": 100})
    quick, slow, endless = (Slowest(Task(CANDLES, BASE), seconds) for seconds in (0.004, 0.3, 60.0))
    for name, backend in (("quick", quick), ("slow", slow), ("endless", endless)):
        runner_of(tmp_path / name, backend, search).run()
        assert thresholds(tmp_path / name) == thresholds(tmp_path / "quick")
    # Nothing is known of the first two; an eighth of what is left each, but from 20 ms to a second of work.
    assert quick.sizes[:6] == [10, 10, 10, 9, 8, 7]
    assert set(quick.sizes[8:-1]) == {5}
    assert set(slow.sizes[4:]) == {3, 2, 1}
    assert set(endless.sizes[4:]) == {1}


class Uneven(Slowest):
    """Is done with some groups at once: with an outcome of their own."""

    def __init__(self, task: Task, quick: Callable[[int], bool], outcome: Outcome) -> None:
        super().__init__(task, 60.0)
        self.quick, self.outcome = quick, outcome

    def submit(self, trials: Sequence[Any], seconds: float | None) -> Future[list[Outcome]]:
        if not self.quick(len(self.sizes)):
            return super().submit(trials, seconds)
        self.sizes.append(len(trials))
        self.begun += [trial["decision.threshold"] for trial in trials]
        future: Future[list[Outcome]] = Future()
        future.set_result([self.outcome for _ in trials])
        return future


@pytest.mark.parametrize(
    ("quick", "outcome"),
    [
        (lambda at: 8 <= at < 40, Outcome(status="invalid", error="no strategy")),
        (lambda at: 8 <= at < 40, Outcome(status="failed", error="raised", seconds=1e-4)),
        (lambda at: at >= 8 and at % 5 == 0, Outcome(status="complete", metrics=None, seconds=1e-4)),
    ],
    ids=["many that are no strategy", "many that raise at once", "now and then a quick one"],
)
def test_groups_of_slow_trials_stay_small(
    tmp_path: Path, quick: Callable[[int], bool], outcome: Outcome
) -> None:
    backend = Uneven(Task(CANDLES, BASE), quick, outcome)
    search = search_of(budget={"trials": 100, "retries": 0})
    runner_of(tmp_path / "s", backend, search).run()
    assert sum(backend.sizes) == 100
    assert set(backend.sizes[4:]) == {1}


class Held(Here):
    """Lets nothing run before nothing more begins; some more workers come after the first look."""

    def __init__(self, task: Task, workers: int, more: int) -> None:
        super().__init__(task)
        self.workers, self.more = workers, more
        self.held: list[tuple[Future[list[Outcome]], Sequence[Any]]] = []
        self.most = self._seen = 0

    def submit(self, trials: Sequence[Any], seconds: float | None) -> Future[list[Outcome]]:
        self.held.append((Future(), trials))
        self.most = max(self.most, len(self.held))
        return self.held[-1][0]

    def look_after_workers(self) -> None:
        if self._seen == len(self.held):
            for future, trials in self.held:
                future.set_result(super().submit(trials, None).result())
            self.held.clear()
            self.workers += self.more
            self.more = 0
        self._seen = len(self.held)


@pytest.mark.parametrize(("more", "most"), [(0, 4), (6, 16)])
def test_workers_that_come_later_get_work(tmp_path: Path, more: int, most: int) -> None:
    backend = Held(Task(CANDLES, BASE), 2, more)
    runner_of(tmp_path / "s", backend, search_of(budget={"trials": 400})).run()
    assert backend.most == most


@pytest.mark.filterwarnings("ignore:Creating scratch directories is taking:UserWarning")
def test_workers_that_join_a_cluster_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    from genesis_core.optimize import cluster

    monkeypatch.setattr(cluster, "LOOK_AGAIN", 0.0)
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, silence_logs=50
    ) as local:
        backend = cluster.Dask(Task(CANDLES, BASE), local.scheduler_address, 1, guarded=False)
        try:
            assert backend.workers == 1
            local.scale(2)
            local.wait_for_workers(2)
            for _ in range(30):
                backend._asked_again = 0.0
                backend.look_after_workers()  # a look that is not answered within two seconds sees nothing
                if backend.workers == 2:
                    break
            assert backend.workers == 2
        finally:
            backend.close()


def test_an_executor_that_is_shut_down_or_broken_is_one_sentence(tmp_path: Path) -> None:
    gone = ThreadPoolExecutor(1)
    gone.shutdown()
    with pytest.raises(
        SearchError, match="trials cannot be run any more: RuntimeError: cannot schedule new futures"
    ):
        optimize(search_of(), CANDLES, results=tmp_path, executor=gone)
    with ProcessPoolExecutor(1) as broken:
        with pytest.raises(BrokenExecutor):
            broken.submit(os._exit, 3).result()
        with pytest.raises(SearchError, match="trials cannot be run any more: BrokenProcessPool: "):
            optimize(search_of(), CANDLES, results=tmp_path, executor=broken)


def test_what_an_executor_has_not_begun_is_taken_back() -> None:
    held = Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(held.wait)
        backend = Given(Task(CANDLES, BASE), pool, 1)
        begun = [backend.submit([{}], None) for _ in range(3)]
        backend.close()
        held.set()
    assert [future.cancelled() for future in begun] == [True] * 3


def test_candles_that_cannot_be_written_for_the_workers_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(processes.pickle, "dump", full)
    with pytest.raises(SearchError, match="cannot be written for the workers: No space left on device"):
        optimize(search_of(), CANDLES, results=tmp_path / "r", executor="processes", workers=1)
    assert not list(tmp_path.glob("genesis-task-*"))


def test_a_strategy_that_only_runs_with_parameters_is_searched(tmp_path: Path) -> None:
    # Candles of 4 h do not make whole candles of 6 h, which the strategy says; of those that are searched they do.
    candles = synthetic(bars=1_500, timeframe="4h")
    base = BASE.updated({"higher": {"timeframe": "6h"}})
    search = search_of(
        parameters={"higher.timeframe": {"kind": "choice", "values": ["8h", "12h", "1D", "6h"]}},
        sampler={"kind": "grid"},
    )
    task = Task(candles, base)
    found = {
        point["higher.timeframe"]: evaluate(task, [point])[0] for point in make_sampler(search).ask(0, 4)
    }
    assert {name: one.status for name, one in found.items()} == {
        "8h": "complete", "12h": "complete", "1D": "complete", "6h": "invalid"
    }  # fmt: skip
    for name in ("8h", "12h", "1D"):
        config = base.updated({"higher": {"timeframe": name}})
        single = backtest(candles, config, compiled=True)
        assert found[name].summary_digest == single.summary_digest


def test_workers_are_at_least_one(tmp_path: Path) -> None:
    with (
        ThreadPoolExecutor(1) as pool,
        pytest.raises(SearchError, match="workers = -1; at least 1 is needed"),
    ):
        optimize(search_of(), CANDLES, results=tmp_path, executor=pool, workers=-1)


def test_the_limit_of_time_is_each_trials_own(monkeypatch: pytest.MonkeyPatch) -> None:
    armed: list[float] = []
    monkeypatch.setattr(faulthandler, "dump_traceback_later", lambda seconds, **_: armed.append(seconds))
    monkeypatch.setattr(faulthandler, "cancel_dump_traceback_later", lambda: armed.append(0.0))
    task = Task(CANDLES, BASE)
    trials = [{"decision.threshold": 0.5 + 0.01 * k} for k in range(3)]
    limited = evaluate(task, trials, 2.0)
    assert armed == [300.0, 0.0, 2.0, 0.0, 2.0, 0.0, 2.0, 0.0]
    assert [one.metrics for one in limited] == [one.metrics for one in evaluate(task, trials)]


def test_a_trial_that_is_too_long_for_the_test_is_said_to_be(tmp_path: Path) -> None:
    search = search_of(
        parameters={"features.bb_position_inv_ma3.n": {"kind": "choice", "values": [400, 420]}},
        validation={"kind": "holdout", "test": 0.2},
        budget={"trials": 4},
    )
    done = optimize(search, CANDLES, results=tmp_path)
    found = read_validation(done.folder)
    assert found is not None
    assert found.tested[0].out_of_sample is None
    assert "300 bars are too few" in found.tested[0].reasons[0]
    assert "out-of-sample the best trial has no score" in found.warnings[0]


def test_a_champion_that_saw_the_test_is_refused(tmp_path: Path) -> None:
    for name, share in (("late", 0.1), ("early", 0.4)):
        optimize(
            search_of(name=name, validation={"kind": "holdout", "test": share}), CANDLES, results=tmp_path
        )
    champion = tmp_path / "champion.toml"
    assert promote(tmp_path / "late", CANDLES, champion).promoted
    before = champion.read_bytes()
    with pytest.raises(SearchError, match="a search that saw candles of this test"):
        promote(tmp_path / "early", CANDLES, champion)
    assert champion.read_bytes() == before


def test_a_soft_constraint_that_is_not_met_out_of_sample_costs_score_and_is_no_failure(
    tmp_path: Path,
) -> None:
    many = {"metric": "trades", "at_least": 10_000}
    for name, weight in (("soft", {"weight": 1e-9}), ("hard", {})):
        bounds = [many | weight] if weight else [{"metric": "trades", "at_least": 100}]
        search = search_of(name=name, constraints=bounds, validation={"kind": "holdout", "test": 0.1})
        optimize(search, CANDLES, results=tmp_path)
    soft, hard = (read_validation(tmp_path / name) for name in ("soft", "hard"))
    assert soft is not None
    assert hard is not None
    assert soft.tested[0].reasons == ["trades >= 10000 (soft)"]
    assert not any("does not meet" in text for text in soft.warnings)
    assert any("does not meet: trades >= 100" in text for text in hard.warnings)
    assert promote(tmp_path / "soft", CANDLES, tmp_path / "soft.toml").promoted
    refused = promote(tmp_path / "hard", CANDLES, tmp_path / "hard.toml")
    assert refused.reason == "on the validation candles it does not meet: trades >= 100"


def test_a_judgement_tells_what_only_costs_score_from_what_is_unmet() -> None:
    reasons = ["trades >= 30", "max_drawdown <= 0.1 (soft)", "sharpe is not defined"]
    assert Judgement(None, False, reasons).unmet == ["trades >= 30", "sharpe is not defined"]
