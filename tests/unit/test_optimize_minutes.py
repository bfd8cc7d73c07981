"""How long a search may take: of one run, shared by the searches of a walk-forward, and kept by each trial's test."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from genesis_core import Candles, synthetic
from genesis_core.errors import SearchError
from genesis_core.optimize import feeding, optimize, running, summarize
from genesis_core.optimize.store import file_name, read_all
from genesis_core.optimize.study import Study
from genesis_core.optimize.validating import read_validation
from tests.unit.search_cases import BY, search_of, stored, write_own, write_search
from tests.unit.study_cases import optimize as command
from tests.unit.study_cases import refused

CANDLES = synthetic(bars=1_500)
WALK = {"kind": "walk-forward", "folds": 3, "test": 0.2}


class Clock:
    """A clock that only moves when told to; a trial takes five seconds."""

    now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def time_ns(self) -> int:
        return 1_577_836_800_000_000_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (running, feeding):
        monkeypatch.setattr(module, "time", made)
    monkeypatch.setattr(running, "MOST_TOGETHER", 2)
    return made


class Ticking:
    """Moves the clock by what was run."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.run: dict[str, int] = {}

    def __call__(self, name: str, progress: Any) -> None:
        self.clock.now += 5.0 * (progress.run - self.run.get(name, 0))
        self.run[name] = progress.run


def test_a_run_ends_with_the_groups_that_are_running_and_the_next_goes_on(
    tmp_path: Path, clock: Clock
) -> None:
    search = search_of(sampler={"batch": 64})
    whole = optimize(search, CANDLES, results=tmp_path / "whole").folder
    done = optimize(search, CANDLES, results=tmp_path / "r", minutes=1.0, tell=Ticking(clock))
    # Twelve of them last a minute; only one group of two can be on its way.
    assert done.progress.stopped == "minutes"
    assert 12 <= done.progress.run <= 14
    warned = summarize(done.folder).warnings
    assert f"the budget of minutes ended the search after {done.progress.run} of 24 trials" in warned[0]
    rest = optimize(search, CANDLES, results=tmp_path / "r", tell=Ticking(clock))
    assert (rest.progress.known, rest.progress.run) == (done.progress.run, 24 - done.progress.run)
    assert stored(rest.folder) == stored(whole)
    assert summarize(rest.folder).warnings == summarize(whole).warnings


def test_the_minutes_of_one_run_are_not_those_of_the_next(tmp_path: Path) -> None:
    write_search(tmp_path / "s.toml", budget={"minutes": 5})
    run = ("run", tmp_path / "s.toml", "--results", tmp_path / "r")
    done = command(*run, "--minutes", "1e-9")
    assert "stopped by the budget of minutes at " in done.stdout
    assert "no trial is on record" in done.stdout
    assert Study.open(tmp_path / "r" / "s").search.budget.minutes == 5.0
    assert "trials run" in command("resume", tmp_path / "r" / "s", "--minutes", "inf").stdout
    assert len(list((tmp_path / "r" / "s").glob("trial_*"))) == 24
    for minutes in ("0", "-1", "nan"):
        assert "a number above 0" in refused(command(*run, "--minutes", minutes))
    with pytest.raises(SearchError, match="more than 0 is needed"):
        optimize(search_of(), CANDLES, results=tmp_path / "x", minutes=math.nan)


@pytest.mark.parametrize("kind", ["random", "tpe"])
def test_what_is_on_record_takes_no_time(tmp_path: Path, kind: str) -> None:
    if kind == "tpe":
        pytest.importorskip("optuna")
    search = search_of(sampler={"kind": kind, "batch": 8}, constraints=[])
    whole = optimize(search, CANDLES, results=tmp_path).folder
    before = summarize(whole)
    done = optimize(search, CANDLES, results=tmp_path, minutes=1e-9)
    assert (done.progress.stopped, done.progress.known, done.progress.run) == ("trials", 24, 0)
    assert summarize(whole) == before
    (whole / file_name(20)).unlink()
    done = optimize(search, CANDLES, results=tmp_path, minutes=1e-9)
    assert (done.progress.stopped, done.progress.known) == ("minutes", 23)


