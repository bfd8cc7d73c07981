"""The report of a run as one value: a run that just ended and a stored file give the same one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_genesis_perf.environment import EnvironmentClass
from pytest_genesis_perf.record import Comparison, printable

if TYPE_CHECKING:
    from pytest_genesis_perf.session import Session

Mode = Literal["identity", "speed", "record"]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a run found.

    Parameters
    ----------
    mode : {"identity", "speed", "record"}
        Whether identity alone was checked, speed was judged too, or baselines were recorded.
    seed : int
        Seed of the coins.
    environment : EnvironmentClass
        Where it ran.
    gates : int
        Comparisons that a first stage judged.
    family_bound : float
        The chance of any false alarm among them is at most this.
    errors, warnings : tuple of str
        What failed the run as a whole, and what should be looked at.
    comparisons : tuple of Comparison
        Worst first.
    """

    mode: Mode
    seed: int
    environment: EnvironmentClass
    gates: int
    family_bound: float
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    comparisons: tuple[Comparison, ...] = ()


def report_of(session: Session) -> Report:
    """Return the report of a run.

    Parameters
    ----------
    session : Session
        The run, at its end.
    """
    settings = session.settings
    records = [Comparison.from_plain(printable(record.to_plain())) for record in session.records]
    gates, bound = session.family_bound
    return Report(
        mode="record" if settings.update else "speed" if settings.timed else "identity",
        seed=settings.seed,
        environment=session.environment,
        gates=gates,
        family_bound=bound,
        errors=tuple(printable(session.errors)),
        warnings=tuple(printable(session.warnings)),
        comparisons=tuple(records),
    )
