"""Constant indices of a kernel, held against the sizes it declares: a proof, for branches never taken too."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import FunctionType
from typing import Any, NamedTuple

from genesis_core.kernels.checker.source import Source, read

STATE, PARAMS = 0, 1
"""The vectors of a step function, by the place of its arguments."""


class Reach(NamedTuple):
    """The largest constant index into a vector, and where it stands: ``file:line``."""

    largest: int
    where: str


@lru_cache(maxsize=256)
def constant_reach(step: Callable[..., Any]) -> Mapping[int, Reach]:
    """Find the largest constant index into state and parameters, in a step and all that it calls with them.

    Parameters
    ----------
    step : function
        In the kernel language, where a vector keeps its name and nothing calls itself.

    Returns
    -------
    mapping of int to Reach
        For `STATE` and `PARAMS`; without an entry where no constant index stands.
    """
    found: dict[int, Reach] = {}
    if isinstance(step, FunctionType):
        _visit(step, {0: STATE, 1: PARAMS}, found)
    return found


def _visit(function: FunctionType, vectors: Mapping[int, int], found: dict[int, Reach]) -> None:
    """Look at one function, given which of its arguments are which vector."""
    source = read(function)
    if source.node is None:
        return
    names = {name: vectors[i] for i, (name, _) in enumerate(source.parameters) if i in vectors}
    for node in ast.walk(source.node):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in names:
            index, vector = _constant(node.slice, source), names[node.value.id]
            if index is not None and (vector not in found or index > found[vector].largest):
                found[vector] = Reach(index, f"{function.__code__.co_filename}:{node.lineno}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            target = source.scope.get(node.func.id)
            given = {
                i: names[argument.id]
                for i, argument in enumerate(node.args)
                if isinstance(argument, ast.Name) and argument.id in names
            }
            if given and isinstance(target, FunctionType):
                _visit(target, given, found)


def _constant(node: ast.expr, source: Source) -> int | None:
    """Return the value of an index made of literals and outer constants, None for any other."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.Name):
        value = None if node.id in source.function.__code__.co_varnames else source.scope.get(node.id)
        return value if type(value) is int else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub, ast.Mult)):
        left, right = _constant(node.left, source), _constant(node.right, source)
        if left is None or right is None:
            return None
        if isinstance(node.op, ast.Mult):
            return left * right
        return left + right if isinstance(node.op, ast.Add) else left - right
    return None
