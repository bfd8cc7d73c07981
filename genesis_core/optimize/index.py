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
from genesis_core.optimize.aim import Aim
from genesis_core.optimize.identity import Ground
from genesis_core.optimize.objective import Objective
from genesis_core.optimize.ranking import Analysis
from genesis_core.version import __version__

NAME = ".index"
_MAGIC = b"GENESIS-INDEX 3\n"
_CHECKSUM = 16
DECIDING = (
    *(
        "aim",
        "files",
        "identity",
        "importance",
        "index",
        "leases",
        "objective",
        "ranking",
        "reading",
        "record",
        "store",
    ),
    "watching",
)
"""Modules that decide what an index says; to read all of them anew takes as long as a third of the index."""


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


def load_index(folder: Path, objective: Objective, ground: Ground | None, aim: Aim | None) -> State | None:
    """Read the index of a folder; None if there is none that this version made for this objective, ground and aim."""
    try:
        data = (folder / NAME).read_bytes()
    except OSError:
        return None
    body = data[:-_CHECKSUM]
    if not body.startswith(_MAGIC) or data[-_CHECKSUM:] != _checksum(body):
        return None
    try:
        key, packed = msgspec.msgpack.decode(body[len(_MAGIC) :], type=tuple[str, bytes])
        if key != _key(objective, ground, aim):
            return None
        return State(*msgspec.msgpack.decode(packed, type=tuple[dict[str, Entry], Analysis]))
    except msgspec.DecodeError:
        return None


def save_index(
    folder: Path, objective: Objective, ground: Ground | None, aim: Aim | None, state: State
) -> None:
    """Write the index; where it cannot be written, there is none."""
    body = _MAGIC + msgspec.msgpack.encode((_key(objective, ground, aim), msgspec.msgpack.encode(state)))
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


def _key(objective: Objective, ground: Ground | None, aim: Aim | None) -> str:
    """Return what an index depends on besides the files: the code that made it, by what trials rank, which count."""
    plain: list[Any] = msgspec.to_builtins([objective, ground, aim])
    own = [(Path(__file__).parent / f"{name}.py").read_bytes() for name in DECIDING]
    return digest((__version__, plain, own, os.name))


def _checksum(body: bytes) -> bytes:
    return blake2b(body, digest_size=_CHECKSUM).digest()
