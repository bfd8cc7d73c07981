from __future__ import annotations

import multiprocessing
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_genesis_perf import slice_plan, slots
from pytest_genesis_perf.arms import (
    Arm,
    ArmRaisedError,
    LastCalls,
    NoAnswerError,
    NotComparableError,
    SideBySideError,
)
from pytest_genesis_perf.evidence import Claim
from pytest_genesis_perf.measure import measure
from pytest_genesis_perf.measurement import Measurement, Pair, Terms
from pytest_genesis_perf.own_time import ComputesAlone, own_time_missing
from pytest_genesis_perf.prepared import prepared
from pytest_genesis_perf.sampling import Sampler
from pytest_genesis_perf.side_by_side import HINT, SideBySide
from pytest_genesis_perf.slice_plan import BESIDE_NS
from pytest_genesis_perf.statistics import ClaimState

pytestmark = pytest.mark.skipif(own_time_missing() is not None, reason=str(own_time_missing()))


@pytest.fixture
def made() -> Callable[..., SideBySide]:
    """Return what makes two processes; none of them may be left when the test is over."""
    ours: list[SideBySide] = []

    def make(
        baseline: Arm, optimized: Arm, last_calls: LastCalls | None = None, patience: float = 60.0
    ) -> SideBySide:
        ours.append(SideBySide((baseline, optimized), "seed", last_calls, patience))
        return ours[-1]

    yield make  # type: ignore[misc]
    for one in ours:
        one.stop()
    assert not multiprocessing.active_children()


def noting(file: Path, role: str) -> Arm:
    """Return an arm that writes down which process runs it."""

    def arm() -> None:
        with file.open("a") as notes:
            notes.write(f"{os.getpid()} {role}\n")

    return arm


def computing(turns: int = 400_000) -> Arm:
    return lambda: sum(range(turns))


def slow_computing() -> Arm:
    """Return an arm of over 5 ms on any machine."""
    return computing(3_000_000)


