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

DEFAULT_CONFIG = Config.default()
VALUES: dict[str, Any] = DEFAULT_CONFIG.values
CANDLES = synthetic(bars=200)

Path_ = tuple[str | int, ...]


def with_value(path: Path_, value: Any, base: Mapping[str, Any] = VALUES) -> dict[str, Any]:
    """Return the default values with one of them replaced or added."""
    values: Any = copy.deepcopy(dict(base))
    table = values
    for key in path[:-1]:
        table = table.setdefault(key, {}) if isinstance(table, dict) else table[key]
    table[path[-1]] = value
    return dict(values)


def without(path: Path_) -> dict[str, Any]:
    values = with_value(path, None)
    table: Any = values
    for key in path[:-1]:
        table = table[key]
    del table[path[-1]]
    return values


def fault(values: Any, where: str = "my.toml") -> str:
    """Return the message of the error that these values are: one line that names where it is."""
    with pytest.raises(ConfigError) as caught:
        Config.from_dict(values, where)
    return one_line(caught.value, where)


def changes_fault(changes: Any, base: Config = DEFAULT_CONFIG) -> str:
    """Return the message of the error that these changes are."""
    with pytest.raises(ConfigError) as caught:
        base.updated(changes)
    return one_line(caught.value, "changes")


def one_line(error: Exception, where: str) -> str:
    message = str(error)
    assert "\n" not in message
    assert message.startswith(f"{where}: ")
    return message.removeprefix(f"{where}: ")


