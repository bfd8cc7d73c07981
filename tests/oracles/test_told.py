"""The trading law over inputs that it is told: ties, runs, flips and levels that no indicator would give."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis_core import Config
from genesis_core.backtesting.loop import InterpretedTrader
from genesis_core.kernels.trading import layout as at
from genesis_core.kernels.trading.reasons import FILL_REASONS, REASONS
from tests.oracles.agreement import disagreement
from tests.oracles.bars import Bars, from_high_low, gapped, random_walk
from tests.oracles.decision import AsOf, Side
from tests.oracles.draws import configs
from tests.oracles.simulator import Fill, Simulation, simulate
from tests.oracles.strategies import REGIMES, ZONES, settings_of

_SIDE: dict[str, float] = {"long": 1.0, "short": -1.0}


def config_of(values: dict[str, Any]) -> Config:
    """Return a strategy with a model whose probabilities nobody asks for."""
    side = {"bias": 0.0, "weights": {"data_quality": 0.0}}
    return Config.from_dict(
        {"features": {"data_quality": {}}, "model": {"buy": side, "sell": side}, **values}
    )


def slots(seen: AsOf) -> list[float]:
    """Return what :data:`genesis_core.strategy.inputs.SLOTS` names."""
    assert isinstance(seen.said, tuple)
    distances = [-1.0 if away is None else away for away in (seen.higher, seen.lower)]
    context = [REGIMES.index(seen.regime) - 1.0, ZONES.index(seen.zone) - 1.0, seen.quality, seen.atr]
    levels = [*(*seen.above, 0.0, 0.0)[:2], *(*seen.below, 0.0, 0.0)[:2]]
    return [*seen.said, 0.0, *context, *distances, *levels]


def run(config: Config, bars: Bars, told: Sequence[AsOf | None]) -> Simulation:
    """Run the law bar by bar, and say what happened in the simulator's words."""
    trader = InterpretedTrader(config)
    done = Simulation()
    rows: list[list[float]] = []
    for t, seen in enumerate(told):
        candle = bars.open[t], bars.high[t], bars.low[t], bars.close[t]
        x = [0.0] * 13 if seen is None else slots(seen)
        equity, reason = trader.bar(candle, x, seen is not None, t + 1 == len(bars))
        done.equity.append(equity)
        done.reasons.append(REASONS[reason])
        rows += trader.rows()
    done.final = trader.finish(bars.close[-1])
    sides: dict[float, Side] = {1.0: "long", -1.0: "short"}
    for row in [*rows, *trader.rows()]:
        kind, side = FILL_REASONS[int(row[at.KIND])], sides[row[at.ROW_SIDE]]
        numbers = (row[i] for i in (at.RAW_PRICE, at.PRICE, at.ROW_UNITS, at.ROW_FEE, at.CASH_FLOW))
        done.fills.append(Fill(int(row[at.BAR]), kind, side, *numbers, decided=int(row[at.DECIDED])))
    return done


def check(config: Config, bars: Bars, told: Sequence[AsOf | None]) -> Simulation:
    found, wanted = run(config, bars, told), simulate(bars, told, settings_of(config))
    assert found.reasons == wanted.reasons
    named = [[(f.bar, f.reason, f.side, f.raw, f.decided) for f in each.fills] for each in (found, wanted)]
    assert named[0] == named[1]
    for name in ("price", "units", "fee", "cash"):
        columns = [[getattr(fill, name) for fill in each.fills] for each in (found, wanted)]
        assert disagreement(columns[0], columns[1], relative=1e-9) is None
    curves = [[*each.equity, each.final] for each in (found, wanted)]
    assert disagreement(curves[0], curves[1], absolute=1e-9 * max(map(abs, curves[1]))) is None
    return wanted


def told_at_random(seed: int, bars: Bars, warmup: int) -> list[AsOf | None]:
    """Draw what is known at each bar from a few round values; regime and zone stay for some bars."""
    rng = random.Random(seed)
    made: list[AsOf | None] = []
    regime, zone, said = "ranging", "mid", (0.5, 0.5)
    for t, close in enumerate(bars.close):
        if rng.random() < 0.25:
            regime, zone = rng.choice(REGIMES), rng.choice(ZONES)
        if rng.random() < 0.5:
            said = rng.choice(
                ((0.5, 0.5), (0.25, 0.75), (0.75, 0.25), (0.6, 0.4), (0.3, 0.3), (0.9, 0.05), (0.45, 0.5))
            )
        above = tuple(sorted(close + rng.choice((0.5, 1.0, 2.0, 4.0, 7.0)) for _ in range(rng.randint(0, 2))))
        below = tuple(
            sorted(
                (close * rng.choice((0.5, 0.9, 0.98, 0.995)) for _ in range(rng.randint(0, 2))), reverse=True
            )
        )
        seen = AsOf(
            said,
            regime=regime,
            zone=zone,
            quality=rng.choice((1.0, 1.0, 1.0, 0.5)),
            atr=rng.choice((0.0, 1.0, 2.0, 3.0)),
            higher=rng.choice((None, 0.0, 0.5, 2.0, 2.5)),
            lower=rng.choice((None, 0.0, 0.5, 2.0, 5.0)),
            above=above,
            below=below,
        )
        made.append(None if t < warmup else seen)
    return made


def _open(values: dict[str, Any]) -> dict[str, Any]:
    """Half of the gates block, which leaves little to fill: let more pass."""
    for name in ("higher_fib", "lower_fib"):
        if values["decision"][name]["missing"] == "block":
            values["decision"][name]["missing"] = "off"
    return values


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 90),
    warmup=st.integers(0, 3),
    gaps=st.booleans(),
    values=st.one_of(configs(), configs().map(_open)),
)
@settings(max_examples=400)
def test_any_inputs(seed: int, n: int, warmup: int, gaps: bool, values: dict[str, Any]) -> None:
    bars = gapped(seed, n) if gaps else random_walk(seed, n, start=100.0, step=0.4 if seed % 3 else 0.01)
    check(config_of(values), bars, told_at_random(seed, bars, warmup))


