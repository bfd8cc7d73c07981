"""The files of a run: one for each process, a line for each gate; written whole or not at all."""

from __future__ import annotations

import json
import lzma
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = 2
SUFFIX = ".jsonl.xz"
NAME = re.compile(r"(\d{4})-(\w+)-(\w+)\.jsonl\.xz")


class RawFileError(Exception):
    """A file of a run that cannot be read."""


@dataclass(frozen=True)
class Process:
    """What one process of the study measured.

    Parameters
    ----------
    name : str
        Of its file, without the suffix.
    head : dict
        Situation, group, seeds, versions.
    gates : tuple of dict
        One a gate.
    """

    name: str
    head: dict[str, Any]
    gates: tuple[dict[str, Any], ...]

    @property
    def situation(self) -> str:
        """Who else was running."""
        return str(self.head["situation"])

    @property
    def group(self) -> str:
        """What it was for."""
        return str(self.head["group"])


def path_of(folder: Path, round_number: int, situation: str, group: str) -> Path:
    """Return where the process of a round is kept."""
    return folder / f"{round_number:04d}-{situation}-{group}{SUFFIX}"


def write(path: Path, head: dict[str, Any], gates: Iterable[dict[str, Any]]) -> None:
    """Write what a process measured; a file that is there is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    with lzma.open(partial, "wt", encoding="utf-8") as file:
        file.write(json.dumps({"schema": SCHEMA, **head}) + "\n")
        for gate in gates:
            file.write(json.dumps(gate) + "\n")
    os.replace(partial, path)


def read(path: Path) -> Process:
    """Read a file of a run.

    Raises
    ------
    RawFileError
        If it is damaged, or of another schema.
    """
    try:
        with lzma.open(path, "rt", encoding="utf-8") as file:
            head, *gates = (json.loads(line) for line in file)
    except (OSError, EOFError, ValueError, lzma.LZMAError) as fault:
        raise RawFileError(f"{path}: {fault}") from fault
    if not isinstance(head, dict) or head.get("schema") != SCHEMA:
        raise RawFileError(f"{path}: not written by this version of the study; measure anew")
    return Process(path.name.removesuffix(SUFFIX), head, tuple(gates))


def read_all(folder: Path) -> Iterator[Process]:
    """Read all files of a run, in order.

    Raises
    ------
    RawFileError
        If there is none, or one cannot be read.
    """
    paths = sorted(path for path in folder.glob(f"*{SUFFIX}") if NAME.fullmatch(path.name))
    if not paths:
        raise RawFileError(f"{folder}: no files of a run; make them by `python -m benchmarks.verdicts run`")
    for path in paths:
        yield read(path)
