"""What one pytest session knows: settings, baselines, environment class, and the comparisons so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from pytest_genesis_perf import keys
from pytest_genesis_perf.baselines import Store
from pytest_genesis_perf.environment import EnvironmentClass, current
from pytest_genesis_perf.evidence import DigestState
from pytest_genesis_perf.file_lock import LockHeldError, exclusive
from pytest_genesis_perf.own_hooks import HookError, environment_fields
from pytest_genesis_perf.progress import Progress
from pytest_genesis_perf.record import Comparison, severity
from pytest_genesis_perf.settings import Settings
from pytest_genesis_perf.statistics import LONG_ARMS, SHORT_ARMS
from pytest_genesis_perf.verdict import Policy

if TYPE_CHECKING:
    from typing import Any

    from pytest_genesis_perf.baseline_files import Key, SpeedEntry
    from pytest_genesis_perf.confirm import Fresh
    from pytest_genesis_perf.costs import Counted

LOCK_SECONDS = 1_800.0
"""How long a worker of xdist waits for those that measure: each of them takes seconds, or minutes where it confirms."""


class Session:
    """Everything the comparisons of a run share.

    Parameters
    ----------
    settings : Settings
        What was asked for.
    more : tuple of (str, str), optional
        Fields of the environment class that the project gives.

    Attributes
    ----------
    spent : float
        Seconds that measuring took so far.
    progress : Progress
        Tells a terminal what is measured.
    controls : dict
        In a child: blocks of the baseline arm against itself, by comparison.
    instructions : dict
        In a child under valgrind: what it counted, by comparison.
    failed_tests : set of str
        Tests with the fixture that failed in any phase, for whatever reason.
    notes, warnings, errors : list of str
        What was done at the end of the run, what should be looked at, and what went wrong there.
    """

    def __init__(self, settings: Settings, more: tuple[tuple[str, str], ...] = ()) -> None:
        self.settings = settings
        self._more = more
        self.store = Store(settings.baselines)
        self._records: dict[Key, Comparison] = {}
        self.spent = 0.0
        self.progress = Progress(None)
        self.controls: dict[Key, Fresh] = {}
        self.instructions: dict[Key, Counted] = {}
        self.failed_tests: set[str] = set()
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.errors: list[str] = []

    @cached_property
    def environment(self) -> EnvironmentClass:
        """The environment class of this process."""
        return current(self.settings.libraries, self._more)

    @cached_property
    def policy(self) -> Policy:
        """The ini choices for soft states."""
        return Policy(**self.settings.policy)  # type: ignore[arg-type]  # read_settings checked the words

    @property
    def records(self) -> list[Comparison]:
        """All comparisons, worst first."""
        return sorted(self._records.values(), key=severity)

    @property
    def nothing_judged(self) -> bool:
        """Whether speed was to be judged, comparisons ran, and not one could be (row 14)."""
        timed = [record for record in self._records.values() if record.timed]
        return bool(timed) and all(r.verdict == "INCONCLUSIVE" and not r.judged for r in timed)

    @property
    def family_bound(self) -> tuple[int, float]:
        """How many gates a first stage judged, and the chance of any false alarm among them, at most.

        No bound is known for gates that fresh processes alone judged: they are not counted.
        """
        judged = [
            record
            for record in self._records.values()
            if record.timed and record.judged and record.blocks and not record.isolated
        ]
        # Long arms are judged with the error of LONG_ARMS.
        bound = math.fsum(LONG_ARMS.a_bad if record.long else SHORT_ARMS.a_bad for record in judged)
        return len(judged), min(1.0, bound)

    @contextmanager
    def alone(self, waiting: Callable[[], AbstractContextManager[object]] = nullcontext) -> Iterator[None]:
        """Be the only process of an xdist run that measures; elsewhere there is no other.

        Parameters
        ----------
        waiting : callable, optional
            Makes what is entered while this process waits for others, and left when it need not.

        Raises
        ------
        LockHeldError
            If the others measure for longer than this one waits.
        """
        with ExitStack() as held:
            if self.settings.lock is not None:
                try:
                    held.enter_context(exclusive(self.settings.lock, 0.0))
                except LockHeldError:
                    with waiting():
                        held.enter_context(exclusive(self.settings.lock, LOCK_SECONDS))
            yield

    def collect(self, nodeid: str, plain_records: Iterable[dict[str, Any]], *, failed: bool) -> None:
        """Take over what the report of a test carries; a rerun replaces what it repeats.

        Parameters
        ----------
        nodeid : str
            The test.
        plain_records : iterable of dict
            Its comparisons, from :meth:`Comparison.to_plain`.
        failed : bool
            Whether this phase of the test failed, for whatever reason.
        """
        for plain in plain_records:
            record = Comparison.from_plain(plain)
            self._records[record.key] = record
        if failed:
            self.failed_tests.add(nodeid)

    def replace_records(self, records: Iterable[Comparison]) -> None:
        """Put records in the place of those that were collected of the same comparisons."""
        self._records.update((record.key, record) for record in records)

    def digest_state(self, key: Key, digest: str) -> DigestState:
        """Hold a digest against the stored one.

        Parameters
        ----------
        key : tuple of str
            Node id and label.
        digest : str
            Of the result.

        Raises
        ------
        BaselineError
            If the stored digests cannot be trusted.
        """
        if self.settings.update or self.settings.child:
            return "untracked"
        if self.store.digests is None:
            tracked = bool(self.store.classes) or self.policy.no_digest == "fail"
            return "missing" if tracked else "untracked"
        stored = self.stored_digest(key)
        if stored is None:
            return "missing"
        return "match" if stored == digest else "differs"

    def stored_digest(self, key: Key) -> str | None:
        """Return the stored digest of a comparison; None where it is recorded anew, or only measured."""
        if self.settings.update or self.settings.child:
            return None
        return (self.store.digests or {}).get(key)

    def stored_speed(self, key: Key) -> SpeedEntry | None:
        """Return what is stored of the speed of a comparison in this environment class."""
        entry = self.store.speeds(self.environment).get(key)
        return None if entry is None else self._with_tolerance(entry)

    def stored_speeds(self, store: Store) -> dict[Key, SpeedEntry]:
        """Return what some store has of the speeds of this environment class, with the tolerance of this run."""
        return {key: self._with_tolerance(entry) for key, entry in store.speeds(self.environment).items()}

    def _with_tolerance(self, entry: SpeedEntry) -> SpeedEntry:
        return replace(entry, speedup=replace(entry.speedup, tolerance=self.settings.tolerance))


def session_of(config: pytest.Config) -> Session:
    """Return the session of a run, made when first asked for."""
    if keys.SESSION not in config.stash:
        try:
            more = environment_fields(config)
        except HookError as error:
            raise pytest.UsageError(str(error)) from error
        session = Session(config.stash[keys.SETTINGS], more)
        if not session.settings.child and config.get_verbosity() >= 0:
            capturing = config.pluginmanager.get_plugin("capturemanager")
            uncaptured = capturing.global_and_fixture_disabled if capturing else nullcontext
            session.progress = Progress(config.pluginmanager.get_plugin("terminalreporter"), uncaptured)
        config.stash[keys.SESSION] = session
    return config.stash[keys.SESSION]
