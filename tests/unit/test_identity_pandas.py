"""Frames, series, indexes, arrays and scalars of pandas."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

pd = pytest.importorskip("pandas", minversion="2")

from pytest_genesis_perf.identity import UnknownTypeError, digest  # noqa: E402
from tests.unit.identity_pairs import located, same  # noqa: E402

ROWS = 6


def frame():
    return pd.DataFrame(
        {
            "close": np.arange(ROWS) / 3,
            "bar": np.arange(ROWS),
            "up": [True, False] * 3,
            "Int": pd.array([1, None, 3, 4, 5, 6], dtype="Int64"),
            "Float": pd.array([1, None, 3, 4, 5, 6.5], dtype="Float64"),
            "Bool": pd.array([True, None] * 3, dtype="boolean"),
            "text": pd.array(["a", None] * 3, dtype="string"),
            "at": pd.date_range("2024", periods=ROWS, tz="UTC"),
            "held": pd.timedelta_range("1s", periods=ROWS),
            "month": pd.period_range("2024", periods=ROWS, freq="M"),
            "side": pd.Categorical(list("abcabc")),
            "any": [1, "x", None, 2.0, (1,), [3]],
            "range": pd.interval_range(0, ROWS),
            "rare": pd.arrays.SparseArray([0, 1.0, 0, 0, 2.0, 0]),
        },
        index=pd.date_range("2024", periods=ROWS, freq="D"),
    )


def test_a_copy_is_identical():
    assert same(frame(), frame())
    assert same(frame(), pd.concat([frame()[name] for name in frame()], axis=1).set_axis(frame().index))
    assert same([frame()["close"]], [frame()["close"]])


@pytest.mark.parametrize(
    ("column", "value", "path"),
    [
        ("close", 9.0, "['close'][3]"),
        ("bar", 7, "['bar'][3]"),
        ("up", True, "['up'][3]"),
        ("Int", 7, "['Int'][3]"),
        ("Int", pd.NA, "['Int'][3]"),
        ("Float", pd.NA, "['Float'][3]"),
        ("Bool", True, "['Bool'][3]"),
        ("text", "q", "['text'][3]"),
        ("at", pd.Timestamp("2025", tz="UTC"), "['at'][3]"),
        ("held", pd.Timedelta("5s"), "['held'][3]"),
        ("month", pd.Period("2030-01"), "['month'][3]"),
        ("side", "c", "['side'][3]"),
        ("any", 2, "['any'][3]"),
    ],
)
def test_a_cell_that_differs_is_named(column, value, path):
    other = frame()
    other.iloc[3, list(other.columns).index(column)] = value
    found = located(frame(), other)
    assert (found.path, found.count) == (f"result{path}", 1)


def test_what_a_reviewer_reads():
    other = frame()
    other.iloc[3, list(other.columns).index("side")] = "c"
    other.iloc[3, list(other.columns).index("month")] = pd.Period("2030-01")
    assert (located(frame()["side"], other["side"]).baseline) == "'a'"
    assert located(frame()["month"], other["month"]).optimized == "Period('2030-01', 'M')"
    other.iloc[3, list(other.columns).index("Int")] = pd.NA
    assert located(frame()["Int"], other["Int"]).optimized == "missing"


def test_bits_of_nans_count():
    a = np.array([1.0, np.nan])
    b = a.copy()
    b.view("u8")[1] ^= np.uint64(1)
    assert located(pd.DataFrame({"x": a}), pd.DataFrame({"x": b})).path == "result['x'][1]"
    zero = located(pd.Series([0.0]), pd.Series([-0.0]))
    assert (zero.path, zero.ulps) == ("result[0]", 0)


def test_slots_of_missing_values_do_not_count():
    mask = np.array([False, True])
    a, b = (pd.arrays.IntegerArray(np.array([1, hidden]), mask.copy()) for hidden in (2, 3))
    assert same(pd.Series(a), pd.Series(b))
    assert same(a, b)


def test_names_dtypes_labels_and_order_count():
    a = frame()
    assert located(a, a.rename(columns={"close": "shut"})).reason == "keys differ"
    assert located(a, a[[*a.columns[1:], "close"]]).reason == "key order differs"
    assert located(a, a.astype({"bar": "int32"})).path == "result['bar']"
    assert located(a["close"], a["close"].rename("shut")).path == "result.name"
    assert located(a, a.iloc[:3]).path == "result.index"
    assert located(a, a.rename_axis("day")).path == "result.index.name"
    assert located(a, a.rename_axis("field", axis=1)).path == "result.columns.names[0]"
    assert located(a, a.reset_index(drop=True)).path == "result.index"
    moved = a.set_axis(a.index.tz_localize("UTC"))
    assert (located(a, moved).path, located(a, moved).reason) == ("result.index", "dtype differs")
    unequal = a.set_axis(pd.DatetimeIndex(a.index.to_numpy()))
    assert located(a, unequal).path == "result.index.freq"
    noted = a.copy()
    noted.attrs["source"] = "x"
    assert located(a, noted).path == "result.attrs"


def test_labels_may_be_anything():
    for labels in ([1, 2], [1.5, 2.5], [("a", 1), ("a", 2)], pd.date_range("2024", periods=2), ["x", "x"]):
        a = pd.DataFrame(np.zeros((2, 2)), columns=labels)
        b = a.copy()
        assert same(a, b)
        b.iloc[1, 1] = 1.0
        assert located(a, b).path.endswith("[1]")
    numbers, floats = (
        pd.DataFrame(np.zeros((1, 1)), columns=[1]),
        pd.DataFrame(np.zeros((1, 1)), columns=[1.0]),
    )
    assert located(numbers, floats).count >= 1


def test_levels_of_an_index_are_compared_by_value():
    whole = pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["x", "y"])
    assert same(whole[:2], pd.MultiIndex.from_tuples([("a", 1), ("a", 2)], names=["x", "y"]))
    other = pd.MultiIndex.from_product([["a", "b"], [1, 3]], names=["x", "y"])
    found = located(pd.Series(range(4), index=whole), pd.Series(range(4), index=other))
    assert (found.path, found.count) == ("result.index.levels[1][1]", 2)
    assert located(pd.RangeIndex(3), pd.RangeIndex(0, 3, 1, name="x")).path == "result.name"
    assert located(pd.RangeIndex(3), pd.Index([0, 1, 2])).reason == "types differ"


def test_categories_and_their_order_count():
    a = pd.Categorical(["a", "b"])
    assert located(a, pd.Categorical(["a", "b"], categories=["b", "a"])).path == "result.categories[0]"
    assert located(a, pd.Categorical(["a", "b"], ordered=True)).path == "result.ordered"
    assert located(a, pd.Categorical(["a", None])).path == "result.categories"


def test_intervals_and_sparse_values():
    a, b = pd.interval_range(0, 3), pd.interval_range(0, 3, closed="left")
    assert located(a, b).reason == "types differ"
    shifted = pd.IntervalIndex.from_tuples([(0, 1), (1, 2), (2, 4)])
    assert located(pd.IntervalIndex.from_tuples([(0, 1), (1, 2), (2, 3)]), shifted).path == "result.right[2]"
    sparse = [pd.Series(pd.arrays.SparseArray([0.0, x, 0.0])) for x in (1.0, 2.0)]
    assert located(*sparse).path == "result[1]"


def test_how_text_is_stored_does_not_count():
    python = pd.array(["a", None, "c"], dtype=pd.StringDtype("python"))
    assert same(python, pd.array(["a", None, "c"], dtype=pd.StringDtype("python")))
    pytest.importorskip("pyarrow")
    assert same(python, pd.array(["a", None, "c"], dtype=pd.StringDtype("pyarrow")))
    assert located(python, pd.array(["a", None, "d"], dtype=pd.StringDtype("pyarrow"))).path == "result[2]"


def test_columns_held_by_pyarrow():
    pytest.importorskip("pyarrow")
    a, b = (pd.Series([1, None, x], dtype="int64[pyarrow]") for x in (3, 4))
    assert located(a, b).path == "result[2]"
    assert located(a, pd.Series([1, None, 3], dtype="int32[pyarrow]")).reason == "dtype differs"


SCALARS = [
    pd.Timestamp("2024"), pd.Timestamp("2024", tz="UTC"), pd.Timestamp("2024", tz="Europe/Berlin"),
    pd.Timestamp("2024").as_unit("ns"), pd.Timestamp(1729989000, unit="s", tz="Europe/Berlin"),
    pd.Timestamp(1729992600, unit="s", tz="Europe/Berlin"), pd.NaT, pd.NA, pd.Timedelta(1), pd.Timedelta(2),
    pd.Period("2024", "Y"), pd.Period("2024", "M"), pd.Interval(0, 1), pd.Interval(0, 1.0),
    pd.Timestamp(0).as_unit("s"), pd.Timestamp(0).as_unit("ms"), pd.Timedelta(0).as_unit("s"),
    pd.Timedelta(0).as_unit("ms"), pd.Timestamp("2024", tz="UTC").replace(fold=1),
    pd.Interval(0, 1, closed="both"), None, 1, float("nan"),
]  # fmt: skip


def test_scalars_are_told_apart():
    for i, a in enumerate(SCALARS):
        for j, b in enumerate(SCALARS):
            assert same([a], [b]) == (i == j), (a, b)


class OwnFrame(pd.DataFrame):
    """May carry anything beside its columns."""


@pytest.mark.parametrize(
    "value", [OwnFrame({"x": [1]}), pd.DataFrame({"x": [1]}).groupby("x"), pd.tseries.offsets.Day()]
)
def test_what_is_no_data_of_pandas_is_unknown(value):
    with pytest.raises(UnknownTypeError, match=type(value).__name__):
        digest([value])


def test_pandas_is_never_imported():
    code = (
        "import sys, numpy\n"
        "from pytest_genesis_perf.identity import digest, find_difference\n"
        "digest([numpy.zeros(3), {'a': 1.5}]); find_difference([numpy.zeros(3)], [numpy.ones(3)])\n"
        "assert not {'pandas', 'polars', 'pyarrow'} & set(sys.modules), sorted(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
