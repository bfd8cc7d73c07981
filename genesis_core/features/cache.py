"""A cache of feature vectors, owned by whoever made it."""

from __future__ import annotations

import sys
from collections import OrderedDict
from threading import Lock
from typing import Any

from genesis_core.candles import Candles
from genesis_core.errors import FeatureError
from genesis_core.features.sets import FeatureSet
from genesis_core.features.vector import FeatureVector

Key = tuple[str, int, str]


class FeatureCache:
    """Feature vectors already computed, least recently used out first.

    In one sequential pass it cannot hit, and with fewer entries than the pass has bars it never hits in the next
    one either. It serves questions that are asked again: several backtests with other decision settings over the
    same features, `explain`, the newest bar. Threads may share one.

    Parameters
    ----------
    capacity : int
        The most entries it keeps.

    Attributes
    ----------
    hits, misses, evictions : int
        What happened so far.

    Raises
    ------
    FeatureError
        If `capacity` is not a whole number of at least 1.
    """

    def __init__(self, capacity: int = 500) -> None:
        if isinstance(capacity, bool) or not isinstance(capacity, int) or capacity < 1:
            raise FeatureError(f"capacity = {capacity!r}; a whole number of at least 1 is needed")
        self.capacity = capacity
        self.hits = 0
        self.misses = 0
        self.evictions = 0
        self._entries: OrderedDict[Key, FeatureVector] = OrderedDict()
        self._lock = Lock()

    @staticmethod
    def key(candles: Candles, bar: int, feature_set: FeatureSet) -> Key:
        """Return the key of one question.

        Both digests are computed once per object, so that no data is hashed here. The fingerprint covers symbol,
        timeframe and the whole history; the feature set's digest covers names, parameters, wiring and code.

        Parameters
        ----------
        candles : Candles
            The series.
        bar : int
            Of the series.
        feature_set : FeatureSet
            What is asked for.
        """
        return candles.fingerprint, bar, feature_set.digest

    def get(self, key: Key) -> FeatureVector | None:
        """Return what is stored under `key` and count a hit, or None and a miss.

        Parameters
        ----------
        key : tuple
            See :meth:`key`.
        """
        with self._lock:
            found = self._entries.get(key)
            if found is None:
                self.misses += 1
                return None
            self.hits += 1
            self._entries.move_to_end(key)
            return found

    def put(self, key: Key, vector: FeatureVector) -> None:
        """Store a vector; the least recently used one makes room.

        Parameters
        ----------
        key : tuple
            See :meth:`key`.
        vector : FeatureVector
            The answer; it is immutable, and kept as it is.
        """
        with self._lock:
            self._entries[key] = vector
            self._entries.move_to_end(key)
            if len(self._entries) > self.capacity:
                self._entries.popitem(last=False)
                self.evictions += 1

    def __contains__(self, key: object) -> bool:
        """Say whether something is stored under `key`; counts neither a hit nor a miss."""
        return key in self._entries

    def clear(self) -> None:
        """Forget all entries; the counters stay."""
        with self._lock:
            self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def nbytes(self) -> int:
        """Memory of the entries in bytes: keys, vectors, value tuples and floats, and the table itself."""
        with self._lock:
            entries = list(self._entries.items())
            total = sys.getsizeof(self._entries)
        for key, vector in entries:
            total += sys.getsizeof(key) + sys.getsizeof(key[1])
            total += sys.getsizeof(vector) + sys.getsizeof(vector.values_tuple)
            total += sum(sys.getsizeof(value) for value in vector.values_tuple)
        return total

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            # What is pickled or copied is a table that no other thread changes meanwhile.
            return {**self.__dict__, "_entries": self._entries.copy(), "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=Lock())

    def __repr__(self) -> str:
        return (
            f"FeatureCache({len(self)}/{self.capacity} entries, {self.hits} hits, {self.misses} misses, "
            f"{self.nbytes / 1024:.0f} KiB)"
        )
