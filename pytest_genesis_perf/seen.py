"""What pytest's hooks tell about a run, kept until its end without importing anything."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Seen:
    """Which tests a run had.

    Parameters
    ----------
    deselected : bool
        Whether any test was collected and then left out.
    uncollected : list of str
        Node ids of modules and classes that failed or were skipped while collecting: what is in them is not known.
    passed : set of str
        Node ids of the tests that passed.
    """

    deselected: bool = False
    uncollected: list[str] = field(default_factory=list)
    passed: set[str] = field(default_factory=set)
