from __future__ import annotations

import copy
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_genesis_perf.identity import Difference, digest, find_difference


@dataclass
class Trade:
    bar: object
    price: object


class Point(NamedTuple):
    x: object
    y: object


class Bar(msgspec.Struct):
    close: object


class Result:
    def __init__(self, value):
        self.value = value

    def __genesis_identity__(self):
        return self.value


class Mutation(NamedTuple):
    """A value, the same value with one place changed, and that place."""

    before: object
    after: object
    path: str


def double(bits: int) -> float:
    value: float = struct.unpack("<d", struct.pack("<Q", bits))[0]
    return value


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.builds(double, st.integers(0, 2**64 - 1)),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.decimals(),
    st.fractions(),
    st.datetimes(),
    st.complex_numbers(),
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
        st.builds(Trade, inner, inner),
        st.builds(Point, inner, inner),
        st.builds(Bar, inner),
        st.builds(Result, inner),
    ),
    max_leaves=8,
)


@st.composite
def flipped_floats(draw: st.DrawFn) -> Mutation:
    bits, bit = draw(st.integers(0, 2**64 - 1)), draw(st.integers(0, 63))
    return Mutation(double(bits), double(bits ^ 1 << bit), "")


@st.composite
def flipped_ints(draw: st.DrawFn) -> Mutation:
    value = draw(st.integers())
    return Mutation(value, value ^ 1 << draw(st.integers(0, 80)), "")


@st.composite
def flipped_bytes(draw: st.DrawFn) -> Mutation:
    data = draw(st.binary(min_size=1, max_size=8))
    index = draw(st.integers(0, 8 * len(data) - 1))
    other = bytearray(data)
    other[index // 8] ^= 1 << index % 8
    return Mutation(data, bytes(other), "")


@st.composite
def flipped_arrays(draw: st.DrawFn) -> Mutation:
    dtype = np.dtype(draw(st.sampled_from(["<f8", "<f4", ">f8", "<i2", "|u1", "<c16", "<M8[s]"])))
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    size = int(np.prod(shape)) * dtype.itemsize
    data = bytearray(draw(st.binary(min_size=size, max_size=size)))
    before = np.frombuffer(bytes(data), dtype=dtype).reshape(shape)
    bit = draw(st.integers(0, 8 * size - 1))
    data[bit // 8] ^= 1 << bit % 8
    after = np.frombuffer(bytes(data), dtype=dtype).reshape(shape)
    index = np.unravel_index(bit // 8 // dtype.itemsize, shape)
    if draw(st.booleans()):
        after = np.asfortranarray(after)
    return Mutation(before, after, f"[{', '.join(str(int(i)) for i in index)}]")


@st.composite
def changed_types(draw: st.DrawFn) -> Mutation:
    number = draw(st.sampled_from([0, 1]))
    before, after = draw(st.permutations([number, float(number), bool(number), np.int64(number)]))[:2]
    return Mutation(before, after, "")


@st.composite
def changed_sets(draw: st.DrawFn) -> Mutation:
    members = draw(st.sets(st.one_of(st.integers(0, 50), st.text(max_size=2)), min_size=1, max_size=5))
    gone = draw(st.sampled_from(sorted(members, key=repr)))
    return Mutation(members, members - {gone}, "")


def nested(inner: st.SearchStrategy[Mutation]) -> st.SearchStrategy[Mutation]:
    @st.composite
    def around(draw: st.DrawFn) -> Mutation:
        mutation = draw(inner)
        others = draw(st.lists(VALUES, max_size=3))
        index = draw(st.integers(0, len(others)))
        build: Callable[[object], object]
        step: str
        build, step = draw(
            st.sampled_from(
                [
                    (lambda value: [*others[:index], value, *others[index:]], f"[{index}]"),
                    (lambda value: (*others[:index], value, *others[index:]), f"[{index}]"),
                    (lambda value: {"a": others, "k": value}, "['k']"),
                    (lambda value: {(1, 2.0): value}, "[(1, 2.0)]"),
                    (lambda value: Trade(others, value), ".price"),
                    (lambda value: Point(value, others), ".x"),
                    (lambda value: Bar(value), ".close"),
                    (lambda value: Result(value), ""),
                ]
            )
        )
        return Mutation(build(mutation.before), build(mutation.after), step + mutation.path)

    return around()


MUTATIONS = st.recursive(
    st.one_of(
        flipped_floats(), flipped_ints(), flipped_bytes(), flipped_arrays(), changed_types(), changed_sets()
    ),
    nested,
    max_leaves=6,
)


@settings(max_examples=300)
@given(MUTATIONS)
def test_a_single_change_is_found_where_it_is(mutation):
    found = find_difference(mutation.before, mutation.after)
    assert found is not None
    assert found.path == "result" + mutation.path
    assert found.count == 1
    assert found.baseline != found.optimized
    back = find_difference(mutation.after, mutation.before)
    assert back == Difference(found.path, found.optimized, found.baseline, found.ulps, 1, found.reason)
    assert digest(mutation.before) != digest(mutation.after)


@settings(max_examples=200)
@given(VALUES)
def test_a_copy_is_identical(value):
    again = copy.deepcopy(value)
    assert find_difference(value, again) is None
    assert digest(value) == digest(again)


FEW = st.recursive(
    st.sampled_from([0, 1, 0.0, -0.0, True, "", "a"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.lists(inner, max_size=2).map(tuple),
        st.lists(st.sampled_from([0, 1, "", "a", (0,)]), max_size=2).map(frozenset),
        st.dictionaries(st.sampled_from(["a", "b", 1]), inner, max_size=2),
    ),
    max_leaves=3,
)


@settings(max_examples=500)
@given(FEW, FEW)
def test_digests_are_equal_exactly_when_no_difference_is_found(a, b):
    assert (find_difference(a, b) is None) == (digest(a) == digest(b))


@settings(max_examples=200)
@given(VALUES, VALUES)
def test_any_two_values_are_compared_alike_from_both_sides(a, b):
    one, two = find_difference(a, b), find_difference(b, a)
    assert (one is None) == (two is None) == (digest(a) == digest(b))
    if one is not None and two is not None:
        assert (one.path, one.reason, one.count, one.ulps) == (two.path, two.reason, two.count, two.ulps)
        assert (one.baseline, one.optimized) == (two.optimized, two.baseline)
