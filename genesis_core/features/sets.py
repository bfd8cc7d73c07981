"""Feature sets: hashable values that say which features, with which parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from genesis_core.digest import digest
from genesis_core.errors import FeatureError, nearest
from genesis_core.features.choices import FeatureChoice, completed, importable, named, resolve, wired
from genesis_core.features.defaults import DEFAULT_FEATURES, Feature
from genesis_core.features.graph import Graph
from genesis_core.features.nodes import Source, Value
from genesis_core.features.vector import Layout


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
            feature, given = resolve(choice)
            if feature.name in resolved:
                raise FeatureError(f"feature {feature.name!r} stands twice in the set")
            resolved[feature.name] = feature, given
        if not resolved:
            raise FeatureError("a feature set needs at least one feature")
        chosen = tuple([feature for feature, _ in resolved.values()])
        params = tuple([given for _, given in resolved.values()])
        self._take(tuple(resolved), chosen, params, tuple(map(wired, chosen, params)))

    def _take(
        self,
        names: tuple[str, ...],
        features: tuple[Feature, ...],
        params: tuple[tuple[float, ...], ...],
        values: tuple[Value, ...],
    ) -> None:
        self._names, self._features, self._params, self._values = names, features, params, values

    @classmethod
    def _of(
        cls,
        names: tuple[str, ...],
        features: tuple[Feature, ...],
        params: tuple[tuple[float, ...], ...],
        values: tuple[Value, ...],
    ) -> FeatureSet:
        """Make a set of features that are wired already."""
        made = cls.__new__(cls)
        made._take(names, features, params, values)
        return made

    @classmethod
    def of_wired(cls, features: tuple[Feature, ...], values: tuple[Value, ...]) -> FeatureSet:
        """Make a set of features without parameters whose values are wired already.

        Parameters
        ----------
        features : tuple of Feature
            Their `build` is not called.
        values : tuple of Source or Output
            The value of each.
        """
        return cls._of(tuple([feature.name for feature in features]), features, ((),) * len(features), values)

    @property
    def names(self) -> tuple[str, ...]:
        """The names in their order."""
        return self._names

    @property
    def parameters(self) -> dict[str, dict[str, float]]:
        """All parameters of each feature, defaults included."""
        return {f.name: named(f, p) for f, p in zip(self._features, self._params, strict=True)}

    @cached_property
    def values(self) -> Mapping[str, Value]:
        """The wired value of each feature, by name."""
        return dict(zip(self.names, self._values, strict=True))

    def first_valid(self, name: str) -> int:
        """Return the first valid bar of one of its features.

        Parameters
        ----------
        name : str
            Of a feature of this set.
        """
        return self._values[self._names.index(name)].first_valid

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
        """Return this set with further features behind it; those already in it are not repeated.

        Parameters
        ----------
        *features : str, tuple or Feature
            As :class:`FeatureSet` takes them.
        """
        more = [choice for choice in features if resolve(choice)[0].name not in self._names]
        return self.joined(FeatureSet(more)) if more else self

    def joined(self, other: FeatureSet) -> FeatureSet:
        """Return this set with the features of another behind it, as they are wired; none is repeated.

        Parameters
        ----------
        other : FeatureSet
            Whose features come behind.
        """
        at = [i for i, name in enumerate(other._names) if name not in self._names]
        if not at:
            return self
        return FeatureSet._of(
            (*self._names, *[other._names[i] for i in at]),
            (*self._features, *[other._features[i] for i in at]),
            (*self._params, *[other._params[i] for i in at]),
            (*self._values, *[other._values[i] for i in at]),
        )

    def altered(self, changes: Mapping[str, Mapping[str, float]]) -> FeatureSet:
        """Return this set with other parameters of some features; the others stay as they are wired.

        Parameters
        ----------
        changes : mapping
            Name of a feature -> all its parameters that differ from its defaults.

        Raises
        ------
        FeatureError
            For a feature that is not in the set, and as the constructor does.
        """
        for name in changes:
            if name not in self._names:
                raise FeatureError(f"feature {name!r} is not in the set{nearest(name, self._names)}")
        at = [i for i, name in enumerate(self._names) if name in changes]
        params, values = list(self._params), list(self._values)
        for i in at:
            params[i] = completed(self._features[i], changes[self._names[i]])
        for i in at:
            values[i] = wired(self._features[i], params[i])
        return FeatureSet._of(self._names, self._features, tuple(params), tuple(values))

    def __reduce__(self) -> str | tuple[object, ...]:
        """Pickle names and parameters; of a feature of the caller's own, the feature.

        Raises
        ------
        FeatureError
            If the `build` of such a feature cannot be imported by another process.
        """
        if not self._features:
            return "NO_FEATURES"
        pairs = zip(self._features, self._params, strict=True)
        choices = [(importable(feature), named(feature, params)) for feature, params in pairs]
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


NO_FEATURES = FeatureSet._of((), (), (), ())
"""The set of a strategy whose decide step reads candle columns only; nobody can ask for it by a list."""
DEFAULT = FeatureSet(DEFAULT_FEATURES)
"""The 15 default features."""
