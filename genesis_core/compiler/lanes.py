"""Column passes in four lanes: stretches of one series run at once, and are kept only where they prove to meet.

Recursive averages wait for themselves: each bar needs the result of the bar before, and the processor idles (Wilder's
mean: 19 cycles a bar). Such a kernel forgets where it began, so a stretch may begin some bars early from nothing and
reach the very state, bit for bit, that the stretch before it ends with. That is not assumed but checked: where the
states differ, the stretch is run again from the true state. The bits are those of one lane whatever happens; only time
is at stake.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from genesis_core.compiler.columns import CALLS, Step, column_pass
from genesis_core.compiler.jit import compile_law
from genesis_core.kernels.base import Kernel

LANES = 4
LEAST_STRETCH = 1.5
"""A stretch is at least so many times as long as its head start, else the lanes save too little."""


def _copy(target, values):  # type: ignore[no-untyped-def]
    for i in range(len(target)):
        target[i] = values[i]


def _meet(a, b):  # type: ignore[no-untyped-def]
    """Return whether two states are the same, bit for bit; kernels know no NaN, and zeros have two signs."""
    for i in range(len(a)):
        if a[i] != b[i]:
            return False
        if a[i] == 0.0 and 1.0 / a[i] != 1.0 / b[i]:
            return False
    return True


def lanes_law(call: Step) -> Step:
    """Return the loop of one kernel with one output in four lanes, as a plain function, ready to be compiled.

    Parameters
    ----------
    call : function
        ``call(s, p, c, t)``: the kernel at bar t of the columns.

    Returns
    -------
    function
        ``run(s, s1, s2, s3, k1, k2, k3, p, c, out, n, head)``: `s` is the true state before and after, the others are
        scratch of its size; `head` is how many bars early the lanes begin.
    """

    def run(s, s1, s2, s3, k1, k2, k3, p, c, out, n, head):  # type: ignore[no-untyped-def]
        column = out[0]
        stretch = n // 4
        for t in range(stretch - head, stretch):
            call(s1, p, c, t)
            call(s2, p, c, t + stretch)
            call(s3, p, c, t + 2 * stretch)
        _copy(k1, s1)
        _copy(k2, s2)
        _copy(k3, s3)
        for t in range(stretch):
            column[t] = call(s, p, c, t)
            column[t + stretch] = call(s1, p, c, t + stretch)
            column[t + 2 * stretch] = call(s2, p, c, t + 2 * stretch)
            column[t + 3 * stretch] = call(s3, p, c, t + 3 * stretch)
        if _meet(s, k1):
            _copy(s, s1)
        else:
            for t in range(stretch, 2 * stretch):
                column[t] = call(s, p, c, t)
        if _meet(s, k2):
            _copy(s, s2)
        else:
            for t in range(2 * stretch, 3 * stretch):
                column[t] = call(s, p, c, t)
        if _meet(s, k3):
            _copy(s, s3)
        else:
            for t in range(3 * stretch, 4 * stretch):
                column[t] = call(s, p, c, t)
        for t in range(4 * stretch, n):
            column[t] = call(s, p, c, t)

    return run


@lru_cache(maxsize=1024)
def fast_pass(kernel: Kernel) -> Callable[..., None]:
    """Return the fastest compiled pass of a kernel, with the arguments of :func:`column_pass`.

    Parameters
    ----------
    kernel : Kernel
        In lanes where it declares that it forgets, and the columns are long enough.
    """
    step, inputs, forgets = kernel.step, len(kernel.inputs), kernel.forgets
    if forgets is None or len(kernel.outputs) != 1:
        return column_pass(step, inputs, len(kernel.outputs))

    def run(s: Any, p: Any, c: Any, out: Any, n: int) -> None:
        head = forgets(p)
        if n // LANES < LEAST_STRETCH * head:
            column_pass(step, inputs, 1)(s, p, c, out, n)
        else:
            scratch = np.zeros((2 * LANES - 2, len(s)))
            _compiled_lanes(step, inputs)(s, *scratch, p, c, out, n, head)

    return run


@lru_cache(maxsize=1024)
def _compiled_lanes(step: Step, inputs: int) -> Callable[..., None]:
    import numba

    vector = numba.float64[::1]
    columns = numba.types.UniTuple(numba.types.Array(numba.float64, 1, "C", readonly=True), inputs)
    out = numba.types.UniTuple(vector, 1)
    signature = numba.void(*[vector] * (2 * LANES - 1), vector, columns, out, numba.int64, numba.int64)
    return compile_law(lanes_law(CALLS[inputs](step)), signature)
