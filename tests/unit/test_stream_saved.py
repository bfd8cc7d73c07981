"""A stream is saved and restored to the bit, or refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core import (
    Config,
    Decide,
    Feature,
    Kernel,
    Vector,
    backtest,
    node,
    synthetic,
)
from genesis_core.backtesting import loop
from genesis_core.backtesting.saved import StreamError
from genesis_core.backtesting.stream import Stream
from tests.oracles.bars import HOUR_MS, random_walk
from tests.oracles.engine import candles_of
from tests.unit.stream_cases import STRATEGIES, assert_parity, candle_at, cross, in_code, new, series


def cross_late(s: Vector, p: Vector, fast: float, slow: float, rsi: float) -> tuple[float, float, float]:
    above = 1.0 if fast >= slow else -1.0
    before = s[0]
    s[0] = above
    if above > 0.0 and before < 0.0 and rsi < p[0]:
        return 1.0, 0.8, 0.0
    return 0.0, 0.0, 0.0


@given(
    recipe=series,
    name=st.sampled_from([name for name in STRATEGIES if name != "default"]),
    shares=st.lists(st.floats(0.0, 1.0), max_size=4),
)
@settings(max_examples=40)
def test_saved_and_restored_anywhere(recipe: tuple[int, int, int], name: str, shares: list[float]) -> None:
    seed, bars, hole = recipe
    walk = random_walk(seed, bars, step=0.02)
    stamps = [s + hole * HOUR_MS * (t >= seed % bars) for t, s in enumerate(walk.timestamp)]
    candles = candles_of(replace(walk, timestamp=stamps))
    config = STRATEGIES[name]
    points = {int(share * bars) for share in shares}
    stream = new(config, candles)
    updates = []
    for t, candle in enumerate(candles):
        if t in points:
            stream = Stream.restore(config, stream.save())
        updates.append(stream.update(candle))
    assert_parity(updates, candles, backtest(candles, config, compiled=True), config)
    warmed = new(config, candles)
    if 0 < min(points, default=0) < bars:
        warmed.warm(candles[: min(points)])
        warmed.warm(candles[min(points) :])
    else:
        warmed.warm(candles)
    assert warmed.save() == stream.save()


def test_negative_zero_survives() -> None:
    def signed(s: Vector, p: Vector, close: float) -> float:
        s[0] = -0.0 if s[0] == 0.0 else s[0]
        return s[0]

    kernel = Kernel("signed", signed, ("close",), state=lambda p: 1)
    own = Feature("signed", (), lambda p: node(kernel, "close").value)
    never = Kernel("never", never_step, ("x",), (), ("side", "confidence"), (0.0, 0.0))
    config = Config.from_code([own], Decide(never, ("signed",)))
    candles = synthetic(bars=3)
    stream = new(config, candles)
    stream.update(candles[0])
    again = Stream.restore(config, stream.save())
    assert again.update(candles[1]).features["signed"].hex() == "-0x0.0p+0"
    stream.update(candles[1])
    assert again.save() == stream.save()


def never_step(s: Vector, p: Vector, x: float) -> tuple[float, float]:
    return 0.0, 0.0


# ---------------------------------------------------------------- saved streams


@pytest.fixture(scope="module")
def saved() -> bytes:
    stream = Stream(STRATEGIES["exits"], symbol="tBTCUSD", timeframe="1h")
    stream.warm(synthetic(bars=120))
    return stream.save()


def test_an_edited_or_truncated_save_is_refused(saved: bytes) -> None:
    for size in [*range(0, 400), *range(400, len(saved), 37)]:
        with pytest.raises(StreamError, match=r"^saved stream: "):
            Stream.restore(STRATEGIES["exits"], saved[:size])
    for at in [*range(0, 400), *range(400, len(saved), 37), len(saved) - 1]:
        edited = saved[:at] + bytes([saved[at] ^ 1]) + saved[at + 1 :]
        with pytest.raises(StreamError, match=r"^saved stream: "):
            Stream.restore(STRATEGIES["exits"], edited)
    with pytest.raises(StreamError, match="cut short or changed"):
        Stream.restore(STRATEGIES["exits"], saved + b"\0")
    with pytest.raises(StreamError, match="saved in format 2; this version reads format 1"):
        Stream.restore(STRATEGIES["exits"], saved.replace(b"STREAM 1\n", b"STREAM 2\n", 1))
    with pytest.raises(StreamError, match="not a saved stream"):
        Stream.restore(STRATEGIES["exits"], b"")


def test_another_strategy_symbol_or_timeframe_is_refused(saved: bytes) -> None:
    with pytest.raises(StreamError, match="saved with another strategy"):
        Stream.restore(STRATEGIES["gates"], saved)
    with pytest.raises(StreamError, match="saved with another strategy"):
        Stream.restore(STRATEGIES["exits"].updated({"execution": {"fee": 0.0}}), saved)
    with pytest.raises(StreamError, match="saved for the symbol tBTCUSD, not tETHUSD"):
        Stream.restore(STRATEGIES["exits"], saved, symbol="tETHUSD")
    with pytest.raises(StreamError, match="saved for the timeframe 1h, not 2h"):
        Stream.restore(STRATEGIES["exits"], saved, timeframe="2h")
    restored = Stream.restore(STRATEGIES["exits"], saved, symbol="tBTCUSD", timeframe="60m")
    assert restored.save() == saved
    assert (restored.bars, restored.last) == (120, synthetic(bars=120)[119])


def test_other_code_is_refused(saved: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    candles = synthetic(bars=40)
    stream = new(in_code(cross), candles)
    stream.warm(candles)
    with pytest.raises(StreamError, match="the code of a kernel was another one"):
        Stream.restore(in_code(cross_late), stream.save())
    assert Stream.restore(in_code(cross), stream.save()).bars == 40

    def trade_bar(*args: Any) -> tuple[float, int]:
        return 0.0, 1

    monkeypatch.setattr(loop, "trade_bar", trade_bar)
    with pytest.raises(
        StreamError, match=r"the code of a kernel was another one.*genesis_core \d.* on Python 3"
    ):
        Stream.restore(STRATEGIES["exits"], saved)


def test_code_of_a_feature_of_the_package_counts(saved: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after an upgrade: the same strategy, whose features are computed otherwise."""
    monkeypatch.setitem(vars(STRATEGIES["exits"].asked_features), "digest", "0" * 32)
    with pytest.raises(StreamError, match="the code of a kernel was another one"):
        Stream.restore(STRATEGIES["exits"], saved)


