"""Feature sets go to other processes: by names where they can, and never with a riddle where they cannot."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from genesis_core import DEFAULT, FeatureError, FeatureSet, run_features, synthetic
from genesis_core.features import Feature, node
from genesis_core.features.defaults import FEATURES
from genesis_core.features.graph import Value
from genesis_core.kernels.base import Kernel, Param, Vector


def decayed(s: Vector, p: Vector, x: float) -> float:
    s[0] = s[0] + p[0] * (x - s[0])
    return s[0]


# The lambdas of a kernel do not matter: the kernel is reached through `build`, by import.
DECAYED = Kernel("decayed", decayed, ("x",), (Param("k", 0.0, 1.0),), state=lambda p: 1)


def build_decayed(p: Mapping[str, float]) -> Value:
    return node(DECAYED, "close", k=p["k"]).value


def build_scaled(p: Mapping[str, float], column: str) -> Value:
    return node(DECAYED, column, k=p["k"]).value


class Builders:
    @staticmethod
    def build(p: Mapping[str, float]) -> Value:
        return build_decayed(p)


OWN = Feature("decayed", (("k", 0.5),), build_decayed)
SETS = [
    DEFAULT,
    FeatureSet(["atr_14", ("rsi_inv_lag1", {"rsi": 21}), "regime"]),
    FeatureSet(["atr_14", OWN]),
    FeatureSet([(OWN, {"k": 0.25})]),
    FeatureSet([Feature("high", (("k", 0.5),), partial(build_scaled, column="high"))]),
    FeatureSet([Feature("static", (("k", 0.5),), Builders.build)]),
]


@pytest.mark.parametrize("features", SETS, ids=repr)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_set_is_equal(features: FeatureSet, protocol: int) -> None:
    again = pickle.loads(pickle.dumps(features, protocol))
    assert again == features
    assert again.digest == features.digest
    assert (again.names, again.parameters) == (features.names, features.parameters)


def vectors(features: FeatureSet) -> list[tuple[float, ...]]:
    made = run_features("streaming", synthetic(bars=60), [59], features)
    return [vector.values_tuple for vector in made.vectors]


def test_another_process_computes_the_same() -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        for features in (SETS[1], SETS[3]):
            assert pool.submit(vectors, features).result() == vectors(features)


def local_feature() -> Feature:
    def build(p: Mapping[str, float]) -> Value:
        return build_decayed({"k": 0.5})

    return Feature("mine", (), build)


@pytest.mark.parametrize(
    "feature",
    [
        Feature("mine", (), lambda p: node("true_range", "high", "low", "close").value),
        local_feature(),
        replace(FEATURES["atr_14"], name="mine"),
    ],
    ids=["lambda", "local function", "renamed"],
)
def test_what_another_process_could_not_import_is_named(feature: Feature) -> None:
    features = FeatureSet(["atr_14", feature])
    with pytest.raises(FeatureError) as caught:
        pickle.dumps(features)
    assert str(caught.value).startswith("feature 'mine': its build '")
    assert "cannot be pickled" in str(caught.value)
    assert str(caught.value).endswith("by a def at module level")
    assert "\n" not in str(caught.value)
    # Copies need no import: a set never changes.
    assert copy.copy(features) is copy.deepcopy(features) is features


def test_a_function_that_was_replaced_under_its_name_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    features = FeatureSet([OWN])
    monkeypatch.setattr(f"{__name__}.build_decayed", build_scaled)
    with pytest.raises(FeatureError, match="its build 'build_decayed' cannot be pickled"):
        pickle.dumps(features)
