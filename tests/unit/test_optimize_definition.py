"""A search's definition: what a file may say, and the one sentence that says what is wrong with it."""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core import ConfigError
from genesis_core.errors import GenesisError, SearchError
from genesis_core.optimize import Search
from genesis_core.optimize.objective import Constraint, Objective
from genesis_core.optimize.sections import Budget, Data, Sampling, Validation
from genesis_core.optimize.space import Choice, Fixed, Float, Int, Map

FULL = """
name = "a-study_1.2"
strategy = "strategies/mine.toml"

[data]
symbol = "tBTCUSD"
timeframe = "1h"
csv = "candles/tBTCUSD_1h.csv"
higher = "/candles/tBTCUSD_6h.csv"
bars = 5000
from = "2024-01-01"
to = "2024-03-01"
gaps = "fill"
duplicates = "last"

[parameters]
"exits.stop" = { kind = "float", low = 1.0, high = 3, step = 0.5 }
execution.fee = { kind = "fixed", value = 0.001 }

[parameters.decision]
size = { kind = "map", at = [0.5, 0.7], low = 0.05, high = 0.25, step = 0.05, direction = "down" }
threshold = { kind = "float", low = 0.5, high = 0.7, log = true }
"zone_size.high" = { kind = "choice", values = [0.25, 0.5, 1] }

[parameters.features.rsi_inv_lag1.rsi]
kind = "int"
low = 7
high = 21
step = 7

[sampler]
kind = "tpe"
seed = 7
batch = 16
startup = 30

[budget]
trials = 500
minutes = 10
trial_seconds = 2.5
retries = 3

[objective]
score = { sharpe = 1, max_drawdown = -2.5 }
direction = "minimize"

[[constraints]]
metric = "trades"
at_least = 30
at_most = 300.5

[[constraints]]
metric = "max_drawdown"
at_most = 0.25
weight = 4

[validation]
kind = "walk-forward"
test = 0.1
folds = 4
mode = "rolling"
embargo = 24
top = 5
"""

PARAMETERS = {"decision": {"threshold": {"kind": "float", "low": 0.5, "high": 0.7}}}
EXAMPLE = 'decision.threshold = { kind = "float", low = 0.5, high = 0.7 }'
LEAST: dict[str, Any] = {"parameters": PARAMETERS, "objective": {"metric": "sharpe"}}


def search(**changes: Any) -> Search:
    return Search.from_dict({**LEAST, **changes})


def fault(values: Any) -> str:
    """Return the message of the error that these values are: one line that names where it is."""
    with pytest.raises(SearchError) as caught:
        Search.from_dict(values, "my.toml")
    return one_line(caught.value, "my.toml: ")


def one_line(error: Exception, where: str) -> str:
    message = str(error)
    assert "\n" not in message
    assert message.startswith(where)
    assert message.count(where) == 1
    return message.removeprefix(where)


@pytest.fixture
def full(tmp_path: Path) -> Path:
    file = tmp_path / "search.toml"
    file.write_text(FULL, encoding="utf-8")
    return file


