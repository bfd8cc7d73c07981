from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from genesis_core.candles import Candles, synthetic
from genesis_core.errors import CandleError

SERIES = synthetic(bars=50)
NAMES = ("timestamp", "open", "high", "low", "close", "volume")
HEADER = ",".join(NAMES)
GOOD = "1577836800000,20,30,10,25,5\n1577840400000,25,30,10,26,0\n1577844000000,26,30,20,21,1.5\n"


def read(path: Path, **more: str) -> Candles:
    reader = Candles.from_parquet if path.suffix == ".parquet" else Candles.from_csv
    return reader(path, **{"symbol": "tBTCUSD", "timeframe": "1h", **more})


def text(folder: Path, content: str | bytes) -> Path:
    path = folder / "x.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def table(**changed: Any) -> pa.Table:
    return pa.table({**{name: getattr(SERIES, name) for name in NAMES}, **changed})


def parquet(folder: Path, content: pa.Table) -> Path:
    pq.write_table(content, folder / "x.parquet")
    return folder / "x.parquet"


def refused(path: Path, message: str, **more: str) -> None:
    with pytest.raises(CandleError) as caught:
        read(path, **more)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


WRITERS = {"csv": Candles.to_csv, "parquet": Candles.to_parquet}


@pytest.mark.parametrize("kind", WRITERS)
def test_what_is_written_comes_back(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"x.{kind}"
    path.write_text("an old file")
    WRITERS[kind](SERIES, path)
    assert read(path) == SERIES
    WRITERS[kind](SERIES[5:9], path)
    assert read(path) == SERIES[5:9]
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_that_cannot_be_written(tmp_path: Path, kind: str) -> None:
    for path in (tmp_path / "missing" / "x", tmp_path):
        with pytest.raises(CandleError, match=r"cannot be written: "):
            WRITERS[kind](SERIES, path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", WRITERS)
def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"x.{kind}"
    WRITERS[kind](SERIES, path)
    before = path.read_bytes()

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CandleError, match=r"cannot be written: No space left on device"):
        WRITERS[kind](SERIES[:5], path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_csv_text_is_plain(tmp_path: Path) -> None:
    path = text(tmp_path, f"{HEADER}\n{GOOD}")
    read(path).to_csv(path)
    assert path.read_bytes() == (
        b"timestamp,open,high,low,close,volume\n"
        b"1577836800000,20.0,30.0,10.0,25.0,5.0\n"
        b"1577840400000,25.0,30.0,10.0,26.0,0.0\n"
        b"1577844000000,26.0,30.0,20.0,21.0,1.5\n"
    )


@pytest.mark.parametrize(
    "content",
    [
        f"\ufeff{HEADER}\n{GOOD}",
        f"{HEADER}\n{GOOD}".replace("\n", "\r\n"),
        f"{HEADER}\n{GOOD}".rstrip("\n"),
        f"{HEADER}\n{GOOD}\n\n",
        f"{HEADER.upper()}\n{GOOD}",
        f"{HEADER.replace(',', ' , ')}\n{GOOD.replace(',', ' , ')}",
        '"timestamp",open,high,low,close,volume\n' + GOOD.replace("1577836800000", '"1577836800000"'),
        f"\n{HEADER}\n{GOOD}",
    ],
)
def test_usual_variants_of_csv(tmp_path: Path, content: str) -> None:
    plain = read(text(tmp_path, f"{HEADER}\n{GOOD}"))
    assert len(plain) == 3
    assert read(text(tmp_path, content)) == plain


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    plain = read(text(tmp_path, f"{HEADER}\n{GOOD}"))
    rows = [line.split(",") for line in (HEADER + "\n" + GOOD).splitlines()]
    mixed = "\n".join(",".join(["note", row[5], row[3], row[4], "x", row[0], row[2], row[1]]) for row in rows)
    assert read(text(tmp_path, mixed)) == plain
    turned = (
        table()
        .select(["volume", "close", "low", "high", "open", "timestamp"])
        .append_column("x", pa.nulls(50))
    )
    assert read(parquet(tmp_path, turned)) == SERIES
    assert read(parquet(tmp_path, table().rename_columns([name.upper() for name in NAMES]))) == SERIES


def test_a_missing_column(tmp_path: Path) -> None:
    path = text(tmp_path, "time,open,high,low,Volume\n1,2,3,4,5\n")
    refused(
        path, ": missing columns timestamp, close; found: 'time', 'open', 'high', 'low', 'Volume'; needed"
    )
    refused(
        parquet(tmp_path, table().drop_columns(["low"])), ": missing column low; found: 'timestamp', 'open',"
    )


def test_no_header(tmp_path: Path) -> None:
    refused(
        text(tmp_path, GOOD),
        ": missing columns timestamp, open, high, low, close, volume; found: '1577836800000'",
    )


def test_a_column_that_stands_twice(tmp_path: Path) -> None:
    path = text(tmp_path, f"{HEADER},Close\n")
    refused(path, ": column 'close' stands 2 times")
    refused(text(tmp_path, f"{HEADER},x,x\n"), ": column 'x' stands 2 times")
    twice = table().append_column("Close", pa.array(SERIES.open))
    refused(parquet(tmp_path, twice), ": column 'close' stands 2 times")


@pytest.mark.parametrize("cell", ["", "x", "1_000", "1,5", "12:30", "0x10", "٣", "1.2.3", "--1", "3.5e"])
@pytest.mark.parametrize("column", range(1, 6))
def test_a_cell_that_is_no_number(tmp_path: Path, cell: str, column: int) -> None:
    lines = [HEADER, *GOOD.splitlines()]
    cells = lines[2].split(",")
    cells[column] = f'"{cell}"'
    lines[2] = ",".join(cells)
    path = text(tmp_path, "\n".join(lines))
    refused(path, f", line 3: column {NAMES[column]} has {cell!r}, which is not a number")


def test_faults_are_named_by_line(tmp_path: Path) -> None:
    refused(
        text(tmp_path, f"{HEADER}\n\n\n{GOOD}\n" + "1577847600000,20,30,10,25,-5\n"),
        ", line 8: volume is -5.0",
    )
    refused(text(tmp_path, f"{HEADER}\n{GOOD}1577847600000,20,30,10,nan,1\n"), ", line 5: close is nan")
    refused(
        text(tmp_path, f"{HEADER},note\n" + GOOD.replace("\n", ',"a\nb"\n')[:-1] + "\n1,2,3,4,5,6,7\n"),
        ", line 8:",
    )


def test_the_file_is_named_in_faults_of_order(tmp_path: Path) -> None:
    lines = GOOD.splitlines()
    path = text(tmp_path, "\n".join([HEADER, lines[0], lines[2]]))
    refused(path, ", line 3: 1 candle of 1h missing between line 2 (2020-01-01 00:00 UTC) and here")
    path = text(tmp_path, "\n".join([HEADER, lines[0], lines[0]]))
    refused(path, ", line 3: timestamp 1577836800000 (2020-01-01 00:00 UTC) stands already in line 2")


@pytest.mark.parametrize("cut", range(1, len(GOOD.splitlines()[-1])))
def test_a_file_cut_off_in_its_last_line(tmp_path: Path, cut: int) -> None:
    # A cut within the last cell leaves a whole, shorter number ("1." of "1.5"): no reader can see that.
    whole = f"{HEADER}\n{GOOD}".rstrip("\n")
    kept = whole[:-cut].rsplit("\n", 1)[1]
    if kept.count(",") == 5 and not kept.endswith(","):
        assert read(text(tmp_path, whole[:-cut]))[-1].volume == 1.0
    else:
        refused(text(tmp_path, whole[:-cut]), ", line 4: ")


def test_a_cut_line_is_said_to_be_one(tmp_path: Path) -> None:
    refused(
        text(tmp_path, f"{HEADER}\n{GOOD}157784"),
        ", line 5: 1 cells, but the header names 6 columns; is the file cut off?",
    )
    refused(text(tmp_path, f"{HEADER}\n1,2\n{GOOD}"), ", line 2: 2 cells, but the header names 6 columns")
    refused(
        text(tmp_path, f"{HEADER}\n{GOOD}".replace("20,30,10", "20,30,10,7")),
        ", line 2: 7 cells, but the header names 6",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": the file is empty"),
        (b"\n\n", ": no header and no candles"),
        (b"\xef\xbb\xbf", ": no header and no candles"),
        (HEADER.encode(), ": no candles; a series has at least one"),
        (HEADER.encode() + b"\n\n", ": no candles; a series has at least one"),
        (b"PAR1\x00\x01binary", ": not a text file (it has a NUL byte at offset 4)"),
        (HEADER.encode("utf-16"), ": not a text file (it has a NUL byte at offset"),
        (b"timestamp,\xff\xfe", ": not UTF-8 text (byte 0xff at offset 10)"),
        (HEADER.encode() + b'\n"1577836800000', ", line 2: not readable as CSV: "),
        (HEADER.encode() + b'\n"1"x,2,3,4,5,6\n', ", line 2: not readable as CSV: "),
        (HEADER.replace(",", ";").encode() + b"\n1;2;3;4;5;6\n", ": missing columns timestamp, open, high"),
    ],
)
def test_files_that_are_no_candles(tmp_path: Path, content: bytes, message: str) -> None:
    refused(text(tmp_path, content), message)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_files_that_are_not_there(tmp_path: Path, suffix: str) -> None:
    refused(tmp_path / f"missing.{suffix}", ": cannot be read: No such file or directory")
    folder = tmp_path / f"folder.{suffix}"
    folder.mkdir()
    refused(folder, ": cannot be read: Is a directory")


