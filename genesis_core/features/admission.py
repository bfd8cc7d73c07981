"""Whether a kernel of the caller's own may run: it is in the kernel language, and a trial run of it goes well."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from genesis_core.features.nodes import Node, Source
from genesis_core.features.sample import sample_column
from genesis_core.features.trial import Trial, run_guarded, run_plain, shortened
from genesis_core.kernels.base import Kernel
from genesis_core.kernels.frozen import frozen
from genesis_core.kernels.registry import KERNELS


def of_the_package(kernel: Kernel) -> bool:
    """Say whether a kernel is one of the package, which its own tests check."""
    return KERNELS.get(kernel.name) is kernel


def taken(kernel: Kernel) -> Kernel:
    """Check a kernel of the caller's own and take it as it is now; those of the package are constants."""
    return kernel if of_the_package(kernel) else frozen(kernel)


def try_out(node: Node) -> None:
    """Run a node of the caller's kernel over sample candles, unless one like it has been.

    Raises
    ------
    KernelError
        For what compiled code must not do; see :mod:`genesis_core.features.trial`.
    """
    _tried(_Setting.of(node))


@dataclass(frozen=True)
class _Setting:
    """What a trial run depends on: a sweep over a threshold tries its kernel once, one over a window every time."""

    kernel: Kernel
    windows: tuple[float, ...]
    state: int
    inputs: tuple[str | Kernel, ...]
    node: Node = field(compare=False)

    @classmethod
    def of(cls, node: Node) -> _Setting:
        kernel = node.kernel
        windows = tuple(v for param, v in zip(kernel.params, node.params, strict=True) if param.whole)
        inputs = tuple(v.name if isinstance(v, Source) else v.node.kernel for v in node.inputs)
        return cls(kernel, windows, node.state, inputs, node)


@lru_cache(maxsize=512)
def _tried(setting: _Setting) -> None:
    _trial(setting.node)


@lru_cache(maxsize=128)
def _trial(node: Node) -> Trial:
    """Run a node over the sample candles with its windows shortened; one of a user's kernel also as it is.

    Raises
    ------
    KernelError
        If a user's kernel does what compiled code must not.
    """
    kernel = node.kernel
    inputs, start = [], 0
    for name, value in zip(kernel.inputs, node.inputs, strict=True):
        if isinstance(value, Source):
            inputs.append(sample_column(value.name))
            continue
        trial = _trial(value.node)
        inputs.append(trial.columns[value.index])
        if name not in kernel.early:
            start = max(start, trial.first_valid)
    short = shortened(kernel, node.params)
    if of_the_package(kernel):
        return run_plain(kernel, short, inputs, start)
    if short != node.params:
        run_guarded(kernel, node.params, inputs, start)
    return run_guarded(kernel, short, inputs, start)
