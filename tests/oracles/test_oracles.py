"""The engine against the oracles: every indicator, feature and context value."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core.features.defaults import DEFAULT_FEATURES, FEATURES
from genesis_core.features.graph import Value, node
from tests.oracles import features, indicators
from tests.oracles.agreement import disagreement
from tests.oracles.bars import HOUR_MS, START_MS, Bars, adversarial, from_high_low, random_walk, whole_dollars
from tests.oracles.engine import columns

SERIES = {
    **adversarial(),
    **{f"walk {seed}": random_walk(seed, 200) for seed in range(3)},
    **{f"whole dollars {seed}": whole_dollars(seed, 400) for seed in range(6)},
    "whole dollars near 5": whole_dollars(10, 200, start=5),
}
WINDOWS = (2, 3, 14, 20, 50)


@dataclass(frozen=True)
class Case:
    """A value of the engine's graph, its oracle, and how near they must be."""

    value: Value
    oracle: Callable[[Bars], indicators.Column]
    relative: float = 1e-9
    absolute: float = 0.0


def _true_range() -> Value:
    return node("true_range", "high", "low", "close").value


def _atr(n: int) -> Value:
    return node("wilder", _true_range(), n=n).value


def _bollinger_cases(n: int, m: float) -> dict[str, Case]:
    window = node("mean_std", "close", n=n)
    ends = window.output("mean"), window.output("std")
    bands = node("bollinger_bands", *ends, m=m)

    def column(bars: Bars, name: str) -> indicators.Column:
        lower, upper, position, first = indicators.bollinger(bars.close, n, m)
        return {"lower": lower, "upper": upper, "position": position}[name], first

    return {
        f"lower({n}, {m})": Case(bands.output("lower"), lambda b: column(b, "lower")),
        f"upper({n}, {m})": Case(bands.output("upper"), lambda b: column(b, "upper")),
        f"position({n}, {m})": Case(
            node("bollinger_position", "close", *ends, m=m).value, lambda b: column(b, "position"), 0.0, 1e-8
        ),
    }


def _window_cases(n: int) -> dict[str, Case]:
    window = node("mean_std", "close", n=n)
    return {
        f"sma({n})": Case(node("sma", "close", n=n).value, lambda b: indicators.sma(b.close, n), 1e-12),
        f"mean({n})": Case(window.output("mean"), lambda b: indicators.sma(b.close, n), 1e-12),
        f"std({n})": Case(window.output("std"), lambda b: indicators.std(b.close, n)),
        f"ema({n})": Case(node("ema", "close", n=n).value, lambda b: indicators.ema(b.close, n)),
        f"rsi({n})": Case(node("rsi", "close", n=n).value, lambda b: indicators.rsi(b.close, n)),
        f"atr({n})": Case(_atr(n), lambda b: indicators.atr(b.high, b.low, b.close, n)),
        f"adx({n})": Case(
            node("adx", "high", "low", _true_range(), n=n).value,
            lambda b: indicators.adx(b.high, b.low, b.close, n),
        ),
    }


INDICATORS = {
    "tr": Case(_true_range(), lambda b: indicators.tr(b.high, b.low, b.close), 0.0),
    "volatility shift": Case(
        node("volatility_shift", _atr(14), _atr(50)).value,
        lambda b: indicators.volatility_shift(b.high, b.low, b.close),
    ),
    "ema slope": Case(
        node("slope", node("ema", "close", n=20).value, k=5).value,
        lambda b: indicators.ema_slope(b.close, 20, 5),
        absolute=1e-12,
    ),
    **{name: case for n in WINDOWS for name, case in _window_cases(n).items()},
    **_bollinger_cases(20, 2.0),
    **_bollinger_cases(5, 1.5),
}


def judge(bars: Bars, cases: dict[str, Case]) -> dict[str, str]:
    """Return what is wrong, by name; nothing when all agree."""
    wrong: dict[str, str] = {}
    for name, (values, first) in columns(bars, {name: case.value for name, case in cases.items()}).items():
        case = cases[name]
        expected, first_valid = case.oracle(bars)
        if first != min(first_valid, len(bars)):
            wrong[name] = f"first valid bar {first}, expected {first_valid}"
            continue
        found = disagreement(values, expected, first=first, relative=case.relative, absolute=case.absolute)
        if found:
            wrong[name] = found
    return wrong


@pytest.mark.parametrize("series", SERIES)
def test_indicators(series: str) -> None:
    assert judge(SERIES[series], INDICATORS) == {}


def test_the_default_set_is_the_table() -> None:
    assert [feature.name for feature in DEFAULT_FEATURES] == list(features.FEATURES)


def feature(name: str) -> Value:
    """Return the engine's value of one of its named features, with default parameters."""
    return FEATURES[name].build(dict(FEATURES[name].defaults))


