"""What a test said about a search: a file in the study's folder."""

from __future__ import annotations

from pathlib import Path

import msgspec

from genesis_core.errors import SearchError
from genesis_core.optimize.files import write_struct

FILE = "validation.json"
SCHEMA = 1


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """One trial in and out of sample.

    Attributes
    ----------
    number : int
        The trial.
    identity : str
        Its identity.
    in_sample : float
        Score of the search.
    out_of_sample : float or None
        Score of the test, None where it has none.
    feasible : bool
        Whether it meets the hard constraints in the test.
    reasons : list of str
        What it does not meet there.
    metrics : dict
        Of the test.
    summary_digest : str
        Of the test's run.
    """

    number: int
    identity: str
    in_sample: float
    out_of_sample: float | None
    feasible: bool
    reasons: list[str]
    metrics: dict[str, int | float | None]
    summary_digest: str


class Unchanged(msgspec.Struct, frozen=True, kw_only=True):
    """The strategy as it was before the search, for comparison.

    Attributes
    ----------
    in_sample, out_of_sample : float or None
        Scores over the search's candles and over the test's; None where it has none or breaks a hard constraint.
    """

    in_sample: float | None
    out_of_sample: float | None


class Validated(msgspec.Struct, frozen=True, kw_only=True):
    """What a test says about a search.

    Attributes
    ----------
    first, last, end, bars
        Of the test's candles: open times in epoch ms UTC of the first, the last, and what would be the next; how many.
    data : str
        Their fingerprint.
    tested : list of Tested
        The best trials of the search, best first.
    place : int or None
        Where the best one stands among them by its test, from 1; None where it has no score there.
    unchanged : Unchanged
        The strategy that the parameters were laid over.
    warnings : list of str
        Where search and test part.
    """

    first: int
    last: int
    end: int
    bars: int
    data: str
    tested: list[Tested]
    place: int | None
    unchanged: Unchanged
    warnings: list[str]
    schema: int = SCHEMA


def write_validation(folder: Path, found: Validated) -> None:
    """Keep it.

    Raises
    ------
    SearchError
        If it cannot be written.
    """
    write_struct(folder / FILE, found)


def discard_validation(folder: Path) -> None:
    """Forget the test of a search that goes on: what was best then may not be now."""
    (folder / FILE).unlink(missing_ok=True)


def read_validation(folder: Path) -> Validated | None:
    """Read what :func:`write_validation` kept, None where there is nothing.

    Raises
    ------
    SearchError
        If it is damaged.
    """
    path = folder / FILE
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Validated)
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise SearchError(f"{path}: cannot be read: {fault.strerror or fault}") from None
    except msgspec.DecodeError as fault:
        raise SearchError(f"{path}: damaged ({fault}); genesis optimize resume makes it anew") from None
    if found.schema != SCHEMA:
        raise SearchError(f"{path}: schema = {found.schema}; this version reads {SCHEMA}")
    return found
