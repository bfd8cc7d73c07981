"""Strategies as hypothesis draws them: whole tables, every key of which is likely to matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

Drawn = Mapping[str, st.SearchStrategy[Any]]

number = st.sampled_from((-6.0, -3.0, -1.0, -0.3, 0.0, 0.3, 1.0, 3.0, 6.0))
sides = st.tuples(number, number, number, number, number)
lines = st.fixed_dictionaries(
    {"scale": st.sampled_from((1.0, 0.5, -1.0, 2.0)), "shift": st.sampled_from((0.0, 0.3, -0.5))}
)
calibrations = st.builds(
    lambda whole, own: {**whole, **own},
    lines,
    st.dictionaries(st.sampled_from(("bear", "ranging", "bull")), lines, max_size=3),
)


@st.composite
def models(draw: st.DrawFn) -> dict[str, Any]:
    """Draw two unrelated models, two that are mirrored, or two that are the same: then every bar is a tie."""
    buy = draw(sides)
    kind = draw(st.sampled_from(("any", "mirrored", "equal", "nearly equal")))
    sell = {
        "any": draw(sides),
        "mirrored": (buy[0], *(-weight for weight in buy[1:])),
        "equal": buy,
        "nearly equal": (*buy[:3], -buy[3], buy[4]),  # a tie while `vol_regime` is 0
    }[kind]
    own = ({}, {}) if "equal" in kind else (draw(calibrations), draw(calibrations))
    return {"buy": buy, "sell": sell, "calibrations": own}


_gate = st.fixed_dictionaries(
    {
        "missing": st.sampled_from(("off", "pass", "block")),
        "within_atr": st.sampled_from((0.0, 0.5, 2.0, 5.0)),
    }
)
_pair = st.dictionaries(
    st.sampled_from(("long", "short")), st.sampled_from((0.0, 0.35, 0.5, 0.65)), max_size=2
)
_factor = st.sampled_from((0.0, 0.5, 1.0, 1.7))


def _each(names: tuple[str, ...], value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.just({}), st.dictionaries(st.sampled_from(names), value, max_size=3))


_REGIMES, _ZONES = ("bear", "ranging", "bull"), ("low", "mid", "high")
_MODEL: Drawn = {
    "reward_risk": st.sampled_from((0.4, 1.0, 1.8, 3.0)),
    "threshold": st.sampled_from((0.0, 0.3, 0.45, 0.5, 0.55, 0.7)),
    "regime_thresholds": _each(_REGIMES, _pair),
    "zone_thresholds": _each(_ZONES, _pair),
    "edge": st.sampled_from((0.0, 0.0, 0.1, 0.4)),
}
_BOTH: Drawn = {
    "side": st.sampled_from(("both", "both", "long", "short")),
    "higher_fib": _gate,
    "lower_fib": _gate,
    "confidence": st.sampled_from((0.0, 0.0, 0.3, 0.5, 0.6)),
    "hysteresis": st.integers(0, 4),
    "cooldown_bars": st.sampled_from((0, 0, 1, 3, 10)),
    "size": st.sampled_from(
        (0.05, 0.2, 1.0, ((0.0, 0.1), (0.5, 0.5)), ((0.4, 0.2), (0.5, 0.2), (0.65, 0.9), (0.8, 1.0)))
    ),
    "size_unit": st.sampled_from(("equity", "equity", "units")),
    "regime_size": _each(_REGIMES, _factor),
    "zone_size": _each(_ZONES, _factor),
    "drawdown_size": st.sampled_from(
        ((), ((0.0101, 0.5),), ((0.0303, 0.75), (0.0607, 0.5)), ((0.0021, 0.0),))
    ),
}
_EXITS: Drawn = {
    "test": st.sampled_from(("intrabar", "intrabar", "close")),
    "unit": st.sampled_from(("atr", "price")),
    "stop": st.sampled_from((0.0, 0.01, 0.03, 0.5)),
    "target": st.sampled_from((0.0, 0.0, 0.012, 0.06, 1.2)),
    "trailing": st.sampled_from((0.0, 0.008, 0.03, 0.4)),
    "partials": st.sampled_from(((), (0.5,), (0.3, 0.4), (0.7, 0.3), (1.0,))),
    "max_bars": st.sampled_from((0, 0, 1, 5, 20)),
    "confidence_below": st.sampled_from((0.0, 0.2, 0.4, 0.55)),
    "regime_flip": st.booleans(),
}
_IN_ATR = {
    "stop": (0.0, 0.0, 0.3, 1.0, 2.5),
    "target": (0.0, 0.0, 0.5, 1.5, 4.0),
    "trailing": (0.0, 0.0, 0.4, 1.1, 3.0),
}
_HIGHER: Drawn = {
    "timeframe": st.sampled_from(("2h", "3h", "6h")),
    "depth": st.sampled_from((1, 1, 2, 6)),
    "min_swing_atr": st.sampled_from((0.0, 1.0)),
    "days": st.sampled_from((0.5, 2.0, 30.0)),
}
_EXECUTION: Drawn = {
    "initial_equity": st.sampled_from((10_000.0, 10_000.0, 1.0)),
    "fill": st.sampled_from(("next_open", "close")),
    "fee": st.sampled_from((0.0, 0.002, 0.05)),
    "slippage": st.sampled_from((0.0, 0.0005, 0.02)),
}


def decisions(by_model: bool) -> Drawn:
    """Return what each key of the decision's table is drawn from."""
    return {**_MODEL, **_BOTH} if by_model else _BOTH


def tables() -> Mapping[str, Drawn]:
    """Return the same for the other tables."""
    return {"exits": _EXITS, "higher": _HIGHER, "execution": _EXECUTION}


@st.composite
def configs(draw: st.DrawFn, by_model: bool = True) -> dict[str, Any]:
    """Draw all tables of a strategy besides its model."""
    made = {name: draw(st.fixed_dictionaries(dict(drawn))) for name, drawn in tables().items()}
    made["decision"] = draw(st.fixed_dictionaries(dict(decisions(by_model))))
    if made["exits"]["unit"] == "atr":
        made["exits"].update((name, draw(st.sampled_from(values))) for name, values in _IN_ATR.items())
    return made
