from __future__ import annotations

from pathlib import Path

import pytest

from genesis_core import CandleError, Candles, synthetic
from genesis_core.data import CandleFile, convert, inventory, locate, read

SERIES = synthetic(bars=50)


def with_files(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).touch()
    return folder


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file_is_found_by_its_name(tmp_path: Path, kind: str) -> None:
    with_files(tmp_path, "tBTCUSD_4h.csv", "tETHUSD_1h.parquet", "tBTCUSD_1h_old.csv", "tBTCUSD_1h.txt")
    path = tmp_path / f"tBTCUSD_1h.{kind}"
    getattr(SERIES, f"to_{kind}")(path)
    assert locate(tmp_path, "tBTCUSD", "1h") == path
    assert read(path, symbol="tBTCUSD", timeframe="1h") == SERIES


@pytest.mark.parametrize(
    ("name", "symbol", "timeframe"),
    [
        ("tBTCUSD_1h.csv", "tBTCUSD", "60m"),
        ("tBTCUSD_60m.csv", "tBTCUSD", "1h"),
        ("tBTCUSD_1d.CSV", "tBTCUSD", "1D"),
        ("tTESTBTC:TESTUSD_1h.csv", "tTESTBTC:TESTUSD", "1h"),
        ("my_pair_1h.csv", "my_pair", "1h"),
        ("x.y_1W.parquet", "x.y", "1w"),
    ],
)
def test_other_spellings_of_a_name(tmp_path: Path, name: str, symbol: str, timeframe: str) -> None:
    with_files(tmp_path, name)
    assert locate(tmp_path, symbol, timeframe) == tmp_path / name


@pytest.mark.parametrize("second", ["tBTCUSD_1h.parquet", "tBTCUSD_60m.csv"])
def test_two_files_of_one_name(tmp_path: Path, second: str) -> None:
    with_files(tmp_path, "tBTCUSD_1h.csv", second)
    with pytest.raises(CandleError) as caught:
        locate(tmp_path, "tBTCUSD", "1h")
    first, last = sorted(["tBTCUSD_1h.csv", second])
    assert str(caught.value) == f"{tmp_path}: {first} and {last} both hold tBTCUSD 1h; keep one of them"


def test_no_such_file_lists_the_others_nearest_first(tmp_path: Path) -> None:
    with_files(tmp_path, "tETHUSD_1h.csv", "tBTCUSD_1D.csv", "tBTCUSD_4h.csv", "tBTCUST_4h.csv", "notes.csv")
    with_files(tmp_path, "tBTCUSD_4h.parquet")
    (tmp_path / "tLTCUSD_1h.csv").mkdir()
    with pytest.raises(CandleError) as caught:
        locate(tmp_path, "tBTCUSD", "1h")
    assert str(caught.value) == (
        f"{tmp_path}: no tBTCUSD_1h.csv and no tBTCUSD_1h.parquet; "
        "it holds tBTCUSD 1D, tBTCUSD 4h, tBTCUST 4h, tETHUSD 1h"
    )
    with pytest.raises(CandleError, match=r"it holds tETHUSD 1h, "):
        locate(tmp_path, "tETHUSD", "4h")
    with pytest.raises(CandleError, match=r"it holds tBTCUST 4h, .*tBTCUSD 4h, tBTCUSD 1D"):
        locate(tmp_path, "tBTCUST2", "4h")


def test_a_long_list_is_cut(tmp_path: Path) -> None:
    with_files(tmp_path, *(f"tBTCUSD_{n}m.csv" for n in range(1, 12)))
    with pytest.raises(CandleError, match=r"it holds (tBTCUSD \d+m(, )?){8} and 3 more$"):
        locate(tmp_path, "tBTCUSD", "1h")


def test_a_folder_without_candles(tmp_path: Path) -> None:
    with_files(tmp_path, "notes.csv", "x_y.csv", "_1h.csv", "a_1h.json")
    assert inventory(tmp_path) == ()
    with pytest.raises(CandleError, match="it holds no candle files"):
        locate(tmp_path, "tBTCUSD", "1h")


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(CandleError, match="no: cannot be read: No such file or directory"):
        locate(tmp_path / "no", "tBTCUSD", "1h")


def test_names_are_checked(tmp_path: Path) -> None:
    with pytest.raises(CandleError, match="timeframe '1x' is not known"):
        locate(tmp_path, "tBTCUSD", "1x")
    with pytest.raises(CandleError, match="symbol '' must be a name"):
        locate(tmp_path, "", "1h")


def test_the_inventory(tmp_path: Path) -> None:
    with_files(tmp_path, "tETHUSD_60m.csv", "tBTCUSD_1d.parquet")
    assert inventory(tmp_path) == (
        CandleFile(tmp_path / "tBTCUSD_1d.parquet", "tBTCUSD", "1D"),
        CandleFile(tmp_path / "tETHUSD_60m.csv", "tETHUSD", "1h"),
    )


def test_policies_reach_the_file(tmp_path: Path) -> None:
    file = tmp_path / "tBTCUSD_1h.csv"
    SERIES.to_csv(file)
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:5], lines[4], *lines[9:]]))
    with pytest.raises(CandleError, match="stands already in"):
        read(file, symbol="tBTCUSD", timeframe="1h", gaps="keep")
    with pytest.raises(CandleError, match="missing between"):
        read(file, symbol="tBTCUSD", timeframe="1h", duplicates="first")
    made = read(file, symbol="tBTCUSD", timeframe="1h", gaps="fill", duplicates="first")
    assert [one.kind for one in made.repairs] == ["duplicate-dropped", "gap-filled"]


