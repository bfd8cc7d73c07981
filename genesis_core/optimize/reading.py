"""Read the trials of a study fast, and never a stale one.

Each answer is made of what the files hold now: a file is taken from memory, or from the index on the disk, only if
its name, size, inode and times are those it was read with, and these times were not so young then that a later write
could have the same. A folder that a change token shows untouched is not even looked at.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from genesis_core.errors import SearchError
from genesis_core.optimize.aim import Aim
from genesis_core.optimize.identity import Ground
from genesis_core.optimize.index import Entry, Signature, State, load_index, save_index
from genesis_core.optimize.leases import Writers, lease
from genesis_core.optimize.objective import Objective
from genesis_core.optimize.ranking import analyse
from genesis_core.optimize.record import Record
from genesis_core.optimize.store import file_name, number_in, record_in, trial_names
from genesis_core.optimize.watching import Watch

YOUNG_NS = 2_100_000_000
"""A file written so short before it was read is read again: the clocks of file systems are as coarse as two seconds."""


class TrialReader:
    """Reads a study's trials, and remembers.

    Parameters
    ----------
    folder : Path
        Of the study.
    objective : Objective
        By which they rank.
    ground : Ground, optional
        What its trials stand on; those of another are none of it.
    aim : Aim, optional
        What they were scored by; likewise.
    index : bool
        Whether to use and keep an index on the disk.
    """

    def __init__(
        self,
        folder: Path,
        objective: Objective,
        ground: Ground | None = None,
        aim: Aim | None = None,
        *,
        index: bool = True,
    ) -> None:
        self._folder = folder
        self._objective = objective
        self._ground = ground
        self._aim = aim
        self._use_index = index
        self._state: State | None = None
        self._watch: Watch | None = None

    def read(self, *, watch: bool = False) -> State:
        """Return the folder's state now.

        Parameters
        ----------
        watch : bool
            Ask for a change token, so that from the second unchanged call on nothing is looked at. Takes about
            15 us a file once, and again after a change.

        Raises
        ------
        SearchError
            If the folder or a file cannot be read.
        """
        if self._state is not None and self._watch is not None and self._watch.unchanged():
            return self._state
        # Before the look: what happens between the two is seen. Kept only with what the look saw.
        begun = Watch.begin(self._folder, lambda: trial_names(self._folder), _is_trial) if watch else None
        before = self._state
        if before is None and self._use_index:
            before = load_index(self._folder, self._objective, self._ground, self._aim)
        self._watch = None
        state = self._look(before)
        if state is not before and self._use_index:
            save_index(self._folder, self._objective, self._ground, self._aim, state)
        self._state, self._watch = state, begun
        return state

    def records(self, numbers: Sequence[int]) -> list[Record]:
        """Return the records of some trials of the last state."""
        assert self._state is not None
        entries = self._state.entries
        return [msgspec.msgpack.decode(entries[file_name(number)].content, type=Record) for number in numbers]

    def all_records(self) -> list[Record]:
        """Return all whole records of the last state, in order."""
        assert self._state is not None
        decoder = msgspec.msgpack.Decoder(Record)
        made = [decoder.decode(entry.content) for entry in self._state.entries.values() if not entry.fault]
        return sorted(made, key=lambda record: record.number)

    def _fault_of(self, record: Record) -> str:
        other = "" if self._ground is None else self._ground.fault_of(record)
        return other or ("" if self._aim is None else self._aim.fault_of(record))

    def _look(self, before: State | None) -> State:
        """Look at every file; return `before` itself if all are as they were."""
        known = {} if before is None else before.entries
        entries: dict[str, Entry] = {}
        same = True
        try:
            with os.scandir(self._folder) as found:
                for file in found:
                    name = file.name
                    entry = known.get(name)
                    if entry is None and number_in(name) is None:
                        continue
                    try:
                        status = file.stat(follow_symlinks=False)
                    except FileNotFoundError:  # set aside by an optimizer that resumes
                        continue
                    seen = (status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns)
                    if entry is None or not entry.settled or entry.signature != seen:
                        read = _read(file.path, name, status, self._fault_of)
                        if read is None:
                            continue
                        same = same and read == entry
                        entry = read
                    entries[name] = entry
        except OSError as fault:
            raise SearchError(f"{fault.filename or self._folder}: cannot be read: {fault.strerror}") from None
        if before is not None and same and len(entries) == len(known):
            return before
        decoder = msgspec.msgpack.Decoder(Record)
        whole = (decoder.decode(entry.content) for entry in entries.values() if not entry.fault)
        ordered = dict(sorted(entries.items()))
        return State(ordered, analyse(whole, self._objective))


def _is_trial(name: str) -> bool:
    return number_in(name) is not None


def _read(path: str, name: str, status: os.stat_result, fault_of: Callable[[Record], str]) -> Entry | None:
    """Read a file that stood in the folder; None if it is gone."""
    if not stat.S_ISREG(status.st_mode):
        return Entry(_signature(status), False, b"", "not a file")
    now = time.time_ns()
    try:
        with open(path, "rb") as file, lease(file.fileno()) as writers:
            signature = _signature(os.fstat(file.fileno()))
            content = file.read()
    except FileNotFoundError:
        return None
    # A time in the future is that of a clock that was set back: it may come again. And who has the file mapped may
    # write to it without its times moving.
    settled = max(signature.modified, signature.changed) + YOUNG_NS < now and writers is not Writers.SOME
    try:
        record = record_in(name, content)
        fault = fault_of(record)
        return Entry(signature, settled, b"" if fault else msgspec.msgpack.encode(record), fault)
    except SearchError as fault:
        return Entry(signature, settled, b"", str(fault))
    except OverflowError:
        return Entry(signature, settled, b"", "holds a number of more than 64 bits")


def _signature(status: os.stat_result) -> Signature:
    return Signature(status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns)
