from __future__ import annotations

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from genesis_core import CandleError, Candles, synthetic
from genesis_core.data import Report, check

HOUR = 3_600_000
SERIES = synthetic(bars=700)
START = int(SERIES.timestamp[0])


def lines_of(candles: Candles, folder: Path) -> list[str]:
    candles.to_csv(folder / "whole.csv")
    return (folder / "whole.csv").read_text().splitlines()


def report(folder: Path, lines: list[str]) -> Report:
    path = folder / "tBTCUSD_1h.csv"
    path.write_text("\n".join(lines) + "\n")
    return check(path)


def changed(line: str, **cells: str) -> str:
    names = ("timestamp", "open", "high", "low", "close", "volume")
    return ",".join(cells.get(name, cell) for name, cell in zip(names, line.split(","), strict=True))


def faults(found: Report) -> list[tuple[str, str]]:
    return [(fault.place, fault.text.split(";")[0].split(" (")[0]) for fault in found.faults]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_clean_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"tBTCUSD_1h.{kind}"
    getattr(SERIES, f"to_{kind}")(path)
    found = check(path)
    assert found == Report(
        path=str(path),
        symbol="tBTCUSD",
        timeframe="1h",
        rows=700,
        candles=700,
        first=START,
        last=START + 699 * HOUR,
        faults=(),
        gaps=(),
        duplicates=(),
        zero_volume=sum(candle.volume == 0.0 for candle in SERIES),
        equal_closes=sum(SERIES[n].close == SERIES[n - 1].close for n in range(1, 700)),
    )
    assert found.zero_volume
    assert found.equal_closes
    assert found.clean
    assert found.loads
    assert found.lines()[:4] == [
        f"{path}: tBTCUSD 1h, 700 candles, 2020-01-01 00:00 UTC to 2020-01-30 03:00 UTC",
        "  faults: none",
        "  gaps: none",
        "  duplicates: none",
    ]


def test_every_fault_is_named_with_its_line(tmp_path: Path) -> None:
    lines = lines_of(SERIES, tmp_path)
    lines[2] = changed(lines[2], close="nan")
    lines[5] = changed(lines[5], volume="-1")
    lines[6] = changed(lines[6], low="0")
    lines[300] = changed(lines[300], high="1")
    lines[301] = changed(lines[301], timestamp=str(START + 300 * HOUR + 1))
    lines[500], lines[501] = lines[501], lines[500]
    lines[700] = changed(lines[700], open="1e31", high="1e31")
    found = report(tmp_path, lines)
    assert faults(found) == [
        ("line 3", "close is nan"),
        ("line 6", "volume is -1.0"),
        ("line 7", "low is 0.0"),
        ("line 301", "high is below open"),
        ("line 302", f"timestamp {START + 300 * HOUR + 1}"),
        ("line 502", f"timestamp {START + 499 * HOUR}"),
        ("line 701", "open is 1e+31"),
    ]
    assert (found.rows, found.candles, found.last) == (700, 694, START + 698 * HOUR)
    assert not found.loads
    assert not found.clean
    # Of the rows that are candles, nothing is missing but the broken ones.
    assert [(gap.timestamp, gap.count) for gap in found.gaps] == [
        (START + HOUR, 1),
        (START + 4 * HOUR, 2),
        (START + 299 * HOUR, 2),
    ]


@pytest.mark.parametrize("at", [1, 255, 256, 257, 258, 512, 700])
def test_the_first_fault_is_the_one_that_reading_names(tmp_path: Path, at: int) -> None:
    lines = lines_of(SERIES, tmp_path)
    for row in {at, 700}:
        lines[row] = changed(lines[row], close="-5.0")
    found = report(tmp_path, lines)
    assert [fault.place for fault in found.faults] == [f"line {row + 1}" for row in sorted({at, 700})]
    with pytest.raises(CandleError) as caught:
        Candles.from_csv(found.path, symbol="tBTCUSD", timeframe="1h", gaps="keep")
    assert str(caught.value) == f"{found.path}, {found.faults[0]}"


def test_a_file_that_runs_backwards(tmp_path: Path) -> None:
    header, *lines = lines_of(SERIES, tmp_path)
    found = report(tmp_path, [header, *lines[::-1]])
    assert [fault.place for fault in found.faults] == [f"line {n}" for n in range(3, 702)]
    assert found.faults[255].text.startswith(
        f"timestamp {START + 443 * HOUR} (2020-01-19 11:00 UTC) is before line 257's {START + 444 * HOUR} "
    )
    assert (found.first, found.last, found.gaps) == (START, START + 699 * HOUR, ())
    with pytest.raises(CandleError) as caught:
        Candles.from_csv(found.path, symbol="tBTCUSD", timeframe="1h")
    assert str(caught.value) == f"{found.path}, {found.faults[0]}"


