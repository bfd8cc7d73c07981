"""What a name, a literal or an item of a vector stands for: the ground of the expression checker."""

from __future__ import annotations

import ast
import builtins
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType, ModuleType
from typing import TypeAlias

from genesis_core.kernels.checker import reasons, signs
from genesis_core.kernels.checker.signs import UNKNOWN, Known, Value
from genesis_core.kernels.checker.source import Source

INT_LIMIT = 2**63
"""Where the 64-bit integers of compiled code end."""

Report: TypeAlias = Callable[[ast.AST, str], None]
"""Takes a node and a message: a violation."""

CallCheck: TypeAlias = Callable[
    [FunctionType, ast.Call, Sequence[Value], Sequence[Mapping[str, int]]], tuple[Value, frozenset[int]]
]
"""Takes a function, a call of it, its arguments and the signs of their items; returns what is known of the
result, and which parameters are vectors whose items it stores."""


class Scope(ABC):
    """The names of one function, and what is known of them at the point that is being checked.

    Parameters
    ----------
    source : Source
        The function.
    known : Known
        What holds at its entry.
    report : callable
        See `Report`.
    call : callable
        See `CallCheck`.
    """

    def __init__(self, source: Source, known: Known, report: Report, call: CallCheck) -> None:
        self.source = source
        self.known: Known = known
        self.kinds: dict[str, str] = dict(source.parameters)
        self.locals = {*source.function.__code__.co_varnames, *source.function.__code__.co_cellvars}
        self.report = report
        self.call = call
        self.stored: set[str] = set()
        self.changes = 0

    @abstractmethod
    def value(self, node: ast.expr) -> Value:
        """Check an expression."""

    def reject(self, node: ast.AST, message: str) -> Value:
        """Report a violation; the value is unknown from here on."""
        self.report(node, message)
        return UNKNOWN

    def scalar(self, node: ast.expr, kind: str) -> Value:
        """Check an expression that must be of one kind."""
        value = self.value(node)
        if value.kind not in (kind, "?"):
            return self.reject(node, reasons.mismatch(kind, value.kind, node))
        return value

    def item(self, node: ast.Subscript) -> str | None:
        """Check ``v[i]``; return the key under which its signs are kept, ``v[`` if `i` is not constant."""
        if isinstance(node.slice, (ast.Slice, ast.Tuple)):
            self.report(node, reasons.EXPRESSIONS[ast.Slice])
            return None
        vector = self.value(node.value)
        index = self.scalar(node.slice, "int")
        if not isinstance(node.value, ast.Name) or vector.kind != "vector":
            if vector.kind != "?":
                self.report(node, f"an item of {reasons.article(vector.kind)}; only a Vector has items")
            return None
        if index.const is not None and index.const < 0:
            self.report(
                node, f"the index {index.const}: count from the start of the vector, indices begin at 0"
            )
            return None
        return f"{node.value.id}[{'' if index.const is None else f'{index.const}]'}"

    def key(self, node: ast.expr) -> str | None:
        """Return the key of the signs of a local name or item, None for any other expression."""
        if isinstance(node, ast.Name) and node.id in self.locals:
            return node.id
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            index = self.quiet(node.slice)
            return None if index.const is None else f"{node.value.id}[{index.const}]"
        return None

    def quiet(self, node: ast.expr) -> Value:
        """Return the value of an expression that was checked before."""
        report = self.report
        self.report = lambda node, message: None
        value = self.value(node)
        self.report = report
        return value

    def number(self, node: ast.AST, value: object) -> Value:
        """Check a constant."""
        if type(value) is bool:
            return Value("bool", const=value)
        if type(value) is int and -INT_LIMIT <= value < INT_LIMIT:
            return Value("int", signs.of(value), value)
        if type(value) is float and math.isfinite(value):
            return Value("float", signs.of(value), value)
        return self.reject(node, reasons.literal(value))

    def name(self, node: ast.Name) -> Value:
        """Check a name that is read."""
        name = node.id
        if name in self.locals:
            if name not in self.known.assigned:
                self.report(node, f"{name!r} may be unassigned here; assign it on every path")
            return Value(self.kinds.get(name, "?"), self.known.sign(name))
        if name not in self.source.scope:
            if hasattr(builtins, name):
                return self.reject(node, f"{name!r} is a builtin; it can only be called")
            return self.reject(node, f"the name {name!r} is not defined")
        value = self.source.scope[name]
        if isinstance(value, FunctionType):
            return self.reject(node, f"{name!r} is a function; a kernel can only call it")
        if isinstance(value, (bool, int, float)):
            return self.number(node, value)
        return self.reject(node, foreign(name, value))


def foreign(name: str, value: object) -> str:
    """Say why a kernel may not refer to an object of its module."""
    if isinstance(value, ModuleType):
        return f"{name!r} is the module {value.__name__}; a kernel may use the module math only"
    return f"{name!r} is a {type(value).__name__}; a kernel may refer to plain functions and numbers only"
