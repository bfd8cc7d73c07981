"""Errors of values whose identity cannot be decided."""

from __future__ import annotations


class IdentityError(Exception):
    """Base of the errors of a value that cannot be compared or digested."""


_EXAMPLE = """\
    def __genesis_identity__(self): return self.a, self.b  # in class {name}; or in conftest.py:
    def pytest_genesis_perf_comparators(): return {{{name}: lambda value: (value.a, value.b)}}"""


class UnknownTypeError(IdentityError, TypeError):
    """A value of a type that the comparator does not know: an error, never a pass.

    Parameters
    ----------
    type_name : str
        Qualified name of the type.
    path : str
        Where the value stands, from the root ``result``.
    why : str
        What keeps it from being compared, if more than that it is unknown.

    Attributes
    ----------
    example : str
        Two lines that show both ways to make the type known.
    """

    def __init__(self, type_name: str, path: str, why: str = "") -> None:
        self.type_name = type_name
        self.path = path
        self.example = _EXAMPLE.format(name=type_name.rpartition(".")[2])
        reason = f" ({why})" if why else ""
        super().__init__(
            f"{path}: values of type {type_name} cannot be compared bit for bit{reason}; give the class a "
            "method __genesis_identity__() that returns the plain values which must be identical, or "
            "register a handler for the type (hook pytest_genesis_perf_comparators)"
        )


class CycleError(IdentityError, ValueError):
    """A value that contains itself, or is nested without end.

    Parameters
    ----------
    path : str
        The place at which the cycle closes, from the root ``result``.
    why : str
        What was found there.
    """

    def __init__(self, path: str, why: str) -> None:
        self.path = path
        super().__init__(f"{path}: {why}; return plain, finite values from the arms")
