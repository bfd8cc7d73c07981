from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ccxt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis_core import CandleError, Candles, synthetic
from genesis_core.data import Fetched, fetch
from genesis_core.data.partial import missing
from tests.unit.bitfinex_server import BitfinexServer, Row, rows_of

HOUR = 3_600_000
MARKET = synthetic(bars=120)
START, END = int(MARKET.timestamp[0]), int(MARKET.timestamp[-1]) + HOUR
API = ccxt.bitfinex()
COST = API.api["public"]["get"]["candles/trade:{timeframe}:{symbol}/hist"]["cost"]
INTERVAL = API.rateLimit * COST / 1000  # seconds between two requests: what ccxt says the exchange allows


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self, ms: int) -> None:
        self.now = ms / 1000
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def pauses(self) -> list[float]:
        """The waits that are longer than the rate limit asks for."""
        return [seconds for seconds in self.slept if seconds > INTERVAL]


class Killed(BaseException):
    """As a user's interrupt, which nothing may catch."""


@pytest.fixture
def exchange() -> Iterator[BitfinexServer]:
    with BitfinexServer(rows_of(MARKET)) as server:
        yield server


def run(server: BitfinexServer, target: Path, clock: Clock | None = None, **more: Any) -> Fetched:
    clock = Clock(END + 10 * HOUR) if clock is None else clock
    given = {"symbol": "tBTCUSD", "timeframe": "1h", "start": START, "end": END, "page": 50, **more}
    return fetch(target=target, url=server.url, clock=clock, sleep=clock.sleep, **given)


def read(path: Path, symbol: str = "tBTCUSD", timeframe: str = "1h") -> Candles:
    reader = Candles.from_parquet if path.suffix == ".parquet" else Candles.from_csv
    return reader(path, symbol=symbol, timeframe=timeframe, gaps="keep")