class TestWhole:
    def test_every_key_is_read(self, full: Path) -> None:
        made, folder = Search.from_toml(full), full.parent
        assert made.name == "a-study_1.2"
        assert made.strategy == str(folder / "strategies" / "mine.toml")
        assert made.data == Data(
            symbol="tBTCUSD",
            timeframe="1h",
            csv=str(folder / "candles" / "tBTCUSD_1h.csv"),
            higher=os.path.abspath("/candles/tBTCUSD_6h.csv"),
            bars=5000,
            start="2024-01-01",
            end="2024-03-01",
            gaps="fill",
            duplicates="last",
        )
        assert dict(made.parameters) == {
            "exits.stop": Float(low=1.0, high=3.0, step=0.5),
            "decision.size": Map(at=[0.5, 0.7], low=0.05, high=0.25, step=0.05, direction="down"),
            "decision.threshold": Float(low=0.5, high=0.7, log=True),
            "decision.zone_size.high": Choice(values=[0.25, 0.5, 1]),
            "features.rsi_inv_lag1.rsi": Int(low=7, high=21, step=7),
            "execution.fee": Fixed(value=0.001),
        }
        assert made.sampler == Sampling(kind="tpe", seed=7, batch=16, startup=30)
        assert made.budget == Budget(trials=500, minutes=10.0, trial_seconds=2.5, retries=3)
        assert made.objective == Objective(score={"sharpe": 1.0, "max_drawdown": -2.5}, direction="minimize")
        assert made.constraints == [
            Constraint(metric="trades", at_least=30.0, at_most=300.5),
            Constraint(metric="max_drawdown", at_most=0.25, weight=4.0),
        ]
        assert made.validation == Validation(
            kind="walk-forward", test=0.1, folds=4, mode="rolling", embargo=24, top=5
        )

    def test_it_survives_a_round_trip(self, full: Path, tmp_path: Path) -> None:
        made = Search.from_toml(full)
        again = Search.from_dict(made.plain())
        assert again.plain() == made.plain()
        assert again == made
        assert list(again.parameters) == list(made.parameters)
        elsewhere = tmp_path / "elsewhere" / "copy.toml"
        elsewhere.parent.mkdir()
        elsewhere.write_text(tomli_w.dumps(made.plain()), encoding="utf-8")
        assert Search.from_toml(elsewhere) == made

    def test_what_is_left_out_has_its_default(self) -> None:
        made = search()
        assert (made.name, made.strategy, made.constraints) == ("search", None, [])
        assert (made.data, made.sampler) == (Data(), Sampling())
        assert (made.budget, made.validation) == (Budget(), Validation())
        assert (made.sampler.kind, made.budget.trials, made.validation.kind) == ("random", 100, "none")
        assert made.objective.direction == "maximize"
        assert Search.from_dict(made.plain()) == made

    def test_plain_says_defaults_in_the_words_of_a_file(self) -> None:
        plain = search(data={"from": "2024-01-01", "to": "2024-02-01"}).plain()
        assert set(plain) == {
            *("name", "data", "parameters", "sampler", "budget", "objective", "constraints", "validation")
        }
        expected = {"from": "2024-01-01", "to": "2024-02-01", "gaps": "error", "duplicates": "error"}
        assert plain["data"] == expected
        assert plain["parameters"] == {
            "decision.threshold": {"kind": "float", "low": 0.5, "high": 0.7, "log": False}
        }
        assert plain["sampler"] == {"kind": "random", "seed": 0, "batch": 64, "startup": 20}
        assert plain["budget"] == {"trials": 100, "retries": 1}

    def test_a_search_is_named_by_its_file_unless_it_says_so(self, tmp_path: Path) -> None:
        file = tmp_path / "evening.toml"
        file.write_text(tomli_w.dumps(LEAST), encoding="utf-8")
        assert Search.from_toml(file).name == "evening"
        assert Search.from_toml(str(file)).name == "evening"
        assert Search.from_dict(LEAST, name="given").name == "given"
        assert Search.from_dict({**LEAST, "name": "own"}, name="given").name == "own"

    def test_its_parameters_cannot_be_changed(self) -> None:
        with pytest.raises(TypeError):
            search().parameters["x"] = Fixed(value=1)  # type: ignore[index]

    def test_its_values_are_left_as_they_are(self) -> None:
        values = {**LEAST, "data": {"from": "2024-01-01"}, "constraints": []}
        before = repr(values)
        Search.from_dict(values)
        assert repr(values) == before


class TestNames:
    KIND: Mapping[str, Any] = {"kind": "int", "low": 1, "high": 2}

    @pytest.mark.parametrize(
        "parameters",
        [
            {"a": {"b": {"c": KIND}}},
            {"a.b": {"c": KIND}},
            {"a": {"b.c": KIND}},
            {"a.b.c": KIND},
        ],
    )
    def test_nested_and_quoted_names_are_the_same(self, parameters: dict[str, Any]) -> None:
        assert dict(search(parameters=parameters).parameters) == {"a.b.c": Int(low=1, high=2)}

    def test_names_are_in_the_order_of_the_file(self) -> None:
        parameters = {"z": {"b": self.KIND, "a": self.KIND}, "a": self.KIND, "m.n": self.KIND}
        assert list(search(parameters=parameters).parameters) == ["z.b", "z.a", "a", "m.n"]

    def test_kind_is_a_name_too(self) -> None:
        parameters = {"kind": self.KIND, "a": {"kind": self.KIND, "b": self.KIND}}
        assert list(search(parameters=parameters).parameters) == ["kind", "a.kind", "a.b"]


