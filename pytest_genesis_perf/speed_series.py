"""A history of speeds as series: the runs of one comparison in one environment class, with one work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_genesis_perf.change_points import ChangePoint, change_points
from pytest_genesis_perf.history import Entry


@dataclass(frozen=True)
class Series:
    """The runs of one comparison in one environment class, with one work.

    Parameters
    ----------
    entries : tuple of Entry
        In time order, at least one.
    points : tuple of ChangePoint
        Where its level changed.
    """

    entries: tuple[Entry, ...]
    points: tuple[ChangePoint, ...]

    @property
    def last_change(self) -> float:
        """How much the level changed last, 0 where it never did."""
        return self.points[-1].change if self.points else 0.0


def series_of(entries: Iterable[Entry]) -> list[Series]:
    """Return the series of a history: the largest slowdown first, then the largest speedup, then the unchanged.

    Parameters
    ----------
    entries : iterable of Entry
        In any order; runs of one second keep theirs.
    """
    grouped: dict[tuple[str, str, str, str], list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.time):
        key = entry.test, entry.label, entry.environment, entry.work or ""
        grouped.setdefault(key, []).append(entry)
    found = [
        Series(tuple(runs), tuple(change_points([run.speedup for run in runs])))
        for _, runs in sorted(grouped.items())
    ]
    return sorted(found, key=lambda series: (series.last_change >= 0.0, -abs(series.last_change)))
