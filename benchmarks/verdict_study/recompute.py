"""Every verdict made again from the raw slices, by a program that shares nothing with the plugin.

Written from the rule as `docs/how-a-verdict-is-made.md` states it, and from nothing else: neither the plugin nor the
rest of the study is imported here. Where this program and the plugin disagree, one of the two is wrong.
"""

from __future__ import annotations

import json
import lzma
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

SHORT = ((32, 64, 128, 256, 512, 1024, 2048, 4096), Fraction(1e-5), Fraction(1e-3))
LONG = ((12, 18, 27, 40), Fraction(1e-3), Fraction(1e-3))
FRESH_LONG = ((6, 12, 24), Fraction(3, 64), Fraction(3, 64))
LIMIT = math.log1p(0.02)
MOST_TIES = MOST_CORRELATION = 0.2


@dataclass(frozen=True)
class Disagreement:
    """A verdict that does not follow from the slices.

    Parameters
    ----------
    where : str
        File, line and cell.
    written, recomputed : str
        What was said, and what the slices say.
    """

    where: str
    written: str
    recomputed: str


def recompute(folder: Path) -> tuple[int, int, list[Disagreement]]:
    """Make each verdict of a run again.

    Parameters
    ----------
    folder : Path
        With the raw files.

    Returns
    -------
    gates, blocks : int
        How many verdicts were made again, from how many blocks.
    wrong : list of Disagreement
        Those that differ.
    """
    gates = blocks = 0
    wrong = []
    for where, gate in rows(folder):
        if gate.get("mode") not in ("plain", "isolated", "long slices"):
            continue
        gates += 1
        processes = [gate.get("first"), *(one.get("raw") for one in gate.get("fresh", ()))]
        blocks += sum(one["blocks"] for one in processes if one)
        mine = verdict(gate)
        written = gate.get("state", "none") if gate["mode"] == "long slices" else said(gate)
        if mine != written:
            wrong.append(Disagreement(where, written, mine))
    return gates, blocks, wrong


