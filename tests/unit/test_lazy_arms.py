"""Arms that return iterators: what is timed is the work, also with inputs of their own and in an event loop."""

from __future__ import annotations

from itertools import count

import pytest

from pytest_genesis_perf.arms import ArmRaisedError, NotComparableError
from pytest_genesis_perf.first_calls import call_arms, find_unstable
from pytest_genesis_perf.prepared import PreparedArm, prepared


def test_the_first_call_runs_an_iterator_inside_its_time():
    now = count()
    seen = []

    def lazy():
        seen.append(next(now))
        yield 1

    first = call_arms(lazy, lazy, lambda: next(now) * 1_000_000_000)
    assert seen == [1, 4]
    assert first.seconds == (2.0, 2.0)
    assert first.difference is None


def test_an_arm_that_returns_a_list_is_timed_as_it_is():
    def plain():
        return [1]

    def lazy():
        yield 1

    first = call_arms(plain, plain)
    assert first.timeable(plain, plain) == (plain, plain)
    mixed = call_arms(plain, lazy)
    assert mixed.difference is not None
    assert mixed.timeable(plain, lazy)[0] is plain


@pytest.mark.parametrize("asynchronous", [False, True])
def test_prepared_arms_run_their_iterators_while_the_clock_runs(asynchronous):
    ran = []

    def lazy(number):
        ran.append(number)
        yield 1

    async def later(number):
        return lazy(number)

    numbers = count()
    arm = later if asynchronous else lazy
    with prepared(arm, arm, lambda: next(numbers)) as arms:
        first = call_arms(*arms)
        timed = first.timeable(*arms)
        assert find_unstable(first, *timed) is None
        ran.clear()
        assert all(isinstance(one, PreparedArm) for one in timed)
        timed[0].renew()
        timed[0].time(3, lambda: 0)
    assert ran == [4, 4, 4]


def test_what_a_generator_raises_is_raised_by_its_arm():
    def failing():
        yield 1
        raise KeyError("x")

    with pytest.raises(ArmRaisedError, match="the optimized arm raised KeyError") as caught:
        call_arms(lambda: iter([1]), failing)
    # The plugin's own frames are left out.
    assert str(caught.value).splitlines()[2].endswith("in failing")


def test_an_iterator_inside_a_result_has_no_speed():
    def arm():
        return {"rows": iter([1, 2])}

    first = call_arms(arm, arm)
    assert first.difference is None
    with pytest.raises(
        NotComparableError, match="speed cannot be judged: there is an iterator inside a result"
    ):
        first.timeable(arm, arm)


def test_an_arm_whose_iterators_differ_from_call_to_call_is_unstable():
    numbers = count()

    def arm():
        return iter([next(numbers) > 1])

    found = find_unstable(call_arms(arm, arm), arm, arm)
    assert found is not None
    assert found.difference.path == "result[0]"
