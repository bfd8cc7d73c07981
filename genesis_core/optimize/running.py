"""The loop of a search: take what is to be run, run it somewhere, record it. Resuming is the same loop.

A sampler is asked from the first trial on every time. What it asks for and is on record is not run again; so a search
that was stopped anywhere goes on as if it had not been.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import dataclass
from pathlib import Path

import msgspec

from genesis_core.errors import GenesisError, SearchError
from genesis_core.optimize.backend import Backend, Lost, lost_words, most_retries
from genesis_core.optimize.definition import Search
from genesis_core.optimize.feeding import Feed, Job
from genesis_core.optimize.identity import Ground
from genesis_core.optimize.objective import judge
from genesis_core.optimize.outcome import Outcome
from genesis_core.optimize.progress import Progress
from genesis_core.optimize.record import Record
from genesis_core.optimize.sampling import Sampler
from genesis_core.optimize.store import write_records
from genesis_core.optimize.validation import discard_validation

MOST_TOGETHER = 32
"""Most trials that are run and recorded together; two such groups a worker are what Ctrl-C can cost."""
SECONDS_TOGETHER = (0.02, 1.0)
"""Least and most that a group should run: each costs milliseconds of its own; what is done is to be shown."""
UNKNOWN_SECONDS = 0.1
"""What a trial is taken to last before one is done."""
MOST_IN_VAIN = 20
"""How often in a row a connection may be lost before any trial is done."""
_TICK = 0.5


@dataclass(frozen=True)
class _Run:
    """Trials that run together, since when, and whether nothing else runs meanwhile."""

    jobs: list[Job]
    begun: float
    alone: bool


@dataclass
class Runner:
    """One run of a search.

    Attributes
    ----------
    taken : float
        Seconds that trials took when it was run.

    Parameters
    ----------
    folder : Path
        Of the study; this process is its only writer.
    search : Search
        The definition.
    ground : Ground
        What the trials stand on.
    records : dict
        What is on record: number -> trial. Grows.
    sampler : Sampler
        Freshly made.
    backend : Backend
        Where trials run.
    tell : callable
        Is told the progress whenever it changes.
    seconds : float or None
        So long after the first trial may any begin.
    """

    folder: Path
    search: Search
    ground: Ground
    records: dict[int, Record]
    sampler: Sampler
    backend: Backend
    tell: Callable[[Progress], None]
    seconds: float | None = None
    taken: float = 0.0
    _in_vain: int = 0
    _seconds: float = UNKNOWN_SECONDS

    def run(self) -> Progress:
        """Run the search to its end.

        Raises
        ------
        SearchError
            If a record is not of this search, or a trial cannot be recorded; what is recorded is kept.
        """
        progress = Progress(self.search.most_trials)
        self.tell(progress)
        feed = Feed(self.folder, self.search, self.ground, self.records, self.sampler, self.seconds)
        suspects: deque[Job] = deque()
        running: dict[Future[list[Outcome]], _Run] = {}
        while not feed.stopped or feed.jobs or suspects or running:
            self.backend.look_after_workers()
            workers = self.backend.workers
            more = feed.wants_more(2 * workers * MOST_TOGETHER, idle=not running and not suspects)
            if more:
                self._skip(feed.ask(), progress)
                self._keep_repeated(feed, progress)
            if feed.out_of_time(len(suspects)):
                suspects.clear()
            # What may have killed a worker runs alone, so that it is known what did.
            if suspects and not running:
                self._start([suspects.popleft()], running, alone=True)
            while feed.jobs and not suspects and len(running) < 2 * workers:
                # What is done already is recorded before more begins.
                if any(run.alone or future.done() for future, run in running.items()):
                    break
                size = min(self._size(feed.left), len(feed.jobs))
                self._start([feed.jobs.popleft() for _ in range(size)], running, alone=False)
            # A look between two batches; where enough is known of, until something is done.
            done, _ = wait(running, timeout=0.0 if more else _TICK, return_when=FIRST_COMPLETED)
            for future in done:
                run = running.pop(future)
                fault = _fault_of(future)
                if fault is None:
                    feed.jobs.extend(self._settle(run.jobs, future.result(), progress))
                    continue
                kind = self._lost(fault, run, suspects, feed.jobs, progress, alone=not running)
                if kind is Lost.BY_ITSELF:
                    continue
                for other in running.values():
                    if kind is Lost.WITHOUT_FAULT:
                        feed.jobs.extend(other.jobs)
                    else:
                        suspects.extend(other.jobs)
                running.clear()
                self.backend.restart()
                break
            self._keep_repeated(feed, progress)
        progress.stopped, self.taken = feed.stopped, feed.taken
        return progress

    def _size(self, left: int) -> int:
        """Return how many trials to run together: fewer where they are slow, and towards the end."""
        workers = self.backend.workers
        # So that all workers end at about the same time; one alone has nobody to wait for.
        share = left if workers == 1 else -(-left // (4 * workers))
        least, most = (int(seconds / self._seconds) for seconds in SECONDS_TOGETHER)
        return max(1, min(MOST_TOGETHER, max(share, least), most))

    def _skip(self, known: Sequence[Record], progress: Progress) -> None:
        for record in known:
            progress.known += 1
            self._count(record, progress)
        if known:
            self.tell(progress)

    def _keep_repeated(self, feed: Feed, progress: Progress) -> None:
        self._keep([_repeated(job, first) for job, first in feed.repetitions()], progress)

    def _start(self, jobs: list[Job], running: dict[Future[list[Outcome]], _Run], *, alone: bool) -> None:
        seconds = self.search.budget.trial_seconds
        begun = time.monotonic()
        running[self.backend.submit([job.parameters for job in jobs], seconds)] = _Run(jobs, begun, alone)

    def _settle(self, together: list[Job], outcomes: Sequence[Outcome], progress: Progress) -> list[Job]:
        """Record outcomes; return the trials that are to be tried again."""
        self._in_vain = 0
        # What is no strategy, or raises, says nothing of how long the others take; nor does a single quick one.
        ran = [outcome.seconds for outcome in outcomes if outcome.status == "complete"]
        if ran:
            self._seconds = max(1e-6, 0.5 * self._seconds, *ran)
        again, settled = [], []
        for job, outcome in zip(together, outcomes, strict=True):
            job.attempts += 1
            if outcome.status == "failed" and job.attempts <= self.search.budget.retries:
                again.append(job)
            else:
                settled.append(self._record(job, outcome))
        self._keep(settled, progress)
        return again

    def _lost(
        self,
        fault: BaseException,
        run: _Run,
        suspects: deque[Job],
        waiting: deque[Job],
        progress: Progress,
        *,
        alone: bool,
    ) -> Lost:
        """Decide about trials that came back without an outcome: run them again, together or alone, or give one up."""
        kind = self.backend.lost(fault)
        if isinstance(fault, GenesisError):
            raise fault
        if kind is None:
            raise SearchError(f"trials cannot be run any more: {type(fault).__name__}: {fault}") from fault
        if kind is Lost.WITHOUT_FAULT:
            self._in_vain += 1
            if self._in_vain > MOST_IN_VAIN:
                raise SearchError(
                    f"the connection was lost {MOST_IN_VAIN} times without one trial done ({fault}); what is recorded "
                    "is kept: resume goes on"
                )
            waiting.extend(run.jobs)
            return kind
        if len(run.jobs) > 1 or (kind is Lost.WITH_OTHERS and not alone):
            suspects.extend(run.jobs)
            return kind
        job, elapsed = run.jobs[0], time.monotonic() - run.begun
        budget = self.search.budget
        limit = budget.trial_seconds
        endless = limit is not None and elapsed >= limit and self.backend.ran_out_of_time()
        job.attempts += 1
        if job.attempts <= most_retries(budget.retries, died=not endless):
            suspects.append(job)
            return kind
        words = lost_words(limit if endless else None)
        self._keep([self._record(job, Outcome(status="failed", error=words, seconds=elapsed))], progress)
        return kind

    def _record(self, job: Job, outcome: Outcome) -> Record:
        ground = self.ground
        verdict = None
        if outcome.metrics is not None:
            verdict = judge(outcome.metrics, self.search.objective, self.search.constraints)
        return Record(
            number=job.number,
            identity=job.identity,
            status=outcome.status,
            parameters=job.parameters,
            metrics=outcome.metrics,
            score=None if verdict is None else verdict.score,
            feasible=verdict is not None and verdict.feasible,
            reasons=[] if verdict is None else verdict.reasons,
            summary_digest=outcome.summary_digest,
            error=outcome.error,
            attempts=job.attempts,
            seconds=outcome.seconds,
            written=time.time_ns() // 1_000_000,
            seed=self.search.sampler.seed,
            data=ground.data,
            code=ground.code,
            config=outcome.config,
            first=ground.first,
            last=ground.last,
        )

    def _keep(self, settled: Sequence[Record], progress: Progress) -> None:
        if not settled:
            return
        if not progress.run and any(record.status != "repeated" for record in settled):
            # With its first new trial the test of what was best before is none any more.
            discard_validation(self.folder)
        write_records(self.folder, settled)
        for record in settled:
            self.records[record.number] = record
            progress.run += record.status != "repeated"
            self._count(record, progress)
        self.tell(progress)

    def _count(self, record: Record, progress: Progress) -> None:
        progress.done += 1
        if not record.feasible or record.score is None:
            return
        if progress.best is None or self.search.objective.better(record.score, progress.best):
            progress.best, progress.best_number = record.score, record.number


def _fault_of(future: Future[list[Outcome]]) -> BaseException | None:
    return CancelledError() if future.cancelled() else future.exception()


def _repeated(job: Job, first: Record) -> Record:
    return msgspec.structs.replace(
        first,
        number=job.number,
        status="repeated",
        parameters=job.parameters,
        repeats=first.number,
        attempts=0,
        seconds=0.0,
        written=time.time_ns() // 1_000_000,
    )
