"""``genesis_perf``: what a test calls, and the order in which its comparisons are made, settled and told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from pytest_genesis_perf import keys
from pytest_genesis_perf.arguments import ComparisonError, check, claim_of, flag, isolation
from pytest_genesis_perf.arms import ArmRaisedError, NotComparableError, SideBySideError
from pytest_genesis_perf.beside_benchmark import add_arms
from pytest_genesis_perf.beside_timeout import timer_stopped
from pytest_genesis_perf.comparators import handlers_of
from pytest_genesis_perf.evidence import Claim, Evidence
from pytest_genesis_perf.marker import Wishes, wishes
from pytest_genesis_perf.measurement import Pair
from pytest_genesis_perf.observe import Observation, memo_remarks, observe
from pytest_genesis_perf.pending import AskChild, Pending
from pytest_genesis_perf.prepared import LoopRunningError, Setup, prepared
from pytest_genesis_perf.raising import Raises, expecting
from pytest_genesis_perf.record import DEFAULT_LABEL, Comparison, printable
from pytest_genesis_perf.record_making import make_record, seed_of
from pytest_genesis_perf.record_text import failure_text, property_text
from pytest_genesis_perf.session import Session, session_of
from pytest_genesis_perf.settling import final_record, waits
from pytest_genesis_perf.toml_files import BaselineError

if TYPE_CHECKING:
    from pytest_genesis_perf.counting import TestCounts

PENDING = "PENDING"
"""The verdict of a comparison that fresh processes have still to confirm."""


class GenesisPerf:
    """The object behind the fixture ``genesis_perf``: the comparisons of one test.

    Parameters
    ----------
    item : pytest.Item
        The test.
    session : Session
        The run.

    Attributes
    ----------
    nodeid : str
        The test, by the name that baselines know it by.
    """

    def __init__(self, item: pytest.Item, session: Session) -> None:
        self._item = item
        self._session = session
        self.nodeid = _stable_nodeid(item)
        self._wishes: Wishes = wishes(item)
        self._labels: set[str] = set()
        self._failure: str | None = None
        self._unsent: list[Comparison] = []
        self._pending: list[Pending] = []

    def compare(
        self,
        *,
        baseline: Callable[..., object],
        optimized: Callable[..., object],
        label: str | None = None,
        margin: float | None = None,
        min_speedup: float | None = None,
        work: str | None = None,
        setup: Setup | None = None,
        isolate: bool | None = None,
        warm: bool | None = None,
        raises: Raises | None = None,
        memory: bool | None = None,
        side_by_side: bool | None = None,
    ) -> Comparison:
        """Require that both arms return the same bits, and judge their speed where that was asked for.

        Parameters
        ----------
        baseline, optimized : callable
            The slow and the fast path, without arguments (one, with `setup`). Each must return the same bits at
            every call. Coroutine functions are awaited, and timed, inside an event loop.
        label : str, optional
            Names the comparison within the test; by default "comparison", "comparison 2", ...
        margin : float, optional
            Default claim: the optimized arm is not slower by more than this share, 0.02 if nothing else is
            chosen. Overrides the marker, which overrides the ini key.
        min_speedup : float, optional
            Explicit claim instead: baseline seconds / optimized seconds is at least this.
        work : str, optional
            What one call does, such as "250 bars"; shown beside the speedup.
        setup : callable, optional
            Makes the argument of the arms: anew for each arm and block, outside of the time. So neither what an arm
            remembers of earlier inputs nor where one input happens to lie in memory is measured.
        isolate : bool, optional
            Judge from 7 fresh processes from the start. By default so where an arm holds more than 4 MB that the
            other does not, and no `setup` renews it: where buffers lie biases a long-lived process by up to 11%.
        warm : bool, optional
            What an arm keeps from earlier calls (compiled code, a cache) is meant: do not warn that its first call
            took over 20 times as long as later ones.
        raises : exception class or tuple of them, optional
            Both arms must raise it; type, arguments and text of the exception are then the result that is compared,
            and the raising is part of what is timed. An arm that does not raise is an error.
        memory : bool, optional
            Count the peak memory of a call of each arm too, and hold it against the stored one.
        side_by_side : bool, optional
            False where the arms must not run at the same time, each in a copy of this process, as those over 5 ms do:
            they write the same file, read through one open file, or use one connection.

        Returns
        -------
        Comparison
            Verdict, speedup and interval; the latter two are None without ``--genesis-perf``. The verdict is
            "PENDING" where fresh processes must confirm what was found, or count instructions: they run once the
            test is over.

        Raises
        ------
        pytest.fail.Exception
            If the verdict fails the test, as it does for any difference.

        Examples
        --------
        >>> def test_precompute(genesis_perf):
        ...     genesis_perf.compare(
        ...         baseline=lambda: [x * x for x in range(100)],
        ...         optimized=lambda: list(map(lambda x: x * x, range(100))),
        ...     )
        """
        __tracebackhide__ = True
        # A label used twice is an error of its own, which must not take the place of the first comparison.
        given = isinstance(label, str) and label and label not in self._labels
        name = str(label) if given else self._default_label()
        settings = self._session.settings
        claim = Claim(settings.margin)
        seen: Observation | None = None
        remarks: tuple[str, ...] = ()
        try:
            check(
                baseline=baseline,
                optimized=optimized,
                label=label,
                work=work,
                setup=setup,
                raises=raises,
                used=self._labels,
            )
            claim = claim_of(margin, min_speedup, self._wishes, settings.margin)
            isolated = isolation(baseline, optimized, setup, isolate, self._wishes)
            functions = (baseline, optimized) if raises is None else expecting(baseline, optimized, raises)
            with prepared(*functions, setup) as arms:
                seed = seed_of(self._session, self.nodeid, name)
                beside = flag("side_by_side", side_by_side, self._wishes)
                pair = Pair(
                    self.nodeid,
                    name,
                    *arms,
                    seed,
                    handlers=handlers_of(self._item),
                    side_by_side=settings.side_by_side if beside is None else beside,
                )
                budget = self._wishes.budget or settings.budget
                wanted = flag("memory", memory, self._wishes)
                counted = settings.memory if wanted is None else wanted
                seen = observe(
                    pair,
                    claim,
                    budget,
                    self._session,
                    isolate=isolated,
                    memory=counted,
                    waiting=partial(timer_stopped, self._item),
                )
            evidence = seen.evidence
            if seen.measurement is not None and settings.benchmark_rows:
                add_arms(self._item, self.nodeid, name, seen.measurement)
            if not flag("warm", warm, self._wishes) and setup is None:
                remarks = memo_remarks(seen)
        except (
            ComparisonError,
            LoopRunningError,
            ArmRaisedError,
            NotComparableError,
            SideBySideError,
            BaselineError,
        ) as error:
            evidence = Evidence(asked=claim, error=str(error))
        self._labels.add(name)
        record = make_record(self._session, self.nodeid, name, work, evidence, seen)
        if seen and waits(seen, self._session):
            self._pending.append(Pending(self.nodeid, name, work, seen, remarks))
            waiting = "fresh processes judge it once the test is over"
            return replace(record, verdict=PENDING, effect="pass", row=0, judged=False, detail=waiting)
        return self._conclude(replace(record, remarks=remarks))

    @property
    def pending(self) -> bool:
        """Whether a comparison waits for fresh processes."""
        return bool(self._pending)

    def settle(
        self, ask: AskChild, files: tuple[str, ...], instructions: TestCounts | None = None
    ) -> str | None:
        """Have fresh processes judge what waits for them.

        Parameters
        ----------
        ask : callable
            Runs a child.
        files : tuple of str
            Files of the test, for the child.
        instructions : TestCounts, optional
            What was counted of the test under valgrind.

        Returns
        -------
        str or None
            What the failing test says; None if nothing of it fails.
        """
        waiting, self._pending = self._pending, []
        failures = [self._keep(final_record(one, self._session, ask, files, instructions)) for one in waiting]
        told = [failure for failure in failures if failure]
        if told:
            self._failure = "\n\n".join(told)
        return self._failure if told else None

    def take_plain(self) -> dict[str, Any]:
        """Return the comparisons made since the last time, in the form that a report carries."""
        unsent, self._unsent = self._unsent, []
        return {"test": self.nodeid, "comparisons": [record.to_plain() for record in unsent]}

    def close(self) -> None:
        """Fail the test if it compared nothing, or swallowed a failing comparison."""
        if self._failure is None and not self._labels:
            claim = Claim(self._session.settings.margin)
            error = "the fixture genesis_perf was requested but nothing was compared; call its compare()"
            evidence = Evidence(asked=claim, error=error)
            self._conclude(make_record(self._session, self.nodeid, DEFAULT_LABEL, None, evidence, None))
        if self._failure is not None:
            pytest.fail(self._failure, pytrace=False)

    def _default_label(self) -> str:
        if not self._labels:
            return DEFAULT_LABEL
        ordinals = count(len(self._labels) + 1)
        return next(name for name in (f"{DEFAULT_LABEL} {n}" for n in ordinals) if name not in self._labels)

    def _conclude(self, record: Comparison) -> Comparison:
        __tracebackhide__ = True
        failure = self._keep(record)
        if failure is not None:
            self._failure = failure
            pytest.fail(failure, pytrace=False)
        return record

    def _keep(self, record: Comparison) -> str | None:
        """Keep a final record for the reports, and return what the test says if it fails."""
        self._unsent.append(record)
        self._item.user_properties.append((f"genesis_perf[{record.label}]", property_text(record)))
        if record.effect != "fail":
            return None
        return str(printable(failure_text(record, self._session.settings.seed)))


def attach(item: pytest.Item) -> GenesisPerf:
    """Make the object of a test and remember it for the hooks; a rerun of the test starts anew."""
    perf = GenesisPerf(item, session_of(item.config))
    item.stash[keys.ITEM] = perf
    return perf


def _stable_nodeid(item: pytest.Item) -> str:
    # xdist's loadgroup writes the groups behind the node id; the comparison is the same one.
    groups = {
        str(m.args[0] if m.args else m.kwargs.get("name", "default"))
        for m in item.iter_markers("xdist_group")
    }
    if not groups or not hasattr(item.config, "workerinput"):
        return item.nodeid
    return item.nodeid.removesuffix(f"@{'_'.join(sorted(groups))}")
