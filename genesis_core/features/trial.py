"""The trial run of a user's kernel: interpreted, over sample candles, with every index checked.

Compiled code checks no index: a state declared too small is written past its end, into whatever lies there. What
can be proved is proved by :mod:`~genesis_core.features.bounds` (constant indices); an index that is computed is
tried. **A sample, not a proof**: a few hundred bars of flat, rising, falling, alternating, irregular, huge and tiny
prices, through the nodes that the kernel really reads. Windows above `LONGEST` bars are also tried shortened, so that
their ends are reached within the sample; a fault that needs more bars, or other prices, is not found, and a kernel
whose inputs become valid behind the end of the sample is not tried.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from genesis_core.features.bounds import PARAMS, STATE, constant_reach
from genesis_core.features.sample import Column, sample
from genesis_core.kernels.base import Kernel
from genesis_core.kernels.walk import KernelError

LONGEST = 16
"""Windows up to this many bars are tried as they are: each market of the sample fills them more than twice."""
MOST_ACCESSES = 8_000
"""After so many accesses of a vector a run ends, in the middle of a step too: 1.5 ms, whatever loops the step has."""


@dataclass(frozen=True)
class Trial:
    """What a node gave in a trial.

    Attributes
    ----------
    columns : tuple of sequence of float
        Each output, a value a bar, neutral before `first_valid`.
    first_valid : int
        The bar from which on it is valid.
    """

    columns: tuple[Column, ...]
    first_valid: int


def check_declared(kernel: Kernel, params: tuple[float, ...]) -> None:
    """Check what a kernel declares for some parameters, and its constant indices against it.

    Parameters
    ----------
    kernel : Kernel
        In the kernel language.
    params : tuple of float
        Its parameters, in their ranges.

    Raises
    ------
    KernelError
        If `state`, `warmup` or `forgets` do not give a whole number >= 0, or a constant index is outside its vector.
    """
    for name, declared in (("state", kernel.state), ("warmup", kernel.warmup), ("forgets", kernel.forgets)):
        if declared is None:
            continue
        try:
            number = declared(params)
        except (IndexError, TypeError, ValueError) as fault:
            raise KernelError(
                f"kernel {kernel.name!r}: {name} of {_given(kernel, params)}: {fault}"
            ) from None
        if type(number) is not int or number < 0:
            raise KernelError(
                f"kernel {kernel.name!r}: {name} of {_given(kernel, params)} is {number!r}; "
                "a whole number of at least 0 is needed, such as int(p[0])"
            )
    sizes = {STATE: kernel.state(params), PARAMS: len(params)}
    for vector, (index, where) in constant_reach(kernel.step).items():
        if not 0 <= index < sizes[vector]:
            raise KernelError(f"{_outside(kernel, params, vector, index)} ({where})")


def run_plain(kernel: Kernel, params: tuple[float, ...], inputs: Sequence[Column], start: int) -> Trial:
    """Run a kernel of the package, whose indices its own tests check.

    Parameters
    ----------
    kernel, params
        The kernel, and its parameters.
    inputs : sequence of sequence of float
        A column an input.
    start : int
        The bar it is first called for.
    """
    return _run(kernel, params, inputs, start, [0.0] * kernel.state(params), list(params))


def run_guarded(kernel: Kernel, params: tuple[float, ...], inputs: Sequence[Column], start: int) -> Trial:
    """Run a kernel of a user's own with every index and value checked.

    Parameters
    ----------
    kernel, params, inputs, start
        As in :func:`run_plain`.

    Raises
    ------
    KernelError
        For an index outside state or parameters (a negative one too), a wrong number of outputs, a value that is
        not a finite float, or arithmetic that raises.
    """
    check_declared(kernel, params)
    return _run(kernel, params, inputs, start, _Guarded([0.0] * kernel.state(params)), _Guarded(params))


def shortened(kernel: Kernel, params: tuple[float, ...]) -> tuple[float, ...]:
    """Return the parameters with windows above `LONGEST` bars just above it, in the order they had."""
    long = sorted(
        {value for param, value in zip(kernel.params, params, strict=True) if param.whole and value > LONGEST}
    )
    return tuple(
        max(float(param.minimum), LONGEST + 1.0 + long.index(value))
        if param.whole and value in long
        else value
        for param, value in zip(kernel.params, params, strict=True)
    )


class _OutsideError(Exception):
    """An index that is not in a vector."""

    def __init__(self, vector: object, index: int) -> None:
        super().__init__(index)
        self.vector = vector
        self.index = index


class _EnoughError(Exception):
    """The accesses that a run may cost are used up."""


class _Guarded(list[float]):
    """A vector that refuses each index which compiled code would follow out of it, and counts accesses."""

    __slots__ = ("left",)

    def __init__(self, values: Sequence[float]) -> None:
        super().__init__(values)
        self.left = MOST_ACCESSES

    def __getitem__(self, index: int) -> float:  # type: ignore[override]
        self._check(index)
        return list.__getitem__(self, index)

    def __setitem__(self, index: int, value: float) -> None:  # type: ignore[override]
        self._check(index)
        list.__setitem__(self, index, value)

    def _check(self, index: int) -> None:
        if not 0 <= index < len(self):
            raise _OutsideError(self, index)
        self.left -= 1
        if self.left < 0:
            raise _EnoughError


def _run(
    kernel: Kernel,
    params: tuple[float, ...],
    inputs: Sequence[Column],
    start: int,
    s: list[float],
    p: list[float],
) -> Trial:
    first_valid = start + kernel.warmup(params)
    bars = min((len(column) for column in inputs), default=len(sample()))
    columns: tuple[list[float], ...] = tuple([] for _ in kernel.outputs)
    for bar in range(bars):
        values: Sequence[float] = kernel.neutral
        if bar >= start:
            given = [column[bar] for column in inputs]
            try:
                values = _values(kernel, kernel.step(s, p, *given))
            except _OutsideError as fault:
                vector = STATE if fault.vector is s else PARAMS
                message = _outside(kernel, params, vector, fault.index)
                raise KernelError(f"{message}, at its bar {bar - start} of a trial run") from None
            except _EnoughError:
                break
            except (ArithmeticError, ValueError) as fault:
                reads = ", ".join(f"{name} = {x!r}" for name, x in zip(kernel.inputs, given, strict=True))
                raise KernelError(
                    f"kernel {kernel.name!r}: {fault}, at its bar {bar - start} of a trial run with "
                    f"{_given(kernel, params)}{' and ' if reads else ''}{reads}"
                ) from None
        for column, value in zip(columns, values if bar >= first_valid else kernel.neutral, strict=True):
            column.append(value)
    return Trial(columns, first_valid)


def _values(kernel: Kernel, returned: Any) -> Sequence[float]:
    """Return the outputs of one step as a sequence.

    Raises
    ------
    ValueError
        If they are not as many finite floats as the kernel declares.
    """
    count = len(kernel.outputs)
    values = (returned,) if count == 1 else returned
    if type(values) is not tuple or len(values) != count:
        raise ValueError(
            f"it returned {returned!r}; it declares {count} outputs ({', '.join(kernel.outputs)})"
        )
    for name, value in zip(kernel.outputs, values, strict=True):
        if type(value) is not float or not math.isfinite(value):
            raise ValueError(f"its output {name!r} is {value!r}; a finite float is needed")
    return values


def _outside(kernel: Kernel, params: tuple[float, ...], vector: int, index: int) -> str:
    """Say which index is outside which vector, and what would be right."""
    if vector == PARAMS:
        valid = f"0 to {len(params) - 1}" if params else "none"
        return (
            f"kernel {kernel.name!r}: index {index} of its parameters p, of which it declares {len(params)}; "
            f"valid: {valid}"
        )
    size = kernel.state(params)
    wanted = f"declare state={index + 1} or more" if index >= 0 else "indices begin at 0"
    return (
        f"kernel {kernel.name!r}: index {index} of its state s, for which it declares {size} with "
        f"{_given(kernel, params)}; {wanted}"
    )


def _given(kernel: Kernel, params: tuple[float, ...]) -> str:
    named = ", ".join(f"{param.name} = {value:g}" for param, value in zip(kernel.params, params, strict=True))
    return named or "no parameters"
