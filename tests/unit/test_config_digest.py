"""The digest of a config sees every single value, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core import DEFAULT, Config, backtest
from tests.unit.config_cases import CANDLES, DEFAULT_CONFIG, SHORT, VALUES, Path_, spelled, with_value


def leaves(table: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Yield each number, text and switch, in tables and in lists."""
    items = table.items() if isinstance(table, Mapping) else enumerate(table)
    for key, value in items:
        if isinstance(value, (Mapping, list, tuple)):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


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
@settings(max_examples=40)
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
@settings(max_examples=30)
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
