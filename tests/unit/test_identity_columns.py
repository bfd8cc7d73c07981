"""Tables, frames, arrays and series of pyarrow and polars."""

from __future__ import annotations

import datetime as dt
import decimal
from itertools import count

import numpy as np
import pytest

from pytest_genesis_perf.identity import UnknownTypeError, digest
from tests.unit.identity_pairs import located, same

XY = {"x": 1, "y": "a"}
DAY = dt.datetime(2024, 1, 1)


class TestPyarrow:
    @pytest.fixture(autouse=True)
    def library(self):
        self.pa = pytest.importorskip("pyarrow")

    def columns(self):
        """Return by name: the type, three values, and one that differs from the first, with its path."""
        pa = self.pa
        return {
            "double": (pa.float64(), [1.5, None, 2.5], 3.5, ""),
            "float": (pa.float32(), [1.5, None, 2.5], 3.5, ""),
            "bool": (pa.bool_(), [True, None, False], False, ""),
            "uint8": (pa.uint8(), [1, None, 2], 3, ""),
            "text": (pa.string(), ["a", None, "b"], "c", ""),
            "large": (pa.large_string(), ["a", None, "b"], "c", ""),
            "bytes": (pa.binary(), [b"a", None, b"b"], b"c", ""),
            "fixed": (pa.binary(2), [b"ab", None, b"cd"], b"xy", ""),
            "decimal": (pa.decimal128(9, 2), [decimal.Decimal("1.10"), None, None], decimal.Decimal("1.20"), ""),
            "stamp": (pa.timestamp("us", "UTC"), [DAY, None, DAY], dt.datetime(2025, 1, 1), ""),
            "day": (pa.date32(), [DAY.date(), None, None], dt.date(2025, 1, 1), ""),
            "day64": (pa.date64(), [DAY.date(), None, None], dt.date(2025, 1, 1), ""),
            "seconds": (pa.time32("s"), [dt.time(1), None, None], dt.time(2), ""),
            "micros": (pa.time64("us"), [dt.time(1), None, None], dt.time(2), ""),
            "held": (pa.duration("ms"), [dt.timedelta(1), None, None], dt.timedelta(2), ""),
            "list": (pa.list_(pa.float64()), [[1.0, 2.0], [], None], [1.0, 3.0], "[1]"),
            "pair": (pa.list_(pa.int64(), 2), [[1, 2], [3, 4], None], [1, 3], "[1]"),
            "struct": (pa.struct([("x", pa.int64()), ("y", pa.string())]), [XY, None, XY], {"x": 1, "y": "b"}, "['y']"),
            "map": (pa.map_(pa.string(), pa.int64()), [[("a", 1)], [], None], [("a", 2)], "[0]['value']"),
            "code": (pa.dictionary(pa.int32(), pa.string()), ["a", None, "b"], "b", ""),
            "null": (pa.null(), [None] * 3, None, None),
        }  # fmt: skip

    def table(self, changed: str | None = None):
        arrays = {}
        for name, (kind, values, other, _) in self.columns().items():
            given = [other, *values[1:]] if name == changed else values
            arrays[name] = self.pa.array(given, kind)
        return self.pa.table(arrays)

    def test_a_cell_that_differs_is_named(self):
        for name, (_, _, _, path) in self.columns().items():
            if path is None:
                continue
            found = located(self.table(), self.table(name))
            assert (found.path, found.count) == (f"result[{name!r}][0]{path}", 1)

    def test_how_a_column_is_cut_into_chunks_does_not_count(self):
        pa, table = self.pa, self.table()
        cut = pa.concat_tables([table.slice(0, 1), table.slice(1)])
        assert cut["double"].num_chunks == 2
        assert same(table, cut)
        assert same(table.slice(1), pa.concat_tables([table.slice(1, 1), table.slice(2)]))
        assert same(pa.chunked_array([[1, 2], [3]]), pa.chunked_array([[1], [2, 3]]))
        assert located(pa.chunked_array([[1]]), pa.array([1])).reason == "types differ"

    def test_slices_that_do_not_start_at_a_byte(self):
        pa = self.pa
        values = [bool(i % 3) if i % 5 else None for i in range(40)]
        whole = pa.array(values)
        for start in (1, 7, 8, 9, 17):
            assert same(whole.slice(start, 11), pa.array(values[start : start + 11]))

    def test_slots_of_nulls_do_not_count(self):
        pa = self.pa

        def make(hidden: float):
            values = pa.py_buffer(np.array([1.0, hidden, 3.0]).tobytes())
            return pa.Array.from_buffers(pa.float64(), 3, [pa.py_buffer(b"\x05"), values])

        assert same(make(2.0), make(9.0))
        assert located(make(0.0), pa.array([1.0, 0.0, 3.0])).path == "result[1]"

    def test_no_bitmap_is_a_bitmap_of_ones(self):
        pa = self.pa
        buffers = [pa.py_buffer(b"\xff"), pa.py_buffer(np.arange(3.0).tobytes())]
        assert same(pa.Array.from_buffers(pa.float64(), 3, buffers), pa.array(np.arange(3.0)))

    def test_entries_of_a_dictionary_that_nobody_uses_do_not_count(self):
        pa = self.pa
        a = pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(["a", "b"]))
        b = pa.DictionaryArray.from_arrays(pa.array([2, 0]), pa.array(["b", "x", "a"]))
        assert same(a, b)

    def test_types_names_and_nullability_count_metadata_does_not(self):
        pa = self.pa
        a = pa.table({"x": [1]})
        assert same(a, a.replace_schema_metadata({"who": "me"}))
        assert located(a, pa.table({"x": pa.array([1], pa.int32())})).reason == "dtype differs"
        assert located(a, pa.table({"y": [1]})).reason == "keys differ"
        assert (
            located(a, pa.table({"x": [1]}, pa.schema([pa.field("x", pa.int64(), nullable=False)]))).path
            == "result['x']"
        )
        assert located(a, pa.table({"x": [1, 2]})).path == "result.num_rows"
        assert located(a, a.to_batches()[0]).reason == "types differ"

    def test_scalars(self):
        pa = self.pa
        assert located(pa.scalar(1.5), pa.scalar(2.5)).path == "result"
        assert located(pa.scalar([1.5]), pa.scalar([2.5])).path == "result[0]"
        assert located(pa.scalar(None, pa.int64()), pa.scalar(0)).baseline == "missing"
        assert same(pa.scalar("a"), pa.scalar("a"))

    def test_bits_of_nans_count_even_in_lists(self):
        pa = self.pa
        quiet, signalling = (np.array([bits], "u4").view("f4") for bits in (0x7FC00001, 0x7F800001))

        def nested(values):
            return pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), pa.array(values))

        assert located(pa.array(quiet), pa.array(signalling)).path == "result[0]"
        assert located(nested(quiet), nested(signalling)).path == "result[0][0]"

    def test_what_cannot_be_compared_is_named(self):
        pa = self.pa
        union = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1]), pa.array(["a"])])
        with pytest.raises(UnknownTypeError, match=r"^result\['x'\]: .*union"):
            digest(pa.table({"x": union}))
        with pytest.raises(UnknownTypeError, match="Schema"):
            digest(pa.schema([]))