class TestPaths:
    def test_relative_ones_are_beside_the_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "searches").mkdir()
        file = tmp_path / "searches" / "one.toml"
        data = {"data_dir": "../data", "csv": "./a.csv", "higher": "b/../c.csv"}
        values = {**LEAST, "strategy": "../mine.py:fast", "data": data}
        file.write_text(tomli_w.dumps(values), encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        made = Search.from_toml("searches/one.toml")
        assert made.strategy == str(tmp_path / "mine.py:fast")
        assert made.data.data_dir == str(tmp_path / "data")
        assert made.data.csv == str(tmp_path / "searches" / "a.csv")
        assert made.data.higher == str(tmp_path / "searches" / "c.csv")

    def test_without_a_folder_they_are_beside_the_working_directory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert search(strategy="mine.toml").strategy == str(tmp_path / "mine.toml")

    def test_absolute_ones_stay(self, tmp_path: Path) -> None:
        file = str(tmp_path / "mine.toml")
        assert Search.from_dict({**LEAST, "strategy": file}, folder=Path("/elsewhere")).strategy == file


class TestAnotherOne:
    def test_renamed(self) -> None:
        made = search(name="one")
        assert (made.renamed("two").name, made.name) == ("two", "one")
        assert made.renamed("two").renamed("one") == made
        with pytest.raises(SearchError) as caught:
            made.renamed("a/b")
        assert str(caught.value) == f"study = 'a/b'; {NAMES}"

    def test_with_trials(self) -> None:
        made = search(budget={"trials": 7, "minutes": 2})
        assert made.with_trials(9).budget == Budget(trials=9, minutes=2.0)
        assert made.with_trials(9).with_trials(7) == made
        assert made.budget == Budget(trials=7, minutes=2.0)
        for trials in (0, -5):
            with pytest.raises(SearchError) as caught:
                made.with_trials(trials)
            assert str(caught.value) == f"trials = {trials}; more than 0 is needed"

    def test_there_are_never_more_trials_than_points_of_a_grid(self) -> None:
        few = {"a": {"kind": "choice", "values": [1, 2, 3]}}
        for kind, most in (("grid", 3), ("random", 7), ("tpe", 7)):
            assert search(parameters=few, sampler={"kind": kind}, budget={"trials": 7}).most_trials == most
        assert search(parameters=few, sampler={"kind": "grid"}, budget={"trials": 2}).most_trials == 2

    def test_the_size_of_its_grid(self) -> None:
        stepped = {"kind": "float", "low": 0.5, "high": 0.7, "step": 0.1}
        whole = {"kind": "int", "low": 1, "high": 4}
        kinds = {"a": stepped, "b": whole, "c": {"kind": "choice", "values": ["x", "y"]}}
        assert search(parameters=kinds).grid_size == 3 * 4 * 2
        assert search(parameters={**kinds, "d": {"kind": "fixed", "value": 1}}).grid_size == 24
        assert search().grid_size is None


NAMES = "letters, digits, '.', '_' and '-', none of them '.' at the start are needed"
NO_PARAMETERS = f"there are no parameters; at least one is needed, such as {EXAMPLE}"
NO_OBJECTIVE = 'there is no objective; such as [objective] metric = "sharpe" is needed'
DATA_KEYS = "bars, csv, data_dir, duplicates, from, gaps, higher, symbol, timeframe, to"
KIND_NAMES = "choice, fixed, float, int, map"
FIXED = {"kind": "fixed", "value": 2}
A_TABLE = "a table of keys is needed"
BOTH = "either metric or score is needed"


def kind(**values: Any) -> dict[str, Any]:
    return {"parameters": {"exits": {"stop": values}}}


def constraint(**values: Any) -> dict[str, Any]:
    return {"constraints": [{"metric": "trades", "at_least": 1}, values]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        # the whole
        ({"sampl": {}}, "unknown key 'sampl'; did you mean 'sampler'?"),
        ({"strategy": ""}, "strategy = ''; a file is needed; leave it out for the default strategy"),
        ({"strategy": 3}, "strategy = 3; expected `str`, got `int`"),
        ({"name": 3}, "name = 3; expected `str`, got `int`"),
        *(
            ({"name": name}, f"name = {name!r}; {NAMES}")
            for name in ("a b", "", ".x", "..", "a/b", "ä", "a\n", "a:b")
        ),
        # parameters
        ({"parameters": 3}, f"parameters = 3; a table is needed, such as {EXAMPLE}"),
        ({"parameters": {}}, f"parameters is empty; at least one is needed, such as {EXAMPLE}"),
        ({"parameters": {"a": {"b": {}}}}, f"parameters is empty; at least one is needed, such as {EXAMPLE}"),
        (
            {"parameters": {"a": {"b": 3, "c": {}}}},
            f"parameters.a.b = 3; a table is needed, such as {EXAMPLE}",
        ),
        (kind(kind="flot"), "parameters.exits.stop: kind = 'flot'; did you mean 'float'?"),
        (kind(kind=3), "parameters.exits.stop: kind = 3; valid: choice, fixed, float, int, map"),
        (kind(kind="int", low=1), "parameters.exits.stop: table missing required field `high`"),
        (kind(kind="fixed"), "parameters.exits.stop: table missing required field `value`"),
        (kind(kind="int", low=1.0, high=2), "parameters.exits.stop: low = 1.0; expected `int`, got `float`"),
        (kind(kind="int", low=True, high=2), "parameters.exits.stop: low = True; expected `int`, got `bool`"),
        (
            kind(kind="float", low=0, high="1"),
            "parameters.exits.stop: high = '1'; expected `float`, got `str`",
        ),
        (
            kind(kind="int", low=1, high=2, stp=1),
            "parameters.exits.stop: unknown key 'stp'; did you mean 'step'?",
        ),
        (
            kind(kind="fixed", value={"a": 1}),
            "parameters.exits.stop: value = {'a': 1}; expected `bool | int | float | str | list`, got a table",
        ),
        (
            kind(kind="choice", values="ab"),
            "parameters.exits.stop: values = 'ab'; expected a list, got `str`",
        ),
        (kind(kind="choice", values=[]), "parameters.exits.stop: values = []; at least one is needed"),
        (kind(kind="float", low=2, high=1), "parameters.exits.stop: low = 2.0 is above high = 1.0"),
        (kind(kind="map", at=[], low=0, high=1), "parameters.exits.stop: at = []; at least one x is needed"),
        (
            kind(kind="map", at=[1], low=0, high=1, direction="dwn"),
            "parameters.exits.stop: direction = 'dwn'; invalid enum value 'dwn'; did you mean 'down'?",
        ),
        (kind(low=1, high=2), f"parameters.exits.stop: kind is missing; valid: {KIND_NAMES}"),
        (kind(kind=["int"]), "parameters.exits.stop: kind = ['int']; did you mean 'int'?"),
        (
            {"parameters": {"exits.stop": {"kind": "fixed", "value": 1}, "exits": {"stop": FIXED}}},
            "parameters.exits.stop is given twice, once by its dotted name in quotes",
        ),
        *(
            ({"parameters": {name: FIXED}}, f"parameters: {name!r} is no name of a strategy file")
            for name in ("", "a.", ".a", "a..b")
        ),
        *(
            (
                kind(kind="fixed", value=value),
                f"parameters.exits.stop.value = {value}; a finite number is needed",
            )
            for value in (math.nan, math.inf, -math.inf)
        ),
        (
            kind(kind="choice", values=[1, [math.inf]]),
            "parameters.exits.stop.values = inf; a finite number is needed",
        ),
        # data
        ({"data": 3}, f"data = 3; {A_TABLE}"),
        ({"data": {"symbl": "x"}}, "unknown key 'data.symbl'; did you mean 'symbol'?"),
        *(
            ({"data": {key: "2024-01-01"}}, f"unknown key 'data.{key}'; valid: {DATA_KEYS}")
            for key in ("start", "end")
        ),
        ({"data": {"form": "2024-01-01"}}, "unknown key 'data.form'; did you mean 'from'?"),
        ({"data": {"from": 3}}, "data.from = 3; expected `str`, got `int`"),
        ({"data": {"bars": 0}}, "data.bars = 0; expected `int` >= 1"),
        ({"data": {"csv": 3}}, "data.csv = 3; expected `str`, got `int`"),
        ({"data": {"gaps": "x"}}, "data.gaps = 'x'; invalid enum value 'x'; valid: error, fill, keep"),
        (
            {"data": {"duplicates": "frist"}},
            "data.duplicates = 'frist'; invalid enum value 'frist'; did you mean 'first'?",
        ),
        # sampler
        ({"sampler": "tpe"}, f"sampler = 'tpe'; {A_TABLE}"),
        ({"sampler": {"sed": 1}}, "unknown key 'sampler.sed'; did you mean 'seed'?"),
        (
            {"sampler": {"kind": "bayes"}},
            "sampler.kind = 'bayes'; invalid enum value 'bayes'; valid: grid, random, tpe",
        ),
        ({"sampler": {"seed": -1}}, "sampler.seed = -1; expected `int` >= 0"),
        ({"sampler": {"seed": 1.5}}, "sampler.seed = 1.5; expected `int`, got `float`"),
        ({"sampler": {"seed": 2**32}}, f"sampler.seed = {2**32}; expected `int` <= {2**32 - 1}"),
        ({"sampler": {"batch": 0}}, "sampler.batch = 0; expected `int` >= 1"),
        ({"sampler": {"batch": 10_001}}, "sampler.batch = 10001; expected `int` <= 10000"),
        ({"sampler": {"startup": 0}}, "sampler.startup = 0; expected `int` >= 1"),
        # budget
        ({"budget": [1]}, f"budget = [1]; {A_TABLE}"),
        ({"budget": {"trails": 1}}, "unknown key 'budget.trails'; did you mean 'trials'?"),
        ({"budget": {"trials": 0}}, "budget.trials = 0; expected `int` >= 1"),
        ({"budget": {"trials": True}}, "budget.trials = True; expected `int`, got `bool`"),
        ({"budget": {"minutes": 0}}, "budget.minutes = 0; expected `float` > 0.0"),
        ({"budget": {"trial_seconds": -1}}, "budget.trial_seconds = -1; expected `float` > 0.0"),
        ({"budget": {"retries": 11}}, "budget.retries = 11; expected `int` <= 10"),
        ({"budget": {"retries": -1}}, "budget.retries = -1; expected `int` >= 0"),
        # objective
        ({"objective": "sharpe"}, f"objective = 'sharpe'; {A_TABLE}"),
        ({"objective": {}}, f"objective: {BOTH}"),
        ({"objective": {"metric": "sharpe", "score": {"sharpe": 1}}}, f"objective: {BOTH}"),
        ({"objective": {"metric": "sharp"}}, "objective: 'sharp' is no metric; did you mean 'sharpe'?"),
        ({"objective": {"score": {}}}, "objective: score = {}; at least one metric is needed"),
        (
            {"objective": {"score": {"sharpe": 1, "tades": 1}}},
            "objective: 'tades' is no metric; did you mean 'trades'?",
        ),
        (
            {"objective": {"score": {"trades": 1, "sharpe": 0}}},
            "objective: score.sharpe = 0.0; a finite number other than 0 is needed",
        ),
        (
            {"objective": {"score": {"trades": 1, "sharpe": "a"}}},
            "objective.score.sharpe = 'a'; expected `float`, got `str`",
        ),
        (
            {"objective": {"metric": "fees", "dir": 1}},
            "unknown key 'objective.dir'; valid: direction, metric, score",
        ),
        (
            {"objective": {"metric": "fees", "direction": "minimise"}},
            "objective.direction = 'minimise'; invalid enum value 'minimise'; did you mean 'minimize'?",
        ),
        # constraints
        ({"constraints": 3}, "constraints = 3; expected a list, got `int`"),
        (constraint(), "constraints[1]: table missing required field `metric`"),
        (constraint(metric="trade", at_least=1), "constraints[1]: metric = 'trade'; did you mean 'trades'?"),
        (constraint(metric="trades"), "constraints[1]: neither at_least nor at_most is given"),
        (
            constraint(metric="trades", at_lest=1),
            "constraints[1]: unknown key 'at_lest'; did you mean 'at_least'?",
        ),
        (
            constraint(metric="trades", at_least="a"),
            "constraints[1]: at_least = 'a'; expected `float`, got `str`",
        ),
        (
            constraint(metric="trades", at_least=1, weight=0),
            "constraints[1]: weight = 0; expected `float` > 0.0",
        ),
        (
            constraint(metric="trades", at_least=5, at_most=3),
            "constraints[1]: at_least = 5.0 is above at_most = 3.0: nothing can meet it",
        ),
        (
            constraint(metric="win_rate", at_least=1.5),
            "constraints[1]: at_least = 1.5: nothing can meet it, win_rate is at most 1",
        ),
        (
            constraint(metric="max_drawdown", at_most=-0.1, weight=2),
            "constraints[1]: at_most = -0.1: nothing can meet it, max_drawdown is at least 0",
        ),
        (
            {"constraints": [{"metric": "trades", "at_most": 30}, {"metric": "trades", "at_least": 50}]},
            "constraints: trades >= 50 and trades <= 30: nothing can meet both",
        ),
        (
            constraint(metric="trades", at_least=math.nan),
            "constraints.at_least = nan; a finite number is needed",
        ),
        (
            constraint(metric="trades", at_least=1, weight=math.inf),
            "constraints.weight = inf; a finite number is needed",
        ),
        (
            {
                "constraints": [
                    {"metric": "trades", "at_least": 10, "at_most": 20},
                    {"metric": "trades", "at_least": 30, "at_most": 40},
                ]
            },
            "constraints: trades >= 30 and trades <= 20: nothing can meet both",
        ),
        # validation
        ({"validation": "holdout"}, f"validation = 'holdout'; {A_TABLE}"),
        ({"validation": {"fold": 3}}, "unknown key 'validation.fold'; did you mean 'folds'?"),
        (
            {"validation": {"kind": "hold"}},
            "validation.kind = 'hold'; invalid enum value 'hold'; did you mean 'holdout'?",
        ),
        ({"validation": {"test": 0}}, "validation.test = 0; expected `float` > 0.0"),
        ({"validation": {"test": 1}}, "validation.test = 1; expected `float` < 1.0"),
        ({"validation": {"folds": 1}}, "validation.folds = 1; expected `int` >= 2"),
        ({"validation": {"folds": 101}}, "validation.folds = 101; expected `int` <= 100"),
        (
            {"validation": {"mode": "x"}},
            "validation.mode = 'x'; invalid enum value 'x'; valid: anchored, rolling",
        ),
        ({"validation": {"embargo": -1}}, "validation.embargo = -1; expected `int` >= 0"),
        ({"validation": {"top": 0}}, "validation.top = 0; expected `int` >= 1"),
        ({"validation": {"top": 1001}}, "validation.top = 1001; expected `int` <= 1000"),
        (
            {"validation": {"test": 0.3}},
            "validation: test = 0.3: not read with kind = 'none'; kind holdout or walk-forward reads it",
        ),
        (
            {"validation": {"kind": "holdout", "folds": 4}},
            "validation: folds = 4: not read with kind = 'holdout'; kind walk-forward reads it",
        ),
        (
            {"validation": {"kind": "holdout", "mode": "rolling"}},
            "validation: mode = 'rolling': not read with kind = 'holdout'; kind walk-forward reads it",
        ),
        (
            {"sampler": {"kind": "grid", "startup": 5}},
            "sampler: startup = 5: not read with kind = 'grid'; kind tpe reads it",
        ),
        *(
            (
                {"objective": {"metric": metric}},
                f"objective: metric = '{metric}' without a direction: direction = \"minimize\" is needed, or "
                '"maximize" where the most is wanted',
            )
            for metric in ("max_drawdown", "fees")
        ),
    ],
    ids=lambda value: repr(value)[:60] if isinstance(value, dict) else "",
)
def test_what_is_wrong_is_said_in_one_sentence(changes: dict[str, Any], message: str) -> None:
    assert fault({**LEAST, **changes}) == message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, NO_PARAMETERS),
        ({"objective": {"metric": "sharpe"}}, NO_PARAMETERS),
        ({"parameters": PARAMETERS}, NO_OBJECTIVE),
        ({"paramters": PARAMETERS}, "unknown key 'paramters'; did you mean 'parameters'?"),
        ({"parameters": PARAMETERS, "objectiv": {}}, "unknown key 'objectiv'; did you mean 'objective'?"),
        *(
            (value, f"the whole = {value!r}; a table of keys is needed")
            for value in (3, None, "x", [("a", 1)])
        ),
    ],
)
def test_what_is_missing_is_said(values: Any, message: str) -> None:
    assert fault(values) == message


