"""Strategies in code: a decide step of the user's own, wired to features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from genesis_core.errors import ConfigError, nearest
from genesis_core.features import FeatureSet
from genesis_core.features.defaults import Feature
from genesis_core.features.graph import SOURCES, Node, Value, node, source
from genesis_core.kernels.base import Kernel
from genesis_core.strategy.strict import FrozenDict

OUTPUTS = (("side", "confidence"), ("side", "confidence", "exit"))
"""What a decide step may return each bar."""
SIDE, CONFIDENCE, EXIT = "decide_side", "decide_confidence", "decide_exit"


def indicator(name: str, kernel: str | Kernel, *inputs: str, **params: float) -> Feature:
    """Return a feature that is one kernel over candle columns, under a name of its own.

    Parameters
    ----------
    name : str
        How the strategy and its decide step call it.
    kernel : str or Kernel
        A kernel of the package such as ``ema``, ``sma`` or ``rsi``, or one of your own, with one output.
    *inputs : str
        Candle columns, in the order of the kernel's inputs.
    **params : float
        Defaults of its parameters; all the kernel has.

    Examples
    --------
    >>> indicator("fast", "ema", "close", n=12).name
    'fast'
    """
    return Feature(name, tuple(params.items()), lambda p: node(kernel, *inputs, **p).value)


@dataclass(frozen=True)
class Decide:
    """A decide step of the user's own.

    Attributes
    ----------
    kernel : Kernel
        Its step returns side (above 0: long, below: short, 0: nothing) and confidence (0 to 1), and may return exit
        as a third (not 0: leave the position). Plain Python in the kernel language, as for features.
    inputs : tuple of str
        Names of the strategy's features, or candle columns, in the order of the kernel's inputs.
    params : dict
        Parameters of the kernel by name.
    """

    kernel: Kernel
    inputs: tuple[str, ...]
    params: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", tuple(self.inputs))
        object.__setattr__(self, "params", FrozenDict(self.params))
        if self.kernel.outputs not in OUTPUTS:
            forms = " or ".join(map(repr, OUTPUTS))
            raise ConfigError(
                f"decide: kernel {self.kernel.name!r} has the outputs {self.kernel.outputs}; {forms} are needed"
            )

    def wired(self, features: FeatureSet) -> Node:
        """Return the step as a node over the features of a strategy.

        Raises
        ------
        ConfigError
            For an input that is neither a feature nor a candle column.
        """
        values = features.values
        for name in self.inputs:
            if name not in values and name not in SOURCES:
                raise ConfigError(
                    f"decide: the input {name!r} is neither a feature of the strategy nor a candle column"
                    f"{nearest(name, (*values, *SOURCES))}"
                )
        inputs: list[Value] = [values[name] if name in values else source(name) for name in self.inputs]
        return node(self.kernel, *inputs, **self.params)

    def features(self, strategy: FeatureSet) -> tuple[Feature, ...]:
        """Return what the step returns as features, to be asked for with those of the strategy."""
        made = self.wired(strategy)
        names = (SIDE, CONFIDENCE, EXIT)
        return tuple(
            _constant(name, made.output(output)) for name, output in zip(names, made.kernel.outputs, strict=False)
        )


def _constant(name: str, value: Value) -> Feature:
    return Feature(name, (), lambda p: value)
