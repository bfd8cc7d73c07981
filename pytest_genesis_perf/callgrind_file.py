"""What callgrind writes: the number of instructions between two marks, and which valgrind counted them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


class CallgrindError(Exception):
    """Something that callgrind wrote, or did not write, cannot be used."""


@dataclass(frozen=True)
class Dump:
    """One dump.

    Parameters
    ----------
    instructions : int
        Since the dump before, of all threads.
    tool : str
        Such as "valgrind 3.19".
    """

    instructions: int
    tool: str


def read_dump(path: Path) -> Dump:
    """Read the head of a dump.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    CallgrindError
        If it cannot be read, or is not a dump that counts instructions.
    """
    head: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                name, colon, value = line.partition(":")
                if colon and name in ("creator", "events", "summary"):
                    head[name] = value.strip()
                if "summary" in head:
                    break
    except OSError as fault:
        raise CallgrindError(f"callgrind's dump cannot be read: {fault}") from None
    release = re.match(r"callgrind-(\d+\.\d+)", head.get("creator", ""))
    events = head.get("events", "").split()
    counts = head.get("summary", "").split()
    if release is None or "Ir" not in events or len(counts) != len(events) or not _whole(counts):
        raise CallgrindError(f"{path.name} is not a dump of callgrind that counts instructions")
    return Dump(int(counts[events.index("Ir")]), f"valgrind {release[1]}")


def dumps_of(folder: Path, process: int) -> list[Path]:
    """Return the dumps that a process left at its marks, in time order.

    Parameters
    ----------
    folder : Path
        Where they are, named by :func:`dump_name`.
    process : int
        Its id.
    """
    found = {}
    for path in folder.glob(f"{dump_name(process)}.*"):
        ordinal = path.suffix[1:]
        if ordinal.isascii() and ordinal.isdigit():
            found[int(ordinal)] = path
    return [found[ordinal] for ordinal in sorted(found)]


def dump_name(process: int | str) -> str:
    """Return the name of the dumps of a process; callgrind adds a dot and a number at each mark."""
    return f"callgrind.{process}"


def _whole(counts: list[str]) -> bool:
    return all(count.isascii() and count.isdigit() for count in counts)