@pytest.mark.parametrize(
    "changes",
    [
        {"constraints": [{"metric": "trades", "at_most": 30}, {"metric": "trades", "at_least": 30}]},
        {"constraints": [{"metric": "trades", "at_most": 30}, {"metric": "fees", "at_least": 50}]},
        # A soft one is a wish: it may stand against a hard one.
        {
            "constraints": [
                {"metric": "trades", "at_most": 30},
                {"metric": "trades", "at_least": 50, "weight": 1},
            ]
        },
        {"constraints": [{"metric": "win_rate", "at_least": 1.0}]},
        {"constraints": [{"metric": "fees", "at_most": 0}]},
        {"constraints": [{"metric": "total_return", "at_most": -0.5}]},
        {"sampler": {"kind": "tpe", "seed": 2**32 - 1, "batch": 10_000, "startup": 1}},
        {"budget": {"trials": 1, "retries": 0}},
        {"validation": {"kind": "walk-forward", "folds": 2, "embargo": 0, "top": 1}},
    ],
    ids=repr,
)
def test_what_only_just_can_be_met_is_no_error(changes: dict[str, Any]) -> None:
    made = search(**changes)
    assert Search.from_dict(made.plain()) == made


class TestFiles:
    def test_a_file_is_named_once_with_its_fault(self, tmp_path: Path) -> None:
        file = tmp_path / "search.toml"
        values = {**LEAST, "sampler": {"sed": 1}}
        file.write_text(tomli_w.dumps(values), encoding="utf-8")
        assert self.fault(file) == "unknown key 'sampler.sed'; did you mean 'seed'?"

    def test_one_that_is_not_there(self, tmp_path: Path) -> None:
        assert self.fault(tmp_path / "none.toml") == "cannot be read: No such file or directory"
        assert self.fault(tmp_path).startswith("cannot be read: ")

    def test_one_that_is_no_text(self, tmp_path: Path) -> None:
        file = tmp_path / "search.toml"
        file.write_bytes(b"name = '\xff'")
        assert self.fault(file) == "cannot be read: not UTF-8 text (offset 8)"

    def test_one_that_is_not_toml(self, tmp_path: Path) -> None:
        file = tmp_path / "search.toml"
        file.write_text("[parameters\n", encoding="utf-8")
        assert self.fault(file).startswith("not TOML: ")

    def test_one_whose_name_cannot_be_a_study(self, tmp_path: Path) -> None:
        file = tmp_path / "my search.toml"
        file.write_text(tomli_w.dumps(LEAST), encoding="utf-8")
        assert self.fault(file) == f"name = 'my search'; {NAMES}"

    def test_a_date_without_quotes_is_that_date(self, tmp_path: Path) -> None:
        file = tmp_path / "search.toml"
        times = {"from": datetime.date(2024, 1, 1), "to": datetime.datetime(2024, 2, 1, 12, 30)}
        file.write_text(tomli_w.dumps({**LEAST, "data": times}), encoding="utf-8")
        data = Search.from_toml(file).data
        assert (data.start, data.end) == ("2024-01-01", "2024-02-01T12:30:00")

    @staticmethod
    def fault(file: Path) -> str:
        with pytest.raises(SearchError) as caught:
            Search.from_toml(file)
        return one_line(caught.value, f"{file}: ")


