"""The execution paths: ways to run the same law, behind one protocol."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from genesis_core.candles import Candles
from genesis_core.errors import CandleError, FeatureError, nearest
from genesis_core.features.cache import FeatureCache
from genesis_core.features.columns import run_columns, source_columns
from genesis_core.features.given import bound
from genesis_core.features.graph import Graph
from genesis_core.features.interpreter import Interpreter
from genesis_core.features.sets import DEFAULT, FeatureSet
from genesis_core.features.vector import FeatureVector
from genesis_core.features.window import WindowProgram


@dataclass
class Counters:
    """What a path did, so that a comparison can prove that two arms ran two plans.

    Attributes
    ----------
    interpreted_steps : int
        Bars over which the law was interpreted.
    compiled_calls : int
        Runs of the compiled law: all its column passes over one window, or over the whole series.
    bars : int
        Vectors handed out.
    hits, misses : int
        Answers found in a feature cache, and not found.
    """

    interpreted_steps: int = 0
    compiled_calls: int = 0
    bars: int = 0
    hits: int = 0
    misses: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)


class FeaturePath(Protocol):
    """A way to get the features as of any bar of one series."""

    @property
    def name(self) -> str:
        """What runs, such as ``cached(recompute)``."""

    @property
    def counters(self) -> Counters:
        """What it did so far."""

    def at(self, bar: int) -> FeatureVector:
        """Return the features as of `bar`.

        Parameters
        ----------
        bar : int
            Of the path's series; what lies behind it is not looked at.

        Raises
        ------
        FeatureError
            If the series has no such bar.
        """


@dataclass
class _Path(ABC):
    candles: Candles
    feature_set: FeatureSet
    counters: Counters = field(default_factory=Counters, init=False)
    graph: Graph = field(init=False)
    name: ClassVar[str]

    def __post_init__(self) -> None:
        self.graph = bound(self.feature_set.graph, self.candles)

    @abstractmethod
    def at(self, bar: int) -> FeatureVector:
        """Return the features as of `bar`."""

    def _vector(self, bar: int, values: tuple[float, ...]) -> FeatureVector:
        self.counters.bars += 1
        return FeatureVector(self.feature_set.layout, bar, values)


class RecomputePath(_Path):
    """The reference: at each bar, run the law from bar 0 over a list that ends at that bar.

    It is handed only the past, so it cannot look ahead. Costs O(t) interpreted steps per bar.
    """

    name = "recompute"

    def at(self, bar: int) -> FeatureVector:
        """Return the features as of `bar`."""
        check_bar(self.candles, bar)
        interpreter = Interpreter(self.graph)
        window = [column[: bar + 1].tolist() for column in source_columns(self.candles)]
        for sources in zip(*window, strict=True):
            interpreter.advance(sources)
        self.counters.interpreted_steps += bar + 1
        return self._vector(bar, interpreter.values())


class StreamingPath(_Path):
    """One O(1) update per bar, in order. A question about an earlier bar starts over."""

    name = "streaming"
    _interpreter: Interpreter | None = None

    def at(self, bar: int) -> FeatureVector:
        """Return the features as of `bar`."""
        check_bar(self.candles, bar)
        if self._interpreter is None or self._interpreter.bars > bar + 1:
            self._interpreter = Interpreter(self.graph)
        columns = source_columns(self.candles)
        for t in range(self._interpreter.bars, bar + 1):
            self._interpreter.advance([column.item(t) for column in columns])
            self.counters.interpreted_steps += 1
        return self._vector(bar, self._interpreter.values())


class WindowedPath(_Path):
    """The compiled law, from bar 0, over zero-copy views that end at the bar; one compiled run a bar."""

    name = "windowed"
    _program: WindowProgram | None = None

    def at(self, bar: int) -> FeatureVector:
        """Return the features as of `bar`."""
        check_bar(self.candles, bar)
        if self._program is None:
            self._program = WindowProgram(self.graph, len(self.candles))
        values = self._program.values([column[: bar + 1] for column in source_columns(self.candles)])
        self.counters.compiled_calls += 1
        return self._vector(bar, values)


class PrecomputedPath(_Path):
    """Compiled column passes over the series once, then a look-up per bar."""

    name = "precomputed"
    _rows: NDArray[np.float64] | None = None

    def at(self, bar: int) -> FeatureVector:
        """Return the features as of `bar`."""
        check_bar(self.candles, bar)
        if self._rows is None:
            self._rows = np.column_stack(run_columns(self.candles, self.graph))
            self.counters.compiled_calls += 1
        return self._vector(bar, tuple(self._rows[bar].tolist()))


class CachedPath:
    """A feature cache in front of any path.

    Parameters
    ----------
    inner : path
        What answers when the cache cannot.
    cache : FeatureCache
        The caller's.
    """

    def __init__(self, inner: _Path, cache: FeatureCache) -> None:
        self.inner = inner
        self.cache = cache

    @property
    def name(self) -> str:
        """``cached(...)`` of the inner path."""
        return f"cached({self.inner.name})"

    @property
    def counters(self) -> Counters:
        """Those of the inner path, with this path's hits and misses."""
        return self.inner.counters

    def at(self, bar: int) -> FeatureVector:
        """Return the features as of `bar`."""
        check_bar(self.inner.candles, bar)
        counters = self.inner.counters
        key = self.cache.key(self.inner.candles, bar, self.inner.feature_set)
        found = self.cache.get(key)
        if found is not None:
            counters.hits += 1
            counters.bars += 1
            return found
        counters.misses += 1
        vector = self.inner.at(bar)
        self.cache.put(key, vector)
        return vector


