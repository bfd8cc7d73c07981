"""Feature sets: hashable values that say which features, with which parameters."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import FunctionType

from genesis_core.digest import digest
from genesis_core.errors import FeatureError, nearest
from genesis_core.features.defaults import DEFAULT_FEATURES, FEATURES, Feature
from genesis_core.features.graph import Graph, Output, Source, Value
from genesis_core.features.vector import Layout

FeatureChoice = str | Feature | tuple[str | Feature, Mapping[str, float]]


class FeatureSet:
    """Which features, in which order, with which parameters.

    Parameters
    ----------
    features : iterable
        Each a name of the package's features, a :class:`Feature` of the caller's own, or a pair of one of these
        and the parameters that differ from its defaults.

    Raises
    ------
    FeatureError
        For an unknown name or parameter, a value out of range, a name given twice, or no features at all.

    Examples
    --------
    >>> FeatureSet(["atr_14", ("rsi_inv_lag1", {"rsi": 21})]).names
    ('atr_14', 'rsi_inv_lag1')
    """

    def __init__(self, features: Iterable[FeatureChoice]) -> None:
        if isinstance(features, str) or not isinstance(features, Iterable):
            raise FeatureError(f"features = {features!r}; a list of features is needed")
        resolved: dict[str, tuple[Feature, tuple[float, ...]]] = {}
        for choice in features:
            feature, params = _resolve(choice)
            if feature.name in resolved:
                raise FeatureError(f"feature {feature.name!r} stands twice in the set")
            resolved[feature.name] = feature, params
        if not resolved:
            raise FeatureError("a feature set needs at least one feature")
        self._features = tuple(resolved.values())
        self._values = tuple(_value(feature, params) for feature, params in self._features)

    @property
    def names(self) -> tuple[str, ...]:
        """The names in their order."""
        return tuple(feature.name for feature, _ in self._features)

    @property
    def parameters(self) -> dict[str, dict[str, float]]:
        """All parameters of each feature, defaults included."""
        return {f.name: dict(zip((k for k, _ in f.defaults), p, strict=True)) for f, p in self._features}

    @cached_property
    def values(self) -> Mapping[str, Value]:
        """The wired value of each feature, by name."""
        return dict(zip(self.names, self._values, strict=True))

    @cached_property
    def graph(self) -> Graph:
        """The nodes that compute it, each once."""
        return Graph.of(self._values)

    @cached_property
    def layout(self) -> Layout:
        """Names and first valid bars."""
        return Layout(self.names, tuple(value.first_valid for value in self._values))

    @cached_property
    def digest(self) -> str:
        """Identity in this interpreter: names, parameters, wiring and the code of every kernel involved."""
        values = [v.name if isinstance(v, Source) else (v.node.digest, v.index) for v in self._values]
        return digest((self.names, values))

    @cached_property
    def wiring(self) -> str:
        """Identity in every interpreter: names, parameters and wiring, without the code of the kernels."""
        values = [v.name if isinstance(v, Source) else (v.node.wiring, v.index) for v in self._values]
        return digest((self.names, values))

    def including(self, *features: FeatureChoice) -> FeatureSet:
        """Return this set with further features behind it; those already in it are not repeated."""
        made = [_resolve(choice) for choice in features]
        more = [(f, p) for f, p in made if f.name not in self.names]
        return FeatureSet(
            (f, dict(zip((k for k, _ in f.defaults), p, strict=True))) for f, p in (*self._features, *more)
        )

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle names and parameters; of a feature of the caller's own, the feature.

        Raises
        ------
        FeatureError
            If the `build` of such a feature cannot be imported by another process.
        """
        choices = [
            (_importable(feature), dict(zip((name for name, _ in feature.defaults), params, strict=True)))
            for feature, params in self._features
        ]
        return FeatureSet, (choices,)

    def __copy__(self) -> FeatureSet:
        return self

    def __deepcopy__(self, memo: object) -> FeatureSet:
        return self

    def __len__(self) -> int:
        return len(self._features)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FeatureSet) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"FeatureSet({', '.join(self.names)})"


def _resolve(choice: FeatureChoice) -> tuple[Feature, tuple[float, ...]]:
    chosen, given = choice if isinstance(choice, tuple) and len(choice) == 2 else (choice, {})
    if not isinstance(chosen, (str, Feature)) or not isinstance(given, Mapping):
        raise FeatureError(f"{choice!r}: a feature, its name, or a pair of one and its parameters is needed")
    if isinstance(chosen, Feature):
        feature = chosen
    elif chosen in FEATURES:
        feature = FEATURES[chosen]
    else:
        raise FeatureError(f"unknown feature {chosen!r}{nearest(chosen, FEATURES)}")
    names = [name for name, _ in feature.defaults]
    for name in given:
        if name not in names:
            raise FeatureError(f"feature {feature.name!r} has no parameter {name!r}{nearest(name, names)}")
    return feature, tuple(given.get(name, default) for name, default in feature.defaults)


def _importable(feature: Feature) -> str | Feature:
    """Return what stands for a feature in a pickle: the name of one of the package's, else the feature itself."""
    if FEATURES.get(feature.name) is feature:
        return feature.name
    build = feature.build
    if isinstance(build, FunctionType):
        found: object = sys.modules.get(build.__module__)
        for name in build.__qualname__.split("."):
            found = getattr(found, name, None)
        if found is not build:
            raise FeatureError(
                f"feature {feature.name!r}: its build {build.__qualname__!r} cannot be pickled, because another "
                f"process could not import it from {build.__module__!r}; define it there by a def at module level"
            )
    return feature


def _value(feature: Feature, params: tuple[float, ...]) -> Value:
    try:
        value = feature.build(dict(zip((name for name, _ in feature.defaults), params, strict=True)))
    except KeyError as fault:
        raise FeatureError(
            f"feature {feature.name!r}: build reads the parameter {fault}, which its defaults do not have"
        ) from None
    except FeatureError as fault:
        raise FeatureError(f"feature {feature.name!r}: {fault}") from None
    if not isinstance(value, (Source, Output)):
        raise FeatureError(
            f"feature {feature.name!r}: build returned a {type(value).__name__}; return node(...).value, "
            "node(...).output(name) or source(name)"
        )
    return value


DEFAULT = FeatureSet(DEFAULT_FEATURES)
"""The 15 default features."""
