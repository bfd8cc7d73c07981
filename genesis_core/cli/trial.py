"""A trial of a study as something to run: its candles, its strategy with its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genesis_core.cli.shell import UsageError

if TYPE_CHECKING:
    from genesis_core import Candles, Config, Result
    from genesis_core.optimize.record import Record


@dataclass(frozen=True)
class Trial:
    """What ``--trial`` names.

    Parameters
    ----------
    candles : Candles
        What the study's search saw.
    place : str
        Where they are from.
    config : Config
        The strategy with the trial's parameters.
    name : str
        What to call it.
    record : Record
        What is on record.
    """

    candles: Candles
    place: str
    config: Config
    name: str
    record: Record

    def same(self, result: Result) -> bool | None:
        """Say whether a run gave the recorded result, bit for bit; None where the record has none."""
        recorded = self.record.summary_digest
        return None if recorded is None else recorded == result.summary_digest

    def text(self, result: Result) -> str:
        """Return the line for people."""
        same = self.same(result)
        if same is None:
            return f"{self.name}: the record has no result ({self.record.error or self.record.status})"
        if same:
            return f"{self.name}: the recorded result, bit for bit"
        return (
            f"{self.name}: NOT the recorded result: summary digest {result.summary_digest}, recorded "
            f"{self.record.summary_digest}"
        )

    def plain(self, result: Result) -> dict[str, Any]:
        """Return what JSON says."""
        return {
            "number": self.record.number,
            "identity": self.record.identity,
            "recorded": self.record.summary_digest,
            "same": self.same(result),
        }


def read_trial(file: Path) -> Trial:
    """Read a trial's record, and what is needed to run it again.

    Parameters
    ----------
    file : Path
        ``trial_000123.json`` in its study's folder.

    Raises
    ------
    SearchError
        If the record or the study cannot be read.
    UsageError
        If candles, strategy or code are not what they were: then another result would prove nothing.
    """
    from genesis_core.cli.optimize_candles import read_candles
    from genesis_core.optimize.changes import Applied
    from genesis_core.optimize.identity import Ground
    from genesis_core.optimize.outcome import Caught
    from genesis_core.optimize.store import read_record
    from genesis_core.optimize.study import Study
    from genesis_core.strategy import load_strategy

    record = read_record(file)
    study = Study.open(file.parent)
    base = load_strategy(study.search.strategy)
    candles, place = read_candles(study.search, str(file.parent))
    candles = study.fold.searched(candles)
    differences = study.ground.differences(Ground.of(candles, base))
    if differences:
        raise UsageError(
            f"--trial {file}: {', '.join(differences)} changed since the study, so its trials cannot be run again"
        )
    with Caught() as caught:  # code of the user's own may raise anything
        config = Applied(base).config(record.parameters)
    if caught.outcome is not None:
        raise UsageError(f"--trial {file}: its parameters are no strategy: {caught.outcome.error}")
    return Trial(candles, place, config, f"trial {record.number} of {study.search.name}", record)