def test_policies_and_names_are_checked_before_the_file(tmp_path: Path) -> None:
    for name in ("x.csv", "x.parquet"):
        with pytest.raises(CandleError, match=r"^gaps='no' is not a policy"):
            read(tmp_path / name, gaps="no")


def test_policies_reach_the_file(tmp_path: Path) -> None:
    lines = GOOD.splitlines()
    path = text(tmp_path, "\n".join([HEADER, lines[0], lines[0], lines[2]]))
    assert len(read(path, duplicates="first", gaps="fill")) == 3
    rows = table().take([0, 1, 1, 3])
    assert len(read(parquet(tmp_path, rows), duplicates="last", gaps="keep").repairs) == 2


@pytest.mark.parametrize(
    "times",
    [
        pa.array(SERIES.timestamp),
        pa.array(SERIES.timestamp // 1_000),
        pa.array(SERIES.timestamp).cast(pa.timestamp("ms")),
        pa.array(SERIES.timestamp // 1_000).cast(pa.timestamp("s")),
        pa.array(SERIES.timestamp * 1_000).cast(pa.timestamp("us", tz="UTC")),
        pa.array(SERIES.timestamp * 1_000_000).cast(pa.timestamp("ns", tz="America/New_York")),
        pa.array([f"{np.datetime64(ms, 'ms')}Z" for ms in SERIES.timestamp.tolist()]),
    ],
)
def test_timestamps_of_parquet(tmp_path: Path, times: pa.Array) -> None:
    assert read(parquet(tmp_path, table(timestamp=times))) == SERIES


def test_the_unit_of_a_parquet_column_is_believed(tmp_path: Path) -> None:
    wrong = pa.array(SERIES.timestamp).cast(pa.timestamp("s"))  # milliseconds that say they are seconds
    refused(parquet(tmp_path, table(timestamp=wrong)), "is not between the years 2000 and 2261")


def test_days_of_parquet(tmp_path: Path) -> None:
    daily = synthetic(timeframe="1D", bars=50)
    days = pa.array((daily.timestamp // 86_400_000).astype(np.int32)).cast(pa.date32())
    columns = {name: getattr(daily, name) for name in NAMES[1:]}
    path = parquet(tmp_path, pa.table({"timestamp": days, **columns}))
    assert read(path, timeframe="1D") == daily


def test_numbers_of_parquet(tmp_path: Path) -> None:
    for kind in (pa.int32(), pa.int64(), pa.uint32(), pa.float32()):
        columns = {name: pa.array(getattr(SERIES, name)).cast(kind) for name in NAMES[1:]}
        assert read(parquet(tmp_path, table(**columns))) == SERIES


@pytest.mark.parametrize("name", NAMES)
def test_a_null_in_parquet(tmp_path: Path, name: str) -> None:
    values = getattr(SERIES, name).tolist()
    values[7] = None
    refused(parquet(tmp_path, table(**{name: values})), f", row 7: {name} is null")


def test_other_types_in_parquet(tmp_path: Path) -> None:
    refused(parquet(tmp_path, table(close=["1"] * 50)), ", row 0: close is '1', which is not a number")
    refused(parquet(tmp_path, table(close=[True] * 50)), ": column close is of type bool")
    decimals = pa.array(SERIES.close).cast(pa.decimal128(20, 2))
    refused(parquet(tmp_path, table(close=decimals)), ", row 0: close is Decimal(")
    refused(parquet(tmp_path, table(timestamp=[True] * 50)), ": column timestamp is of type bool")


def test_faults_in_parquet_are_named_by_row(tmp_path: Path) -> None:
    volume = SERIES.volume.copy()
    volume[9] = -1.0
    refused(parquet(tmp_path, table(volume=volume)), ", row 9: volume is -1.0")


def test_a_parquet_without_rows(tmp_path: Path) -> None:
    refused(parquet(tmp_path, table().slice(0, 0)), ": no candles; a series has at least one")


def test_a_parquet_of_several_row_groups(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "x.parquet", row_group_size=7)
    assert read(tmp_path / "x.parquet") == SERIES


@pytest.mark.parametrize(
    "damage",
    [lambda data: b"", lambda data: b"not parquet" * 9, lambda data: data[:-9], lambda data: data[:40]],
)
def test_a_file_that_is_no_parquet(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = parquet(tmp_path, table())
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CandleError, match=r"x\.parquet: (not a readable Parquet file: |the file is empty)"):
        read(path)


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # what makes an import fail
    for act in (lambda: read(tmp_path / "x.parquet"), lambda: SERIES.to_parquet(tmp_path / "x.parquet")):
        with pytest.raises(CandleError, match=r"pip install genesis-backtest\[data\]"):
            act()
    SERIES.to_csv(tmp_path / "x.csv")  # CSV does not need it
    assert read(tmp_path / "x.csv") == SERIES
