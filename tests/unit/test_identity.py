from __future__ import annotations

import copy
import datetime as dt
import math
import os
import pickle
import struct
import subprocess
import sys
from array import array
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, defaultdict, deque, namedtuple
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, Flag, IntEnum
from fractions import Fraction
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from pytest_genesis_perf.identity import (
    Alias,
    CycleError,
    Difference,
    Fields,
    IdentityError,
    Items,
    Leaf,
    Members,
    Pairs,
    UnknownTypeError,
    digest,
    find_difference,
)


def nan(bits: int) -> float:
    value: float = struct.unpack("<d", bits.to_bytes(8, "little"))[0]
    return value


class Side(Enum):
    LONG = 1
    SHORT = 2


class Level(IntEnum):
    ONE = 1


class Reason(Flag):
    STOP = 1
    TARGET = 2


@dataclass
class Trade:
    price: float
    tags: tuple[str, ...] = ()


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


class Window(Sequence):
    """Items in an attribute, state in another: only the class can say which is which."""

    def __init__(self, *values, symbol="a"):
        self.values = values
        self.symbol = symbol

    def __getitem__(self, index):
        return self.values[index]

    def __len__(self):
        return len(self.values)


class SlottedWindow(Window):
    __slots__ = ("_offset",)

    def __init__(self, *values):
        self._offset = 0


class Bag(Set):
    __slots__ = ("_values",)

    def __init__(self, *values):
        self._values = values

    def __contains__(self, value):
        return value in self._values

    def __iter__(self):
        return iter(self._values)

    def __len__(self):
        return len(self._values)


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


class Result:
    """A result that leaves its timings out of its identity."""

    def __init__(self, trades, seconds):
        self.trades = trades
        self.seconds = seconds

    def __genesis_identity__(self):
        return {"trades": self.trades}


class OtherResult(Result):
    pass


UTC = dt.timezone.utc
MOMENT = dt.datetime(2024, 1, 2, 3, 4, 5, 6)

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


def located(a: object, b: object) -> Difference:
    found = find_difference(a, b)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1, 1.0, Difference("result", "int 1", "float 1.0 (0x1.0000000000000p+0)", None, 1, "types differ")),
        (1, True, Difference("result", "int 1", "bool True", None, 1, "types differ")),
        (None, 0, Difference("result", "NoneType", "int 0", None, 1, "types differ")),
        ([1], (1,), Difference("result", "list of 1 item", "tuple of 1 item", None, 1, "types differ")),
        ({}, {1}, Difference("result", "dict of 0 keys", "set of 1 item", None, 1, "types differ")),
        (
            0.0,
            -0.0,
            Difference("result", "0.0 (0x0.0p+0)", "-0.0 (-0x0.0p+0)", 0, 1, "values differ"),
        ),
        (
            [Trade(1.0), Trade(1.0)],
            [Trade(1.0), Trade(math.nextafter(1.0, 2.0))],
            Difference(
                "result[1].price",
                "1.0 (0x1.0000000000000p+0)",
                "1.0000000000000002 (0x1.0000000000001p+0)",
                1,
                1,
                "values differ",
            ),
        ),
        (
            nan(0x7FF8000000000000),
            nan(0x7FF8000000000001),
            Difference(
                "result",
                "nan (bits 0x7ff8000000000000)",
                "nan (bits 0x7ff8000000000001)",
                None,
                1,
                "values differ",
            ),
        ),
        ([1, 2, 3], [1], Difference("result", "3 items", "1 item", None, 2, "lengths differ")),
        (
            {"a": 1, "b": 2, "c": 3},
            {"a": 1, "d": 2},
            Difference("result", "only here: 'b', 'c'", "only here: 'd'", None, 3, "keys differ"),
        ),
        ({"a": 1}, {}, Difference("result", "only here: 'a'", "no other key", None, 1, "keys differ")),
        ({1: 0}, {True: 0}, Difference("result", "only here: 1", "only here: True", None, 2, "keys differ")),
        (
            {"a": 1, "b": 2},
            {"b": 2, "a": 1},
            Difference("result", "'a' at position 0", "'b' at position 0", None, 1, "key order differs"),
        ),
        ({1, 2}, {2, 3}, Difference("result", "only here: 1", "only here: 3", None, 2, "members differ")),
        ({1}, {1, 2}, Difference("result", "no other", "only here: 2", None, 1, "members differ")),
        ({(1, 2): "x"}, {(1, 2): "y"}, Difference("result[1, 2]", "'x'", "'y'", None, 1, "values differ")),
        (
            {"t": [{"p": 1}]},
            {"t": [{"p": 2}]},
            Difference("result['t'][0]['p']", "1", "2", None, 1, "values differ"),
        ),
        (
            Result([1], 0.1),
            Result([2], 0.2),
            Difference("result['trades'][0]", "1", "2", None, 1, "values differ"),
        ),
        (
            Side.LONG,
            Side.SHORT,
            Difference("result", "<Side.LONG: 1>", "<Side.SHORT: 2>", None, 1, "values differ"),
        ),
        (
            [0.0, 1.0, [2.0, 3.0]],
            [0.0, 1.5, [2.5, 3.0]],
            Difference(
                "result[1]",
                "1.0 (0x1.0000000000000p+0)",
                "1.5 (0x1.8000000000000p+0)",
                2**51,
                2,
                "values differ",
            ),
        ),
        (math.inf, 1.0, Difference("result", "inf", "1.0 (0x1.0000000000000p+0)", None, 1, "values differ")),
        (
            -5e-324,
            5e-324,
            Difference(
                "result",
                "-5e-324 (-0x0.0000000000001p-1022)",
                "5e-324 (0x0.0000000000001p-1022)",
                2,
                1,
                "values differ",
            ),
        ),
    ],
)
def test_where_and_what_differs(a, b, expected):
    assert find_difference(a, b) == expected