def judge_features(bars: Bars) -> dict[str, str]:
    """Return what is wrong, by feature; values before the first valid bar are judged too."""
    expected = features.features(bars)
    wrong: dict[str, str] = {}
    for name, (column, first) in columns(bars, {name: feature(name) for name in expected}).items():
        law = features.FEATURES[name]
        if first != min(law.first_valid, len(bars)):
            wrong[name] = f"first valid bar {first}, expected {law.first_valid}"
        elif column[:first] != [law.neutral] * first:
            wrong[name] = f"not {law.neutral} before bar {first}"
        else:
            # Features are ratios of the order of 1, many of which cross 0; ATR14 has the scale of the price.
            found = disagreement(
                column,
                expected[name],
                relative=1e-9,
                absolute=0.0 if name == "atr_14" else 1e-9,
                exempt=_near_one(bars) if name == "vol_regime" else (),
            )
            if found:
                wrong[name] = found
    return wrong


def _near_one(bars: Bars) -> set[int]:
    """Return the bars at which a last bit of the volatility shift decides whether it is above 1."""
    shift, first = indicators.volatility_shift(bars.high, bars.low, bars.close)
    return {t for t in range(first, len(bars)) if 0.0 < abs(shift[t] - 1.0) < 1e-9}


@pytest.mark.parametrize("series", SERIES)
def test_features(series: str) -> None:
    assert judge_features(SERIES[series]) == {}


def judge_context(bars: Bars) -> dict[str, str]:
    """Return what is wrong with regime and data quality."""
    values = {"regime": feature("regime"), "data_quality": feature("data_quality")}
    found = columns(bars, values)
    names, first = features.regime(bars)
    expected = {
        "regime": ([_REGIMES[name] for name in names], first),
        "data_quality": (features.data_quality(bars), 0),
    }
    return {
        name: repr(found[name])
        for name, (column, first_valid) in expected.items()
        if found[name][1] != min(first_valid, len(bars)) or disagreement(found[name][0], column)
    }


_REGIMES: Mapping[str, float] = {"bull": 1.0, "bear": -1.0, "ranging": 0.0}


@pytest.mark.parametrize("series", SERIES)
def test_context(series: str) -> None:
    assert judge_context(SERIES[series]) == {}


def test_every_regime_and_quality_occurs() -> None:
    regimes = {name for bars in SERIES.values() for name in features.regime(bars)[0]}
    qualities = {quality for bars in SERIES.values() for quality in features.data_quality(bars)}
    assert regimes == set(_REGIMES)
    assert qualities == {1.0, 0.5}


@pytest.mark.parametrize("n", [1, 2, 13, 14, 15, 16, 27, 28, 50, 51, 52, 53])
def test_short_series(n: int) -> None:
    bars = random_walk(n, n)
    assert {**judge(bars, INDICATORS), **judge_features(bars), **judge_context(bars)} == {}


@pytest.mark.parametrize("base", [1.0, 100.0, 1e-8, 1e8, 29_999.5])
def test_width_is_zero_only_where_closes_are_equal(base: float) -> None:
    """The smallest move there is, now and then: running sums would miss it, or invent one."""
    rng = random.Random(1)
    close = [base] * 30 + [math.nextafter(base, math.inf) if rng.random() < 0.1 else base for _ in range(120)]
    window = node("mean_std", "close", n=20)
    ends = window.output("mean"), window.output("std")
    values = {"std": ends[1], "position": node("bollinger_position", "close", *ends, m=2.0).value}
    found = columns(from_high_low(close, close, close), values)
    equal = [len(set(close[t - 19 : t + 1])) == 1 for t in range(19, 150)]
    assert 0 < sum(equal) < len(equal)
    assert [x == 0.0 for x in found["std"][0][19:]] == equal
    assert {x for x, is_equal in zip(found["position"][0][19:], equal, strict=True) if is_equal} == {0.5}
    assert all(0.0 <= x <= 1.0 for x in found["position"][0])


_BAR = st.tuples(
    st.integers(-4, 4),  # move of the price
    st.integers(0, 3),  # wick above
    st.integers(0, 3),  # wick below
    st.sampled_from((0.0, 1.0, 7.0)),  # volume
    st.sampled_from((1, 1, 1, 1, 3, 4)),  # hours since the bar before
)


@st.composite
def any_bars(draw: st.DrawFn) -> Bars:
    """Draw a series of whole dollars: ties, runs, holes and hours without volume are likely, not special."""
    price = draw(st.integers(5, 60))
    out = Bars([], [], [], [], [], [])
    stamp = START_MS
    for move, above, below, volume, hours in draw(st.lists(_BAR, min_size=60, max_size=140)):
        opened, price = price, max(1, price + move)
        stamp += hours * HOUR_MS
        out.timestamp.append(stamp)
        out.open.append(float(opened))
        out.high.append(float(max(opened, price) + above))
        out.low.append(float(max(1, min(opened, price) - below)))
        out.close.append(float(price))
        out.volume.append(volume)
    return out


@given(bars=any_bars())
@settings(max_examples=40)
def test_any_series(bars: Bars) -> None:
    assert {**judge(bars, INDICATORS), **judge_features(bars), **judge_context(bars)} == {}
