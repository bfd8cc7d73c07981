"""What a run of the study consists of: rounds; in each, for each situation, processes of several groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from benchmarks.verdict_study.arms import LONG, SHORT
from benchmarks.verdict_study.asking import Cell
from benchmarks.verdict_study.neighbours import SITUATIONS

SAME_CODE = ("same", "different")
SLOWER = ("slower 3%", "slower 5%")
ROUNDS = 70
"""Three situations a round: 210 processes of same-code gates, 10,080 gates in all."""


@dataclass(frozen=True)
class Group:
    """Gates that one process runs.

    Parameters
    ----------
    every : int
        One process each so many rounds.
    cells : sequence of Cell
        What it judges.
    times : int
        How often each.
    only : str or None
        The only situation, None for all.
    """

    every: int
    cells: Sequence[Cell]
    times: int = 1
    only: str | None = None


def _cells(kinds: Sequence[str], variants: Sequence[str], *modes: str) -> tuple[Cell, ...]:
    return tuple(Cell(*one) for one in product(kinds, variants, modes or ("plain",)))


GROUPS: Mapping[str, Group] = {
    "same": Group(1, _cells(SHORT, SAME_CODE), times=4),
    "power": Group(2, _cells(SHORT, (*SLOWER, "faster 5%"))),
    "isolated": Group(12, _cells(("numpy owned",), (*SAME_CODE, *SLOWER, "faster 5%"), "isolated")),
    "isolatedpower": Group(2, _cells(("numpy owned",), SLOWER, "isolated")),
    "long": Group(4, _cells(LONG, SAME_CODE)),
    "longpower": Group(4, _cells(LONG, ("slower 5%",))),
    "longfast": Group(12, _cells(LONG, ("faster 5%",))),
    "rejected": Group(5, _cells(SHORT, ("same", "slower 3%"), "long slices", "sequential"), times=2),
    "apart": Group(12, _cells(LONG, ("same",), "side by side", "in turns")),
    "noise": Group(10, _cells(("python", "numpy shared"), ("same",), "noise")),
    "sizes": Group(12, _cells((*SHORT, *LONG), ("different", *SLOWER, "faster 5%"), "size"), only="quiet"),
}
"""Groups of gates."""
PEERS: Mapping[str, int] = {"benchmark": 5, "codspeed": 10, "whole": 5}
"""Other tools, and the plugin as users run it, with the rounds at which their turn comes."""


@dataclass(frozen=True)
class Turn:
    """One process of a run."""

    round: int
    situation: str
    group: str


def turns(rounds: int, groups: Sequence[str], situations: Sequence[str]) -> Iterator[Turn]:
    """Return the processes of a run, in order; the situations take turns in being first.

    Parameters
    ----------
    rounds : int
        How many.
    groups, situations : sequence of str
        Which.
    """
    for number in range(rounds):
        shift = number % len(situations)
        for situation in (*situations[shift:], *situations[:shift]):
            for name in groups:
                every, only = (
                    (GROUPS[name].every, GROUPS[name].only) if name in GROUPS else (PEERS[name], None)
                )
                if number % every == 0 and only in (None, situation):
                    yield Turn(number, situation, name)


ALL_GROUPS = (*GROUPS, *PEERS)
ALL_SITUATIONS = tuple(SITUATIONS)