def test_places_are_counted_past_the_first():
    a = {"x": [1, 2, 3, 4], "y": {"only": 1, "both": 2}, "z": {1, 2}}
    b = {"x": [1, 0, 0], "y": {"both": 3}, "z": {1, 3, 4}}
    found = located(a, b)
    assert (found.path, found.reason) == ("result['x']", "lengths differ")
    assert found.count == 1 + 2 + 1 + 1 + 3


def test_a_description_is_three_lines():
    one = located([1.0], [math.nextafter(1.0, 2.0)]).describe()
    assert one.splitlines() == [
        "result[0]: values differ (1 ulp)",
        "  baseline:  1.0 (0x1.0000000000000p+0)",
        "  optimized: 1.0000000000000002 (0x1.0000000000001p+0)",
    ]
    many = located([1.0, 1], [1.5, 2]).describe()
    assert many.startswith(
        "result[0]: values differ (2,251,799,813,685,248 ulps; the first of 2 places that differ)"
    )
    assert "only the sign of zero differs" in located(0.0, -0.0).describe()
    assert located("line\none", "line\ntwo").describe().count("\n") == 2
    assert located([Trade(1.0)], [1]).describe().count("\n") == 2


def test_long_values_are_cut_around_the_place_that_differs():
    text = "x" * 5000
    found = located(text + "a" + text, text + "b" + text)
    assert len(found.describe()) < 400
    assert "xa" in found.baseline
    assert "xb" in found.optimized
    assert "differs at 5,000 of 10,001" in found.baseline
    huge = located(1 << 50_000, (1 << 50_000) + 1)
    assert len(huge.describe()) < 400
    assert huge.baseline.startswith("0x1")
    assert located([*range(20)], {*range(20)}).describe().count("\n") == 2
    keys = located(dict.fromkeys(range(100)), {})
    assert "and 95 more" in keys.baseline
    assert keys.count == 100


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


def test_nan_keys_and_members_are_told_by_their_bits():
    a, b, c = nan(0x7FF8000000000001), nan(0x7FF8000000000001), nan(0x7FF8000000000002)
    assert find_difference({a: 1, c: 2}, {b: 1, c: 2}) is None
    assert located({a: 1}, {c: 1}).reason == "keys differ"
    assert find_difference({a, 1.0}, {1.0, b}) is None
    assert located({a}, {c}).reason == "members differ"
    assert located({a, b}, {a}).count == 1


class Meters(float):
    pass


class Name(str):
    __slots__ = ()


class Ticks(np.float64):
    pass


class Tagged(list):
    pass


class SlottedList(list):
    __slots__ = ("__mine", "note")


class SlottedDict(dict):
    __slots__ = ("note",)


class Base:
    __slots__ = ("note",)


