"""A part that was encoded once gives the digest of the whole, byte for byte."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core import Config
from genesis_core.digest import digest, encoded
from genesis_core.optimize.changes import Applied
from genesis_core.optimize.sampling import RandomSampler
from genesis_core.optimize.space import Choice, Float, Int, Kind
from genesis_core.strategy import load_strategy
from tests.unit.search_cases import TABLES, write_own

leaves = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=5)
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
by_property = settings(max_examples=200)


@by_property
@given(values, values, values)
def test_a_part_stands_for_its_value(before: Any, part: Any, after: Any) -> None:
    assert digest((before, encoded(part), after)) == digest((before, part, after))
    assert digest({"a": encoded(part), "b": after}) == digest({"a": part, "b": after})
    assert digest(encoded(part)) == digest(part)
    assert digest(bytes(encoded(part))) != digest(part)


def test_arrays_within_a_part() -> None:
    part = [1, np.arange(5.0), {"x": np.zeros((2, 3), dtype=np.int64)}, np.zeros(0)]
    assert digest((encoded(part), 3)) == digest((part, 3))
    with pytest.raises(TypeError):
        encoded(object())


SEVERAL: dict[str, Kind] = {
    "decision.threshold": Float(low=0.5, high=0.7),
    "exits.stop": Float(low=1.0, high=6.0),
    "exits.max_bars": Int(low=10, high=200),
    "execution.fee": Choice(values=[0.0, 0.001, 0.002]),
}
FEATURES: dict[str, Kind] = {"features.bb_position_inv_ma3.n": Choice(values=[20, 30, 50])}
WEIGHTS: dict[str, Kind] = {"model.buy.bias": Float(low=-1.0, high=1.0)}


@pytest.mark.parametrize("varied", [SEVERAL, FEATURES, WEIGHTS, SEVERAL | FEATURES | WEIGHTS], ids=len)
def test_a_changed_strategy_has_the_digest_of_one_made_anew(varied: dict[str, Kind]) -> None:
    for base in (load_strategy(TABLES), load_strategy(TABLES).updated({"exits": {"stop": 2.25}})):
        for parameters in RandomSampler(varied, 3).ask(0, 20):
            changed = Applied(base).config(parameters)
            again = Applied(changed).config(parameters)
            fresh = Config.from_dict(changed.values)
            assert changed.digest == again.digest == fresh.digest
            assert (changed.digest == base.digest) == (changed.plain() == base.plain())


def test_a_base_whose_digest_was_never_asked_for(tmp_path: Any) -> None:
    own = load_strategy(write_own(tmp_path / "own.py"))
    asked = load_strategy(write_own(tmp_path / "again.py"))
    assert asked.digest == own.digest
    for changes in ({"exits": {"stop": 3.0}}, {"features": {"slope": {"by": 2}}}, {"decide": {"least": 1.0}}):
        fresh = load_strategy(write_own(tmp_path / "fresh.py")).updated(changes)
        assert fresh.digest == asked.updated(changes).digest != own.digest


def test_the_order_of_the_features_counts_and_that_of_the_weights_does_not() -> None:
    base = load_strategy(TABLES)
    plain = base.values
    turned = dict(reversed(plain["features"].items()))
    assert base.digest
    changed = base.updated({"features": turned})
    assert changed.model is base.model
    assert changed.digest != base.digest
    assert changed.digest == Config.from_dict(plain | {"features": turned}).digest