def test_the_searches_of_a_walk_forward_share_the_time(tmp_path: Path, clock: Clock) -> None:
    search = search_of(validation=WALK, constraints=[])
    done = optimize(search, CANDLES, results=tmp_path, minutes=2.0, tell=Ticking(clock))
    searches = (*done.earlier, done.progress)
    # Two minutes are 24 trials of 5 s: eight each, and two that were on their way.
    assert [one.stopped for one in searches] == ["minutes"] * 3
    assert all(6 <= one.run <= 10 for one in searches)
    summary = summarize(done.folder)
    assert [(fold.fold, fold.of) for fold in summary.folds] == [(1, 3), (2, 3), (3, 3)]
    for number, one in enumerate(searches, 1):
        assert f"fold {number}: the budget of minutes ended the search after {one.run} of 24 trials" in str(
            summary.warnings
        )


def test_time_that_a_fold_leaves_is_the_next_ones(tmp_path: Path, clock: Clock) -> None:
    search = search_of(validation=WALK, constraints=[], budget={"trials": 12})
    whole = optimize(search, CANDLES, results=tmp_path).folder
    for home in (whole / "fold_02", whole):
        for number in range(6, 12):
            (home / file_name(number)).unlink()
    # Thirds of 66 s are too short for the 30 s that two of them need.
    done = optimize(search, CANDLES, results=tmp_path, minutes=1.1, tell=Ticking(clock))
    assert [(one.run, one.stopped) for one in (*done.earlier, done.progress)] == [
        (0, "trials"), (6, "trials"), (6, "trials")
    ]  # fmt: skip


def test_a_fold_that_was_not_tested_is_named(tmp_path: Path) -> None:
    impossible = [{"metric": "trades", "at_least": 100_000}]
    search = search_of(validation=WALK, constraints=impossible, budget={"trials": 3})
    warnings = summarize(optimize(search, CANDLES, results=tmp_path).folder).warnings
    for number in (1, 2):
        assert f"fold {number}: not tested: no trial of its search ranks, or it has not been run" in warnings


def test_a_test_that_never_ends_is_ended_too(tmp_path: Path) -> None:
    """The strategy loops at one price, which only the test's candles have."""
    names = ("timestamp", "open", "high", "low", "close", "volume")
    columns = {name: getattr(CANDLES, name).copy() for name in names}
    price = CANDLES.close[1_200] + 1 / 32  # between two ticks
    columns["close"][1_200] = columns["high"][1_200] = price
    candles = Candles.from_arrays(symbol=CANDLES.symbol, timeframe=CANDLES.timeframe, **columns)
    inside = f"while p[0] > 2.5 and close == {float(price)!r}:\n        extra = extra * 1.0"
    file = write_own(tmp_path / "own.py", inside=inside)
    search = search_of(
        strategy=str(file),
        parameters=BY,
        objective={"metric": "total_return"},
        constraints=[],
        sampler={"kind": "grid"},
        budget={"trial_seconds": 2.0, "retries": 0},
    )
    done = optimize(search, candles, results=tmp_path / "r")
    assert {one.status for one in read_all(done.folder)[0].values()} == {"complete"}
    (fold,) = summarize(done.folder).folds
    assert fold.tried == 5
    tested = Study.open(done.folder)
    assert tested.fold.test_from is not None
    assert tested.fold.test_from <= 1_200
    found = read_validation(done.folder)
    assert found is not None
    records = read_all(done.folder)[0]
    for one in found.tested:
        endless = records[one.number].parameters["features.slope.by"] > 2.5
        assert one.reasons == (["did not end within 2 s"] if endless else [])
        assert (one.out_of_sample is None) == endless