def test_saved_to_a_file(saved: bytes, tmp_path: Path) -> None:
    path = tmp_path / "live.stream"
    stream = Stream.restore(STRATEGIES["exits"], saved)
    assert stream.save(path) == saved == path.read_bytes()
    assert Stream.restore(STRATEGIES["exits"], path).save() == saved
    assert Stream.restore(STRATEGIES["exits"], str(path)).save() == saved
    path.write_bytes(saved[:-3])
    with pytest.raises(StreamError, match=r"live\.stream: cut short or changed"):
        Stream.restore(STRATEGIES["exits"], path)
    with pytest.raises(StreamError, match=r"absent: cannot be read: No such file"):
        Stream.restore(STRATEGIES["exits"], tmp_path / "absent")
    with pytest.raises(StreamError, match=r"cannot be written"):
        stream.save(tmp_path / "no folder" / "live.stream")
    assert [p.name for p in tmp_path.iterdir()] == ["live.stream"]


def test_the_gap_policy_and_an_unused_stream_are_saved() -> None:
    fresh = Stream(symbol="tBTCUSD", timeframe="1h", gaps="keep")
    again = Stream.restore(None, fresh.save())
    assert (again.bars, again.last) == (0, None)
    again.update(candle_at(0))
    again = Stream.restore(None, again.save())
    assert again.update(candle_at(4)).features["data_quality"] == 0.5


def overflowing(s: Vector, p: Vector, close: float) -> float:
    i = int(s[0])
    s[0] = s[0] + 1.0
    s[i] = s[i] + 0.0
    return close


def test_an_interrupted_update_is_never_built_upon() -> None:
    """A kernel whose state is too small for so many bars, which no trial run could know."""
    kernel = Kernel("overflowing", overflowing, ("close",), state=lambda p: 3_000)
    never = Kernel("never", never_step, ("x",), (), ("side", "confidence"), (0.0, 0.0))
    own = Feature("x", (), lambda p: node(kernel, "close").value)
    config = Config.from_code([own], Decide(never, ("x",)))
    candles = synthetic(bars=3_002)
    stream = new(config, candles)
    stream.warm(candles[:3_000])
    good = stream.save()
    with pytest.raises(IndexError):
        stream.update(candles[3_000])
    for ask in (stream.save, lambda: stream.update(candles[3_000]), lambda: stream.warm(candles[3_000:])):
        with pytest.raises(StreamError, match="interrupted half way"):
            ask()
    assert Stream.restore(config, good).bars == 3_000
