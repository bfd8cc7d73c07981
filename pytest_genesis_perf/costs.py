"""What a call costs besides time, held against what is stored: peak memory and instructions, of both arms.

Pure: who counted them is not said here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pytest_genesis_perf.arms import ROLES
from pytest_genesis_perf.evidence import Cost, Evidence

Kind = Literal["memory", "instructions"]

UNITS: Mapping[Kind, str] = {"memory": "peak memory, bytes", "instructions": "instructions"}
SLACK: Mapping[Kind, int] = {"memory": 4096, "instructions": 100}
"""So much more is no regression, however small the count.

Peaks of one arm were seen 2,400 bytes apart, in what CPython's cache of methods keeps of names that C code makes.
"""
FLAGS: Mapping[Kind, str] = {
    "memory": "--genesis-perf-memory or memory=True",
    "instructions": "--genesis-perf-instructions",
}


@dataclass(frozen=True)
class Counted:
    """One cost of both arms, or why it could not be counted.

    Parameters
    ----------
    arms : mapping
        By role; empty if it was not counted.
    tool : str
        What counted it, where another one counts otherwise: "valgrind 3.19".
    why : str
        Why it was not counted.
    """

    arms: Mapping[str, int] = field(default_factory=dict)
    tool: str = ""
    why: str = ""

    def plain(self) -> dict[str, int | str] | None:
        """Return the cost as it is stored, None if it was not counted."""
        if not self.arms:
            return None
        return {**self.arms, "tool": self.tool} if self.tool else dict(self.arms)


def held(
    evidence: Evidence, kind: Kind, counted: Counted, stored: Mapping[str, int | str] | None
) -> Evidence:
    """Return the evidence with a cost beside its stored value.

    Parameters
    ----------
    evidence : Evidence
        What else was observed.
    kind : {"memory", "instructions"}
        Which cost.
    counted : Counted
        What was counted now.
    stored : mapping or None
        By role, and "tool"; None if none is stored.
    """
    if not counted.arms:
        return replace(evidence, uncounted=(*evidence.uncounted, f"{kind}: not counted, {counted.why}"))
    if stored is None:
        told = f"{kind}: none is stored, record with --genesis-perf-update and {FLAGS[kind]}"
        return replace(evidence, unstored=(*evidence.unstored, told))
    if str(stored.get("tool", "")) != counted.tool:
        told = f"{kind}: counted by {counted.tool}, stored by {stored.get('tool')}; counts of two versions say nothing"
        return replace(evidence, unstored=(*evidence.unstored, told))
    return replace(evidence, costs=(*evidence.costs, *_beside(kind, stored, counted.arms)))


def higher(
    kind: Kind, before: Mapping[str, int | str] | None, after: Mapping[str, int | str] | None
) -> list[str]:
    """Say which arms cost more than before, beyond what a regression would be.

    Parameters
    ----------
    kind : {"memory", "instructions"}
        Which cost.
    before, after : mapping or None
        By role, and "tool".
    """
    if before is None or after is None or before.get("tool") != after.get("tool"):
        return []
    crossed = (cost for cost in _beside(kind, before, after) if cost.crossed)
    return [f"{cost.what}: {cost.stored:,} -> {cost.current:,}" for cost in crossed]


def _beside(kind: Kind, stored: Mapping[str, int | str], current: Mapping[str, int | str]) -> list[Cost]:
    return [
        Cost(f"{role} {UNITS[kind]}", int(stored[role]), int(current[role]), SLACK[kind]) for role in ROLES
    ]


def agreed(counts: Sequence[Mapping[str, int]], kind: Kind) -> dict[str, int] | None:
    """Return the highest count of each arm, None where processes are further apart than a regression would be.

    Parameters
    ----------
    counts : sequence of mapping
        Of each process, by role; at least one.
    kind : {"memory", "instructions"}
        Which cost.
    """
    found = {}
    for role in ROLES:
        low, high = min(one[role] for one in counts), max(one[role] for one in counts)
        if Cost(role, low, high, SLACK[kind]).crossed:
            return None
        found[role] = high
    return found
