"""Feature sets, feature vectors, a user's own features, and what each path says it did."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from genesis_core import (
    DEFAULT,
    CandleError,
    FeatureCache,
    FeatureError,
    FeatureSet,
    FeatureVector,
    GenesisError,
    backtest,
    features_asof,
    make_path,
    run_features,
    synthetic,
)
from genesis_core.features import Feature, node, source
from genesis_core.features.defaults import DEFAULT_FEATURES, FEATURES
from genesis_core.kernels.base import Kernel, Param, Vector
from genesis_core.kernels.indicators.derived import clip
from genesis_core.kernels.walk import KernelError

CANDLES = synthetic(bars=90)
PATHS = ("recompute", "streaming", "windowed", "precomputed")


class TestFeatureSet:
    def test_the_default_set(self) -> None:
        assert len(DEFAULT) == 15
        assert DEFAULT.names == tuple(feature.name for feature in DEFAULT_FEATURES)
        assert DEFAULT == FeatureSet(DEFAULT.names)
        assert repr(FeatureSet(["atr_14", "regime"])) == "FeatureSet(atr_14, regime)"

    @pytest.mark.parametrize(
        ("features", "message"),
        [
            (["atr14"], "unknown feature 'atr14'; did you mean 'atr_14'?"),
            (["zzz"], "unknown feature 'zzz'; valid: atr_14, bb_position_inv_ma3, "),
            (
                [("rsi_inv_lag1", {"rsj": 3})],
                "feature 'rsi_inv_lag1' has no parameter 'rsj'; did you mean 'rsi'?",
            ),
            ([("data_quality", {"n": 3})], "feature 'data_quality' has no parameter 'n'; valid: "),
            ([("atr_14", {"n": 0})], "feature 'atr_14': kernel 'wilder': n = 0 is outside [1, 100000]"),
            ([("atr_14", {"n": 100_001})], "n = 100001 is outside [1, 100000]"),
            ([("atr_14", {"n": float("nan")})], "n = nan is outside"),
            ([("atr_14", {"n": float("inf")})], "n = inf is outside"),
            (
                [("atr_14", {"n": 2.5})],
                "feature 'atr_14': kernel 'wilder': n = 2.5; a whole number is needed",
            ),
            ([("atr_14", {"n": True})], "n = True; a number is needed"),
            ([("atr_14", {"n": "14"})], "n = '14'; a number is needed"),
            (
                [("regime", {"band": -0.01})],
                "feature 'regime': kernel 'regime': band = -0.01 is outside [0, 1]",
            ),
            (["atr_14", "regime", ("atr_14", {"n": 7})], "feature 'atr_14' stands twice in the set"),
            ([], "a feature set needs at least one feature"),
            ("atr_14", "features = 'atr_14'; a list of features is needed"),
            (3, "features = 3; a list of features is needed"),
            ([3], "3: a feature, its name, or a pair of one and its parameters is needed"),
            ([["atr_14", {}]], "['atr_14', {}]: a feature, its name, or a pair"),
            ([("atr_14",)], "('atr_14',): a feature, its name, or a pair"),
            ([("atr_14", 14)], "('atr_14', 14): a feature, its name, or a pair"),
        ],
    )
    def test_mistakes_are_named(self, features: Any, message: str) -> None:
        with pytest.raises(FeatureError) as caught:
            FeatureSet(features)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_parameters_with_their_defaults(self) -> None:
        made = FeatureSet(["atr_14", ("rsi_vol_interaction", {"slow": 30})])
        assert made.parameters == {
            "atr_14": {"n": 14.0},
            "rsi_vol_interaction": {"rsi": 14.0, "fast": 14.0, "slow": 30},
        }

    @pytest.mark.parametrize(
        "other",
        [
            ["rsi_inv_lag1", ("atr_14", {"n": 14})],
            [FEATURES["rsi_inv_lag1"], (FEATURES["atr_14"], {})],
        ],
    )
    def test_equal_sets(self, other: Any) -> None:
        one, same = FeatureSet(["rsi_inv_lag1", "atr_14"]), FeatureSet(other)
        assert one == same
        assert hash(one) == hash(same)
        assert one.digest == same.digest

    def test_every_difference_changes_the_digest(self) -> None:
        sets = [
            FeatureSet(["rsi_inv_lag1", "atr_14"]),
            FeatureSet(["atr_14", "rsi_inv_lag1"]),
            FeatureSet(["rsi_inv_lag1"]),
            FeatureSet(["rsi_inv_lag1", ("atr_14", {"n": 15})]),
            FeatureSet([("rsi_inv_lag1", {"rsi": 15}), "atr_14"]),
            FeatureSet(["rsi_inv_lag1", replace(FEATURES["atr_14"], name="atr")]),
        ]
        assert len({made.digest for made in sets}) == len(set(sets)) == len(sets)
        assert sets[0] != "rsi_inv_lag1, atr_14"

    @pytest.mark.parametrize("name", sorted(FEATURES))
    def test_each_parameter_of_each_feature_counts(self, name: str) -> None:
        original = FeatureSet([name])
        for key, default in FEATURES[name].defaults:
            changed = FeatureSet(
                [(name, {key: default + 1.0 if default >= 1.0 or default == 0.0 else default / 2.0})]
            )
            assert changed.digest != original.digest
            assert changed.parameters[name] != original.parameters[name]

    def test_including(self) -> None:
        some = FeatureSet([("atr_14", {"n": 7}), "vol_regime"])
        more = some.including("regime", "atr_14", ("rsi_inv_lag1", {"rsi": 9}))
        assert more.names == ("atr_14", "vol_regime", "regime", "rsi_inv_lag1")
        assert more.parameters["atr_14"] == {"n": 7.0}
        assert more.parameters["rsi_inv_lag1"] == {"rsi": 9.0}
        assert some.names == ("atr_14", "vol_regime")
        assert some.including() == some

    def test_further_features_change_no_bit_of_the_others(self) -> None:
        one = features_asof(CANDLES, 80, FeatureSet(["fib_prox_x_adx"]))
        assert one["fib_prox_x_adx"].hex() == features_asof(CANDLES, 80)["fib_prox_x_adx"].hex()

    def test_equal_nodes_run_once(self) -> None:
        graph = DEFAULT.graph
        nodes = [placed.node for placed in graph.nodes]
        assert len(nodes) == len(set(nodes))
        names = [placed.node.kernel.name for placed in graph.nodes]
        assert names.count("true_range") == names.count("rsi") == names.count("swings") == 1
        assert [n.params for n in nodes if n.kernel.name == "wilder"] == [(14.0,), (50.0,)]
        alone = sum(len(FeatureSet([name]).graph.nodes) for name in DEFAULT.names)
        assert len(nodes) < alone / 2

    def test_other_parameters_are_other_nodes(self) -> None:
        twice = FeatureSet(["rsi_inv_lag1", ("fib05_x_rsi_inv", {"rsi": 7})])
        assert [p.node.params for p in twice.graph.nodes if p.node.kernel.name == "rsi"] == [(14.0,), (7.0,)]

    def test_inputs_come_before_their_readers(self) -> None:
        for placed in DEFAULT.graph.nodes:
            assert all(slot < placed.slot for slot in placed.reads)


class TestFeatureVector:
    def vector(self, bar: int = 80, names: tuple[str, ...] = ("atr_14", "fib_dist_min_atr")) -> FeatureVector:
        return features_asof(CANDLES, bar, FeatureSet(names), path="streaming")

    def test_is_a_mapping_in_the_order_of_the_set(self) -> None:
        vector = self.vector()
        assert isinstance(vector, Mapping)
        assert list(vector) == ["atr_14", "fib_dist_min_atr"]
        assert tuple(vector.values()) == vector.values_tuple
        assert dict(vector) == dict(zip(vector, vector.values_tuple, strict=True))
        assert len(vector) == 2
        assert "atr_14" in vector
        assert "atr" not in vector
        assert vector.get("atr") is None
        assert vector.bar == 80
        assert all(type(value) is float for value in vector.values())
        with pytest.raises(KeyError, match="atr"):
            vector["atr"]

    @pytest.mark.parametrize("name", ["bar", "values_tuple", "_layout", "extra", "atr_14"])
    def test_cannot_be_changed(self, name: str) -> None:
        vector = self.vector()
        with pytest.raises(AttributeError, match="cannot be changed"):
            setattr(vector, name, 1.0)
        with pytest.raises(AttributeError, match="cannot be changed"):
            delattr(vector, name)
        with pytest.raises(TypeError):
            vector["atr_14"] = 1.0  # type: ignore[index]

    def test_validity_by_name_and_as_a_whole(self) -> None:
        names = ("atr_14", "rsi_inv_lag1")
        for bar, each in ((13, (False, False)), (14, (True, False)), (15, (True, True))):
            valid = self.vector(bar, names).valid
            assert tuple(valid.values()) == each
            assert dict(valid) == dict(zip(names, each, strict=True))
            assert bool(valid) is all(each)
        assert repr(self.vector(14, names).valid) == "Validity(not yet: rsi_inv_lag1)"
        assert repr(self.vector(15, names).valid) == "Validity(all valid)"

    def test_before_its_first_bar_a_value_is_neutral(self) -> None:
        vector = features_asof(CANDLES, 13)
        assert not any(vector.valid.values())
        neutral = {"volatility_shift_ma3": 1.0, "bb_position_inv_ma3": 0.5, "fib_dist_min_atr": 10.0}
        assert dict(vector) == {name: neutral.get(name, 0.0) for name in DEFAULT.names}

    def test_equality_is_by_bits(self) -> None:
        layout = self.vector()._layout
        plus, minus = FeatureVector(layout, 80, (0.0, 1.0)), FeatureVector(layout, 80, (-0.0, 1.0))
        assert plus == FeatureVector(layout, 80, (0.0, 1.0))
        assert hash(plus) == hash(FeatureVector(layout, 80, (0.0, 1.0)))
        assert plus != minus
        assert plus.digest != minus.digest
        quiet, other = np.array([0x7FF8 << 48, 0x7FF8 << 48 | 1], dtype=np.uint64).view(np.float64).tolist()
        assert FeatureVector(layout, 80, (quiet, 1.0)) == FeatureVector(layout, 80, (quiet, 1.0))
        assert FeatureVector(layout, 80, (quiet, 1.0)) != FeatureVector(layout, 80, (other, 1.0))

    def test_names_values_and_validity_count(self) -> None:
        atr = FEATURES["atr_14"]
        renamed = features_asof(CANDLES, 80, FeatureSet([replace(atr, name="atr")]))
        vector = features_asof(CANDLES, 80, FeatureSet([atr]))
        assert renamed.values_tuple == vector.values_tuple
        assert renamed != vector
        assert renamed.digest != vector.digest
        early, late = (FeatureVector(vector._layout, bar, (0.0,)) for bar in (13, 14))
        assert early != late
        assert early.digest != late.digest
        assert vector != dict(vector)

    def test_survives_pickling_and_copying(self) -> None:
        vector = self.vector(14)
        for other in (pickle.loads(pickle.dumps(vector)), copy.copy(vector), copy.deepcopy(vector)):
            assert other == vector
            assert hash(other) == hash(vector)
            assert other.digest == vector.digest
            assert (other.bar, dict(other.valid)) == (vector.bar, dict(vector.valid))


class TestBars:
    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("cached", [False, True])
    @pytest.mark.parametrize(
        ("bar", "message"),
        [
            (90, "bar 90 is outside the series: it has the bars 0 to 89"),
            (-1, "bar -1 is outside the series: it has the bars 0 to 89"),
            (True, "bar True: a whole number is needed"),
            (3.0, "bar 3.0: a whole number is needed"),
            ("3", "bar '3': a whole number is needed"),
            (None, "bar None: a whole number is needed"),
        ],
    )
    def test_bars_that_are_not_there(self, path: str, cached: bool, bar: Any, message: str) -> None:
        with pytest.raises(FeatureError) as caught:
            features_asof(CANDLES, bar, path=path, feature_cache=FeatureCache() if cached else None)
        assert str(caught.value) == message

    @pytest.mark.parametrize("path", PATHS)
    def test_a_numpy_integer_is_a_bar(self, path: str) -> None:
        index: Any = np.int64(60)
        assert features_asof(CANDLES, index, path=path) == features_asof(CANDLES, 60)

    def test_an_unknown_path(self) -> None:
        with pytest.raises(FeatureError, match="unknown path 'windowd'; did you mean 'windowed'"):
            features_asof(CANDLES, 0, path="windowd")


# A user's own features, written as any user would.
LIMIT = 3.0


def spread_part(high: float, low: float, close: float) -> float:
    height = high - low
    if height == 0.0:
        return 0.5
    return clip((close - low) / height, 0.0, 1.0)


def streak(s: Vector, p: Vector, high: float, low: float, close: float) -> float:
    """Decayed position of the close within its bar, reset after a run of rising closes."""
    s[1] = s[1] + 1.0 if close > s[2] else 0.0
    s[2] = close
    s[0] = 0.0 if s[1] >= LIMIT else s[0] + p[0] * (spread_part(high, low, close) - s[0])
    return s[0]


STREAK = Kernel(
    name="streak",
    step=streak,
    inputs=("high", "low", "close"),
    params=(Param("decay", 0.0, 1.0),),
    neutral=(0.25,),
    state=lambda p: 3,
    warmup=lambda p: 4,
)


def extremes(s: Vector, p: Vector, x: float, atr: float) -> tuple[float, float]:
    """Largest value so far, and its distance in ATRs, which are not awaited."""
    if x > s[0]:
        s[0] = x
    return s[0], ((s[0] - x) / atr if atr > 0.0 else -1.0)


EXTREMES = Kernel(
    name="extremes",
    step=extremes,
    inputs=("x", "atr"),
    outputs=("top", "away"),
    neutral=(0.0, 0.0),
    state=lambda p: 1,
    early=("atr",),
)


def counted(s: Vector, p: Vector) -> float:
    s[0] = s[0] + 1.0
    return s[0]


COUNTED = Kernel(name="counted", step=counted, inputs=(), state=lambda p: 1, warmup=lambda p: 2)


def powered(s: Vector, p: Vector, x: float) -> float:
    return float(x**2)


POWERED = Kernel(name="powered", step=powered, inputs=("x",))

ATR = FEATURES["atr_14"].build({"n": 14.0})
OWN = FeatureSet(
    [
        Feature("streak", (("decay", 0.3),), lambda p: node(STREAK, "high", "low", "close", **p).value),
        Feature("top", (), lambda p: node(EXTREMES, "close", ATR).output("top")),
        Feature("away", (), lambda p: node(EXTREMES, "close", ATR).output("away")),
        Feature("counted", (), lambda p: node(COUNTED).value),
        Feature("volume", (), lambda p: source("volume")),
        "atr_14",
    ]
)


class TestOwnFeatures:
    @pytest.mark.parametrize("path", PATHS)
    def test_every_path_gives_the_bits_of_the_plain_function(self, path: str) -> None:
        vectors = run_features(path, CANDLES, feature_set=OWN).vectors
        s, top = [0.0] * 3, 0.0
        for t, (vector, bar) in enumerate(zip(vectors, CANDLES, strict=True)):
            value = streak(s, [0.3], bar.high, bar.low, bar.close)
            top = max(top, bar.close)
            assert vector["streak"].hex() == (value if t >= 4 else 0.25).hex()
            assert vector["top"].hex() == top.hex()
            away = (top - bar.close) / vector["atr_14"] if t >= 14 else -1.0
            assert vector["away"].hex() == away.hex()
            assert vector["counted"] == (t + 1.0 if t >= 2 else 0.0)
            assert vector["volume"].hex() == bar.volume.hex()
            valid = {"streak": t >= 4, "counted": t >= 2, "atr_14": t >= 14}
            assert dict(vector.valid) == {name: valid.get(name, True) for name in OWN.names}

    def test_parameters_of_its_own(self) -> None:
        streak_feature = OWN._features[0]
        half = FeatureSet([(streak_feature, {"decay": 0.5})])
        assert half.parameters == {"streak": {"decay": 0.5}}
        assert features_asof(CANDLES, 50, half) != features_asof(CANDLES, 50, FeatureSet([streak_feature]))
        with pytest.raises(FeatureError, match=r"decay = 1\.5 is outside"):
            FeatureSet([(streak_feature, {"decay": 1.5})])

    def test_a_step_outside_the_kernel_language_is_refused(self) -> None:
        with pytest.raises(
            KernelError, match=r"kernel 'powered' is not in the kernel language, 1 violation"
        ) as e:
            FeatureSet([Feature("powered", (), lambda p: node(POWERED, "close").value)])
        assert "x ** 2 and x * x have different bits" in str(e.value)
        assert isinstance(e.value, GenesisError)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            (lambda: node("emaa", "close", n=3), "unknown kernel 'emaa'; did you mean 'ema'?"),
            (lambda: node("ema", "clos", n=3), "unknown column 'clos'; did you mean 'close'?"),
            (lambda: node("ema", n=3), "kernel 'ema' reads 1 inputs (x), got 0"),
            (lambda: node("ema", "close"), "kernel 'ema' needs the parameter 'n'"),
            (lambda: node("ema", "close", n=3, m=1), "kernel 'ema' has no parameter 'm'; valid: n"),
            (lambda: node(EXTREMES, "close", ATR).value, "kernel 'extremes' has several outputs: top, away"),
            (lambda: node(EXTREMES, "close", ATR).output("to"), "has no output 'to'; did you mean 'top'?"),
        ],
    )
    def test_mistakes_in_wiring_are_named(self, wrong: Callable[[], Any], message: str) -> None:
        with pytest.raises(FeatureError) as caught:
            wrong()
        assert message in str(caught.value)


class TestCounters:
    """A path says what it did, so that a comparison can tell two plans from one plan twice."""

    def test_recompute_steps_through_all_of_the_past(self) -> None:
        path = make_path("recompute", CANDLES)
        for bar in (60, 3, 60):
            before = path.counters.interpreted_steps
            path.at(bar)
            assert path.counters.interpreted_steps - before == bar + 1
        assert path.counters.as_dict() == {
            "interpreted_steps": 61 + 4 + 61,
            "compiled_calls": 0,
            "bars": 3,
            "hits": 0,
            "misses": 0,
        }

    def test_streaming_takes_one_step_a_bar_in_sequence(self) -> None:
        path = make_path("streaming", CANDLES)
        steps = []
        for bar in (0, 1, 2, 2, 10, 11, 5, 6):
            before = path.counters.interpreted_steps
            path.at(bar)
            steps.append(path.counters.interpreted_steps - before)
        # A bar asked again costs nothing; bars left out are caught up; an earlier one starts over.
        assert steps == [1, 1, 1, 0, 8, 1, 6, 1]
        assert path.counters.compiled_calls == 0

    def test_windowed_is_one_compiled_run_a_bar(self) -> None:
        run = run_features("windowed", CANDLES, (60, 3, 60))
        assert run.counters == {
            "interpreted_steps": 0,
            "compiled_calls": 3,
            "bars": 3,
            "hits": 0,
            "misses": 0,
        }

    def test_precomputed_is_one_compiled_run_a_series(self) -> None:
        run = run_features("precomputed", CANDLES, (60, 3, 60))
        assert (run.counters["compiled_calls"], run.counters["interpreted_steps"]) == (1, 0)

    @pytest.mark.parametrize("inner", PATHS)
    def test_a_hit_runs_nothing(self, inner: str) -> None:
        path = make_path(inner, CANDLES, feature_cache=FeatureCache())
        path.at(60)
        before = path.counters.as_dict()
        assert (before["hits"], before["misses"]) == (0, 1)
        path.at(60)
        assert path.counters.as_dict() == {**before, "hits": 1, "bars": 2}

    def test_no_two_paths_have_one_plan(self) -> None:
        runs = [run_features(path, CANDLES) for path in PATHS]
        runs.append(run_features("streaming", CANDLES, feature_cache=FeatureCache()))
        plans = [run.__genesis_plan__() for run in runs]
        assert [plan["path"] for plan in plans] == [*PATHS, "cached(streaming)"]
        assert [set(plan) & {"hits", "misses"} for plan in plans] == [set()] * 4 + [{"hits", "misses"}]
        assert all(one != other for one, other in pairwise(plans))
        assert all(run.__genesis_identity__() == runs[0].vectors for run in runs)

    def test_a_backtest_says_which_plan_ran(self) -> None:
        def plan(**flags: Any) -> tuple[str, dict[str, int]]:
            made = backtest(CANDLES, **flags).plan
            return made.path, {name: count for name, count in made.counters.items() if count}

        asked = len(CANDLES) - 52
        steps = sum(range(53, 91))
        everything = {"precompute_features": True, "fast_window": True, "compiled": True}
        assert plan() == ("recompute", {"interpreted_steps": steps, "bars": asked})
        assert plan(fast_window=True) == ("windowed", {"compiled_calls": asked, "bars": asked})
        assert plan(precompute_features=True, fast_window=True) == (
            "precomputed",
            {"compiled_calls": 1, "bars": asked},
        )
        assert plan(**everything) == ("compiled", {"compiled_calls": 1, "bars": len(CANDLES)})
        cache = FeatureCache()
        assert plan(**everything, feature_cache=cache) == plan(**everything)
        assert len(cache) == 0
        assert plan(feature_cache=cache) == (
            "cached(recompute)",
            {"interpreted_steps": steps, "bars": asked, "misses": asked},
        )
        assert plan(feature_cache=cache) == ("cached(recompute)", {"bars": asked, "hits": asked})
        reason = backtest(CANDLES, compiled=True, feature_cache=cache).plan.reason
        assert reason == "compiled=True; the feature cache is not used: no single vector is asked for"


def test_what_is_not_candles_is_said() -> None:
    with pytest.raises(CandleError, match="candles is a list; make them by Candles"):
        backtest([1.0, 2.0])  # type: ignore[arg-type]
    with pytest.raises(CandleError, match="candles is a dict"):
        features_asof({}, 0)  # type: ignore[arg-type]


def test_what_is_not_a_feature_set_or_cache_is_said() -> None:
    candles = synthetic(bars=60)
    with pytest.raises(FeatureError, match="feature_set is a list; make one"):
        features_asof(candles, 55, ["atr_14"])  # type: ignore[arg-type]
    with pytest.raises(FeatureError, match="feature_cache is True; make one"):
        backtest(candles, feature_cache=True)  # type: ignore[arg-type]


def test_a_build_that_returns_no_value_is_said() -> None:

    with pytest.raises(FeatureError, match=r"'mine': build returned a Node; return node\(...\).value"):
        FeatureSet([Feature("mine", (), lambda p: node("sma", "close", n=3))])  # type: ignore[arg-type,return-value]
    with pytest.raises(FeatureError, match="build reads the parameter 'n', which its defaults do not have"):
        FeatureSet([Feature("mine", (), lambda p: node("sma", "close", n=p["n"]).value)])


def test_deep_graphs_are_built_at_once() -> None:

    value = source("close")
    for _ in range(200):
        value = node("volatility_shift", value, value).value  # type: ignore[assignment]
    made = FeatureSet([Feature("deep", (), lambda p: value)])
    assert len(made.graph.nodes) == 200


def test_a_result_survives_pickling_and_cannot_be_changed() -> None:
    result = backtest(synthetic(bars=200), compiled=True)
    again = pickle.loads(pickle.dumps(result))
    assert again.digest == result.digest
    assert again.provenance["flags"]["compiled"] is True
    for one in (result, again):
        with pytest.raises(TypeError):
            one.reasons["ENTRY"] = 99
        with pytest.raises(ValueError):
            one.equity.flags.writeable = True
