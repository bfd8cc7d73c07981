"""What a fresh process is asked to measure, and what it answers: two small JSON files.

A *child* is a run of pytest that repeats some tests of its parent, measures a fixed number of blocks, and judges
nothing: the parent does, from what all children measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a child is to do.

    Parameters
    ----------
    answer : str
        File to write the answer to.
    select : tuple of str
        Node ids of the tests to run.
    files : tuple of str
        The files these are in, so that the child collects no more; empty where that is not known.
    label : str or None
        The only comparison to measure; None for all.
    blocks : int or None
        How many blocks to draw; None for as many as the first look needs.
    beyond : float or None
        Go on until the whole interval lies on one side of this, in log units.
    exchanged : bool
        Exchange the roles of the arms in warm-up, calibration and slot order.
    control : bool
        Also measure the baseline arm against itself.
    ballast : int
        Bytes allocated before anything else: another layout of memory in each child.
    lifeline : int or None
        A file descriptor that reads as closed once the parent is gone.
    memory : bool
        Count peak memory too, where it is asked for.
    dumps : str
        Folder of callgrind's dumps: count instructions, and measure nothing; empty to measure.
    vgdb : str
        Valgrind's program that turns callgrind on and off.
    lock : str
        File that is locked while it measures, of a run under xdist; empty where there is none.
    waiting : str
        File that is there while it waits for that lock: such time is not its own.
    """

    answer: str
    select: tuple[str, ...]
    files: tuple[str, ...] = ()
    label: str | None = None
    blocks: int | None = None
    beyond: float | None = None
    exchanged: bool = False
    control: bool = False
    ballast: int = 0
    lifeline: int | None = None
    memory: bool = False
    dumps: str = ""
    vgdb: str = ""
    lock: str = ""
    waiting: str = ""

    def write(self, path: Path) -> None:
        """Write the request to a file."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Request:
        """Read a request.

        Raises
        ------
        ValueError
            If the file holds no request.
        OSError
            If it cannot be read.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return cls(**values | {name: tuple(values[name]) for name in ("select", "files")})
        except (KeyError, TypeError) as fault:
            raise ValueError(f"not a request of this version: {fault}") from fault


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one process measured of one comparison.

    Parameters
    ----------
    nodeid, label : str
        The comparison.
    blocks : tuple of float
        In log units, in time order; empty if nothing was measured.
    long : bool
        Whether these are blocks of long arms.
    in_turns : str or None
        Why arms over 5 ms did not run side by side.
    speedup : float or None
        Median; None without blocks.
    seconds : mapping or None
        Of one call of each arm.
    calls : mapping
        In a slice of each arm.
    control : tuple of float
        Blocks of the baseline arm against itself, where asked for.
    control_long : bool
        Whether these are blocks of long arms.
    digest : str or None
        Of the result of both arms in this process.
    memory_bytes : mapping or None
        Peak memory of each arm, where it was counted.
    instructions : mapping or None
        Of each arm, and the "tool" that counted them.
    why : str
        Why it was not measured, or no further.
    """

    nodeid: str
    label: str
    blocks: tuple[float, ...] = ()
    long: bool = False
    in_turns: str | None = None
    speedup: float | None = None
    seconds: Mapping[str, float] | None = None
    calls: Mapping[str, int] = field(default_factory=dict)
    control: tuple[float, ...] = ()
    control_long: bool = False
    digest: str | None = None
    memory_bytes: Mapping[str, int] | None = None
    instructions: Mapping[str, int | str] | None = None
    why: str = ""


def write_answer(request: Request, measured: list[Measured]) -> None:
    """Write what was measured to where the request says."""
    Path(request.answer).write_text(json.dumps([asdict(one) for one in measured]), encoding="utf-8")


def read_answer(path: Path) -> list[Measured]:
    """Read what a child measured, nothing if it did not get that far."""
    if not path.exists():
        return []
    return [
        Measured(**values | {name: tuple(values[name]) for name in ("blocks", "control")})
        for values in json.loads(path.read_text(encoding="utf-8"))
    ]