def test_lines_that_cannot_be_read_are_named_beside_the_others(tmp_path: Path) -> None:
    lines = lines_of(SERIES, tmp_path)
    lines[1] = changed(lines[1], timestamp="never")
    lines[9] = lines[9][:20]
    lines[10] = changed(lines[10], open="1,5")
    lines[11] = changed(lines[11], close="x")
    lines[12] = changed(lines[12], volume="-1")
    lines[400] = changed(lines[400], timestamp=str((START + 399 * HOUR) // 1000))
    lines[500] = changed(lines[500], high='"two\nlines"')
    lines[700] = lines[700][:20]
    found = report(tmp_path, lines)
    assert faults(found) == [
        ("line 2", "timestamp 'never' is not a time"),
        ("line 10", f"{lines[9].count(',') + 1} cells, but the header names 6 columns"),
        ("line 11", "7 cells, but the header names 6 columns"),
        ("line 12", "column close has 'x', which is not a number"),
        ("line 13", "volume is -1.0"),
        ("line 401", f"timestamp {(START + 399 * HOUR) // 1000} reads as s, but line 2"),
        ("line 502", "column high has 'two\\nlines', which is not a number"),
        ("line 702", f"{lines[700].count(',') + 1} cells, but the header names 6 columns"),
    ]
    assert found.faults[-1].text.endswith("is the file cut off?")
    assert "cut off" not in found.faults[1].text
    assert (found.rows, found.candles) == (693, 692)
    assert [(gap.timestamp, gap.count) for gap in found.gaps] == [
        (START + 8 * HOUR, 4),
        (START + 399 * HOUR, 1),
        (START + 499 * HOUR, 1),
    ]


def test_a_text_of_nothing_but_unreadable_lines(tmp_path: Path) -> None:
    header, *lines = lines_of(SERIES, tmp_path)
    found = report(tmp_path, [header, *(line.replace(".", ";") for line in lines)])
    assert len(found.faults) == 201
    assert found.faults[-1].text == "more than 200 lines cannot be read; what follows was not looked at"
    assert (found.rows, found.first) == (0, None)
    assert found.lines()[1:] == [
        "  faults: 201",
        *(f"    {fault}" for fault in found.faults[:10]),
        "    and 191 more",
        "  gaps: none",
        "  duplicates: none",
        "  without volume: 0 candles",
        "  closing as the one before: 0 candles",
    ]


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    lines = lines_of(SERIES, tmp_path)
    lines[3] = changed(lines[3], volume="-1")
    lines[600] = changed(lines[600], open='"5')
    found = report(tmp_path, lines)
    assert found.faults[0].place == "line 4"
    assert found.faults[1].text.startswith("not readable as CSV: ")
    assert found.rows == 599


def test_gaps_and_duplicates(tmp_path: Path) -> None:
    lines = lines_of(SERIES, tmp_path)
    twice = changed(lines[30], volume="7")
    found = report(
        tmp_path, [*lines[:11], *lines[12:31], twice, lines[30], *lines[31:41], *lines[44:100], lines[99]]
    )
    assert [(gap.timestamp, gap.count) for gap in found.gaps] == [
        (START + 10 * HOUR, 1),
        (START + 40 * HOUR, 3),
    ]
    assert [(one.timestamp, one.count) for one in found.duplicates] == [
        (START + 29 * HOUR, 2),
        (START + 98 * HOUR, 1),
    ]
    assert (found.rows, found.candles, found.missing) == (98, 95, 4)
    assert found.largest_gap == found.gaps[1]
    assert found.loads
    assert not found.clean
    assert found.lines()[2:8] == [
        "  gaps: 2, 4 candles missing, the largest of 3 at 2020-01-02 16:00 UTC",
        "    2020-01-01 10:00 UTC: 1 missing",
        "    2020-01-02 16:00 UTC: 3 missing",
        "  duplicates: 2",
        "    2020-01-02 05:00 UTC: 2 too many",
        "    2020-01-05 02:00 UTC: 1 too many",
    ]
    made = Candles.from_csv(found.path, symbol="tBTCUSD", timeframe="1h", gaps="keep", duplicates="last")
    assert set(made.repairs) == {*found.gaps, *found.duplicates}


def test_a_file_with_nothing_but_a_duplicate_is_not_clean(tmp_path: Path) -> None:
    lines = lines_of(SERIES, tmp_path)
    found = report(tmp_path, [*lines, lines[-1]])
    assert (found.loads, found.clean, len(found.duplicates)) == (True, False, 1)


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tBTCUSD_1h.parquet"
    SERIES.to_parquet(path)
    for name in [name for name in sys.modules if name.split(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # what makes an import fail
    with pytest.raises(CandleError, match=r"pip install genesis-backtest\[data\]"):
        check(path)


def test_a_report_as_json(tmp_path: Path) -> None:
    lines = lines_of(SERIES, tmp_path)
    lines[5] = changed(lines[5], volume="-1")
    found = report(tmp_path, [*lines[:11], *lines[12:20], lines[19], *lines[20:]])
    plain = json.loads(json.dumps(found.plain()))
    assert plain == {
        "schema": 1,
        "path": found.path,
        "symbol": "tBTCUSD",
        "timeframe": "1h",
        "rows": 700,
        "candles": 698,
        "first": START,
        "last": START + 699 * HOUR,
        "faults": [{"place": "line 6", "text": "volume is -1.0; it must not be negative"}],
        "gaps": [{"timestamp": START + 4 * HOUR, "count": 1}, {"timestamp": START + 10 * HOUR, "count": 1}],
        "duplicates": [{"timestamp": START + 18 * HOUR, "count": 1, "detail": found.duplicates[0].detail}],
        "missing": 2,
        "largest_gap": 1,
        "zero_volume": found.zero_volume,
        "equal_closes": found.equal_closes,
        "loads": False,
        "clean": False,
    }


def test_faults_of_a_parquet_file(tmp_path: Path) -> None:
    columns = {
        name: getattr(SERIES, name).copy() for name in ("timestamp", "open", "high", "low", "close", "volume")
    }
    columns["volume"][[3, 600]] = -1.0
    path = tmp_path / "tBTCUSD_1h.parquet"
    pq.write_table(pa.table(columns), path)
    assert [fault.place for fault in check(path).faults] == ["row 3", "row 600"]
    pq.write_table(pa.table({**columns, "close": [None, *columns["close"][1:].tolist()]}), path)
    assert faults(check(path)) == [("row 0", "close is null")]
    path.write_bytes(b"not parquet" * 9)
    assert faults(check(path))[0][1].startswith("not a readable Parquet file: ")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("time,open\n1,2\n", "missing columns timestamp, high, low, close, volume; found: 'time', 'open'"),
        ("timestamp,open,high,low,close,volume\n", "no candles; a series has at least one"),
        ("\n\n", "no header and no candles"),
        ("PAR1\0binary", "not a text file (it has a NUL byte at offset 4)"),
    ],
)
def test_faults_of_the_whole_file(tmp_path: Path, content: str, text: str) -> None:
    path = tmp_path / "tBTCUSD_1h.csv"
    path.write_text(content)
    (fault,) = check(path).faults
    assert fault.place == ""
    assert str(fault).startswith(text)


def test_a_text_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "tBTCUSD_1h.csv"
    path.write_bytes(b"timestamp,\xff")
    (fault,) = check(path).faults
    assert str(fault) == "not UTF-8 text (byte 0xff at offset 10)"


def test_files_that_cannot_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(CandleError, match="cannot be read: No such file"):
        check(tmp_path / "tBTCUSD_1h.csv")
    with pytest.raises(CandleError, match="cannot be read: No such file"):
        check(tmp_path / "candles.csv")
    (tmp_path / "candles.csv").touch()
    with pytest.raises(CandleError, match="give symbol and timeframe"):
        check(tmp_path / "candles.csv")
    with pytest.raises(CandleError, match=r"must end in \.csv or \.parquet"):
        check(tmp_path / "candles.json", symbol="x", timeframe="1h")


def test_the_caller_can_say_what_the_name_does_not(tmp_path: Path) -> None:
    SERIES.to_csv(tmp_path / "candles.csv")
    found = check(tmp_path / "candles.csv", symbol="tETHUSD", timeframe="4h")
    assert (found.symbol, found.timeframe, found.candles) == ("tETHUSD", "4h", 175)
    assert len(found.faults) == 525


def test_real_files(data_dir: Path) -> None:
    whole = check(data_dir / "tBTCUSD_1h.csv")
    assert whole.faults == whole.duplicates == ()
    assert [gap.count for gap in whole.gaps] == [1, 2]
    assert (whole.rows, whole.zero_volume, whole.equal_closes) == (32_652, 57, 151)
    twice = check(data_dir / "tBTCUSD_1h_duplicate_hour.csv", symbol="tBTCUSD", timeframe="1h")
    assert [(one.timestamp, one.count) for one in twice.duplicates] == [(1605049200000, 1)]