class TestProcesses:
    def test_each_runs_what_it_is_told_and_as_often(
        self, made: Callable[..., SideBySide], tmp_path: Path
    ) -> None:
        file = tmp_path / "notes"
        beside = made(noting(file, "b"), noting(file, "o"))
        # Both arms were called in both processes before anything was asked for.
        warm = Counter(file.read_text().splitlines())
        pids = {line.split()[0] for line in warm}
        assert len(pids) == 2
        assert str(os.getpid()) not in pids
        assert warm == Counter({f"{pid} {role}": 1 for pid in pids for role in "bo"})
        file.write_text("")
        beside.time([(0, 3), (1, 5)], 60.0)
        first = Counter(file.read_text().splitlines())
        file.write_text("")
        beside.time([(1, 5), (0, 3)], 60.0)
        second = Counter(file.read_text().splitlines())
        assert sorted(first.values()) == sorted(second.values()) == [3, 5]
        assert not set(first) & set(second)

    def test_both_keep_to_one_core(self, made: Callable[..., SideBySide], tmp_path: Path) -> None:
        file = tmp_path / "cores"

        def arm() -> None:
            with file.open("a") as notes:
                notes.write(f"{sorted(os.sched_getaffinity(0))}\n")

        before = os.sched_getaffinity(0)
        made(arm, arm)
        cores = set(file.read_text().splitlines())
        assert len(cores) == 1
        assert "," not in cores.pop()
        assert os.sched_getaffinity(0) == before

    def test_what_is_called_at_the_end_sees_the_calls_before_it(
        self, made: Callable[..., SideBySide]
    ) -> None:
        calls: list[int] = []
        beside = made(lambda: calls.append(1), lambda: calls.append(1), lambda: (os.getpid(), len(calls)))
        beside.time([(0, 7), (1, 7)], 60.0)
        found: Any = beside.last(60.0)
        pid, called = found
        assert pid != os.getpid()
        assert called == 2 + 7
        assert calls == []

    def test_an_arm_that_raises_is_named_with_its_line(self, made: Callable[..., SideBySide]) -> None:
        calls: list[int] = []

        def breaks() -> None:
            calls.append(1)
            if len(calls) > 1:
                raise ZeroDivisionError("at the second call")

        beside = made(computing(), breaks)
        with pytest.raises(ArmRaisedError) as raised:
            beside.time([(0, 1), (1, 1)], 60.0)
        told = str(raised.value)
        assert told.startswith("the optimized arm raised ZeroDivisionError: at the second call\n")
        assert Path(__file__).name in told
        assert told.endswith(HINT)

    def test_what_cannot_be_compared_keeps_its_kind(self, made: Callable[..., SideBySide]) -> None:
        calls: list[int] = []

        def refuses() -> None:
            calls.append(1)
            if len(calls) > 1:
                raise NotComparableError("the baseline arm did not raise")

        beside = made(refuses, computing())
        with pytest.raises(NotComparableError, match="did not raise"):
            beside.time([(0, 1), (1, 1)], 60.0)

    def test_what_only_a_copy_cannot_do_says_so(self, made: Callable[..., SideBySide]) -> None:
        here = os.getpid()

        def only_here() -> None:
            if os.getpid() != here:
                raise RuntimeError("no device")

        with pytest.raises(SideBySideError) as raised:
            made(only_here, computing())
        told = "in a copy of this process the baseline arm raised RuntimeError: no device"
        assert str(raised.value) == told

    def test_inputs_are_made_anew_for_each_call(
        self, made: Callable[..., SideBySide], tmp_path: Path
    ) -> None:
        file = tmp_path / "seen"

        def wears(items: list[int]) -> None:
            with file.open("a") as notes:
                notes.write(f"{items}\n")
            items.append(1)

        with prepared(wears, wears, list) as arms:
            beside = made(*arms)
            beside.time([(0, 4), (1, 4)], 60.0)
        assert file.read_text().splitlines() == ["[]"] * (4 + 8)

    def test_warnings_are_as_in_the_test(self, made: Callable[..., SideBySide]) -> None:
        here = os.getpid()

        def warns() -> None:
            if os.getpid() != here:
                warnings.warn("old", DeprecationWarning, stacklevel=1)

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(SideBySideError, match="raised DeprecationWarning: old"):
                made(warns, computing())

    def test_a_process_that_dies_is_told_of(self, made: Callable[..., SideBySide]) -> None:
        calls: list[int] = []

        def dies() -> None:
            calls.append(1)
            if len(calls) > 1:
                os._exit(7)

        beside = made(dies, computing())
        with pytest.raises(SideBySideError, match="ended with exit code 7"):
            beside.time([(0, 1), (1, 1)], 60.0)

    def test_a_process_that_hangs_is_not_waited_for(self, made: Callable[..., SideBySide]) -> None:
        here = os.getpid()

        def hangs() -> None:
            if os.getpid() != here:
                time.sleep(600.0)

        with pytest.raises(SideBySideError, match=r"did not answer within 0\.2 s"):
            made(hangs, computing(), patience=0.2)
        assert not multiprocessing.active_children()