def leaves(table: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Yield each number, text and switch, in tables and in lists."""
    items = table.items() if isinstance(table, Mapping) else enumerate(table)
    for key, value in items:
        if isinstance(value, (Mapping, list, tuple)):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def spelled(path: Path_) -> str:
    return ".".join(map(str, path))


# What a file may leave out, and what it is then.
SHORT = Config.from_dict({key: VALUES[key] for key in ("features", "model")})


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


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (("featurs",), "unknown key 'featurs'; did you mean 'features'?"),
        (("zzz",), "unknown key 'zzz'; valid: decision, execution, exits, features, higher, model"),
        (("own",), "unknown key 'own'; valid: decision, execution, exits, features, higher, model"),
        (("model", "sel"), "unknown key 'model.sel'; did you mean 'sell'?"),
        (("model", "buy", "baias"), "unknown key 'model.buy.baias'; did you mean 'bias'?"),
        (
            ("model", "sell", "calibration", "shfit"),
            "unknown key 'model.sell.calibration.shfit'; did you mean 'shift'?",
        ),
        (
            ("model", "buy", "calibration", "bull", "scal"),
            "unknown key 'model.buy.calibration.bull.scal'; did you mean 'scale'?",
        ),
        (
            ("model", "buy", "calibration", "bul"),
            "unknown key 'model.buy.calibration.bul'; did you mean 'bull'?",
        ),
        (
            ("model", "buy", "weights", "atr"),
            "model.buy.weights: 'atr' is not among the features; did you mean 'atr_14'?",
        ),
        (("decision", "edg"), "unknown key 'decision.edg'; did you mean 'edge'?"),
        (("decision", "cooldown"), "unknown key 'decision.cooldown'; did you mean 'cooldown_bars'?"),
        (
            ("decision", "regime_thresholds", "bul"),
            "unknown key 'decision.regime_thresholds.bul'; did you mean 'bull'?",
        ),
        (
            ("decision", "regime_thresholds", "bull", "lon"),
            "unknown key 'decision.regime_thresholds.bull.lon'; did you mean 'long'?",
        ),
        (
            ("decision", "zone_thresholds", "high", "sort"),
            "unknown key 'decision.zone_thresholds.high.sort'; did you mean 'short'?",
        ),
        (
            ("decision", "higher_fib", "within"),
            "unknown key 'decision.higher_fib.within'; did you mean 'within_atr'?",
        ),
        (("decision", "zone_size", "hig"), "unknown key 'decision.zone_size.hig'; did you mean 'high'?"),
        (("higher", "timefram"), "unknown key 'higher.timefram'; did you mean 'timeframe'?"),
        (
            ("exits", "confidence_bellow"),
            "unknown key 'exits.confidence_bellow'; did you mean 'confidence_below'?",
        ),
        (("exits", "traling"), "unknown key 'exits.traling'; did you mean 'trailing'?"),
        (("execution", "slipage"), "unknown key 'execution.slipage'; did you mean 'slippage'?"),
        (("features", "atr14"), "features: unknown feature 'atr14'; did you mean 'atr_14'?"),
        (
            ("features", "rsi_inv_lag1", "rsl"),
            "features: feature 'rsi_inv_lag1' has no parameter 'rsl'; did you mean 'rsi'?",
        ),
    ],
)
def test_an_unknown_key_is_met_with_the_nearest(path: Path_, message: str) -> None:
    given_value: Any = {} if path[0] == "features" and len(path) == 2 else 1.0
    assert fault(with_value(path, given_value)) == message


@pytest.mark.parametrize("key", [1, None])
def test_a_key_that_is_no_text(key: Any) -> None:
    assert fault({**VALUES, key: 1}).startswith(f"unknown key {str(key)!r}; ")
    assert fault(with_value(("exits", key), 1)).startswith(f"unknown key 'exits.{key}'; ")


def every_table(table: Mapping[str, Any], path: Path_ = ()) -> Iterator[Path_]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield (*path, key)
            yield from every_table(value, (*path, key))


@pytest.mark.parametrize("path", [(), *every_table(VALUES)], ids=spelled)
def test_no_table_takes_an_unknown_key(path: Path_) -> None:
    message = fault(with_value((*path, "zzzz"), {} if path == ("features",) else 1.0))
    assert "'zzzz'" in message or f"'{spelled((*path, 'zzzz'))}'" in message
    if path and path[0] not in ("features", "model"):
        assert changes_fault(with_value((*path, "zzzz"), 1.0, {})).startswith(
            f"unknown key '{spelled(path)}.zzzz'; valid: "
        )


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("decision",), 3, "decision = 3; a table of keys is needed"),
        (("model", "buy"), [], "model.buy = []; a table of keys is needed"),
        (
            ("model", "buy", "calibration", "bull"),
            2,
            "model.buy.calibration.bull = 2; a table of keys is needed",
        ),
        (
            ("decision", "regime_thresholds", "bull"),
            0.6,
            "decision.regime_thresholds.bull = 0.6; a table of keys is needed",
        ),
        (("decision", "higher_fib"), "pass", "decision.higher_fib = 'pass'; a table of keys is needed"),
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
        (
            ("model", "buy", "calibration", "bull", "scale"),
            "x",
            "model.buy.calibration.bull.scale = 'x'; expected `float`, got `str`",
        ),
        (("model", "sell", "bias"), "x", "model.sell.bias = 'x'; expected `float`, got `str`"),
        (("decision", "edge"), "0.1", "decision.edge = '0.1'; expected `float`, got `str`"),
        (("decision", "edge"), True, "decision.edge = True; expected `float`, got `bool`"),
        (("decision", "hysteresis"), 1.5, "decision.hysteresis = 1.5; expected `int`, got `float`"),
        (("decision", "hysteresis"), True, "decision.hysteresis = True; expected `int`, got `bool`"),
        (("decision", "size"), "all", "decision.size = 'all'; expected `float | list`, got `str`"),
        (
            ("decision", "size"),
            [[0.5, "x"]],
            "decision.size = [[0.5, 'x']]; expected `float`, got `str`",
        ),
        (("decision", "size"), [[0.5]], "decision.size = [[0.5]]; expected a list of length 2, got 1"),
        (
            ("decision", "side"),
            "lon",
            "decision.side = 'lon'; invalid enum value 'lon'; did you mean 'long'?",
        ),
        (
            ("decision", "higher_fib", "missing"),
            "blok",
            "decision.higher_fib.missing = 'blok'; invalid enum value 'blok'; did you mean 'block'?",
        ),
        (("exits", "partials"), 0.5, "exits.partials = 0.5; expected a list, got `float`"),
        (("exits", "regime_flip"), 1, "exits.regime_flip = 1; expected `bool`, got `int`"),
        (("exits", "unit"), "ATR", "exits.unit = 'ATR'; invalid enum value 'ATR'; valid: atr, price"),
        (("higher", "depth"), 2.5, "higher.depth = 2.5; expected `int`, got `float`"),
        (("higher", "timeframe"), 6, "higher.timeframe = 6; expected `str`, got `int`"),
        (
            ("execution", "fill"),
            "never",
            "execution.fill = 'never'; invalid enum value 'never'; valid: close, next_open",
        ),
    ],
)
def test_a_wrong_type_is_named_with_key_and_value(path: Path_, value: Any, message: str) -> None:
    assert fault(with_value(path, value)) == message


def test_an_unknown_timeframe() -> None:
    assert fault(with_value(("higher", "timeframe"), "6x")).startswith(
        "higher.timeframe = '6x'; timeframe '6x' is not known; valid: 1m "
    )


HUGE = [math.inf, -math.inf, math.nan]


@pytest.mark.parametrize(
    ("path", "bad", "good"),
    [
        (("decision", "reward_risk"), [0.0, -1.0, 2e15, *HUGE], [1e-9, 1e15]),
        (("decision", "threshold"), [-1e-9, 1.0000001, *HUGE], [0.0, 1.0, 0, 1]),
        (("decision", "regime_thresholds", "bull", "long"), [-1e-9, 1.0000001, *HUGE], [0.0, 1.0]),
        (("decision", "zone_thresholds", "low", "short"), [-1e-9, 1.0000001, *HUGE], [0.0, 1.0]),
        (("decision", "higher_fib", "within_atr"), [-1e-9, 2e15, *HUGE], [0.0, 1e15]),
        (("decision", "lower_fib", "within_atr"), [-1e-9, 2e15, *HUGE], [0.0, 1e15]),
        (("decision", "confidence"), [-1e-9, 1.0000001, *HUGE], [0.0, 1.0]),
        (("decision", "edge"), [-1e-9, 1.0000001, *HUGE], [0.0, 1.0]),
        (("decision", "hysteresis"), [-1, 1_000_001], [0, 1_000_000]),
        (("decision", "cooldown_bars"), [-1, 1_000_001], [0, 1_000_000]),
        (("decision", "size"), [0.0, 1.0000001, *HUGE], [1e-9, 1.0, 1]),
        (("decision", "regime_size", "bear"), [-1e-9, 2e15, *HUGE], [0.0, 3.0]),
        (("decision", "zone_size", "mid"), [-1e-9, 2e15, *HUGE], [0.0, 3.0]),
        (("higher", "depth"), [0, 1001], [1, 1000]),
        (("higher", "min_swing_atr"), [-1e-9, 1e7, *HUGE], [0.0, 1e6]),
        (("higher", "days"), [0.0, -1.0, *HUGE], [0.01, 10_000.0]),
        (("exits", "stop"), [-1e-9, 2e15, *HUGE], [0.0, 100.0]),
        (("exits", "target"), [-1e-9, 2e15, *HUGE], [0.0, 100.0]),
        (("exits", "trailing"), [-1e-9, 2e15, *HUGE], [0.0, 100.0]),
        (("exits", "max_bars"), [-1, 1_000_001], [0, 1_000_000]),
        (("exits", "confidence_below"), [-1e-9, 1.0000001, *HUGE], [0.0, 1.0]),
        (("execution", "initial_equity"), [0.0, -5.0, 2e15, *HUGE], [0.01, 1e15]),
        (("execution", "fee"), [-1e-9, 1.0, *HUGE], [0.0, 0.999]),
        (("execution", "slippage"), [-1e-9, 1.0, *HUGE], [0.0, 0.999]),
    ],
    ids=lambda value: spelled(value) if isinstance(value, tuple) else None,
)
def test_ranges(path: Path_, bad: list[float], good: list[float]) -> None:
    for value in good:
        assert Config.from_dict(with_value(path, value)).digest
    for value in bad:
        message = fault(with_value(path, value))
        if path == ("higher", "min_swing_atr") and 1e6 < value <= 1e15:
            assert message.endswith("min_swing_atr = 10000000.0 is outside [0, 1e+06]")
        else:
            assert message.startswith(f"{spelled(path)} = {value!r}; ")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.1e9, -1.1e9])
@pytest.mark.parametrize(
    "path",
    [
        ("bias",),
        ("weights", "atr_14"),
        ("calibration", "scale"),
        ("calibration", "shift"),
        ("calibration", "bear", "scale"),
        ("calibration", "ranging", "shift"),
    ],
    ids=spelled,
)
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_numbers_of_the_model_are_finite(side: str, path: Path_, value: float) -> None:
    message = fault(with_value(("model", side, *path), value))
    wanted = f"model.{side}.{spelled(path)} = {value!r}; a number between -1e9 and 1e9 is needed"
    assert message == wanted


class TestSteps:
    @pytest.mark.parametrize(
        "size",
        [
            [[0.5, 0.1]],
            [[0.0, 0.1], [1.0, 0.1]],
            [[0.5, 0.0], [0.6, 0.2]],
            [[i / 10, i / 10] for i in range(8)],
        ],
    )
    def test_good_sizes(self, size: list[list[float]]) -> None:
        decision = Config.from_dict(with_value(("decision", "size"), size)).decision
        assert decision.size == tuple(map(tuple, size))

    @pytest.mark.parametrize(
        "size",
        [
            [[0.6, 0.1], [0.5, 0.2]],
            [[0.5, 0.1], [0.5, 0.2]],
            [[0.5, 0.2], [0.6, 0.1]],
        ],
    )
    def test_sizes_that_are_not_monotone(self, size: list[list[float]]) -> None:
        wanted = f"decision.size = {size}; steps of rising confidence with sizes that do not fall are needed"
        assert fault(with_value(("decision", "size"), size)) == wanted

    def test_too_many_or_no_sizes(self) -> None:
        many = [[i / 10, i / 10] for i in range(9)]
        assert fault(with_value(("decision", "size"), many)) == (
            f"decision.size = {many}; 1 to 8 steps are needed, not 9"
        )
        assert fault(with_value(("decision", "size"), [])) == (
            "decision.size = []; 1 to 8 steps are needed, not 0"
        )

    @pytest.mark.parametrize("size", [1.5, [[0.5, 1.0], [0.6, 1.5]]])
    def test_more_than_the_equity_is_a_mistake_but_in_units(self, size: Any) -> None:
        assert fault(with_value(("decision", "size"), size)) == (
            'decision.size = 1.5; a fraction of the equity is at most 1; for base units say size_unit = "units"'
        )
        values = with_value(("decision", "size_unit"), "units", with_value(("decision", "size"), size))
        assert Config.from_dict(values).decision.size_unit == "units"

    def test_drawdown(self) -> None:
        for good in ([], [[0.1, 0.5]], [[0.1, 0.5], [0.2, 0.6]]):
            assert Config.from_dict(with_value(("decision", "drawdown_size"), good)).digest
        for bad in ([[0.2, 0.5], [0.1, 0.2]], [[0.1, 0.5], [0.1, 0.2]], [[0.1, 1.0], [0.2, 1.0], [0.3, 1.0]]):
            assert fault(with_value(("decision", "drawdown_size"), bad)) == (
                f"decision.drawdown_size = {bad}; up to two steps of rising drawdown are needed"
            )

    def test_partials(self) -> None:
        for good in ([], [1.0], [0.5, 0.5], [0.1, 0.9]):
            assert Config.from_dict(with_value(("exits", "partials"), good)).exits.partials == tuple(good)
        for bad in ([0.0], [0.5, 0.0], [0.6, 0.5], [0.1, 0.1, 0.1]):
            assert fault(with_value(("exits", "partials"), bad)) == (
                f"exits.partials = {bad}; one or two fractions above 0 of together at most 1 are needed"
            )

    @pytest.mark.parametrize("name", ["stop", "trailing"])
    def test_a_distance_of_the_whole_price(self, name: str) -> None:
        exits = {"unit": "price", "stop": 0.05, "trailing": 0.05, "target": 2.0}
        assert SHORT.updated({"exits": exits}).exits.target == 2.0
        assert changes_fault({"exits": exits | {name: 1.0}}, SHORT) == (
            f"exits.{name} = 1.0; as a fraction of the price it must be below 1"
        )


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
        (("model", "sell", "bias"), "model.sell: table missing required field `bias`"),
        (("model", "sell"), "model: table missing required field `sell`"),
        (("model",), "model: missing; weights are needed, or a decide step: Config.from_code"),
        (("features",), "table missing required field `features`"),
    ],
)
def test_what_is_missing_is_named(path: Path_, message: str) -> None:
    assert fault(without(path)).startswith(message)


@pytest.mark.parametrize("values", [None, 3, "default", ["features"]])
def test_something_that_is_no_table(values: Any) -> None:
    assert fault(values) == f"the whole = {values!r}; a table of keys is needed"


def test_features_must_be_some_and_fit_their_ranges() -> None:
    assert fault(with_value(("features",), {})) == "features: a feature set needs at least one feature"
    wanted = "features: feature 'atr_14': kernel 'wilder': n = 0.0 is outside [1, 100000]"
    assert fault(with_value(("features", "atr_14", "n"), 0)) == wanted


class TestUnread:
    """A key that nothing reads is a mistake, but where the same text says that its reader is off."""

    HIGHER = (
        "nothing reads it without decision.higher_fib or exits.partials; give one of them, or leave it out"
    )

    def bare(self, **tables: Any) -> dict[str, Any]:
        return {key: VALUES[key] for key in ("features", "model")} | tables

    @pytest.mark.parametrize("table", [{"timeframe": "6h"}, {"depth": 4}, {}])
    def test_a_higher_timeframe_that_nothing_looks_at(self, table: dict[str, Any]) -> None:
        assert fault(self.bare(higher=table)) == f"higher = {table!r}; {self.HIGHER}"
        assert changes_fault({"higher": table}, SHORT) == f"higher = {table!r}; {self.HIGHER}"

    @pytest.mark.parametrize(
        "reader",
        [{"decision": {"higher_fib": {"missing": "block"}}}, {"exits": {"partials": [0.5]}}],
        ids=["gate", "partials"],
    )
    def test_a_higher_timeframe_that_is_read(self, reader: dict[str, Any]) -> None:
        assert Config.from_dict(self.bare(higher={"depth": 4}, **reader)).higher.depth == 4
        assert SHORT.updated({"higher": {"depth": 4}, **reader}).higher.depth == 4

    @pytest.mark.parametrize("gate", ["higher_fib", "lower_fib"])
    def test_the_tolerance_of_no_gate(self, gate: str) -> None:
        message = (
            f'decision.{gate}.within_atr = 1.0; nothing reads it while decision.{gate}.missing is "off"; '
            'say "pass" or "block" there, or leave it out'
        )
        assert fault(self.bare(decision={gate: {"within_atr": 1.0}})) == message
        assert changes_fault({"decision": {gate: {"within_atr": 1.0}}}, SHORT) == message
        for missing in ("pass", "block"):
            assert SHORT.updated({"decision": {gate: {"within_atr": 1.0, "missing": missing}}})

    @pytest.mark.parametrize("value", ["atr", "price"])
    def test_the_unit_of_no_distance(self, value: str) -> None:
        message = (
            f"exits.unit = {value!r}; nothing reads it without exits.stop, target or trailing; "
            "give one of them, or leave it out"
        )
        assert fault(self.bare(exits={"unit": value, "partials": [0.5]})) == message
        for name in ("stop", "target", "trailing"):
            assert Config.from_dict(self.bare(exits={"unit": value, name: 0.5}))

    @pytest.mark.parametrize("value", ["intrabar", "close"])
    def test_the_test_of_no_stop(self, value: str) -> None:
        message = (
            f"exits.test = {value!r}; nothing reads it without exits.stop, target, trailing or partials; "
            "give one of them, or leave it out"
        )
        assert fault(self.bare(exits={"test": value, "max_bars": 5})) == message
        for more in ({"stop": 1.0}, {"target": 1.0}, {"trailing": 1.0}, {"partials": [1.0]}):
            assert Config.from_dict(self.bare(exits={"test": value, **more}))

    def test_what_a_switch_beside_it_turns_off_is_no_mistake(self) -> None:
        off = {"missing": "off"}
        for config in (
            Config.from_dict(self.bare(decision={"higher_fib": {"within_atr": 1.0, **off}})),
            DEFAULT_CONFIG.updated({"decision": {"lower_fib": {"within_atr": 1.0, **off}}}),
            SHORT.updated({"decision": {"higher_fib": off}, "higher": {"depth": 4}}),
            SHORT.updated({"exits": {"stop": 0.0, "unit": "price", "test": "close"}}),
        ):
            assert Config.from_dict(config.values) == config

    @pytest.mark.parametrize(
        ("reader", "dependent"),
        [
            ({"decision": {"higher_fib": {"missing": "block"}}}, {"higher": {"depth": 4}}),
            ({"exits": {"partials": [0.5]}}, {"higher": {"depth": 4}}),
            ({"exits": {"partials": [0.5]}}, {"exits": {"test": "close"}}),
            *(
                ({"exits": {name: 0.5}}, {"exits": {key: value}})
                for name in ("stop", "target", "trailing")
                for key, value in (("unit", "price"), ("test", "close"))
            ),
        ],
    )
    def test_what_a_config_reads_already_can_be_changed(self, reader: Any, dependent: Any) -> None:
        assert changes_fault(dependent, SHORT)
        config = SHORT.updated(reader)
        assert config.updated(dependent) != config

    def test_turning_a_reader_off_leaves_the_rest_alone(self) -> None:
        off = DEFAULT_CONFIG.updated(
            {"decision": {"higher_fib": {"missing": "off"}}, "exits": {"partials": []}}
        )
        assert off.higher == DEFAULT_CONFIG.higher
        on = {"decision": {"higher_fib": {"missing": "pass"}}, "exits": {"partials": [0.3, 0.3]}}
        assert off.updated(on) == DEFAULT_CONFIG


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
        assert read.model is not None
        assert (read.model.buy.bias, read.model.sell.bias, read.decision.hysteresis) == (1.0, -1.5, 0)
        assert Config.from_toml(str(path)).digest == read.digest

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("hystersis = 1", "unknown key 'decision.hystersis'; did you mean 'hysteresis'?"),
            ("[exits]\nstop = -1", "exits.stop = -1; expected `float` >= 0.0"),
            ("[higher]", f"higher = {{}}; {TestUnread.HIGHER}"),
        ],
    )
    def test_a_fault_names_the_file(self, tmp_path: Path, line: str, message: str) -> None:
        path = tmp_path / "strategy.toml"
        path.write_text(f"{self.TEXT}\n{line}\n", encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            Config.from_toml(path)
        assert str(caught.value) == f"{path}: {message}"

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


# As a fraction of the price the default stop of 3 is refused: the unit has a test of its own.
LEAVES = [(path, value) for path, value in leaves(VALUES) if path != ("exits", "unit")]
OTHERS = {
    "both": "short",
    "next_open": "close",
    "pass": "block",
    "equity": "units",
    "6h": "1D",
    "intrabar": "close",
}


def another(value: Any) -> Any:
    """Return another valid value for a leaf."""
    if isinstance(value, str):
        return OTHERS[value]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return value * 0.99 if value else 0.01


def test_the_leaves_are_all_there() -> None:
    assert len(LEAVES) == sum(1 for _ in leaves(VALUES)) - 1
    assert len(LEAVES) > 80


@pytest.mark.parametrize(("path", "value"), LEAVES, ids=[spelled(path) for path, _ in LEAVES])
def test_the_digest_sees_every_single_value(path: Path_, value: Any) -> None:
    changed = Config.from_dict(with_value(path, another(value)))
    assert changed.digest != DEFAULT_CONFIG.digest
    assert changed != DEFAULT_CONFIG
    assert Config.from_dict(with_value(path, value)).digest == DEFAULT_CONFIG.digest
    result = backtest(CANDLES, changed, compiled=True)
    assert result.digest != backtest(CANDLES, DEFAULT_CONFIG, compiled=True).digest


def test_the_digest_sees_the_unit_and_what_optional_tables_say() -> None:
    stop = SHORT.updated({"exits": {"stop": 0.5}})
    digests = {stop.digest, stop.updated({"exits": {"unit": "price"}}).digest}
    for side in ("buy", "sell"):
        for regime in ("bear", "ranging", "bull"):
            for line in ({"scale": 2.0}, {"shift": 1.0}, {}):
                table = {"model": {side: {"calibration": {regime: line or None}}}}
                digests.add(DEFAULT_CONFIG.updated(table).digest)
    for name, keys in (("regime", ("bear", "ranging", "bull")), ("zone", ("low", "mid", "high"))):
        for key in keys:
            for side in ("long", "short"):
                table = {"decision": {f"{name}_thresholds": {key: {side: 0.123}}}}
                digests.add(DEFAULT_CONFIG.updated(table).digest)
    # The two calibrations of `ranging` that are None are those of the default itself: one digest for both.
    assert len(digests) == 2 + 18 - 1 + 12


@given(one=st.sampled_from(LEAVES), other=st.sampled_from(LEAVES))
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
def test_two_different_changes_have_two_digests(one: tuple[Path_, Any], other: tuple[Path_, Any]) -> None:
    digests = [Config.from_dict(with_value(path, another(value))).digest for path, value in (one, other)]
    assert (digests[0] == digests[1]) == (one[0] == other[0])


def shuffled(table: Any, order: Callable[[list[Any]], list[Any]], path: Path_ = ()) -> Any:
    """Write tables in another order, but for that of the features; and whole floats as ints."""
    if isinstance(table, Mapping):
        keys = list(table) if path == ("features",) else order(list(table))
        return {key: shuffled(table[key], order, (*path, key)) for key in keys}
    if isinstance(table, (list, tuple)):
        return [shuffled(item, order, path) for item in table]
    return int(table) if isinstance(table, float) and table == int(table) else table


@given(data=st.data())
@settings(max_examples=30, deadline=None, derandomize=True, database=None)
def test_how_it_is_written_does_not_count(data: st.DataObject) -> None:
    written = shuffled(VALUES, lambda keys: data.draw(st.permutations(keys)))
    read = Config.from_dict(written)
    assert read.digest == DEFAULT_CONFIG.digest
    assert (read, hash(read)) == (DEFAULT_CONFIG, hash(DEFAULT_CONFIG))


def test_the_digest_sees_the_smallest_step_and_which_side() -> None:
    base = Config.from_dict(with_value(("model", "buy", "bias"), 0.25)).digest
    near = Config.from_dict(with_value(("model", "buy", "bias"), math.nextafter(0.25, 1.0))).digest
    sell = Config.from_dict(with_value(("model", "sell", "bias"), 0.25)).digest
    assert len({base, near, sell}) == 3


def test_the_order_of_features_counts_and_that_of_weights_and_tables_does_not() -> None:
    reversed_features = with_value(("features",), dict(reversed(VALUES["features"].items())))
    assert Config.from_dict(reversed_features).digest != DEFAULT_CONFIG.digest
    turned = Config.from_dict(shuffled(VALUES, lambda keys: keys[::-1]))
    assert turned.digest == DEFAULT_CONFIG.digest
    result = backtest(CANDLES, turned, compiled=True)
    assert result.trades
    assert result.digest == backtest(CANDLES, compiled=True).digest


def test_a_default_that_is_written_out_changes_nothing() -> None:
    written = with_value(("features",), DEFAULT.parameters)
    assert Config.from_dict(written).digest == DEFAULT_CONFIG.digest
    whole = with_value(("features", "atr_14", "n"), 14)
    assert Config.from_dict(whole).digest == DEFAULT_CONFIG.digest
    off: Path_ = ("model", "buy", "calibration", "ranging")
    assert Config.from_dict(with_value(off, None)).digest == DEFAULT_CONFIG.digest


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
