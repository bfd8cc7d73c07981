"""The form of the two kinds of baseline files: strict to read, sorted and rounded to write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_genesis_perf import toml_files
from pytest_genesis_perf.baseline_schema import SCHEMA, upgraded
from pytest_genesis_perf.environment import EnvironmentClass
from pytest_genesis_perf.evidence import StoredSpeed
from pytest_genesis_perf.toml_files import Table, quote

if TYPE_CHECKING:
    from typing import Any

_HEX = frozenset("0123456789abcdef")

Key = tuple[str, str]
"""Node id and label."""


@dataclass(frozen=True)
class SpeedEntry:
    """What is stored of the speed of one comparison.

    Parameters
    ----------
    speedup : StoredSpeed
        Lowest, median and highest fresh process.
    processes : int
        How many processes recorded it.
    seconds : mapping or None
        Seconds of one call of "baseline" and "optimized": information only.
    memory_bytes, instructions : mapping or None
        Costs of both arms, kept as they are.
    """

    speedup: StoredSpeed
    processes: int
    seconds: Mapping[str, float] | None = None
    memory_bytes: Mapping[str, int] | None = None
    instructions: Mapping[str, int | str] | None = None

    def rounded(self) -> SpeedEntry:
        """Return the entry as it is stored: three significant digits for speedups, two for seconds."""
        low, middle, high = (
            _digits(x, 3) for x in (self.speedup.low, self.speedup.median, self.speedup.high)
        )
        seconds = None if self.seconds is None else {arm: _digits(s, 2) for arm, s in self.seconds.items()}
        return SpeedEntry(
            StoredSpeed(low, middle, high), self.processes, seconds, self.memory_bytes, self.instructions
        )


@dataclass(frozen=True)
class SpeedFile:
    """The stored speeds of one environment class."""

    environment: EnvironmentClass
    entries: Mapping[Key, SpeedEntry] = field(default_factory=dict)


def read_digests(path: Path) -> dict[Key, str]:
    """Read a file of digests.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    BaselineError
        If it is not TOML, of another schema, or holds anything unexpected.
    """
    digests: dict[Key, str] = {}
    for (nodeid, label), labels in _entries(_root(path, "entry")):
        digest = labels.text(label)
        if len(digest) != 32 or not _HEX.issuperset(digest):
            raise labels.error(f"must be a digest of 32 hex digits, not {digest!r}", label)
        digests[nodeid, label] = digest
    return digests


def read_speeds(path: Path) -> SpeedFile:
    """Read the speeds of one environment class.

    Parameters
    ----------
    path : Path
        The file; its name must be the slug of the class inside.

    Raises
    ------
    BaselineError
        If it is not TOML, of another schema, or holds anything unexpected.
    """
    root = _root(path, "class", "entry")
    if "class" not in root.values:
        raise root.error("the key is missing", "class")
    environment = _environment(root.table("class"))
    if environment.slug() != path.stem:
        raise root.error(f"the class inside belongs into {environment.slug()}.toml", "class")
    return SpeedFile(environment, {key: _entry(labels.table(key[1])) for key, labels in _entries(root)})


def write_digests(path: Path, digests: Mapping[Key, str]) -> None:
    """Write a file of digests, sorted."""
    lines = [f"schema = {SCHEMA}"]
    previous = None
    for nodeid, label in sorted(digests):
        if nodeid != previous:
            lines += ["", f"[entry.{quote(nodeid)}]"]
            previous = nodeid
        lines.append(f"{quote(label)} = {quote(digests[nodeid, label])}")
    toml_files.write(path, "\n".join(lines) + "\n")


def write_speeds(path: Path, file: SpeedFile) -> None:
    """Write the speeds of one environment class, sorted and rounded."""
    here = file.environment
    lines = [
        f"schema = {SCHEMA}",
        "",
        "[class]",
        f"python = {quote(here.python)}",
        f"machine = {quote(here.machine)}",
        f"cpu = {quote(here.cpu)}",
        f"cores = {here.cores}",
        f"libraries = {toml_files.value(dict(here.libraries))}",
        *([f"more = {toml_files.value(dict(here.more))}"] if here.more else []),
    ]
    for nodeid, label in sorted(file.entries):
        entry = file.entries[nodeid, label].rounded()
        speed = entry.speedup
        values: dict[str, Any] = {
            "speedup": [speed.low, speed.median, speed.high],
            "processes": entry.processes,
            "memory_bytes": entry.memory_bytes,
            "instructions": entry.instructions,
            "seconds": entry.seconds,
        }
        lines += ["", f"[entry.{quote(nodeid)}.{quote(label)}]"]
        lines += [f"{name} = {toml_files.value(item)}" for name, item in values.items() if item is not None]
    toml_files.write(path, "\n".join(lines) + "\n")


def _root(path: Path, *tables: str) -> Table:
    root = upgraded(toml_files.read(path))
    root.only(["schema"], tables)
    return root


def _entries(root: Table) -> Iterator[tuple[Key, Table]]:
    """Yield each comparison with the table that has its label as a key."""
    if "entry" not in root.values:
        return
    tests = root.table("entry")
    for nodeid in tests.values:
        labels = tests.table(nodeid)
        for label in labels.values:
            yield (nodeid, label), labels


def _environment(table: Table) -> EnvironmentClass:
    table.only(["python", "machine", "cpu", "cores", "libraries"], ["more"])
    return EnvironmentClass(
        python=table.text("python"),
        machine=table.text("machine"),
        cpu=table.text("cpu"),
        cores=table.count("cores"),
        libraries=_fields(table.table("libraries")),
        more=_fields(table.table("more")) if "more" in table.values else (),
    )


def _fields(table: Table) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, table.text(name)) for name in table.values))


def _entry(table: Table) -> SpeedEntry:
    table.only(["speedup", "processes"], ["seconds", "memory_bytes", "instructions"])
    low, middle, high = table.positives("speedup", 3)
    if not low <= middle <= high:
        raise table.error(f"must be [low, median, high] in order, not {[low, middle, high]}", "speedup")
    seconds = memory = None
    instructions: dict[str, int | str] | None = None
    if "seconds" in table.values:
        inner = _arms(table, "seconds")
        seconds = {arm: inner.positive(arm) for arm in ("baseline", "optimized")}
    if "memory_bytes" in table.values:
        inner = _arms(table, "memory_bytes")
        memory = {arm: inner.count(arm, 0) for arm in ("baseline", "optimized")}
    if "instructions" in table.values:
        inner = _arms(table, "instructions", "tool")
        instructions = {
            "baseline": inner.count("baseline", 0),
            "optimized": inner.count("optimized", 0),
            "tool": inner.text("tool"),
        }
    return SpeedEntry(StoredSpeed(low, middle, high), table.count("processes"), seconds, memory, instructions)


def _arms(table: Table, key: str, *more: str) -> Table:
    inner = table.table(key)
    inner.only(["baseline", "optimized", *more])
    return inner


def _digits(number: float, digits: int) -> float:
    return float(f"{number:.{digits}g}")
