"""What a search runs next: asks the sampler ahead of the workers, and sets apart what need not be run.

A sampler that learns is asked for a batch when all before it is told. Of any other more is asked for while others still
run, so that no worker waits for the slowest trial of a batch.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from genesis_core.errors import SearchError
from genesis_core.optimize.definition import Search
from genesis_core.optimize.identity import Ground, identity_of
from genesis_core.optimize.record import Record
from genesis_core.optimize.sampling import Parameters, Sampler
from genesis_core.optimize.store import file_name


@dataclass
class Job:
    """A trial that is to be run, or to be recorded as a repetition."""

    number: int
    parameters: Parameters
    identity: str
    attempts: int = 0


MIXED = "the folder holds another search's trials, or they were renamed"
OTHERWISE = (
    "an earlier trial came out otherwise than when this one was asked for, such as one that had failed, or files were "
    "renamed: what the sampler learned then cannot be learned again; search anew, under another --study"
)


class Feed:
    """The trials of a search, in the order of asking.

    Parameters
    ----------
    folder : Path
        Of the study.
    search : Search
        The definition.
    ground : Ground
        What the trials stand on.
    records : mapping
        What is on record: number -> trial. The caller adds to it.
    sampler : Sampler
        Freshly made.
    seconds : float or None
        So long after the first trial may any begin; what is on record takes none of it.

    Attributes
    ----------
    jobs : deque of Job
        To be run; the caller takes from it, and may put back.
    stopped : str
        Why nothing more is asked for: ``trials``, ``grid`` or ``minutes``; "" before that.
    """

    def __init__(
        self,
        folder: Path,
        search: Search,
        ground: Ground,
        records: Mapping[int, Record],
        sampler: Sampler,
        seconds: float | None,
    ) -> None:
        self.jobs: deque[Job] = deque()
        self.stopped = ""
        self._folder, self._search, self._ground, self._records = folder, search, ground, records
        self._sampler, self._seconds = sampler, seconds
        self._first_at: float | None = None
        self._asked = 0
        self._untold = range(0)
        self._first_with: dict[str, int] = {}
        self._repeated: dict[int, list[Job]] = {}
        self._waiting = 0

    @property
    def left(self) -> int:
        """Trials to be run that are known of: those of one batch, or all."""
        if self._sampler.learns or self.stopped:
            return len(self.jobs)
        return len(self.jobs) + self._search.budget.trials - self._asked

    def wants_more(self, enough: int, *, idle: bool) -> bool:
        """Say whether it is time to ask.

        Parameters
        ----------
        enough : int
            So many jobs keep the workers busy.
        idle : bool
            Whether nothing runs.
        """
        if self.stopped:
            return False
        if self._sampler.learns or self._waiting >= enough:
            return idle and not self.jobs
        return len(self.jobs) < enough

    @property
    def taken(self) -> float:
        """Seconds since the first trial could begin; 0 before."""
        return 0.0 if self._first_at is None else time.monotonic() - self._first_at

    def out_of_time(self, others: int) -> bool:
        """Say whether the time is over; then nothing more is asked for, and what has not begun is forgotten.

        Parameters
        ----------
        others : int
            How many trials besides the jobs would begin.
        """
        if self._seconds is None or self.taken < self._seconds or not (self.jobs or others):
            return False
        self.stopped = "minutes"
        self.jobs.clear()
        return True

    def ask(self) -> list[Record]:
        """Ask for a batch; return what of it is on record already.

        Raises
        ------
        SearchError
            If a record is not of this search.
        """
        trials = self._search.budget.trials
        if self._sampler.learns:
            self._sampler.tell([self._records[number] for number in self._untold])
        # Batches are cut at the same numbers whatever the budget is: more trials later change none before.
        count = min(self._search.sampler.batch, trials - self._asked)
        begin = self._asked
        asked = self._sampler.ask(begin, count)
        self._asked += len(asked)
        self._untold = range(begin, self._asked)
        if len(asked) < count:
            self.stopped = "grid"
        elif self._asked == trials:
            self.stopped = "trials"
        return [
            known for job in map(self._job, self._untold, asked) if (known := self._sort(job)) is not None
        ]

    def repetitions(self) -> list[tuple[Job, Record]]:
        """Take the trials whose earlier one, given with each, is on record by now."""
        ready = [number for number in self._repeated if number in self._records]
        found = [(job, self._records[number]) for number in ready for job in self._repeated.pop(number)]
        self._waiting -= len(found)
        return found

    def _job(self, number: int, parameters: Parameters) -> Job:
        return Job(number, parameters, identity_of(self._ground, parameters))

    def _sort(self, job: Job) -> Record | None:
        known = self._records.get(job.number)
        if known is not None:
            if known.identity != job.identity:
                raise SearchError(
                    f"{self._folder / file_name(job.number)}: is not the trial this search asks for; "
                    + (OTHERWISE if self._sampler.learns else MIXED)
                )
            self._first_with.setdefault(job.identity, job.number)
        elif job.identity in self._first_with:
            self._repeated.setdefault(self._first_with[job.identity], []).append(job)
            self._waiting += 1
        else:
            self._first_with[job.identity] = job.number
            self.jobs.append(job)
            if self._first_at is None:
                self._first_at = time.monotonic()
        return known