ENTER: dict[str, Any] = {
    "hysteresis": 0,
    "cooldown_bars": 0,
    "confidence": 0.0,
    "edge": 0.0,
    "threshold": 0.5,
}
LONG, SHORT, NONE, EVEN = (0.9, 0.1), (0.1, 0.9), (0.3, 0.3), (0.5, 0.5)


def still(n: int, price: float = 100.0) -> Bars:
    return from_high_low([price] * n, [price] * n)


def test_a_tie_takes_the_side_held_last_not_the_one_accepted_last() -> None:
    """Short, then prices triple: a long is accepted and there is nothing to pay it with; then a tie."""
    prices = [100.0, 100.0, 300.0, 300.0, 300.0]
    told = [AsOf(said, regime="bull") for said in (SHORT, SHORT, LONG, EVEN, EVEN)]
    wanted = check(config_of({"decision": {**ENTER, "size": 1.0}}), from_high_low(prices, prices), told)
    assert wanted.reasons == ["ENTRY", "IN_POSITION", "NO_EQUITY", "IN_POSITION", "IN_POSITION"]


@pytest.mark.parametrize(
    ("fall", "factor"), [(0.02999, 1.0), (0.03, 0.75), (0.05999, 0.75), (0.0600001, 0.5), (0.5, 0.5)]
)
def test_drawdown_is_a_closed_bound(fall: float, factor: float) -> None:
    """All equity long; prices fall, which is the drawdown; then the other side is entered, smaller."""
    low = 100.0 * (1.0 - fall)
    bars = from_high_low([100.0, 100.0, low, low], [100.0, 100.0, low, low])
    told = [AsOf(said) for said in (LONG, NONE, SHORT, NONE)]
    costless = {"fee": 0.0, "slippage": 0.0, "initial_equity": 100.0}
    wanted = check(config_of({"decision": {**ENTER, "size": 1.0}, "execution": costless}), bars, told)
    assert wanted.fills[2].units == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize("reached", [True, False])
@pytest.mark.parametrize("side", ["long", "short"])
@pytest.mark.parametrize("kind", ["stop", "target", "partial_1"])
def test_a_level_just_touched_is_reached(kind: str, side: str, reached: bool) -> None:
    """Prices stop at the level to the last bit, or one dollar short of it."""
    away = 10.0 if reached else 9.0
    up = (side == "long") == (kind != "stop")
    touched = 100.0 + away if up else 100.0 - away
    bars = from_high_low(
        [100.0, 100.0, max(touched, 100.0), 100.0], [100.0, 100.0, min(touched, 100.0), 100.0], [100.0] * 4
    )
    bars.open[:] = [100.0] * 4
    table = {"partials": [0.5]} if kind == "partial_1" else {kind: 5.0}
    told = [
        AsOf(said, atr=2.0, above=(110.0,), below=(90.0,))
        for said in (LONG if side == "long" else SHORT, *[NONE] * 3)
    ]
    wanted = check(
        config_of({"decision": ENTER, "exits": table, "execution": {"fee": 0.0, "slippage": 0.0}}), bars, told
    )
    found = [(fill.reason, fill.bar, fill.raw) for fill in wanted.fills if fill.reason == kind]
    assert found == ([(kind, 2, touched)] if reached else [])


@pytest.mark.parametrize("shares", [(0.7, 0.3), (0.1, 0.9), (0.6, 0.4)])
def test_parts_that_are_the_whole_leave_nothing(shares: tuple[float, float]) -> None:
    """1.0 - 0.7 is more than 0.3: no dust may stay behind as a position."""
    bars = from_high_low([100.0, 100.0, 110.0, 120.0, 120.0], [100.0, 100.0, 100.0, 110.0, 120.0])
    told = [AsOf(said, above=(105.0, 115.0)) for said in (LONG, *[NONE] * 4)]
    decision = {**ENTER, "size": 1.0, "size_unit": "units"}
    wanted = check(config_of({"decision": decision, "exits": {"partials": shares}}), bars, told)
    assert [fill.reason for fill in wanted.fills] == ["entry", "partial_1", "partial_2"]
    assert wanted.equity[-1] == wanted.final


def test_without_an_atr_there_is_no_distance_and_no_stop() -> None:
    """A price that has not moved for 14 bars: distances in ATRs are 0, which is none."""
    told = [AsOf(LONG, atr=0.0)] + [AsOf(NONE, atr=0.0)] * 3
    wanted = check(config_of({"decision": ENTER, "exits": {"stop": 2.0, "trailing": 1.0}}), still(4), told)
    assert [fill.reason for fill in wanted.fills] == ["entry", "final_close"]


@pytest.mark.parametrize("between", REGIMES)
@pytest.mark.parametrize("entered", REGIMES)
def test_a_regime_flips_when_it_turns_against_the_position(entered: str, between: str) -> None:
    told = [
        AsOf(LONG, regime=entered),
        AsOf(NONE, regime=between),
        AsOf(NONE, regime="bear"),
        AsOf(NONE, regime="bear"),
    ]
    wanted = check(config_of({"decision": ENTER, "exits": {"regime_flip": True}}), still(4), told)
    left = [fill.bar for fill in wanted.fills if fill.reason == "regime_flip"]
    assert left == ([3] if between != "bear" else ([2] if entered != "bear" else []))
    assert _SIDE[wanted.fills[0].side] == 1.0