@dataclass
class OnBase(Base):
    price: float = 0.0


@dataclass
class Odd(list):
    price: float = 0.0


@dataclass
class Half:
    price: float = field(init=False)


@dataclass
class Grown(Trade):
    @cached_property
    def cost(self) -> float:
        return self.price * 0.1


class HiddenZone(dt.tzinfo):
    def utcoffset(self, moment):
        return dt.timedelta(0)


def tagged() -> Tagged:
    value = Tagged([1])
    value.note = "x"
    return value


def noted(value, note="x"):
    value.note = note
    return value


def grown() -> Trade:
    return noted(Trade(1.0))


UNKNOWN = [
    (object(), "object"),
    (lambda: 1, "function"),
    (Meters(1.0), "Meters"),
    (Name("x"), "Name"),
    (Ticks(1.0), "Ticks"),
    (memoryview(b"x"), "memoryview"),
    (tagged(), "'note'"),
    (grown(), "'note'"),
    (noted(SlottedList([1])), "'note'"),
    (noted(SlottedDict({1: 2})), "'note'"),
    (noted(OnBase(1.0)), "'note'"),
    (noted(OrderedDict({1: 2})), "'note'"),
    (noted(Counter({1: 2})), "'note'"),
    (noted(UserDict({1: 2})), "'note'"),
    (noted(UserList([1])), "'note'"),
    (Window(1), "'values'"),
    (SlottedWindow(1), "'_offset'"),
    (Bag(1), "'_values'"),
    (Odd(), "more than its fields"),
    (Half(), "'price' has no value"),
    (MOMENT.replace(tzinfo=HiddenZone()), "HiddenZone"),
    (int, "type"),
]


@pytest.mark.parametrize(("value", "word"), UNKNOWN, ids=[word for _, word in UNKNOWN])
def test_an_unknown_type_is_an_error_even_beside_itself(value, word):
    for ask in (
        lambda: find_difference({"a": [0, value]}, {"a": [0, value]}),
        lambda: digest({"a": [0, value]}),
        lambda: find_difference([value], [None]) and digest([value]),
    ):
        with pytest.raises(UnknownTypeError) as caught:
            ask()
        message = str(caught.value)
        assert message.startswith("result")
        assert word in message
        assert "__genesis_identity__" in message
        assert "register a handler" in message
        assert "\n" not in message
    with pytest.raises(UnknownTypeError, match=r"^result\['a'\]\[1\]"):
        digest({"a": [0, value]})


def test_what_is_derived_from_the_fields_may_be_there_or_not():
    warm, cold = Grown(1.0), Grown(1.0)
    assert warm.cost == 0.1
    warm._memo = {}
    assert find_difference(warm, cold) is None
    assert digest(warm) == digest(cold)


def test_plain_subclasses_without_attributes_are_known_by_their_name():
    assert find_difference(Tagged([1]), Tagged([1])) is None
    assert located(Tagged([1]), [1]).reason == "types differ"
    assert find_difference(SlottedList([1]), SlottedList([1])) is None
    assert find_difference(OnBase(1.0), OnBase(1.0)) is None
    assert located(SlottedDict({1: 2}), {1: 2}).reason == "types differ"
    assert find_difference(ChainMap({1: 2}, {3: 4}), ChainMap({3: 4, 1: 2})) is None


def test_a_slot_counts_under_its_private_name_too():
    value = SlottedList([1])
    value._SlottedList__mine = 1
    with pytest.raises(UnknownTypeError, match="_SlottedList__mine"):
        digest(value)


class Frame:
    def __init__(self, **columns):
        self.columns = columns


def frame_handler(value):
    return Alias("Frame", value.columns) if isinstance(value, Frame) else None


def test_a_handler_teaches_a_type():
    handlers = (frame_handler,)
    a, b = [Frame(x=[1, 2], y=[3])], [Frame(x=[1, 5], y=[3])]
    with pytest.raises(UnknownTypeError, match="Frame"):
        find_difference(a, b)
    found = find_difference(a, b, handlers=handlers)
    assert found is not None
    assert found.path == "result[0]['x'][1]"
    assert find_difference(a, [Frame(x=[1, 2], y=[3])], handlers=handlers) is None
    assert digest(a, handlers=handlers) != digest(b, handlers=handlers)
    assert find_difference({1: {Frame}}, 1, handlers=(lambda v: Leaf("all", b"") if v == {Frame} else None,))


