"""A fetch that was stopped, in whatever way, goes on; an existing file is continued."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis_core import CandleError, synthetic
from genesis_core.data.partial import missing
from tests.unit.bitfinex_server import MARKET, BitfinexServer, Row, rows_of
from tests.unit.data_fetch_cases import END, HOUR, START, Clock, left_over, read, run


class Killed(BaseException):
    """As a user's interrupt, which nothing may catch."""


@pytest.mark.parametrize("pages", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_stopped_run_goes_on(exchange: BitfinexServer, tmp_path: Path, pages: int, kind: str) -> None:
    target = tmp_path / f"x.{kind}"
    left = [pages]

    def stop(done: int, total: int) -> None:
        if not left[0]:
            raise Killed
        left[0] -= 1

    with pytest.raises(Killed):
        run(exchange, target, progress=stop, page=30)
    assert not target.exists()
    exchange.asked.clear()
    seen: list[int] = []
    run(exchange, target, page=30, progress=lambda done, total: seen.append(done // HOUR))
    assert [one["start"] for one in exchange.asked] == [START + 30 * n * HOUR for n in range(pages, 4)]
    assert seen == [30 * n for n in range(pages, 5)]
    assert read(target) == MARKET
    assert left_over(tmp_path) == [target.name]


def test_a_killed_process_loses_nothing(exchange: BitfinexServer, tmp_path: Path) -> None:
    code = (
        "import os\nfrom genesis_core.data import fetch\n"
        "def stop(done, total):\n    if done >= 60 * 3600000:\n        os._exit(9)\n"
        f"fetch('tBTCUSD', '1h', {START}, {END}, {str(tmp_path / 'x.csv')!r}, url={exchange.url!r}, "
        "page=30, progress=stop, sleep=lambda seconds: None)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert left_over(tmp_path) == ["x.csv.partial"]
    exchange.asked.clear()
    run(exchange, tmp_path / "x.csv", page=30)
    assert [one["start"] for one in exchange.asked] == [START + 60 * HOUR, START + 90 * HOUR]
    assert read(tmp_path / "x.csv") == MARKET


def test_killed_between_the_file_and_the_removal_of_its_pages(
    exchange: BitfinexServer, tmp_path: Path
) -> None:
    target, pages = tmp_path / "x.csv", tmp_path / "x.csv.partial"

    def copy(done: int, total: int) -> None:
        if pages.exists():
            shutil.copytree(pages, tmp_path / "copy", dirs_exist_ok=True)

    run(exchange, target, progress=copy)
    (tmp_path / "copy").rename(pages)
    (pages / ".page.csv.0123.tmp").write_text("half a p")
    exchange.asked.clear()
    done = run(exchange, target)
    assert (done.added, done.requests, done.candles, read(target)) == (0, 0, MARKET, MARKET)
    assert left_over(tmp_path) == ["x.csv"]


def test_a_run_that_fails_keeps_its_pages_and_says_so(exchange: BitfinexServer, tmp_path: Path) -> None:
    clock = Clock(END + HOUR)
    exchange.faults = [None, *["500"] * 9]
    with pytest.raises(CandleError) as caught:
        run(exchange, tmp_path / "x.csv", clock)
    assert str(caught.value) == (
        "Bitfinex did not give candles of BTC/USD 1h in 9 tries; the last fault: ExchangeNotAvailable: "
        f"status 500 Internal Server Error; what was fetched is kept in {tmp_path / 'x.csv.partial'}, and "
        "the same call goes on from there"
    )
    assert clock.pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert run(exchange, tmp_path / "x.csv").candles == MARKET
    assert [one["start"] for one in exchange.asked[-2:]] == [START + 50 * HOUR, START + 100 * HOUR]


def test_an_exchange_that_is_not_there(tmp_path: Path) -> None:
    with BitfinexServer([]) as server:
        pass
    with pytest.raises(CandleError) as caught:
        run(server, tmp_path / "x.csv", retries=1)
    assert str(caught.value).startswith(
        "Bitfinex did not give its list of pairs in 2 tries; the last fault: "
    )
    assert "\n" not in str(caught.value)
    assert left_over(tmp_path) == []


def test_a_refusal_is_final(exchange: BitfinexServer, tmp_path: Path) -> None:
    clock = Clock(END + HOUR)
    exchange.faults = ["500 refused"]
    with pytest.raises(CandleError, match=r"^Bitfinex refused candles of BTC/USD 1h: .*limit: invalid"):
        run(exchange, tmp_path / "x.csv", clock)
    assert len(exchange.asked) == 1
    assert clock.pauses == []


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_an_existing_file_is_continued(exchange: BitfinexServer, tmp_path: Path, kind: str) -> None:
    target = tmp_path / f"x.{kind}"
    run(exchange, target, end=START + 70 * HOUR)
    assert read(target) == MARKET[:70]
    exchange.asked.clear()
    done = run(exchange, target)
    assert read(target) == MARKET
    assert done.added == 50
    assert [one["start"] for one in exchange.asked] == [START + 69 * HOUR, START + 119 * HOUR]


def test_what_lies_before_an_existing_file_is_fetched_too(exchange: BitfinexServer, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    run(exchange, target, start=START + 40 * HOUR, end=START + 70 * HOUR)
    exchange.asked.clear()
    done = run(exchange, target)
    assert done.candles == read(target) == MARKET
    assert done.added == 90
    assert [one["start"] for one in exchange.asked] == [START, START + 69 * HOUR, START + 119 * HOUR]
    assert exchange.asked[0]["end"] == START + 40 * HOUR - 1


def test_candles_outside_the_span_stay(exchange: BitfinexServer, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    run(exchange, target)
    exchange.asked.clear()
    assert run(exchange, target, start=START + 10 * HOUR, end=START + 20 * HOUR).candles == MARKET
    assert read(target) == MARKET
    assert exchange.asked == []


def test_a_file_that_has_everything_is_left_alone(exchange: BitfinexServer, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    run(exchange, target)
    os.utime(target, ns=(1, 1))
    content = target.read_bytes()
    for end in (END, END + 3 * HOUR):  # nothing to ask for; nothing new
        done = run(exchange, target, end=end)
        assert (done.added, done.candles) == (0, MARKET)
        assert target.read_bytes() == content
        assert target.stat().st_mtime_ns == 1
        assert done.requests == (0 if end == END else 4)
    assert left_over(tmp_path) == ["x.csv"]


def test_a_last_candle_that_was_open_when_it_was_stored_is_replaced(
    exchange: BitfinexServer, tmp_path: Path
) -> None:
    target = tmp_path / "x.csv"
    MARKET[:70].to_csv(target)
    lines = target.read_text().splitlines()
    last = MARKET[69]
    lines[-1] = f"{last.timestamp},{last.open!r},{last.open!r},{last.open!r},{last.open!r},0.5"
    target.write_text("\n".join(lines) + "\n")
    assert read(target) != MARKET[:70]
    assert run(exchange, target).candles == read(target) == MARKET


def test_a_file_of_another_market_is_not_continued(exchange: BitfinexServer, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    synthetic("tETHUSD", bars=70).to_csv(target)
    content = target.read_bytes()
    with pytest.raises(
        CandleError, match=r"x\.csv: its last candle \(2020-01-03 21:00 UTC\) is open=.*Bitfinex has"
    ):
        run(exchange, target)
    assert target.read_bytes() == content


@pytest.mark.parametrize("column", ["open", "high", "low", "volume"])
def test_a_last_candle_that_cannot_have_grown_so_is_refused(
    exchange: BitfinexServer, tmp_path: Path, column: str
) -> None:
    last = MARKET[69]
    high, low, middle = last.high, last.low, (last.high + last.low) / 2
    cells = {"open": last.open, "high": high, "low": low, "close": last.open, "volume": last.volume}
    other = {"open": middle + 0.125, "high": high + 1, "low": low - 1, "volume": last.volume + 1}
    cells[column] = other[column]
    target = tmp_path / "x.csv"
    MARKET[:70].to_csv(target)
    lines = target.read_text().splitlines()
    lines[-1] = ",".join([str(last.timestamp), *map(repr, cells.values())])
    target.write_text("\n".join(lines) + "\n")
    with pytest.raises(CandleError, match=r"x\.csv: its last candle"):
        run(exchange, target)
    for policy, kept in (("first", cells[column]), ("last", getattr(last, column))):
        target.write_text("\n".join(lines) + "\n")
        assert getattr(run(exchange, target, duplicates=policy).candles[69], column) == kept


def test_a_broken_existing_file_is_named(exchange: BitfinexServer, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    target.write_text("not candles\n")
    with pytest.raises(CandleError, match=r"x\.csv: missing columns"):
        run(exchange, target)
    assert target.read_text() == "not candles\n"
    assert exchange.asked == []


def twice(rows: list[Row]) -> list[Row]:
    changed = [*rows[3][:5], rows[3][5] + 1.0]
    return [*rows[:4], changed, *rows[4:]]


def test_one_time_with_two_candles(exchange: BitfinexServer, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    exchange.faults = [None, twice]
    with pytest.raises(
        CandleError, match=r"^Bitfinex tBTCUSD 1h, candle 15780276\d+: .* stands already in .*duplicates="
    ):
        run(exchange, target)
    for policy, more in (("first", 0.0), ("last", 1.0)):
        exchange.faults = [twice, None, None]
        shutil.rmtree(tmp_path / "x.csv.partial", ignore_errors=True)
        made = run(exchange, tmp_path / f"{policy}.csv", duplicates=policy).candles
        assert made[3].volume == MARKET[3].volume + more
        assert made[4:] == MARKET[4:]


SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda ends: (min(ends), max(ends))))


@given(st.integers(0, 30), st.integers(0, 30), SPANS)
def test_what_is_missing_is_what_nothing_covers(start: int, end: int, covered: list[tuple[int, int]]) -> None:
    left = missing((start, end), covered)
    found = [time for a, b in left for time in range(a, b)]
    assert found == [t for t in range(start, end) if not any(a <= t < b for a, b in covered)]
    assert all(a < b for a, b in left)


def test_pages_of_another_download_are_not_mixed_in(exchange: BitfinexServer, tmp_path: Path) -> None:
    exchange.candles["1h", "tETHUSD"] = rows_of(MARKET)
    exchange.faults = [None, "500"]
    with pytest.raises(CandleError):
        run(exchange, tmp_path / "x.csv", retries=0)
    for other in ({"symbol": "tETHUSD"}, {"timeframe": "30m"}):
        with pytest.raises(
            CandleError, match=r"x\.csv\.partial: tBTCUSD_1h_\d+_\d+\.csv is not of this download"
        ):
            run(exchange, tmp_path / "x.csv", **other)
    assert run(exchange, tmp_path / "x.csv").candles == MARKET


def test_a_page_whose_content_is_not_its_names_is_refused(exchange: BitfinexServer, tmp_path: Path) -> None:
    pages = tmp_path / "x.csv.partial"
    pages.mkdir()
    MARKET[:50].to_csv(pages / f"tBTCUSD_1h_{START}_{START + 40 * HOUR}.csv")
    with pytest.raises(CandleError, match="line 42: the candle is outside the span"):
        run(exchange, tmp_path / "x.csv")
