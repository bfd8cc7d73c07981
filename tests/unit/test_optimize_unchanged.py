"""The strategy as it was, beside what a search made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genesis_core import backtest
from genesis_core.optimize import optimize, summarize
from genesis_core.optimize.objective import Objective
from genesis_core.optimize.partings import no_better
from genesis_core.optimize.validation import Unchanged
from genesis_core.strategy import load_strategy
from tests.unit.search_cases import TABLES, search_of
from tests.unit.study_cases import CANDLES
from tests.unit.study_cases import optimize as command

BASE = load_strategy(TABLES)
NO_BETTER = "the search did not improve it"
WORSE = {"exits": {"stop": {"kind": "fixed", "value": 0.5}, "max_bars": {"kind": "int", "low": 1, "high": 2}}}


def run(tmp_path: Path, **tables: Any) -> Any:
    return summarize(optimize(search_of(**tables), CANDLES, results=tmp_path).folder)


def test_it_is_run_over_the_test_alone(tmp_path: Path) -> None:
    (fold,) = run(tmp_path, constraints=[]).folds
    assert fold.unchanged.in_sample == backtest(CANDLES[:1_050], BASE, compiled=True).metrics.sharpe
    assert fold.unchanged.out_of_sample == backtest(CANDLES[1_050:], BASE, compiled=True).metrics.sharpe
    shown = command("summarize", tmp_path / "s").stdout
    assert f"{fold.unchanged.out_of_sample:.4f}" in shown


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_a_search_for_nothing_is_told(tmp_path: Path, direction: str) -> None:
    goal = {"metric": "trades", "direction": direction}
    summary = run(tmp_path, parameters=WORSE, constraints=[], objective=goal, budget={"trials": 4})
    (fold,) = summary.folds
    assert fold.best.out_of_sample is not None
    assert fold.unchanged.out_of_sample is not None
    # Ever so short holding makes more trades.
    assert fold.best.out_of_sample > fold.unchanged.out_of_sample
    assert any(NO_BETTER in text for text in summary.warnings) == (direction == "minimize")


def test_equal_is_not_better(tmp_path: Path) -> None:
    same = {"exits": {"max_bars": {"kind": "choice", "values": [BASE.exits.max_bars]}}}
    summary = run(tmp_path, parameters=same, constraints=[], budget={"trials": 1})
    (fold,) = summary.folds
    assert fold.best.out_of_sample == fold.unchanged.out_of_sample
    assert any(NO_BETTER in text for text in summary.warnings)


def test_one_that_breaks_a_constraint_is_nothing_to_beat(tmp_path: Path) -> None:
    trades = backtest(CANDLES[1_050:], BASE, compiled=True).metrics.trades
    summary = run(
        tmp_path,
        parameters=WORSE,
        objective={"metric": "trades", "direction": "minimize"},
        constraints=[{"metric": "trades", "at_least": trades + 1}],
        budget={"trials": 4},
    )
    (fold,) = summary.folds
    assert fold.unchanged.out_of_sample is None
    assert not any(NO_BETTER in text for text in summary.warnings)


@pytest.mark.parametrize(
    ("now", "feasible", "words"),
    [
        (2.0, True, None),
        (
            2.0,
            False,
            "scores 1, the best trial 2 and breaks a hard constraint: the search did not improve it",
        ),
        (1.0, True, "scores 1, the best trial 1: the search did not improve it"),
        (0.5, False, "scores 1, the best trial 0.5: the search did not improve it"),
        (None, False, "scores 1: the search did not improve it"),
    ],
)
def test_a_better_score_that_breaks_a_constraint_is_said_to(
    now: float | None, feasible: bool, words: str | None
) -> None:
    unchanged = Unchanged(in_sample=0.0, out_of_sample=1.0)
    found = no_better(now, feasible, unchanged, Objective(metric="sharpe"))
    assert found == ([] if words is None else [f"out-of-sample the unchanged strategy {words}"])
