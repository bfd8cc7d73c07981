"""Masked arrays, long doubles, and bits that Python has no value for."""

from __future__ import annotations

import struct
import tracemalloc
from array import array

import numpy as np
import pytest

from pytest_genesis_perf.identity import Difference, digest, find_difference

ROW = np.dtype([("bar", "<i4"), ("price", "<f8", (2,))])
X87 = np.finfo(np.longdouble).nmant == 63


def located(a: object, b: object) -> Difference:
    found = find_difference(a, b)
    assert found is not None
    assert digest(a) != digest(b)
    return found


def same(a: object, b: object) -> bool:
    found = find_difference(a, b)
    assert (found is None) == (digest(a) == digest(b))
    return found is None


def masked(values: object, mask: object, **more: object) -> np.ma.MaskedArray:
    return np.ma.MaskedArray(np.array(values), mask, **more)


def test_what_stands_under_a_mask_is_no_part_of_the_value():
    a, b = masked([1.0, 2.0, 3.0], [0, 1, 0]), masked([1.0, 9.0, 3.0], [0, 1, 0])
    assert same(a, b)
    found = located(a, masked([1.0, 2.0, 4.0], [0, 1, 0]))
    assert (found.path, found.count) == ("result[2]", 1)


def test_a_place_that_is_masked_on_one_side_differs_once():
    found = located(masked([1.0, 2.0], [0, 1]), masked([1.0, 2.0], [0, 0]))
    assert (found.path, found.baseline, found.optimized) == (
        "result[1]",
        "missing",
        "2.0 (0x1.0000000000000p+1)",
    )
    assert (found.count, found.ulps) == (1, None)
    # Zero is what the slot of a missing value reads as: it is no missing value.
    assert located(masked([1.0, 0.0], [0, 1]), masked([1.0, 0.0], [0, 0])).count == 1


def test_no_mask_is_a_mask_of_nothing():
    assert same(masked([1.0], np.ma.nomask), masked([1.0], [False]))
    assert same(np.ma.MaskedArray(np.zeros(3, "V0")), np.ma.MaskedArray(np.zeros(3, "V0"), [0, 0, 0]))
    assert (
        located(np.ma.MaskedArray(np.zeros(3, "V0")), np.ma.MaskedArray(np.zeros(3, "V0"), [0, 1, 0])).count
        == 1
    )


def test_a_masked_array_is_no_plain_array():
    assert located(masked([1.0], [0]), np.array([1.0])).reason == "types differ"
    assert located(masked([1.0], [0]), masked([[1.0]], [[0]])).reason == "shape differs"
    assert (
        located(masked([1.0], [0], fill_value=1), masked([1], [0], fill_value=1)).count == 2
    )  # type and fill value
    assert located([np.ma.masked], [0.0]).reason == "types differ"
    assert same([np.ma.masked], [np.ma.masked])


def test_the_fill_value_is_part_of_a_masked_array():
    a, b = masked([1.0], [0], fill_value=-1.0), masked([1.0], [0], fill_value=-2.0)
    assert located(a, b).path == "result.fill_value"


def test_fields_of_masked_structures_have_masks_of_their_own():
    value = np.ma.MaskedArray(np.zeros(2, ROW), np.zeros(2, [("bar", "?"), ("price", "?", (2,))]))
    assert same(value, value.copy())
    other = value.copy()
    other.data["price"][1, 1] = 5.0
    assert located(value, other).path == "result[1]['price'][1]"
    for one in (value, other):
        one.mask["price"][1, 1] = True
    assert same(value, other)


def test_masked_objects_are_walked():
    a, b = (masked(np.array([1, [2], "x"], object), [0, 0, 1]) for _ in range(2))
    b.data[2] = object
    assert same(a, b)
    b.data[1] = [3]
    assert located(a, b).path == "result[1][0]"
    b.mask[1] = True
    found = located(a, b)
    assert (found.path, found.reason, found.optimized) == ("result[1]", "types differ", "missing")


@pytest.mark.parametrize("layout", [lambda a: a, lambda a: np.asfortranarray(a), lambda a: a[::-1][::-1]])
def test_the_layout_of_a_masked_array_is_no_part_of_it(layout):
    data, mask = np.arange(12.0).reshape(3, 4), np.eye(3, 4, dtype=bool)
    a, b = np.ma.MaskedArray(data, mask), np.ma.MaskedArray(layout(data.copy()), layout(mask.copy()))
    assert same(a, b)
    b.data[1, 2] = 9.0
    assert located(a, b).path == "result[1, 2]"


