from __future__ import annotations

from pathlib import Path

import pytest

from genesis_core import CandleError
from tests.unit.bitfinex_server import MARKET, BitfinexServer, Row, rows_of
from tests.unit.data_fetch_cases import END, HOUR, INTERVAL, START, Clock, left_over, read, run


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
    assert done.retried >= 1


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
