"""The run config: strict about every key and value, and a digest that sees each of them."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from genesis_core import DEFAULT, Config, ConfigError, backtest, synthetic
from genesis_core.strategy.parts import (
    Calibration,
    Decision,
    Execution,
    Exits,
    FibGate,
    Higher,
    Line,
    Model,
    RegimeThresholds,
    Side,
    Thresholds,
)
from tests.unit.config_cases import CANDLES, DEFAULT_CONFIG, SHORT, VALUES, Path_, changes_fault, with_value


class TestDefault:
    def test_it_loads_and_is_what_the_package_names_default(self) -> None:
        assert DEFAULT_CONFIG.feature_set == DEFAULT
        assert DEFAULT_CONFIG.asked_features.names[:15] == DEFAULT.names
        assert DEFAULT_CONFIG.ready == DEFAULT_CONFIG.feature_set.layout.warmup == 52
        assert DEFAULT_CONFIG.digest == Config.default().digest

    def test_it_is_what_a_backtest_runs(self) -> None:
        implied, given_, laid_over = (backtest(CANDLES, c, compiled=True) for c in (None, DEFAULT_CONFIG, {}))
        assert implied.digest == given_.digest == laid_over.digest
        assert implied.config.digest == DEFAULT_CONFIG.digest

    def test_what_is_left_out_has_the_default_of_its_table(self) -> None:
        tables = (SHORT.decision, SHORT.higher, SHORT.exits, SHORT.execution)
        assert tables == (Decision(), Higher(), Exits(), Execution())
        assert (SHORT.execution.fee, SHORT.execution.slippage) == (0.002, 0.0005)
        bare = Config.from_dict(
            {
                "features": {"atr_14": {}},
                "model": {side: {"bias": 0, "weights": {"atr_14": 1}} for side in ("buy", "sell")},
            }
        )
        assert bare.model is not None
        assert bare.model.buy.calibration == Calibration(1.0, 0.0, None, None, None)

    @pytest.mark.parametrize("config", [DEFAULT_CONFIG, SHORT], ids=["default", "short"])
    def test_it_survives_a_round_trip(self, config: Config) -> None:
        again = Config.from_dict(config.values)
        assert again == config
        assert again.values == config.values

    def test_it_says_every_key_there_is(self) -> None:
        for table in (Decision, Higher, Exits, Execution):
            section = VALUES[table.__name__.lower()]
            assert set(section) == {field.name for field in msgspec.structs.fields(table)}

    @pytest.mark.parametrize("first", range(0, 9_001, 1_000))
    def test_it_trades_both_sides_in_every_thousand_bars(self, first: int) -> None:
        trades = backtest(synthetic()[first : first + 1_000], compiled=True).trades
        assert len(trades) >= 20
        assert {trade.side for trade in trades} == {"long", "short"}

    def test_it_leaves_for_every_reason_there_is_without_a_step_of_ones_own(self) -> None:
        reasons = backtest(synthetic(), compiled=True).reasons
        assert {name for name in reasons if name.startswith("exit:")} == {
            f"exit:{name}"
            for name in (
                *("reversal", "stop_gap", "stop", "target", "partial_1", "partial_2", "trailing_stop"),
                *("max_hold", "confidence_drop", "regime_flip", "final_close"),
            )
        }


class TestUpdated:
    def test_values_are_laid_over(self) -> None:
        made = DEFAULT_CONFIG.updated(
            {
                "decision": {"edge": 0.25, "zone_size": {"low": 2.0}},
                "model": {"buy": {"weights": {"atr_14": 0.5}}},
                "exits": {"partials": [0.5]},
            }
        )
        assert (made.decision.edge, made.decision.threshold) == (0.25, 0.55)
        assert (made.decision.zone_size.low, made.decision.zone_size.high) == (2.0, 0.5)
        assert made.exits.partials == (0.5,)
        assert made.model is not None
        assert DEFAULT_CONFIG.model is not None
        assert made.model.buy.weights["atr_14"] == 0.5
        assert made.model.sell.weights["atr_14"] == 0.0
        assert len(made.model.buy.weights) == 15
        assert DEFAULT_CONFIG.decision.edge == 0.1
        assert DEFAULT_CONFIG.model.buy.weights["atr_14"] == 0.0

    @pytest.mark.parametrize(
        "changes", [{}, {"decision": {}}, {"decision": {"edge": 0.1}}, {"higher": {"depth": 6}}]
    )
    def test_nothing_changes_nothing(self, changes: dict[str, Any]) -> None:
        assert DEFAULT_CONFIG.updated(changes) == DEFAULT_CONFIG

    def test_an_optional_table_comes_and_goes(self) -> None:
        path: Path_ = ("model", "sell", "calibration", "ranging")
        there = DEFAULT_CONFIG.updated(with_value(path, {"scale": 2}, {}))
        assert there.model is not None
        assert there.model.sell.calibration.ranging == Line(2.0, 0.0)
        assert there != DEFAULT_CONFIG
        assert there.updated(with_value(path, None, {})) == DEFAULT_CONFIG
        path = ("decision", "regime_thresholds", "ranging", "long")
        there = DEFAULT_CONFIG.updated(with_value(path, 0.7, {}))
        assert there != DEFAULT_CONFIG
        assert there.updated(with_value(path, None, {})) == DEFAULT_CONFIG

    def test_given_features_replace_the_old_ones_with_their_weights(self) -> None:
        weights = {"atr_14": 0.5}
        changes = {
            "features": {"atr_14": {"n": 14}},
            "model": {"buy": {"weights": weights}, "sell": {"weights": weights}},
        }
        made = DEFAULT_CONFIG.updated(changes)
        assert made.feature_set.names == ("atr_14",)
        assert made.model is not None
        assert DEFAULT_CONFIG.model is not None
        assert made.model.buy.weights == weights
        assert made.model.buy.bias == DEFAULT_CONFIG.model.buy.bias

    def test_given_features_without_weights_are_an_error(self) -> None:
        message = changes_fault({"features": {"atr_14": {}}})
        assert message.startswith("model.buy.weights: 'rsi_inv_lag1' is not among the features")

    def test_a_feature_that_decisions_look_at_keeps_its_parameters(self) -> None:
        weights = {"atr_14": 0.5}
        changes = {
            "features": {"atr_14": {"n": 7}},
            "model": {"buy": {"weights": weights}, "sell": {"weights": weights}},
        }
        assert changes_fault(changes) == (
            "features.atr_14: decisions look at it with {'n': 14.0}; leave its parameters as they are"
        )

    def test_backtest_lays_a_mapping_over_the_default(self) -> None:
        changed = backtest(CANDLES, {"execution": {"fee": 0.0}}, compiled=True)
        assert changed.config.digest == DEFAULT_CONFIG.updated({"execution": {"fee": 0.0}}).digest
        with pytest.raises(ConfigError) as caught:
            backtest(CANDLES, {"decision": {"edg": 0.1}})
        assert str(caught.value) == "changes: unknown key 'decision.edg'; did you mean 'edge'?"

    @pytest.mark.parametrize("changes", [None, 3, [("decision", {})]])
    def test_changes_are_a_table(self, changes: Any) -> None:
        assert changes_fault(changes) == f"the whole = {changes!r}; a table of keys is needed"

    def test_a_model_has_no_decide_step(self) -> None:
        assert changes_fault({"decide": {"limit": 1}}).startswith("unknown key 'decide'; valid: ")


@pytest.mark.parametrize(
    "change",
    [
        lambda config: config.features.update(rsi_inv_lag1={"rsi": 3.0}),
        lambda config: config.features["rsi_inv_lag1"].__setitem__("rsi", 3.0),
        lambda config: config.model.buy.weights.__setitem__("rsi_inv_lag1", 3.0),
        lambda config: config.model.sell.weights.pop("rsi_inv_lag1"),
        lambda config: setattr(config, "features", {}),
        lambda config: setattr(config.decision, "edge", 0.2),
        lambda config: setattr(config.decision.higher_fib, "missing", "off"),
        lambda config: config.decision.size.append((1.0, 1.0)),
        lambda config: setattr(config.exits, "stop", 0.0),
        lambda config: config.values["decision"].clear() or setattr(config, "decision", None),
    ],
)
def test_a_config_cannot_be_changed(change: Callable[[Config], object]) -> None:
    config = Config.default()
    before = config.digest
    with pytest.raises((TypeError, AttributeError)):
        change(config)
    assert Config.default().digest == before == Config.from_dict(VALUES).digest


def test_configs_are_equal_when_they_mean_the_same() -> None:
    features = {"atr_14": {}, "vol_regime": {}}
    weights = {"atr_14": 1.0, "vol_regime": 2.0}
    model = {side: {"bias": 0.0, "weights": weights} for side in ("buy", "sell")}
    one = Config.from_dict({"features": features, "model": model})
    spelled_out = Config.from_dict({"features": {"atr_14": {"n": 14}, "vol_regime": {}}, "model": model})
    other_order = Config.from_dict({"features": dict(reversed(features.items())), "model": model})
    assert one == spelled_out
    assert hash(one) == hash(spelled_out)
    assert one != other_order
    assert one != one.values
    assert len({one, spelled_out, other_order}) == 2


@pytest.mark.parametrize("config", [DEFAULT_CONFIG, SHORT], ids=["default", "short"])
def test_copies_are_equal(config: Config) -> None:
    for again in (copy.copy(config), copy.deepcopy(config), pickle.loads(pickle.dumps(config))):
        assert again == config
        assert (again.digest, again.values) == (config.digest, config.values)
        assert backtest(CANDLES, again, compiled=True) == backtest(CANDLES, config, compiled=True)


BUILT_MODEL = Model(Side(-1.0, {"atr_14": 0.5}), Side(1.0, {"atr_14": -0.5}, Calibration(bull=Line(2.0))))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"decision": Decision(edge=2.0)}, "decision.edge = 2.0; expected `float` <= 1.0"),
        ({"decision": Decision(size=-1.0)}, "decision.size = -1.0; expected `float` > 0.0"),
        (
            {"decision": Decision(higher_fib=FibGate("on"))},
            "decision.higher_fib.missing = 'on'; invalid enum value",
        ),
        (
            {"decision": Decision(regime_thresholds=RegimeThresholds(bull=Thresholds(2.0)))},
            "decision.regime_thresholds.bull.long = 2.0; expected `float` <= 1.0",
        ),
        ({"exits": Exits(max_bars=1.5)}, "exits.max_bars = 1.5; expected `int`, got `float`"),
        ({"execution": Execution(fee=math.nan)}, "execution.fee = nan; expected `float` >= 0.0"),
        (
            {"features": {"atr_14": {"n": 0}}},
            "features: feature 'atr_14': kernel 'wilder': n = 0.0 is outside",
        ),
        ({"model": None}, "model: missing; weights are needed"),
    ],
)
def test_a_config_built_past_the_limits_does_not_run(parts: dict[str, Any], message: str) -> None:
    built = Config(**{"features": {"atr_14": {}}, "model": BUILT_MODEL, **parts})
    with pytest.raises(ConfigError) as caught:
        backtest(CANDLES, built)
    assert str(caught.value).startswith(f"config: {message}")


def test_a_config_built_of_structs_is_one_read_from_values() -> None:
    built = Config(
        features={"atr_14": {"n": 14}},
        model=BUILT_MODEL,
        decision=Decision(edge=0, size=1, cooldown_bars=0),
        exits=Exits(stop=2),
    )
    read = Config.from_dict(built.values)
    assert built == read
    assert built.checked.decision.size == 1.0
    assert isinstance(built.checked.decision.size, float)
    assert built.digest == built.checked.digest == read.digest
    assert backtest(CANDLES, built, compiled=True) == backtest(CANDLES, read, compiled=True)
    assert read.checked is read


@pytest.mark.parametrize("config", [3, "default.toml", [("decision", {})]])
def test_what_is_no_config_is_said_to_be_none(config: Any) -> None:
    with pytest.raises(ConfigError, match="a Config, a mapping or None is needed"):
        backtest(CANDLES, config)