def test_the_digest_does_not_depend_on_how_an_array_is_cut(monkeypatch):
    from pytest_genesis_perf.identity import columns

    value = masked(np.arange(5000.0), np.arange(5000) % 3 == 0)
    table = np.zeros((40, 50), ROW)
    table["bar"] = np.arange(2000).reshape(40, 50)
    before = digest([value, table])
    monkeypatch.setattr(columns, "CHUNK_BYTES", 1 << 7)
    assert digest([value, table]) == before


@pytest.mark.skipif(not X87, reason="only the long double of the x87 has padding")
@pytest.mark.parametrize("dtype", ["g", "G"])
def test_the_padding_of_long_doubles_is_no_part_of_them(dtype):
    a, b = np.ones(3, dtype), np.ones(3, dtype)
    part = np.dtype("g").itemsize
    b.view(np.uint8)[10:part] ^= 0xFF
    assert a.tobytes() != b.tobytes()
    assert same(a, b)
    assert same(a[0], b[0])
    assert same(a.astype(a.dtype.newbyteorder()), b.astype(b.dtype.newbyteorder()))
    b.view(np.uint8)[-part] ^= 1
    found = located(a, b)
    assert (found.path, found.count, found.ulps) == ("result[2]", 1, None)
    swapped = located(a.byteswap().view(a.dtype.newbyteorder()), b.byteswap().view(b.dtype.newbyteorder()))
    assert (swapped.path, swapped.count) == ("result[2]", 1)


def test_long_doubles_are_told_by_their_bits():
    assert located(np.longdouble(0.0), np.longdouble(-0.0)).path == "result"
    assert same(np.longdouble("nan"), np.longdouble("nan"))
    row = np.zeros(2, [("long", "g"), ("short", "<f2")])
    other = row.copy()
    other["long"][1] = np.nextafter(np.longdouble(0), np.longdouble(1))
    found = located(row, other)
    assert (found.path, found.count) == ("result[1]['long']", 1)
    assert found.baseline != found.optimized


@pytest.mark.parametrize("width", [4, 8])
@pytest.mark.parametrize("part", [0, 1])
def test_payloads_of_complex_nans_count(width, part):
    bits = {4: (0x7FC00001, 0x7F800001), 8: (0x7FF8000000000001, 0x7FF0000000000001)}[width]

    def make(payload: int) -> np.ndarray:
        both = [0, 0]
        both[part] = payload
        raw = b"".join(half.to_bytes(width, "little") for half in both)
        return np.frombuffer(raw, f"<c{2 * width}")

    found = located(make(bits[0]), make(bits[1]))
    assert f"{bits[0]:x}" in found.baseline
    assert f"{bits[1]:x}" in found.optimized
    assert same(make(bits[1]), make(bits[1]))


def test_characters_beyond_unicode_are_shown_as_bytes():
    odd, odder = (np.frombuffer(struct.pack("<I", code), "<U1") for code in (0x110000, 0x110001))
    found = located(odd, odder)
    assert (found.path, found.baseline) == ("result[0]", "no text (bytes 00001100)")
    assert located(odd.reshape(()), 1).reason == "types differ"


def test_moments_beyond_the_calendar_are_told_apart():
    for dtype in ("<M8[Y]", "<M8[D]", "<m8[ns]"):
        a, b = np.array([2**62], "<i8").view(dtype), np.array([2**62 + 1], "<i8").view(dtype)
        assert located(a, b).path == "result[0]"


def test_nan_payloads_in_an_array_of_floats_count():
    quiet, signalling = (array("f", struct.pack("<I", bits)) for bits in (0x7FC00001, 0x7F800001))
    found = located(quiet, signalling)
    assert (found.path, found.baseline, found.optimized) == (
        "result[0]",
        "nan (bits 0x7fc00001)",
        "nan (bits 0x7f800001)",
    )
    assert same(quiet, quiet[:])
    assert located(array("f", [1.0]), quiet).path == "result[0]"


@pytest.mark.parametrize("kind", ["masked", "fortran", "longdouble"])
def test_large_values_need_little_extra_memory(kind):
    make = {
        "masked": lambda: np.ma.MaskedArray(np.zeros(1_000_000), np.arange(1_000_000) % 2 == 0),
        "fortran": lambda: np.zeros((1000, 1000), order="F"),
        "longdouble": lambda: np.zeros(500_000, "g"),
    }[kind]
    a, b = make(), make()
    digest(np.zeros(1)), find_difference(np.zeros(1), np.zeros(1))
    tracemalloc.start()
    try:
        assert find_difference(a, b) is None
        digest(a)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3_000_000
