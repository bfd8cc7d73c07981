"""What must hold, each with what a run found: holds, does not hold, or too few gates to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.verdict_study.arms import LONG, SHORT
from benchmarks.verdict_study.bounds import upper
from benchmarks.verdict_study.summary import pooled, select

LEAST_GATES, LEAST_PROCESSES, LEAST_LONG = 10_000, 200, 100
LEAST_POWER = 100
"""Gates below which a share of 95% or 99% says nothing."""
LEAST_LONG_POWER = 20
"""Of the 0.3 s arm, whose confirmed verdict takes a minute and more: the bound says what that leaves open."""
LEAST_RUNS = 30
"""Runs below which the longest of them says nothing."""
LEAST_CELL = 20
"""Gates of one kind, variant and situation below which a median or a 95th percentile of their times says nothing."""
NOT_OWNED = tuple(kind for kind in SHORT if kind != "numpy owned")
Cells = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Requirement:
    """One thing that must hold.

    Parameters
    ----------
    what : str
        For people.
    measured : str
        What was found.
    holds : bool or None
        None where there are too few gates to say.
    """

    what: str
    measured: str
    holds: bool | None

    def to_plain(self) -> dict[str, Any]:
        """Return it as scalars."""
        return asdict(self)


def requirements(summary: dict[str, Any]) -> list[Requirement]:
    """Hold a summary against all that must hold."""
    cells: Cells = summary["cells"]
    return [
        *_same_code(summary["same_code"]),
        *_power(cells),
        *_faster(cells),
        *_inconclusive(cells),
        *_times(cells, summary["tools"]),
    ]


def _same_code(all_same: Cells) -> Iterator[Requirement]:
    for length, least, least_processes, name in (
        ("all short", LEAST_GATES, LEAST_PROCESSES, "arms under 1 ms"),
        ("all long", LEAST_LONG, 1, "the 0.3 s arm"),
    ):
        what = f"same code, {name}: 0 final failures in >= {least:,} gates"
        if least_processes > 1:
            what += f" of >= {least_processes} processes"
        found = next(iter(select(all_same, kind=length)), None)
        if found is None:
            yield Requirement(what, "no gates", None)
            continue
        gates, processes, failures = (found[key] for key in ("gates", "processes", "failures"))
        enough = gates >= least and processes >= least_processes
        yield Requirement(
            what,
            f"{failures} of {gates:,} gates, in {found['failures_processes']} of {processes} processes (at most "
            f"{_percent(found['failures_bound'])}); first-stage alarms: {found['alarms']}, in "
            f"{found['alarms_processes']} processes (at most {_percent(found['alarms_bound'])})",
            False if failures else (True if enough else None),
        )


def _power(cells: Cells) -> Iterator[Requirement]:
    rows = (
        ("slower 5%", NOT_OWNED, "plain", 0.99, "arms under 1 ms"),
        ("slower 3%", NOT_OWNED, "plain", 0.95, "arms under 1 ms"),
        ("slower 5%", ("numpy owned",), "isolated", 0.99, "arms that own their buffers, isolated"),
        ("slower 3%", ("numpy owned",), "isolated", 0.95, "arms that own their buffers, isolated"),
        ("slower 5%", LONG, "plain", 0.95, "the 0.3 s arm"),
    )
    for variant, kinds, mode, least, name in rows:
        chosen = list(select(cells, variant=variant, kind=kinds, mode=mode))
        gates, failures = (sum(one[key] for one in chosen) for key in ("gates", "failures"))
        yield Requirement(
            f"{variant}, {name}: final failure in >= {least:.0%}",
            f"{failures} of {gates:,} gates ({_percent(failures / gates) if gates else 'none'}; "
            f"at least {_percent(1.0 - upper(gates - failures, gates)) if gates else 'nothing'})",
            None
            if gates < (LEAST_LONG_POWER if kinds is LONG else LEAST_POWER)
            else failures >= least * gates,
        )


def _faster(cells: Cells) -> Iterator[Requirement]:
    found = pooled(cells, variant="faster 5%")
    gates, failures = int(found["gates"]), int(found["failures"])
    yield Requirement(
        "faster 5%: never fails",
        f"{failures} of {gates:,} gates",
        False if failures else (True if gates >= LEAST_POWER else None),
    )


def _inconclusive(cells: Cells) -> Iterator[Requirement]:
    for situations, most, name in (
        (("quiet",), 0.02, "quiet"),
        (("busy", "bursty"), 0.10, "the worst situation"),
    ):
        for kinds, arms in ((SHORT, "arms under 1 ms"), (LONG, "the 0.3 s arm")):
            shares = [
                (found["inconclusive"] / found["gates"], situation, int(found["gates"]))
                for situation in situations
                for found in [pooled(cells, situation=situation, kind=kinds)]
                if found["gates"]
            ]
            if not shares:
                yield Requirement(f"INCONCLUSIVE <= {most:.0%}, {name}, {arms}", "no gates", None)
                continue
            share, situation, gates = max(shares)
            yield Requirement(
                f"INCONCLUSIVE <= {most:.0%}, {name}, {arms}",
                f"{_percent(share)} of {gates:,} gates, {situation}",
                None if gates < LEAST_POWER else share <= most,
            )


def _times(cells: Cells, tools: Cells) -> Iterator[Requirement]:
    timed = select(cells, kind=SHORT, mode="plain")
    short = [one for one in timed if one["first_median"] is not None and one["gates"] >= LEAST_CELL]
    for key, most, name in (
        ("first_median", 0.3, "median first-stage time <= 0.3 s, arms under 1 ms, every situation"),
        ("first_p95", 1.5, "95% of first stages <= 1.5 s, arms under 1 ms, every situation"),
    ):
        yield _slowest(name, short, key, most, sum(one["gates"] for one in short))
    failing = [
        one for one in select(tools, kind=SHORT, variant="slower 5%") if "--genesis-perf" in one["tool"]
    ]
    what = "a failing verdict, arms under 1 ms, with its confirmation <= 10 s (a run of pytest, no plugin but ours)"
    yield _slowest(what, failing, "seconds_max", 10.0, sum(one["runs"] for one in failing))


def _slowest(what: str, chosen: Cells, key: str, most: float, count: int) -> Requirement:
    if not chosen:
        return Requirement(what, "not measured", None)
    worst = max(chosen, key=lambda one: one[key])
    where = ", ".join(worst[name] for name in ("kind", "variant", "situation"))
    holds = worst[key] <= most if count >= LEAST_RUNS else None
    return Requirement(what, f"at most {worst[key]:.2g} s ({where})", holds)


def _percent(share: float) -> str:
    return f"{100.0 * share:.2g}%" if share < 0.995 else f"{100.0 * share:.4g}%"
