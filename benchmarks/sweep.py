"""1,000 parameter sets of the EMA/RSI example in one call, and vectorbt beside it: same results first."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

from benchmarks.contest import Contender, contest, race
from benchmarks.figures import Figure, WrongResultError, figure
from benchmarks.peers import OURS, TOLERANCE, entrants
from benchmarks.timing import ROOT, one_sample, spread
from genesis_core import Candles, Config, backtest, synthetic
from genesis_core.benchmarking import Ratio, ratio
from genesis_core.strategy import load_strategy

BARS, ROUNDS = 10_000, 7
MIB = 2**20
Set = tuple[int, int, float]


def parameter_sets(count: int = 1_000) -> list[Set]:
    """Return the first so many of 10 fast averages x 10 slow ones x 10 limits of the RSI."""
    grid = itertools.product(range(5, 15), range(20, 40, 2), range(60, 80, 2))
    return [(fast, slow, float(limit)) for fast, slow, limit in grid][:count]


def configs(sets: Sequence[Set]) -> list[Config]:
    """Make the example with each set's parameters."""
    example = load_strategy(ROOT / "examples" / "ema_rsi.py")
    return [
        example.updated(
            {"features": {"fast": {"n": fast}, "slow": {"n": slow}}, "decide": {"overbought": limit}}
        )
        for fast, slow, limit in sets
    ]


def check_digests(candles: Candles, sets: Sequence[Set], digests: Sequence[str]) -> None:
    """Stop unless each set's digest is that of a run of its own.

    Raises
    ------
    WrongResultError
        With the first set that differs.
    """
    for one, config, digest in zip(sets, configs(sets), digests, strict=True):
        single = backtest(candles, config, compiled=True).summary_digest
        if single != digest:
            raise WrongResultError(f"set {one}: digest {digest} in the sweep, {single} alone")


def check_figures(ours: dict[str, Any], theirs: dict[str, Any], who: str) -> None:
    """Stop unless another engine comes to the same number of trades and the same final equity for every set.

    Raises
    ------
    WrongResultError
        With the first set that differs.
    """
    for number, (count, final) in enumerate(zip(ours["counts"], ours["final"], strict=True)):
        if count != theirs["counts"][number]:
            raise WrongResultError(f"{who}: set {number} has {theirs['counts'][number]} trades, ours {count}")
        if not math.isclose(final, theirs["final"][number], rel_tol=TOLERANCE):
            raise WrongResultError(
                f"{who}: set {number} ends with {theirs['final'][number]!r}, ours {final!r}"
            )


def run(
    bars: int = BARS, rounds: int = ROUNDS, sets: int = 1_000, *, vectorbt: str | None = None
) -> tuple[list[Figure], list[str]]:
    """Check and time; return the figures and what was left out."""
    chosen = parameter_sets(sets)
    candles = synthetic(bars=bars)
    who, notes = entrants(vectorbt)
    who = [one for one in who if one is OURS or one.script == "run_vectorbt.py"]
    notes = [note for note in notes if "vectorbt" in note]
    with contest(who, candles, chosen) as (running, missing):
        ours, *others = running
        check_digests(candles, chosen, ours.told["digests"])
        for other in others:
            check_figures(ours.told, other.told, other.name)
        answers = race(running, rounds)
    making = [one_sample(lambda: configs(chosen)) for _ in range(min(rounds, 3))]
    made = _figures(ours, others, answers, len(chosen), bars)
    what = "making a checked config of the example by updated()"
    made.append(figure("sweep.making", what, spread(making), "us each", 1e6 / len(chosen)))
    return made, [*notes, *missing]


def _figures(
    ours: Contender,
    others: Sequence[Contender],
    answers: dict[str, Any],
    sets: int,
    bars: int,
) -> list[Figure]:
    seconds = {key: [answer["seconds"] for answer in given] for key, given in answers.items()}
    mine = ours.entrant.key
    ready = [answer["bare"] for answer in answers[mine]]
    label = f"{sets:,} parameter sets x {bars:,} bars, one thread"

    def a_second(times: Sequence[float]) -> Ratio:
        return spread([sets / each for each in times])

    what = f"{label}: {ours.name}, configs ready"
    made = [figure("sweep.genesis.ready", what, a_second(ready), "backtests/s", at_least=10_000.0)]
    for one in (ours, *others):
        key, name = one.entrant.key, one.name
        what = f"{label}: {name}, from the numbers on"
        made.append(figure(f"sweep.{key}", what, a_second(seconds[key]), "backtests/s"))
        # 300 MB
        limit = 300e6 // MIB if one is ours else None
        what = f"{label}: {name}, peak memory of the process"
        made.append(Figure(f"sweep.{key}.memory", what, round(one.told["peak"] / MIB), "MiB", at_most=limit))
        if one is not ours:
            faster = ratio(seconds[key], seconds[mine])
            what = f"{label}: {name} over Genesis Core, both from the numbers on"
            made.append(figure(f"sweep.{key}.ratio", what, faster, "x", at_least=1.0))
    return made
