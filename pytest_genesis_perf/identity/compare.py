"""Walk two values side by side and name the first place at which they are not the same bits."""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pytest_genesis_perf.identity.difference import Difference
from pytest_genesis_perf.identity.digest import digest_at
from pytest_genesis_perf.identity.drained import Drained
from pytest_genesis_perf.identity.errors import CycleError
from pytest_genesis_perf.identity.leaves import PLAIN
from pytest_genesis_perf.identity.parts import (
    Alias,
    Bulk,
    Fields,
    Handler,
    Items,
    Labelled,
    Leaf,
    Members,
    Pairs,
)
from pytest_genesis_perf.identity.place import MAX_DEPTH, Place
from pytest_genesis_perf.identity.render import float_bits, leaf_text, listing, short, text_pair, ulp_distance
from pytest_genesis_perf.identity.summary import plural, summary
from pytest_genesis_perf.identity.takeapart import Rules, take_apart

Step = tuple[Place, object, object]
_double = struct.Struct("<d").pack


def find_difference(
    baseline: object, optimized: object, *, handlers: Sequence[Handler] = (), drained: Drained | None = None
) -> Difference | None:
    """Compare two values bit for bit.

    Parameters
    ----------
    baseline, optimized : object
        Any values made of known types, or of types with ``__genesis_identity__()``.
    handlers : sequence of Handler
        How further types are taken apart; asked before the built-in rules, except for None, bool, int,
        float, str and bytes.
    drained : Drained, optional
        What iterators among the values yielded when they were walked before.

    Returns
    -------
    Difference or None
        The first place that differs and how many do; None when the two are identical, which is exactly
        when their digests are equal.

    Raises
    ------
    UnknownTypeError
        For a value that cannot be compared; never a pass.
    CycleError
        For a value that contains itself.
    """
    walk = _Walk(Rules(tuple(handlers), Drained() if drained is None else drained))
    walk.run(baseline, optimized)
    return walk.difference


