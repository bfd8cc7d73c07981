"""Identity of what the arms return: the first call of each, later the last, and what they say they ran."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from pytest_genesis_perf.arms import ROLES, Arm, NotComparableError, running
from pytest_genesis_perf.evidence import Unstable
from pytest_genesis_perf.execution_plans import Told, plans_of, require_two, summary
from pytest_genesis_perf.identity import (
    Difference,
    Handler,
    IdentityError,
    UnknownTypeError,
    digest,
    find_difference,
)
from pytest_genesis_perf.identity.drained import Drained, Yielded, is_iterator
from pytest_genesis_perf.identity.place import Place
from pytest_genesis_perf.prepared import PreparedArm, is_coroutine_function


@dataclass(frozen=True)
class FirstCalls:
    """What the first call of each arm returned.

    Parameters
    ----------
    results : tuple of object
        Of the baseline and the optimized arm.
    digests : tuple of str
        Taken right after each call: an arm that returns a buffer which a later call overwrites, its own or
        the other arm's, cannot pass as identical.
    plans : mapping
        What each arm says it ran, where it does; one plan an arm, whatever number of results it returned.
    seconds : tuple of float
        Of the first call of each arm.
    handlers : tuple of Handler
        How values of further types are taken apart.
    drained : Drained
        What iterators among the results yielded.
    """

    results: tuple[object, object]
    digests: tuple[str, str]
    plans: Mapping[str, Told] = field(default_factory=dict)
    seconds: tuple[float, float] = (0.0, 0.0)
    handlers: tuple[Handler, ...] = ()
    drained: Drained = field(default_factory=Drained)

    @property
    def difference(self) -> Difference | None:
        """The first difference between the arms."""
        if self.digests[0] == self.digests[1]:
            return None
        found = find_difference(*self.results, handlers=self.handlers, drained=self.drained)
        return found or _overwritten(self.digests, "the arms share memory that one of them overwrites")

    def timeable(self, baseline: Arm, optimized: Arm) -> tuple[Arm, Arm]:
        """Return the arms as they must be timed: one that returns an iterator has done nothing yet.

        Parameters
        ----------
        baseline, optimized : callable
            The arms.

        Raises
        ------
        NotComparableError
            If a result holds iterators inside: nobody would run those while the clock runs.
        """
        lazy = [is_iterator(result) for result in self.results]
        if len(self.drained) > sum(lazy):
            raise NotComparableError(
                "speed cannot be judged: there is an iterator inside a result, whose work is done only after the "
                "arm has returned; put a list there"
            )
        first, second = (
            _timeable(arm) if late else arm for arm, late in zip((baseline, optimized), lazy, strict=True)
        )
        return first, second


def call_arms(
    baseline: Arm,
    optimized: Arm,
    clock: Callable[[], int] = time.perf_counter_ns,
    handlers: tuple[Handler, ...] = (),
) -> FirstCalls:
    """Call each arm once.

    Parameters
    ----------
    baseline, optimized : callable
        The arms.
    clock : callable, optional
        Nanoseconds.
    handlers : tuple of Handler, optional
        How values of further types are taken apart.

    Raises
    ------
    ArmRaisedError
        If an arm raises.
    NotComparableError
        If a result has an unknown type, or both arms ran the same plan.
    """
    results, digests, plans, seconds = [], [], [], []
    drained = Drained()
    for role, arm in zip(ROLES, (baseline, optimized), strict=True):
        start = clock()
        with running(role):
            result = arm()
            if is_iterator(result):
                drained.part(result, Place())
        seconds.append((clock() - start) * 1e-9)
        results.append(result)
        digests.append(_digest(role, result, handlers, drained))
        plans.append(plans_of(role, result))
    require_two(*plans)
    told = {role: summary(plan.values()) for role, plan in zip(ROLES, plans, strict=True) if plan}
    return FirstCalls(
        (results[0], results[1]), (digests[0], digests[1]), told, (seconds[0], seconds[1]), handlers, drained
    )


def find_unstable(first: FirstCalls, baseline: Arm, optimized: Arm) -> Unstable | None:
    """Call each arm once more and hold the result against its first call.

    Parameters
    ----------
    first : FirstCalls
        The first calls.
    baseline, optimized : callable
        The arms.
    """
    for index, arm in enumerate((baseline, optimized)):
        role = ROLES[index]
        with running(role):
            last = arm()
        drained = Drained()
        now = _digest(role, last, first.handlers, drained)
        if now != first.digests[index]:
            before = first.results[index]
            drained.take_over(first.drained)
            found = find_difference(before, last, handlers=first.handlers, drained=drained)
            digests = (first.digests[index], now)
            return Unstable(role, found or _overwritten(digests, "a later call overwrites the first result"))
    return None


def _digest(role: str, result: object, handlers: tuple[Handler, ...], drained: Drained) -> str:
    # A generator does the arm's work only now, and a comparator may raise like the arm itself.
    with running(role):
        try:
            return digest(result, handlers=handlers, drained=drained)
        except IdentityError as error:
            example = f"\n{error.example}" if isinstance(error, UnknownTypeError) else ""
            raise NotComparableError(f"the {role} arm's {error}{example}") from error


def _timeable(arm: Arm) -> Arm:
    return arm.around(_to_its_end) if isinstance(arm, PreparedArm) else _to_its_end(arm)


def _to_its_end(function: Callable[..., object]) -> Callable[..., object]:
    """Return a function that runs the iterator which another returns."""
    if is_coroutine_function(function):

        async def later(*given: object) -> object:
            return _run(await function(*given))  # type: ignore[misc]

        return later
    return lambda *given: _run(function(*given))


def _run(result: object) -> object:
    return Yielded(result) if isinstance(result, Iterator) and is_iterator(result) else result


def _overwritten(digests: tuple[str, str], reason: str) -> Difference:
    before, after = (f"digest {text}" for text in digests)
    return Difference("result", before, after, None, 1, reason)
