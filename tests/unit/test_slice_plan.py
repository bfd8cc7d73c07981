from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_genesis_perf.slice_plan import BESIDE_NS, BESIDE_SLOT_SECONDS, LONG_NS, LONG_SHARE, CallTimes

LONG = BESIDE_NS * 1e-9 * 2
SECONDS = st.floats(1e-9, 100.0)


def times(*seconds: float, inputs: float = 0.0) -> CallTimes:
    return CallTimes((1, 1), (seconds[0], seconds[1]), inputs)


class TestSideBySide:
    def test_from_5_ms_on(self) -> None:
        edge = BESIDE_NS * 1e-9
        assert times(edge * 1.001, 1e-6).plan(None).beside
        short = times(edge, edge).plan(None)
        assert (short.beside, short.long, short.in_turns) == (False, False, None)

    def test_arms_of_like_length_get_as_many_calls(self) -> None:
        plan = times(0.030, 0.050).plan(None)
        assert plan.baseline_calls == plan.optimized_calls == math.ceil(BESIDE_SLOT_SECONDS / 0.030)

    def test_a_shorter_arm_runs_as_long_by_more_calls(self) -> None:
        plan = times(0.025, 0.002).plan(None)
        assert (plan.baseline_calls, plan.optimized_calls) == (4, 50)

    def test_beside_one_call_the_other_fills_its_time(self) -> None:
        plan = times(0.4, 0.002).plan(None)
        assert (plan.baseline_calls, plan.optimized_calls) == (1, 200)

    @given(SECONDS, SECONDS)
    def test_the_other_way_round_is_the_same(self, a: float, b: float) -> None:
        one, other = times(a, b).plan(None), times(b, a).plan(None)
        assert (one.baseline_calls, one.optimized_calls) == (other.optimized_calls, other.baseline_calls)
        assert (one.long, one.in_turns) == (other.long, other.in_turns)

    @given(SECONDS, SECONDS)
    def test_both_run_about_as_long(self, a: float, b: float) -> None:
        plan = times(a, b).plan(None)
        if plan.beside:
            first, second = plan.baseline_calls * a, plan.optimized_calls * b
            assert max(first, second) <= 2.0 * min(first, second) * (1.0 + 1e-9)
            assert min(first, second) >= BESIDE_SLOT_SECONDS * (1.0 - 1e-9)


class TestInTurns:
    @pytest.mark.parametrize("seconds", [(LONG, LONG), (LONG, 1e-6), (1e-6, LONG * 100)])
    def test_where_something_is_in_the_way(self, seconds: tuple[float, float]) -> None:
        assert (
            times(*seconds).plan("the clock is the caller's own").in_turns == "the clock is the caller's own"
        )

    def test_nothing_is_told_of_short_arms(self) -> None:
        assert times(1e-6, 1e-6).plan("side_by_side=False").in_turns is None

    def test_from_50_ms_on_in_pairs(self) -> None:
        edge = LONG_NS * 1e-9
        assert not times(edge, edge).plan("no").long
        plan = times(edge * 1.001, edge).plan("no")
        assert (plan.long, plan.order(0), plan.order(1)) == (True, (0, 1), (1, 0))
        assert times(edge, edge).plan("no").order(1) == (1, 0, 0, 1)

    def test_beside_a_long_arm_the_other_fills_a_share_of_it(self) -> None:
        plan = times(0.4, 0.0006).plan("no")
        assert (plan.baseline_calls, plan.optimized_calls) == (1, math.ceil(LONG_SHARE * 0.4 / 0.0006))

    def test_short_slices_of_like_length_get_as_many_calls(self) -> None:
        plan = CallTimes((3, 4), (33e-6, 25e-6)).plan(None)
        assert (plan.baseline_calls, plan.optimized_calls) == (4, 4)
        plan = CallTimes((1, 50), (100e-6, 2e-6)).plan(None)
        assert (plan.baseline_calls, plan.optimized_calls) == (1, 50)


class TestTheTimeLimit:
    """Twelve blocks of four slices of 0.1 s take 4.8 s: 60% of 8 s."""

    def test_not_where_blocks_would_not_fit_into_it(self) -> None:
        assert times(LONG, LONG).plan(None, cap=8.1).beside
        assert times(LONG, LONG).plan(None, cap=7.9).in_turns == (
            "12 blocks would take 5 of 7.9 s (ini genesis_perf_cap)"
        )

    def test_the_time_for_inputs_counts(self) -> None:
        # 10 calls of 10 ms a slice, each with 10 ms for its inputs: twice as long.
        assert times(LONG, LONG, inputs=0.01).plan(None, cap=16.1).beside
        assert times(LONG, LONG, inputs=0.01).plan(None, cap=15.9).in_turns is not None
        # Of a shorter arm there are more.
        assert times(LONG, LONG / 10, inputs=0.01).plan(None, cap=80.0).in_turns is not None

    def test_a_slice_is_as_long_as_its_patience_supposes(self) -> None:
        assert times(LONG, LONG).slot_seconds == BESIDE_SLOT_SECONDS
        assert times(0.4, LONG).slot_seconds == 0.4
        assert times(LONG, LONG, inputs=0.01).slot_seconds == pytest.approx(0.2)
