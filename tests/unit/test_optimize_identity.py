"""When two trials are the same: never where anything that decides a result differs."""

from __future__ import annotations

import msgspec
import pytest

from genesis_core import Config, synthetic
from genesis_core.optimize import identity
from genesis_core.optimize.identity import Ground, identity_of, program_digest

CANDLES = synthetic(bars=300)
GROUND = Ground.of(CANDLES, Config.default())
PARAMETERS = {"decision.threshold": 0.6, "exits.max_bars": 12}
FIELDS = Ground.__struct_fields__


@pytest.mark.parametrize("field", FIELDS)
def test_whatever_trials_stand_on_is_part_of_them_and_named(field: str) -> None:
    value = getattr(GROUND, field)
    other = msgspec.structs.replace(GROUND, **{field: value + 1 if isinstance(value, int) else f"{value}0"})
    assert identity_of(other, PARAMETERS) != identity_of(GROUND, PARAMETERS)
    (words,) = GROUND.differences(other)
    assert words
    assert GROUND.differences(GROUND) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"decision.threshold": 0.61},
        {"exits.max_bars": 13},
        {"exits.max_bars": 12.0},
        {"exits.stop": 1.0},
        {"decision.threshold": -0.0},
    ],
)
def test_so_is_each_parameter(changes: dict[str, float]) -> None:
    assert identity_of(GROUND, PARAMETERS | changes) != identity_of(GROUND, PARAMETERS)


def test_the_order_of_parameters_is_not() -> None:
    assert identity_of(GROUND, dict(reversed(PARAMETERS.items()))) == identity_of(GROUND, PARAMETERS)


@pytest.mark.parametrize(
    ("candles", "config"),
    [
        (CANDLES[1:], Config.default()),
        (CANDLES[:-1], Config.default()),
        (synthetic("tETHUSD", bars=300), Config.default()),
        (CANDLES, Config.default().updated({"execution": {"fee": 0.003}})),
        (CANDLES, Config.default().updated({"decision": {"threshold": 0.6}})),
    ],
)
def test_candles_dates_costs_and_strategy_are(candles: object, config: Config) -> None:
    assert identity_of(Ground.of(candles, config), PARAMETERS) != identity_of(GROUND, PARAMETERS)  # type: ignore[arg-type]


def test_the_code_is(monkeypatch: pytest.MonkeyPatch) -> None:
    before = program_digest()
    monkeypatch.setattr(identity, "_SCORES", identity._SCORES[:1])
    program_digest.cache_clear()
    fewer = program_digest()
    monkeypatch.undo()
    program_digest.cache_clear()
    assert fewer != before == program_digest() == GROUND.code
