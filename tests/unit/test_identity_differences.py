"""What is said about a difference: where it is, and both values."""

from __future__ import annotations

import math

import pytest

from pytest_genesis_perf.identity import (
    Difference,
    find_difference,
)
from tests.unit.identity_cases import Result, Side, Trade, located, nan


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


def test_nan_keys_and_members_are_told_by_their_bits():
    a, b, c = nan(0x7FF8000000000001), nan(0x7FF8000000000001), nan(0x7FF8000000000002)
    assert find_difference({a: 1, c: 2}, {b: 1, c: 2}) is None
    assert located({a: 1}, {c: 1}).reason == "keys differ"
    assert find_difference({a, 1.0}, {1.0, b}) is None
    assert located({a}, {c}).reason == "members differ"
    assert located({a, b}, {a}).count == 1
