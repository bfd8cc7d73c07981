"""What the tests of the kernel language share: functions made of a text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HEADER = """from __future__ import annotations
import functools
import math
from math import sqrt
import numpy as np
from genesis_core.kernels import exact
from genesis_core.kernels.base import Vector
from genesis_core.kernels.exact import exp

LIMIT = 3.5
COUNT = 4
TABLE = [1.0]
BIG = np.float64(2.0)
NOTHING = 0.0

def pair(x: float) -> tuple[float, float]:
    return x, -x

def count(n: int) -> int:
    return n + 1

def put(v: Vector, x: float) -> None:
    v[0] = x

def pushed(v: Vector, x: float) -> float:
    put(v, x)
    return x

def inverse(x: float) -> float:
    return 1.0 / x

"""

Define = Callable[..., Callable[..., Any]]


def body(*lines: str, head: str = "def f(s: Vector, x: float, n: int, b: bool) -> float:") -> str:
    return "\n    ".join([head, *lines]) + "\n"
