"""What a feature set is made of: a choice is looked up, wired, and named again for a pickle."""

from __future__ import annotations

import struct
import sys
from collections.abc import Mapping
from functools import lru_cache
from types import FunctionType

from genesis_core.errors import FeatureError, nearest
from genesis_core.features.defaults import FEATURES, Feature
from genesis_core.features.nodes import Output, Source, Value

FeatureChoice = str | Feature | tuple[str | Feature, Mapping[str, float]]
"""A feature's name, a feature of the caller's own, or one of these with parameters that differ from its defaults."""


def resolve(choice: FeatureChoice) -> tuple[Feature, tuple[float, ...]]:
    """Return the feature that a choice means, and all of its parameters.

    Raises
    ------
    FeatureError
        For an unknown feature or parameter.
    """
    chosen, given = choice if isinstance(choice, tuple) and len(choice) == 2 else (choice, {})
    if not isinstance(chosen, (str, Feature)) or not isinstance(given, Mapping):
        raise FeatureError(f"{choice!r}: a feature, its name, or a pair of one and its parameters is needed")
    if isinstance(chosen, Feature):
        feature = chosen
    elif chosen in FEATURES:
        feature = FEATURES[chosen]
    else:
        raise FeatureError(f"unknown feature {chosen!r}{nearest(chosen, FEATURES)}")
    return feature, completed(feature, given)


def completed(feature: Feature, given: Mapping[str, float]) -> tuple[float, ...]:
    """Return all parameters of a feature in their order, given those that differ from its defaults.

    Raises
    ------
    FeatureError
        For an unknown parameter.
    """
    if given:
        names = [name for name, _ in feature.defaults]
        for name in given:
            if name not in names:
                raise FeatureError(
                    f"feature {feature.name!r} has no parameter {name!r}{nearest(name, names)}"
                )
    return tuple([given.get(name, default) for name, default in feature.defaults])


def importable(feature: Feature) -> str | Feature:
    """Return what stands for a feature in a pickle: the name of one of the package's, else the feature itself.

    Raises
    ------
    FeatureError
        If its `build` cannot be imported by another process.
    """
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


def named(feature: Feature, params: tuple[float, ...]) -> dict[str, float]:
    """Return all parameters of a feature by name."""
    return dict(zip([name for name, _ in feature.defaults], params, strict=True))


@lru_cache(maxsize=1024)
def _of_the_package(name: str, bits: bytes) -> Value:
    """Wire a feature of the package; by the bits of its parameters, because equal zeros have two signs."""
    return FEATURES[name].build(named(FEATURES[name], struct.unpack(f"{len(bits) // 8}d", bits)))


def wired(feature: Feature, params: tuple[float, ...]) -> Value:
    """Return the value of a feature, wired.

    Raises
    ------
    FeatureError
        If its `build` raises one, reads a parameter that is not there, or returns no value.
    """
    try:
        if FEATURES.get(feature.name) is feature and all(type(value) is float for value in params):
            return _of_the_package(feature.name, struct.pack(f"{len(params)}d", *params))
        value = feature.build(named(feature, params))
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
