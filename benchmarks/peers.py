"""The EMA/RSI example beside vectorbt and backtesting.py: same trades first, then paired times.

Each contender runs in the interpreter of its own environment (``--vectorbt-python``, ``--backtesting-python``; this
one's where the package can be imported), with one thread, from candles in memory to a usable result.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from benchmarks.contest import Contender, Entrant, contest, race
from benchmarks.figures import Figure, WrongResultError, figure
from benchmarks.timing import spread
from genesis_core import synthetic
from genesis_core.benchmarking import ratio

OURS = Entrant("genesis", "run_genesis.py", sys.executable)
BARS, ROUNDS = 100_000, 9
TOLERANCE = 1e-9


def entrants(vectorbt: str | None = None, backtesting: str | None = None) -> tuple[list[Entrant], list[str]]:
    """Return who competes, and a line for each peer of which no interpreter is known."""
    found, notes = [OURS], []
    for module, given, option, made in (
        (
            "vectorbt",
            vectorbt,
            "--vectorbt-python",
            [(f"vectorbt_{engine}", "run_vectorbt.py", ("--engine", engine)) for engine in ("numba", "rust")],
        ),
        ("backtesting", backtesting, "--backtesting-python", [("backtesting_py", "run_backtesting.py", ())]),
    ):
        python = given or (sys.executable if find_spec(module) else None)
        if python is None:
            notes.append(
                f"left out: {module} is not installed here; {option} names an interpreter that has it"
            )
            continue
        found += [Entrant(key, script, python, options) for key, script, options in made]
    return found, notes


def check_trades(ours: dict[str, Any], theirs: dict[str, Any], who: str) -> None:
    """Stop unless two contenders made the same trades.

    Bars are the same, prices and profits agree to 1e-9 relative. A position that is open at the end is not compared
    by its exit: we sell it at the last close, vectorbt marks it, backtesting.py leaves it out.

    Raises
    ------
    WrongResultError
        With the first place where they differ.
    """
    here, there = ours["trades"], theirs["trades"]
    if len(here) != len(there):
        raise WrongResultError(f"{who} closes {len(there)} trades, we {len(here)}")
    if not here:
        raise WrongResultError("no trades: nothing would be compared")
    for number, (a, b) in enumerate(zip(here, there, strict=True)):
        bars = a[:2] == b[:2]
        if not (
            bars and all(math.isclose(x, y, rel_tol=TOLERANCE) for x, y in zip(a[2:], b[2:], strict=True))
        ):
            raise WrongResultError(
                f"{who}: trade {number} is (entry bar, exit bar, entry price, exit price, net PnL) {b}, ours {a}"
            )
    if theirs["open"] is not None and ours["open"] != theirs["open"]:
        raise WrongResultError(f"{who}: open at the end is {theirs['open']}, ours {ours['open']}")


def run(
    bars: int = BARS,
    rounds: int = ROUNDS,
    *,
    vectorbt: str | None = None,
    backtesting: str | None = None,
) -> tuple[list[Figure], list[str]]:
    """Check and time; return the figures and what was left out."""
    who, notes = entrants(vectorbt, backtesting)
    with contest(who, synthetic(bars=bars)) as (running, missing):
        ours, *others = running
        for other in others:
            check_trades(ours.told, other.told, other.name)
        answers = race(running, rounds)
    return _figures(ours, others, answers, bars), [*notes, *missing]


def _figures(
    ours: Contender, others: Sequence[Contender], answers: dict[str, Any], bars: int
) -> list[Figure]:
    seconds = {key: [answer["seconds"] for answer in given] for key, given in answers.items()}
    mine = seconds[ours.entrant.key]
    mine_bare = [answer["bare"] for answer in answers[ours.entrant.key]]
    trades = len(ours.told["trades"])
    label = f"EMA/RSI example, {bars:,} bars, {trades:,} trades"
    made = [figure("peers.genesis", f"{label}: Genesis Core, compiled", spread(mine), "ms", 1e3)]
    for other in others:
        key, name = other.entrant.key, other.name
        made.append(figure(f"peers.{key}", f"{label}: {name}", spread(seconds[key]), "ms", 1e3))
        what = f"{label}: {name} over Genesis Core, usable result included"
        made.append(figure(f"peers.{key}.ratio", what, ratio(seconds[key], mine), "x", at_least=1.0))
        bare = [answer["bare"] for answer in answers[key]]
        if None not in bare:
            what = f"{label}: signals and fills alone of {name} over Genesis Core's run without named trades"
            made.append(figure(f"peers.{key}.bare_ratio", what, ratio(bare, mine_bare), "x"))
    return made
