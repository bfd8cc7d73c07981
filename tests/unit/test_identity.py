from __future__ import annotations

import copy
import datetime as dt
import math
import os
import pickle
import subprocess
import sys
from array import array
from collections import Counter, OrderedDict, UserDict, UserList, defaultdict, deque, namedtuple
from collections.abc import Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from enum import Flag, IntEnum
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from pytest_genesis_perf.identity import (
    Difference,
    digest,
    find_difference,
)
from tests.unit.identity_cases import MOMENT, Result, Side, Trade, Window, nan


class Level(IntEnum):
    ONE = 1


class Reason(Flag):
    STOP = 1
    TARGET = 2


@dataclass(frozen=True)
class OtherTrade:
    price: float
    tags: tuple[str, ...] = ()


class Point(NamedTuple):
    x: float
    y: float


OtherPoint = namedtuple("OtherPoint", "x y")


class Bar(msgspec.Struct):
    close: float
    volume: float = 0.0


class Known(Window):
    """Says itself what must be identical."""

    def __genesis_identity__(self):
        return self.symbol, self.values


class Digits(Sequence):
    """A container without an attribute of its own: its items are all there is."""

    def __getitem__(self, index):
        return "0123456789"[index]

    def __len__(self):
        return 10


class Evens(Set):
    __slots__ = ()

    def __contains__(self, value):
        return value in (0, 2)

    def __iter__(self):
        return iter((0, 2))

    def __len__(self):
        return 2


class OtherResult(Result):
    pass


UTC = dt.timezone.utc

DISTINCT = [
    None, False, True, 0, 1, -1, 127, 128, -128, -129, 255, 2**64, -(2**64), 1 << 20_000, 0.0, -0.0, 1.0,
    math.inf, -math.inf, nan(0x7FF8000000000000), nan(0x7FF8000000000001), nan(0xFFF8000000000000),
    nan(0x7FF0000000000001), 5e-324, 0j, complex(0.0, -0.0), complex(-0.0, 0.0), 1 + 0j, "", "1", "None",
    "é", "e\u0301", "\ud800", b"", b"1", bytearray(b"1"), bytearray(), Decimal("1"), Decimal("1.0"),
    Decimal("-0"), Decimal("0"), Decimal("NaN"), Decimal("sNaN"), Fraction(1), Fraction(1, 2),
    range(0, 3, 2), range(0, 4, 2), range(0), range(1, 1), dt.date(2024, 1, 2), dt.datetime(2024, 1, 2),
    MOMENT, MOMENT.replace(fold=1), MOMENT.replace(tzinfo=UTC), MOMENT.replace(tzinfo=ZoneInfo("UTC")),
    MOMENT.replace(tzinfo=ZoneInfo("Europe/Berlin")),
    MOMENT.replace(tzinfo=dt.timezone(dt.timedelta(hours=1))),
    MOMENT.replace(tzinfo=dt.timezone(dt.timedelta(hours=1), "CET")), dt.time(0), dt.time(0, tzinfo=UTC),
    dt.time(0, fold=1), dt.timedelta(0), dt.timedelta(days=-1), dt.timedelta(microseconds=1), UTC,
    dt.timezone(dt.timedelta(hours=1)), Path("a/b"), PurePosixPath("a/b"), PureWindowsPath("a/b"),
    Side.LONG, Side.SHORT, Level.ONE, Reason.STOP, Reason.STOP | Reason.TARGET, Reason(0), (), [], {},
    set(), frozenset(), (1,), [1], {1}, frozenset({1}), [[1]], [(1,)], (1, 2), (2, 1), [1, 2], [12],
    ["1", "2"], ["12"], [[], [1]], [[1], []], {1: 2}, {1.0: 2}, {True: 2}, {1: 2.0}, {1: 2, 3: 4},
    {3: 4, 1: 2}, {"a": None}, {None: "a"}, {(1, 2): 3}, {frozenset({1, 2}): 3}, OrderedDict({1: 2}),
    defaultdict(int, {1: 2}), Counter({1: 2}), MappingProxyType({1: 2}), UserDict({1: 2}), UserList([1]),
    deque([1]), deque([1], maxlen=3), array("d", [1.0]), array("f", [1.0]), array("q", [1]), {0.0},
    {-0.0}, {1.0}, {"1"}, {1, 2}, {(1, 2)}, {frozenset({1})}, {frozenset({2})}, Trade(1.0),
    Trade(1.0, ("a",)), Trade(-1.0), OtherTrade(1.0), Point(1.0, 2.0), Point(2.0, 1.0),
    OtherPoint(1.0, 2.0), (1.0, 2.0), Bar(1.0), Bar(1.0, -0.0), Known(1), Known(1, 2), Known(1, symbol="b"),
    Digits(), Evens(), {0, 2}, Result([1], 0.5), Result([2], 0.5), OtherResult([1], 0.5), {"trades": [1]},
    np.float64(1.0), np.float64(-0.0), np.float64(0.0), np.float32(1.0), np.float16(1.0), np.int64(1),
    np.int32(1), np.uint8(1), np.bool_(True), np.complex128(1), np.complex64(1), np.str_("1"),
    np.bytes_(b"1"), np.datetime64("NaT", "s"), np.datetime64("NaT", "ms"), np.datetime64(0, "s"),
    np.timedelta64("NaT", "s"), np.timedelta64(0, "s"), np.void(b"1"), np.void(b"12"),
    np.array((1, 2.0), dtype=[("a", "<i4"), ("b", "<f8")])[()], np.array(1.0), np.array([1.0]),
    np.array([[1.0]]), np.array([]), np.array([], dtype=np.int64), np.zeros((0, 2)), np.zeros((2, 0)),
    np.array([1.0], dtype=">f8"), np.array([1], dtype="<i8"), np.array(["1"]),
    np.array(["1"], dtype="<U2"), np.array([b"1"]), np.array([1], dtype=object),
    np.array([1.0], dtype=object), np.array(1, dtype=object), np.array([[1]], dtype=object),
    np.array([True]), np.array(["NaT"], dtype="<M8[s]"), np.array(["NaT"], dtype="<m8[s]"),
    np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")]),
    np.array([(1, 2.0)], dtype=[("a", "<i4"), ("c", "<f8")]),
    np.rec.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")]),
    np.array([(1, [1, 2])], dtype=[("a", "<i4"), ("b", "<f8", (2,))]),
    np.array([(1, [1, 2])], dtype=[("a", "<i4"), ("b", object)]),
]  # fmt: skip
"""Values of which no two are the same, however alike Python's and NumPy's equalities find them."""


