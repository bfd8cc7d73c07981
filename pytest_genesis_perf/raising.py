"""Arms that must raise: ``raises=`` turns the exception into the result, and no exception into an error."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping

from pytest_genesis_perf.arms import ROLES, NotComparableError
from pytest_genesis_perf.identity.drained import is_iterator
from pytest_genesis_perf.identity.parts import type_name
from pytest_genesis_perf.prepared import is_coroutine_function

Function = Callable[..., object]
Raises = type[Exception] | tuple[type[Exception], ...]
"""As for ``pytest.raises``, without those that end a test or a run."""


class Raised:
    """The result of an arm that raised as it should: identical when type, arguments and text of the exception are.

    Parameters
    ----------
    error : BaseException
        What was raised. Its notes, cause and traceback do not count; those of a group are its exceptions.
    """

    __slots__ = ("_error",)

    def __init__(self, error: BaseException) -> None:
        # Frames would keep alive what an arm worked on.
        self._error = error.with_traceback(None)

    def __genesis_identity__(self) -> Mapping[str, object]:
        """Return what must be identical."""
        error = self._error
        inner = getattr(error, "exceptions", None)
        args = (error.args[0], inner) if isinstance(inner, tuple) and error.args else error.args
        return {"type": type_name(type(error)), "args": _comparable(args), "str": str(error)}


def _comparable(value: object) -> object:
    """Return arguments of an exception, with those that are exceptions themselves made comparable."""
    if isinstance(value, BaseException):
        return Raised(value)
    return tuple(map(_comparable, value)) if type(value) is tuple else value


def expecting(baseline: Function, optimized: Function, expected: Raises) -> tuple[Function, Function]:
    """Return the arms, each of which must raise.

    Parameters
    ----------
    baseline, optimized : callable
        Functions or coroutine functions.
    expected : type or tuple of types
        What they must raise; any other exception leaves the arm as ever.

    Returns
    -------
    tuple of callable
        Functions that return a :class:`Raised`; without an exception they raise :class:`NotComparableError`. An
        iterator that one returns is run to its end, since it may raise on the way.
    """
    first, second = (_expecting(*arm, expected) for arm in zip(ROLES, (baseline, optimized), strict=True))
    return first, second


def _expecting(role: str, function: Function, expected: Raises) -> Function:
    if is_coroutine_function(function):

        async def later(*given: object) -> object:
            try:
                result = _run(await function(*given))  # type: ignore[misc]
            except expected as error:
                return Raised(error)
            raise _no_exception(role, result, expected)

        return later

    def call(*given: object) -> object:
        try:
            result = _run(function(*given))
        except expected as error:
            return Raised(error)
        raise _no_exception(role, result, expected)

    return call


def _run(result: object) -> object:
    if isinstance(result, Iterator) and is_iterator(result):
        deque(result, maxlen=0)
    return result


def _no_exception(role: str, result: object, expected: Raises) -> NotComparableError:
    names = " or ".join(map(type_name, expected if isinstance(expected, tuple) else (expected,)))
    return NotComparableError(
        f"the {role} arm did not raise {names}, as raises= says it does; it returned a value of type "
        f"{type_name(type(result))}"
    )


def fault_of_raises(expected: object) -> str | None:
    """Return what is wrong with the value of ``raises=``, None if nothing is.

    Parameters
    ----------
    expected : object
        What was given.
    """
    kinds = expected if isinstance(expected, tuple) else (expected,)
    if kinds and all(isinstance(kind, type) and issubclass(kind, Exception) for kind in kinds):
        return None
    return f"raises must be an exception class, such as ValueError, or a tuple of them, not {expected!r}"
