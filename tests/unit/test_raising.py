"""``raises=``: the exception is the result."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref

import pytest

from pytest_genesis_perf.arms import ArmRaisedError, NotComparableError
from pytest_genesis_perf.first_calls import call_arms, find_unstable
from pytest_genesis_perf.identity import digest, find_difference
from pytest_genesis_perf.raising import Raised, expecting, fault_of_raises


def raiser(error):
    def arm():
        raise error

    return arm


def test_type_arguments_and_text_are_the_result():
    def path(a, b):
        found = find_difference(Raised(a), Raised(b))
        assert (found is None) == (digest(Raised(a)) == digest(Raised(b)))
        return found and found.path

    assert path(ValueError("x", 1), ValueError("x", 1)) is None
    assert path(ValueError("x"), TypeError("x")) == "result['type']"
    assert path(ValueError(1), ValueError(1.0)) == "result['args'][0]"
    assert path(KeyError("x"), KeyError("y")) == "result['args'][0]"
    assert path(OSError(2, "no", "a"), OSError(2, "no", "b")) == "result['str']"
    assert path(ValueError(KeyError("x")), ValueError(KeyError("y"))) == "result['args'][0]['args'][0]"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there are no exception groups before")
def test_groups_are_compared_by_their_exceptions():
    def group(message):
        return ExceptionGroup("two", [ValueError("x"), KeyError(message)])  # noqa: F821

    assert find_difference(Raised(group("a")), Raised(group("a"))) is None
    found = find_difference(Raised(group("a")), Raised(group("b")))
    assert found is not None
    assert found.path == "result['args'][1][1]['args'][0]"


def test_what_an_arm_worked_on_is_let_go():
    class Data:
        pass

    kept = []

    def arm():
        data = Data()
        kept.append(weakref.ref(data))
        raise ValueError("x")

    call, _ = expecting(arm, arm, ValueError)
    result = call()
    gc.collect()
    assert isinstance(result, Raised)
    assert kept[0]() is None


def test_arms_that_raise_alike_are_identical_at_every_call():
    arms = expecting(raiser(ValueError("x")), raiser(ValueError("x")), (KeyError, ValueError))
    first = call_arms(*arms)
    assert first.difference is None
    assert find_unstable(first, *arms) is None
    different = call_arms(*expecting(raiser(ValueError("x")), raiser(ValueError("y")), ValueError))
    assert different.difference is not None
    assert different.difference.path == "result['args'][0]"


def test_another_exception_leaves_the_arm():
    arms = expecting(raiser(ValueError("x")), raiser(KeyError("y")), ValueError)
    with pytest.raises(ArmRaisedError, match="the optimized arm raised KeyError"):
        call_arms(*arms)


@pytest.mark.parametrize(
    ("expected", "name"), [(ValueError, "ValueError"), ((KeyError, ValueError), "KeyError or ValueError")]
)
def test_no_exception_is_an_error_that_names_the_arm(expected, name):
    baseline, optimized = expecting(raiser(ValueError("x")), lambda: [1], expected)
    assert isinstance(baseline(), Raised)
    message = (
        f"the optimized arm did not raise {name}, as raises= says it does; it returned a value of type list"
    )
    with pytest.raises(NotComparableError, match=message):
        call_arms(baseline, optimized)


def test_a_generator_may_raise_on_its_way():
    def lazy():
        yield 1
        raise ValueError("x")

    first = call_arms(*expecting(lazy, raiser(ValueError("x")), ValueError))
    assert first.difference is None


def test_coroutine_functions_and_arguments_stay_what_they_are():
    async def later(n):
        raise ValueError(n)

    def now(n):
        raise ValueError(n)

    waits, at_once = expecting(later, now, ValueError)
    assert find_difference(asyncio.run(waits(3)), at_once(3)) is None

    async def fine():
        return 1

    quiet, _ = expecting(fine, fine, ValueError)
    with pytest.raises(NotComparableError, match="the baseline arm did not raise"):
        asyncio.run(quiet())


@pytest.mark.parametrize(
    "wrong", [(), "ValueError", ValueError("x"), int, KeyboardInterrupt, (ValueError, int)]
)
def test_only_exception_classes_can_be_expected(wrong):
    assert str(fault_of_raises(wrong)).startswith("raises must be an exception class")
    assert fault_of_raises(ValueError) is fault_of_raises((ValueError, KeyError)) is None
