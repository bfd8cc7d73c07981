"""What ``genesis_perf.compare`` is given: checked, and beside it what the marker and the options ask for."""

from __future__ import annotations

from collections.abc import Callable, Container

from pytest_genesis_perf.evidence import Claim
from pytest_genesis_perf.marker import Wishes, fault_of
from pytest_genesis_perf.owned import OWNED_BYTES, owned_bytes
from pytest_genesis_perf.raising import fault_of_raises


class ComparisonError(Exception):
    """A call of ``compare`` that makes no sense."""


def check(
    *,
    baseline: object,
    optimized: object,
    label: object,
    work: object,
    setup: object,
    raises: object,
    used: Container[object],
) -> None:
    """Check what no other function of this module does.

    Parameters
    ----------
    baseline, optimized, label, work, setup, raises : object
        As given to ``compare``; None where something was not.
    used : container of str
        The labels of the comparisons before this one in the same test.

    Raises
    ------
    ComparisonError
        For the first one that cannot be what it should be.
    """
    for role, arm in (("baseline", baseline), ("optimized", optimized)):
        if not callable(arm):
            raise ComparisonError(f"compare(): {role} must be callable, not {arm!r}")
    if setup is not None and not callable(setup):
        raise ComparisonError(f"compare(): setup must be callable without arguments, not {setup!r}")
    for name, text in (("label", label), ("work", work)):
        if text is not None and not (isinstance(text, str) and text and text.isprintable()):
            raise ComparisonError(f"compare(): {name} must be one line of printable text, not {text!r}")
    fault = None if raises is None else fault_of_raises(raises)
    if fault:
        raise ComparisonError(f"compare(): {fault}")
    if label in used:
        raise ComparisonError(f"compare(): the label {label!r} is used twice in this test")


def claim_of(margin: float | None, min_speedup: float | None, wishes: Wishes, default: float) -> Claim:
    """Return the claim: of the arguments, else of the marker, else the default one.

    Parameters
    ----------
    margin, min_speedup : float or None
        As given to ``compare``; one of them is a whole claim and leaves nothing of the marker's.
    wishes : Wishes
        What the marker asks for.
    default : float
        The margin where nobody asks for anything.

    Raises
    ------
    ComparisonError
        If both are given, or one has a wrong value.
    """
    for key, value in (("margin", margin), ("min_speedup", min_speedup)):
        fault = None if value is None else fault_of(key, value)
        if fault:
            raise ComparisonError(f"compare(): {fault}")
    if margin is not None and min_speedup is not None:
        raise ComparisonError("compare(): give margin (of the default claim) or min_speedup, not both")
    asked = Wishes(margin, min_speedup) if margin is not None or min_speedup is not None else wishes
    return Claim(default if asked.margin is None else asked.margin, asked.min_speedup)


def flag(key: str, given: bool | None, wishes: Wishes) -> bool | None:
    """Return a flag as ``compare`` was given it, else as the marker says.

    Parameters
    ----------
    key : {"isolate", "memory", "side_by_side", "warm"}
        Which flag.
    given : bool or None
        The argument.
    wishes : Wishes
        What the marker asks for.

    Raises
    ------
    ComparisonError
        If the argument is neither True nor False.
    """
    fault = None if given is None else fault_of(key, given)
    if fault:
        raise ComparisonError(f"compare(): {fault}")
    wished: bool | None = getattr(wishes, key)
    return wished if given is None else given


def isolation(
    baseline: Callable[..., object],
    optimized: Callable[..., object],
    setup: object,
    given: bool | None,
    wishes: Wishes,
) -> bool:
    """Return whether fresh processes judge from the start: as asked for, else where an arm owns large buffers.

    Parameters
    ----------
    baseline, optimized : callable
        The arms.
    setup : callable or None
        What renews their input, and with it the place of buffers.
    given : bool or None
        The argument ``isolate``.
    wishes : Wishes
        What the marker asks for.

    Raises
    ------
    ComparisonError
        If the argument is neither True nor False.
    """
    wish = flag("isolate", given, wishes)
    if wish is not None:
        return wish
    return setup is None and max(owned_bytes(baseline, optimized)) > OWNED_BYTES
