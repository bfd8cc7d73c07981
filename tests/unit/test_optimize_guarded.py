"""Trials outside a search, each within its time: tests of what was found, and the two of a promotion."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, Future
from pathlib import Path
from typing import Any

import msgspec
import pytest

from genesis_core.errors import SearchError
from genesis_core.optimize import guarded, optimize, promote, promoting, validating
from genesis_core.optimize.backend import DEATHS, DIED
from genesis_core.optimize.evaluate import PREPARING
from genesis_core.optimize.guarded import NOT_READY, evaluate_within
from genesis_core.optimize.outcome import Outcome
from genesis_core.strategy import load_strategy
from tests.unit.search_cases import BY, search_of, write_own
from tests.unit.study_cases import CANDLES, scores

SECONDS = 5.0
WELL = Outcome(status="complete", metrics={}, summary_digest="d", config="c")
RAISED = Outcome(status="failed", error="RuntimeError: no")


class Pool:
    """Does what it is told: an outcome, or the seconds after which the process is gone, and whether by its limit."""

    def __init__(self, said: list[Outcome | tuple[float, bool]]) -> None:
        self.said, self.now, self.restarts, self.closed = said, 0.0, 0, False
        self._by_limit = False

    def __call__(self, task: object, workers: int) -> Pool:
        assert workers == 1
        return self

    def monotonic(self) -> float:
        return self.now

    def submit(self, trials: list[Any], seconds: float) -> Future[list[Outcome]]:
        assert (len(trials), seconds) == (1, SECONDS)
        made: Future[list[Outcome]] = Future()
        said = self.said.pop(0)
        if isinstance(said, Outcome):
            made.set_result([said])
        else:
            elapsed, self._by_limit = said
            self.now += elapsed
            made.set_exception(BrokenExecutor("gone"))
        return made

    def ran_out_of_time(self) -> bool:
        return self._by_limit

    def restart(self) -> None:
        self.restarts += 1

    def close(self) -> None:
        self.closed = True


KILLED, ENDLESS = (0.1, False), (SECONDS + 0.1, True)


@pytest.mark.parametrize(
    ("said", "retries", "words"),
    [
        ([WELL], 0, None),
        ([KILLED] * DEATHS + [WELL], 0, None),
        ([KILLED] * (DEATHS + 1), 0, DIED),
        ([ENDLESS, WELL], 1, None),
        ([ENDLESS], 0, "did not end within 5 s"),
        ([ENDLESS, ENDLESS], 1, "did not end within 5 s"),
        ([RAISED, WELL], 1, None),
        ([RAISED, RAISED], 1, RAISED.error),
        ([KILLED, ENDLESS], 1, "did not end within 5 s"),
        ([(PREPARING + 1.0, True)], 3, NOT_READY),
    ],
)
def test_a_trial_is_tried_as_often_as_in_a_search(
    monkeypatch: pytest.MonkeyPatch, said: list[Any], retries: int, words: str | None
) -> None:
    pool = Pool(list(said))
    monkeypatch.setattr(guarded, "Pool", pool)
    monkeypatch.setattr(guarded, "time", pool)
    (outcome,) = evaluate_within(object(), [{}], SECONDS, retries)  # type: ignore[arg-type]
    assert (outcome.error, pool.said, pool.closed) == (words, [], True)
    assert pool.restarts == sum(not isinstance(one, Outcome) for one in said)


def test_where_nothing_gets_ready_it_is_not_waited_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool([WELL, (PREPARING + 1.0, True)])
    monkeypatch.setattr(guarded, "Pool", pool)
    monkeypatch.setattr(guarded, "time", pool)
    made = evaluate_within(object(), [{}] * 4, SECONDS, 1)  # type: ignore[arg-type]
    assert [one.error for one in made] == [None, NOT_READY, NOT_READY, NOT_READY]


@pytest.mark.parametrize("failing", ["champion", "candidate"])
def test_what_could_not_be_run_neither_wins_nor_loses(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    order = sorted((one for one in scores(study) if one["feasible"]), key=lambda one: one["out_of_sample"])
    worst, best = order[0]["number"], order[-1]["number"]
    champion = tmp_path / "champion.toml"
    assert promote(study, CANDLES, champion, trial=worst).promoted
    before = champion.read_bytes()
    run_over = validating.run_over

    def dying(*given: Any) -> list[Outcome]:
        is_champion = len(given) > 4 and given[4] is not None
        if is_champion != (failing == "champion"):
            return run_over(*given)
        return [msgspec.structs.replace(RAISED, error="its process died")]

    monkeypatch.setattr(promoting, "run_over", dying)
    with pytest.raises(
        SearchError, match=r"could not be run over the validation candles, and nothing was changed"
    ):
        promote(study, CANDLES, champion, trial=best)
    assert champion.read_bytes() == before


def test_a_champion_may_take_the_place_of_the_strategy_it_is_made_of(tmp_path: Path) -> None:
    tables: dict[str, Any] = {
        "parameters": BY,
        "constraints": [],
        "objective": {"metric": "total_return"},
        "sampler": {"kind": "grid"},
    }
    own, champion = write_own(tmp_path / "own.py"), tmp_path / "champion.py"
    first = optimize(search_of("first", strategy=str(own), **tables), CANDLES, results=tmp_path / "r").folder
    worst = min(scores(first), key=lambda one: one["out_of_sample"])["number"]
    assert promote(first, CANDLES, champion, trial=worst).promoted
    there = load_strategy(champion)

    second = optimize(
        search_of("second", strategy=f"{champion}:STRATEGY", **tables), CANDLES, results=tmp_path / "r"
    ).folder
    done = promote(second, CANDLES, champion, force=True)
    assert done.promoted
    assert done.kept == tmp_path / "champion.old1.py"
    assert load_strategy(done.kept).digest == there.digest
    found = load_strategy(champion)
    assert found.digest != there.digest
    assert done.candidate.score == scores(second)[0]["out_of_sample"]