def rows(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return each gate of a run, and where it stands."""
    for path in sorted(folder.glob("*.jsonl.xz")):
        with lzma.open(path, "rt", encoding="utf-8") as file:
            next(file)
            for number, line in enumerate(file, 2):
                gate = json.loads(line)
                yield f"{path.name}:{number} ({gate.get('kind')}, {gate.get('variant')})", gate


def said(gate: dict[str, Any]) -> str:
    """Return what the plugin said: the state after one process, whether it was confirmed, and what the test did."""
    return f"{gate.get('state', 'not judged')}, {gate['confirmed']}, {gate['verdict']}, {gate['effect']}"


def verdict(gate: dict[str, Any]) -> str:
    """Return what the slices of a gate say, in the words of :func:`said`."""
    if gate["mode"] == "isolated":
        return _isolated(gate)
    state = _state(gate["first"])
    if gate["mode"] == "long slices":
        return state
    if state != "fails":
        words = ("INCONCLUSIVE", "warn") if state == "undecided" else ("NO-BASELINE", "warn")
        return f"{state}, None, {words[0]}, {words[1]}"
    processes = [one for one in gate["fresh"] if "raw" in one]
    if len(processes) < 3:
        return "fails, None, REGRESSED, fail"
    confirmed = _confirmed(processes)
    return f"fails, {confirmed}, {'REGRESSED, fail' if confirmed else 'INCONCLUSIVE, warn'}"


def _isolated(gate: dict[str, Any]) -> str:
    processes = [one for one in gate["fresh"] if "raw" in one]
    if len(processes) < 7:
        return "not judged, None, REGRESSED, fail"
    middles = sorted(_median(numbers(one["raw"])) for one in processes)
    least = sorted(
        _ends(numbers(one["raw"]), True)[0] if one["raw"]["long"] else _median(numbers(one["raw"]))
        for one in processes
    )
    if least[1] > 0.0 and middles[3] > LIMIT:
        return "not judged, True, REGRESSED, fail"
    holds = middles[5] < LIMIT
    return f"not judged, True, {'NO-BASELINE' if holds else 'INCONCLUSIVE'}, warn"


def _confirmed(processes: list[dict[str, Any]]) -> bool:
    """All three wholly on the slow side of 0, the middle one beyond the limit, the control not out by as much."""
    found = [numbers(one["raw"]) for one in processes]
    if any(_ends(xs, one["raw"]["long"])[0] <= 0.0 for xs, one in zip(found, processes, strict=True)):
        return False
    if sorted(_median(xs) for xs in found)[1] <= LIMIT:
        return False
    control = processes[0]["control"]
    if control is None:
        return True
    low, high = _ends(numbers(control), control["long"])
    return low <= LIMIT and high >= -LIMIT


def _state(raw: dict[str, Any]) -> str:
    """Walk through the looks as the sampler did: the first one that decides ends it."""
    looks, a_bad, a_ok = LONG if raw["long"] else SHORT
    xs = numbers(raw)
    for look in looks:
        if look > len(xs):
            break
        seen = xs[:look]
        if sum(x == LIMIT for x in seen) > MOST_TIES * look or _correlation(seen) > MOST_CORRELATION:
            continue
        decided = None
        if sum(x <= LIMIT for x in seen) <= count(look, a_bad / len(looks)):
            decided = "fails"
        elif sum(x >= LIMIT for x in seen) <= count(look, a_ok / len(looks)):
            decided = "holds"
        if decided:
            return decided if look == len(xs) else f"{decided} at {look} of {len(xs)} blocks"
    return "undecided"


def numbers(raw: dict[str, Any]) -> list[float]:
    """Return the blocks of a process: the coin of its seed says which arm each slice was of."""
    coin = random.Random(raw["seed"])
    xs = []
    for times in raw["slices"]:
        # Heads: the second arm begins; an exchanged process turns that round.
        begins = (coin.random() < 0.5) != raw["exchanged"]
        order = (begins, not begins, not begins, begins)[: len(times)]
        sums: dict[bool, list[float]] = {False: [], True: []}
        for second, time in zip(order, times, strict=True):
            sums[second].append(math.log(time * 1e-9 / raw["calls"][second]))
        xs.append(math.fsum(sums[True]) / len(sums[True]) - math.fsum(sums[False]) / len(sums[False]))
    return xs


@lru_cache(maxsize=256)
def count(n: int, a: Fraction) -> int:
    """Return the largest c with P(Bin(n, 1/2) <= c) <= a, in whole numbers; -1 if there is none."""
    ways = 0
    for k in range(n + 1):
        ways += math.comb(n, k)
        if Fraction(ways, 2**n) > a:
            return k - 1
    return n


def _ends(xs: list[float], long: bool) -> tuple[float, float]:
    looks, a_bad, a_ok = FRESH_LONG if long else SHORT
    ordered, n = sorted(xs), len(xs)
    bad, ok = count(n, a_bad / len(looks)), count(n, a_ok / len(looks))
    return ordered[bad] if bad >= 0 else -math.inf, ordered[n - 1 - ok] if ok >= 0 else math.inf


def _median(xs: list[float]) -> float:
    ordered, n = sorted(xs), len(xs)
    return ordered[n // 2] if n % 2 else 0.5 * ordered[n // 2 - 1] + 0.5 * ordered[n // 2]


def _correlation(xs: list[float]) -> float:
    signs = [1.0 if x > LIMIT else -1.0 if x < LIMIT else 0.0 for x in xs]
    if min(signs) == max(signs):
        return 0.0
    mean = sum(signs) / len(signs)
    products = sum((signs[i] - mean) * (signs[i + 1] - mean) for i in range(len(signs) - 1))
    return products / sum((s - mean) ** 2 for s in signs)
