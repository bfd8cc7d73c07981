"""The run config: strict about every key and value, and a digest that sees each of them."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core import DEFAULT, Config, ConfigError, backtest, synthetic

DEFAULT_CONFIG = Config.default()
VALUES: dict[str, Any] = msgspec.to_builtins(DEFAULT_CONFIG)
CANDLES = synthetic(bars=60)


def with_value(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Return the default values with one of them replaced or added."""
    values = copy.deepcopy(VALUES)
    table = values
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] = value
    return values


def without(path: tuple[str, ...]) -> dict[str, Any]:
    values = with_value(path, None)
    table = values
    for key in path[:-1]:
        table = table[key]
    del table[path[-1]]
    return values


def fault(values: Any, where: str = "my.toml") -> str:
    """Return the message of the error that these values are."""
    with pytest.raises(ConfigError) as caught:
        Config.from_dict(values, where)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{where}: ")
    return message.removeprefix(f"{where}: ")


def leaves(table: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


class TestDefault:
    def test_it_loads_and_is_what_the_package_names_default(self) -> None:
        assert DEFAULT_CONFIG.feature_set == DEFAULT
        assert DEFAULT_CONFIG.asked_features.names == (*DEFAULT.names, "regime", "data_quality")
        assert DEFAULT_CONFIG.feature_set.layout.warmup == 52
        assert DEFAULT_CONFIG.digest == Config.default().digest

    def test_it_is_what_a_backtest_runs(self) -> None:
        implied, given_, laid_over = (backtest(CANDLES, c, compiled=True) for c in (None, DEFAULT_CONFIG, {}))
        assert implied.digest == given_.digest == laid_over.digest
        assert implied.config.digest == DEFAULT_CONFIG.digest

    def test_what_is_left_out_has_the_documented_default(self) -> None:
        short = Config.from_dict({key: VALUES[key] for key in ("features", "model")})
        assert short == DEFAULT_CONFIG
        assert short.digest == DEFAULT_CONFIG.digest
        assert (short.execution.fee, short.execution.slippage) == (0.002, 0.0005)

    def test_it_survives_a_round_trip(self) -> None:
        again = Config.from_dict(msgspec.to_builtins(DEFAULT_CONFIG))
        assert again.digest == DEFAULT_CONFIG.digest

    def test_it_is_frozen(self) -> None:
        with pytest.raises(AttributeError):
            DEFAULT_CONFIG.decision = DEFAULT_CONFIG.decision
        with pytest.raises(AttributeError):
            DEFAULT_CONFIG.decision.edge = 0.2


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (("featurs",), "unknown key 'featurs'; did you mean 'features'?"),
        (("zzz",), "unknown key 'zzz'; valid: decision, execution, features, model"),
        (("model", "sel"), "unknown key 'model.sel'; did you mean 'sell'?"),
        (("model", "buy", "baias"), "unknown key 'model.buy.baias'; did you mean 'bias'?"),
        (
            ("model", "sell", "calibration", "shfit"),
            "unknown key 'model.sell.calibration.shfit'; did you mean 'shift'?",
        ),
        (
            ("model", "buy", "weights", "atr"),
            "model.buy.weights: 'atr' is not among the features; did you mean 'atr_14'?",
        ),
        (("decision", "edg"), "unknown key 'decision.edg'; did you mean 'edge'?"),
        (("decision", "cooldown"), "unknown key 'decision.cooldown'; did you mean 'cooldown_bars'?"),
        (("execution", "slipage"), "unknown key 'execution.slipage'; did you mean 'slippage'?"),
        (("features", "atr14"), "features: unknown feature 'atr14'; did you mean 'atr_14'?"),
        (
            ("features", "rsi_inv_lag1", "rsl"),
            "features: feature 'rsi_inv_lag1' has no parameter 'rsl'; did you mean 'rsi'?",
        ),
    ],
)
def test_an_unknown_key_is_met_with_the_nearest(path: tuple[str, ...], message: str) -> None:
    given_value: Any = {} if path[0] == "features" and len(path) == 2 else 1.0
    assert fault(with_value(path, given_value)) == message


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("decision",), 3, "decision is 3; a table of keys is needed"),
        (("model", "buy"), [], "model.buy is []; a table of keys is needed"),
        (("model", "buy", "weights"), 1.0, "model.buy.weights = 1.0; expected a table, got `float`"),
        (("features",), ["atr_14"], "features = ['atr_14']; expected a table, got a list"),
        (("features", "atr_14"), 14, "features.atr_14 = 14; expected a table, got `int`"),
        (("features", "atr_14"), {"n": "14"}, "features.atr_14.n = '14'; expected `float`, got `str`"),
        (("features", "atr_14"), {"n": True}, "features.atr_14.n = True; expected `float`, got `bool`"),
        (
            ("model", "buy", "weights", "vol_regime"),
            "x",
            "model.buy.weights.vol_regime = 'x'; expected `float`, got `str`",
        ),
        (("model", "sell", "bias"), "x", "model.sell.bias = 'x'; expected `float`, got `str`"),
        (("decision", "edge"), "0.1", "decision.edge = '0.1'; expected `float`, got `str`"),
        (("decision", "edge"), True, "decision.edge = True; expected `float`, got `bool`"),
        (("decision", "hysteresis"), 1.5, "decision.hysteresis = 1.5; expected `int`, got `float`"),
        (("decision", "hysteresis"), True, "decision.hysteresis = True; expected `int`, got `bool`"),
        (
            ("decision", "side"),
            "lon",
            "decision.side = 'lon'; invalid enum value 'lon'; did you mean 'long'?",
        ),
        (
            ("execution", "fill"),
            "never",
            "execution.fill = 'never'; invalid enum value 'never'; valid: close, next_open",
        ),
    ],
)
def test_a_wrong_type_is_named_with_key_and_value(path: tuple[str, ...], value: Any, message: str) -> None:
    assert fault(with_value(path, value)) == message