@dataclass
class _Walk:
    rules: Rules
    first: Difference | None = None
    count: int = 0
    open_a: set[int] = field(default_factory=set)
    open_b: set[int] = field(default_factory=set)

    @property
    def difference(self) -> Difference | None:
        if self.first is None:
            return None
        found = self.first
        return Difference(found.path, found.baseline, found.optimized, found.ulps, self.count, found.reason)

    def run(self, a: object, b: object) -> None:
        # An explicit stack: a result may be nested deeper than Python's call stack.
        stack: list[tuple[object, object, Iterator[Step]]] = [(None, None, iter([(Place(), a, b)]))]
        while stack:
            owner_a, owner_b, steps = stack[-1]
            step = next(steps, None)
            if step is None:
                self.open_a.discard(id(owner_a))
                self.open_b.discard(id(owner_b))
                stack.pop()
                continue
            place, x, y = step
            children = self.visit(place, x, y)
            if children is not None:
                self.enter(place, x, y)
                stack.append((x, y, children))

    def enter(self, place: Place, x: object, y: object) -> None:
        if id(x) in self.open_a or id(y) in self.open_b:
            raise CycleError(str(place), "the value contains itself")
        if place.depth > MAX_DEPTH:
            raise CycleError(str(place), f"the value is nested deeper than {MAX_DEPTH:,} levels")
        self.open_a.add(id(x))
        self.open_b.add(id(y))

    def report(
        self, place: Place, reason: str, a: str, b: str, *, ulps: int | None = None, count: int = 1
    ) -> None:
        if self.first is None:
            self.first = Difference(str(place), a, b, ulps, count, reason)
        self.count += count

    def visit(self, place: Place, x: object, y: object) -> Iterator[Step] | None:
        """Report what differs at this very place; return the children still to be walked."""
        a = take_apart(x, self.rules, place)
        b = take_apart(y, self.rules, place)
        if type(a) is not type(b) or a.kind != b.kind:
            self.report(place, "types differ", summary(a, x), summary(b, y))
            return None
        if isinstance(a, Leaf) and isinstance(b, Leaf):
            self.leaves(place, a, b, x, y)
            return None
        if isinstance(a, Members) and isinstance(b, Members):
            self.members(place, a, b)
            return None
        if isinstance(a, Alias) and isinstance(b, Alias):
            return iter([(place._replace(depth=place.depth + 1), a.value, b.value)])
        if isinstance(a, Items) and isinstance(b, Items):
            return self.items(place, a, b)
        if isinstance(a, Fields) and isinstance(b, Fields):
            return self.fields(place, a, b)
        if isinstance(a, Pairs) and isinstance(b, Pairs):
            return self.pairs(place, a, b)
        if isinstance(a, Labelled) and isinstance(b, Labelled):
            return self.labelled(place, a, b)
        assert isinstance(a, Bulk)
        assert isinstance(b, Bulk)
        return self.bulk(place, a, b)

    def leaves(self, place: Place, a: Leaf, b: Leaf, x: object, y: object) -> None:
        if a.data == b.data:
            return
        ulps = None
        if isinstance(x, (str, bytes)) and isinstance(y, (str, bytes)):
            texts = text_pair(x, y)
        else:
            texts = leaf_text(x), leaf_text(y)
        if type(x) is float and type(y) is float:
            ulps = ulp_distance(float_bits(x), float_bits(y), 8)
        if texts[0] == texts[1]:
            texts = f"{texts[0]} (bytes {a.data.hex()})", f"{texts[1]} (bytes {b.data.hex()})"
        self.report(place, "values differ", *texts, ulps=ulps)

    def items(self, place: Place, a: Items, b: Items) -> Iterator[Step]:
        n, m = len(a.values), len(b.values)
        if n != m:
            self.report(place, "lengths differ", plural(n, "item"), plural(m, "item"), count=abs(n - m))
        pairs = zip(a.values, b.values, strict=False)
        return ((place.at(i), x, y) for i, (x, y) in enumerate(pairs) if not _same_plain(x, y))

    def fields(self, place: Place, a: Fields | Labelled, b: Fields | Labelled) -> Iterator[Step]:
        names = list(a.values)
        if names != list(b.values):
            only_a, only_b = a.values.keys() - b.values.keys(), b.values.keys() - a.values.keys()
            count = len(only_a) + len(only_b) or 1
            self.report(place, "fields differ", ", ".join(a.values), ", ".join(b.values), count=count)
            names = [name for name in names if name in b.values]
        triples = ((name, a.values[name], b.values[name]) for name in names)
        return ((place.dot(name), x, y) for name, x, y in triples if not _same_plain(x, y))

    def labelled(self, place: Place, a: Labelled, b: Labelled) -> Iterator[Step]:
        yield from self.fields(place, a, b)
        yield place._replace(depth=place.depth + 1), a.body, b.body

    def pairs(self, place: Place, a: Pairs, b: Pairs) -> Iterator[Step]:
        keys_a, keys_b = self.tokens(place, a), self.tokens(place, b)
        both: Iterable[tuple[tuple[object, object], tuple[object, object]]]
        if keys_a == keys_b:
            both = zip(a.pairs, b.pairs, strict=True)
        else:
            self.keys(place, a, b, keys_a, keys_b)
            found = dict(zip(keys_b, b.pairs, strict=True))
            both = [(p, found[k]) for k, p in zip(keys_a, a.pairs, strict=True) if k in found]
        return ((place.at(key), x, y) for (key, x), (_, y) in both if not _same_plain(x, y))

    def tokens(self, place: Place, part: Pairs) -> list[Hashable]:
        return [self.token(place, key) for key, _ in part.pairs]

    def token(self, place: Place, key: object) -> Hashable:
        cls = type(key)
        if cls is str or cls is int:
            return cls, key
        return digest_at(key, self.rules, place.at(key))

    def keys(self, place: Place, a: Pairs, b: Pairs, keys_a: list[Hashable], keys_b: list[Hashable]) -> None:
        only_a = _only([key for key, _ in a.pairs], keys_a, keys_b)
        only_b = _only([key for key, _ in b.pairs], keys_b, keys_a)
        if only_a or only_b:
            texts = [f"only here: {listing(only)}" if only else "no other key" for only in (only_a, only_b)]
            self.report(place, "keys differ", *texts, count=len(only_a) + len(only_b))
        else:
            i = next(i for i, (k, m) in enumerate(zip(keys_a, keys_b, strict=True)) if k != m)
            texts = [f"{short(part.pairs[i][0])} at position {i}" for part in (a, b)]
            self.report(place, "key order differs", *texts)

    def members(self, place: Place, a: Members, b: Members) -> None:
        tokens_a = [self.token(place, v) for v in a.values]
        tokens_b = [self.token(place, v) for v in b.values]
        only_a = _only(a.values, tokens_a, tokens_b)
        only_b = _only(b.values, tokens_b, tokens_a)
        if only_a or only_b:
            texts = [f"only here: {listing(only)}" if only else "no other" for only in (only_a, only_b)]
            self.report(place, "members differ", *texts, count=len(only_a) + len(only_b))

    def bulk(self, place: Place, a: Bulk, b: Bulk) -> Iterator[Step] | None:
        from pytest_genesis_perf.identity import arrays, bits, columns

        if a.dtype != b.dtype:
            self.report(place, "dtype differs", a.dtype, b.dtype)
            return None
        if a.shape != b.shape:
            self.report(place, "shape differs", str(a.shape), str(b.shape))
            return None
        objects: list[tuple[columns.Column, columns.Column]] = []
        firsts: list[tuple[Place, tuple[str, str, int | None], tuple[int, int]]] = []
        total = 0
        for order, (x, y) in enumerate(zip(a.columns, b.columns, strict=True)):
            if x.objects:
                objects.append((x, y))
                continue
            count, flat = bits.first_difference(x, y)
            total += count
            if count:
                row = flat // max(1, math.prod(x.shape[len(a.shape) :]))
                texts = arrays.value_texts(x, y, flat)
                firsts.append((arrays.place_in(place, a.shape, x, flat), texts, (row, order)))
        if firsts:
            where, (text_a, text_b, ulps), _ = min(firsts, key=lambda found: found[2])
            self.report(where, "values differ", text_a, text_b, ulps=ulps, count=total)
        if not objects:
            return None
        return (
            (arrays.place_in(place, a.shape, x, i), u, v)
            for x, y in objects
            for i, (u, v) in enumerate(zip(columns.objects_of(x), columns.objects_of(y), strict=True))
            if not _same_plain(u, v)
        )


def _same_plain(x: object, y: object) -> bool:
    """Whether two values are plain, of one type and identical: most are, and need no more work."""
    cls = type(x)
    if cls is not type(y) or cls not in PLAIN:
        return False
    return _double(x) == _double(y) if cls is float else x == y


def _only(values: Sequence[object], mine: list[Hashable], theirs: list[Hashable]) -> list[object]:
    left = Counter(theirs)
    only = []
    for value, token in zip(values, mine, strict=True):
        if left[token] > 0:
            left[token] -= 1
        else:
            only.append(value)
    return only
