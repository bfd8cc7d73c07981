"""What changed from one run to the next: every word, its order, and what is not compared."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_genesis_perf.between_runs import CHANGES, Change, changes
from pytest_genesis_perf.record import Comparison
from tests.unit.reports import comparison, failing


def changed(before: Comparison | None, after: Comparison | None, tolerance: float = 0.10) -> Change:
    (found,) = changes([before] if before else [], [after] if after else [], tolerance)
    return found


def at(speedup: float, half: float = 0.01, **more: Any) -> Comparison:
    return comparison(speedup=speedup, interval=(speedup * (1 - half), speedup * (1 + half)), **more)


def test_nothing_changed() -> None:
    found = changed(comparison(), comparison())
    assert (found.words, found.reasons, found.ratio) == (("same",), (), 1.0)


@pytest.mark.parametrize(
    ("after", "word"),
    [
        (2.65, "slower"),  # below 2.97 / 1.1 with its whole interval: 2.6765 < 2.7
        (2.70, "same"),
        (3.35, "same"),
        (3.40, "faster"),  # above 3.03 * 1.1 with its whole interval: 3.366 > 3.333
    ],
)
def test_a_speed_counts_as_changed_beyond_the_older_interval_and_the_tolerance(
    after: float, word: str
) -> None:
    found = changed(at(3.0), at(after))
    assert found.words == (word,)
    assert found.ratio == after / 3.0


def test_the_tolerance_is_the_callers() -> None:
    assert changed(at(3.0), at(2.8), 0.10).words == ("same",)
    assert changed(at(3.0), at(2.8), 0.02).words[0] == "slower"


@pytest.mark.parametrize(("before", "after"), [(0.2, 0.01), (0.01, 0.2)])
def test_wide_intervals_say_nothing_on_either_side(before: float, after: float) -> None:
    found = changed(at(3.0, before), at(3.0, after))
    assert found.words == ("unclear",)
    assert found.reasons == ("an interval is wider than 10%: the speeds cannot be told apart",)


def test_other_results_are_the_worst_and_named_with_both_digests() -> None:
    found = changed(comparison(digest="aa"), failing("fast", digest="bb"))
    assert found.words == ("other results", "slower", "worse")
    assert found.reasons == ("digest: aa before, bb after", "verdict: PASS before, REGRESSED after")


def test_a_verdict_that_got_better_is_not_called_worse() -> None:
    assert "better" in changed(failing("fast"), comparison()).words
    assert "worse" not in changed(failing("fast"), comparison()).words


def test_another_work_has_other_results_speeds_and_costs_so_none_are_compared() -> None:
    costs = {"memory_bytes": {"baseline": 9, "optimized": 9}}
    found = changed(at(3.0, work="250 bars", digest="aa"), at(1.0, work="100 bars", digest="bb", **costs))
    assert (found.words, found.ratio) == (("other work",), None)
    assert found.reasons == ("work: 250 bars before, 100 bars after",)


def test_another_claim_is_said_and_the_speeds_are_still_compared() -> None:
    found = changed(at(3.0), at(2.0, claim="at least 2x faster"))
    assert found.words == ("slower", "other claim")
    assert found.ratio == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        (1_000_000, 1_010_001, "costs more"),
        (1_000_000, 1_010_000, "same"),
        (1_010_001, 1_000_000, "costs less"),
        (1_000, 5_096, "same"),  # as for stored costs, 4,096 bytes more say nothing
        (1_000, 5_097, "costs more"),
    ],
)
def test_costs_beyond_one_percent_are_told(before: int, after: int, word: str) -> None:
    old, new = (comparison(memory_bytes={"baseline": 5, "optimized": count}) for count in (before, after))
    found = changed(old, new)
    assert found.words == (word,)
    if word != "same":
        assert found.reasons == (f"optimized peak memory: {before:,} bytes before, {after:,} bytes after",)


@pytest.mark.parametrize("role", ["baseline", "optimized"])
def test_instructions_of_either_arm_count(role: str) -> None:
    counts = {"baseline": 10_000, "optimized": 10_000, "tool": "valgrind 3.19"}
    old, new = comparison(instructions=counts), comparison(instructions={**counts, role: 20_000})
    assert changed(old, new).reasons == (f"{role} instructions: 10,000 before, 20,000 after",)


def test_what_was_measured_and_is_not_any_more_is_told() -> None:
    identity = comparison(timed=False, speedup=None, interval=None, seconds=None, blocks=())
    assert changed(comparison(), identity).words == ("not measured",)
    assert changed(comparison(), identity).reasons == ("speed: measured before, not after",)
    assert changed(comparison(), comparison(digest=None)).reasons == ("results: a digest before, none after",)
    assert changed(identity, comparison()).words == ("same",)


def test_instructions_of_another_tool_are_not_compared() -> None:
    old, new = (
        comparison(instructions={"baseline": 5, "optimized": count, "tool": tool})
        for count, tool in ((100, "valgrind 3.19"), (900, "valgrind 3.22"))
    )
    assert changed(old, new).words == ("same",)


def test_gone_and_new_comparisons_are_told() -> None:
    assert changed(comparison(), None).words == ("gone",)
    assert changed(None, comparison()).words == ("new",)
    assert changed(None, comparison()).record == comparison()


def test_unmeasured_comparisons_have_no_ratio() -> None:
    found = changed(comparison(), comparison(speedup=None, interval=None, verdict="DIFFERENT", digest=None))
    assert (found.words, found.ratio) == (("worse", "not measured"), None)


def test_the_worst_stands_first_and_the_slowest_of_equals() -> None:
    before = [at(3.0, nodeid=f"t::{n}") for n in range(4)]
    after = [at(value, nodeid=f"t::{n}") for n, value in enumerate((3.0, 2.0, 1.0, 9.0))]
    found = changes(before, after, 0.1)
    assert [change.record.nodeid for change in found] == ["t::2", "t::1", "t::3", "t::0"]
    assert all(word in CHANGES for change in found for word in change.words)
