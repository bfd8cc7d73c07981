"""A key that is unknown, a value of a wrong type or out of range: one message that names it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from genesis_core import Config
from tests.unit.config_cases import SHORT, VALUES, Path_, changes_fault, fault, spelled, with_value


def without(path: Path_) -> dict[str, Any]:
    values = with_value(path, None)
    table: Any = values
    for key in path[:-1]:
        table = table[key]
    del table[path[-1]]
    return values


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
