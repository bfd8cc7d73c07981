"""Strategies in code: a decide step of the user's own, wired to features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from genesis_core.errors import ConfigError, FeatureError, nearest
from genesis_core.features import FeatureSet
from genesis_core.features.choices import FeatureChoice
from genesis_core.features.defaults import Feature
from genesis_core.features.graph import SOURCES, Node, Value, node, source
from genesis_core.kernels.base import Kernel
from genesis_core.strategy.strict import FrozenDict, check_known

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
    return Feature(name, tuple(params.items()), _OneKernel(kernel, inputs))


@dataclass(frozen=True)
class _OneKernel:
    """How an indicator is wired: a value, where a lambda could be neither compared nor pickled."""

    kernel: str | Kernel
    inputs: tuple[str, ...]

    def __call__(self, params: Mapping[str, float]) -> Value:
        return node(self.kernel, *self.inputs, **params).value


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
        if not isinstance(self.kernel, Kernel):
            raise ConfigError(f"decide: kernel = {self.kernel!r}; a Kernel is needed")
        inputs: object = self.inputs
        if not isinstance(inputs, (tuple, list)) or not all(isinstance(name, str) for name in inputs):
            raise ConfigError(f"decide: inputs = {self.inputs!r}; a tuple of names is needed")
        if not isinstance(self.params, Mapping):
            raise ConfigError(f"decide: params = {self.params!r}; parameters by name are needed")
        object.__setattr__(self, "inputs", tuple(self.inputs))
        object.__setattr__(self, "params", FrozenDict(self.params))
        if self.kernel.outputs not in OUTPUTS:
            forms = " or ".join(map(repr, OUTPUTS))
            raise ConfigError(
                f"decide: kernel {self.kernel.name!r} has the outputs {self.kernel.outputs}; {forms} are needed"
            )

    def updated(self, changes: object, where: str) -> Decide:
        """Return the step with some of its parameters replaced.

        Parameters
        ----------
        changes : mapping
            Of parameters and values.
        where : str
            What a fault is said to be in.

        Raises
        ------
        ConfigError
            For changes that are no table, or a parameter it does not have.
        """
        if not isinstance(changes, Mapping):
            raise ConfigError(f"{where}: decide = {changes!r}; parameters of the decide step are needed")
        if not changes:
            return self
        check_known(changes, self.params, where, "decide")
        return Decide(self.kernel, self.inputs, {**self.params, **changes})

    def wired(self, features: FeatureSet) -> Node:
        """Return the step as a node over the features of a strategy.

        Parameters
        ----------
        features : FeatureSet
            Those of the strategy.

        Raises
        ------
        ConfigError
            For an input that is neither a feature nor a candle column.
        FeatureError
            For a wrong number of inputs, and parameters that are unknown, missing or out of range.
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

    def returned(self, strategy: FeatureSet) -> FeatureSet:
        """Return what the step returns as features, to be asked for with those of the strategy.

        Parameters
        ----------
        strategy : FeatureSet
            Its features.

        Raises
        ------
        ConfigError, FeatureError
            As :meth:`wired`, and for a feature of the strategy with one of their names.
        """
        made = self.wired(strategy)
        for feature in _RETURNED:
            if feature.name in strategy.names:
                raise ConfigError(
                    f"features.{feature.name}: what the decide step returns has this name; choose another"
                )
        outputs = tuple([made.output(name) for name in made.kernel.outputs])
        return FeatureSet.of_wired(_RETURNED[: len(outputs)], outputs)


def _not_alone(params: Mapping[str, float]) -> Value:
    raise FeatureError("it is what a decide step returns; Config.asked_features has it")


_RETURNED = tuple(Feature(name, (), lambda p: _not_alone(p)) for name in (SIDE, CONFIDENCE, EXIT))


def chosen_features(
    features: Iterable[FeatureChoice], where: str
) -> tuple[dict[str, dict[str, float]], tuple[Feature, ...]]:
    """Take a list of features apart: their parameters by name, and those that are the caller's own.

    Raises
    ------
    ConfigError
        For what is no list of features, and a name that stands twice.
    """
    if isinstance(features, (str, Feature)) or not isinstance(features, Iterable):
        raise ConfigError(f"{where}: features = {features!r}; a list of features is needed")
    named: dict[str, dict[str, float]] = {}
    own = []
    for choice in features:
        feature, given = choice if isinstance(choice, tuple) and len(choice) == 2 else (choice, {})
        if not isinstance(feature, (str, Feature)) or not isinstance(given, Mapping):
            raise ConfigError(
                f"{where}: features: {choice!r}; a feature, its name, or a pair of one and its parameters is needed"
            )
        name = feature if isinstance(feature, str) else feature.name
        if name in named:
            raise ConfigError(f"{where}: features: {name!r} stands twice; give each a name of its own")
        named[name] = dict(given)
        if isinstance(feature, Feature):
            own.append(feature)
    return named, tuple(own)