@pytest.mark.parametrize(
    ("path", "bad", "good"),
    [
        (("decision", "reward_risk"), [0.0, -1.0, 2e15], [1e-9, 1e15]),
        (("decision", "threshold"), [-1e-9, 1.0000001], [0.0, 1.0, 0, 1]),
        (("decision", "confidence"), [-1e-9, 1.0000001], [0.0, 1.0]),
        (("decision", "edge"), [-1e-9, 1.0000001], [0.0, 1.0]),
        (("decision", "hysteresis"), [-1, 1_000_001], [0, 1_000_000]),
        (("decision", "cooldown_bars"), [-1, 1_000_001], [0, 1_000_000]),
        (("decision", "size"), [0.0, 1.0000001], [1e-9, 1.0]),
        (("execution", "initial_equity"), [0.0, -5.0, 2e15], [0.01, 1e15]),
        (("execution", "fee"), [-1e-9, 1.0], [0.0, 0.999]),
        (("execution", "slippage"), [-1e-9, 1.0], [0.0, 0.999]),
    ],
)
def test_ranges(path: tuple[str, ...], bad: list[float], good: list[float]) -> None:
    for value in good:
        assert Config.from_dict(with_value(path, value)).digest
    if path[1] not in ("hysteresis", "cooldown_bars"):
        bad = [*bad, math.nan, math.inf, -math.inf]
    for value in bad:
        message = fault(with_value(path, value))
        assert message.startswith(f"{'.'.join(path)} = {value!r}; ")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.1e9, -1.1e9])
@pytest.mark.parametrize(
    "path", [("bias",), ("weights", "atr_14"), ("calibration", "scale"), ("calibration", "shift")]
)
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_numbers_of_the_model_are_finite(side: str, path: tuple[str, ...], value: float) -> None:
    message = fault(with_value(("model", side, *path), value))
    assert message == f"model.{side}: {path[-1]} = {value!r}; a number between -1e9 and 1e9 is needed"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            ("model", "buy", "weights", "vol_regime"),
            "model.buy.weights: no weight for the feature 'vol_regime'",
        ),
        (
            ("features", "vol_regime"),
            "model.buy.weights: 'vol_regime' is not among the features; valid: atr_14, bb_position_inv_ma3, ",
        ),
        (("model", "sell", "bias"), "model.sell: object missing required field `bias`"),
        (("model", "sell"), "model: object missing required field `sell`"),
        (("features",), "object missing required field `features`"),
    ],
)
def test_what_is_missing_is_named(path: tuple[str, ...], message: str) -> None:
    assert fault(without(path)).startswith(message)


@pytest.mark.parametrize("values", [None, 3, "default", ["features"]])
def test_something_that_is_no_table(values: Any) -> None:
    assert fault(values) == f"the whole is {values!r}; a table of keys is needed"


def test_features_must_be_some_and_fit_their_ranges() -> None:
    assert fault(with_value(("features",), {})) == "features: a feature set needs at least one feature"
    wanted = "features: feature 'atr_14': kernel 'wilder': n = 0.0 is outside [1, 100000]"
    assert fault(with_value(("features", "atr_14", "n"), 0)) == wanted


