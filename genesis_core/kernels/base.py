"""What a kernel is: one step function of the law and everything declared about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


class Vector(Protocol):
    """A flat run of float64: a list when interpreted, an array when compiled."""

    def __getitem__(self, index: int, /) -> float: ...
    def __setitem__(self, index: int, value: float, /) -> None: ...


MOST_INPUTS, MOST_OUTPUTS = 6, 4
"""How many values a kernel may take and return per bar: as many as the compiled column passes know."""


@dataclass(frozen=True)
class Param:
    """One run-time parameter of a kernel.

    Attributes
    ----------
    name : str
        Its keyword.
    minimum, maximum : float
        The closed range of valid values.
    whole : bool
        Whether only whole numbers are valid (window lengths, depths).
    """

    name: str
    minimum: float
    maximum: float
    whole: bool = False


def window(name: str, minimum: int = 1) -> Param:
    """Declare a window length in bars; the upper limit keeps state vectors at a sane size.

    Parameters
    ----------
    name : str
        Of the parameter.
    minimum : int, optional
        The shortest length that makes sense.
    """
    return Param(name, minimum, 100_000, whole=True)


@dataclass(frozen=True)
class Kernel:
    """A step function ``step(s, p, x0, x1, ...)`` of the law with all that is declared about it.

    Attributes
    ----------
    name : str
        Unique; how feature sets and tests find it.
    step : callable
        Plain Python in the kernel language, see :mod:`genesis_core.kernels.language`.
    inputs : tuple of str
        Names of the values it reads each bar, in the order of its arguments.
    params : tuple of Param
        Its parameters, in the order of the vector ``p``.
    outputs : tuple of str
        Names of what it returns: one float, or a tuple of as many floats.
    neutral : tuple of float
        The value of each output before its first valid bar.
    state : callable
        Parameters -> length of the state vector ``s``, which starts at zero.
    warmup : callable
        Parameters -> how many bars after the first one it sees its value becomes valid.
    early : tuple of str
        Inputs that are not awaited: seen with their neutral value until they are valid.
    forgets : callable or None
        Parameters -> after how many bars its state, begun from zero at any bar, is as a rule the same to the last bit.
        Compiled passes may then run stretches side by side; a wrong figure costs time, never a bit.
    """

    name: str
    step: Callable[..., Any]
    inputs: tuple[str, ...]
    params: tuple[Param, ...] = ()
    outputs: tuple[str, ...] = ("value",)
    neutral: tuple[float, ...] = (0.0,)
    state: Callable[[tuple[float, ...]], int] = lambda p: 0
    warmup: Callable[[tuple[float, ...]], int] = lambda p: 0
    early: tuple[str, ...] = ()
    forgets: Callable[[Any], int] | None = None
