"""Costs beside their stored values: what crosses, what cannot be compared, and what that does to the verdict."""

from __future__ import annotations

import pytest

from pytest_genesis_perf.costs import SLACK, Counted, agreed, held, higher
from pytest_genesis_perf.evidence import Evidence, StoredSpeed
from pytest_genesis_perf.soft_states import Effect
from pytest_genesis_perf.statistics import ClaimState
from pytest_genesis_perf.verdict import Outcome, Policy, Verdict, decide

GOOD = Evidence(
    digest_state="match", claim=ClaimState.HOLDS, interval=(2.0, 2.1), stored=StoredSpeed(2.0, 2.05, 2.1)
)
PEAKS = {"baseline": 4_000_000, "optimized": 2_000_000}
COUNTS = {"baseline": 900_000, "optimized": 100_000, "tool": "valgrind 3.19"}


def memory(current: Counted, stored: dict[str, int | str] | None) -> Outcome:
    return decide(held(GOOD, "memory", current, stored))


def instructions(current: Counted, stored: dict[str, int | str] | None) -> Outcome:
    return decide(held(GOOD, "instructions", current, stored))


@pytest.mark.parametrize("arm", ["baseline", "optimized"])
def test_a_cost_of_either_arm_beyond_one_percent_fails(arm: str) -> None:
    limit = PEAKS[arm] * 101 // 100
    assert memory(Counted({**PEAKS, arm: limit}), {**PEAKS}).row == 12
    outcome = memory(Counted({**PEAKS, arm: limit + 1}), {**PEAKS})
    assert (outcome.verdict, outcome.row, outcome.effect(Policy())) == (Verdict.REGRESSED, 6, "fail")
    assert outcome.detail == f"cost: {arm} peak memory, bytes: {limit + 1:,}, stored {PEAKS[arm]:,} x 1.01"


@pytest.mark.parametrize("kind", ["memory", "instructions"])
def test_a_small_count_needs_more_than_the_slack(kind: str) -> None:
    stored = {"baseline": 0, "optimized": 10}
    inside = {"baseline": SLACK[kind], "optimized": 10 + SLACK[kind]}  # type: ignore[index]
    assert decide(held(GOOD, kind, Counted(inside), {**stored})).row == 12  # type: ignore[arg-type]
    beyond = {**inside, "baseline": inside["baseline"] + 1}
    assert decide(held(GOOD, kind, Counted(beyond), {**stored})).row == 6  # type: ignore[arg-type]


def test_instructions_are_compared_within_one_version_of_the_tool() -> None:
    more = {"baseline": 900_000, "optimized": 200_000}
    crossed = instructions(Counted(more, "valgrind 3.19"), {**COUNTS})
    assert crossed.row == 6
    assert "optimized instructions: 200,000, stored 100,000 x 1.01" in crossed.detail
    other = instructions(Counted(more, "valgrind 3.20"), {**COUNTS})
    assert (other.verdict, other.row, other.soft) == (Verdict.NO_BASELINE, 10, "no_cost")
    assert "counted by valgrind 3.20, stored by valgrind 3.19" in other.detail


def test_what_has_no_stored_count_says_how_to_store_one() -> None:
    outcome = memory(Counted(PEAKS), None)
    assert (outcome.verdict, outcome.row, outcome.soft) == (Verdict.NO_BASELINE, 10, "no_cost")
    assert outcome.detail.startswith("memory: none is stored, record with --genesis-perf-update and")


@pytest.mark.parametrize("stored", [None, COUNTS], ids=["none stored", "stored"])
@pytest.mark.parametrize("effect", ["pass", "warn", "fail"])
def test_what_could_not_be_counted_never_passes_silently(
    stored: dict[str, int | str] | None, effect: Effect
) -> None:
    outcome = instructions(Counted(why="valgrind was not found"), stored)
    assert (outcome.verdict, outcome.row) == (Verdict.INCONCLUSIVE, 8)
    assert outcome.detail == "instructions: not counted, valgrind was not found"
    assert outcome.effect(Policy()) == "warn"
    assert outcome.effect(Policy(no_cost=effect, inconclusive="pass", no_speed="pass")) == effect
    # The claim was judged: a run of such comparisons is not one in which nothing was.
    assert outcome.judged


def test_one_cost_crossed_fails_although_the_other_was_not_counted() -> None:
    evidence = held(GOOD, "instructions", Counted(why="valgrind was not found"), None)
    evidence = held(evidence, "memory", Counted({**PEAKS, "optimized": 3_000_000}), {**PEAKS})
    assert decide(evidence).row == 6


def test_processes_agree_on_their_highest_count_or_not_at_all() -> None:
    low = {"baseline": 4_000_000, "optimized": 2_000_000}
    assert agreed([low, {"baseline": 4_040_000, "optimized": 1_999_999}], "memory") == {
        "baseline": 4_040_000,
        "optimized": 2_000_000,
    }
    assert agreed([low, low, {"baseline": 4_040_001, "optimized": 2_000_000}], "memory") is None
    small = {"baseline": 0, "optimized": 0}
    assert agreed([small, {"baseline": SLACK["memory"], "optimized": 3}], "memory") == {
        "baseline": SLACK["memory"],
        "optimized": 3,
    }


def test_an_update_names_the_costs_that_rose() -> None:
    assert higher("memory", PEAKS, {"baseline": 4_000_000, "optimized": 2_100_000}) == [
        "optimized peak memory, bytes: 2,000,000 -> 2,100,000"
    ]
    assert higher("memory", PEAKS, {"baseline": 3_000_000, "optimized": 2_000_001}) == []
    assert higher("memory", None, PEAKS) == higher("memory", PEAKS, None) == []
    assert higher("instructions", COUNTS, {**COUNTS, "optimized": 200_000, "tool": "valgrind 3.20"}) == []


def test_a_count_is_stored_with_its_tool() -> None:
    assert Counted(PEAKS).plain() == PEAKS
    assert Counted({"baseline": 1, "optimized": 2}, "valgrind 3.19").plain() == {
        "baseline": 1,
        "optimized": 2,
        "tool": "valgrind 3.19",
    }
    assert Counted(why="valgrind was not found").plain() is None