class TestFiles:
    TEXT = "\n".join(
        [
            "[features]",
            "atr_14 = { n = 7 }",
            "[model.buy]",
            "bias = 1",
            "weights = { atr_14 = 0.5 }",
            "[model.sell]",
            "bias = -1.5",
            "weights = { atr_14 = -0.5 }",
            "[decision]",
            "hysteresis = 0",
        ]
    )

    def test_a_file_is_the_same_as_its_values(self, tmp_path: Path) -> None:
        path = tmp_path / "strategy.toml"
        path.write_text(self.TEXT, encoding="utf-8")
        read = Config.from_toml(path)
        assert read.feature_set.parameters == {"atr_14": {"n": 7.0}}
        assert (read.model.buy.bias, read.model.sell.bias, read.decision.hysteresis) == (1.0, -1.5, 0)
        assert Config.from_toml(str(path)).digest == read.digest

    def test_a_fault_names_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "strategy.toml"
        path.write_text(self.TEXT + "\nhystersis = 1\n", encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            Config.from_toml(path)
        message = f"{path}: unknown key 'decision.hystersis'; did you mean 'hysteresis'?"
        assert str(caught.value) == message

    @pytest.mark.parametrize("text", ["[features", "a = ", "a = 1\na = 2\n", "{}"])
    def test_not_toml(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "strategy.toml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            Config.from_toml(path)
        assert str(caught.value).startswith(f"{path}: not TOML: ")
        assert caught.value.__cause__ is None

    def test_not_text(self, tmp_path: Path) -> None:
        path = tmp_path / "strategy.toml"
        path.write_bytes(b"\xff\xfe\x00")
        with pytest.raises(ConfigError) as caught:
            Config.from_toml(path)
        assert str(caught.value).startswith(f"{path}: cannot be read: ")

    def test_no_file(self, tmp_path: Path) -> None:
        for path in (tmp_path / "none.toml", tmp_path):
            with pytest.raises(ConfigError) as caught:
                Config.from_toml(path)
            assert str(caught.value).startswith(f"{path}: cannot be read: ")


class TestUpdated:
    def test_values_are_laid_over(self) -> None:
        made = DEFAULT_CONFIG.updated(
            {"decision": {"edge": 0.25}, "model": {"buy": {"weights": {"atr_14": 0.5}}}}
        )
        assert (made.decision.edge, made.decision.threshold) == (0.25, 0.55)
        assert made.model.buy.weights["atr_14"] == 0.5
        assert made.model.sell.weights["atr_14"] == 0.0
        assert len(made.model.buy.weights) == 15
        assert DEFAULT_CONFIG.decision.edge == 0.1
        assert DEFAULT_CONFIG.model.buy.weights["atr_14"] == 0.0

    def test_nothing_changes_nothing(self) -> None:
        for changes in ({}, {"decision": {}}, {"decision": {"edge": 0.1}}):
            assert DEFAULT_CONFIG.updated(changes).digest == DEFAULT_CONFIG.digest

    def test_given_features_replace_the_old_ones_with_their_weights(self) -> None:
        weights = {"atr_14": 0.5}
        changes = {
            "features": {"atr_14": {"n": 7}},
            "model": {"buy": {"weights": weights}, "sell": {"weights": weights}},
        }
        made = DEFAULT_CONFIG.updated(changes)
        assert made.feature_set.names == ("atr_14",)
        assert made.model.buy.weights == weights
        assert made.model.buy.bias == DEFAULT_CONFIG.model.buy.bias

    def test_given_features_without_weights_are_an_error(self) -> None:
        with pytest.raises(
            ConfigError, match=r"model\.buy\.weights: 'rsi_inv_lag1' is not among the features"
        ):
            DEFAULT_CONFIG.updated({"features": {"atr_14": {}}})

    def test_backtest_lays_a_mapping_over_the_default(self) -> None:
        changed = backtest(CANDLES, {"execution": {"fee": 0.0}}, compiled=True)
        assert changed.config.digest == DEFAULT_CONFIG.updated({"execution": {"fee": 0.0}}).digest
        with pytest.raises(ConfigError) as caught:
            backtest(CANDLES, {"decision": {"edg": 0.1}})
        assert str(caught.value) == "changes: unknown key 'decision.edg'; did you mean 'edge'?"

    @pytest.mark.parametrize("changes", [None, 3, [("decision", {})]])
    def test_changes_are_a_table(self, changes: Any) -> None:
        with pytest.raises(ConfigError, match=r"changes: the whole is .*; a table of keys is needed"):
            DEFAULT_CONFIG.updated(changes)


LEAVES = [*leaves(VALUES), *((("features", name), {}) for name in VALUES["features"])]


def another(path: tuple[str, ...], value: Any) -> Any:
    """Return another valid value for a leaf."""
    if path[-1] == "side":
        return "short"
    if path[-1] == "fill":
        return "close"
    if isinstance(value, int):
        return value + 1
    return value / 2.0 if value else 0.5


@pytest.mark.parametrize("path", [path for path, value in LEAVES if value != {}], ids=".".join)
def test_the_digest_sees_every_single_value(path: tuple[str, ...]) -> None:
    value = dict(LEAVES)[path]
    changed = Config.from_dict(with_value(path, another(path, value)))
    assert changed.digest != DEFAULT_CONFIG.digest
    assert Config.from_dict(with_value(path, value)).digest == DEFAULT_CONFIG.digest
    result = backtest(CANDLES, changed, compiled=True)
    assert result.digest != backtest(CANDLES, DEFAULT_CONFIG, compiled=True).digest


@given(one=st.sampled_from(LEAVES), other=st.sampled_from(LEAVES))
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
def test_two_different_changes_have_two_digests(one: Any, other: Any) -> None:
    def changed(leaf: tuple[tuple[str, ...], Any]) -> str:
        path, value = leaf
        if value == {}:
            (first, default), *_ = DEFAULT.parameters[path[1]].items()
            return Config.from_dict(with_value(path, {first: default + 1.0})).digest
        return Config.from_dict(with_value(path, another(path, value))).digest

    assert (changed(one) == changed(other)) == (one[0] == other[0])


def test_the_digest_sees_the_smallest_step_and_which_side() -> None:
    base = Config.from_dict(with_value(("model", "buy", "bias"), 0.25)).digest
    near = Config.from_dict(with_value(("model", "buy", "bias"), math.nextafter(0.25, 1.0))).digest
    sell = Config.from_dict(with_value(("model", "sell", "bias"), 0.25)).digest
    assert len({base, near, sell}) == 3


def test_the_order_of_features_counts_and_that_of_weights_and_tables_does_not() -> None:
    reversed_features = with_value(("features",), dict(reversed(VALUES["features"].items())))
    assert Config.from_dict(reversed_features).digest != DEFAULT_CONFIG.digest
    values = dict(reversed(copy.deepcopy(VALUES).items()))
    values["decision"] = dict(reversed(values["decision"].items()))
    for side in values["model"].values():
        side["weights"] = dict(reversed(side["weights"].items()))
    turned = Config.from_dict(values)
    assert turned.digest == DEFAULT_CONFIG.digest
    candles = synthetic(bars=200)
    result = backtest(candles, turned, compiled=True)
    assert result.trades
    assert result.digest == backtest(candles, compiled=True).digest


def test_a_default_that_is_written_out_changes_nothing() -> None:
    written = with_value(("features",), DEFAULT.parameters)
    assert Config.from_dict(written).digest == DEFAULT_CONFIG.digest
    whole = with_value(("features", "atr_14", "n"), 14)
    assert Config.from_dict(whole).digest == DEFAULT_CONFIG.digest


@pytest.mark.parametrize(
    "change",
    [
        lambda config: config.features.update(rsi_inv_lag1={"rsi": 3.0}),
        lambda config: config.features["rsi_inv_lag1"].__setitem__("rsi", 3.0),
        lambda config: config.model.buy.weights.__setitem__("rsi_inv_lag1", 3.0),
        lambda config: config.model.sell.weights.pop("rsi_inv_lag1"),
        lambda config: setattr(config, "features", {}),
    ],
)
def test_a_config_cannot_be_changed(change: Callable[[Config], object]) -> None:
    config = Config.default()
    before = config.digest
    with pytest.raises((TypeError, AttributeError)):
        change(config)
    assert Config.default().digest == before


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
    assert copy.deepcopy(one) == one == pickle.loads(pickle.dumps(one))


@pytest.mark.parametrize(
    ("part", "changes", "message"),
    [
        ("decision", {"size": -3.0}, r"config: decision\.size = -3\.0"),
        ("decision", {"side": "up"}, r"config: decision\.side = 'up'"),
        ("execution", {"fee": 2.0}, r"config: execution\.fee = 2\.0"),
    ],
)
def test_a_struct_built_past_its_limits_is_refused(part: str, changes: dict[str, Any], message: str) -> None:
    broken = msgspec.structs.replace(getattr(DEFAULT_CONFIG, part), **changes)
    config = msgspec.structs.replace(DEFAULT_CONFIG, **{part: broken})
    with pytest.raises(ConfigError, match=message):
        backtest(CANDLES, config, compiled=True)


def test_weights_without_their_features_are_refused() -> None:
    config = Config(features={"atr_14": {}}, model=DEFAULT_CONFIG.model)
    with pytest.raises(ConfigError, match="is not among the features"):
        backtest(CANDLES, config, compiled=True)


def test_the_context_of_decisions_keeps_its_parameters() -> None:
    with pytest.raises(
        ConfigError, match=r"features\.regime: decisions look at it with its default parameters"
    ):
        Config.from_dict(
            {
                "features": {"regime": {"band": 0.5}},
                "model": {side: {"bias": 0.0, "weights": {"regime": 1.0}} for side in ("buy", "sell")},
            }
        )
