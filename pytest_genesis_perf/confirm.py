"""Confirmation of a failing claim: the seam behind which fresh processes will stand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from pytest_genesis_perf.measure import Measurement, Pair, Terms, measure
from pytest_genesis_perf.statistics import ClaimState
from pytest_genesis_perf.verdict import StoredState


class Suspicion(Enum):
    """What a first measurement found, and a confirmation must find again."""

    CLAIM_FAILS = "the claim fails"
    STORED_CROSSED = "slower than the stored baseline"


@dataclass(frozen=True)
class Confirmation:
    """What measuring again found.

    Parameters
    ----------
    reproduced : bool or None
        Whether the suspicion was found again; None if it could not be tried.
    speedups : tuple of float
        The medians that were measured.
    why : str
        Why it could not be tried, or what was found instead.
    """

    reproduced: bool | None
    speedups: tuple[float, ...]
    why: str


class Confirmer(Protocol):
    """Measures a suspicious pair again, independently of the first time."""

    def confirm(self, pair: Pair, terms: Terms, suspicion: Suspicion) -> Confirmation:
        """Say whether the suspicion is found again."""


class InProcessConfirmer:
    """Measures once more in the same process, with the roles of the arms exchanged and another coin."""

    def confirm(self, pair: Pair, terms: Terms, suspicion: Suspicion) -> Confirmation:
        """Say whether the suspicion is found again.

        Parameters
        ----------
        pair : Pair
            The arms.
        terms : Terms
            The terms of the first measurement.
        suspicion : Suspicion
            What it found.
        """
        again = measure(replace(pair, seed=f"{pair.seed} confirmation"), terms, exchanged=True)
        speedups = () if again.speedup is None else (again.speedup,)
        found = (
            f"measured again: speedup {again.speedup:.3g}x" if again.speedup else "nothing was measured again"
        )
        return Confirmation(_found(again, terms, suspicion), speedups, f"not reproduced ({found})")


def _found(again: Measurement, terms: Terms, suspicion: Suspicion) -> bool:
    if suspicion is Suspicion.CLAIM_FAILS:
        return again.claim is ClaimState.FAILS
    return again.against(terms.stored) is StoredState.CROSSED