def test_the_error_is_one_of_this_package_and_not_of_a_config() -> None:
    assert issubclass(SearchError, GenesisError)
    assert issubclass(SearchError, ValueError)
    assert not issubclass(SearchError, ConfigError)


scalars = st.one_of(st.integers(-3, 3), st.floats(-3, 3), st.booleans(), st.text(max_size=3), st.just([]))
KEYS = [
    *(
        "name",
        "strategy",
        "data.bars",
        "data.from",
        "data.gaps",
        "parameters.a",
        "sampler.kind",
        "sampler.batch",
    ),
    *(
        "budget.trials",
        "budget.minutes",
        "objective.metric",
        "objective.score",
        "constraints",
        "validation.test",
    ),
    *("validation.folds", "parameters.decision.threshold.low", "parameters.decision.threshold.step"),
]


@settings(max_examples=150)
@given(st.sampled_from(KEYS), scalars)
def test_any_value_anywhere_is_a_search_or_a_search_error(key: str, value: Any) -> None:
    values: dict[str, Any] = {**LEAST, "parameters": {"decision": {"threshold": dict(kind_of_threshold())}}}
    *path, last = key.split(".")
    table = values
    for name in path:
        table[name] = dict(table.get(name, {}))
        table = table[name]
    table[last] = value
    try:
        made = Search.from_dict(values, "my.toml")
    except SearchError as error:
        said = one_line(error, "my.toml: ")
    else:
        said = "" if Search.from_dict(made.plain()).plain() == made.plain() else "not what it was"
    assert said != "not what it was"


def kind_of_threshold() -> Mapping[str, Any]:
    return PARAMETERS["decision"]["threshold"]