def left_over(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_is_served_is_stored_bit_for_bit(exchange: BitfinexServer, tmp_path: Path, kind: str) -> None:
    target = tmp_path / f"tBTCUSD_1h.{kind}"
    done = run(exchange, target)
    assert read(target) == MARKET
    assert done.candles == MARKET
    assert (done.path, done.added, done.until, done.requests, done.retried) == (target, 120, END, 4, 0)
    assert left_over(tmp_path) == [target.name]
    assert [(one["start"], one["limit"]) for one in exchange.asked] == [
        (START, 50),
        (START + 50 * HOUR, 50),
        (START + 100 * HOUR, 50),
    ]
    assert exchange.conf_asked == 1


def test_odd_numbers_keep_their_bits(tmp_path: Path) -> None:
    rows: list[Row] = [
        [START, 0.1 + 0.2, 1 / 3, 7e22, 5e-324 + 1e-29, 1e-30],
        [START + HOUR, 9007199254740993.0, 3, 9007199254740993.0, 2.5, 0],
        [START + 2 * HOUR, 1.7976931348623157e29, 4.35, 1.7976931348623157e29, 2.675, 0.1],
    ]
    with BitfinexServer(rows) as server:
        run(server, tmp_path / "x.csv", end=START + 3 * HOUR)
    found = [[c.timestamp, c.open, c.close, c.high, c.low, c.volume] for c in read(tmp_path / "x.csv")]
    assert [[cell.hex() for cell in map(float, row)] for row in found] == [
        [cell.hex() for cell in map(float, row)] for row in rows
    ]


FAULTS = [
    "429",
    "429 text",
    "429 object",
    "500",
    "500 empty",
    "500 html",
    "500 ratelimit",
    "502",
    "503",
    "503 list",
    "504",
    "cut",
    "closed",
    "200 html",
    "200 cut",
    "200 error",
    "200 empty",
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failed_request_is_sent_again(exchange: BitfinexServer, tmp_path: Path, fault: str) -> None:
    clock = Clock(END + HOUR)
    exchange.faults = [None, fault, fault, None, fault]
    exchange.conf_faults = [fault]
    said: list[str] = []
    done = run(exchange, tmp_path / "x.csv", clock, notify=said.append)
    assert read(tmp_path / "x.csv") == MARKET
    assert (done.requests, done.retried) == (8, 4)
    assert clock.pauses == [1.0, 1.0, 2.0, 1.0]
    assert [text.rpartition("; ")[2] for text in said] == [f"trying again in {n} s" for n in (1, 1, 2, 1)]


def test_an_exchange_that_does_not_answer_in_time(exchange: BitfinexServer, tmp_path: Path) -> None:
    exchange.faults = [None, "hang"]
    done = run(exchange, tmp_path / "x.csv", timeout=0.2)
    assert read(tmp_path / "x.csv") == MARKET
    assert done.retried == 1


def overlap(rows: list[Row]) -> list[Row]:
    earlier = [row for row in rows_of(MARKET) if rows[0][0] - 7 * HOUR <= row[0] < rows[0][0]]
    return earlier + rows


PAGES = {
    "overlapping": overlap,
    "newest first": lambda rows: rows[::-1],
    "out of order": lambda rows: rows[1::2] + rows[::2],
    "duplicated": lambda rows: [row for row in rows for _ in range(2)],
    "some duplicated, out of order": lambda rows: rows[10:] + rows[:20],
    "shorter than asked for": lambda rows: rows[:7],
    "one row": lambda rows: rows[:1],
    "empty": lambda rows: [],
    "beyond the end": lambda rows: [*rows, [END + 5 * HOUR, 1.0, 1.0, 1.0, 1.0, 1.0]],
    "with a cell missing": lambda rows: [*rows[:3], rows[3][:5], *rows[4:]],
    "with a null": lambda rows: [*rows[:3], [rows[3][0], None, 1.0, 1.0, 1.0, 1.0], *rows[4:]],
    "with a text": lambda rows: [*rows[:3], [rows[3][0], "12.5", 1.0, 1.0, 1.0, 1.0], *rows[4:]],
    "with a time between milliseconds": lambda rows: [[rows[0][0] + 0.5, *rows[0][1:]], *rows[1:]],
    "with a broken time": lambda rows: [*rows[:3], [None, *rows[3][1:]], *rows[4:]],
}


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("fault", PAGES)
def test_pages_that_are_not_as_they_should_be(
    exchange: BitfinexServer, tmp_path: Path, fault: str, at: int
) -> None:
    exchange.faults = [None] * at + [PAGES[fault]]
    done = run(exchange, tmp_path / "x.csv")
    assert read(tmp_path / "x.csv") == MARKET
    assert done.retried == ("with" in fault or fault == "empty")


def test_every_page_faulty(exchange: BitfinexServer, tmp_path: Path) -> None:
    exchange.faults = [overlap, PAGES["newest first"], "cut", PAGES["duplicated"], PAGES["empty"], "429"] * 3
    run(exchange, tmp_path / "x.csv", page=20)
    assert read(tmp_path / "x.csv") == MARKET


@pytest.mark.parametrize("cap", [1, 7, 49])
def test_an_exchange_that_gives_fewer_than_asked_for(
    exchange: BitfinexServer, tmp_path: Path, cap: int
) -> None:
    exchange.cap = cap
    run(exchange, tmp_path / "x.csv")
    assert read(tmp_path / "x.csv") == MARKET


@pytest.mark.parametrize("hours", [1, 19, 20, 30, 90])
def test_an_outage_is_a_kept_gap(tmp_path: Path, hours: int) -> None:
    rows = rows_of(MARKET)
    first = START + 20 * HOUR
    with BitfinexServer(rows[:20] + rows[20 + hours :]) as server:
        done = run(server, tmp_path / "x.csv", page=20)
    assert rows_of(read(tmp_path / "x.csv")) == rows[:20] + rows[20 + hours :]
    assert [(one.kind, one.timestamp, one.count) for one in done.candles.repairs] == [
        ("gap-kept", first, hours)
    ]


def test_candles_that_the_exchange_has_but_does_not_give_are_not_left_out(
    exchange: BitfinexServer, tmp_path: Path
) -> None:
    exchange.silent = range(START + 50 * HOUR, START + 51 * HOUR)
    with pytest.raises(CandleError) as caught:
        run(exchange, tmp_path / "x.csv")
    assert (
        "no candles from 2020-01-03 02:00 UTC on, although it has one at 2020-01-05 23:00 UTC; what was fetched "
        in str(caught.value)
    )
    exchange.silent = range(0)
    assert run(exchange, tmp_path / "x.csv").candles == MARKET


def test_before_the_first_and_after_the_last_candle_there_is_nothing(
    exchange: BitfinexServer, tmp_path: Path
) -> None:
    done = run(
        exchange,
        tmp_path / "x.csv",
        Clock(END + 5000 * HOUR),
        start=START - 3000 * HOUR,
        end=END + 4000 * HOUR,
    )
    assert done.candles == MARKET
    assert done.requests == 1 + 3 + 2


def test_a_pair_without_candles(exchange: BitfinexServer, tmp_path: Path) -> None:
    with pytest.raises(
        CandleError, match=r"^Bitfinex has no candles of tETHUSD 1h between 2020-01-01 00:00 UTC"
    ):
        run(exchange, tmp_path / "x.csv", symbol="tETHUSD")
    assert left_over(tmp_path) == []


def test_requests_keep_the_exchanges_distance(exchange: BitfinexServer, tmp_path: Path) -> None:
    clock = Clock(END + HOUR)
    run(exchange, tmp_path / "x.csv", clock, page=10)
    assert [round(seconds, 6) for seconds in clock.slept] == [round(INTERVAL, 6)] * 12


def test_a_clock_set_back_delays_nobody(exchange: BitfinexServer, tmp_path: Path) -> None:
    clock = Clock(END + HOUR)

    def set_back(done: int, total: int) -> None:
        clock.now -= 0.5 * 3600

    run(exchange, tmp_path / "x.csv", clock, progress=set_back)
    assert max(clock.slept) <= INTERVAL
    assert clock.pauses == []


def test_progress_is_time_done_of_all(exchange: BitfinexServer, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    run(exchange, tmp_path / "x.csv", progress=lambda done, total: seen.append((done // HOUR, total // HOUR)))
    assert seen == [(0, 120), (50, 120), (100, 120), (120, 120)]


@pytest.mark.parametrize("now", [0, 1, HOUR // 2, HOUR - 1])
@pytest.mark.parametrize("end", [None, END, END + 50 * HOUR])
def test_a_candle_that_is_still_open_is_never_stored(
    exchange: BitfinexServer, tmp_path: Path, now: int, end: int | None
) -> None:
    exchange.faults = [lambda rows: rows_of(MARKET)[:101]] * 3
    clock = Clock(START + 99 * HOUR + now)
    done = run(exchange, tmp_path / "x.csv", clock, end=end, page=200)
    assert read(tmp_path / "x.csv") == MARKET[:99]
    assert done.until == START + 99 * HOUR


def test_the_span_is_cut_to_candles_that_open_in_it(exchange: BitfinexServer, tmp_path: Path) -> None:
    run(exchange, tmp_path / "x.csv", start="2020-01-01T05:30:00Z", end="2020-01-01T09:00:01Z")
    assert read(tmp_path / "x.csv") == MARKET[6:10]
    run(exchange, tmp_path / "y.csv", start="2020-01-01T05:00:00Z", end="2020-01-01T09:00:00Z")
    assert read(tmp_path / "y.csv") == MARKET[5:9]


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


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([START + 3 * HOUR, 10.0, 10.0, 9.0, 8.0, 1.0], "high is below open"),
        ([START + 3 * HOUR, 10.0, 10.0, 10.0, 0.0, 1.0], "low is 0.0; a price must be above 0"),
        ([START + 3 * HOUR + 1, 10.0, 10.0, 10.0, 10.0, 1.0], "is not on the 1h grid"),
    ],
)
def test_a_broken_candle_is_not_stored(
    exchange: BitfinexServer, tmp_path: Path, row: Row, message: str
) -> None:
    exchange.faults = [lambda rows: [*rows[:3], row, *rows[4:]]]
    with pytest.raises(CandleError, match=rf"^Bitfinex tBTCUSD 1h, candle {row[0]}: .*{message}"):
        run(exchange, tmp_path / "x.csv")
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    "symbol",
    [
        "tBTCUSD",
        "tBTCUST",
        "tTESTBTC:TESTUSD",
        "tDSHUSD",
        "tDOGE:USD",
        "tBTCF0:USTF0",
        "tBCHUSD",
        "tBCHN:USD",
    ],
)
def test_symbols_reach_the_exchange_as_they_are_written(tmp_path: Path, symbol: str) -> None:
    with BitfinexServer(rows_of(MARKET), symbol) as server:
        run(server, tmp_path / "x.csv", symbol=symbol)
        assert {one["symbol"] for one in server.asked} == {symbol}
    assert rows_of(read(tmp_path / "x.csv", symbol)) == rows_of(MARKET)


@pytest.mark.parametrize(
    ("symbol", "message"),
    [
        ("fUSD", "is a funding symbol"),
        ("fUSD:a30:p2:p30", "is a funding symbol"),
        ("BTC/USD", "is no trading pair as Bitfinex writes it: 'tBTCUSD'"),
        ("BTCUSD", "is no trading pair"),
        ("tbtcusd", "is no trading pair"),
        ("tBTCUSD ", "is no trading pair"),
        ("tDOGEUSD", "is no trading pair"),
        ("", "is no trading pair"),
        (None, "is no trading pair"),
    ],
)
def test_symbols_that_are_no_pairs(
    exchange: BitfinexServer, tmp_path: Path, symbol: Any, message: str
) -> None:
    with pytest.raises(CandleError, match=message):
        run(exchange, tmp_path / "x.csv", symbol=symbol)
    assert exchange.conf_asked == 0


def test_a_pair_the_exchange_does_not_trade(exchange: BitfinexServer, tmp_path: Path) -> None:
    with pytest.raises(
        CandleError, match=r"^symbol 'tETCUSD' is not traded on Bitfinex; did you mean 'tETHUSD' or "
    ):
        run(exchange, tmp_path / "x.csv", symbol="tETCUSD")
    with pytest.raises(CandleError, match=r"^symbol 'tXQ:JJJJ' is not traded on Bitfinex$"):
        run(exchange, tmp_path / "x.csv", symbol="tXQ:JJJJ")


@pytest.mark.parametrize(
    ("timeframe", "native"),
    [("1m", "1m"), ("60m", "1h"), ("4h", "4h"), ("1d", "1D"), ("24h", "1D"), ("1W", "7D")],
)
def test_timeframes(tmp_path: Path, timeframe: str, native: str) -> None:
    market = synthetic(timeframe=timeframe, bars=30)
    first = int(market.timestamp[0])
    with BitfinexServer(rows_of(market), timeframe=native) as server:
        end = int(market.timestamp[-1]) + market.timeframe_ms
        made = run(server, tmp_path / "x.csv", Clock(end), timeframe=timeframe, start=first, end=end)
    assert made.candles == market


def test_a_timeframe_that_the_exchange_does_not_have(exchange: BitfinexServer, tmp_path: Path) -> None:
    with pytest.raises(CandleError, match=r"^Bitfinex has no candles of 2h; it has 1m, 5m, .*resample"):
        run(exchange, tmp_path / "x.csv", timeframe="2h")
    assert exchange.asked == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"timeframe": "1x"}, "timeframe '1x' is not known"),
        ({"start": "yesterday"}, "^start 'yesterday' is not a time; it must be"),
        ({"end": "2020-13-01"}, "^end '2020-13-01' is not a time"),
        ({"end": START}, "no candle of 1h that opens at 1577836800000 or later opens before 1577836800000"),
        ({"start": END + 10 * HOUR, "end": None}, "has closed by now"),
        ({"start": END + 20 * HOUR, "end": END + 30 * HOUR}, "has closed by now"),
        ({"page": 0}, "page=0 must be a whole number from 1 to 10,000"),
        ({"page": 10_001}, "page=10001 must be"),
        ({"page": True}, "page=True must be"),
        ({"retries": -1}, "retries=-1 must be"),
        ({"timeout": 0}, "timeout=0 must be"),
        ({"timeout": float("nan")}, "timeout=nan must be"),
        ({"duplicates": "drop"}, "duplicates='drop' is not a policy"),
    ],
)
def test_arguments_are_checked_before_anything_is_asked_for(
    exchange: BitfinexServer, tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(CandleError, match=message):
        run(exchange, tmp_path / "x.csv", **given)
    assert exchange.conf_asked == 0
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [("x.json", "must end in .csv or .parquet"), ("no/such/x.csv", "cannot be written: .* is no folder")],
)
def test_targets_that_cannot_be(exchange: BitfinexServer, tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(CandleError, match=message):
        run(exchange, tmp_path / name)
    assert exchange.conf_asked == 0


@pytest.mark.parametrize("url", ["example.org", "ftp://example.org", "http://", "http://x?y=1", ""])
def test_addresses_that_are_none(tmp_path: Path, url: str) -> None:
    with pytest.raises(CandleError, match="is no address such as"):
        fetch("tBTCUSD", "1h", START, END, tmp_path / "x.csv", url=url)


def test_an_address_may_end_in_a_slash(exchange: BitfinexServer, tmp_path: Path) -> None:
    now = Clock(END)
    made = fetch(
        "tBTCUSD", "1h", START, END, tmp_path / "x.csv", url=exchange.url + "/", clock=now, sleep=now.sleep
    )
    assert made.candles == MARKET


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


def test_without_ccxt_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ccxt", None)  # what makes an import fail
    with pytest.raises(CandleError) as caught:
        fetch("tBTCUSD", "1h", START, END, tmp_path / "x.csv")
    assert str(caught.value) == (
        "fetching candles needs ccxt, which is not installed: pip install 'genesis-core[data]'"
    )


def test_ccxt_is_imported_only_when_something_is_fetched() -> None:
    code = (
        "import sys\nimport genesis_core.data\n"
        "assert not {'ccxt', 'pyarrow', 'numba', 'rich', 'requests'} & set(sys.modules), 'heavy imports'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
