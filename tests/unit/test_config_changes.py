"""A config made by changes is the one made from its numbers at once: nothing of what it came from is left in it.

Changes take over what the config before had of the parts that stay. Each step of a chain is held against the config
that is made anew, from the whole of the plain values, down to the bits.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core import (
    Config,
    ConfigError,
    Decide,
    Feature,
    FeatureSet,
    Kernel,
    Param,
    Vector,
    backtest,
    backtest_many,
    indicator,
    make_path,
    node,
    synthetic,
)
from genesis_core.strategy.parts import Decision, Exits

CANDLES = synthetic(bars=160)
Values = dict[str, Any]


FACTOR = 2.0


def bent(s: Vector, p: Vector, x: float) -> float:
    return p[0] if x > 0.0 else x


def times(s: Vector, p: Vector, x: float) -> float:
    return x * FACTOR


def halved(s: Vector, p: Vector, x: float) -> float:
    return x * 0.5


BENT = Kernel("bent", bent, ("x",), (Param("by", -1.0, 1.0),))


def follow(
    s: Vector, p: Vector, fast: float, slow: float, bent: float, atr: float
) -> tuple[float, float, float]:
    """Long above, short far below, out between."""
    if fast + bent > slow + p[0] * atr:
        return 1.0, p[1], 0.0
    if fast < slow - p[0] * atr:
        return -1.0, p[1], 0.0
    return 0.0, 0.0, 1.0


FOLLOW = Kernel(
    "follow",
    follow,
    ("fast", "slow", "bent", "atr"),
    (Param("far", -1.0, 9.0), Param("sure", 0.0, 1.0)),
    ("side", "confidence", "exit"),
    (0.0, 0.0, 0.0),
)
OWN = (
    indicator("fast", "ema", "close", n=5),
    indicator("slow", "sma", "close", n=20),
    Feature("bent", (("by", 0.0),), lambda p: node(BENT, "close", by=p["by"]).value),
)
# The last is the package's, and one that exits may look at.
FEATURES: Values = {"fast": {}, "slow": {"n": 20.0}, "bent": {}, "atr_14": {}}
DECIDE: Values = {"far": 0.0, "sure": 0.75}


def in_code(values: Values) -> Config:
    """Make a strategy in code from all of its numbers."""
    own = {feature.name: feature for feature in OWN}
    features = [(own.get(name, name), parameters) for name, parameters in values["features"].items()]
    tables = {name: values[name] for name in ("decision", "higher", "exits", "execution") if name in values}
    return Config.from_code(features, Decide(FOLLOW, tuple(values["features"]), values["decide"]), **tables)


def by_model(values: Values) -> Config:
    return Config.from_dict(values)


def laid_over(old: Values, changes: Mapping[str, Any], whole: tuple[str, ...]) -> Values:
    """Lay changes over plain values, as the documentation says it."""
    made = dict(old)
    for key, value in changes.items():
        tables = isinstance(value, dict) and isinstance(made.get(key), dict) and key not in whole
        made[key] = laid_over(made[key], value, whole) if tables else value
    return made


def bits(numbers: tuple[float, ...]) -> bytes:
    return struct.pack(f"{len(numbers)}d", *numbers)


def told(config: Config) -> dict[str, object]:
    """Return everything a run takes from a config, with the signs of zeros."""
    asked = config.asked_features
    return {
        "digest": config.digest,
        "code": config.code,
        "values": repr(config.values),
        "vector": bits(config.vector),
        "slots": config.slots,
        "ready": config.ready,
        "context": repr(config.context),
        "reads higher": config.reads_higher,
        "features": (config.feature_set.digest, repr(config.feature_set.parameters)),
        "asked": (asked.names, asked.digest, asked.wiring, repr(asked.parameters)),
        "layout": (asked.layout.names, asked.layout.first_valid),
        "nodes": [(placed.node.digest, placed.reads, placed.slot) for placed in asked.graph.nodes],
        "outputs": (asked.graph.outputs, asked.graph.neutral),
        "decide": None if config.decide is None else repr(config.decide.params),
    }


def nested(leaves: list[tuple[tuple[str, ...], Any]]) -> Values:
    made: Values = {}
    for path, value in leaves:
        table = made
        for key in path[:-1]:
            table = table.setdefault(key, {})
        table[path[-1]] = value
    return made


def leaves(table: Mapping[str, Any]) -> Iterator[Any]:
    for value in table.values():
        yield from leaves(value) if isinstance(value, dict) else [value]


# Zeros of both signs, limits, whole numbers as floats and as ints, and numbers that are refused.
TABLES: dict[str, list[Any]] = {
    "decision.side": ["both", "long", "short", "up"],
    "decision.confidence": [0, 0.0, -0.0, 0.3, 1.5],
    "decision.hysteresis": [0, 1, 3, -1],
    "decision.cooldown_bars": [0, 2],
    "decision.size": [0.2, 0.5, 2.0, [[0.0, 0.1], [0.6, 0.4]], [[0.6, 0.4], [0.0, 0.1]], float("nan")],
    "decision.size_unit": ["equity", "units"],
    "decision.drawdown_size": [[], [[0.02, 0.5]], [[0.02, 0.5], [0.01, 0.1]]],
    "decision.regime_size.bear": [1, 1.0, 0.5, -0.0],
    "decision.zone_size.high": [1.0, 0.5],
    "decision.higher_fib.missing": ["off", "pass", "block"],
    "decision.higher_fib.within_atr": [2.0, 3],
    "decision.lower_fib.missing": ["off", "pass"],
    "higher.timeframe": ["6h", "1D", "7x"],
    "higher.depth": [2, 6],
    "higher.min_swing_atr": [0.0, -0.0, 1.0],
    "higher.days": [10.0, 30],
    "exits.test": ["intrabar", "close"],
    "exits.unit": ["atr", "price"],
    "exits.stop": [0.0, -0.0, 1.0, 0.5, 1e16],
    "exits.target": [0, 2.0],
    "exits.trailing": [0.0, 0.75],
    "exits.partials": [[], [0.5], [0.5, 0.25], [0.0]],
    "exits.max_bars": [0, 9],
    "exits.confidence_below": [0.0, 0.2],
    "exits.regime_flip": [False, True],
    "execution.fee": [0.0, -0.0, 0.001, 1.0],
    "execution.slippage": [0.0005, 0],
    "execution.fill": ["next_open", "close"],
    "execution.initial_equity": [10_000, 10_000.0, 500.0, 0.0],
}
OF_CODE: dict[str, list[Any]] = {
    **TABLES,
    "features.fast.n": [5, 5.0, 9, 30, 0, 2.5],
    "features.slow.n": [5, 20.0, 34, True],
    "features.bent.by": [0.0, -0.0, 1, 2.0],
    "features.atr_14.n": [14, 14.0, 7],
    "decide.far": [0.0, -0.0, 0, 1, 0.5, 99.0],
    "decide.sure": [0.75, 0.5, 2.0],
}
OF_MODELS: dict[str, list[Any]] = {
    **TABLES,
    "decision.threshold": [0.5, 0.6, 0.0],
    "decision.edge": [0.0, 0.2],
    "decision.reward_risk": [1.8, 1, 0.0],
    "decision.regime_thresholds.bear.long": [None, 0.7],
    "decision.zone_thresholds.low.short": [None, 0.7],
    "model.buy.bias": [0.0, -0.0, 1, float("inf")],
    "model.buy.weights.atr_14": [0.0, -0.0, 0.5],
    "model.sell.calibration.scale": [1.0, 2],
    "model.sell.calibration.bull": [None, {"scale": 2.0}, {}],
    "features": [
        {"atr_14": {}, "rsi_inv_lag1": {"rsi": 21}},
        {"rsi_inv_lag1": {}, "atr_14": {}},
        {"rsi_inv_lag1": {"rsi": 7.0}, "atr_14": {"n": 7}},
    ],
}
SIDE: Values = {"bias": 0.25, "weights": {"rsi_inv_lag1": 0.5, "atr_14": -0.01}}
MODEL: Values = {
    "features": {"rsi_inv_lag1": {}, "atr_14": {}},
    "model": {"buy": SIDE, "sell": {"bias": -0.25, "weights": {"rsi_inv_lag1": -0.5, "atr_14": 0.01}}},
}
CODE: Values = {"features": FEATURES, "decide": DECIDE}


def chains(several: Mapping[str, list[Any]]) -> st.SearchStrategy[list[Values]]:
    leaf = st.sampled_from(sorted(several)).flatmap(
        lambda path: st.tuples(st.just(tuple(path.split("."))), st.sampled_from(several[path]))
    )
    one = st.lists(leaf, max_size=3, unique_by=lambda pair: pair[0][:2]).map(nested)
    return st.lists(one, min_size=1, max_size=6)


UNREAD = ("nothing reads it", "only models read it")


def tried(make: Callable[[Values], Config], values: Values) -> tuple[Config | None, str]:
    """Return what is made, or why not."""
    try:
        return make(values), ""
    except ConfigError as fault:
        return None, str(fault)


def check_chain(base: Config, values: Values, chain: list[Values], make: Callable[[Values], Config]) -> None:
    """Hold each step against the config made anew; a step that is refused is left out."""
    plain = {**base.plain(), "features": values["features"]}
    if base.decide is not None:
        plain = {**base.values, "features": values["features"], "decide": values["decide"]}
    config = base
    for changes in chain:
        whole = ("features", "weights") if "features" in changes and base.decide is None else ()
        wanted = laid_over(plain, changes, whole)
        made, message = tried(config.updated, changes)
        if made is None:
            # Whether a key is read is a question to the changes alone; anything else is wrong in the whole too.
            if not any(words in message for words in UNREAD):
                same, whole_message = tried(make, wanted)
                assert same is None
                # Of several faults the first is told; a strategy in code has its keys in another order.
                if make is by_model or len(list(leaves(changes))) == 1:
                    assert whole_message == message.replace("changes: ", "config: ", 1)
            continue
        assert told(made) == told(make(wanted))
        assert made == make(wanted)
        assert made.checked is made
        config, plain = made, wanted


@settings(max_examples=80)
@given(chains(OF_CODE))
def test_a_chain_of_changes_of_a_strategy_in_code(chain: list[Values]) -> None:
    check_chain(in_code(CODE), CODE, chain, in_code)


@settings(max_examples=80)
@given(chains(OF_MODELS))
def test_a_chain_of_changes_of_a_model(chain: list[Values]) -> None:
    check_chain(by_model(MODEL), MODEL, chain, by_model)


EACH = [
    pytest.param(make, values, path, value, id=f"{make.__name__} {path} = {value}")
    for make, values, several in ((in_code, CODE, OF_CODE), (by_model, MODEL, OF_MODELS))
    for path, each in several.items()
    for value in each
]
# Everything is looked at: a change of it has nothing to hide behind.
LOOKING: Values = {
    "decision": {"higher_fib": {"missing": "pass"}, "lower_fib": {"missing": "pass"}, "confidence": 0.1},
    "exits": {"stop": 1.5, "partials": [0.25], "regime_flip": True},
}


@pytest.mark.parametrize(("make", "values", "path", "value"), EACH)
def test_each_change_alone_and_back(
    make: Callable[[Values], Config], values: Values, path: str, value: Any
) -> None:
    """Each number once, from a config whose every part has been asked for, and back again."""
    base = make({**values, **LOOKING})
    told(base)
    change = nested([(tuple(path.split(".")), value)])
    check_chain(base, values, [change, LOOKING, {"execution": {"fee": 0.003}}, change], make)


ZEROS = [
    pytest.param(make, values, path, id=f"{make.__name__} {path}")
    for make, values, several in ((in_code, CODE, OF_CODE), (by_model, MODEL, OF_MODELS))
    for path, each in several.items()
    if "-0.0" in map(repr, each)
]


@pytest.mark.parametrize(("make", "values", "path"), ZEROS)
def test_the_sign_of_a_zero_is_taken_over_too(
    make: Callable[[Values], Config], values: Values, path: str
) -> None:
    base = make({**values, **LOOKING})
    plus, minus = (nested([(tuple(path.split(".")), zero)]) for zero in (0.0, -0.0))
    check_chain(base, values, [plus, minus, plus], make)
    one = base.updated(plus)
    other = one.updated(minus)
    assert one.digest != other.digest
    assert told(other.updated(plus)) == told(one)
    if path.startswith(("features.", "decide.", "higher.")):
        assert one.asked_features.digest != other.asked_features.digest


class TestNodes:
    """Nodes are told apart by all that decides a value, whatever is looked at first."""

    def test_kernels_of_one_name_with_other_steps(self) -> None:
        one, other = (Kernel("scaled", step, ("x",)) for step in (times, halved))
        twice = [
            Feature(name, (), lambda p, kernel=kernel: node(kernel, "close").value)
            for name, kernel in (("one", one), ("other", other), ("again", one))
        ]
        features = FeatureSet(twice)
        assert len(features.graph.nodes) == 2
        for path in ("streaming", "precomputed"):
            values = make_path(path, CANDLES, features).at(5)
            close = CANDLES.close.item(5)
            assert dict(values) == {"one": close * 2.0, "other": close * 0.5, "again": close * 2.0}

    def test_zeros_of_two_signs(self) -> None:
        zeros = [
            Feature(name, (), lambda p, by=by: node(BENT, "close", by=by).value)
            for name, by in (("plus", 0.0), ("minus", -0.0))
        ]
        features = FeatureSet(zeros)
        assert len(features.graph.nodes) == 2
        assert repr(dict(make_path("precomputed", CANDLES, features).at(5))) == "{'plus': 0.0, 'minus': -0.0}"


def test_a_change_of_a_strategy_whose_constant_changed_makes_it_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel("times", times, ("x",))
    mine = Feature("fast", (), lambda p: node(kernel, "close").value)
    base = Config.from_code([mine, OWN[2]], Decide(FOLLOW, ("fast", "close", "bent", "open"), DECIDE))
    before = backtest(CANDLES, base, compiled=True)
    monkeypatch.setattr(sys.modules[__name__], "FACTOR", 0.25)
    made = base.updated({"execution": {"fee": 0.0}})
    after = backtest(CANDLES, made, compiled=True)
    assert after.digest == backtest(CANDLES, made, precompute_features=True).digest
    assert {trade.side for trade in before.trades} == {"long"}
    assert {trade.side for trade in after.trades} == {"short"}


class TestARun:
    def test_configs_of_a_chain_run_as_those_made_anew(self) -> None:
        changes: list[Values] = [
            {"features": {"fast": {"n": 9}}},
            {"decide": {"far": 0.5}},
            {"exits": {"stop": 1.0}},
            {"decision": {"side": "long"}, "features": {"slow": {"n": 31}}},
            {"execution": {"fee": 0.0}},
            {"decide": {"sure": 0.25}, "decision": {"size": [[0.0, 0.1], [0.5, 0.3]]}},
        ]
        config, plain = in_code(CODE), CODE
        chain, anew = [config], [in_code(plain)]
        for change in changes:
            config = config.updated(change)
            plain = laid_over(plain, change, ())
            chain.append(config)
            anew.append(in_code(plain))
        one, other = backtest_many(CANDLES, chain), backtest_many(CANDLES, anew)
        digests = [summary.summary_digest for summary in one]
        assert digests == [summary.summary_digest for summary in other]
        assert digests == [backtest(CANDLES, config, compiled=True).summary_digest for config in anew]
        assert len(set(digests)) == len(digests)

    def test_equal_parameters_of_two_features_are_one_node_and_part_again(self) -> None:
        base = Config.from_code(
            [indicator("fast", "ema", "close", n=5.0), indicator("slow", "ema", "close", n=20.0)],
            Decide(FOLLOW, ("fast", "slow", "open", "close"), DECIDE),
        )
        same = base.updated({"features": {"fast": {"n": 20}}})
        again = same.updated({"features": {"fast": {"n": 5}}})
        size, fewer, as_before = (len(config.asked_features.graph.nodes) for config in (base, same, again))
        assert (fewer, as_before) == (size - 1, size)
        assert told(again) == told(base.updated({"features": {"fast": {"n": 5}}}))


def test_a_config_of_structs_past_the_limits_can_be_mended_by_a_change() -> None:
    values = in_code(CODE)
    bad = Config(
        features=values.features,
        own=values.own,
        decide=values.decide,
        decision=Decision(hysteresis=0, cooldown_bars=0, confidence=0, drawdown_size=(), size=7.0),
        exits=Exits(stop=1),
    )
    with pytest.raises(ConfigError, match=r"size = 7\.0"):
        bad.updated({"execution": {"fee": 0.0}})
    mended = bad.updated({"decision": {"size": 0.2}})
    assert told(mended) == told(in_code({**CODE, "exits": {"stop": 1.0}}))