KINDS = [("csv", "parquet"), ("parquet", "csv"), ("csv", "csv"), ("parquet", "parquet")]


@pytest.mark.parametrize(("kind", "other"), KINDS)
def test_a_round_trip_keeps_every_bit(tmp_path: Path, kind: str, other: str) -> None:
    odd = Candles.from_arrays(
        timestamp=[1577836800000, 1577840400000, 1577851200000],
        open=[0.1 + 0.2, 1e-30, 1e30],
        high=[1 / 3 + 1, 1e-30, 1e30],
        low=[0.1, 1e-30, 1e30],
        close=[2.675 / 7, 1e-30, 1e30],
        volume=[-0.0, 1e-30, 5e22],
        symbol="tBTCUSD",
        timeframe="1h",
        gaps="keep",
    )
    first, second, third = (tmp_path / f"tBTCUSD_1h.{kind}", tmp_path / f"x.{other}", tmp_path / f"y.{kind}")
    getattr(odd, f"to_{kind}")(first)
    assert convert(first, second, gaps="keep").fingerprint == odd.fingerprint
    convert(second, third, "tBTCUSD", "1h", "keep")
    for path in (second, third):
        made = read(path, symbol="tBTCUSD", timeframe="1h", gaps="keep")
        assert made.fingerprint == odd.fingerprint
        assert made.volume.tobytes() == odd.volume.tobytes()
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([first.name, second.name, third.name])


def test_a_conversion_can_repair(tmp_path: Path) -> None:
    path = tmp_path / "tBTCUSD_1h.csv"
    SERIES.to_csv(path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:5], lines[4], *lines[9:]]))
    with pytest.raises(CandleError, match=r"tBTCUSD_1h\.csv, line 6: .* stands already"):
        convert(path, tmp_path / "x.parquet")
    with pytest.raises(CandleError, match=r"tBTCUSD_1h\.csv, line 7: 4 candles of 1h missing"):
        convert(path, tmp_path / "x.parquet", duplicates="last")
    assert not (tmp_path / "x.parquet").exists()
    made = convert(path, tmp_path / "x.parquet", gaps="fill", duplicates="last")
    assert len(made.repairs) == 2
    assert read(tmp_path / "x.parquet", symbol="tBTCUSD", timeframe="1h") == made


def test_an_existing_file_is_replaced_only_by_force(tmp_path: Path) -> None:
    source, target = tmp_path / "tBTCUSD_1h.csv", tmp_path / "x.parquet"
    SERIES.to_csv(source)
    target.write_text("precious")
    with pytest.raises(CandleError, match=r"x\.parquet: exists already; .*force=True"):
        convert(source, target)
    assert target.read_text() == "precious"
    convert(source, target, force=True)
    assert read(target, symbol="tBTCUSD", timeframe="1h") == SERIES


def test_a_conversion_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "tBTCUSD_1h.csv", tmp_path / "x.csv"
    SERIES.to_csv(source)
    target.write_text("precious")

    def full(self: Path, other: Path) -> Path:
        if other == target:
            raise OSError(28, "No space left on device")
        return replace(self, other)

    replace = Path.replace
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CandleError, match=r"x\.csv: cannot be written: No space left on device"):
        convert(source, target, force=True)
    assert target.read_text() == "precious"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["tBTCUSD_1h.csv", "x.csv"]


def test_what_is_stored_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "tBTCUSD_1h.csv", tmp_path / "x.csv"
    SERIES.to_csv(source)
    events: list[str] = []
    replace = Path.replace

    def renamed(self: Path, other: Path) -> Path:
        if other == target:
            events.append("rename")
        return replace(self, other)

    monkeypatch.setattr(Path, "replace", renamed)
    monkeypatch.setattr("os.fsync", lambda handle: events.append("fsync"))
    SERIES.to_csv(target)
    assert events == ["fsync", "rename", "fsync"]  # the file, its name, the folder
    convert(source, target, force=True)
    assert events[-3:] == ["fsync", "rename", "fsync"]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("tBTCUSD_1h.csv", "source and target are the same file"),
        ("x.json", "must end in .csv or .parquet"),
        ("no/x.csv", "cannot be written: .* is no folder"),
    ],
)
def test_targets_that_cannot_be(tmp_path: Path, target: str, message: str) -> None:
    source = tmp_path / "tBTCUSD_1h.csv"
    SERIES.to_csv(source)
    with pytest.raises(CandleError, match=message):
        convert(source, tmp_path / target, force=True)
    assert read(source, symbol="tBTCUSD", timeframe="1h") == SERIES


def test_symbol_and_timeframe_come_from_the_name_or_the_caller(tmp_path: Path) -> None:
    SERIES.to_csv(tmp_path / "x.csv")
    with pytest.raises(
        CandleError, match=r"x\.csv: the name is not of the form .*; give symbol and timeframe"
    ):
        convert(tmp_path / "x.csv", tmp_path / "y.csv")
    with pytest.raises(CandleError, match=r"; give timeframe$"):
        convert(tmp_path / "x.csv", tmp_path / "y.csv", "tBTCUSD")
    SERIES.to_csv(tmp_path / "tETHUSD_4h.csv")
    made = convert(tmp_path / "tETHUSD_4h.csv", tmp_path / "y.csv", timeframe="60m")
    assert (made.symbol, made.timeframe) == ("tETHUSD", "1h")
