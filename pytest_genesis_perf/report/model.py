"""The report of a run as one value: a run that just ended and a stored file give the same one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_genesis_perf.environment import EnvironmentClass
from pytest_genesis_perf.record import Comparison

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
    records = [Comparison.from_plain(_printable(record.to_plain())) for record in session.records]
    gates, bound = session.family_bound
    return Report(
        mode="record" if settings.update else "speed" if settings.timed else "identity",
        seed=settings.seed,
        environment=session.environment,
        gates=gates,
        family_bound=bound,
        errors=tuple(_printable(session.errors)),
        warnings=tuple(_printable(session.warnings)),
        comparisons=tuple(records),
    )


def _printable(value: Any) -> Any:
    """Return plain values whose texts can be written: a lone surrogate, which no file can hold, is shown as such."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_printable(key): _printable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(one) for one in value]
    return value
