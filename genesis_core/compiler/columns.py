"""Column passes: one compiled loop per kernel over whole columns."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from genesis_core.compiler.jit import compile_law
from genesis_core.kernels.base import MOST_INPUTS, MOST_OUTPUTS
from genesis_core.kernels.walk import KernelError

Step = Callable[..., Any]


# A kernel takes its inputs as separate arguments; one caller per number of inputs, because neither Python nor Numba
# can spread "element t of each column" without building a sequence per bar.
def _call0(step: Step) -> Step:
    def call(s, p, c, t):  # type: ignore[no-untyped-def]
        return step(s, p)

    return call


def _call1(step: Step) -> Step:
    def call(s, p, c, t):  # type: ignore[no-untyped-def]
        return step(s, p, c[0][t])

    return call


def _call2(step: Step) -> Step:
    def call(s, p, c, t):  # type: ignore[no-untyped-def]
        return step(s, p, c[0][t], c[1][t])

    return call


def _call3(step: Step) -> Step:
    def call(s, p, c, t):  # type: ignore[no-untyped-def]
        return step(s, p, c[0][t], c[1][t], c[2][t])

    return call


def _call4(step: Step) -> Step:
    def call(s, p, c, t):  # type: ignore[no-untyped-def]
        return step(s, p, c[0][t], c[1][t], c[2][t], c[3][t])

    return call


def _call5(step: Step) -> Step:
    def call(s, p, c, t):  # type: ignore[no-untyped-def]
        return step(s, p, c[0][t], c[1][t], c[2][t], c[3][t], c[4][t])

    return call


def _call6(step: Step) -> Step:
    def call(s, p, c, t):  # type: ignore[no-untyped-def]
        return step(s, p, c[0][t], c[1][t], c[2][t], c[3][t], c[4][t], c[5][t])

    return call


CALLS = (_call0, _call1, _call2, _call3, _call4, _call5, _call6)


# The loops count from 0, which lets LLVM drop the test for negative indices and use vector instructions.
def _store1(call: Step) -> Step:
    def run(s, p, c, out, n):  # type: ignore[no-untyped-def]
        first = out[0]
        for t in range(n):
            first[t] = call(s, p, c, t)

    return run


def _store2(call: Step) -> Step:
    def run(s, p, c, out, n):  # type: ignore[no-untyped-def]
        for t in range(n):
            out[0][t], out[1][t] = call(s, p, c, t)

    return run


def _store3(call: Step) -> Step:
    def run(s, p, c, out, n):  # type: ignore[no-untyped-def]
        for t in range(n):
            out[0][t], out[1][t], out[2][t] = call(s, p, c, t)

    return run


def _store4(call: Step) -> Step:
    def run(s, p, c, out, n):  # type: ignore[no-untyped-def]
        for t in range(n):
            out[0][t], out[1][t], out[2][t], out[3][t] = call(s, p, c, t)

    return run


_STORES = (_store1, _store2, _store3, _store4)


def pass_law(step: Step, inputs: int, outputs: int) -> Step:
    """Return the loop of one kernel over whole columns as a plain function, ready to be compiled.

    Parameters
    ----------
    step : function
        The kernel's step function.
    inputs, outputs : int
        How many values it takes and returns per bar.

    Returns
    -------
    function
        ``run(s, p, columns, out, n)``: calls the kernel for n bars in order. `columns` is a tuple of contiguous
        float64 arrays that begin at the kernel's first bar, `out` a tuple of writable ones.

    Raises
    ------
    KernelError
        For more inputs or outputs than a pass can take.
    """
    if inputs > MOST_INPUTS or outputs > MOST_OUTPUTS:
        raise KernelError(
            f"{step.__qualname__}: {inputs} inputs and {outputs} outputs; "
            f"a kernel has at most {MOST_INPUTS} and {MOST_OUTPUTS}"
        )
    return _STORES[outputs - 1](CALLS[inputs](step))


@lru_cache(maxsize=1024)
def column_pass(step: Step, inputs: int, outputs: int) -> Callable[..., None]:
    """Compile :func:`pass_law` of a kernel for read-only columns."""
    import numba

    vector = numba.float64[::1]
    columns = numba.types.UniTuple(numba.types.Array(numba.float64, 1, "C", readonly=True), inputs)
    signature = numba.void(vector, vector, columns, numba.types.UniTuple(vector, outputs), numba.int64)
    return compile_law(pass_law(step, inputs, outputs), signature)
