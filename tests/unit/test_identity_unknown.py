"""Types that the comparator does not know are errors, until a handler takes them apart."""

from __future__ import annotations

import datetime as dt
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList
from collections.abc import Set
from dataclasses import dataclass, field
from functools import cached_property

import attr
import attrs
import numpy as np
import pytest

from pytest_genesis_perf.identity import (
    Alias,
    Fields,
    Items,
    Leaf,
    Members,
    Pairs,
    UnknownTypeError,
    digest,
    find_difference,
)
from tests.unit.identity_cases import MOMENT, Trade, Window, located


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


@attrs.define
class Fill:
    price: float
    _fee: float = 0.0


@attr.s(auto_attribs=True)
class Order:
    fill: Fill


def test_classes_of_attrs_are_compared_field_by_field_and_their_state_beside_them_is_refused() -> None:
    assert find_difference(Order(Fill(1.5)), Order(Fill(1.5))) is None
    difference = find_difference(Order(Fill(1.5)), Order(Fill(1.5, -0.0)))
    assert difference is not None
    assert difference.path == "result.fill._fee"
    assert digest(Fill(1.5)) == digest(Fill(1.5)) != digest(Fill(2.5))
    noted = Order(Fill(1.5))
    noted.note = "x"  # type: ignore[attr-defined]
    with pytest.raises(UnknownTypeError, match="its attribute 'note' would not be compared"):
        find_difference(noted, Order(Fill(1.5)))
