"""A constant or a function of a user's kernel that changes between two runs: never an old value on some paths only.

What was made before the change is refused by every path, in words; what is made after it has the new values on every
path. Nothing that was computed or compiled under the old value is served under the new one.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from genesis_core import (
    Candle,
    Config,
    Decide,
    Feature,
    FeatureCache,
    FeatureSet,
    Kernel,
    Stream,
    Vector,
    backtest,
    backtest_many,
    check_causal,
    features_asof,
    make_path,
    node,
    run_features,
    synthetic,
)
from genesis_core.backtesting import Sweep
from genesis_core.features import compute_columns
from genesis_core.kernels.walk import KernelError

CANDLES = synthetic(bars=60)
SWEEP = Sweep(CANDLES)
FIRST, SECOND = 2.0, 3.0
FACTOR = FIRST
REMEMBERED = 1

MODULE = """
from genesis_core import Kernel, Vector

FACTOR = {factor}

def helper(x: float) -> float:
    return x * FACTOR

def scaled(s: Vector, p: Vector, x: float) -> float:
    return helper(x)

SCALED = Kernel("scaled_module", scaled, ("x",))
"""


def helper(x: float) -> float:
    return x + FACTOR


def other_helper(x: float) -> float:
    return x - FACTOR


def scaled(s: Vector, p: Vector, x: float) -> float:
    """Read a constant itself, and another one through a function it calls."""
    return helper(x) * FACTOR


def follow(s: Vector, p: Vector, x: float) -> tuple[float, float]:
    """Turn every second bar, with a confidence that is a constant over the close."""
    s[0] = 1.0 - s[0]
    return (1.0 if s[0] > 0.5 else -1.0), FACTOR / (FACTOR + 4.0 if x > 0.0 else 9.0)


def kernel() -> Kernel:
    return Kernel("scaled", scaled, ("x",), state=lambda p: REMEMBERED, warmup=lambda p: REMEMBERED)


SCALED = kernel()
FOLLOW = Kernel(
    "follow", follow, ("x",), outputs=("side", "confidence"), neutral=(0.0, 0.0), state=lambda p: REMEMBERED
)


def features() -> FeatureSet:
    """Make a set anew, of the same kernel object."""
    return FeatureSet([Feature("scaled", (), lambda p: node(SCALED, "close").value)])


def strategy() -> Config:
    mine = Feature("scaled", (), lambda p: node(SCALED, "close").value)
    return Config.from_code([mine], Decide(FOLLOW, ("scaled",)), decision={"size": [[0.0, 0.1], [0.4, 0.2]]})


def streamed(config: Config) -> list[Any]:
    stream = Stream(config, symbol=CANDLES.symbol, timeframe=CANDLES.timeframe)
    return [(u.features.values_tuple, u.side, u.confidence, u.equity) for u in map(stream.update, CANDLES)]


PATHS = ("recompute", "windowed", "precomputed", "streaming")
FLAGS: tuple[dict[str, bool], ...] = (
    {},
    {"fast_window": True},
    {"precompute_features": True},
    {"compiled": True},
)

OF_FEATURES: dict[str, Callable[[FeatureSet], Any]] = {
    **{path: lambda f, path=path: run_features(path, CANDLES, feature_set=f).vectors for path in PATHS},
    "asof": lambda f: tuple(features_asof(CANDLES, t, f) for t in range(len(CANDLES))),
    "cached": lambda f: (
        run_features("precomputed", CANDLES, feature_set=f, feature_cache=FeatureCache()).vectors
    ),
}
OF_STRATEGIES: dict[str, Callable[[Config], Any]] = {
    **{str(flags): lambda c, flags=flags: backtest(CANDLES, c, **flags).digest for flags in FLAGS},
    "cached": lambda c: backtest(CANDLES, c, feature_cache=FeatureCache()).digest,
}
REFUSING: dict[str, Callable[[Config], Any]] = {
    **OF_STRATEGIES,
    "sweep": lambda c: backtest_many(CANDLES, [c]),
    "kept sweep": lambda c: SWEEP.run([c, c]),
    "sweep of two": lambda c: backtest_many(CANDLES, [Config.default(), c], threads=2),
    "stream": streamed,
    "causal": lambda c: check_causal(c, CANDLES, cuts=1),
    "columns": lambda c: compute_columns(CANDLES, c.asked_features.graph),
    **{path: lambda c, path=path: make_path(path, CANDLES, c.asked_features) for path in PATHS},
}


@pytest.fixture
def change(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def set_to(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setattr(sys.modules[__name__], name, value)

    return set_to


def expected(factor: float) -> tuple[float, ...]:
    return tuple((close + factor) * factor for close in CANDLES.close.tolist()[1:])


@pytest.mark.parametrize("order", [(FIRST, SECOND, FIRST), (SECOND, FIRST, SECOND)])
def test_features_made_after_the_change_have_the_new_value_on_every_path(
    order: tuple[float, ...], change: Callable[..., None]
) -> None:
    cache = FeatureCache()
    for factor in order:
        change(FACTOR=factor)
        for name, run in OF_FEATURES.items():
            assert tuple(v["scaled"] for v in run(features())[1:]) == expected(factor), name
        shared = run_features("windowed", CANDLES, feature_set=features(), feature_cache=cache)
        assert tuple(v["scaled"] for v in shared.vectors[1:]) == expected(factor)


@pytest.mark.parametrize("first", ["reference first", "compiled first"])
def test_strategies_made_after_the_change_have_the_new_value_on_every_path(
    first: str, change: Callable[..., None]
) -> None:
    runs = list(OF_STRATEGIES.items())
    if first == "compiled first":
        runs.reverse()
    seen = {}
    for factor in (FIRST, SECOND, FIRST):
        change(FACTOR=factor)
        config = strategy()
        digests = {name: run(config) for name, run in runs}
        assert len(set(digests.values())) == 1, digests
        result = backtest(CANDLES, config, compiled=True)
        assert {trade.confidence for trade in result.trades} == {factor / (factor + 4.0)}
        (summary,) = backtest_many(CANDLES, [config])
        assert summary.summary_digest == result.summary_digest
        assert streamed(config)[-1][2] == factor / (factor + 4.0)
        seen.setdefault(factor, result.summary_digest)
        assert seen[factor] == result.summary_digest
    assert len(set(seen.values())) == 2


@pytest.mark.parametrize("run", REFUSING.values(), ids=REFUSING)
def test_a_strategy_made_before_the_change_is_refused(
    run: Callable[[Config], Any], change: Callable[..., None]
) -> None:
    config = strategy()
    run(config)
    change(FACTOR=SECOND)
    with pytest.raises(KernelError) as caught:
        run(config)
    place = f"helper ({__file__}:{helper.__code__.co_firstlineno})"
    assert str(caught.value) == (
        f"kernel 'scaled': FACTOR, which {place} reads, was 2.0 when the features were made of it and is 3.0 now; "
        "make it a parameter of the kernel, or make the features and the strategy anew to run with it"
    )
    change(FACTOR=FIRST)
    run(config)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_made_before_the_change_goes_on_with_what_it_began_with(
    path: str, change: Callable[..., None]
) -> None:
    running = make_path(path, CANDLES, features())
    begun = [running.at(t)["scaled"] for t in range(1, 30)]
    change(FACTOR=SECOND, helper=other_helper)
    assert (*begun, *(running.at(t)["scaled"] for t in range(30, 60))) == expected(FIRST)


def test_a_stream_made_before_the_change_goes_on_with_what_it_began_with(
    change: Callable[..., None],
) -> None:
    whole = streamed(strategy())
    stream = Stream(strategy(), symbol=CANDLES.symbol, timeframe=CANDLES.timeframe)
    stream.warm(CANDLES[:30])
    change(FACTOR=SECOND)
    candles: Iterator[Candle] = iter(CANDLES[30:])
    assert [u.features.values_tuple for u in map(stream.update, candles)] == [row[0] for row in whole[30:]]
    saved = stream.save()
    with pytest.raises(KernelError, match="FACTOR"):
        Stream.restore(stream.config, saved)


def test_an_answer_of_the_old_value_is_not_served_under_the_new_one(change: Callable[..., None]) -> None:
    cache = FeatureCache()
    old = features()
    features_asof(CANDLES, 9, old, feature_cache=cache)
    change(FACTOR=SECOND)
    new = features()
    assert FeatureCache.key(CANDLES, 9, new) not in cache
    assert new != old
    with pytest.raises(KernelError):
        features_asof(CANDLES, 9, old, feature_cache=cache)
    assert features_asof(CANDLES, 9, new, feature_cache=cache)["scaled"] == expected(SECOND)[8]


@pytest.mark.parametrize("changes", [{"helper": other_helper}, {"FACTOR": 2}, {"FACTOR": -FIRST}])
def test_each_kind_of_change_is_seen(changes: dict[str, object], change: Callable[..., None]) -> None:
    made = features()
    change(**changes)
    with pytest.raises(KernelError, match=next(iter(changes))):
        make_path("streaming", CANDLES, made)


def test_code_that_is_put_into_the_function_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    made = features()
    monkeypatch.setattr(helper, "__code__", other_helper.__code__)
    with pytest.raises(KernelError, match=r"the code of helper .* was replaced"):
        make_path("precomputed", CANDLES, made)
    after = run_features("precomputed", CANDLES, feature_set=features()).vectors
    assert after == run_features("recompute", CANDLES, feature_set=features()).vectors
    assert after[5]["scaled"] == (CANDLES.close.item(5) - FIRST) * FIRST


def test_a_builtin_that_is_hidden_is_seen(change: Callable[..., None]) -> None:
    def sized(s: Vector, p: Vector, x: float) -> float:
        return abs(x)

    made = FeatureSet([Feature("sized", (), lambda p: node(Kernel("sized", sized, ("x",)), "close").value)])
    setattr(sys.modules[__name__], "abs", other_helper)  # noqa: B010  # a module may well name a function so
    try:
        with pytest.raises(KernelError, match=r"abs, which .* is not the function"):
            make_path("windowed", CANDLES, made)
    finally:
        delattr(sys.modules[__name__], "abs")
    assert make_path("windowed", CANDLES, made).at(3)["sized"] == CANDLES.close.item(3)


def test_a_captured_value_that_changes_is_seen() -> None:
    limit = FIRST

    def capped(s: Vector, p: Vector, x: float) -> float:
        return limit if x > 0.0 else 0.0

    own = Kernel("capped", capped, ("x",))

    def made() -> FeatureSet:
        return FeatureSet([Feature("capped", (), lambda p: node(own, "close").value)])

    before = made()
    assert make_path("precomputed", CANDLES, before).at(3)["capped"] == FIRST
    limit = SECOND
    with pytest.raises(KernelError, match=r"limit, which .*capped .* was 2\.0 .* is 3\.0 now"):
        make_path("precomputed", CANDLES, before)
    for path in PATHS:
        assert make_path(path, CANDLES, made()).at(3)["capped"] == SECOND


@pytest.mark.parametrize("path", PATHS)
def test_a_declaration_that_changes_is_seen_and_reaches_no_run(
    path: str, change: Callable[..., None]
) -> None:
    """A state that became too small would be written past its end."""
    config = strategy()
    made = features()
    running = make_path(path, CANDLES, config.asked_features)
    change(REMEMBERED=0)
    assert running.at(3)["decide_side"] != 0.0
    assert made.layout.first_valid == (1,)
    with pytest.raises(KernelError, match=r"state, as it declares it, was 1 when .* and is 0 now"):
        backtest(CANDLES, config, compiled=True)
    with pytest.raises(KernelError, match="index 0 of its state"):
        strategy()


def test_a_change_out_of_the_language_is_told(change: Callable[..., None]) -> None:
    made = features()
    change(FACTOR="2.0")
    with pytest.raises(KernelError, match="'FACTOR' is a str"):
        make_path("recompute", CANDLES, made)


def test_a_constant_that_becomes_zero_is_checked_again(change: Callable[..., None]) -> None:
    """That a divisor is not zero was shown for the old value only."""
    strategy()
    change(FACTOR=-4.0)
    with pytest.raises(KernelError, match="divi"):
        strategy()


@pytest.fixture
def reloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, ModuleType]]:
    file = tmp_path / "own_law_to_reload.py"
    file.write_text(MODULE.format(factor=FIRST))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield file, importlib.import_module(file.stem)
    del sys.modules[file.stem]


def test_a_reload(reloaded: tuple[Path, ModuleType]) -> None:
    """Of the same text nothing changes; of another one, what was made before is refused."""
    file, module = reloaded
    old = module.SCALED
    made = FeatureSet([Feature("scaled", (), lambda p: node(old, "close").value)])
    plain = run_features("precomputed", CANDLES, feature_set=made).vectors
    importlib.reload(module)
    assert run_features("recompute", CANDLES, feature_set=made).vectors == plain
    assert run_features("precomputed", CANDLES, feature_set=made).vectors == plain
    file.write_text(f"\n# moved\n{MODULE.format(factor=SECOND)}")
    importlib.reload(module)
    for path in PATHS:
        with pytest.raises(KernelError, match=r"FACTOR, which helper .* was 2\.0 .* is 3\.0 now"):
            make_path(path, CANDLES, made)
    for path in PATHS:
        anew = FeatureSet([Feature("scaled", (), lambda p: node(module.SCALED, "close").value)])
        assert make_path(path, CANDLES, anew).at(7)["scaled"] == CANDLES.close.item(7) * SECOND


def test_compiled_code_is_loaded_though_nothing_can_import_the_module(tmp_path: Path) -> None:
    """What one process keeps on disk must not name the caller's module: the next one may have none of that name."""
    program = """
import importlib.util, sys
from genesis_core import Feature, FeatureSet, features_asof, node, synthetic

spec = importlib.util.spec_from_file_location("nowhere_to_be_found", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
made = FeatureSet([Feature("scaled", (), lambda p: node(module.SCALED, "close").value)])
print(features_asof(synthetic(bars=9), 8, made, path="precomputed")["scaled"].hex())
"""
    file = tmp_path / "law.py"
    file.write_text(MODULE.format(factor=7.5))
    compiled = tmp_path / "compiled"
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", program, str(file)],
            env={
                **os.environ,
                "GENESIS_CACHE_DIR": str(compiled),
                "PYTHONPATH": str(Path(__file__).parents[2]),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert float.fromhex(done.stdout) == synthetic(bars=9).close.item(8) * 7.5
        (kept,) = compiled.iterdir()
        assert kept.name.startswith("nowhere_to_be_found.scaled-")
