"""A sweep that is kept: list after list over the same candles, each result that of a single run."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from genesis_core import Config, backtest, synthetic
from genesis_core.backtesting import Sweep, shared_columns
from genesis_core.errors import CandleError, ConfigError
from genesis_core.features.graph import Node

CANDLES = synthetic(bars=700)
BASE = Config.default()
RSI = next(name for name in BASE.features if name.startswith("rsi"))
PERIOD = next(iter(BASE.feature_set.parameters[RSI]))


def changed(**decision: Any) -> Config:
    return BASE.updated({"decision": decision})


def with_rsi(period: float) -> Config:
    assert BASE.model is not None
    features = {name: dict(given) for name, given in BASE.features.items()}
    features[RSI][PERIOD] = period
    weights = {"buy": dict(BASE.model.buy.weights), "sell": dict(BASE.model.sell.weights)}
    model = {side: {"weights": given} for side, given in weights.items()}
    return BASE.updated({"features": features, "model": model})


LISTS = (
    [BASE],
    [changed(cooldown_bars=6), changed(cooldown_bars=24), with_rsi(9.0)],
    [with_rsi(9.0)],
    [with_rsi(21.0), with_rsi(21.0).updated({"exits": {"stop": 2.0}})],
    [with_rsi(21.0)],
    [changed(cooldown_bars=6)],
)
"""Features that are shared, of one strategy alone, and of several, in turn."""


@pytest.fixture(scope="module")
def single() -> dict[str, str]:
    """Digest of each strategy -> that of its single run."""
    every = {config.digest: config for configs in LISTS for config in configs}
    return {key: backtest(CANDLES, config, compiled=True).summary_digest for key, config in every.items()}


class Computed:
    """Counts how often the columns of each node are computed to be kept."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times: Counter[Node] = Counter()
        real = shared_columns.run_node

        def run(node: Node, *more: Any) -> None:
            self.times[node] += 1
            real(node, *more)

        monkeypatch.setattr(shared_columns, "run_node", run)


@pytest.mark.parametrize(
    "keep", [[], [BASE], [with_rsi(9.0), with_rsi(30.0)]], ids=["none", "base", "others"]
)
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("most", [shared_columns.SHARED_BYTES, 20_000, 0])
def test_list_after_list_is_single_runs(
    single: dict[str, str], monkeypatch: pytest.MonkeyPatch, keep: list[Config], threads: int, most: int
) -> None:
    monkeypatch.setattr(shared_columns, "SHARED_BYTES", most)
    sweep = Sweep(CANDLES, keep)
    for configs in (*LISTS, *reversed(LISTS)):
        found = sweep.run(configs, threads=threads)
        assert [one.config for one in found] == configs
        assert [one.summary_digest for one in found] == [single[config.digest] for config in configs]
    assert len(set(single.values())) == len(single)


def test_what_is_near_a_kept_strategy_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = Computed(monkeypatch)
    sweep = Sweep(CANDLES, [BASE])
    assert computed.times == {}, "nothing before it is asked for"
    for configs in LISTS:
        sweep.run(configs)
    assert set(computed.times.values()) == {1}
    assert {placed.node for placed in BASE.asked_features.graph.nodes} <= set(computed.times)


def test_no_more_is_kept_of_a_strategy_than_fits(
    single: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_columns, "SHARED_BYTES", 10 * 8 * len(CANDLES))
    computed = Computed(monkeypatch)
    sweep = Sweep(CANDLES, [BASE])
    for _ in range(3):
        assert [one.summary_digest for one in sweep.run([BASE])] == [single[BASE.digest]]
    assert set(computed.times.values()) == {1}, "kept ones do not drop each other"
    assert 1 < len(computed.times) <= 10


def test_nothing_is_kept_of_a_strategy_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = Computed(monkeypatch)
    sweep = Sweep(CANDLES)
    for period in (5.0, 6.0, 7.0):
        sweep.run([with_rsi(period)])
    assert computed.times == {}


def test_threads_may_run_lists_at_the_same_time(single: dict[str, str]) -> None:
    sweep = Sweep(CANDLES, [BASE])
    with ThreadPoolExecutor(4) as pool:
        for configs, found in zip(LISTS * 5, pool.map(sweep.run, LISTS * 5), strict=True):
            assert [one.summary_digest for one in found] == [single[config.digest] for config in configs]


def test_a_list_that_cannot_run_leaves_it_as_it_was(single: dict[str, str]) -> None:
    sweep = Sweep(CANDLES, [BASE])
    with pytest.raises(ConfigError, match=r"^strategy 1: "):
        sweep.run([BASE, {"decision": {"edge": -1.0}}])
    with pytest.raises(ConfigError, match="threads = 0"):
        sweep.run([BASE], threads=0)
    assert sweep.run([]) == []
    assert [one.summary_digest for one in sweep.run([None])] == [single[BASE.digest]]


def test_a_strategy_to_be_kept_must_run(single: dict[str, str]) -> None:
    with pytest.raises(CandleError, match="too few"):
        Sweep(CANDLES[:20], [BASE])
    with pytest.raises(ConfigError, match="keep is a Config; a list of strategies is needed"):
        Sweep(CANDLES, BASE)  # type: ignore[arg-type]
