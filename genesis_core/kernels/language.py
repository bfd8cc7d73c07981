"""The kernel language: the Python in which interpreted code and Numba cannot disagree, and its checker.

A kernel is a plain function with annotated positional parameters (``float``, ``int``, ``bool``, ``Vector``)
and an annotated result (a scalar, ``tuple[float, float]`` or None). In it stand: float ``+ - * /``; int ``+
- *`` and ``// %`` by something positive, ``& | ^ << >>``; comparisons; ``and or not`` of bools; conditional
expressions; if, while and ``for i in range(...)`` with break and continue; assignments; items of vectors;
``math.sqrt``, ``math.floor``, ``abs``, ``int`` of a float, ``float`` of an int; calls of other kernels;
numbers of the module or closure. Everything else is a violation, with the reason and what to write. A name
has one type, an operation has operands of one type, a name is assigned on every path before it is read, and
nothing calls itself.

**Division.** The signs of its operands alone must show that a divisor is not zero. A constant has its sign.
A condition that compares a name, or an item ``v[2]`` with a constant index, with something of known sign
gives it a sign in the branch (``if x > 0.0``, ``if x == 0.0: return``, ``a / x if x != 0.0 else 0.0``).
Signs follow assignments, ``+ - * /``, ``abs``, ``sqrt``, ``floor``, ``float`` and ``int`` by the rules of
rounded arithmetic (positive plus not negative is positive; a product can underflow to zero), through loops
and joins of branches. A function that is called is checked with the signs of its arguments, so a helper may
divide by a parameter if each caller has excluded zero. `check_kernel` knows the declared ranges of the
parameters ``p[i]``: a minimum above 0 is a guard.

**What no reading of the source can show**, and tests must: that an index is inside its vector, an int below
2**63, a root's argument not negative, and that no float overflows.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from genesis_core.errors import nearest
from genesis_core.kernels.base import MOST_INPUTS, MOST_OUTPUTS, Kernel, Param
from genesis_core.kernels.checker import reasons, signs
from genesis_core.kernels.checker.signs import UNKNOWN, Known, Value
from genesis_core.kernels.checker.source import Source, read
from genesis_core.kernels.checker.statements import Statements
from genesis_core.kernels.walk import KernelError

_Entry = tuple[tuple[tuple[str, int], ...], ...]
"""For each parameter its known signs: under "" its own, under "[2]" those of an item."""


@dataclass(frozen=True, order=True)
class Violation:
    """One thing in a function that is not in the kernel language.

    Attributes
    ----------
    file : str
        The file of the function.
    line, column : int
        The place, both counted from 1.
    function : str
        Qualified name of the function.
    message : str
        What is wrong, why, and what would be right.
    """

    file: str
    line: int
    column: int
    function: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.function}: {self.message}"


def check(function: Callable[..., Any]) -> list[Violation]:
    """Check one function, not the ones it calls.

    Parameters
    ----------
    function : function
        A kernel, or a helper of kernels; its parameters may have any value.

    Returns
    -------
    list of Violation
        In the order of the source; empty if the function is in the kernel language.

    Raises
    ------
    KernelError
        If `function` is no plain Python function.
    """
    plain = _plain(function)
    run = _Run()
    run.analyse(plain, ())
    return sorted(violation for owner, violation in run.found if owner is plain)


def check_kernel(kernel: Kernel) -> list[Violation]:
    """Check a kernel's step function, all it calls, and that its signature fits what the kernel declares.

    Parameters
    ----------
    kernel : Kernel
        Its parameters' ranges are taken as given.

    Returns
    -------
    list of Violation
        Sorted by file and place.

    Raises
    ------
    KernelError
        If the step is no plain Python function.
    """
    step = _plain(kernel.step)
    run = _Run()
    items = tuple((f"[{i}]", _range_signs(param)) for i, param in enumerate(kernel.params))
    _, stored = run.analyse(step, ((), items))
    source = run.source(step)
    if source.node is not None:
        for message in _declaration_faults(kernel, source, stored):
            run.add(step, source.node, message)
    return sorted({violation for _, violation in run.found})


def require(target: Callable[..., Any] | Kernel) -> None:
    """Raise unless a function, or a kernel, and everything it reaches is in the kernel language.

    Parameters
    ----------
    target : function or Kernel
        Of a function nothing is known of its parameters; a kernel declares their ranges.

    Raises
    ------
    KernelError
        With all violations, one a line.
    """
    if isinstance(target, Kernel):
        name, found = f"kernel {target.name!r}", check_kernel(target)
    else:
        plain = _plain(target)
        run = _Run()
        run.analyse(plain, ())
        name, found = plain.__qualname__, sorted({violation for _, violation in run.found})
    if found:
        lines = "".join(f"\n  {violation}" for violation in found)
        raise KernelError(f"{name} is not in the kernel language, {len(found)} violation(s):{lines}")


class _Run:
    """One check: what it found, and the chain of functions it is in."""

    def __init__(self) -> None:
        self.found: dict[tuple[FunctionType, Violation], None] = {}
        self._stack: list[FunctionType] = []
        self._sources: dict[FunctionType, Source] = {}
        self._done: dict[tuple[FunctionType, _Entry], tuple[Value, frozenset[int]]] = {}

    def source(self, function: FunctionType) -> Source:
        """Read a function once."""
        if function not in self._sources:
            self._sources[function] = read(function)
        return self._sources[function]

    def add(self, function: FunctionType, node: ast.AST | None, message: str) -> None:
        """Keep a violation; an equal one is kept once."""
        code = function.__code__
        line = getattr(node, "lineno", code.co_firstlineno)
        column = getattr(node, "col_offset", 0) + 1
        violation = Violation(code.co_filename, line, column, function.__qualname__, message)
        self.found[function, violation] = None

    def analyse(self, function: FunctionType, entry: _Entry) -> tuple[Value, frozenset[int]]:
        """Check a function as called with arguments of given signs.

        Returns
        -------
        Value
            What is known of its result.
        frozenset of int
            Which parameters are vectors whose items it, or a function it calls, stores.
        """
        key = (function, entry)
        if key in self._done:
            return self._done[key]
        source = self.source(function)
        for node, message in source.faults:
            self.add(function, node, message)
        if source.node is None:
            self._done[key] = UNKNOWN, frozenset()
            return self._done[key]
        names = [name for name, _ in source.parameters]
        known = Known(frozenset(names), _entry_signs(names, entry))

        def report(node: ast.AST, message: str) -> None:
            self.add(function, node, message)

        def call(
            target: FunctionType, node: ast.Call, values: Sequence[Value], items: Sequence[Mapping[str, int]]
        ) -> tuple[Value, frozenset[int]]:
            return self._call(function, target, node, values, items)

        self._stack.append(function)
        body = Statements(source, known, report, call)
        result = body.function()
        self._stack.pop()
        stored = frozenset(i for i, name in enumerate(names) if name in body.stored)
        self._done[key] = result, stored
        return result, stored

    def _call(
        self,
        caller: FunctionType,
        target: FunctionType,
        node: ast.Call,
        values: Sequence[Value],
        items: Sequence[Mapping[str, int]],
    ) -> tuple[Value, frozenset[int]]:
        if target in self._stack:
            cycle = [f.__name__ for f in (*self._stack[self._stack.index(target) :], target)]
            self.add(caller, node, f"recursion: {' -> '.join(cycle)}; write a loop")
            return UNKNOWN, frozenset()
        source = self.source(target)
        name = target.__name__
        if source.node is not None and len(values) != len(source.parameters):
            text = f"{name}() takes {len(source.parameters)} arguments, {len(values)} given"
            self.add(caller, node, text)
            return UNKNOWN, frozenset()
        for argument, value, (parameter, kind) in zip(node.args, values, source.parameters, strict=False):
            if "?" not in (kind, value.kind) and kind != value.kind:
                text = f"argument {parameter!r} of {name}(): {reasons.mismatch(kind, value.kind, argument)}"
                self.add(caller, argument, text)
        entry = tuple(
            (("", value.signs), *sorted(known.items())) if known else (("", value.signs),)
            for value, known in zip(values, items, strict=True)
        )
        return self.analyse(target, entry)


def _plain(function: Callable[..., Any]) -> FunctionType:
    if not isinstance(function, FunctionType):
        raise KernelError(f"{function!r} is a {type(function).__name__}; a kernel is a plain Python function")
    return function


def _entry_signs(names: list[str], entry: _Entry) -> dict[str, int]:
    return {f"{name}{key}": s for name, known in zip(names, entry, strict=False) for key, s in known}


def _range_signs(param: Param) -> int:
    below = signs.NEGATIVE if param.minimum < 0 else 0
    above = signs.POSITIVE if param.maximum > 0 else 0
    return below | above | (signs.ZERO if param.minimum <= 0 <= param.maximum else 0)


def _declaration_faults(kernel: Kernel, source: Source, stored: frozenset[int]) -> list[str]:
    """Compare a step function with the declarations of its kernel."""
    faults = []
    kinds = ["vector", "vector", *["float"] * len(kernel.inputs)]
    if [kind for _, kind in source.parameters] != kinds and "?" not in dict(source.parameters).values():
        signature = ", ".join(["s: Vector", "p: Vector", *(f"{name}: float" for name in kernel.inputs)])
        faults.append(
            f"kernel {kernel.name!r} declares the inputs {kernel.inputs}; write the parameters ({signature})"
        )
    count = len(kernel.outputs)
    result = "float" if count == 1 else f"tuple[{', '.join(['float'] * count)}]"
    if source.result not in (result, "?"):
        text = f"kernel {kernel.name!r} declares {count} output(s) {kernel.outputs}; it must return {result}"
        faults.append(f"{text}, not {source.result}")
    if len(kernel.neutral) != count:
        faults.append(
            f"kernel {kernel.name!r} declares {count} output(s) and {len(kernel.neutral)} neutral value(s)"
        )
    if not all(math.isfinite(value) for value in kernel.neutral):
        faults.append(
            f"kernel {kernel.name!r} declares the neutral values {kernel.neutral}; they must be finite"
        )
    for name in kernel.early:
        if name not in kernel.inputs:
            faults.append(
                f"kernel {kernel.name!r} declares the early input {name!r}{nearest(name, kernel.inputs)}"
            )
    if len(kernel.inputs) > MOST_INPUTS or not 1 <= count <= MOST_OUTPUTS:
        faults.append(
            f"kernel {kernel.name!r} has {len(kernel.inputs)} inputs and {count} outputs; "
            f"up to {MOST_INPUTS} and 1 to {MOST_OUTPUTS} are possible"
        )
    if 1 in stored:
        faults.append(f"kernel {kernel.name!r} stores into its parameters; only the state s may change")
    return faults