class TestHanging:
    """A process that answers too late: what it says is not taken for an answer to the next question."""

    def measured(self, given_up: Path, answers: bool, monkeypatch: pytest.MonkeyPatch) -> Measurement:
        monkeypatch.setattr(slice_plan, "BESIDE_SLOT_SECONDS", 0.01)
        monkeypatch.setattr(slots, "_PATIENCE", 0.0)
        monkeypatch.setattr(slots, "_PATIENCE_SECONDS", 1.0)

        class Patient(SideBySide):
            """Its first calls are not what hangs here, however busy the machine is; it says when it gave up."""

            def __init__(
                self, arms: tuple[Arm, Arm], seed: str, last_calls: LastCalls | None, patience: float
            ) -> None:
                super().__init__(arms, seed, last_calls, 60.0)

            def _answer(self, number: int, seconds: float) -> Any:
                try:
                    return super()._answer(number, seconds)
                except NoAnswerError:
                    given_up.touch()
                    raise

        monkeypatch.setattr(slots, "SideBySide", Patient)
        here, work = os.getpid(), slow_computing()
        calls: list[int] = []

        def sticks() -> object:
            if os.getpid() != here:
                calls.append(1)
                if len(calls) == 12:
                    while not (answers and given_up.exists()):
                        time.sleep(0.01)
            return work()

        pair = Pair("t", "c", work, sticks, "seed")
        terms = Terms(Claim(), None, 60.0, 60.0)
        last: list[int] = []

        def note() -> None:
            last.append(os.getpid())

        found = measure(pair, terms, last_calls=note)
        assert last == [here], "the last calls were not made, or in a process that did not answer"
        return found

    def test_it_is_undecided_and_says_why(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        found = self.measured(tmp_path / "given up", False, monkeypatch)
        assert found.claim is ClaimState.UNDECIDED
        assert found.unstable is None
        assert "a process that runs an arm did not answer within 1 s" in str(found.reason)
        assert not multiprocessing.active_children()

    def test_a_late_answer_is_not_heard(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        found = self.measured(tmp_path / "given up", True, monkeypatch)
        assert found.claim is ClaimState.UNDECIDED
        assert found.unstable is None


class TestSampler:
    @pytest.fixture(autouse=True)
    def steady(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever the load makes of one call: equal arms are alike. Short slices: nothing here is judged."""
        monkeypatch.setattr(ComputesAlone, "fault", lambda self: None)
        monkeypatch.setattr(slice_plan, "SAME_CALLS", 16)
        monkeypatch.setattr(slice_plan, "BESIDE_SLOT_SECONDS", 0.01)

    def test_long_arms_are_run_side_by_side(self) -> None:
        with Sampler(slow_computing(), slow_computing(), "seed") as sampler:
            plan = sampler.samples.plan
            assert (plan.long, plan.in_turns) == (True, None)
            assert plan.baseline_calls == plan.optimized_calls
            for _ in range(3):
                sampler.draw_block()
            assert [len(slices) for slices in sampler.samples.slices] == [4, 4, 4]
            # Whatever the load, a slot takes at least what its calls take at the machine's best.
            assert min(map(min, sampler.samples.slices)) > BESIDE_NS
            assert len(multiprocessing.active_children()) == 2
        assert not multiprocessing.active_children()

    def test_short_arms_are_not(self) -> None:
        with Sampler(computing(100), computing(100), "seed") as sampler:
            assert (sampler.samples.plan.long, sampler.samples.plan.in_turns) == (False, None)
            assert not multiprocessing.active_children()

    def test_the_coin_says_which_process_runs_which(self, tmp_path: Path) -> None:
        file = tmp_path / "notes"
        work = slow_computing()

        def arm(role: str) -> Arm:
            note = noting(file, role)
            return lambda: (note(), work())

        with Sampler(arm("b"), arm("o"), "seed") as sampler:
            ran: Counter[frozenset[str]] = Counter()
            for _ in range(12):
                file.write_text("")
                sampler.draw_block()
                lines = file.read_text().splitlines()
                # A block is two pairs, and in the second one the processes exchange the arms.
                first, second = (
                    frozenset(half) for half in (lines[: len(lines) // 2], lines[len(lines) // 2 :])
                )
                assert len(first) == len(second) == 2
                assert not first & second
                ran[first] += 1
        assert len(ran) == 2
        assert min(ran.values()) >= 2

    def test_an_interrupted_run_leaves_no_process(self) -> None:
        with pytest.raises(KeyboardInterrupt), Sampler(slow_computing(), slow_computing(), "seed"):
            raise KeyboardInterrupt
        assert not multiprocessing.active_children()
