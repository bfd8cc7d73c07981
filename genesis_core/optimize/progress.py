"""How far a search is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Progress:
    """How far a search is.

    Attributes
    ----------
    total : int
        Trials wanted.
    done, known, run : int
        Trials done; of them already on record, and run now.
    best : float or None
        Best score that ranks.
    best_number : int or None
        Whose.
    stopped : str
        Why it ended: ``trials``, ``grid`` or ``minutes``.
    """

    total: int
    done: int = 0
    known: int = 0
    run: int = 0
    best: float | None = None
    best_number: int | None = None
    stopped: str = ""
