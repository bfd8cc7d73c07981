"""What ran is looked for in all of a result, so that no part of it is compared with itself."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_genesis_perf.arms import ArmRaisedError, NotComparableError
from pytest_genesis_perf.first_calls import FirstCalls, call_arms


class Result:
    """The same value whatever ran."""

    def __init__(self, path: str, **counters: Any) -> None:
        self.plan = {"path": path, **counters}

    def __genesis_identity__(self) -> list[float]:
        return [1.0]

    def __genesis_plan__(self) -> dict[str, Any]:
        return self.plan


def calls(baseline: Any, optimized: Any) -> FirstCalls:
    return call_arms(lambda: baseline, lambda: optimized)


SLOW, FAST = Result("recompute"), Result("windowed")


@pytest.mark.parametrize(
    ("baseline", "optimized", "where"),
    [
        (SLOW, SLOW, ""),
        ([SLOW], [SLOW], ""),
        ([SLOW, SLOW], [FAST, SLOW], " for result[1]"),
        ((1.0, {"a": [SLOW], "b": SLOW}), (1.0, {"a": [FAST], "b": SLOW}), " for result[1]['b']"),
        ({"x": (SLOW, FAST)}, {"x": (FAST, FAST)}, " for result['x'][1]"),
    ],
)
def test_a_result_compared_with_another_run_of_its_own_plan_is_vacuous(
    baseline: Any, optimized: Any, where: str
) -> None:
    with pytest.raises(NotComparableError) as caught:
        calls(baseline, optimized)
    assert str(caught.value).startswith("vacuous: both arms ran plan '")
    assert str(caught.value).endswith(f"'{where}")


def test_no_hit_at_all_is_vacuous_and_one_is_enough() -> None:
    """Runs that share a cache: the first cannot hit."""
    slow = [SLOW, SLOW]
    cold, warm = Result("cached(recompute)", hits=0), Result("cached(recompute)", hits=400)
    with pytest.raises(NotComparableError, match=r"ran plan 'cached\(recompute\)' with 0 hits"):
        calls(slow, [cold, cold])
    assert calls(slow, [cold, warm]).plans["optimized"]["hits"] == 400


def test_the_plans_of_several_results_are_told_as_one() -> None:
    optimized = [
        Result("cached(recompute)", hits=1, misses=3, machine="a", only="x", mixed=1),
        Result("windowed", hits=2, misses=0, machine="a", mixed="many"),
        Result("cached(recompute)", hits=4, misses=1, machine="a"),
    ]
    seen = calls([SLOW] * 3, optimized)
    assert seen.plans == {
        "baseline": {"path": "recompute"},
        "optimized": {"path": "cached(recompute) + windowed", "hits": 7, "misses": 4, "machine": "a"},
    }
    assert calls(SLOW, optimized[0]).plans["optimized"] == optimized[0].plan


def test_results_without_plans_are_only_compared() -> None:
    assert calls([1.0, {"a": (2.0,)}], [1.0, {"a": (2.0,)}]).plans == {}
    assert set(calls([1.0, SLOW], [1.0, [1.0]]).plans) == {"baseline"}


@pytest.mark.parametrize("plan", [None, {"hits": 3}, ["x"]])
def test_a_plan_without_a_path_is_refused_in_a_list_too(plan: Any) -> None:
    wrong = Result("x")
    wrong.plan = plan
    with pytest.raises(NotComparableError, match="the optimized arm's __genesis_plan__"):
        calls([SLOW], [wrong])


class Raising:
    def __genesis_identity__(self) -> list[float]:
        return [1.0]

    def __genesis_plan__(self) -> dict[str, Any]:
        raise RuntimeError("no plan")


def test_a_plan_that_raises_names_the_arm() -> None:
    with pytest.raises(ArmRaisedError, match="the baseline arm raised RuntimeError: no plan"):
        calls([Raising()], [FAST])