@pytest.mark.parametrize(
    "parts",
    [
        [Leaf("k", b"1"), Leaf("k", b"2"), Leaf("m", b"1")],
        [Items("k", [1]), Items("k", [2]), Items("m", [1]), Items("k", [])],
        [Fields("k", {"a": 1}), Fields("k", {"a": 2}), Fields("k", {"b": 1}), Fields("k", {"a": 1, "b": 1})],
        [Fields("k", {"a": 1, "b": 2}), Fields("k", {"b": 2, "a": 1})],
        [Pairs("k", [("a", 1)]), Pairs("k", [("a", 1), ("a", 1)]), Pairs("m", [("a", 1)])],
        [Members("k", [1]), Members("k", [2]), Members("k", [1, 1]), Members("m", [1])],
        [Alias("k", 1), Alias("k", 2), Alias("m", 1)],
        [Leaf("k", b""), Items("k", []), Fields("k", {}), Pairs("k", []), Members("k", []), Alias("k", ())],
    ],
)
def test_a_handlers_parts_are_told_apart(parts):
    frames = [Frame(part=part) for part in parts]
    handlers = (lambda value: value.columns["part"] if isinstance(value, Frame) else None,)
    for i, a in enumerate(frames):
        for j, b in enumerate(frames):
            same = find_difference(a, b, handlers=handlers) is None
            assert same == (digest(a, handlers=handlers) == digest(b, handlers=handlers)) == (i == j)


def test_a_handler_that_returns_nonsense_is_named():
    with pytest.raises(UnknownTypeError, match="a handler returned a dict"):
        digest(Frame(), handlers=(lambda value: {} if isinstance(value, Frame) else None,))


def test_handlers_are_not_asked_about_plain_values():
    asked = []
    handlers = (asked.append,)
    find_difference([1, 1.0, "a", b"b", None, True], [1, 1.0, "a", b"b", None, False], handlers=handlers)
    assert {type(value) for value in asked} == {list}


class Mirror:
    def __genesis_identity__(self):
        return self


class Endless:
    def __genesis_identity__(self):
        return Endless()


class Nest:
    """A set that holds another set, and so on without end."""

    def __genesis_identity__(self):
        return {Nest()}


def cyclic_list() -> list[object]:
    value: list[object] = [1]
    value.append([2, value])
    return value


def cyclic_dict() -> dict[str, object]:
    value: dict[str, object] = {}
    value["self"] = value
    return value


def cyclic_array() -> np.ndarray:
    value = np.empty(2, dtype=object)
    value[1] = value
    return value


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (cyclic_list(), "result[1][1]"),
        (cyclic_dict(), "result['self']"),
        (cyclic_array(), "result[1]"),
        (Mirror(), "result"),
        (Endless(), "result"),
        (Nest(), "result"),
    ],
)
def test_a_cycle_is_an_error_that_names_the_place(value, path):
    for ask in (lambda: digest(value), lambda: find_difference(value, value)):
        with pytest.raises(CycleError) as caught:
            ask()
        assert caught.value.path.startswith(path)
        assert issubclass(CycleError, IdentityError)
        assert len(str(caught.value)) < 3000


def test_a_cycle_on_one_side_only_is_an_error_too():
    cycle: list[object] = []
    cycle.append(cycle)
    finite = [[[[1]]]]
    for a, b in ((cycle, finite), (finite, cycle)):
        with pytest.raises(CycleError, match="contains itself"):
            find_difference(a, b)
    with pytest.raises(CycleError, match=r"^result\[0\]: the value contains itself"):
        digest(cycle)


def test_a_shared_value_is_not_a_cycle():
    shared = [1.0]
    assert find_difference([shared, shared, (shared,)], [[1.0], [1.0], ([1.0],)]) is None
    assert digest([shared, shared]) == digest([[1.0], [1.0]])


def test_deep_values_do_not_overflow_the_call_stack():
    def nested(core: object) -> object:
        for _ in range(5000):
            core = [core]
        return core

    assert digest(nested(1)) != digest(nested(2))
    found = located(nested(1), nested(2))
    assert (found.baseline, found.optimized, found.count) == ("1", "2", 1)
    assert len(found.path) < 500


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
