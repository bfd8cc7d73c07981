"""Other rules against the same blocks: what was rejected, and the figures that reject it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.verdict_study import streams
from benchmarks.verdict_study.bounds import upper
from benchmarks.verdict_study.intervals import INTERVALS, Values
from benchmarks.verdict_study.rawfiles import Process
from benchmarks.verdict_study.slices import RawBlocks
from benchmarks.verdict_study.streams import LIMIT

TRIALS, SIZE, ERROR = 4_000, 32, 0.05
SEED = 4
DRAWS = 20_000
SIGNIFICANT = {"same": "called slower", "slower 3%": "found"}


@dataclass(frozen=True)
class Line:
    """One figure of the comparison of rules.

    Parameters
    ----------
    rule, about, situation : str
        Which rule, what is counted, where.
    found, tried : int
        How many of how many.
    more : str
        What else should be known.
    """

    rule: str
    about: str
    situation: str
    found: int
    tried: int
    more: str = ""

    @property
    def text(self) -> str:
        """The share with its bound."""
        share = self.found / self.tried
        return f"{self.found:,} of {self.tried:,} ({share:.1%}; at most {upper(self.found, self.tried):.1%})"


def compare(processes: Iterable[Process]) -> list[Line]:
    """Apply each rule to the gates of a run.

    Parameters
    ----------
    processes : iterable of Process
        All files of a run.
    """
    counts: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    seconds: dict[tuple[str, str, str], list[float]] = defaultdict(list)

    def count(rule: str, about: str, situation: str, hit: bool, took: float | None = None) -> None:
        one = counts[rule, about, situation]
        one[0] += hit
        one[1] += 1
        if took is not None:
            seconds[rule, about, situation].append(took)

    for process in processes:
        for gate in process.gates:
            variant, mode, where = gate.get("variant"), gate.get("mode"), process.situation
            if variant not in ("same", "slower 3%") or gate["kind"] == "backtest":
                continue
            about = f"{variant}: {SIGNIFICANT[variant]}"
            if mode == "plain":
                took = gate["first_seconds"]
                count("the rule: first stage", about, where, gate["state"] == "fails", took)
                count("the rule: final", about, where, gate["effect"] == "fail")
                xs = np.array(RawBlocks.from_plain(gate["first"]).xs())
                if variant == "same":
                    for name, interval in INTERVALS.items():
                        low, high = interval(xs[:SIZE], ERROR)
                        count(f"95% interval ({name}, {SIZE} blocks) excludes 1", "same: either side", where,
                              low > 0.0 or high < 0.0)  # fmt: skip
            elif mode == "long slices":
                count("slices of 2 ms", about, where, gate["state"] == "fails", gate["first_seconds"])
                count("slices of 2 ms", f"{variant}: undecided", where, gate["state"] == "undecided")
            elif mode == "sequential":
                base, mine = (np.log(np.array(gate[f"{arm}_ns"])) for arm in ("baseline", "optimized"))
                apart = float(mine.mean() - base.mean())
                error = math.sqrt(float(base.var(ddof=1)) / len(base) + float(mine.var(ddof=1)) / len(mine))
                count("one arm after the other, 95% interval excludes 1", f"{variant}: either side", where,
                      abs(apart) > 1.96 * error)  # fmt: skip
                medians = float(np.median(mine) - np.median(base))
                count("one arm after the other, medians over 2% apart", about, where, medians > LIMIT)
    lines = []
    for key, (found, tried) in sorted(counts.items()):
        took = sorted(seconds.get(key, ()))
        more = f"median {took[len(took) // 2]:.2f} s" if took else ""
        lines.append(Line(*key, found, tried, more))
    return lines


@dataclass(frozen=True)
class Coverage:
    """How an interval does on one kind of noise.

    Parameters
    ----------
    interval, noise : str
        Which.
    covered : float
        Share of trials in which the 95% interval holds the true median.
    width : float
        Median width, the sign test's being 1.
    """

    interval: str
    noise: str
    covered: float
    width: float


def coverage(noises: Mapping[str, streams.Noise] = streams.INDEPENDENT) -> list[Coverage]:
    """Return how often each interval holds the true median, and how wide it is, on noise whose median is 0."""
    found = []
    for noise, draw in noises.items():
        xs = draw(np.random.default_rng(SEED), TRIALS, SIZE)
        ends = {name: np.array([interval(row, ERROR) for row in xs]) for name, interval in INTERVALS.items()}
        widths = {name: float(np.median(pair[:, 1] - pair[:, 0])) for name, pair in ends.items()}
        for name, pair in ends.items():
            covered = float(((pair[:, 0] <= 0.0) & (pair[:, 1] >= 0.0)).mean())
            found.append(Coverage(name, noise, covered, widths[name] / widths["sign"]))
    return found


@dataclass(frozen=True)
class IsolatedRule:
    """How a rule that turns the medians of fresh processes into a verdict does.

    Parameters
    ----------
    name : str
        In words.
    variant : str
        What the processes measured.
    asked : int
        How many processes are asked.
    fails, undecided : float
        Shares of the draws.
    processes : int
        From which the asked ones were drawn.
    """

    name: str
    variant: str
    asked: int
    fails: float
    undecided: float
    processes: int


def isolated_rules(processes: Iterable[Process], asked: Sequence[int] = (5, 7, 9)) -> list[IsolatedRule]:
    """Hold rules for isolated comparisons against each other, on random draws from the processes of a run.

    Parameters
    ----------
    processes : iterable of Process
        All files of a run.
    asked : sequence of int, optional
        How many processes a verdict asks.
    """
    medians: dict[str, list[float]] = defaultdict(list)
    for process in processes:
        for gate in process.gates:
            if gate.get("mode") == "isolated":
                raws = [RawBlocks.from_plain(one["raw"]) for one in gate["fresh"] if "raw" in one]
                medians[gate["variant"]] += [float(np.median(raw.xs())) for raw in raws]
    found = []
    random = np.random.default_rng(SEED)
    for variant, values in sorted(medians.items()):
        for n in asked:
            draws: Values = np.sort(np.array(values)[random.integers(0, len(values), (DRAWS, n))], axis=1)
            for name, (fails, holds) in _of_isolated(draws).items():
                undecided = float((~fails & ~holds).mean())
                found.append(IsolatedRule(name, variant, n, float(fails.mean()), undecided, len(values)))
    return found


def _of_isolated(draws: Values) -> dict[str, tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Return which draws fail and hold by each rule; medians of processes in rows, the lowest first."""
    lowest, highest, middle = draws[:, 0], draws[:, -1], np.median(draws, axis=1)
    most = draws[:, -2]
    return {
        "all beyond the limit, or all below": (lowest > LIMIT, highest < LIMIT),
        "all but one beyond the limit, or all but one below": (draws[:, 1] > LIMIT, most < LIMIT),
        "all slower and their median beyond the limit, or all but one below": (
            (lowest > 0.0) & (middle > LIMIT),
            most < LIMIT,
        ),
        "all but one slower and their median beyond the limit, or all but one below": (
            (draws[:, 1] > 0.0) & (middle > LIMIT),
            most < LIMIT,
        ),
    }
