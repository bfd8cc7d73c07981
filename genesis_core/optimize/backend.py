"""What the loop of a search needs of a place where trials run, and what can be lost there."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from enum import Enum
from typing import Protocol

from genesis_core.optimize.outcome import Outcome
from genesis_core.optimize.sampling import Parameters

DIED = "its process died each time it was run"
"""Why a trial failed that nobody saw end."""
DEATHS = 3
"""How often more than a trial that raised one is tried again whose worker died: the machine may have killed it."""


def lost_words(limit: float | None) -> str:
    """Say why a trial failed whose process is gone: by its time limit, or None."""
    return DIED if limit is None else f"did not end within {limit:g} s"


def most_retries(retries: int, *, died: bool) -> int:
    """Return how often a trial is tried again that raised or took too long, or whose process died."""
    return retries + DEATHS if died else retries


class Lost(Enum):
    """Why trials came back without an outcome."""

    BY_ITSELF = "by itself"
    """Their worker died of them, or was killed."""
    WITH_OTHERS = "with others"
    """One of all that were running did it."""
    WITHOUT_FAULT = "without fault"
    """Nothing can be said against them: the connection is gone."""


class Backend(Protocol):
    """Runs trials somewhere."""

    @property
    def workers(self) -> int:
        """How many run at the same time; may change."""

    def submit(self, trials: Sequence[Parameters], seconds: float | None) -> Future[list[Outcome]]:
        """Begin trials; their worker ends after so many seconds."""

    def lost(self, fault: BaseException) -> Lost | None:
        """Say what a fault of :meth:`submit`'s future means; None if it is a mistake of this program's."""

    def ran_out_of_time(self) -> bool:
        """Say whether what was lost last may have been ended by its time limit."""

    def look_after_workers(self) -> None:
        """Be called again and again: see now and then whether there is anybody to run trials, and how many.

        Raises
        ------
        SearchError
            If there was nobody for a while.
        """

    def restart(self) -> None:
        """Begin anew after something was lost; what was running is forgotten.

        Raises
        ------
        SearchError
            If there is nothing to run on any more.
        """

    def close(self) -> None:
        """Stop, without waiting for what runs."""
