from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from pytest_genesis_perf.identity import Difference, digest, find_difference

ROW = np.dtype([("bar", "<i4"), ("price", "<f8"), ("name", "<U3")])
NESTED = np.dtype([("id", "<i2"), ("leg", [("in", "<f8"), ("out", "<f8", (2, 2))])])


def located(a: object, b: object) -> Difference:
    found = find_difference(a, b)
    assert found is not None
    assert digest(a) != digest(b)
    back = find_difference(b, a)
    assert back == Difference(
        found.path, found.optimized, found.baseline, found.ulps, found.count, found.reason
    )
    return found


def same(a: object, b: object) -> bool:
    found = find_difference(a, b)
    assert (found is None) == (digest(a) == digest(b))
    return found is None


def flipped(array: np.ndarray, flat: int, bit: int = 0) -> np.ndarray:
    """Return a C-ordered copy with one bit of one value flipped."""
    copy = np.ascontiguousarray(array).copy().reshape(array.shape)
    copy.reshape(-1).view(np.uint8)[flat * array.dtype.itemsize + bit // 8] ^= 1 << bit % 8
    return copy


CUBE = np.arange(60, dtype=np.float64).reshape(3, 4, 5)
LAYOUTS = {
    "contiguous": CUBE,
    "fortran": np.asfortranarray(CUBE),
    "strided": np.repeat(CUBE, 2, axis=2)[:, :, ::2],
    "negative": np.ascontiguousarray(CUBE[::-1, :, ::-1])[::-1, :, ::-1],
    "transposed": np.ascontiguousarray(CUBE.transpose(2, 0, 1)).transpose(1, 2, 0),
    "offset": np.arange(-1, 60, dtype=np.float64)[1:].reshape(3, 4, 5),
    "read-only": np.frombuffer(CUBE.tobytes()).reshape(3, 4, 5),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_layout_in_memory_is_not_part_of_the_value(name):
    assert same(CUBE, LAYOUTS[name])
    found = located(LAYOUTS[name], flipped(CUBE, 27))
    assert found.path == "result[1, 1, 2]"
    assert (found.count, found.ulps) == (1, 1)


@pytest.mark.parametrize("layout", ["contiguous", "strided"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.complex128, "<U7", "<M8[ns]"])
def test_a_flip_beside_every_border_of_a_chunk_is_found(layout, dtype):
    size = 300_000
    a = np.zeros(size, dtype=dtype)
    step = (1 << 18) // a.dtype.itemsize
    wide = np.zeros((size, 2), dtype=dtype)
    for flat in (0, step - 1, step, size - 1):
        b = flipped(a, flat)
        if layout == "strided":
            wide[:, 0] = b
            b = wide[:, 0]
        found = located(a, b)
        assert found.path == f"result[{flat}]"
        assert found.count == 1


def test_the_number_of_places_is_counted_across_chunks():
    a, b = np.zeros(200_000), np.zeros(200_000)
    b[[5, 70_000, 199_999]] = 1.0
    assert located(a, b).count == 3
    assert located(a, b).path == "result[5]"


@pytest.mark.parametrize("name", ["contiguous", "strided", "transposed", "fields"])
def test_large_arrays_need_little_extra_memory(name):
    make = {
        "contiguous": lambda: np.zeros(1_000_000),
        "strided": lambda: np.zeros(2_000_000)[::2],
        "transposed": lambda: np.zeros((1000, 1000)).T,
        "fields": lambda: np.zeros(1_000_000, dtype=[("a", "<i2"), ("b", "<f8")]),
    }[name]
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


@pytest.mark.parametrize(
    ("a", "b", "reason", "texts"),
    [
        (np.zeros(2), np.zeros(2, dtype=np.float32), "dtype differs", ("<f8", "<f4")),
        (np.zeros(2), np.zeros(2, dtype=">f8"), "dtype differs", ("<f8", ">f8")),
        (np.zeros(2), np.zeros(3), "shape differs", ("(2,)", "(3,)")),
        (np.zeros((2, 3)), np.zeros((3, 2)), "shape differs", ("(2, 3)", "(3, 2)")),
        (np.zeros(1), np.zeros(()), "shape differs", ("(1,)", "()")),
        (np.zeros(1), [0.0], "types differ", ("numpy.ndarray <f8 (1,)", "list of 1 item")),
        (np.float64(1.5), 1.5, "types differ", ("numpy.float64 1.5 (0x1.8000000000000p+0)", "float 1.5")),
        (np.float32(1.5), np.float64(1.5), "types differ", ("numpy.float32 1.5", "numpy.float64 1.5")),
        (np.int64(1), np.array(1), "types differ", ("numpy.int64 1", "numpy.ndarray 1")),
        (np.array([True]), np.array([1], dtype=np.uint8), "dtype differs", ("|b1", "|u1")),
        (np.array(["a"]), np.array(["ab"]), "dtype differs", ("<U1", "<U2")),
        (np.zeros(1, "<M8[s]"), np.zeros(1, "<M8[ms]"), "dtype differs", ("<M8[s]", "<M8[ms]")),
        (np.zeros(1, ROW), np.zeros(1), "dtype differs", ("struct{'bar': <i4", "<f8")),
        (np.zeros(1, ROW).view(np.recarray), np.zeros(1, ROW), "types differ", ("recarray", "ndarray")),
    ],
)
def test_what_is_not_the_same_kind_of_array(a, b, reason, texts):
    found = located(a, b)
    assert (found.path, found.reason, found.count, found.ulps) == ("result", reason, 1, None)
    assert texts[0] in found.baseline
    assert texts[1] in found.optimized


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", ">f2", ">f4", ">f8"])
def test_floats_are_told_by_their_bits(dtype):
    width = np.dtype(dtype).itemsize
    order = "big" if dtype[0] == ">" else "little"
    infinity = {2: 0x7C00, 4: 0x7F800000, 8: 0x7FF0000000000000}[width]
    one = {2: 0x3C00, 4: 0x3F800000, 8: 0x3FF0000000000000}[width]
    sign = 1 << (8 * width - 1)

    def array(bits: int) -> np.ndarray:
        return np.frombuffer(bits.to_bytes(width, order), dtype=dtype)

    signalling, quiet = array(infinity + 1), array(infinity + 2)
    found = located(signalling, quiet)
    assert found.baseline == f"nan (bits 0x{infinity + 1:x})"
    assert found.optimized == f"nan (bits 0x{infinity + 2:x})"
    assert found.ulps is None
    assert same(signalling, array(infinity + 1))
    assert located(array(0), array(sign)).ulps == 0
    assert located(array(one), array(one + 3)).ulps == 3
    assert located(array(sign + 2), array(1)).ulps == 3
    assert located(array(infinity), array(infinity - 1)).ulps is None
    assert located(signalling[0], quiet[0]).path == "result"


def test_nat_and_booleans_by_their_bits():
    nat = np.array(["NaT", "2024-01-02"], dtype="<M8[s]")
    assert same(nat, nat.copy())
    assert located(nat, nat[::-1]).baseline == "NaT"
    odd = np.array([1, 2], dtype=np.uint8).view(np.bool_)
    found = located(np.array([True, True]), odd)
    assert (found.path, found.baseline, found.optimized) == (
        "result[1]",
        "True (bytes 01)",
        "True (bytes 02)",
    )


def test_complex_numbers_show_both_parts():
    found = located(np.array([1 + 2j]), np.array([1 - 2j]))
    assert found.baseline == "1.0 (0x1.0000000000000p+0) + 2.0 (0x1.0000000000000p+1) j"
    assert located(np.array([0j]), np.array([complex(0.0, -0.0)])).count == 1


def test_fields_of_structures_are_places():
    a = np.zeros(4, dtype=ROW)
    b = a.copy()
    b["price"][3] = 1.0
    b["name"][1] = "x"
    b["name"][2] = "x"
    found = located(a, b)
    assert (found.path, found.count, found.baseline, found.optimized) == ("result[1]['name']", 3, "''", "'x'")
    b["bar"][1] = 1
    assert located(a, b).path == "result[1]['bar']"
    assert located(a[3], b[3]).path == "result['price']"


def test_fields_inside_fields_are_places():
    a = np.zeros((2, 3), dtype=NESTED)
    b = a.copy()
    b["leg"]["out"][1, 2, 0, 1] = 1.0
    assert located(a, b).path == "result[1, 2]['leg']['out'][0, 1]"
    b["leg"]["out"][1, 0, 1, 1] = 1.0
    b["leg"]["in"][1, 1] = 1.0
    found = located(a, b)
    assert (found.path, found.count) == ("result[1, 0]['leg']['out'][1, 1]", 3)
    b["id"][1, 0] = 1
    assert located(a, b).path == "result[1, 0]['id']"


def test_padding_between_fields_is_not_part_of_the_value():
    dtype = np.dtype([("flag", "<i1"), ("price", "<f8")], align=True)
    a, b = np.zeros(3, dtype=dtype), np.full(3 * dtype.itemsize, 7, dtype=np.uint8).view(dtype)
    b["flag"], b["price"] = 0, 0.0
    assert a.tobytes() != b.tobytes()
    assert same(a, b)
    assert same(a, a.astype([("flag", "<i1"), ("price", "<f8")]))


def test_objects_in_arrays_are_walked():
    a = np.array([[1, [2.0, "x"]], [None, {"k": 3}]], dtype=object)
    b = np.array([[1, [2.0, "x"]], [None, {"k": 4}]], dtype=object)
    assert located(a, b).path == "result[1, 1]['k']"
    assert same(a, np.asfortranarray(a))
    c = a.copy()
    c[0, 0] = True
    assert located(a, c).reason == "types differ"
    mixed = np.dtype([("n", "<i4"), ("o", object)])
    x, y = np.array([(1, "a"), (2, "b")], dtype=mixed), np.array([(1, "a"), (2, "c")], dtype=mixed)
    assert located(x, y).path == "result[1]['o']"


def test_empty_arrays_and_values_without_bytes():
    assert same(np.zeros((0, 3)), np.zeros((0, 3), order="F"))
    assert same(np.zeros(3, dtype="V0"), np.zeros(3, dtype="V0"))
    assert same(np.zeros(0, dtype=ROW), np.zeros(0, dtype=ROW))
    assert located(np.zeros(3, dtype="V0"), np.zeros(2, dtype="V0")).reason == "shape differs"


def test_memory_mapped_arrays(tmp_path):
    path = tmp_path / "column.bin"
    np.arange(5.0).tofile(path)
    a, b = (np.memmap(path, dtype="<f8", mode="r") for _ in range(2))
    assert same(a, b)
    assert located(a, np.arange(5.0)).reason == "types differ"
    changed = np.memmap(path, dtype="<f8", mode="c")
    changed[4] = 9.0
    assert located(a, changed).path == "result[4]"


STRING_DTYPES = [np.dtypes.StringDType()] if hasattr(np.dtypes, "StringDType") else []


@pytest.mark.parametrize("dtype", [np.dtype(object), *STRING_DTYPES])
def test_strings_of_variable_width_are_told_by_their_text(dtype):
    long = "a text that does not fit into the array's own memory"
    a, b = np.array(["a", long], dtype=dtype), np.array(["a", long[:-1] + "!"], dtype=dtype)
    assert same(a, a.copy())
    assert located(a, b).path == "result[1]"
    assert located(a, np.array(["a", long])).reason == "dtype differs"
