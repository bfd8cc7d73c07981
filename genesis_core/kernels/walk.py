"""Everything a kernel can reach: the functions it calls and the constants it reads, and one digest of it all.

Numba's own disk cache watches only the file of the jitted function, so an edited callee in another file would
leave a stale binary. This digest changes with any of them.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

from genesis_core.digest import digest
from genesis_core.errors import GenesisError


class KernelError(GenesisError, TypeError):
    """A function that is not in the kernel language."""


def reachable(root: Callable[..., Any]) -> tuple[FunctionType, ...]:
    """List `root` and every function it can call, callees first.

    Parameters
    ----------
    root : function
        A kernel, or a closure over kernels.

    Returns
    -------
    tuple of function
        Each function once; `root` is the last.

    Raises
    ------
    KernelError
        If something it refers to is neither a plain function nor a constant.
    """
    order: list[FunctionType] = []
    seen: set[int] = set()

    def visit(function: FunctionType) -> None:
        if id(function) in seen:
            return
        seen.add(id(function))
        for _, value in references(function):
            if isinstance(value, FunctionType):
                visit(value)
        order.append(function)

    visit(_plain(root))
    return tuple(order)


def references(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield each name that `function` takes from its globals or closure, with its value, sorted by name.

    Raises
    ------
    KernelError
        For a module other than ``math``, or an object a kernel may not use.
    """
    names: dict[str, Any] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            names[name] = cell.cell_contents
        except ValueError:
            raise KernelError(f"{where(function)}: {name!r} of its closure has no value yet") from None
    for name in global_names(function.__code__):
        if name in function.__globals__:
            names.setdefault(name, function.__globals__[name])
        elif not hasattr(builtins, name) and not hasattr(math, name):
            raise KernelError(f"{where(function)}: the name {name!r} is not defined")
    for name in sorted(names):
        value = names[name]
        if value is math:
            continue
        if not isinstance(value, (bool, int, float, FunctionType)):
            raise KernelError(
                f"{where(function)}: {name!r} is a {type(value).__name__}; "
                "a kernel may refer to plain functions, numbers and the module math only"
            )
        yield name, value


def law_digest(root: Callable[..., Any]) -> str:
    """Digest the code and constants of `root` and of everything it reaches.

    Equal within one Python version for equal code; comments and line numbers do not count.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    functions = reachable(root)
    number = {id(f): i for i, f in enumerate(functions)}
    parts: list[object] = []
    for function in functions:
        parts.append(code_parts(function.__code__))
        parts.append(repr((function.__defaults__, function.__kwdefaults__)))
        for name, value in references(function):
            is_function = isinstance(value, FunctionType)
            parts.append((name, number[id(value)] if is_function else (type(value).__name__, repr(value))))
    return digest(parts)


def where(function: FunctionType) -> str:
    """Name a function and the place of its definition, for an error message."""
    return f"{function.__qualname__} ({function.__code__.co_filename}:{function.__code__.co_firstlineno})"


def _plain(function: Callable[..., Any]) -> FunctionType:
    if not isinstance(function, FunctionType):
        raise KernelError(f"{function!r} is a {type(function).__name__}; a kernel is a plain Python function")
    return function


def global_names(code: CodeType) -> set[str]:
    """Return the names that code looks up outside of it, the names of attributes among them."""
    names = set(code.co_names)
    for const in code.co_consts:
        if isinstance(const, CodeType):
            names |= global_names(const)
    return names


def code_parts(code: CodeType) -> list[object]:
    """Return what of a code object decides what it does: not its file, nor its lines."""
    consts = [
        code_parts(c) if isinstance(c, CodeType) else (type(c).__name__, repr(c)) for c in code.co_consts
    ]
    names = [list(code.co_names), list(code.co_varnames), list(code.co_freevars), list(code.co_cellvars)]
    return [code.co_code, code.co_argcount, consts, *names]
