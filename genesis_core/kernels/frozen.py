"""A user's kernel as it was when a node was made of it.

A node is a value, and no constant of some module may change what it computes. Python looks a constant up anew at every
call, while compiled code has it built in: changed between two runs, the two would differ. So a node does not hold the
caller's step but a copy of it and of all that it reaches, with the constants as they were. Interpreted or compiled,
that copy runs, and nothing outside can change it. Whoever changes a constant expects another result, though, so a run
says at its start that the value is not the one that was taken: :meth:`FrozenKernel.require_current`.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass, fields
from functools import lru_cache
from types import CellType, CodeType, FunctionType
from typing import Any, NamedTuple

from genesis_core.kernels.base import Kernel
from genesis_core.kernels.language import require
from genesis_core.kernels.walk import KernelError, code_parts, global_names, law_digest, reachable, where

_ABSENT = object()
"""Stands for a name that is not among the globals, but a builtin or an attribute of math."""


class _Taken(NamedTuple):
    """A function of the caller's, and what it had when it was copied."""

    function: FunctionType
    code: CodeType
    names: tuple[tuple[str, object], ...]
    cells: tuple[tuple[CellType, object], ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class FrozenKernel(Kernel):
    """A kernel whose step is a copy that nothing can change; compared and hashed as any kernel.

    Attributes
    ----------
    law : str
        Digest of the step and all it reaches, of the caller's as of the copy's.
    taken : tuple
        What the copy was made of.
    """

    law: str
    taken: tuple[_Taken, ...]

    def is_current(self) -> bool:
        """Say whether the caller's functions and constants still are what was taken."""
        return _untouched(self.taken) or law_digest(self.taken[-1].function) == self.law

    def require_current(self, params: tuple[float, ...], state: int, warmup: int) -> None:
        """Raise if the caller's functions or constants are not what was taken any more.

        Parameters
        ----------
        params : tuple of float
            Of a node.
        state, warmup : int
            What was declared for them when it was made.

        Raises
        ------
        KernelError
            It names what changed, from what to what.
        """
        change = "" if self.is_current() else _change(self.taken)
        for name, taken in (("state", state), ("warmup", warmup)):
            declared = getattr(self, name)(params)
            if not change and declared != taken:
                change = f"{name}, as it declares it, was {taken} when the features were made and is {declared!r} now"
        if change:
            raise KernelError(
                f"kernel {self.name!r}: {change}; make it a parameter of the kernel, or make the features and the "
                "strategy anew to run with it"
            )


def frozen(kernel: Kernel) -> FrozenKernel:
    """Check a kernel of the caller's own and return it as it is now.

    Returns
    -------
    FrozenKernel
        The same object as long as, and whenever again, its functions and constants are the same.

    Raises
    ------
    KernelError
        If it is not in the kernel language.
    """
    if isinstance(kernel, FrozenKernel):
        return kernel
    first = _first(kernel)
    return first if _untouched(first.taken) else _by_law(kernel, law_digest(kernel.step))


@lru_cache(maxsize=256)
def _first(kernel: Kernel) -> FrozenKernel:
    return _by_law(kernel, _law(kernel))


@lru_cache(maxsize=256)
def _by_law(kernel: Kernel, law: str) -> FrozenKernel:
    require(kernel)
    step, taken = _copied(kernel.step)
    given = {field.name: getattr(kernel, field.name) for field in fields(Kernel)}
    return FrozenKernel(**{**given, "step": step}, law=law, taken=taken)


def _law(kernel: Kernel) -> str:
    """Return the digest of a kernel's step; what is no kernel at all is told by its violations, not by the digest."""
    try:
        return law_digest(kernel.step)
    except KernelError:
        require(kernel)
        raise


def _copied(root: Any) -> tuple[FunctionType, tuple[_Taken, ...]]:
    """Copy a function with all it reaches; callees first, `root` is the last of what was taken."""
    copies: dict[object, FunctionType] = {}
    all_taken = []
    for function in reachable(root):
        code = function.__code__
        outer = function.__globals__
        names = tuple((name, outer.get(name, _ABSENT)) for name in sorted(global_names(code)))
        cells = tuple((cell, cell.cell_contents) for cell in function.__closure__ or ())
        all_taken.append(_Taken(function, code, names, cells))
        own = {"__builtins__": builtins, "__name__": outer.get("__name__", "")}
        copy = FunctionType(
            code, own, function.__name__, function.__defaults__, tuple(CellType() for _ in cells) or None
        )
        copy.__qualname__ = function.__qualname__
        # Compiled code on disk names the modules of its functions; another process may not be able to import the
        # caller's, or find other code in it.
        copy.__module__ = __name__
        copy.__kwdefaults__ = function.__kwdefaults__
        copies[function] = copy

    def copied(value: object) -> object:
        return copies[value] if isinstance(value, FunctionType) else value

    for taken in all_taken:
        copy = copies[taken.function]
        for name, value in taken.names:
            if value is not _ABSENT:
                copy.__globals__[name] = copied(value)
        for cell, (_, value) in zip(copy.__closure__ or (), taken.cells, strict=True):
            cell.cell_contents = copied(value)
    return copies[all_taken[-1].function], tuple(all_taken)


def _untouched(all_taken: tuple[_Taken, ...]) -> bool:
    """Say whether each name still stands for the very object that was taken: about 0.1 us a name."""
    for function, code, names, cells in all_taken:
        if function.__code__ is not code:
            return False
        now = function.__globals__.get
        for name, value in names:
            if now(name, _ABSENT) is not value:
                return False
        for cell, value in cells:
            if _inside(cell) is not value:
                return False
    return True


def _inside(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # it was emptied
        return _ABSENT


def _change(all_taken: tuple[_Taken, ...]) -> str:
    """Say the first thing that is not as it was taken."""
    for function, code, names, cells in all_taken:
        by = where(function)
        if code_parts(function.__code__) != code_parts(code):
            return f"the code of {by} was replaced since the features were made of it"
        free = zip(code.co_freevars, cells, strict=True)
        pairs = [(name, old, function.__globals__.get(name, _ABSENT)) for name, old in names]
        pairs += [(name, old, _inside(cell)) for name, (cell, old) in free]
        for name, old, new in pairs:
            if new is old:
                continue
            if isinstance(old, FunctionType) or isinstance(new, FunctionType):
                if not _same_law(old, new):
                    return f"{name}, which {by} calls, is not the function that the features were made of"
            elif (type(old), repr(old)) != (type(new), repr(new)):
                was, now = (repr(value) if value is not _ABSENT else "not there" for value in (old, new))
                return (
                    f"{name}, which {by} reads, was {was} when the features were made of it and is {now} now"
                )
    return "its functions are not those that the features were made of"


def _same_law(old: object, new: object) -> bool:
    both = isinstance(old, FunctionType) and isinstance(new, FunctionType)
    return both and law_digest(old) == law_digest(new)  # type: ignore[arg-type]
