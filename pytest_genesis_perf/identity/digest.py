"""The digest of a value: equal exactly when :func:`find_difference` finds none.

Each part is written with a tag, its kind and its lengths, so that no two different values have one
encoding; numbers are little-endian, whatever the machine.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from types import MappingProxyType
from typing import Any

from pytest_genesis_perf.identity.drained import Drained
from pytest_genesis_perf.identity.errors import CycleError
from pytest_genesis_perf.identity.leaves import PLAIN, plain_bytes
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
    Part,
    type_name,
)
from pytest_genesis_perf.identity.place import MAX_DEPTH, Place
from pytest_genesis_perf.identity.takeapart import Rules, take_apart

DIGEST_BYTES = 16
MAX_SETS = 50
"""Sets inside sets: the digest of each member is made by a call, and calls are finite."""

_BATCH = 1024

_Child = tuple[Place, object]
_Token = bytes | _Child
_count = struct.Struct("<Q").pack


def digest(value: object, *, handlers: Sequence[Handler] = (), drained: Drained | None = None) -> str:
    """Digest a value.

    Parameters
    ----------
    value : object
        Any value made of known types, or of types with ``__genesis_identity__()``.
    handlers : sequence of Handler
        How further types are taken apart, as for :func:`find_difference`.
    drained : Drained, optional
        Where the items of iterators are kept, for those who walk the value again; otherwise an iterator is empty
        afterwards.

    Returns
    -------
    str
        32 hexadecimal digits (BLAKE2b), the same on every platform, Python and NumPy.

    Raises
    ------
    UnknownTypeError
        For a value that cannot be digested.
    CycleError
        For a value that contains itself.
    """
    return digest_at(value, Rules(tuple(handlers), Drained() if drained is None else drained), Place()).hex()


def digest_at(value: object, rules: Rules, place: Place) -> bytes:
    """Return the 16 bytes of the digest of a value that stands at a place, for its errors."""
    return _digest(value, rules, place, frozenset(), 0)


def _digest(value: object, rules: Rules, place: Place, above: frozenset[int], sets: int) -> bytes:
    if sets > MAX_SETS:
        raise CycleError(str(place), f"sets are nested deeper than {MAX_SETS} levels")
    sink = hashlib.blake2b(digest_size=DIGEST_BYTES)
    opened = set(above)
    stack: list[tuple[object, Iterator[_Token]]] = [(None, iter([(place, value)]))]
    while stack:
        owner, tokens = stack[-1]
        for token in tokens:
            if isinstance(token, bytes):
                sink.update(token)
                continue
            where, child = token
            if id(child) in opened:
                raise CycleError(str(where), "the value contains itself")
            if where.depth > MAX_DEPTH:
                raise CycleError(str(where), f"the value is nested deeper than {MAX_DEPTH:,} levels")
            part = take_apart(child, rules, where)
            if isinstance(part, Leaf):
                sink.update(_leaf(part))
                continue
            opened.add(id(child))
            if isinstance(part, Members):
                inner = frozenset(opened)
                digests = sorted(_digest(v, rules, where.at(v), inner, sets + 1) for v in part.values)
                sink.update(_head(b"m", part, len(digests)) + b"".join(digests))
                opened.discard(id(child))
                continue
            stack.append((child, _tokens(part, where)))
            break
        else:
            opened.discard(id(owner))
            stack.pop()
    return sink.digest()


def _tokens(part: Part, place: Place) -> Iterator[_Token]:
    """Yield bytes to be digested, and children that stand for their own bytes."""
    if isinstance(part, Alias):
        yield _head(b"a", part, 1)
        yield place._replace(depth=place.depth + 1), part.value
    elif isinstance(part, Items):
        yield _head(b"i", part, len(part.values))
        yield from _sequence(part.values, place.at)
    elif isinstance(part, (Fields, Labelled)):
        yield _head(b"f" if isinstance(part, Fields) else b"t", part, len(part.values))
        for name, item in part.values.items():
            yield _sized(name.encode())
            yield _PLAIN[type(item)](item) if type(item) in PLAIN else (place.dot(name), item)
        if isinstance(part, Labelled):
            yield place._replace(depth=place.depth + 1), part.body
    elif isinstance(part, Pairs):
        yield _head(b"p", part, len(part.pairs))
        for key, item in part.pairs:
            yield _PLAIN[type(key)](key) if type(key) in PLAIN else (place.at(key), key)
            yield _PLAIN[type(item)](item) if type(item) in PLAIN else (place.at(key), item)
    elif isinstance(part, Bulk):
        yield from _bulk(part, place)


def _bulk(part: Bulk, place: Place) -> Iterator[_Token]:
    from pytest_genesis_perf.identity import arrays, bits, columns

    yield _head(b"b", part, len(part.shape))
    yield b"".join(map(_count, part.shape)) + _sized(part.dtype.encode())
    for column in part.columns:
        if column.objects:
            where = partial(arrays.place_in, place, part.shape, column)
            yield from _sequence(columns.objects_of(column), where)
            continue
        # A sink of its own: the digest must not depend on how the values are cut into chunks.
        gaps = hashlib.blake2b(digest_size=DIGEST_BYTES)
        for values, missing in column.chunks():
            yield bits.canonical(values)
            gaps.update(bytes(len(values)) if missing is None else missing.tobytes())
        if column.nullable:
            yield gaps.digest()


def _sequence(values: Iterable[object], at: Callable[[int], Place]) -> Iterator[_Token]:
    """Yield the tokens of children, those of plain ones joined: an update of the sink costs more than a number."""
    rest, start = iter(values), 0
    while batch := tuple(islice(rest, _BATCH)):
        if set(map(type, batch)) == {str}:
            yield _texts(batch)  # type: ignore[arg-type]
        else:
            yield from _mixed(batch, start, at)
        start += len(batch)


def _texts(texts: tuple[str, ...]) -> bytes:
    """Return the joined encodings of many texts."""
    try:
        encoded = list(map(str.encode, texts))
    except UnicodeEncodeError:
        # Lone surrogates: rare, and slower.
        return b"".join(map(_PLAIN[str], texts))
    heads = map(_TEXT_HEAD.__add__, map(_count, map(len, encoded)))
    return b"".join(chain.from_iterable(zip(heads, encoded, strict=True)))


def _mixed(values: tuple[object, ...], start: int, at: Callable[[int], Place]) -> Iterator[_Token]:
    joined: list[bytes] = []
    for i, item in enumerate(values, start):
        encode = _PLAIN.get(type(item))
        if encode is not None:
            joined.append(encode(item))
            continue
        yield b"".join(joined)
        joined.clear()
        yield at(i), item
    yield b"".join(joined)


def _leaf(part: Leaf) -> bytes:
    return b"l" + _sized(part.kind.encode()) + _sized(part.data)


def _head(tag: bytes, part: Part, count: int) -> bytes:
    return tag + _sized(part.kind.encode()) + _count(count)


def _sized(data: bytes) -> bytes:
    return _count(len(data)) + data


def _plain_head(cls: type) -> bytes:
    return b"l" + _sized(type_name(cls).encode())


def _plain_encoder(cls: type) -> Callable[[Any], bytes]:
    """Return a function that encodes the leaves of a plain type, as :func:`_leaf` does."""
    head = _plain_head(cls)
    if cls is float:
        # Most of what is digested: prefix and number in one call.
        prefix = head + _count(8)
        return partial(struct.Struct(f"<{len(prefix)}sd").pack, prefix)

    def encode(value: object) -> bytes:
        data = plain_bytes(value)
        return head + _count(len(data)) + data

    return encode


_PLAIN: MappingProxyType[type, Callable[[Any], bytes]] = MappingProxyType(
    {cls: _plain_encoder(cls) for cls in PLAIN}
)
_TEXT_HEAD = _plain_head(str)