def test_no_two_distinct_values_are_taken_for_the_same():
    digests = [digest(value) for value in DISTINCT]
    assert len(set(digests)) == len(DISTINCT)
    for i, a in enumerate(DISTINCT):
        for j, b in enumerate(DISTINCT):
            found = find_difference(a, b)
            assert (found is None) == (i == j), (a, b)
            if found is not None:
                assert found.path.startswith("result")
                assert found.count >= 1
                assert found.baseline != found.optimized, (a, b)


def test_the_difference_is_symmetric():
    for a in DISTINCT:
        for b in DISTINCT[:: len(DISTINCT) // 12]:
            one, two = find_difference(a, b), find_difference(b, a)
            if one is None or two is None:
                assert one is two
                continue
            assert Difference(two.path, two.optimized, two.baseline, two.ulps, two.count, two.reason) == one


def test_copies_are_identical():
    for value in DISTINCT:
        if isinstance(value, MappingProxyType):
            again: object = MappingProxyType(dict(value))
        elif isinstance(value, np.ndarray):
            again = copy.deepcopy(value)  # pickling loses the byte order
        else:
            again = pickle.loads(pickle.dumps(value))
        assert find_difference(value, again) is None, value
        assert digest(value) == digest(again), value


def test_a_digest_is_32_hex_digits_and_the_same_on_every_machine():
    value = {
        "trades": [(1.5, -0.0), (None, True, 2**70, "é", b"\x00")],
        "when": MOMENT.replace(tzinfo=UTC),
        "set": {3, 1, 2},
        "path": Path("a/b"),
        "cost": Decimal("1.10"),
    }
    frozen = {
        "native": np.array([1.5, np.nan, -0.0]),
        "swapped": np.array([1, 2], dtype=">i4"),
        "text": np.array(["é", "ab"]),
        "flags": np.array([[True], [False]]),
        "scalar": np.float32(0.1),
        "table": np.array([(1, 2.0, "x")], dtype=[("a", "<i2"), ("b", ">f8"), ("c", "<U1")]),
    }
    assert digest(value) == "7f99af2e18880222bd8623f24481f232"
    assert digest(frozen) == "6159f7cebaac1f8740f07fe8e2e47b7a"


def test_what_is_identical():
    one = {
        "a": [Trade(1.0, ("x",)), Point(0.1, nan(0x7FF8000000000123))],
        "s": {"a", "b", "c"},
        "r": Result([1], 0.1),
    }
    two = {
        "a": [Trade(1.0, ("x",)), Point(0.1, nan(0x7FF8000000000123))],
        "s": {"c", "b", "a"},
        "r": Result([1], 9.9),
    }
    assert find_difference(one, two) is None
    assert digest(one) == digest(two)


def test_numpy_is_not_imported_for_plain_values():
    code = (
        "import sys\n"
        "from pytest_genesis_perf.identity import digest, find_difference\n"
        "assert find_difference([1.0, {'a': {1}}], [1.0, {'a': {2}}])\n"
        "digest([1.0, {'a': {1}}])\n"
        "assert not {'numpy', 'pytest', 'msgspec'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_set_digests_do_not_depend_on_the_hash_seed():
    code = (
        "from pytest_genesis_perf.identity import digest, find_difference\n"
        "v = {'a', 'b', 'c', ('d', 1), frozenset({'e', 'f'})}\n"
        "print(digest(v), find_difference(v, {'x', 'y', 'z'}))\n"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(runs) == 1
