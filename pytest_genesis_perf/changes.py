"""What an update stores, what it refuses, and how it says so: decided from the old entries and the new ones.

Pure: it reads and writes no file. A stored speed is a promise about later commits, so an update must not launder a
regression: what falls is said first, and what falls further than the tripwire tolerates is stored only when asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pytest_genesis_perf.baseline_files import Key, SpeedEntry
from pytest_genesis_perf.costs import higher
from pytest_genesis_perf.notation import between, times

Mode = Literal["new", "all", "lower"]
"""Of ``--genesis-perf-update``: add what is missing; replace too; replace also what is far slower than stored."""


@dataclass(frozen=True)
class Recorded:
    """The digests and speeds of some comparisons.

    Parameters
    ----------
    digests : mapping
        By comparison.
    speeds : mapping
        By comparison, of one environment class.
    """

    digests: Mapping[Key, str]
    speeds: Mapping[Key, SpeedEntry]


@dataclass(frozen=True)
class Changes:
    """What an update comes to.

    Parameters
    ----------
    store : Recorded
        What it stores.
    refused : tuple of str
        What it does not, worst first.
    alarming : tuple of str
        What must be said in any case: digests that changed, speeds that fell, worst first, costs that rose.
    told : tuple of str
        What else it stores, and the sum.
    """

    store: Recorded
    refused: tuple[str, ...]
    alarming: tuple[str, ...]
    told: tuple[str, ...]


def changes(old: Recorded, new: Recorded, mode: Mode) -> Changes:
    """Decide about an update.

    Parameters
    ----------
    old : Recorded
        What is stored.
    new : Recorded
        What was recorded now.
    mode : {"new", "all", "lower"}
        "new" adds only what is missing. "all" also replaces, but a comparison whose median speedup is below the
        tripwire of its stored speed is refused whole, its digest too. "lower" stores these as well.

    Returns
    -------
    Changes
        Costs that are stored and were not recorded now are kept.
    """
    digests, speeds = dict(new.digests), {}
    for key, entry in new.speeds.items():
        before = old.speeds.get(key)
        speeds[key] = entry if before is None else _with_costs(entry, before)
    refused: list[str] = []
    if mode == "new":
        digests = {key: digest for key, digest in digests.items() if key not in old.digests}
        speeds = {key: entry for key, entry in speeds.items() if key not in old.speeds}
    worst_first = sorted(speeds, key=lambda key: (_ratio(old, speeds[key], key), key))
    for key in worst_first:
        before = old.speeds.get(key)
        if mode != "lower" and before is not None and _beyond(speeds[key], before):
            refused.append(f"not recorded: {_step(key, before, speeds[key])}: {_refusal(before)}")
            digests.pop(key, None)
            del speeds[key]
    changed, added = [], []
    for key in sorted(digests):
        if key not in old.digests:
            added.append(f"digest recorded: {_name(key)}: {digests[key]}")
        elif old.digests[key] != digests[key]:
            changed.append(f"digest CHANGED: {_name(key)}: {old.digests[key]} -> {digests[key]}")
    fell, others = [], []
    for key in worst_first:
        if key not in speeds:
            continue
        before = old.speeds.get(key)
        if before is not None and _is_lower(speeds[key], before):
            fell.append(f"speed LOWER: {_step(key, before, speeds[key])}")
        else:
            others.append(f"speed: {_step(key, before, speeds[key])}")
    dearer = [
        f"cost HIGHER: {_name(key)}: {told}"
        for key in worst_first
        if key in speeds and key in old.speeds
        for told in _dearer(old.speeds[key], speeds[key])
    ]
    unchanged = len(digests) - len(changed) - len(added)
    total = f"recorded {len(speeds)} speeds and {len(digests)} digests ({unchanged} digests unchanged)"
    loud = (f"; {len(fell)} speeds LOWER" if fell else "") + (
        f"; {len(changed)} digests CHANGED" if changed else ""
    )
    return Changes(
        Recorded(digests, speeds),
        tuple(refused),
        (*changed, *fell, *dearer),
        (*others, *added, f"{total}{loud}"),
    )


def _refusal(before: SpeedEntry) -> str:
    return (
        f"below the tripwire, the lowest stored process / {before.speedup.factor:.3g}; if this is meant, "
        "--genesis-perf-update=lower stores it"
    )


def _with_costs(entry: SpeedEntry, before: SpeedEntry) -> SpeedEntry:
    return replace(
        entry,
        memory_bytes=before.memory_bytes if entry.memory_bytes is None else entry.memory_bytes,
        instructions=before.instructions if entry.instructions is None else entry.instructions,
    )


def _dearer(before: SpeedEntry, entry: SpeedEntry) -> list[str]:
    return [
        *higher("memory", before.memory_bytes, entry.memory_bytes),
        *higher("instructions", before.instructions, entry.instructions),
    ]


def _beyond(entry: SpeedEntry, before: SpeedEntry) -> bool:
    return entry.speedup.median < before.speedup.tripwire


def _is_lower(entry: SpeedEntry, before: SpeedEntry) -> bool:
    # The lowest process too: the tripwire hangs on it.
    return entry.speedup.median < before.speedup.median or entry.speedup.low < before.speedup.low


def _ratio(old: Recorded, entry: SpeedEntry, key: Key) -> float:
    before = old.speeds.get(key)
    return entry.speedup.median / before.speedup.median if before else float("inf")


def _step(key: Key, before: SpeedEntry | None, entry: SpeedEntry) -> str:
    """Say old -> new, and the ratio of the medians."""
    if before is None:
        return f"{_name(key)}: none -> {_band(entry)}"
    share = entry.speedup.median / before.speedup.median
    return f"{_name(key)}: {_band(before)} -> {_band(entry)}, {times(share)} of the stored speed"


def _band(entry: SpeedEntry) -> str:
    speed = entry.speedup
    return f"{times(speed.median)} {between(speed.low, speed.high)}"


def _name(key: Key) -> str:
    return " / ".join(key)
