"""The champion: a strategy's file, and beside it a pedigree that says where it is from."""

from __future__ import annotations

from pathlib import Path

import msgspec

from genesis_core.errors import SearchError
from genesis_core.optimize.files import write_bytes, write_struct, write_text
from genesis_core.strategy import Config

SCHEMA = 1


class Pedigree(msgspec.Struct, frozen=True, kw_only=True):
    """Where a champion is from; kept beside its file.

    Attributes
    ----------
    study : str
        Name.
    trial : int
        Its number.
    identity : str
        Its identity.
    config : str
        Digest of its strategy; another one means that the file was edited.
    data : str
        Fingerprint of the candles from the first its search saw to the last of its test.
    first, last : int
        Open times of these two.
    code, strategy_code : str
        Digest of the package's code that decides a result, and of the user's own.
    objective : str
        In words.
    aim : str
        Digest of objective and constraints.
    searched_to : int
        Open time of the last candle its search saw.
    out_of_sample : float or None
        Its score on the validation candles.
    before : Pedigree or None
        Of the champion it takes the place of: this file is written first, so until the other one is, it tells of both.
    """

    study: str
    trial: int
    identity: str
    config: str
    data: str
    first: int
    last: int
    code: str
    strategy_code: str
    objective: str
    aim: str
    searched_to: int
    out_of_sample: float | None
    before: Pedigree | None = None
    schema: int = SCHEMA


def beside(file: Path) -> Path:
    """Return where the pedigree of a champion's file is: by its whole name, for two champions may have one stem."""
    return file.with_name(f"{file.name}.json")


def read_pedigree(file: Path) -> Pedigree | None:
    """Return what stands beside a champion's file, None where nothing does that can be read."""
    try:
        return msgspec.json.decode(beside(file).read_bytes(), type=Pedigree)
    except (OSError, msgspec.DecodeError):
        return None


def pedigree_of(file: Path, config: Config) -> Pedigree | None:
    """Return the champion's pedigree: that of the one before, where only the pedigree of its successor was written."""
    there = read_pedigree(file)
    if (
        there is not None
        and there.before is not None
        and config.digest == there.before.config != there.config
    ):
        return there.before
    return None if there is None else msgspec.structs.replace(there, before=None)


def keep_old(file: Path) -> Path | None:
    """Copy a champion and its pedigree to names that are free: at no moment there is none.

    Raises
    ------
    SearchError
        If they cannot be read or written.
    """
    if not file.exists():
        return None
    count = 1
    while (kept := file.with_name(f"{file.stem}.old{count}{file.suffix}")).exists() or beside(kept).exists():
        count += 1
    for source, copy in ((file, kept), (beside(file), beside(kept))):
        if source.exists():
            try:
                write_bytes(copy, source.read_bytes())
            except OSError as fault:
                raise SearchError(f"{source}: cannot be read: {fault.strerror or fault}") from None
    return kept


def write_champion(file: Path, text: str, pedigree: Pedigree) -> None:
    """Write a champion, its pedigree first, which tells of the one before too: each moment has one with its pedigree.

    Raises
    ------
    SearchError
        If they cannot be written.
    """
    write_struct(beside(file), pedigree)
    write_text(file, text)
