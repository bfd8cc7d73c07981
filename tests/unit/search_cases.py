"""Small searches, and what their studies' folders hold."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from genesis_core import Candles, Config
from genesis_core.optimize import Search
from genesis_core.optimize.store import file_name, read_record

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "examples" / "mean_reversion.toml"
TRIALS = 24
VOLATILE = ("seconds", "written", "attempts")
"""What two runs of one search may differ in."""

SEARCH: dict[str, Any] = {
    "strategy": str(TABLES),
    "data": {"bars": 1_500},
    "parameters": {
        "decision": {
            "threshold": {"kind": "float", "low": 0.5, "high": 0.75, "step": 0.01},
            "cooldown_bars": {"kind": "int", "low": 0, "high": 48},
        },
        "exits": {"stop": {"kind": "float", "low": 1.0, "high": 6.0}},
        "features": {"bb_position_inv_ma3": {"n": {"kind": "choice", "values": [20, 30, 50]}}},
    },
    "sampler": {"kind": "random", "seed": 7, "batch": 8},
    "budget": {"trials": TRIALS},
    "objective": {"metric": "sharpe"},
    "constraints": [{"metric": "max_drawdown", "at_most": 0.025}],
    "validation": {"kind": "holdout", "test": 0.3},
}


def changed(**tables: Any) -> dict[str, Any]:
    """Return the search with other tables; tables are laid over those of the same name, None takes one away."""
    values = deepcopy(SEARCH)
    for name, value in tables.items():
        if value is None:
            values.pop(name, None)
        elif name in ("parameters", "constraints") or not isinstance(value, dict):
            values[name] = value
        else:
            values[name] = {**values.get(name, {}), **value}
    return values


def search_of(name: str = "s", **tables: Any) -> Search:
    return Search.from_dict(changed(**tables), name=name)


def write_search(file: Path, **tables: Any) -> Path:
    file.write_text(tomli_w.dumps(changed(**tables)), encoding="utf-8")
    return file


def stored(folder: Path) -> dict[str, Any]:
    """Return all records of a study and its folds as plain values, without what may differ between two runs."""
    found = {}
    for file in folder.rglob("trial_*.json"):
        if file.parent.name == "quarantine":
            continue
        plain = msgspec.to_builtins(read_record(file))
        for name in VOLATILE:
            del plain[name]
        found[file.relative_to(folder).as_posix()] = plain
    return found


def names(trials: int = TRIALS) -> set[str]:
    return {file_name(number) for number in range(trials)}


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder but those that every reader may make anew."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and file.name not in (".lock", ".index")
    }


def config_of(parameters: dict[str, Any], base: Config) -> Config:
    """Lay parameters over a strategy of tables by writing them into its tables, one by one."""
    values = deepcopy(base.values)
    for name, value in parameters.items():
        table = values
        *path, last = name.split(".")
        for key in path:
            table = table[key]
        table[last] = value
    return Config.from_dict(values)


def disturbed(candles: Candles, first: int, last: int | None = None) -> Candles:
    """Return candles with other prices and volumes from one position on, up to another."""
    where = slice(first, last)
    columns = {name: getattr(candles, name).copy() for name in ("open", "high", "low", "close", "volume")}
    for name, column in columns.items():
        column[where] = column[where][::-1] * (1.25 if name != "volume" else 2.0)
    return Candles.from_arrays(
        timestamp=candles.timestamp.copy(),
        symbol=candles.symbol,
        timeframe=candles.timeframe,
        **columns,
    )


OWN = '''"""A strategy in code, with a feature that has one parameter."""

from __future__ import annotations

import os

from genesis_core import Config, Decide, Feature, Kernel, Param, Vector, node


def sloped(s: Vector, p: Vector, close: float) -> float:
    before = s[0]
    s[0] = close
    extra = 0.0
    {inside}
    return (close - before) * p[0] + extra


SLOPED = Kernel(
    "sloped", sloped, ("close",), (Param("by", 0.0, 100.0),), neutral=(0.0,), state=lambda p: 1, warmup=lambda p: 1
)


def built(p):
    {building}
    return node(SLOPED, "close", by=p["by"]).value


def follow(s: Vector, p: Vector, slope: float) -> tuple[float, float]:
    if slope > p[0]:
        return 1.0, 1.0
    if slope < -p[0]:
        return -1.0, 1.0
    return 0.0, 0.0


FOLLOW = Kernel(
    "follow",
    follow,
    ("slope",),
    (Param("least", 0.0, 1000.0),),
    outputs=("side", "confidence"),
    neutral=(0.0, 0.0),
)
STRATEGY = Config.from_code(
    [Feature("slope", (("by", 1.0),), built)],
    Decide(FOLLOW, ("slope",), {{"least": 50.0}}),
    exits={{"stop": 2.5, "max_bars": 24}},
)
'''
BY = {"features": {"slope": {"by": {"kind": "choice", "values": [1.0, 2.0, 3.0, 4.0, 5.0]}}}}


def write_own(file: Path, inside: str = "extra = extra + 0.0", building: str = "pass") -> Path:
    """Write a strategy in code.

    Parameters
    ----------
    file : Path
        Where.
    inside : str
        A statement of its feature's step; `p[0]` is the parameter ``by``.
    building : str
        A statement that runs when the feature is made with parameters `p`.
    """
    file.write_text(OWN.format(inside=inside, building=building), encoding="utf-8")
    return file
