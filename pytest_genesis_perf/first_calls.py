"""Identity of what the arms return: the first call of each, later the last, and what they say they ran."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pytest_genesis_perf.arms import ROLES, Arm, NotComparableError, running
from pytest_genesis_perf.identity import Difference, IdentityError, digest, find_difference
from pytest_genesis_perf.plans import Told, plans_of, require_two, summary
from pytest_genesis_perf.verdict import Unstable


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
    """

    results: tuple[object, object]
    digests: tuple[str, str]
    plans: Mapping[str, Told] = field(default_factory=dict)
    seconds: tuple[float, float] = (0.0, 0.0)

    @property
    def difference(self) -> Difference | None:
        """The first difference between the arms."""
        if self.digests[0] == self.digests[1]:
            return None
        found = find_difference(*self.results)
        return found or _overwritten(self.digests, "the arms share memory that one of them overwrites")


def call_arms(baseline: Arm, optimized: Arm, clock: Callable[[], int] = time.perf_counter_ns) -> FirstCalls:
    """Call each arm once.

    Parameters
    ----------
    baseline, optimized : callable
        The arms.
    clock : callable, optional
        Nanoseconds.

    Raises
    ------
    ArmRaisedError
        If an arm raises.
    NotComparableError
        If a result has an unknown type, or both arms ran the same plan.
    """
    results, digests, plans, seconds = [], [], [], []
    for role, arm in zip(ROLES, (baseline, optimized), strict=True):
        start = clock()
        with running(role):
            result = arm()
        seconds.append((clock() - start) * 1e-9)
        results.append(result)
        digests.append(_digest(role, result))
        plans.append(plans_of(role, result))
    require_two(*plans)
    told = {role: summary(plan.values()) for role, plan in zip(ROLES, plans, strict=True) if plan}
    return FirstCalls((results[0], results[1]), (digests[0], digests[1]), told, (seconds[0], seconds[1]))


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
        now = _digest(role, last)
        if now != first.digests[index]:
            found = find_difference(first.results[index], last)
            digests = (first.digests[index], now)
            return Unstable(role, found or _overwritten(digests, "a later call overwrites the first result"))
    return None


def _digest(role: str, result: object) -> str:
    try:
        return digest(result)
    except IdentityError as error:
        raise NotComparableError(f"the {role} arm's {error}") from error


def _overwritten(digests: tuple[str, str], reason: str) -> Difference:
    before, after = (f"digest {text}" for text in digests)
    return Difference("result", before, after, None, 1, reason)
