"""``genesis_perf.compare``: what a test calls, from its arguments to a record and a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from pytest_genesis_perf import keys
from pytest_genesis_perf.arms import ArmRaisedError, NotComparableError
from pytest_genesis_perf.comparators import handlers_of
from pytest_genesis_perf.confirm import Confirmation
from pytest_genesis_perf.costs import Counted, held
from pytest_genesis_perf.evidence import Claim, Evidence
from pytest_genesis_perf.marker import Wishes, fault_of, wishes
from pytest_genesis_perf.measure import Measurement, Pair
from pytest_genesis_perf.observe import Observation, memo_remarks, observe
from pytest_genesis_perf.owned import OWNED_BYTES, owned_bytes
from pytest_genesis_perf.pending import AskChild, Pending
from pytest_genesis_perf.prepared import LoopRunningError, Setup, prepared
from pytest_genesis_perf.raising import Raises, expecting, fault_of_raises
from pytest_genesis_perf.record import DEFAULT_LABEL, Comparison
from pytest_genesis_perf.report.text import failure_text, property_text
from pytest_genesis_perf.session import Session, session_of
from pytest_genesis_perf.toml_files import BaselineError
from pytest_genesis_perf.verdict import decide

if TYPE_CHECKING:
    from pytest_genesis_perf.counting import TestCounts

PENDING = "PENDING"
"""The verdict of a comparison that fresh processes have still to confirm."""


class ComparisonError(Exception):
    """A call of ``compare`` that makes no sense."""


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
        name = label if isinstance(label, str) and label else self._default_label()
        claim = Claim(self._session.settings.margin)
        seen: Observation | None = None
        remarks: tuple[str, ...] = ()
        try:
            self._check(baseline, optimized, label, work, setup, raises)
            claim = self._claim(margin, min_speedup)
            isolated = self._isolated(baseline, optimized, setup, isolate)
            functions = (baseline, optimized) if raises is None else expecting(baseline, optimized, raises)
            with prepared(*functions, setup) as arms:
                handlers = handlers_of(self._item)
                pair = Pair(self.nodeid, name, *arms, self._seed(name), handlers=handlers)
                budget = self._wishes.budget or self._session.settings.budget
                wanted = self._wish("memory", memory)
                counted = self._session.settings.memory if wanted is None else wanted
                seen = observe(pair, claim, budget, self._session, isolate=isolated, memory=counted)
            evidence = seen.evidence
            if not self._wish("warm", warm) and setup is None:
                remarks = memo_remarks(seen)
        except (
            ComparisonError,
            LoopRunningError,
            ArmRaisedError,
            NotComparableError,
            BaselineError,
        ) as error:
            evidence = Evidence(asked=claim, error=str(error))
        self._labels.add(name)
        if seen and (seen.suspicion or self._to_count(seen)):
            self._pending.append(Pending(self.nodeid, name, work, seen, remarks))
            waiting = "fresh processes judge it once the test is over"
            record = self._record(name, work, evidence, seen)
            return replace(record, verdict=PENDING, effect="pass", row=0, judged=False, detail=waiting)
        return self._conclude(replace(self._record(name, work, evidence, seen), remarks=remarks))

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
        failures = []
        for one in waiting:
            seen, found = one.settled(ask, files)
            if instructions is not None:
                seen = self._with_instructions(seen, one.label, instructions.of(one.label))
            record = self._record(one.label, one.work, seen.evidence, seen, found)
            failures.append(self._keep(replace(record, remarks=one.remarks)))
        told = [failure for failure in failures if failure]
        if told:
            self._failure = "\n\n".join(told)
        return self._failure if told else None

    def _to_count(self, seen: Observation) -> bool:
        """Say whether instructions are to be counted once the test is over."""
        settings = self._session.settings
        measured = seen.measurement is not None and seen.evidence.unstable is None
        return settings.instructions and not settings.child and measured

    def _with_instructions(self, seen: Observation, label: str, counted: Counted) -> Observation:
        entry = self._session.stored_speed((self.nodeid, label))
        evidence = held(seen.evidence, "instructions", counted, entry.instructions if entry else None)
        return replace(seen, evidence=evidence, instructions=counted)

    def take_plain(self) -> dict[str, Any]:
        """Return the comparisons made since the last time, in the form that a report carries."""
        unsent, self._unsent = self._unsent, []
        return {"test": self.nodeid, "comparisons": [record.to_plain() for record in unsent]}

    def close(self) -> None:
        """Fail the test if it compared nothing, or swallowed a failing comparison."""
        if self._failure is None and not self._labels:
            claim = Claim(self._session.settings.margin)
            error = "the fixture genesis_perf was requested but nothing was compared; call its compare()"
            self._conclude(self._record(DEFAULT_LABEL, None, Evidence(asked=claim, error=error), None))
        if self._failure is not None:
            pytest.fail(self._failure, pytrace=False)

    def _default_label(self) -> str:
        if not self._labels:
            return DEFAULT_LABEL
        ordinals = count(len(self._labels) + 1)
        return next(name for name in (f"{DEFAULT_LABEL} {n}" for n in ordinals) if name not in self._labels)

    def _seed(self, label: str) -> str:
        return f"{self._session.settings.seed} {self.nodeid} {label}"

    def _wish(self, key: str, given: bool | None) -> bool | None:
        """Return a flag as `compare` was given it, else as the marker says."""
        fault = None if given is None else fault_of(key, given)
        if fault:
            raise ComparisonError(f"compare(): {fault}")
        wished: bool | None = getattr(self._wishes, key)
        return wished if given is None else given

    def _isolated(
        self,
        baseline: Callable[..., object],
        optimized: Callable[..., object],
        setup: Setup | None,
        isolate: bool | None,
    ) -> bool:
        wish = self._wish("isolate", isolate)
        if wish is not None:
            return wish
        return setup is None and max(owned_bytes(baseline, optimized)) > OWNED_BYTES

    def _check(
        self,
        baseline: object,
        optimized: object,
        label: object,
        work: object,
        setup: object,
        raises: object,
    ) -> None:
        for role, arm in (("baseline", baseline), ("optimized", optimized)):
            if not callable(arm):
                raise ComparisonError(f"compare(): {role} must be callable, not {arm!r}")
        if setup is not None and not callable(setup):
            raise ComparisonError(f"compare(): setup must be callable without arguments, not {setup!r}")
        for name, text in (("label", label), ("work", work)):
            if text is not None and not (isinstance(text, str) and text and text.isprintable()):
                raise ComparisonError(f"compare(): {name} must be one line of text, not {text!r}")
        fault = None if raises is None else fault_of_raises(raises)
        if fault:
            raise ComparisonError(f"compare(): {fault}")
        if label in self._labels:
            raise ComparisonError(f"compare(): the label {label!r} is used twice in this test")

    def _claim(self, margin: float | None, min_speedup: float | None) -> Claim:
        for key, value in (("margin", margin), ("min_speedup", min_speedup)):
            fault = None if value is None else fault_of(key, value)
            if fault:
                raise ComparisonError(f"compare(): {fault}")
        if margin is not None and min_speedup is not None:
            raise ComparisonError("compare(): give margin (of the default claim) or min_speedup, not both")
        asked = Wishes(margin, min_speedup) if margin is not None or min_speedup is not None else self._wishes
        default = self._session.settings.margin
        return Claim(default if asked.margin is None else asked.margin, asked.min_speedup)

    def _record(
        self,
        label: str,
        work: str | None,
        evidence: Evidence,
        seen: Observation | None,
        confirmation: Confirmation | None = None,
    ) -> Comparison:
        outcome = decide(evidence)
        settings = self._session.settings
        measured = seen.measurement if seen else None
        stored = evidence.stored
        return Comparison(
            nodeid=self.nodeid,
            label=label,
            verdict=str(outcome.verdict),
            effect=outcome.effect(self._session.policy),
            row=outcome.row,
            detail=outcome.detail,
            judged=outcome.judged,
            timed=settings.timed and not settings.update,
            seed=self._seed(label) if measured else "",
            claim=evidence.asked.text,
            claim_limit=evidence.asked.min_speedup or 1.0 / (1.0 + evidence.asked.margin),
            work=work,
            stored=(stored.low, stored.median, stored.high) if stored else None,
            digest=seen.first.digests[0] if seen and not evidence.difference else None,
            stored_digest=self._session.stored_digest((self.nodeid, label))
            if evidence.error is None
            else None,
            digest_state=evidence.digest_state,
            plans=seen.first.plans if seen else {},
            confirmation=confirmation.speedups if confirmation else (),
            cost_gaps=(*evidence.uncounted, *evidence.unstored),
            **(_timings(measured) if measured else {}),
            **(self._costs(seen, label) if seen else {}),
        )

    def _costs(self, seen: Observation, label: str) -> dict[str, Any]:
        if seen.memory is None and seen.instructions is None:
            return {}
        entry = None if self._session.settings.child else self._session.stored_speed((self.nodeid, label))
        return {
            "memory_bytes": seen.memory.plain() if seen.memory else None,
            "stored_memory_bytes": entry.memory_bytes if entry and seen.memory else None,
            "instructions": seen.instructions.plain() if seen.instructions else None,
            "stored_instructions": entry.instructions if entry and seen.instructions else None,
        }

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
        return failure_text(record, self._session.settings.seed) if record.effect == "fail" else None


def attach(item: pytest.Item) -> GenesisPerf:
    """Make the object of a test and remember it for the hooks; a rerun of the test starts anew."""
    perf = GenesisPerf(item, session_of(item.config))
    item.stash[keys.ITEM] = perf
    return perf


def _timings(measured: Measurement) -> dict[str, Any]:
    seconds = None
    if measured.baseline_seconds is not None and measured.optimized_seconds is not None:
        seconds = {"baseline": measured.baseline_seconds, "optimized": measured.optimized_seconds}
    return {
        "speedup": measured.speedup,
        "interval": measured.interval,
        "seconds": seconds,
        "blocks": measured.xs,
        "long": measured.plan.long,
        "disturbance": measured.disturbance.text if measured.disturbance else "",
        "calls": {"baseline": measured.plan.baseline_calls, "optimized": measured.plan.optimized_calls},
    }


def _stable_nodeid(item: pytest.Item) -> str:
    # xdist's loadgroup writes the groups behind the node id; the comparison is the same one.
    groups = {
        str(m.args[0] if m.args else m.kwargs.get("name", "default"))
        for m in item.iter_markers("xdist_group")
    }
    if not groups or not hasattr(item.config, "workerinput"):
        return item.nodeid
    return item.nodeid.removesuffix(f"@{'_'.join(sorted(groups))}")
