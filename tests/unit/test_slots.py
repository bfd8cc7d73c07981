from __future__ import annotations

import asyncio
import os
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from pytest_genesis_perf import own_time
from pytest_genesis_perf.arms import Arm
from pytest_genesis_perf.own_time import ComputesAlone, OwnClock, not_alone, own_time_missing
from pytest_genesis_perf.prepared import prepared
from pytest_genesis_perf.slice_plan import SlicePlan
from pytest_genesis_perf.slots import slots_for

LINUX = pytest.mark.skipif(own_time_missing() is not None, reason=str(own_time_missing()))


def computing() -> int:
    return sum(range(3_000_000))


def sleeping() -> None:
    time.sleep(0.02)


def threaded() -> None:
    """Compute in another thread, in pieces of C that let this one compute too."""
    data = bytes(30_000_000)
    import zlib

    other = threading.Thread(target=zlib.crc32, args=(data,))
    other.start()
    zlib.crc32(data)
    other.join()


TRIES = 5
"""Another thread of the test runner may take a core or wait just then, which is no fault of the arms."""


def plan(baseline: Arm, optimized: Arm, **how: object) -> SlicePlan:
    made = slots_for((baseline, optimized), time.perf_counter_ns, "seed", **how)  # type: ignore[arg-type]
    made.stop(at_once=True)
    return made.plan


@LINUX
class TestWhy:
    def test_side_by_side_where_both_arms_compute(self) -> None:
        assert any(plan(computing, computing).in_turns is None for _ in range(TRIES))

    @pytest.mark.parametrize(
        ("arm", "why"), [(sleeping, "waits for something"), (threaded, "computes in several threads")]
    )
    def test_not_where_an_arm_does_something_else(self, arm: Arm, why: str) -> None:
        assert any(plan(computing, arm).in_turns == f"the optimized arm {why}" for _ in range(TRIES))
        assert any(plan(arm, computing).in_turns == f"the baseline arm {why}" for _ in range(TRIES))

    def test_not_where_that_is_forbidden(self) -> None:
        assert plan(computing, computing, side_by_side=False).in_turns == "side_by_side=False"

    def test_not_by_another_clock(self) -> None:
        made = slots_for((computing, computing), time.monotonic_ns, "seed")
        assert made.plan.in_turns == "the clock is the caller's own"

    def test_not_in_an_event_loop(self) -> None:
        async def waits() -> None:
            await asyncio.sleep(0.0)
            computing()

        with prepared(waits, waits, None) as arms:
            assert plan(*arms).in_turns == "an event loop cannot be copied into another process"

    def test_not_where_the_system_keeps_no_times(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(own_time, "SCHEDSTAT", tmp_path / "none")
        assert "cannot be read (No such file or directory)" in str(plan(computing, computing).in_turns)
        (tmp_path / "none").write_text("0 0 0\n")
        assert "keeps no times" in str(plan(computing, computing).in_turns)

    def test_an_arm_that_dies_in_a_copy_is_measured_here(self, tmp_path: Path) -> None:
        here = os.getpid()

        def only_here() -> int:
            if os.getpid() != here:
                os._exit(9)
            return computing()

        why = "a process that ran an arm ended with exit code 9"
        assert any(plan(only_here, computing).in_turns == why for _ in range(TRIES))

    def test_the_time_for_inputs_counts(self) -> None:
        def short(n: int) -> int:
            return sum(range(n // 100))

        def inputs() -> int:
            computing()
            return 3_000_000

        with prepared(lambda n: sum(range(n)), short, inputs) as arms:
            assert "12 blocks would take" in str(plan(*arms, cap=30.0).in_turns)

    def test_slices_are_sized_by_inputs_that_are_not_used_up(self) -> None:
        """A call on used inputs takes 10 ms, on new ones ten times as long."""

        def uses_up(inputs: list[int]) -> int:
            return sum(range(inputs.pop() if len(inputs) > 1 else inputs[0]))

        with prepared(uses_up, uses_up, lambda: [500_000, 8_000_000]) as arms:
            for arm in arms:
                arm()
            assert plan(*arms).baseline_calls <= 3


@LINUX
class TestOwnTime:
    @pytest.fixture
    def waited(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        file = tmp_path / "schedstat"
        file.write_text("1 0 1\n")
        monkeypatch.setattr(own_time, "SCHEDSTAT", file)
        monkeypatch.setattr(time, "perf_counter_ns", lambda: 7_000_000)
        return file

    def test_it_is_the_wall_without_waiting_for_a_core(self, waited: Path) -> None:
        with closing(OwnClock()) as clock:
            before = clock()
            waited.write_text("1 3000000 2\n")
            assert clock() - before == -3_000_000

    def test_a_sleep_is_the_threads_own(self) -> None:
        with closing(OwnClock()) as clock:
            before = clock()
            time.sleep(0.01)
            assert clock() - before > 9_000_000

    def test_a_thread_that_computes_is_alone(self) -> None:
        def seen() -> str | None:
            watched = ComputesAlone()
            computing()
            return watched.fault()

        assert any(seen() is None for _ in range(TRIES))

    @pytest.mark.parametrize(
        ("own", "thread", "process", "waits", "why"),
        [
            (100, 100, 100, 0, None),
            (100, 96, 100, 3, None),
            (100, 94, 94, 1, "waits for something"),
            # A hypervisor took the core: nobody gave it away.
            (100, 50, 50, 0, None),
            (100, 100, 104, 0, None),
            (100, 100, 106, 0, "computes in several threads"),
            (100, 50, 90, 1, "computes in several threads"),
            # Less than a millisecond says nothing.
            (1, 0.1, 0.1, 1, None),
            (1, 0.1, 1, 1, None),
        ],
    )
    def test_what_is_not_alone(
        self, own: float, thread: float, process: float, waits: int, why: str | None
    ) -> None:
        assert not_alone(*(int(1e6 * ms) for ms in (own, thread, process)), waits) == why
