"""What is said before the first trial: of parameters that cannot work, and of those that can only disappoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genesis_core import Config, Decide, Kernel, Param, Vector, load_strategy
from genesis_core.errors import SearchError
from genesis_core.optimize import Search, early
from genesis_core.optimize.changes import Applied
from genesis_core.optimize.early import check_parameters, warnings_about

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DEFAULT_CONFIG = Config.default()
MEAN_REVERSION = load_strategy(EXAMPLES / "mean_reversion.toml")
OWN = load_strategy(EXAMPLES / "ema_rsi.py")


def ranged(low: float, high: float, step: float | None = None) -> dict[str, Any]:
    return {"kind": "float", "low": low, "high": high, **({} if step is None else {"step": step})}


def whole(low: int, high: int) -> dict[str, Any]:
    return {"kind": "int", "low": low, "high": high}


def choice(*values: Any) -> dict[str, Any]:
    return {"kind": "choice", "values": list(values)}


def search(parameters: dict[str, Any], **tables: Any) -> Search:
    values = {"parameters": parameters, "objective": {"metric": "sharpe"}, **tables}
    return Search.from_dict(values)


def fault(parameters: dict[str, Any], base: Config = DEFAULT_CONFIG, **tables: Any) -> str:
    """Return the message of the error that these parameters are: one line."""
    with pytest.raises(SearchError) as caught:
        check_parameters(search(parameters, **tables), base)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("parameters")
    return message


NOTHING_READS = "nothing reads it: the engine would run the same with any of its values; leave it out"
NO_GATE = "nothing reads it without decision.higher_fib or exits.partials; give one of them, or leave it out"
GATE_OFF = 'nothing reads it while decision.higher_fib.missing is "off"; say "pass" or "block" there, or leave it out'


class TestAllowed:
    @pytest.mark.parametrize(
        "parameters",
        [
            {"decision.threshold": ranged(0.5, 0.7)},
            {"decision.threshold": ranged(0.5, 0.7), "decision.edge": ranged(0.0, 0.2, 0.05)},
            {"decision.side": choice("both", "long", "short")},
            {"decision.size": {"kind": "map", "at": [0.5, 0.7], "low": 0.1, "high": 0.3}},
            {"decision.zone_size.high": ranged(0.25, 1.0), "decision.cooldown_bars": whole(0, 9)},
            {"exits.partials": choice([], [0.3], [0.3, 0.3])},
            {"exits.regime_flip": choice(True, False)},
            {"exits.stop": choice(0.0, 2.0)},
            {"execution.fee": ranged(0.0, 0.002)},
            {"features.rsi_inv_lag1.rsi": whole(7, 21)},
            {"model.buy.bias": ranged(-3.0, -1.0), "model.sell.weights.vol_regime": ranged(-1.0, 1.0)},
            {"model.buy.calibration.ranging.scale": ranged(0.5, 2.0)},
            {"model.buy.calibration.scale": ranged(0.5, 2.0)},
        ],
        ids=lambda parameters: " ".join(parameters),
    )
    @pytest.mark.parametrize("base", [DEFAULT_CONFIG, MEAN_REVERSION], ids=["default", "mean_reversion"])
    def test_parameters_that_a_strategy_reads(self, parameters: dict[str, Any], base: Config) -> None:
        check_parameters(search(parameters), base)

    def test_what_a_strategy_of_ones_own_reads(self) -> None:
        parameters = {"decide.overbought": ranged(60.0, 80.0), "features.fast.n": whole(5, 15)}
        check_parameters(search(parameters), OWN)

    def test_one_that_is_read_only_beside_some_values_of_another(self) -> None:
        parameters = {
            "decision.higher_fib.within_atr": ranged(1.0, 8.0),
            "decision.higher_fib.missing": choice("off", "pass", "block"),
        }
        check_parameters(search(parameters), MEAN_REVERSION)
        check_parameters(search(dict(reversed(parameters.items()))), MEAN_REVERSION)

    def test_some_sets_that_are_no_strategy_are_warned_of(self) -> None:
        # From 1 on it is no probability: half of the trials will be invalid, and half will run.
        said = check_parameters(search({"decision.threshold": ranged(0.5, 1.5)}), DEFAULT_CONFIG)
        assert len(said) == 1
        assert " of 48 drawn parameter sets are no strategy, such as: decision.threshold = 1." in said[0]
        assert 12 <= int(said[0].split()[0]) <= 36

    def test_fixed_parameters_beside_others(self) -> None:
        parameters = {
            "execution.fee": {"kind": "fixed", "value": 0.001},
            "decision.threshold": ranged(0.5, 0.7),
        }
        assert check_parameters(search(parameters), DEFAULT_CONFIG) == []
        assert check_parameters(search({"execution.fee": parameters["execution.fee"]}), DEFAULT_CONFIG) == []

    def test_the_first_and_the_last_of_a_choice_may_mean_the_same(self) -> None:
        check_parameters(search({"decision.threshold": choice(1, 0.6, 1.0)}), DEFAULT_CONFIG)

    def test_many_parameters_beside_one_that_is_read_for_half_of_another(self) -> None:
        assert DEFAULT_CONFIG.model is not None
        names = [
            f"model.{side}.weights.{name}"
            for side in ("buy", "sell")
            for name in DEFAULT_CONFIG.model.buy.weights
        ]
        for count in range(0, len(names), 5):
            parameters = {name: ranged(-1.0, 1.0) for name in names[:count]}
            parameters |= {"decision.higher_fib.missing": choice("off", "pass"), "exits.partials": choice([])}
            check_parameters(search({**parameters, "higher.depth": whole(3, 9)}), DEFAULT_CONFIG)

    def test_one_value_is_asked_nothing(self) -> None:
        parameters = {"decision.threshold": ranged(0.55, 0.55), "decision.edge": choice(0.1)}
        check_parameters(search({**parameters, "exits.stop": ranged(1.0, 3.0)}), DEFAULT_CONFIG)

    def test_nothing_is_left_changed(self) -> None:
        before = DEFAULT_CONFIG.digest
        check_parameters(search({"features.rsi_inv_lag1.rsi": whole(7, 21)}), DEFAULT_CONFIG)
        assert DEFAULT_CONFIG.digest == before == Config.default().digest


class TestApplied:
    """Parameters laid over a strategy: all else stays as it is."""

    def test_a_parameter_of_a_feature_leaves_the_others(self) -> None:
        first = Applied(DEFAULT_CONFIG).config({"features.bb_position_inv_ma3.n": 30})
        both = Applied(first).config({"features.bb_position_inv_ma3.m": 1.5, "features.rsi_inv_lag1.rsi": 7})
        assert dict(both.features["bb_position_inv_ma3"]) == {"n": 30, "m": 1.5}
        assert dict(both.features["rsi_inv_lag1"]) == {"rsi": 7}
        assert list(both.features) == list(DEFAULT_CONFIG.features)
        assert both.model == DEFAULT_CONFIG.model

    def test_a_weight_leaves_the_others_whatever_else_changes(self) -> None:
        assert DEFAULT_CONFIG.model is not None
        for more in ({}, {"features.rsi_inv_lag1.rsi": 7}):
            made = Applied(DEFAULT_CONFIG).config({"model.buy.weights.atr_14": 0.5, **more})
            assert made.model is not None
            assert made.model.buy.weights == {**DEFAULT_CONFIG.model.buy.weights, "atr_14": 0.5}
            assert made.model.buy.bias == DEFAULT_CONFIG.model.buy.bias
            assert made.model.sell == DEFAULT_CONFIG.model.sell

    def test_names_of_one_table_come_together(self) -> None:
        parameters = {"decision.zone_size.high": 0.25, "decision.edge": 0.2, "decision.zone_size.low": 2.0}
        made = Applied(DEFAULT_CONFIG).config(parameters).decision
        assert (made.zone_size.high, made.zone_size.low, made.edge) == (0.25, 2.0, 0.2)
        assert made.threshold == DEFAULT_CONFIG.decision.threshold

    def test_no_parameters_change_nothing(self) -> None:
        for base in (DEFAULT_CONFIG, MEAN_REVERSION, OWN):
            assert Applied(base).config({}).digest == base.digest


class TestUnknown:
    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("decison.threshold", ": unknown key 'decison'; did you mean 'decision'?"),
            ("decision.thresold", ": unknown key 'decision.thresold'; did you mean 'threshold'?"),
            ("threshold", ": unknown key 'threshold'; valid: "),
            ("decision.zone_size.hihg", ": unknown key 'decision.zone_size.hihg'; did you mean 'high'?"),
            ("decide.limit", ": unknown key 'decide'; valid: "),
            (
                "model.buy.weights.rsi_inv_lag2",
                ".model.buy.weights: 'rsi_inv_lag2' is not among the features; did you mean 'rsi_inv_lag1'?",
            ),
            (
                "features.rsi_inv_lag1.n",
                ": unknown key 'features.rsi_inv_lag1.n'; valid: rsi",
            ),
        ],
    )
    def test_a_name_no_strategy_has(self, name: str, message: str) -> None:
        assert fault({name: ranged(0.5, 0.7)}).startswith(f"parameters{message}")

    def test_a_feature_the_strategy_does_not_have(self) -> None:
        message = fault({"features.rsi_inv_lag2.rsi": whole(7, 21)})
        assert message.startswith("parameters.features.rsi_inv_lag2: ")
        assert message.endswith("the strategy has no such feature; did you mean 'rsi_inv_lag1'?")

    def test_it_is_named_among_others(self) -> None:
        parameters = {
            "decision.threshold": ranged(0.5, 0.7),
            "exits.stopp": ranged(1.0, 3.0),
            "decision.edge": ranged(0.0, 0.2),
        }
        assert fault(parameters) == ("parameters: unknown key 'exits.stopp'; did you mean 'stop'?")

    def test_a_table_is_no_value(self) -> None:
        expected = "parameters: decision = 3; a table of keys is needed"
        assert fault({"decision": choice(3, 4)}) == expected

    def test_a_value_is_no_table(self) -> None:
        message = fault({"exits.stop": ranged(1.0, 2.0), "exits.stop.atr": ranged(1.0, 2.0)})
        assert message == "parameters.exits.stop = {'atr': 1.0}; expected `float`, got a table"


class TestNoStrategy:
    def test_a_value_that_is_out_of_range_everywhere(self) -> None:
        expected = "parameters.decision.edge = 2.0; expected `float` <= 1.0"
        assert fault({"exits.stop": ranged(1.0, 3.0), "decision.edge": ranged(2.0, 3.0)}) == expected

    def test_a_value_of_the_wrong_type(self) -> None:
        expected = "parameters.decision.cooldown_bars = 0.5; expected `int`, got `float`"
        assert fault({"decision.cooldown_bars": ranged(0.5, 3.0)}) == expected

    def test_a_name_beside_one_within_it(self) -> None:
        message = fault({"exits": choice(1), "exits.stop": ranged(1.0, 2.0)})
        assert message == "parameters: exits = 1; a table of keys is needed"

    def test_none_of_the_drawn_sets(self) -> None:
        # Whatever the first value is alone, no drawn set is a strategy: 0 is none in ten million.
        parameters = {"decision.cooldown_bars": whole(3, 10**12), "exits.max_bars": whole(5, 10**12)}
        message = fault(parameters)
        assert message.startswith("parameters: none of 48 drawn sets is a strategy: ")
        assert "expected `int` <= " in message


class TestUnread:
    @pytest.mark.parametrize("base", [DEFAULT_CONFIG, MEAN_REVERSION], ids=["default", "mean_reversion"])
    @pytest.mark.parametrize("key", ["depth", "days", "min_swing_atr"])
    def test_what_an_engine_runs_the_same_with(self, key: str, base: Config) -> None:
        parameters = {
            "decision.higher_fib.missing": choice("off"),
            "exits.partials": choice([]),
            f"higher.{key}": whole(3, 9),
        }
        assert fault(parameters, base) == f"parameters.higher.{key}: {NO_GATE}"

    @pytest.mark.parametrize("base", [DEFAULT_CONFIG, MEAN_REVERSION], ids=["default", "mean_reversion"])
    @pytest.mark.parametrize(
        "kind", [choice("off"), {"kind": "fixed", "value": "off"}], ids=["choice", "fixed"]
    )
    @pytest.mark.parametrize("gate", ["higher_fib", "lower_fib"])
    def test_the_distance_of_a_gate_that_is_off(self, gate: str, kind: dict[str, Any], base: Config) -> None:
        name = f"decision.{gate}.within_atr"
        message = fault({f"decision.{gate}.missing": kind, name: ranged(1.0, 8.0)}, base)
        assert message == f"parameters.{name}: {GATE_OFF.replace('higher_fib', gate)}"

    def test_the_unit_of_distances_that_are_off(self) -> None:
        parameters = {f"exits.{name}": choice(0.0) for name in ("stop", "target", "trailing")}
        parameters["exits.unit"] = choice("atr", "price")
        message = fault(parameters)
        assert message.startswith(
            "parameters.exits.unit: nothing reads it without exits.stop, target or trailing"
        )
        parameters["exits.target"] = choice(0.0, 2.0)
        check_parameters(search(parameters), DEFAULT_CONFIG)

    def test_where_all_values_but_one_are_refused_it_is_said_why(self) -> None:
        message = fault({"features.atr_14.n": whole(7, 21)})
        assert message.startswith("parameters.features.atr_14.n: all of its values but one are refused: ")
        assert "decisions look at it" in message

    def test_what_a_strategy_itself_calls_unread(self) -> None:
        name = "decision.higher_fib.within_atr"
        expected = f"parameters.{name} = 1.0; {GATE_OFF}"
        assert fault({name: ranged(1.0, 8.0)}, MEAN_REVERSION) == expected
        check_parameters(search({name: ranged(1.0, 8.0)}), DEFAULT_CONFIG)

    def test_the_higher_timeframe_without_a_gate(self) -> None:
        parameters = {"higher.depth": whole(3, 9), "decision.higher_fib.missing": choice("off")}
        assert fault(parameters, MEAN_REVERSION) == (f"parameters.higher.depth: {NO_GATE}")
        parameters["decision.higher_fib.missing"] = choice("block")
        check_parameters(search(parameters), MEAN_REVERSION)

    @pytest.mark.parametrize("values", [("off", "block"), ("block", "off")])
    def test_what_is_read_beside_a_value_that_was_not_drawn(
        self, values: tuple[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(early, "PROBES", 1)
        parameters = {
            "decision.higher_fib.missing": choice(*values),
            "decision.higher_fib.within_atr": ranged(1.0, 8.0),
        }
        check_parameters(search(parameters), DEFAULT_CONFIG)

    def test_what_a_step_of_ones_own_does_not_read(self) -> None:
        message = fault({"decision.threshold": ranged(0.5, 0.7)}, OWN)
        assert message.startswith("parameters.decision.threshold = 0.5; only models read it")

    def test_two_spellings_of_one_value(self) -> None:
        parameters = {"decision.threshold": choice(1, 1.0)}
        expected = f"parameters.decision.threshold: {NOTHING_READS}"
        assert fault(parameters) == expected


class TestOwnCode:
    WRONG = ("decision.thresold", ranged(0.5, 0.7))

    def test_under_a_limit_it_is_not_run_here(self) -> None:
        wrong = {"decision.threshold": ranged(5.0, 7.0)}
        assert check_parameters(search(wrong, budget={"trial_seconds": 5}), OWN) == []
        assert "decision.threshold" in fault(wrong, OWN)

    @pytest.mark.parametrize("budget", [{"trials": 9}, {"trial_seconds": 5}])
    def test_its_names_are_checked_with_and_without_one(self, budget: dict[str, Any]) -> None:
        message = fault(dict([self.WRONG]), OWN, budget=budget)
        assert message.startswith("parameters: unknown key 'decision.thresold'")

    def test_tables_are_checked_under_a_limit_too(self) -> None:
        message = fault(dict([self.WRONG]), budget={"trial_seconds": 5})
        assert message.startswith("parameters: unknown key 'decision.thresold'")


class TestWarnings:
    GRID = {"decision.threshold": ranged(0.5, 0.7, 0.1), "exits.max_bars": whole(1, 400)}  # noqa: RUF012

    def test_usually_there_are_none(self) -> None:
        assert warnings_about(search({"decision.threshold": ranged(0.5, 0.7)})) == []

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            (whole(3, 3), "3"),
            (ranged(0.5, 0.5), "0.5"),
            (ranged(0.5, 0.7, 0.5), "0.5"),
            (choice("long"), "'long'"),
            ({"kind": "map", "at": [0.5], "low": 0.1, "high": 0.1}, "[[0.5, 0.1]]"),
        ],
        ids=repr,
    )
    def test_of_one_value(self, kind: dict[str, Any], value: str) -> None:
        made = search({"a.b": kind, "c": ranged(0.0, 1.0)})
        assert warnings_about(made) == [f'parameters.a.b has one value, {value}: kind = "fixed" says so']

    def test_fixed_says_so(self) -> None:
        assert warnings_about(search({"a": {"kind": "fixed", "value": 1}, "b": ranged(0.0, 1.0)})) == []

    def test_of_a_grid_that_the_budget_cuts(self) -> None:
        made = search(self.GRID, sampler={"kind": "grid"}, budget={"trials": 100})
        assert warnings_about(made) == [
            "the grid has 1,200 points and the budget 100 trials: 1,100 points are left out, spread over the whole "
            "grid"
        ]
        for trials in (1200, 1201):
            whole_grid = search(self.GRID, sampler={"kind": "grid"}, budget={"trials": trials})
            assert warnings_about(whole_grid) == []

    def test_of_more_random_trials_than_there_are_points(self) -> None:
        for trials in (1200, 2000):
            made = search(self.GRID, budget={"trials": trials})
            assert warnings_about(made) == [
                f"there are only 1,200 different parameter sets, and the budget has {trials:,} trials: sampler grid "
                "runs each once"
            ]
        assert warnings_about(search(self.GRID, budget={"trials": 1199})) == []

    def test_tpe_in_a_small_space(self) -> None:
        made = search(self.GRID, sampler={"kind": "tpe"}, budget={"trials": 100})
        assert warnings_about(made) == []
        made = search(self.GRID, sampler={"kind": "tpe"}, budget={"trials": 2000})
        assert warnings_about(made) == [
            "there are only 1,200 different parameter sets, and the budget has 2,000 trials: sampler grid runs each "
            "once"
        ]
        one = {"exits.stop": {"kind": "fixed", "value": 2.0}}
        made = search(one, sampler={"kind": "random"}, budget={"trials": 2})
        assert warnings_about(made) == [
            "there is only 1 parameter set, and the budget has 2 trials: sampler grid runs each once"
        ]

    @pytest.mark.parametrize(
        ("objective", "told"),
        [
            ({"metric": "max_drawdown", "direction": "minimize"}, None),
            (
                {"metric": "fees", "direction": "maximize"},
                "the more fees, the better a trial (maximize fees)",
            ),
            ({"score": {"sharpe": 1.0, "max_drawdown": -2.0}}, None),
            ({"score": {"sharpe": 1.0, "max_drawdown": 2.0}}, "the more max_drawdown, the better a trial"),
            (
                {"score": {"sharpe": -1.0, "fees": -2.0}, "direction": "minimize"},
                "the more fees, the better a trial (minimize -1*sharpe -2*fees)",
            ),
        ],
    )
    def test_more_of_what_nobody_wants_is_told(self, objective: dict[str, Any], told: str | None) -> None:
        found = warnings_about(search(self.GRID, objective=objective))
        assert [told is not None and told in text for text in found] == ([True] if told else [])

    def test_a_share_that_looks_like_percent_is_told(self) -> None:
        for bound, said in ((0.2, 0), (0.99, 0), (1.0, 1), (20.0, 1)):
            constraints = [{"metric": "max_drawdown", "at_most": bound}]
            assert len(warnings_about(search(self.GRID, constraints=constraints))) == said

    @pytest.mark.parametrize(
        ("sampler", "trials", "words"),
        [
            ({}, 24, "sampler tpe learns nothing: the budget has 24 trials, and its first 24 are random"),
            ({}, 25, None),
            ({"batch": 64}, 64, "(startup = 20, in batches of 64)"),
            ({"batch": 64}, 65, "the first 64 trials are random, not startup = 20"),
            ({"batch": 20}, 21, None),
            ({"batch": 10, "startup": 11}, 20, "its first 20 are random (startup = 11, in batches of 10)"),
        ],
    )
    def test_of_tpe_that_learns_late_or_never(
        self, sampler: dict[str, int], trials: int, words: str | None
    ) -> None:
        made = search(self.GRID, sampler={"kind": "tpe", **sampler}, budget={"trials": trials})
        said = warnings_about(made)
        assert len(said) == (words is not None)
        assert words is None or words in said[0]

    def test_one_for_each(self) -> None:
        made = search({"a": whole(1, 1), "b": choice(2), "c": whole(1, 3)}, sampler={"kind": "random"})
        assert len(warnings_about(made)) == 3


def test_few_valid_values_of_many_are_no_error() -> None:
    found = check_parameters(search({"decision": {"cooldown_bars": whole(0, 20_000_000)}}), MEAN_REVERSION)
    (told,) = found
    assert "drawn parameter sets are no strategy" in told


def test_a_step_of_the_users_own_is_run_under_its_time_limit_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def step(s: Vector, p: Vector, close: float) -> tuple[float, float]:
        return 1.0, 0.9

    outputs = ("side", "confidence")
    mine = Kernel(
        "mine", step, ("close",), (Param("n", 1.0, 100.0, whole=True),), outputs=outputs, neutral=(0.0, 0.0)
    )
    base = Config.from_code([], Decide(mine, ("close",), {"n": 5.0}), exits={"max_bars": 24})
    tried: list[object] = []
    monkeypatch.setattr(early, "_tried", lambda applied, parameters: tried.append(parameters))
    given = search({"decide": {"n": whole(5, 40)}}, budget={"trials": 6, "trial_seconds": 3.0})
    assert check_parameters(given, base) == []
    assert tried == []
