"""The index on the disk: what was read of a study's files, so that a new process need not read them again.

Only ever a shortcut: without it, or with one that is damaged, old or of another version, every file is read.
"""

from __future__ import annotations

import os
import secrets
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from genesis_core.digest import digest
from genesis_core.optimize.identity import Ground
from genesis_core.optimize.objective import Objective
from genesis_core.optimize.ranking import Analysis
from genesis_core.version import __version__

NAME = ".index"
_MAGIC = b"GENESIS-INDEX 2\n"
_CHECKSUM = 16


class Signature(NamedTuple):
    """When two looks saw the same file. Times in ns; `changed` moves even when somebody sets `modified` back."""

    modified: int
    size: int
    inode: int
    changed: int


class Entry(NamedTuple):
    """What is known about one file.

    Attributes
    ----------
    signature : Signature
        Taken before it was read.
    settled : bool
        Whether the signature could be trusted when it was read.
    content : bytes
        The record in the index's own encoding; empty for a broken file.
    fault : str
        Why a file is no trial's record, "" for one that is.
    """

    signature: Signature
    settled: bool
    content: bytes
    fault: str


class State(NamedTuple):
    """One whole look at a folder: immutable.

    Attributes
    ----------
    entries : dict
        Name of a file -> what is known, in the order of the names.
    analysis : Analysis
        Of all whole records.
    """

    entries: dict[str, Entry]
    analysis: Analysis


def load_index(folder: Path, objective: Objective, ground: Ground | None) -> State | None:
    """Read the index of a folder; None if there is none that this version made for this objective and ground."""
    try:
        data = (folder / NAME).read_bytes()
    except OSError:
        return None
    body = data[:-_CHECKSUM]
    if not body.startswith(_MAGIC) or data[-_CHECKSUM:] != _checksum(body):
        return None
    try:
        key, packed = msgspec.msgpack.decode(body[len(_MAGIC) :], type=tuple[str, bytes])
        if key != _key(objective, ground):
            return None
        rows, analysis = msgspec.msgpack.decode(packed, type=tuple[list[_Row], Analysis])
    except msgspec.DecodeError:
        return None
    entries = {row[0]: Entry(Signature(*row[1]), row[2], row[3], row[4]) for row in rows}
    return State(entries, analysis)


def save_index(folder: Path, objective: Objective, ground: Ground | None, state: State) -> None:
    """Write the index; where it cannot be written, there is none."""
    rows = [(name, *entry) for name, entry in state.entries.items()]
    body = _MAGIC + msgspec.msgpack.encode(
        (_key(objective, ground), msgspec.msgpack.encode((rows, state.analysis)))
    )
    temporary = folder / f".index.{secrets.token_hex(6)}.tmp"
    try:
        try:
            with temporary.open("xb") as file:
                file.write(body + _checksum(body))
            temporary.replace(folder / NAME)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError:
        return


_Row = tuple[str, tuple[int, int, int, int], bool, bytes, str]


def _key(objective: Objective, ground: Ground | None) -> str:
    """Return what an index depends on besides the files: the code that made it, by what trials rank, which count."""
    plain: list[Any] = msgspec.to_builtins([objective, ground])
    own = [file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py"))]
    return digest((__version__, plain, own, os.name))


def _checksum(body: bytes) -> bytes:
    return blake2b(body, digest_size=_CHECKSUM).digest()