class TestPolars:
    @pytest.fixture(autouse=True)
    def library(self):
        self.pl = pytest.importorskip("polars")

    def columns(self):
        pl = self.pl
        return {
            "f": (pl.Float64, [1.5, None, 2.5], 3.5, ""),
            "f32": (pl.Float32, [1.5, None, 2.5], 3.5, ""),
            "i": (pl.Int16, [1, None, 2], 3, ""),
            "b": (pl.Boolean, [True, None, False], False, ""),
            "s": (pl.String, ["a", None, "b"], "c", ""),
            "y": (pl.Binary, [b"a", None, b"b"], b"c", ""),
            "d": (pl.Date, [DAY.date(), None, None], dt.date(2025, 1, 1), ""),
            "t": (pl.Datetime("ms"), [DAY, None, None], dt.datetime(2025, 1, 1), ""),
            "u": (pl.Duration("us"), [dt.timedelta(1), None, None], dt.timedelta(2), ""),
            "T": (pl.Time, [dt.time(1), None, None], dt.time(2), ""),
            "D": (pl.Decimal(9, 2), [decimal.Decimal("1.10"), None, None], decimal.Decimal("1.20"), ""),
            "c": (pl.Categorical, ["a", None, "b"], "b", ""),
            "e": (pl.Enum(["a", "b"]), ["a", None, "b"], "b", ""),
            "l": (pl.List(pl.Float64), [[1.0, 2.0], [], None], [1.0, 3.0], "[1]"),
            "a": (pl.Array(pl.Int64, 2), [[1, 2], [3, 4], None], [1, 3], "[1]"),
            "x": (pl.Struct({"x": pl.Int64, "y": pl.String}), [XY, None, XY], {"x": 1, "y": None}, "['y']"),
        }  # fmt: skip

    def frame(self, changed: str | None = None):
        return self.pl.DataFrame(
            [
                self.pl.Series(name, [other, *values[1:]] if name == changed else values, dtype=dtype)
                for name, (dtype, values, other, _) in self.columns().items()
            ]
        )

    def test_a_cell_that_differs_is_named(self):
        for name, (_, _, _, path) in self.columns().items():
            found = located(self.frame(), self.frame(name))
            assert (found.path, found.count) == (f"result[{name!r}][0]{path}", 1)

    def test_how_a_series_is_cut_into_chunks_does_not_count(self):
        frame = self.frame()
        cut = self.pl.concat([frame[:1], frame[1:]], rechunk=False)
        assert cut["f"].n_chunks() == 2
        assert same(frame, cut)

    def test_names_and_dtypes_count(self):
        pl = self.pl
        a = pl.DataFrame({"x": [1]})
        assert located(a, pl.DataFrame({"y": [1]})).reason == "keys differ"
        assert located(a, pl.DataFrame({"x": [1.0]})).reason == "dtype differs"
        assert located(a, pl.DataFrame({"x": [1, 2]})).path == "result.height"
        assert located(pl.Series("x", [1]), pl.Series("y", [1])).path == "result.name"
        assert located(pl.Series([0]), pl.Series([None], dtype=pl.Int64)).optimized == "missing"

    def test_a_frame_that_was_not_computed_is_unknown(self):
        with pytest.raises(UnknownTypeError, match=r"collect\(\)"):
            digest([self.pl.DataFrame({"x": [1]}).lazy()])


def test_columns_over_many_chunks_are_compared_to_their_end(monkeypatch):
    from pytest_genesis_perf.identity import columns, rows

    pa = pytest.importorskip("pyarrow")
    monkeypatch.setattr(columns, "CHUNK_ROWS", 8)
    monkeypatch.setattr(rows, "CHUNK_ROWS", 8)
    numbers, texts = list(range(50)), [str(i) for i in range(50)]
    for at, values in zip(count(), (numbers, texts), strict=False):
        for place in (0, 7, 8, 49):
            other = [*values]
            other[place] = [-1, "-"][at]
            found = located(pa.array(values), pa.array(other))
            assert (found.path, found.count) == (f"result[{place}]", 1)