_PATHS: dict[str, type[_Path]] = {
    path.name: path for path in (RecomputePath, StreamingPath, WindowedPath, PrecomputedPath)
}


def make_path(
    name: str,
    candles: Candles,
    feature_set: FeatureSet = DEFAULT,
    feature_cache: FeatureCache | None = None,
) -> FeaturePath:
    """Make a path over a series.

    Parameters
    ----------
    name : str
        ``recompute``, ``windowed``, ``precomputed`` or ``streaming``.
    candles : Candles
        The series.
    feature_set : FeatureSet
        What to compute.
    feature_cache : FeatureCache, optional
        Put in front of the path.

    Raises
    ------
    FeatureError
        If there is no such path, or features look at another higher timeframe than that of the candles attached.
    KernelError
        If a constant or a function of a kernel of the caller's own is not what it was when the set was made.
    """
    check_arguments(candles, feature_cache)
    if not isinstance(feature_set, FeatureSet):
        raise FeatureError(f"feature_set is a {type(feature_set).__name__}; make one: FeatureSet([...])")
    if name not in tuple(_PATHS):
        raise FeatureError(f"unknown path {name!r}{nearest(str(name), _PATHS)}")
    feature_set.graph.require_current()
    path = _PATHS[name](candles, feature_set)
    return path if feature_cache is None else CachedPath(path, feature_cache)


def features_asof(
    candles: Candles,
    bar: int,
    feature_set: FeatureSet = DEFAULT,
    path: str = "recompute",
    feature_cache: FeatureCache | None = None,
) -> FeatureVector:
    """Return the features as of one bar: computed from the candles 0 to `bar`, the last one closed.

    Parameters
    ----------
    candles : Candles
        The series.
    bar : int
        0 to ``len(candles) - 1``.
    feature_set : FeatureSet
        Which features; the 15 default ones unless told otherwise.
    path : str
        How: ``recompute``, ``windowed``, ``precomputed`` or ``streaming``. All give the same bits.
    feature_cache : FeatureCache, optional
        Looked into first.

    Returns
    -------
    FeatureVector
        Name -> value. Before its first valid bar a value is neutral and ``vector.valid[name]`` false.

    Raises
    ------
    FeatureError
        For a bar that the series does not have, an unknown path, or features of another higher timeframe than that of
        the candles attached.
    """
    return make_path(path, candles, feature_set, feature_cache).at(bar)


def check_arguments(candles: object, feature_cache: object) -> None:
    """Say what is needed where something else was given."""
    if not isinstance(candles, Candles):
        raise CandleError(
            f"candles is a {type(candles).__name__}; make them by Candles.from_arrays, from_csv or from_parquet"
        )
    if feature_cache is not None and not isinstance(feature_cache, FeatureCache):
        raise FeatureError(f"feature_cache is {feature_cache!r}; make one that you hold: FeatureCache()")


def check_bar(candles: Candles, bar: int) -> None:
    """Say which bars there are if `bar` is none of them."""
    if isinstance(bar, bool) or not isinstance(bar, (int, np.integer)):
        raise FeatureError(f"bar {bar!r}: a whole number is needed")
    if not 0 <= bar < len(candles):
        raise FeatureError(f"bar {bar} is outside the series: it has the bars 0 to {len(candles) - 1}")
