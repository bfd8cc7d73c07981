"""Strategies in code: what does not fit is said in one sentence, and what fits gives one result on every path."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from genesis_core import (
    Candles,
    Config,
    ConfigError,
    Decide,
    Feature,
    FeatureCache,
    FeatureError,
    GenesisError,
    Kernel,
    Param,
    Stream,
    Vector,
    backtest,
    backtest_many,
    indicator,
    node,
    synthetic,
    window,
)
from genesis_core.compiler.run import INPUT_COLUMNS
from genesis_core.features.defaults import FEATURES
from genesis_core.kernels.trading.bar import trade_bar
from genesis_core.kernels.walk import KernelError
from genesis_core.strategy.inputs import SLOTS
from genesis_core.strategy.parts import Decision, RegimeThresholds, Thresholds

CANDLES = synthetic(bars=200)


def cross(s: Vector, p: Vector, fast: float, slow: float) -> tuple[float, float, float]:
    """Long above, out below, short far below."""
    if fast > slow:
        return 1.0, 0.75, 0.0
    if slow - fast > p[0] * slow:
        return -1.0, 0.5, 0.0
    return 0.0, 0.0, 1.0


def momentum(s: Vector, p: Vector, x: float) -> float:
    """Return how far x went in n bars."""
    n = int(p[0])
    at = int(s[0])
    then = s[1 + at]
    s[1 + at] = x
    s[0] = float(at + 1) if at + 1 < n else 0.0
    return x - then


def sign(s: Vector, p: Vector, x: float) -> tuple[float, float]:
    if x > 0.0:
        return 1.0, 1.0
    if x < 0.0:
        return -1.0, 1.0
    return 0.0, 0.0


def power(s: Vector, p: Vector, fast: float, slow: float) -> tuple[float, float]:
    return fast**2.0, slow


def lone(s: Vector, p: Vector, x: float) -> float:
    return x


def no_lambda_state(p: tuple[float, ...]) -> int:
    return 0


CROSS = Kernel(
    "cross",
    cross,
    ("fast", "slow"),
    (Param("deep", 0.0, 1.0),),
    ("side", "confidence", "exit"),
    (0.0, 0.0, 0.0),
)
SIGN = Kernel("sign", sign, ("x",), (), ("side", "confidence"), (0.0, 0.0))
MOMENTUM = Kernel(
    "momentum", momentum, ("x",), (window("n"),), state=lambda p: 1 + int(p[0]), warmup=lambda p: int(p[0])
)
FAST, SLOW = indicator("fast", "ema", "close", n=5), indicator("slow", "sma", "close", n=20)
OWN = Feature("momentum", (("n", 12.0),), lambda p: node(MOMENTUM, "close", n=p["n"]).value)
DECIDE = Decide(CROSS, ("fast", "slow"), {"deep": 0.002})


def strategy(**tables: Any) -> Config:
    return Config.from_code([FAST, SLOW], DECIDE, **tables)


def fault(make: Callable[[], object], kind: type[GenesisError] = ConfigError) -> str:
    with pytest.raises(kind) as caught:
        make()
    assert caught.value.__cause__ is None
    message = str(caught.value)
    assert "\n" not in message
    return message


class TestWhatRuns:
    @pytest.mark.parametrize(
        "config",
        [
            strategy(),
            strategy(
                exits={"stop": 1.0, "max_bars": 9},
                decision={"hysteresis": 2, "size": [[0.5, 0.1], [0.7, 0.2]]},
            ),
            Config.from_code([(OWN, {"n": 7})], Decide(SIGN, ("momentum",))),
            Config.from_code(
                [OWN], Decide(SIGN, ("momentum",)), decision={"side": "short"}, exits={"max_bars": 9}
            ),
        ],
        ids=["plain", "exits", "own feature", "short only"],
    )
    def test_every_path_gives_one_result(self, config: Config) -> None:
        flags: list[dict[str, bool]] = [
            {},
            {"fast_window": True},
            {"precompute_features": True},
            {"compiled": True},
        ]
        results = [backtest(CANDLES, config, **flag) for flag in flags]
        assert len({result.digest for result in results}) == 1
        assert len({result.plan.path for result in results}) == 4
        assert len(results[0].trades) > 3

    def test_what_the_step_says_is_done(self) -> None:
        result = backtest(CANDLES, strategy(), compiled=True)
        assert {trade.side for trade in result.trades} == {"long", "short"}
        assert {trade.confidence for trade in result.trades} == {0.75, 0.5}
        assert result.reasons["exit:exit_signal"] > 1
        decision = strategy().decision
        assert (decision.hysteresis, decision.cooldown_bars, decision.confidence) == (0, 0, 0.0)
        assert decision.drawdown_size == ()

    def test_the_first_decision_is_as_of_the_first_bar_with_all_inputs(self) -> None:
        assert strategy().ready == 19
        assert strategy().updated({"features": {"fast": {"n": 30}}}).ready == 29
        assert Config.from_code([OWN], Decide(SIGN, ("momentum",))).ready == 12
        assert strategy(exits={"stop": 1.0}).updated({"features": {"slow": {"n": 2}}}).ready == 14
        result = backtest(CANDLES, strategy(), compiled=True)
        assert result.reasons["WARMUP"] == 19
        assert result.reason(19) != "WARMUP"

    def test_candle_columns_are_inputs_too(self) -> None:
        config = Config.from_code([SLOW], Decide(CROSS, ("close", "slow"), {"deep": 0.5}))
        assert backtest(CANDLES, config, compiled=True).trades

    @pytest.mark.parametrize("exits", [{}, {"stop": 1.0, "max_bars": 9}], ids=["no features", "context only"])
    def test_without_features_it_reads_candle_columns_on_every_path(self, exits: dict[str, Any]) -> None:
        config = Config.from_code([], Decide(CROSS, ("open", "close"), {"deep": 0.002}), exits=exits)
        assert config.features == {}
        assert config.feature_set.names == ()
        assert config.ready == (14 if exits else 0)
        results = [
            backtest(CANDLES, config, **flag)
            for flag in ({}, {"fast_window": True}, {"precompute_features": True}, {"compiled": True})
        ]
        assert len({result.digest for result in results}) == 1
        assert len({result.plan.path for result in results}) == 4
        assert results[0].trades
        assert backtest(CANDLES, config, feature_cache=FeatureCache()).digest == results[0].digest
        changed = config.updated({"decide": {"deep": 0.1}})
        made = backtest_many(CANDLES, [config, changed, config.updated({"decision": {"size": 0.3}})])
        assert made[0].summary_digest == results[0].summary_digest
        assert len({one.summary_digest for one in made}) == 3
        stream = Stream(config, symbol=CANDLES.symbol, timeframe=CANDLES.timeframe)
        equity = [stream.update(candle).equity for candle in CANDLES]
        assert equity == results[0].equity.tolist()[: len(CANDLES)]
        assert changed != config
        assert changed == Config.from_code([], Decide(CROSS, ("open", "close"), {"deep": 0.1}), exits=exits)
        for again in (copy.copy(config), copy.deepcopy(config), config.checked):
            assert again == config
        assert pickle.loads(pickle.dumps(config.feature_set)) == config.feature_set

    def test_the_packages_features_are_inputs_too(self) -> None:
        config = Config.from_code(
            ["rsi_inv_lag1", ("regime", {})], Decide(CROSS, ("rsi_inv_lag1", "regime"), {"deep": 1})
        )
        assert config.ready == 49
        assert backtest(CANDLES, config, compiled=True).trades

    def test_a_model_may_weigh_a_feature_of_ones_own(self) -> None:
        side = {"bias": 1.0, "weights": {"momentum": 0.01}}
        values = {
            "features": {"momentum": {"n": 6}},
            "model": {"buy": side, "sell": {"bias": 1.0, "weights": {"momentum": -0.01}}},
        }
        config = Config.from_dict(values, own=[OWN])
        one, other = (
            backtest(CANDLES, config, **flag) for flag in ({"fast_window": True}, {"compiled": True})
        )
        assert one.trades
        assert one.digest == other.digest
        assert config.updated({"features": {"momentum": {"n": 7}}}) != config
        assert fault(lambda: Config.from_dict(values)) == (
            "config: features: unknown feature 'momentum'; valid: " + ", ".join(sorted(FEATURES))
        )
        assert fault(lambda: Config.from_dict(values, own=[OWN, FAST])) == (
            "config: own = 'fast'; features does not name it, so nothing reads it"
        )


def test_the_law_takes_the_inputs_of_a_decision_by_their_names_and_the_loop_as_many() -> None:
    names = [name for name, _ in SLOTS]
    arguments = list(inspect.signature(trade_bar).parameters)
    first = arguments.index(names[0])
    assert arguments[first : first + len(names)] == names
    assert arguments[first + len(names) :] == ["ready", "last"]
    assert len(names) == INPUT_COLUMNS


class TestWhatDoesNotFit:
    @pytest.mark.parametrize("features", ["fast", FAST, 3, None])
    def test_no_list_of_features(self, features: Any) -> None:
        message = fault(lambda: Config.from_code(features, DECIDE))
        assert message == f"config: features = {features!r}; a list of features is needed"

    @pytest.mark.parametrize("choice", [3, (FAST,), (FAST, {}, 1), (FAST, 5), (3, {})])
    def test_no_feature(self, choice: Any) -> None:
        assert fault(lambda: Config.from_code([choice, SLOW], DECIDE)) == (
            f"config: features: {choice!r}; a feature, its name, or a pair of one and its parameters is needed"
        )

    def test_a_name_that_stands_twice(self) -> None:
        message = fault(lambda: Config.from_code([FAST, SLOW, indicator("fast", "ema", "open", n=5)], DECIDE))
        assert message == "config: features: 'fast' stands twice; give each a name of its own"

    def test_a_model_without_features(self) -> None:
        side: dict[str, Any] = {"bias": 1.0, "weights": {}}
        message = fault(lambda: Config.from_dict({"features": {}, "model": {"buy": side, "sell": side}}))
        assert message == "config: features: a feature set needs at least one feature"

    def test_a_parameter_the_feature_does_not_have(self) -> None:
        message = fault(lambda: Config.from_code([(FAST, {"m": 5}), SLOW], DECIDE))
        assert message == "config: features: feature 'fast' has no parameter 'm'; valid: n"

    @pytest.mark.parametrize(
        ("feature", "message"),
        [
            (indicator("fast", "emma", "close", n=5), "unknown kernel 'emma'; did you mean 'ema'?"),
            (indicator("fast", "ema", "clos", n=5), "unknown column 'clos'; did you mean 'close'?"),
            (indicator("fast", "ema", "close"), "kernel 'ema' needs the parameter 'n'"),
            (indicator("fast", "ema", "close", n=0), "kernel 'ema': n = 0 is outside [1, 100000]"),
            (indicator("fast", "ema", "close", "open", n=5), "kernel 'ema' reads 1 inputs (x), got 2"),
            (
                indicator("fast", "mean_std", "close", n=20),
                "kernel 'mean_std' has several outputs: mean, std",
            ),
        ],
    )
    def test_an_indicator_that_cannot_be(self, feature: Feature, message: str) -> None:
        found = fault(lambda: Config.from_code([feature, SLOW], DECIDE))
        assert found.startswith(f"config: features: feature 'fast': {message}")

    @pytest.mark.parametrize("decide", [None, CROSS, cross])
    def test_no_decide_step(self, decide: Any) -> None:
        assert fault(lambda: Config.from_code([FAST], decide)) == (
            f"config: decide = {decide!r}; a Decide is needed"
        )

    def test_an_unknown_input(self) -> None:
        message = fault(lambda: Config.from_code([FAST, SLOW], Decide(CROSS, ("fast", "slo"), {"deep": 0})))
        assert message == (
            "decide: the input 'slo' is neither a feature of the strategy nor a candle column; did you mean 'slow'?"
        )

    @pytest.mark.parametrize("inputs", [("fast",), ("fast", "slow", "close")])
    def test_a_wrong_number_of_inputs(self, inputs: tuple[str, ...]) -> None:
        message = fault(lambda: Config.from_code([FAST, SLOW], Decide(CROSS, inputs, {"deep": 0})))
        assert message == f"config: kernel 'cross' reads 2 inputs (fast, slow), got {len(inputs)}"

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({}, "kernel 'cross' needs the parameter 'deep'"),
            ({"deep": 0, "dep": 1}, "kernel 'cross' has no parameter 'dep'; did you mean 'deep'?"),
            ({"deep": 1.5}, "kernel 'cross': deep = 1.5 is outside [0, 1]"),
            ({"deep": "0"}, "kernel 'cross': deep = '0'; a number is needed"),
            ({"deep": True}, "kernel 'cross': deep = True; a number is needed"),
            ({"deep": float("nan")}, "kernel 'cross': deep = nan is outside [0, 1]"),
        ],
    )
    def test_parameters(self, params: dict[str, Any], message: str) -> None:
        assert fault(lambda: Config.from_code([FAST, SLOW], Decide(CROSS, ("fast", "slow"), params))) == (
            f"config: {message}"
        )

    @pytest.mark.parametrize(
        ("made", "message"),
        [
            (lambda: Decide(cross, ("fast",)), "decide: kernel = <function cross at"),
            (lambda: Decide(SIGN, "close"), "decide: inputs = 'close'; a tuple of names is needed"),
            (lambda: Decide(SIGN, (FAST,)), "decide: inputs = (Feature("),
            (lambda: Decide(SIGN, ("close",), [1]), "decide: params = [1]; parameters by name are needed"),
            (
                lambda: Decide(Kernel("lone", lone, ("x",)), ("close",)),
                "decide: kernel 'lone' has the outputs ('value',); ('side', 'confidence') or "
                "('side', 'confidence', 'exit') are needed",
            ),
            (
                lambda: Decide(replace(SIGN, outputs=("confidence", "side")), ("close",)),
                "decide: kernel 'sign' has the outputs ('confidence', 'side'); ",
            ),
        ],
    )
    def test_a_step_that_cannot_decide(self, made: Callable[[], object], message: str) -> None:
        assert fault(made).startswith(message)

    def test_a_kernel_that_is_not_in_the_language(self) -> None:
        kernel = Kernel("power", power, ("fast", "slow"), (), ("side", "confidence"), (0.0, 0.0))
        with pytest.raises(KernelError) as caught:
            Config.from_code([FAST, SLOW], Decide(kernel, ("fast", "slow")))
        head, violation = str(caught.value).split("\n")
        assert head == "kernel 'power' is not in the kernel language, 1 violation(s):"
        line = power.__code__.co_firstlineno + 1
        assert violation.strip().startswith(f"{__file__}:{line}:12: power: `**`")

    def test_a_kernel_whose_source_cannot_be_read(self) -> None:
        scope = dict(globals())
        text = "def typed(s: Vector, p: Vector, x: float) -> tuple[float, float]:\n    return x, x\n"
        exec(compile(text, "<no file>", "exec"), scope)
        kernel = replace(SIGN, name="typed", step=scope["typed"])
        with pytest.raises(KernelError) as caught:
            Config.from_code([OWN], Decide(kernel, ("momentum",)))
        assert str(caught.value).endswith(
            "<no file>:1:1: typed: its source cannot be read; define it in a file, in lines of its own"
        )

    def test_a_feature_that_nothing_reads(self) -> None:
        message = fault(lambda: Config.from_code([FAST, SLOW, OWN], DECIDE))
        assert message == "config: features.momentum: the decide step does not read it; it reads fast, slow"
        # Where decisions look at it, naming it is no mistake.
        stop = Config.from_code([FAST, SLOW, "atr_14"], DECIDE, exits={"stop": 1.0})
        assert len(set(stop.asked_features.names)) == len(stop.asked_features.names)
        assert (
            backtest(CANDLES, stop, compiled=True).trades
            == backtest(CANDLES, strategy(exits={"stop": 1.0}), compiled=True).trades
        )

    @pytest.mark.parametrize("name", ["decide_side", "decide_confidence", "decide_exit"])
    def test_a_feature_with_the_name_of_what_the_step_returns(self, name: str) -> None:
        fast = indicator(name, "ema", "close", n=5)
        message = fault(lambda: Config.from_code([fast, SLOW], Decide(CROSS, (name, "slow"), {"deep": 0})))
        assert message == f"features.{name}: what the decide step returns has this name; choose another"

    def test_a_feature_in_the_place_of_one_that_decisions_look_at(self) -> None:
        atr = indicator("atr_14", "ema", "close", n=5)
        decide = Decide(CROSS, ("atr_14", "slow"), {"deep": 0})
        assert Config.from_code([atr, SLOW], decide)
        message = fault(lambda: Config.from_code([atr, SLOW], decide, exits={"stop": 1.0}))
        assert message == (
            "config: features.atr_14: decisions of this strategy look at the package's feature 'atr_14', so the name "
            "is taken; call your own feature something else, such as 'my_atr_14', also where it is read"
        )
        changed = fault(lambda: Config.from_code([atr, SLOW], decide).updated({"exits": {"stop": 1.0}}))
        assert changed == message.replace("config", "changes", 1)
        # The package's own under its name, with other parameters.
        given = fault(lambda: Config.from_code([("atr_14", {"n": 5}), SLOW], decide, exits={"stop": 1.0}))
        assert given == (
            "config: features.atr_14: decisions look at it with {'n': 14.0}; leave its parameters as they are"
        )

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            ({"decision": 3}, "decision = 3; a table of keys is needed"),
            ({"decision": {"sise": 1}}, "unknown key 'decision.sise'; did you mean 'size'?"),
            ({"exits": {"stp": 1}}, "unknown key 'exits.stp'; did you mean 'stop'?"),
            ({"execution": {"fee": 1.0}}, "execution.fee = 1.0; expected `float` < 1.0"),
            ({"higher": {"depth": 3}}, "higher = {'depth': 3}; nothing reads it without "),
            ({"exits": {"unit": "atr"}}, "exits.unit = 'atr'; nothing reads it without "),
        ],
    )
    def test_tables(self, table: dict[str, Any], message: str) -> None:
        assert fault(lambda: strategy(**table)).startswith(f"config: {message}")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("reward_risk", 2.0),
            ("reward_risk", 1.8),
            ("threshold", 0.6),
            ("threshold", 0.55),
            ("edge", 0.0),
            ("edge", 0.1),
            ("regime_thresholds", {"bull": {"long": 0.5}}),
            ("zone_thresholds", {}),
        ],
    )
    def test_what_only_models_read(self, name: str, value: Any) -> None:
        rest = "; only models read it, and this strategy decides in code of its own; leave it out"
        for make, where in (
            (lambda: strategy(decision={name: value}), "config"),
            (lambda: strategy().updated({"decision": {name: value}}), "changes"),
        ):
            message = fault(make)
            assert message.startswith(
                f"{where}: decision.{name} = {{" if value == {} else f"{where}: decision.{name} = "
            )
            assert message.endswith(rest)

    def test_what_only_models_read_in_a_config_built_of_structs(self) -> None:
        thresholds = RegimeThresholds(bull=Thresholds(long=0.7))
        built = Config(
            features={"fast": {}, "slow": {}},
            own=(FAST, SLOW),
            decide=DECIDE,
            decision=Decision(regime_thresholds=thresholds),
        )
        assert fault(lambda: backtest(CANDLES, built)) == (
            "config: decision.regime_thresholds = {'bear': {}, 'ranging': {}, 'bull': {'long': 0.7}}; only models read "
            "it, and this strategy decides in code of its own; leave it out"
        )

    def test_a_model_and_a_decide_step(self) -> None:
        model = Config.default().model
        both = Config(features={"fast": {}, "slow": {}}, model=model, own=(FAST, SLOW), decide=DECIDE)
        assert (
            fault(lambda: backtest(CANDLES, both))
            == "config: a strategy has a model or a decide step, not both"
        )


class TestChanges:
    def test_parameters_of_step_and_features(self) -> None:
        base = strategy()
        made = base.updated(
            {"decide": {"deep": 0.1}, "features": {"fast": {"n": 7}}, "decision": {"size": 0.5}}
        )
        assert made.decide is not None
        assert base.decide is not None
        assert (made.decide.params, base.decide.params) == ({"deep": 0.1}, {"deep": 0.002})
        assert made.feature_set.parameters == {"fast": {"n": 7.0}, "slow": {"n": 20.0}}
        assert (made.decision.size, base.decision.size) == (0.5, 0.2)
        back = {"decide": {"deep": 0.002}, "features": {"fast": {"n": 5}}, "decision": {"size": 0.2}}
        assert made.updated(back) == base

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"decide": {"dep": 1.0}}, "unknown key 'decide.dep'; did you mean 'deep'?"),
            ({"decide": 3}, "decide = 3; parameters of the decide step are needed"),
            ({"decide": None}, "decide = None; parameters of the decide step are needed"),
            ({"decide": {"deep": 2.0}}, "kernel 'cross': deep = 2.0 is outside [0, 1]"),
            ({"features": {"fst": {"n": 1}}}, "unknown key 'features.fst'; did you mean 'fast'?"),
            ({"features": {"atr_14": {}}}, "unknown key 'features.atr_14'; valid: fast, slow"),
            ({"features": {"fast": {"m": 1}}}, "features: feature 'fast' has no parameter 'm'; valid: n"),
            ({"features": 3}, "features = 3; expected a table, got `int`"),
            ({"model": {"buy": {}}}, "model.buy: table missing required field `bias`"),
            ({"decison": {}}, "unknown key 'decison'; did you mean 'decision'?"),
        ],
    )
    def test_faults(self, changes: Any, message: str) -> None:
        assert fault(lambda: strategy().updated(changes)) == f"changes: {message}"

    @pytest.mark.parametrize("changes", [None, 3, ["decide"]])
    def test_changes_are_a_table(self, changes: Any) -> None:
        assert fault(lambda: strategy().updated(changes)) == (
            f"changes: the whole = {changes!r}; a table of keys is needed"
        )


class TestIdentity:
    def test_all_that_decides_a_result_counts(self) -> None:
        base = strategy()
        variants = [
            base,
            base.updated({"decide": {"deep": 0.003}}),
            base.updated({"features": {"fast": {"n": 6}}}),
            base.updated({"decision": {"size": 0.3}}),
            base.updated({"exits": {"stop": 1.0}}),
            Config.from_code([FAST, SLOW], Decide(CROSS, ("slow", "fast"), {"deep": 0.002})),
            Config.from_code([FAST], Decide(CROSS, ("close", "fast"), {"deep": 0.002})),
            Config.from_code([indicator("fast", "sma", "close", n=5), SLOW], DECIDE),
            Config.from_code([indicator("fast", "ema", "open", n=5), SLOW], DECIDE),
        ]
        assert len({config.digest for config in variants}) == len(variants)
        assert len(set(variants)) == len(variants)

    def test_an_equal_one_is_equal(self) -> None:
        again = Config.from_code(
            [indicator("fast", "ema", "close", n=5.0), (SLOW, {"n": 20})],
            Decide(replace(CROSS), ["fast", "slow"], {"deep": 0.002}),
            decision={"size": 0.2},
        )
        assert again == strategy()
        assert hash(again) == hash(strategy())

    def test_its_values_make_it_again(self) -> None:
        config = strategy(decision={"size": 0.3}, exits={"stop": 2.0, "unit": "atr"}, execution={"fee": 0.0})
        values = config.values
        features = values.pop("features")
        assert Config.from_code([(FAST, features["fast"]), SLOW], DECIDE, **values) == config

    def test_copies(self) -> None:
        for again in (copy.copy(strategy()), copy.deepcopy(strategy())):
            assert again == strategy()
            assert backtest(CANDLES, again, compiled=True) == backtest(CANDLES, strategy(), compiled=True)

    def test_it_pickles_where_its_functions_can_be_imported(self) -> None:
        plain = replace(SIGN, state=no_lambda_state, warmup=no_lambda_state)
        config = Config.from_code([FAST], Decide(plain, ("fast",)))
        again = pickle.loads(pickle.dumps(config))
        assert again == config
        assert backtest(CANDLES, again, compiled=True) == backtest(CANDLES, config, compiled=True)

    def test_it_cannot_be_changed(self) -> None:
        config = strategy()
        assert config.decide is not None
        for change in (
            lambda: config.decide.params.update(deep=1.0),  # type: ignore[union-attr]
            lambda: setattr(config.decide, "params", {}),
            lambda: setattr(config, "decide", None),
            lambda: config.features.clear(),
        ):
            with pytest.raises((TypeError, AttributeError)):
                change()

    def test_a_kernel_is_wired_by_feature_error_too(self) -> None:
        with pytest.raises(FeatureError, match="needs the parameter 'deep'"):
            Decide(CROSS, ("fast", "slow")).wired(strategy().feature_set)


@pytest.mark.parametrize("size", [0.1, [[0.0, 0.1]]])
def test_a_confidence_is_always_that_of_the_step_times_data_quality(size: object) -> None:
    """Whether or not anything of the strategy depends on it: here nothing was traded in every third bar."""
    rows = {name: getattr(CANDLES, name) for name in ("timestamp", "open", "high", "low", "close")}
    volume = [0.0 if t % 3 == 0 else 5.0 for t in range(len(CANDLES))]
    candles = Candles.from_arrays(**rows, volume=volume, symbol="tBTCUSD", timeframe="1h")
    own = Kernel("alternate", alternate, ("close",), outputs=("side", "confidence"), neutral=(0.0, 0.0))
    strategy = Config.from_code(
        [], Decide(replace(own, state=lambda p: 1), ("close",)), decision={"size": size}
    )
    for flags in ({"compiled": True}, {"precompute_features": True}):
        trades = backtest(candles, strategy, **flags).trades
        assert [t.confidence for t in trades] == [0.4 if t.decided % 3 == 0 else 0.8 for t in trades]
        assert {t.confidence for t in trades} == {0.4, 0.8}
    stream = Stream(strategy, symbol="tBTCUSD", timeframe="1h")
    updates = [stream.update(candle) for candle in candles]
    assert {(u.bar % 3 == 0, u.confidence) for u in updates} == {(True, 0.4), (False, 0.8)}


def alternate(s: Vector, p: Vector, close: float) -> tuple[float, float]:
    s[0] = 1.0 - s[0]
    return (1.0 if s[0] > 0.5 else -1.0), 0.8
